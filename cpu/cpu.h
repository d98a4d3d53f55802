// One logical processor: architectural state, the paths from it to memory and the board, and the loop that
// runs cached blocks. Everything that an instruction can reach is a member; there is no global state.
//
// Faults: tier-A handlers get `false` from the memory functions and leave with the fault in fault_; tier-B
// helpers throw GuestFault, which the wrapper around every helper turns into the same thing. Throwing is
// kept to helpers, where a fault is rare and a dozen exits would hide the manual's order of checks.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cpu/block/block_cache.h"
#include "cpu/block/jump_table.h"
#include "cpu/cpuid.h"
#include "cpu/flags.h"
#include "cpu/fpu/sse.h"
#include "cpu/fpu/x87.h"
#include "cpu/isa/insn.h"
#include "cpu/jit/context.h"
#include "cpu/mmu/tlb.h"
#include "cpu/state.h"
#include "memory/io_bus.h"
#include "memory/phys_map.h"
#include "memory/processor_pins.h"
#include "memory/result.h"
#include "memory/state_visitor.h"

namespace ilse::cpu {

namespace jit {
struct Settings;
}

using mem::PhysAddr;
using mem::VTime;

// Exception vectors (Intel SDM vol. 3A, table 6-1).
enum Vector : uint8_t {
  kDE = 0,
  kDB = 1,
  kNMI = 2,
  kBP = 3,
  kOFv = 4,
  kBR = 5,
  kUD = 6,
  kNM = 7,
  kDFv = 8,
  kTS = 10,
  kNP = 11,
  kSS = 12,
  kGP = 13,
  kPFv = 14,
  kMF = 16,
  kACv = 17,
  kMC = 18,
  kXM = 19
};

struct GuestFault {
  uint8_t vector = 0;
  bool has_error = false;
  uint32_t error = 0;
};

enum class Access : uint8_t { Read, Write, Execute };

// Who asks the page tables: a program at privilege 3; the system, which CR4.SMAP keeps from user pages; or
// the system with EFLAGS.AC set, which it lets through (SDM vol. 3A, section 4.6). Each has a TLB of its own.
enum class View : uint8_t { System, User, Relaxed };

// Why an interrupt is delivered: decides about privilege checks and the pushed flags.
enum class Cause : uint8_t { Exception, External, Software, SoftwareOne /* INT1 */, Nmi };

// What an attached debugger or tracer wants to hear; null when nobody is there.
class Observer {
 public:
  virtual ~Observer() = default;
  // Whether it hears of every instruction and access. If not, then of the instructions that begin in the
  // pages that it wants, and at least of the accesses to them; all else runs at full speed. Cpu::observe()
  // again after the answers have changed.
  virtual bool everywhere(const class Cpu&) const { return true; }
  virtual bool wants_code(const class Cpu&, uint64_t /*linear page*/, uint64_t /*physical*/) const {
    return true;
  }
  virtual bool wants_data(const class Cpu&, uint64_t /*linear page*/) const { return true; }
  // Before each instruction, which runs alone. False: stop here.
  virtual bool before(class Cpu& cpu, const Insn& insn) = 0;
  // After each instruction; to be relied upon only everywhere.
  virtual void after(class Cpu&) {}
  virtual void memory(uint64_t /*linear*/, PhysAddr, unsigned /*width*/, Access, uint64_t /*value*/) {}
  virtual void interrupt(class Cpu&, uint8_t /*vector*/, Cause, std::optional<uint32_t> /*error*/) {}
  virtual void triple_fault(class Cpu&) {}
};

// An event on its way to the guest's handler, with the state it was raised in.
struct Delivery {
  uint64_t count = 0;  // instructions retired
  uint64_t rip = 0;    // of the faulting instruction, or of the next one
  uint64_t rsp = 0;
  uint64_t cr2 = 0;
  uint16_t cs = 0;
  uint16_t ss = 0;
  uint8_t vector = 0;
  Cause cause = Cause::Exception;
  bool nested = false;  // a fault while the one before it was delivered
  std::optional<uint32_t> error;
};

// The last deliveries, for reports to people; not part of the state.
struct DeliveryLog {
  static constexpr size_t kSize = 8;
  std::array<Delivery, kSize> ring;
  uint64_t total = 0;
  std::function<void(const Delivery&)> listener;

