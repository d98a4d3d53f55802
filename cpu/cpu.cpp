// State changes that are not instructions: reset, pins, mode bits, snapshots.
#include "cpu/cpu.h"

#include "cpu/fpu/mxcsr.h"
#include "cpu/jit/engine.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu {

Cpu::Cpu(unsigned id, const Model& model, mem::PhysMap& memory, mem::IoBus& io, mem::BoardPort& board,
         const TimeBase& time, BlockCache* blocks)
    : id_(id),
      model_(model),
      memory_(memory),
      io_(io),
      board_(board),
      time_(time),
      own_blocks_(blocks == nullptr ? std::make_unique<BlockCache>(memory.ram()) : nullptr),
      blocks_(blocks == nullptr ? *own_blocks_ : *blocks),
      scratch_insns_(std::make_unique<std::array<Insn, BlockCache::kMaxInsns + 1>>()),
      exec_(std::make_unique<std::array<ExecEntry, 256>>()),
      tlbs_(std::make_unique<std::array<Tlb, 3>>()) {
  scratch_.insns = scratch_insns_->data();
  blocks_.add({&block, &leave, tlbs_.get()});
  reset(true);
}

Cpu::~Cpu() { blocks_.remove(&block); }

mem::Result<void> Cpu::translate(const jit::Settings& settings) {
  auto engine = jit::Engine::create(*this, settings);
  if (!engine) return engine.error();
  blocks_.translate_with(std::move(*engine));
  return {};
}

void Cpu::set_mxcsr(uint32_t v) {
  const bool other = sse_all_masked(v) != sse_all_masked(mxcsr);
  mxcsr = v;
  MxcsrScope::load(v);
  if (!other) return;
  update_mode();
  leave = true;  // the blocks of this mode are others
}

// SDM vol. 3A, table 9-1.
void Cpu::reset(bool power_on) {
  const Pending before = pending;
  gpr.fill(0);
  gpr[kRdx] = model_.signature;
  lazy.set(0);
  system_flags = 0;
  for (Segment& s : seg) s = {0, 0xFFFF, 0, kSegPresent | kSegS | kSegWritable | kSegAccessed};
  seg[kCs] = {0xFFFF0000, 0xFFFF, 0xF000, kSegPresent | kSegS | kSegCode | kSegWritable | kSegAccessed};
  set_rip(0xFFF0);
  ldtr = {0, 0xFFFF, 0, kSegPresent | 2};
  tr = {0, 0xFFFF, 0, kSegPresent | 11};
  gdtr = idtr = {};
  uint64_t cache_bits = power_on ? kCr0Cd | kCr0Nw : cr.cr0 & (kCr0Cd | kCr0Nw);
  uint64_t xcr0 = power_on ? +kXcr0X87 : cr.xcr0;
  uint32_t pkru = power_on ? 0 : cr.pkru;
  cr = {};
  cr.cr0 = kCr0Et | cache_bits;
  cr.xcr0 = xcr0;
  cr.pkru = pkru;
  pending = {};
  if (id_ != 0) pending.activity = Activity::WaitForSipi;
  if (!power_on) {
    // The pins are what the board drives them to.
    pending.a20 = before.a20;
    pending.intr = before.intr;
    pending.ignne = before.ignne;
  } else {
    msr = {};
    fpu.reset();
    ymm.fill({});
    mxcsr = 0x1F80;
  }
  events_ = pending.intr;
  leave = true;
  flush_tlb();
  update_mode();
}

void Cpu::set_eflags(uint32_t v) {
  lazy.set(v);
  system_flags = v & (kTF | kIF | kDF | kIOPL | kNT | kRF | kVM | kAC | kVIF | kVIP | kID);
  update_mode();
}

