// SSE3 and SSE4.1 floating point is made of the operations of sse_arith.h, so that rounding, exceptions and
// the choice between NaNs are theirs. Here: the operands of horizontal and alternating sums and of dot
// products; and comparison by AVX's 32 predicates (Intel SDM vol. 2, under each name).
#pragma once

#include "cpu/fpu/simd_integer.h"
#include "cpu/fpu/simd_shuffle.h"
#include "cpu/fpu/sse_arith.h"

namespace ilse::cpu::simd {

// -- A difference is the sum with the sign turned round, but for a NaN, which keeps its sign.
inline Xmm negated_unless_nan(const Xmm& b, const Xmm& signs32) {
  auto nan = [](uint32_t v) { return (v & 0x7FFFFFFF) > 0x7F800000; };
  Xmm r = b;
  for (unsigned i = 0; i < 4; ++i) {
    uint32_t e = b.get<uint32_t>(i);
    if (!nan(e)) r.put<uint32_t>(i, e ^ signs32.get<uint32_t>(i));
  }
  return r;
}
inline Xmm addsub_left(const Xmm& a, const Xmm&) { return a; }
inline Xmm addsubps_right(const Xmm&, const Xmm& b) {
  constexpr uint64_t kLow = 0x80000000;
  return negated_unless_nan(b, {kLow, kLow});
}
inline Xmm addsubpd_right(const Xmm&, const Xmm& b) {
  constexpr uint64_t kSign = 1ull << 63, kInfinity = 0x7FF0000000000000;
  bool nan = (b.lo & ~kSign) > kInfinity;
  return {nan ? b.lo : b.lo ^ kSign, b.hi};
}

// -- What HADDPS and its kin add: even and odd elements.
inline Xmm evens_ps(const Xmm& a, const Xmm& b) { return shufps(a, b, 0x88); }
inline Xmm odds_ps(const Xmm& a, const Xmm& b) { return shufps(a, b, 0xDD); }
inline Xmm evens_pd(const Xmm& a, const Xmm& b) { return {a.lo, b.lo}; }
inline Xmm odds_pd(const Xmm& a, const Xmm& b) { return {a.hi, b.hi}; }

// All ones in the elements that have a bit.
template <class T>
inline Xmm element_mask(unsigned bits) {
  Xmm r{};
  for (unsigned i = 0; i < 16 / sizeof(T); ++i) {
    if ((bits >> i & 1) != 0) r.put<T>(i, static_cast<T>(~T{0}));
  }
  return r;
}

// -- Comparison. A predicate is a choice among less, equal, greater and unordered, and whether a quiet NaN is
// invalid (SDM vol. 2, CMPPD, table 3-1).
struct Predicate {
  bool less, equal, greater, unordered, signals;
  static Predicate of(uint8_t imm) {
    constexpr uint8_t kL = 1, kE = 2, kG = 4, kU = 8;
    constexpr std::array<uint8_t, 16> kWhat{
        kE,      kL,      kL | kE,      kU, kL | kG | kU, kE | kG | kU, kG | kU, kL | kE | kG,
        kE | kU, kL | kU, kL | kE | kU, 0,  kL | kG,      kE | kG,      kG,      kL | kE | kG | kU};
    const uint8_t what = kWhat[imm & 15];
    const bool signals = ((imm & 3) == 1 || (imm & 3) == 2) != ((imm & 16) != 0);
    return {(what & kL) != 0, (what & kE) != 0, (what & kG) != 0, (what & kU) != 0, signals};
  }
};
// Of one operand type: the comparisons by the first eight predicates.
template <Xmm (*kCompare)(const Xmm&, const Xmm&, uint8_t)>
inline Xmm compare(const Xmm& a, const Xmm& b, uint8_t imm) {
  if (imm < 8) return kCompare(a, b, imm);
  constexpr uint8_t kEqual = 0, kLess = 1, kUnordered = 3;
  const Predicate p = Predicate::of(imm);
  Xmm unordered = kCompare(a, b, kUnordered);
  // With NaNs out of the way, less-than raises no more than the quiet comparison has.
  Xmm x = pandn(unordered, a), y = pandn(unordered, b);
  Xmm less = p.signals ? kCompare(a, b, kLess) : pandn(unordered, kCompare(x, y, kLess));
  Xmm equal = pandn(unordered, kCompare(x, y, kEqual));
  Xmm r{};
  if (p.less) r = por(r, less);
  if (p.equal) r = por(r, equal);
  if (p.greater) r = por(r, pandn(por(por(less, equal), unordered), {~0ull, ~0ull}));
  if (p.unordered) r = por(r, unordered);
  return r;
}
// Scalar comparisons keep what is above: only the low element is computed.
template <Xmm (*kCompare)(const Xmm&, const Xmm&, uint8_t), class T>
inline Xmm compare_low(const Xmm& a, const Xmm& b, uint8_t imm) {
  Xmm low_a{}, low_b{}, r = a;
  low_a.put<T>(0, a.get<T>(0));
  low_b.put<T>(0, b.get<T>(0));
  r.put<T>(0, compare<kCompare>(low_a, low_b, imm).template get<T>(0));
  return r;
}

}  // namespace ilse::cpu::simd