  void add(const Delivery& d) {
    ring[total++ % kSize] = d;
    if (listener) listener(d);
  }
};

// Converts between retired instructions and virtual time; owned by the machine.
class TimeBase {
 public:
  virtual ~TimeBase() = default;
  virtual VTime time_at(uint64_t instructions) const = 0;
};

enum class RunExit : uint8_t { Slice, Halted, Shutdown, Stopped };

class Cpu final : public mem::ProcessorPins {
 public:
  // `blocks`: the cache of the machine's processors; null: it has one of its own.
  Cpu(unsigned id, const Model& model, mem::PhysMap& memory, mem::IoBus& io, mem::BoardPort& board,
      const TimeBase& time, BlockCache* blocks = nullptr);
  ~Cpu() override;
  Cpu(const Cpu&) = delete;
  Cpu& operator=(const Cpu&) = delete;

  // --- what both engines look at most, first: within reach of short displacements ---------------------
  std::array<uint64_t, kSlots> gpr{};  // [kSlotBlock] is RIP between blocks
  int64_t budget = 0;  // instructions that may still start, beyond the running block; see kick()
  Tlb* tlb = nullptr;  // of the current privilege
  uint64_t asid = 0;   // low bits of its valid tags

 private:
  uint64_t jump_tag_ = 0;

 public:
  jit::Context jit;

  // --- architectural state ---------------------------------------------------------------------------
  LazyFlags lazy;
  uint32_t system_flags = 0;  // EFLAGS without the status flags and bit 1
  std::array<Segment, 6> seg{};
  Segment ldtr, tr;
  DescriptorTable gdtr, idtr;
  ControlRegisters cr;
  Msrs msr;
  Pending pending;
  X87 fpu;
  std::array<Ymm, 16> ymm{};
  uint32_t mxcsr = 0x1F80;
  uint64_t random = 1;  // state of what RDRAND and RDSEED give; never reset
  // Instructions, up to the start of the running slice. Several processors that run in turn count on from
  // each other, so that this is a time to all of them.
  uint64_t retired = 0;
  DeliveryLog deliveries;

  Xmm& xmm(unsigned n) { return ymm[n].lane[0]; }
  const Xmm& xmm(unsigned n) const { return ymm[n].lane[0]; }
  uint64_t rip() const { return gpr[kSlotBlock]; }
  void set_rip(uint64_t v) { gpr[kSlotBlock] = v; }
  uint32_t eflags() const { return lazy.get() | system_flags | 2; }
  void set_eflags(uint32_t v);
  unsigned cpl() const { return mode_ >> kModeCplShift & 3; }
  bool protected_mode() const { return (cr.cr0 & kCr0Pe) != 0; }
  bool v86() const { return (system_flags & kVM) != 0; }
  bool long_mode() const { return (cr.efer & kEferLma) != 0; }
  bool code64() const { return (mode_ & kModeCodeMask) == kModeCode64; }
  uint32_t mode() const { return mode_; }
  // MXCSR, which the host's follows while the processor runs.
  void set_mxcsr(uint32_t v);
  // Recomputes the mode bits after anything that they depend on has changed.
  void update_mode();
  // The same after EFLAGS.AC at privilege 0 alone.
  void update_view() {
    tlb = &tlb_of(view());
    update_tag();
  }

  // --- the processor's pins --------------------------------------------------------------------------
  void reset(bool power_on);
  void set_intr(bool level) override;
  void pulse_nmi() override;
  void pulse_smi() override;
  void pulse_init() override;
  void start_up(uint8_t vector) override;
  void set_a20(bool enabled) override;
  void set_ignne(bool level) override;
  void attention() override;
  void yield() override {
    yielded_ = true;
    attention();
  }
  bool in_smm() const override { return pending.smm; }
  uint32_t general_register(unsigned n) const override { return static_cast<uint32_t>(gpr[n & 7]); }
  void set_general_register(unsigned n, uint32_t value) override { gpr[n & 7] = value; }
  unsigned id() const { return id_; }
  const Model& model() const { return model_; }