void Cpu::update_mode() {
  uint32_t m = 0;
  bool pe = protected_mode(), vm = pe && v86();
  bool long_code = long_mode() && (seg[kCs].attr & kSegLong) != 0;
  if (long_code) {
    m |= kModeCode64 | 2u << kModeStackShift | kModeFlatData | kModeFlatCode;
  } else {
    m |= seg[kCs].big() ? kModeCode32 : kModeCode16;
    m |= (seg[kSs].big() ? 1u : 0u) << kModeStackShift;
    auto flat = [](const Segment& s) {
      return s.base == 0 && s.limit == 0xFFFFFFFF && s.present() &&
             (s.attr & (kSegCode | kSegExpandDown | kSegWritable)) == kSegWritable;
    };
    if (flat(seg[kDs]) && flat(seg[kEs]) && flat(seg[kSs])) m |= kModeFlatData;
    if (seg[kCs].base == 0 && seg[kCs].limit == 0xFFFFFFFF) m |= kModeFlatCode;
  }
  unsigned level = !pe ? 0 : vm ? 3 : seg[kSs].dpl();
  m |= level << kModeCplShift;
  if (pe) m |= kModeProtected;
  if (vm) m |= kModeV86;
  uint64_t cr0 = cr.cr0, cr4 = cr.cr4;
  if ((cr0 & (kCr0Em | kCr0Ts)) != 0) m |= kModeNoFpu;
  if ((cr0 & (kCr0Mp | kCr0Ts)) == (kCr0Mp | kCr0Ts)) m |= kModeNoWait;
  if ((cr0 & kCr0Em) != 0 || (cr4 & kCr4Osfxsr) == 0) m |= kModeNoSse;
  if ((cr0 & kCr0Ts) != 0) m |= kModeSseNm;
  if ((cr0 & kCr0Em) != 0) m |= kModeMmxUd;
  if ((cr4 & kCr4Osxsave) == 0 || (~cr.xcr0 & (kXcr0Sse | kXcr0Avx)) != 0) m |= kModeNoAvx;
  bool align = level == 3 && (cr0 & kCr0Am) != 0 && (system_flags & kAC) != 0;
  if (align) m |= kModeAlign;
  bool breakpoints = false;
  for (unsigned k = 0; k < 4 && (cr.dr[7] & 0xFF) != 0; ++k) {
    breakpoints = breakpoints || ((cr.dr[7] >> (2 * k) & 3) != 0 && (cr.dr[7] >> (16 + 4 * k) & 3) == 0);
  }
  if (!sse_all_masked(mxcsr)) m |= kModeSseUnmasked;
  if ((system_flags & (kTF | kRF)) != 0 || breakpoints) m |= kModeSingle;
  if (observer_ != nullptr && observer_->everywhere(*this)) m |= kModeSingle;
  if (((m ^ mode_) & kModeAlign) != 0) tlb_of(View::User).flush();
  mode_ = m;
  update_view();
}

void Cpu::observe(Observer* o) {
  observer_ = o;
  flush_tlb();
  update_mode();
  attention();
}

void Cpu::attention() {
  if (const int64_t left = rest(); left > 0) {
    target_ -= static_cast<uint64_t>(left);
    budget = 0;
  }
  attention_ = true;
  leave = true;
}

void Cpu::set_intr(bool level) {
  pending.intr = level;
  if (level) {
    events_ = true;
    attention();
  }
}
void Cpu::pulse_nmi() {
  pending.nmi = true;
  events_ = true;
  attention();
}
void Cpu::pulse_smi() {
  pending.smi = true;
  events_ = true;
  attention();
}
void Cpu::pulse_init() {
  pending.init = true;
  events_ = true;
  attention();
}
void Cpu::start_up(uint8_t vector) {
  pending.sipi = true;
  pending.sipi_vector = vector;
  events_ = true;
  attention();
}
void Cpu::set_a20(bool enabled) {
  if (pending.a20 == enabled) return;
  pending.a20 = enabled;
  flush_tlb();
  attention();
}
void Cpu::set_ignne(bool level) { pending.ignne = level; }

uint64_t Cpu::tsc() const { return now().ns + msr.tsc_offset; }

void Cpu::write_reg(unsigned n, unsigned size, uint64_t v) {
  switch (size) {
    case 1: reg_at<uint8_t>(static_cast<uint8_t>(n)) = static_cast<uint8_t>(v); break;
    case 2: reg_at<uint16_t>(static_cast<uint8_t>(n)) = static_cast<uint16_t>(v); break;
    case 4: reg_at<uint64_t>(static_cast<uint8_t>(n)) = static_cast<uint32_t>(v); break;
    default: reg_at<uint64_t>(static_cast<uint8_t>(n)) = v; break;
  }
}
uint64_t Cpu::read_reg(unsigned n, unsigned size) const {
  uint64_t v = 0;
  std::memcpy(&v, reinterpret_cast<const uint8_t*>(gpr.data()) + n, size);
  return v;
}
uint64_t Cpu::read_rm(const Insn& i, unsigned size) {
  if (!i.mem) return read_reg(i.rm, size);
  return read_lin(linear(i, size, Access::Read), size);
}
void Cpu::write_rm(const Insn& i, unsigned size, uint64_t v) {
  if (!i.mem) {
    write_reg(i.rm, size, v);
  } else {
    write_lin(linear(i, size, Access::Write), size, v);
  }
}

void Cpu::visit_state(mem::StateVisitor& v) {
  v.begin("cpu" + std::to_string(id_), 1);
  for (unsigned k = 0; k < 16; ++k) v("gpr." + std::to_string(k), gpr[k]);
  v("rip", gpr[kSlotBlock]);
  uint32_t flags = eflags();
  v("eflags", flags);
  v("seg", seg);
  v("ldtr", ldtr);
  v("tr", tr);
  v("gdtr", gdtr);
  v("idtr", idtr);
  v("cr", cr);
  v("msr", msr);
  v("pending", pending);
  v("fpu", fpu);
  v("ymm", ymm);
  v("mxcsr", mxcsr);
  v("random", random);
  v("retired", retired);
  v.end();
  if (v.loading()) {
    set_eflags(flags);
    target_ = retired;
    budget = 0;
    blocks_.reset();
    block = nullptr;
    flush_tlb();
    update_mode();
    events_ = true;
  }
}

}  // namespace ilse::cpu
