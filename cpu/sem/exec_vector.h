// The interpreter model's vector and x87 side: vector and MMX operands, 16- and 32-byte memory accesses, and
// the checks that go with each unit (Intel SDM vol. 1, §8.7, §9.5, §11.5). A base of ExecModel, so that this
// has a file of its own.
#pragma once

#include <cstring>

#include "cpu/cpu.h"
#include "cpu/isa/operands.h"

namespace ilse::cpu {

template <class Self>
class VectorOperands {
 public:
  Xmm read(XmmReg) { return cpu().xmm(insn().reg); }
  Xmm read(XmmRm) { return cpu().xmm(insn().rm); }
  template <int N>
  Xmm read(XmmFixed<N>) {
    return cpu().xmm(N);
  }
  template <class V>
  V read(VecReg<V>) {
    return vector<V>(insn().reg);
  }
  template <class V>
  V read(VecRm<V>) {
    return vector<V>(insn().rm);
  }
  template <class V>
  V read(VecVvvv<V>) {
    return vector<V>(insn().vvvv);
  }
  template <class V>
  V read(VecIs4<V>) {
    return vector<V>(static_cast<unsigned>(insn().imm >> 4));
  }
  template <class V>
  V read(VecMemAligned<V>) {
    return aligned<V>() ? load_wide<V>(self().template address<V, Access::Read>()) : V{};
  }
  template <class V>
  V read(VecMem<V>) {
    return load_wide<V>(self().template address<V, Access::Read>());
  }
  template <class T>
  Xmm read(XmmLowMem<T>) {
    return {self().read(MemOp<T>{}), 0};
  }
  template <class T>
  Xmm read(XmmLowMemUnchecked<T>) {
    return {load_wide<T>(self().template address<T, Access::Read>()), 0};
  }
  uint64_t read(MmxReg) { return cpu().fpu.mmx(insn().reg); }
  uint64_t read(MmxRm) { return cpu().fpu.mmx(insn().rm); }

  void write(XmmReg, const Xmm& v) {
    if (!self().fault_) cpu().xmm(insn().reg) = v;
  }
  void write(XmmRm, const Xmm& v) {
    if (!self().fault_) cpu().xmm(insn().rm) = v;
  }
  template <int N>
  void write(XmmFixed<N>, const Xmm& v) {
    if (!self().fault_) cpu().xmm(N) = v;
  }
  template <int N>
  void write(VecFixed<N>, const Xmm& v) {
    set_vector(N, v);
  }
  template <class V>
  void write(VecReg<V>, const V& v) {
    set_vector(insn().reg, v);
  }
  template <class V>
  void write(VecRm<V>, const V& v) {
    set_vector(insn().rm, v);
  }
  template <class V>
  void write(VecVvvv<V>, const V& v) {
    set_vector(insn().vvvv, v);
  }
  template <class V>
  void write(VecMemAligned<V>, const V& v) {
    if (aligned<V>()) store_wide(self().template address<V, Access::Write>(), v);
  }
  template <class V>
  void write(VecMem<V>, const V& v) {
    store_wide(self().template address<V, Access::Write>(), v);
  }
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

  // The upper halves, or all, of the registers that there are.
  void clear_vectors(bool all) {
    if (self().fault_) return;
    for (unsigned n = 0; n < (cpu().code64() ? 16u : 8u); ++n) {
      cpu().ymm[n].lane[1] = {};
      if (all) cpu().ymm[n].lane[0] = {};
    }
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

  template <class V>
  const V& vector(unsigned n) {
    if constexpr (simd::kLanes<V> == 2) {
      return cpu().ymm[n];
    } else {
      return cpu().xmm(n);
    }
  }
  template <class V>
  void set_vector(unsigned n, const V& v) {
    if (self().fault_) return;
    if constexpr (simd::kLanes<V> == 2) {
      cpu().ymm[n] = v;
    } else {
      cpu().ymm[n] = {{v, Xmm{}}};
    }
  }
  // Comes before the segment's checks, and is #GP on every segment.
  template <class V>
  bool aligned() {
    uint64_t lin = self().ea();
    if (!insn().flat) lin += cpu().seg[insn().seg].base;
    if ((lin & (sizeof(V) - 1)) != 0) [[unlikely]] {
      self().raise_gp();
      return false;
    }
    return true;
  }
  template <class V>
  V load_wide(uint64_t lin) {
    const TlbEntry& e = cpu().tlb->at(lin);
    V v;
    if (self().template hit<V>(lin, e.read_tag)) [[likely]] {
      std::memcpy(&v, reinterpret_cast<const uint8_t*>(lin + e.addend), sizeof v);
      return v;
    }
    self().slowly([&] { return cpu().load_wide_slow(lin, sizeof v, &v, self().i_); });
    return v;
  }
  template <class V>
  void store_wide(uint64_t lin, const V& v) {
    if (self().fault_) [[unlikely]]
      return;
    TlbEntry& e = cpu().tlb->at(lin);
    if (self().template hit<V>(lin, e.write_tag)) [[likely]] {
      std::memcpy(reinterpret_cast<uint8_t*>(lin + e.addend), &v, sizeof v);
      return;
    }
    self().slowly([&] { return cpu().store_wide_slow(lin, sizeof v, &v, self().i_); });
  }
};

}  // namespace ilse::cpu