  // --- running -----------------------------------------------------------------------------------------
  // Runs at most `instructions`; an event that needs the machine ends it early. retired is exact after it.
  RunExit run(uint64_t instructions);
  // Instructions retired up to now, exact also inside an instruction of a running block.
  uint64_t count() const { return target_ - static_cast<uint64_t>(rest()) - in_block(); }
  VTime now() const { return time_.time_at(count()); }
  uint64_t tsc() const;
  // Attaches an observer; null: none, and nothing is paid for it. Between calls of run() only.
  void observe(Observer* o);
  Observer* observer() const { return observer_; }
  // Makes run() return Stopped at the next instruction boundary.
  void stop() {
    stop_ = true;
    attention();
  }
  // For a signal's handler, on the thread that runs it: run() comes back soon. It may be lost to an
  // instruction of the host's that was changing the budget, so it is repeated until run() is back.
  void kick() {
    if (!kicked()) budget -= kKick;
  }
  bool kicked() const { return *static_cast<const volatile int64_t*>(&budget) < -kKick / 2; }
  // The budget without the kick.
  int64_t rest() const {
    const int64_t b = *static_cast<const volatile int64_t*>(&budget);
    return b < -kKick / 2 ? b + kKick : b;
  }
  // It has something to do: it runs, or something waits that wakes it.
  bool runnable() const {
    const Pending& p = pending;
    if (p.activity == Activity::Running || (p.init && !p.smm)) return true;
    if (p.activity == Activity::WaitForSipi) return p.sipi;
    return p.activity == Activity::Halted &&
           ((p.nmi && !p.nmi_blocked) || (p.smi && !p.smm) || (p.intr && (system_flags & kIF) != 0));
  }
  // Another processor wants to run, on the same thread: then PAUSE, which says that this one waits, yields.
  void share(bool shared) { shared_ = shared; }
  void pause() {
    if (shared_) yield();
  }
  // Whether it has yielded since this was last asked.
  bool take_yield() { return std::exchange(yielded_, false); }
  // An interrupt or trap may be due before the next instruction or iteration.
  bool events_waiting() const { return events_; }
  // The board has something to do before the next instruction or iteration.
  bool attention_waiting() const { return attention_; }
  void look_for_events() { events_ = true; }

  void set_pkru(uint32_t value);
  void visit_state(mem::StateVisitor& v);

  // --- memory, slow and general paths -----------------------------------------------------------------
  // Tier A: false leaves the fault in fault_. `lin` is linear.
  bool load_slow(uint64_t lin, unsigned width, uint64_t* value, const Insn* i);
  bool store_slow(uint64_t lin, unsigned width, uint64_t value, const Insn* i);
  // Checks that a store of `width` bytes would succeed and reads the old value: the first half of a
  // read-modify-write whose second half is store_slow.
  bool load_rmw_slow(uint64_t lin, unsigned width, uint64_t* value, const Insn* i);
  // The same for 16 or 32 bytes.
  bool load_wide_slow(uint64_t lin, unsigned width, void* value, const Insn* i);
  bool store_wide_slow(uint64_t lin, unsigned width, const void* value, const Insn* i);
  // Segmentation where base, limit or type matter. False: #GP or #SS in fault_.
  bool segment(const Insn* i, uint64_t ea, unsigned width, Access a, uint64_t* lin);
  bool segment(uint8_t s, uint64_t ea, unsigned width, Access a, uint64_t* lin);

  // Tier B: throws GuestFault. The privilege is the current one unless `system`.
  uint64_t read_lin(uint64_t lin, unsigned width, bool system = false);
  void write_lin(uint64_t lin, unsigned width, uint64_t value, bool system = false);
  void probe_write(uint64_t lin, unsigned width, bool system = false);
  void probe_read(uint64_t lin);  // one byte
  uint64_t read_seg(uint8_t s, uint64_t ea, unsigned width);
  void write_seg(uint8_t s, uint64_t ea, unsigned width, uint64_t value);
  uint64_t ea(const Insn& i) const;
  uint64_t linear(const Insn& i, unsigned width, Access a);  // of the ModRM operand, throws
  void read_bytes(const Insn& i, uint64_t offset, uint8_t* to, unsigned n);
  void write_bytes(const Insn& i, uint64_t offset, const uint8_t* from, unsigned n);

