// Tier B (DESIGN.md §1): instructions that are not lifted, as plain functions that both engines call. Each
// may throw GuestFault before it has changed anything; c.next_rip is where execution goes on.
#pragma once

#include "cpu/cpu.h"

namespace ilse::cpu::sem {

using HelperFn = void(Cpu&, const Insn&);

// helpers_integer.cpp
HelperFn cmpxchg8b, daa, das, aaa, aas, aam, aad, pop_rm, pusha, popa, enter, pushf, popf, xlat, salc, cld,
    std_, bound;
// string.cpp
HelperFn movs, cmps, stos, lods, scas, ins, outs;
// transfer.cpp
HelperFn jmp_far, call_far, jmp_far_mem, call_far_mem, ret_far, iret;
// interrupt.cpp
HelperFn int3, int_n, into, int1;
// segment.cpp
HelperFn mov_from_seg, mov_to_seg, push_seg, pop_seg, load_far_pointer, arpl, lar, lsl, verr, verw, sldt, str,
    lldt, ltr, sgdt, sidt, lgdt, lidt;
// system.cpp
HelperFn hlt, cli, sti, in_imm, in_dx, out_imm, out_dx, smsw, lmsw, invlpg, invpcid, clts, cache_control,
    mov_from_cr, mov_to_cr, mov_from_dr, mov_to_dr, wrmsr, rdmsr, rdtsc, rdtscp, rdpid, rdpmc, cpuid, pause,
    fence, ud, clflush, stac, clac, rdrand, rdpkru, wrpkru;
// smm.cpp
HelperFn rsm;
void enter_smm(Cpu& c);  // between two instructions
// syscall.cpp
HelperFn syscall, sysret, sysenter, sysexit, swapgs, rd_base, wr_base;
// fpu_state.cpp
HelperFn fxsave, fxrstor, ldmxcsr, stmxcsr;
// xsave.cpp
HelperFn xsave, xsaveopt, xsavec, xsaves, xrstor, xrstors, xgetbv, xsetbv;
uint32_t compacted_size(uint64_t components);  // bytes of an area in the compacted format
// avx.cpp
HelperFn vmaskmov_load, vmaskmov_store, vgather;
// x87.cpp
HelperFn wait, fninit, fnclex, fnstcw, fnstsw, fnstsw_ax, fldcw, fnop, fld_m80, fbld, fstp_m80, fbstp,
    fnstenv, fldenv, fnsave, frstor, maskmovq, maskmovdqu;

// Shared between the files above.

[[noreturn]] void fault(uint8_t vector);
[[noreturn]] void fault(uint8_t vector, uint32_t error);

// A segment descriptor as it lies in memory.
struct Descriptor {
  uint64_t low = 0;   // the 8 bytes
  uint64_t high = 0;  // 16-byte system descriptors in long mode: bits 63:32 of the base
  uint64_t address = 0;

  uint16_t attr() const { return static_cast<uint16_t>(low >> 40 & 0xF0FF); }
  unsigned type() const { return static_cast<unsigned>(low >> 40) & 0xF; }
  bool s() const { return (low >> 44 & 1) != 0; }
  unsigned dpl() const { return low >> 45 & 3; }
  bool present() const { return (low >> 47 & 1) != 0; }
  bool code() const { return s() && (type() & 8) != 0; }
  bool conforming() const { return (type() & 4) != 0; }
  bool readable_or_writable() const { return (type() & 2) != 0; }
  bool is_long() const { return (low >> 53 & 1) != 0; }
  bool big() const { return (low >> 54 & 1) != 0; }
  uint32_t limit() const {
    auto raw = static_cast<uint32_t>((low & 0xFFFF) | (low >> 32 & 0xF0000));
    return (low >> 55 & 1) != 0 ? raw << 12 | 0xFFF : raw;
  }
  uint32_t base() const { return static_cast<uint32_t>((low >> 16 & 0xFFFFFF) | (low >> 32 & 0xFF000000)); }
  // Gates.
  uint16_t gate_selector() const { return static_cast<uint16_t>(low >> 16); }
  uint64_t gate_offset() const { return (low & 0xFFFF) | (low >> 32 & 0xFFFF0000) | high << 32; }
};

// Reads the descriptor of `selector` from the GDT or LDT; outside the table faults with `vector`(selector).
Descriptor read_descriptor(Cpu& c, uint16_t selector, uint8_t vector = kGP);
// The same without a fault: false when outside the table.
bool find_descriptor(Cpu& c, uint16_t selector, Descriptor* d);
void set_accessed(Cpu& c, Descriptor& d);
Segment to_segment(uint16_t selector, const Descriptor& d);
Segment real_segment(const Segment& old, uint16_t selector);
// MOV, POP, LxS into a data segment register or SS, with all checks.
void load_segment(Cpu& c, uint8_t index, uint16_t selector);
// SS for a new privilege level, by the rules of an interrupt or call through a gate; faults with `vector`.
// `ext` is the EXT bit of error codes.
Segment check_stack_segment(Cpu& c, uint16_t selector, unsigned cpl, uint8_t vector, uint32_t ext = 0);
// After a return to an outer level: data segments that it may not use become null.
void drop_privileged_segments(Cpu& c, unsigned cpl);
void set_cpl(Cpu& c, unsigned cpl);
void load_ldt(Cpu& c, uint16_t selector);

enum class TaskSwitch : uint8_t { Jump, Call, Iret, Interrupt };
// SDM vol. 3A, chapter 8. `d` is the new task's TSS descriptor.
void switch_task(Cpu& c, uint16_t selector, Descriptor d, TaskSwitch how, std::optional<uint32_t> error,
                 uint64_t return_rip);
// The inner stack of the current TSS.
void tss_stack(Cpu& c, unsigned level, uint64_t* sp, uint16_t* ss, uint32_t ext = 0);
bool io_allowed(Cpu& c, uint16_t port, unsigned width);
bool canonical(const Cpu& c, uint64_t a);
// A base that a register takes, or what INVPCID names: by what the model has, whatever CR4.LA57 is.
bool canonical_base(const Cpu& c, uint64_t a);
uint64_t cr4_allowed(const Cpu& c);  // the bits that the model has
// #GP for those that CR4.UMIP keeps to privilege 0.
void check_umip(const Cpu& c);

// A stack that is written or read while the registers still hold the old one. `error` is the code of its #SS.
class StackCursor {
 public:
  StackCursor(Cpu& c, const Segment& ss, uint64_t sp, uint64_t mask, bool flat64, bool system = false,
              uint32_t error = 0);
  void push(uint64_t v, unsigned size);
  uint64_t pop(unsigned size);
  uint64_t peek(uint64_t offset, unsigned size);
  void probe(unsigned size);  // faults unless the top could be written
  uint64_t sp() const { return sp_; }
  void set_sp(uint64_t sp) { sp_ = sp; }
  uint64_t mask() const { return mask_; }
  void skip(uint64_t n) { sp_ = (sp_ + n) & mask_; }

 private:
  uint64_t address(uint64_t sp, unsigned size);
  Cpu& c_;
  const Segment& ss_;
  uint64_t sp_, mask_;
  bool flat64_, system_;
  uint32_t error_;
};
StackCursor current_stack(Cpu& c, uint32_t error = 0);
void set_sp(Cpu& c, uint64_t sp, uint64_t mask);

}  // namespace ilse::cpu::sem
