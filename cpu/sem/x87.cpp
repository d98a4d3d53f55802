// x87 instructions that are not worth a template: control, environment, and how errors are reported
// (Intel SDM vol. 1, §8.7; vol. 3A, §9.2).
#include "cpu/sem/helpers.h"

namespace ilse::cpu {

// With CR0.NE it is #MF; without, FERR# asks for IRQ 13 and the processor stops at the instruction until an
// interrupt comes, unless IGNNE# lets it go on.
bool Cpu::report_fpu_error() {
  if ((cr.cr0 & kCr0Ne) != 0) {
    raise(kMF);
    return true;
  }
  if (pending.ignne) return false;
  board_.set_ferr(true);
  if (pending.ignne) return false;
  pending.activity = Activity::Halted;
  return true;
}

namespace sem {

namespace {

void wait_fpu(Cpu& c) {
  if (c.fpu.pending() && c.report_fpu_error()) throw GuestFault(c.fault_);
}
// FERR# follows ES once it has been raised.
void update_ferr(Cpu& c) {
  if ((c.cr.cr0 & kCr0Ne) == 0 && !c.fpu.pending()) c.board().set_ferr(false);
}

}  // namespace

void wait(Cpu& c, const Insn&) {
  if ((c.mode() & kModeNoWait) != 0) fault(kNM);
  wait_fpu(c);
}
void fninit(Cpu& c, const Insn&) {
  c.fpu.fninit();
  update_ferr(c);
}
void fnclex(Cpu& c, const Insn&) {
  c.fpu.fnclex();
  update_ferr(c);
}
void fnstcw(Cpu& c, const Insn& i) { c.write_lin(c.linear(i, 2, Access::Write), 2, c.fpu.cw); }
void fnstsw(Cpu& c, const Insn& i) { c.write_lin(c.linear(i, 2, Access::Write), 2, c.fpu.status_word()); }
void fnstsw_ax(Cpu& c, const Insn&) { c.write_reg(0, 2, c.fpu.status_word()); }
void fldcw(Cpu& c, const Insn& i) {
  wait_fpu(c);
  c.fpu.fldcw(static_cast<uint16_t>(c.read_lin(c.linear(i, 2, Access::Read), 2)));
  update_ferr(c);
}

void fnop(Cpu& c, const Insn& i) {
  wait_fpu(c);
  c.note_fpu(i);
}

// --- 80-bit operands -------------------------------------------------------------------------------------
namespace {

// As eight bytes and two: a fault of the two comes after the eight are stored.
F80 read_f80(Cpu& c, const Insn& i) {
  uint64_t at = c.ea(i);
  F80 v;
  v.mant = c.read_seg(i.seg, at, 8);
  v.se = static_cast<uint16_t>(c.read_seg(i.seg, (at + 8) & i.ea_mask, 2));
  return v;
}
void store_f80(Cpu& c, const Insn& i, const X87ToMemory<F80>& r) {
  if (r.write) {
    uint64_t at = c.ea(i);
    c.write_seg(i.seg, at, 8, r.value.mant);
    c.write_seg(i.seg, (at + 8) & i.ea_mask, 2, r.value.se);
  }
  c.note_fpu(i);
  c.fpu.commit(r);
  c.note_fpu_error(i);
}

}  // namespace

void fld_m80(Cpu& c, const Insn& i) {
  wait_fpu(c);
  F80 v = read_f80(c, i);
  c.note_fpu(i);
  c.fpu.fld_m80(v);
  c.note_fpu_error(i);
}
void fbld(Cpu& c, const Insn& i) {
  wait_fpu(c);
  F80 v = read_f80(c, i);
  c.note_fpu(i);
  c.fpu.fbld(v);
  c.note_fpu_error(i);
}
void fstp_m80(Cpu& c, const Insn& i) {
  wait_fpu(c);
  store_f80(c, i, c.fpu.fstp_m80());
}
void fbstp(Cpu& c, const Insn& i) {
  wait_fpu(c);
  store_f80(c, i, c.fpu.fbstp());
}

// --- environment and state ---------------------------------------------------------------------------------
namespace {

X87EnvFormat format_of(const Cpu& c, const Insn& i) {
  bool real = !c.protected_mode() || c.v86();
  if (i.op_size == 2) return real ? X87EnvFormat::kReal16 : X87EnvFormat::kProtected16;
  return real ? X87EnvFormat::kReal32 : X87EnvFormat::kProtected32;
}

}  // namespace

void fnstenv(Cpu& c, const Insn& i) {
  X87EnvFormat format = format_of(c, i);
  c.write_bytes(i, 0, x87_env(c.fpu, format).data(), x87_env_size(format));
  after_fnstenv(c.fpu);
  update_ferr(c);
}
void fldenv(Cpu& c, const Insn& i) {
  wait_fpu(c);
  X87EnvFormat format = format_of(c, i);
  X87Image image{};
  c.read_bytes(i, 0, image.data(), x87_env_size(format));
  x87_load_env(c.fpu, image, format);
  update_ferr(c);
}
void fnsave(Cpu& c, const Insn& i) {
  X87EnvFormat format = format_of(c, i);
  c.write_bytes(i, 0, x87_save(c.fpu, format).data(), x87_save_size(format));
  c.fpu.fninit();
  update_ferr(c);
}
void frstor(Cpu& c, const Insn& i) {
  wait_fpu(c);
  X87EnvFormat format = format_of(c, i);
  X87Image image{};
  c.read_bytes(i, 0, image.data(), x87_save_size(format));
  x87_restore(c.fpu, image, format);
  update_ferr(c);
}

// --- MASKMOVQ, MASKMOVDQU: bytes of a register to DS:rDI where the mask says so --------------------------
namespace {

// Eight bytes at a time are checked, the upper ones first and whatever the mask says.
void mask_move(Cpu& c, const Insn& i, const uint8_t* data, uint32_t mask, unsigned n) {
  uint64_t start[2] = {};
  for (unsigned half = n / 8; half-- > 0;) {
    uint64_t& lin = start[half];
    if (!c.segment(i.seg, (c.gpr[kRdi] + 8 * half) & i.ea_mask, 8, Access::Write, &lin))
      throw GuestFault(c.fault_);
    if (c.code64() && (!canonical(c, lin) || !canonical(c, lin + 7))) fault(kGP, 0);
    if ((c.mode() & kModeAlign) != 0 && (lin & 7) != 0) fault(kACv, 0);
    c.probe_write(lin, 8);
  }
  for (unsigned k = 0; k < n; ++k) {
    if ((mask >> k & 1) != 0) c.write_lin(start[k / 8] + (k & 7), 1, data[k]);
  }
}

}  // namespace

void maskmovq(Cpu& c, const Insn& i) {
  wait_fpu(c);
  uint64_t v = c.fpu.mmx(i.reg);
  uint8_t data[8];
  std::memcpy(data, &v, sizeof data);
  c.fpu.mmx_touch();
  mask_move(c, i, data, simd::pmovmskb(c.fpu.mmx(i.rm)), sizeof data);
}
void maskmovdqu(Cpu& c, const Insn& i) {
  uint8_t data[16];
  std::memcpy(data, &c.xmm(i.reg), sizeof data);
  mask_move(c, i, data, simd::pmovmskb(c.xmm(i.rm)), sizeof data);
}

}  // namespace sem
}  // namespace ilse::cpu
