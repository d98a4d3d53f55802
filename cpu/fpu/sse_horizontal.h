// SSE3 and SSE4.1 floating point made of the operations of sse_arith.h, so that rounding, exceptions and the
// choice between NaNs are theirs: horizontal and alternating sums, dot products; and comparison by AVX's 32
// predicates (Intel SDM vol. 2, under each name).
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
inline Xmm addsubps(const Xmm& a, const Xmm& b) {
  constexpr uint64_t kLow = 0x80000000;
  return addps(a, negated_unless_nan(b, {kLow, kLow}));
}
inline Xmm addsubpd(const Xmm& a, const Xmm& b) {
  constexpr uint64_t kSign = 1ull << 63, kInfinity = 0x7FF0000000000000;
  bool nan = (b.lo & ~kSign) > kInfinity;
  return addpd(a, {nan ? b.lo : b.lo ^ kSign, b.hi});
}

inline Xmm haddps(const Xmm& a, const Xmm& b) { return addps(shufps(a, b, 0x88), shufps(a, b, 0xDD)); }
inline Xmm hsubps(const Xmm& a, const Xmm& b) { return subps(shufps(a, b, 0x88), shufps(a, b, 0xDD)); }
inline Xmm haddpd(const Xmm& a, const Xmm& b) { return addpd({a.lo, b.lo}, {a.hi, b.hi}); }
inline Xmm hsubpd(const Xmm& a, const Xmm& b) { return subpd({a.lo, b.lo}, {a.hi, b.hi}); }

// -- Dot products: imm[7:4] says what is multiplied, imm[3:0] where the sum goes. Each element has its own
// order of addition, which decides between NaNs.
inline Xmm lane_mask32(unsigned bits) {
  auto word = [](unsigned two) {
    return ((two & 1) != 0 ? 0xFFFFFFFFull : 0) | ((two & 2) != 0 ? 0xFFFFFFFFull << 32 : 0);
  };
  return {word(bits & 3), word(bits >> 2 & 3)};
}
inline Xmm dpps(const Xmm& a, const Xmm& b, uint8_t imm) {
  Xmm used = lane_mask32(imm >> 4);
  Xmm product = mulps(pand(a, used), pand(b, used));
  Xmm pairs = addps(shufps(product, product, 0xB1), product);
  Xmm sum = addps(pairs, shufps(pairs, pairs, 0x4E));
  return pand(sum, lane_mask32(imm & 15));
}
inline Xmm dppd(const Xmm& a, const Xmm& b, uint8_t imm) {
  auto mask = [](unsigned bits) { return Xmm{(bits & 1) != 0 ? ~0ull : 0, (bits & 2) != 0 ? ~0ull : 0}; };
  Xmm used = mask(imm >> 4);
  Xmm product = mulpd(pand(a, used), pand(b, used));
  Xmm sum = addpd(product, {product.hi, product.lo});
  return pand(sum, mask(imm & 3));
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