  void watch_port(uint16_t port, unsigned width);  // after the access

  // Translation without side effects, for debuggers: empty where nothing is mapped.
  std::optional<uint64_t> translate_peek(uint64_t lin) const;
  // The walk: fills accessed and dirty bits. False leaves #PF in fault_.
  bool translate(uint64_t lin, Access a, View view, uint64_t* phys);
  void flush_tlb();
  void flush_tlb_page(uint64_t lin);
  // Stores to pages of this host memory take the slow path until each has been written to once.
  void slow_writes_to(std::span<const uint8_t> memory) {
    for (Tlb& t : *tlbs_) t.slow_writes_to(memory);
  }
  // After CR3 was written; `keep`: the PCID's translations stay.
  void new_address_space(bool keep);
  bool load_pdptes(uint64_t cr3);  // false: reserved bits, #GP

  // --- for handlers ------------------------------------------------------------------------------------
  const Insn* leave_fault(const Insn* i);  // after fault_ was set
  const Insn* leave_after(const Insn* i);  // i is complete; go on through the dispatcher
  const Insn* leave_to(uint64_t rip) {
    set_rip(rip);
    return nullptr;
  }
  const Insn* enter(Block* b, uint64_t rip);
  const Insn* jump(uint64_t rip);  // indirect or cross-page target
  const Insn* branch(const Insn* i, bool taken);
  void raise(uint8_t vector) { fault_ = {vector, false, 0}; }
  void raise(uint8_t vector, uint32_t error) { fault_ = {vector, true, error}; }
  // An x87 error waits for this instruction (sem/x87.cpp). True: it must not run, leave with a fault.
  bool report_fpu_error();
  // The x87's pointers to its last instruction, before it runs and after it. As on present processors FOP and
  // FDP are kept for unmasked errors only, FCS and FDS not at all (SDM vol. 1, §8.1.8 and §8.1.9).
  void note_fpu(const Insn& i) { fpu.fip = (gpr[kSlotBlock] + i.ip) & ip_mask(); }
  void note_fpu_error(const Insn& i) {
    if (fpu.pending()) [[unlikely]] {
      fpu.fop = static_cast<uint16_t>((i.opcode & 7) << 8 | i.modrm);
      fpu.fdp = i.mem ? ea(i) : 0;
    }
  }
  uint64_t ip_mask() const { return code64() ? ~0ull : 0xFFFFFFFFull; }
  uint64_t next_ip(const Insn* i) const { return (gpr[kSlotBlock] + i->ip + i->len) & ip_mask(); }
  const Insn* run_helper(void (*helper)(Cpu&, const Insn&), const Insn* i, bool ends_block);
  uint64_t stack_mask() const {
    unsigned s = mode_ >> kModeStackShift & 3;
    return s == 2 ? ~0ull : s == 1 ? 0xFFFFFFFFull : 0xFFFFull;
  }

  // Delivers an event through the IVT or IDT, with double and triple faults: sem/interrupt.cpp.
  void deliver(uint8_t vector, Cause cause, std::optional<uint32_t> error, uint64_t return_rip);

  mem::PhysMap& memory() { return memory_; }
  mem::IoBus& io() { return io_; }
  mem::BoardPort& board() { return board_; }
  BlockCache& blocks() { return blocks_; }
  // Translates hot blocks from now on, for every processor that shares them. An error: the host forbids it.
  mem::Result<void> translate(const jit::Settings& settings);
  // The next block that is found is what `from` goes on with.
  void expect_link(Block* from, bool taken, uint64_t linear_page) {
    link_from_ = from;
    link_taken_ = taken;
    link_lin_page_ = linear_page;
  }

