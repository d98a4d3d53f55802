// The integer operations of SSE4.1 and SSE4.2, and blends (Intel SDM vol. 2, under each name):
// op(destination, source).
#pragma once

#include "cpu/fpu/simd_elements.h"

namespace ilse::cpu::simd {

// -- Arithmetic.
template <class T>
inline Xmm minimum(const Xmm& a, const Xmm& b) {
  return each<T, Xmm>(a, b, [](T x, T y) { return x < y ? x : y; });
}
template <class T>
inline Xmm maximum(const Xmm& a, const Xmm& b) {
  return each<T, Xmm>(a, b, [](T x, T y) { return x > y ? x : y; });
}
inline Xmm pmulld(const Xmm& a, const Xmm& b) {
  return each<uint32_t, Xmm>(a, b, [](uint32_t x, uint32_t y) { return x * y; });
}
inline Xmm pmuldq(const Xmm& a, const Xmm& b) {
  auto low = [](uint64_t v) { return int64_t{static_cast<int32_t>(v)}; };
  return {static_cast<uint64_t>(low(a.lo) * low(b.lo)), static_cast<uint64_t>(low(a.hi) * low(b.hi))};
}
inline Xmm pcmpeqq(const Xmm& a, const Xmm& b) {
  return each<uint64_t, Xmm>(a, b, [](uint64_t x, uint64_t y) { return x == y ? ~0ull : 0; });
}
inline Xmm pcmpgtq(const Xmm& a, const Xmm& b) {
  return each<int64_t, Xmm>(a, b, [](int64_t x, int64_t y) { return x > y ? ~0ull : 0; });
}
inline Xmm packusdw(const Xmm& a, const Xmm& b) {
  auto x = elements<int32_t>(a), y = elements<int32_t>(b);
  Elements<uint16_t, Xmm> r{};
  for (size_t i = 0; i < 4; ++i) {
    r[i] = saturate<uint16_t>(x[i]);
    r[4 + i] = saturate<uint16_t>(y[i]);
  }
  return packed<Xmm>(r);
}
// The smallest word and its number.
inline Xmm phminposuw(const Xmm& b) {
  auto x = elements<uint16_t>(b);
  size_t at = 0;
  for (size_t i = 1; i < x.size(); ++i) at = x[i] < x[at] ? i : at;
  return {x[at] | static_cast<uint64_t>(at) << 16, 0};
}
// Sums of absolute differences of four bytes of b with eight runs of four of a.
inline Xmm mpsadbw(const Xmm& a, const Xmm& b, uint8_t imm) {
  auto x = elements<uint8_t>(a), y = elements<uint8_t>(b);
  const size_t from_a = imm >> 2 & 1, from_b = imm & 3;
  Elements<uint16_t, Xmm> r{};
  for (size_t i = 0; i < 8; ++i) {
    int sum = 0;
    for (size_t k = 0; k < 4; ++k) {
      int d = x[4 * from_a + i + k] - y[4 * from_b + k];
      sum += d < 0 ? -d : d;
    }
    r[i] = static_cast<uint16_t>(sum);
  }
  return packed<Xmm>(r);
}

// -- PMOVSX, PMOVZX: the low elements, widened.
template <class To, class From>
inline Xmm widened(const Xmm& b) {
  auto x = elements<From>(b);
  Elements<To, Xmm> r{};
  for (size_t i = 0; i < r.size(); ++i) r[i] = static_cast<To>(x[i]);
  return packed<Xmm>(r);
}

// -- Blends: by bits of an immediate, or by the sign of a mask's elements.
template <class T>
inline Xmm blend(const Xmm& a, const Xmm& b, uint8_t imm) {
  auto x = elements<T>(a), y = elements<T>(b);
  for (size_t i = 0; i < x.size(); ++i) x[i] = (imm >> i & 1) != 0 ? y[i] : x[i];
  return packed<Xmm>(x);
}
template <class T>
inline Xmm blend_by_sign(const Xmm& a, const Xmm& b, const Xmm& mask) {
  auto x = elements<T>(a), y = elements<T>(b), m = elements<T>(mask);
  for (size_t i = 0; i < x.size(); ++i) x[i] = m[i] >> (8 * sizeof(T) - 1) != 0 ? y[i] : x[i];
  return packed<Xmm>(x);
}

// -- INSERTPS: element imm[7:6] of b to place imm[5:4] of a; zeros where imm[3:0] has ones.
inline Xmm insertps(Xmm a, const Xmm& b, uint8_t imm) {
  a.put<uint32_t>(imm >> 4 & 3, b.get<uint32_t>(imm >> 6));
  for (unsigned i = 0; i < 4; ++i) {
    if ((imm >> i & 1) != 0) a.put<uint32_t>(i, 0);
  }
  return a;
}

}  // namespace ilse::cpu::simd
