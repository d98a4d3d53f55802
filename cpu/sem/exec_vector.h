// The interpreter model's vector and x87 side: XMM and MMX operands, 16-byte memory accesses, and the checks
// that go with each unit (Intel SDM vol. 1, §8.7, §9.5, §11.5). A base of ExecModel, so that this has a file
// of its own.
#pragma once

#include <cstring>

#include "cpu/cpu.h"
#include "cpu/isa/operands.h"

namespace ilse::cpu {

template <class Self>
class VectorOperands {
 public:
  Xmm read(XmmReg) { return cpu().xmm[insn().reg]; }
  Xmm read(XmmRm) { return cpu().xmm[insn().rm]; }
  Xmm read(XmmMem) { return aligned() ? load_wide(self().template address<Xmm, Access::Read>()) : Xmm{}; }
  Xmm read(XmmMemUnaligned) { return load_wide(self().template address<Xmm, Access::Read>()); }
  template <class T>
  Xmm read(XmmLowMem<T>) {
    return {self().read(MemOp<T>{}), 0};
  }
  uint64_t read(MmxReg) { return cpu().fpu.mmx(insn().reg); }
  uint64_t read(MmxRm) { return cpu().fpu.mmx(insn().rm); }

  void write(XmmReg, const Xmm& v) {
    if (!self().fault_) cpu().xmm[insn().reg] = v;
  }
  void write(XmmRm, const Xmm& v) {
    if (!self().fault_) cpu().xmm[insn().rm] = v;
  }
  void write(XmmMem, const Xmm& v) {
    if (aligned()) store_wide(self().template address<Xmm, Access::Write>(), v);
  }
  void write(XmmMemUnaligned, const Xmm& v) { store_wide(self().template address<Xmm, Access::Write>(), v); }
  template <class T>
  void write(XmmLowMem<T>, const Xmm& v) {
    self().write(MemOp<T>{}, v.get<T>(0));
  }
  void write(MmxReg, uint64_t v) {
    if (!self().fault_) cpu().fpu.set_mmx(insn().reg, v);
  }
  void write(MmxRm, uint64_t v) {
    if (!self().fault_) cpu().fpu.set_mmx(insn().rm, v);
  }

  // --- SSE floating point ------------------------------------------------------------------------------
  // Does op(), which rounds what `rounds` says; an exception that the guest has unmasked is #XM.
  template <class Op>
  auto floating(SseRounds rounds, Op op) -> decltype(op()) {
    return floating(rounds, op, [](uint32_t) { return true; });
  }
  // inexact(MXCSR): whether PE stays set beside an unmasked OE or UE.
  template <class Op, class Inexact>
  auto floating(SseRounds rounds, Op op, Inexact inexact) -> decltype(op()) {
    if (self().fault_) [[unlikely]]
      return {};
    if (sse_all_masked(cpu().mxcsr)) [[likely]]
      return op();
    decltype(op()) value{};
    self().slowly([&] {
      const uint32_t before = cpu().mxcsr & ~mxcsr::kFlags;
      auto r = sse_checked(before, rounds, op);
      constexpr uint32_t kRange = mxcsr::kOE | mxcsr::kUE;
      bool range = (r.mxcsr & kRange & ~(before >> mxcsr::kMaskShift)) != 0;
      if (range && (r.mxcsr & mxcsr::kPE) != 0 && !inexact(before)) r.mxcsr &= ~mxcsr::kPE;
      cpu().mxcsr |= r.mxcsr;
      value = r.value;
      if (r.fault) cpu().raise((cpu().cr.cr4 & kCr4Osxmmexcpt) != 0 ? kXM : kUD);
      return !r.fault;
    });
    return value;
  }
  void set_compare_flags(bool zf, bool pf, bool cf) {
    self().set_flag_bits((zf ? +kZF : 0u) | (pf ? +kPF : 0u) | (cf ? +kCF : 0u), kOSZAPC);
  }

  // --- x87 and MMX -------------------------------------------------------------------------------------
  // False: an x87 error waits, and this instruction reports it instead of doing anything.
  bool wait_fpu() {
    if (!cpu().fpu.pending()) [[likely]]
      return true;
    bool goes_on = false;
    self().slowly([&] {
      goes_on = !cpu().report_fpu_error();
      return goes_on;
    });
    return goes_on;
  }
  X87& fpu() { return cpu().fpu; }
  void empty_mmx() {
    if (!self().fault_) cpu().fpu.emms();
  }
  unsigned st_index() { return insn().modrm & 7; }
  // Behind every MMX instruction but EMMS.
  void touch_mmx() {
    if (!self().fault_) cpu().fpu.mmx_touch();
  }
  // Does f(), an x87 instruction.
  template <class F>
  void run_fpu(F f) {
    if (self().fault_) [[unlikely]]
      return;
    cpu().note_fpu(insn());
    f(cpu().fpu);
    cpu().note_fpu_error(insn());
  }

 private:
  Self& self() { return static_cast<Self&>(*this); }
  Cpu& cpu() { return self().c_; }
  const Insn& insn() { return *self().i_; }

  // Comes before the segment's checks, and is #GP on every segment.
  bool aligned() {
    uint64_t lin = self().ea();
    if (!insn().flat) lin += cpu().seg[insn().seg].base;
    if ((lin & 15) != 0) [[unlikely]] {
      self().raise_gp();
      return false;
    }
    return true;
  }
  Xmm load_wide(uint64_t lin) {
    const TlbEntry& e = cpu().tlb->at(lin);
    Xmm v;
    if (self().template hit<Xmm>(lin, e.read_tag)) [[likely]] {
      std::memcpy(&v, reinterpret_cast<const uint8_t*>(lin + e.addend), sizeof v);
      return v;
    }
    self().slowly([&] { return cpu().load_wide_slow(lin, &v, self().i_); });
    return v;
  }
  void store_wide(uint64_t lin, const Xmm& v) {
    if (self().fault_) [[unlikely]]
      return;
    TlbEntry& e = cpu().tlb->at(lin);
    if (self().template hit<Xmm>(lin, e.write_tag)) [[likely]] {
      std::memcpy(reinterpret_cast<uint8_t*>(lin + e.addend), &v, sizeof v);
      return;
    }
    self().slowly([&] { return cpu().store_wide_slow(lin, v, self().i_); });
  }
};

}  // namespace ilse::cpu