  template <class T>
  T& reg_at(uint8_t offset) {
    return *reinterpret_cast<T*>(reinterpret_cast<uint8_t*>(gpr.data()) + offset);
  }
  void write_reg(unsigned n, unsigned size, uint64_t v);
  uint64_t read_reg(unsigned n, unsigned size) const;
  uint64_t read_rm(const Insn& i, unsigned size);
  void write_rm(const Insn& i, unsigned size, uint64_t v);

  // --- engine state ------------------------------------------------------------------------------------
  Block* block = nullptr;
  const Insn* current = nullptr;  // inside helpers and slow paths: the running instruction
  uint64_t next_rip = 0;          // inside helpers: where to go on
  bool leave = false;             // the running instruction has to be the last of its block
  GuestFault fault_;

 private:
  friend class BlockCache;
  friend class jit::Engine;

  // More than any slice has: every look at the budget finds nothing left, and what was left is still known.
  static constexpr int64_t kKick = int64_t{1} << 62;

  uint64_t in_block() const { return current != nullptr ? current->left : 0; }
  bool user() const { return (mode_ & kModeCplMask) == kModeCplMask; }
  // Of an access; `system`: to a descriptor table or the like, whatever the privilege.
  View view(bool system = false) const {
    if (system) return View::System;
    if (user()) return View::User;
    return (cr.cr4 & kCr4Smap) != 0 && (system_flags & kAC) != 0 ? View::Relaxed : View::System;
  }
  uint64_t asid_of(View v) const { return v == View::System ? 0 : space_; }
  Tlb& tlb_of(View v) { return (*tlbs_)[static_cast<size_t>(v)]; }
  Block* known_block();
  Block* find_block();
  Block* build(uint64_t lin, uint64_t phys);
  Block scratch_block(uint64_t phys);
  Block* part_of(const Block& b, unsigned count);
  void forget_blocks();
  Block* first_of(Block* b);
  bool fetch_page(uint64_t lin, uint64_t* phys);
  void events();
  bool run_single(bool shadow_ss);
  void execute(Block* b);
  bool code_breakpoint();
  // Every computed jump has to look for its target anew.
  void forget_jumps() {
    jumps_.outdated();
    if ((++generation_ & 0xFFFFF) == 0) jumps_.forget_if([](const Block*) { return true; });
  }
  // The translation just made goes into a TLB.
  void note_leaf(uint64_t lin) {
    if (leaf_.shift == 12) return;
    const size_t k = leaf_.shift == 30 ? 1 : 0;
    const uint64_t page = lin >> kLargeShifts[k];
    large_pages_[k][page >> 6 & 63] |= 1ull << (page & 63);
  }
  void update_tag() {
    asid = asid_of(view());
    const bool flat = (mode_ & (kModeFlatCode | kModeCode64)) != 0;
    const uint64_t segment = flat ? 0 : code_segment_number();
    jump_tag_ = segment << 53 | uint64_t{mode_} << 32 | (generation_ & 0xFFFFF) << 11 | (user() ? space_ : 0);
  }
  uint64_t code_segment_number();
  bool page_in_code_segment(const Block& b) const;
  TlbEntry* fill(uint64_t lin, Access a, View view);
  bool access(uint64_t lin, unsigned width, Access a, uint64_t* value, View view);
  bool access_page(uint64_t lin, unsigned width, Access a, uint64_t* value, View view);
  bool may_write(uint64_t first, uint64_t last, View view);
  bool bad_address(uint64_t lin, unsigned width, const Insn* i);
  void check_alignment(uint64_t lin, unsigned width);  // #AC, thrown
  bool watched(uint64_t page) const;
  void watch(uint64_t lin, unsigned width, unsigned kinds);
  void watch_data(uint64_t lin, unsigned width, Access a);
  bool page_fault(uint64_t lin, Access a, View view, bool present, bool reserved, bool key = false);

  unsigned id_;
  Model model_;
  mem::PhysMap& memory_;
  mem::IoBus& io_;
  mem::BoardPort& board_;
  const TimeBase& time_;
  std::unique_ptr<BlockCache> own_blocks_;
  BlockCache& blocks_;
  uint32_t mode_ = 0;
  uint64_t target_ = 0;      // count() when budget reaches zero between blocks
  uint64_t generation_ = 0;  // raised by every TLB flush
  JumpTable jumps_;
  uint64_t next_asid_ = 1;
  uint64_t space_ = 1;  // number of the address space
  // Numbers for code segments that are not flat, in jump_tag_: by base and limit, 0 for none.
  struct CodeSegment {
    uint64_t base = 0;
    uint32_t limit = 0;
    uint16_t number = 0;
  };
  std::array<CodeSegment, 64> code_segments_{};
  uint16_t last_code_segment_ = 0;
  bool local_code_ = false;  // jumps_ and exec_ know supervisor code in pages that are not global
  struct Leaf {
    unsigned shift = 12;  // of the page's size
    bool global = true;
    bool stores = true;  // go to it without a further bit to be set in the tables
  };
  Leaf leaf_;  // of the last translation
  // Large pages that the TLBs have pieces of: a bit for each by the low bits of its number, 4 MiB (which
  // holds those of 2) and 1 GiB.
  static constexpr std::array<unsigned, 2> kLargeShifts{22, 30};
  std::array<std::array<uint64_t, 64>, 2> large_pages_{};
  std::array<uint64_t, 64> pcid_asid_{};
  uint64_t resets_seen_ = 0, full_resets_seen_ = 0;  // of the block cache
  Block* link_from_ = nullptr;
  bool link_taken_ = false;
  uint64_t link_lin_page_ = 0;
  bool single_fault_ = false;  // the instruction of run_single ended in an exception or interrupt
  bool faulted_ = false;
  bool events_ = false;  // something in `pending` may want to be looked at
  Block scratch_;
  std::unique_ptr<std::array<Insn, BlockCache::kMaxInsns + 1>> scratch_insns_;
  struct ExecEntry {
    uint64_t tag = ~0ull;
    uint64_t phys = 0;
  };
  std::unique_ptr<std::array<ExecEntry, 256>> exec_;
  bool attention_ = false;  // run() returns at the next instruction boundary
  bool stop_ = false;
  bool yielded_ = false;
  bool shared_ = false;
  Observer* observer_ = nullptr;
  bool observed_ = false;  // the observer wants the instructions of the block just found
  std::unique_ptr<std::array<Tlb, 3>> tlbs_;
};

#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(ILSE_FUZZ)
inline constexpr bool kThreaded = true;  // handlers call their successors; the compiler makes them jumps
#else
inline constexpr bool kThreaded = false;
#endif

inline const Insn* go(Cpu& c, const Insn* i) {
  if constexpr (kThreaded) {
    return i->fn(c, i);
  } else {
    return i;
  }
}

inline const Insn* Cpu::enter(Block* b, uint64_t rip) {
  gpr[kSlotBlock] = rip;
  int64_t rest = budget - b->count;
  if (rest < 0) [[unlikely]]
    return nullptr;
  budget = rest;
  block = b;
  return go(*this, b->insns);
}

inline const Insn* Cpu::jump(uint64_t rip) {
  if (Block* b = jumps_.find(rip, jump_tag_); b != nullptr) [[likely]]
    return enter(b, rip);
  return leave_to(rip);
}

inline const Insn* Cpu::branch(const Insn* i, bool taken) {
  uint64_t target = gpr[kSlotBlock] + i->ip + i->len;
  // A taken branch is cut to its operand size, falling through is not.
  target = taken ? (target + i->imm) & i->ea_mask : target & (i->ea_mask | 0xFFFFFFFF);
  Block* b = block->link[taken];
  if (b != nullptr && b->valid) [[likely]]
    return enter(b, target);
  if (b = jumps_.find(target, jump_tag_); b != nullptr) return enter(b, target);
  if (taken && (mode_ & (kModeFlatCode | kModeCode64)) == 0 && target > seg[kCs].limit) {
    raise(kGP, 0);
    return leave_fault(i);
  }
  link_from_ = block;
  link_taken_ = taken;
  link_lin_page_ = gpr[kSlotBlock] >> 12;
  return leave_to(target);
}

}  // namespace ilse::cpu
