// What AVX and AVX2 added, of one 128-bit lane: shifts by a count for each element, permutations within a
// lane (Intel SDM vol. 2, under each name).
#pragma once

#include "cpu/fpu/simd_elements.h"
#include "cpu/fpu/simd_shuffle.h"

namespace ilse::cpu::simd {

template <class T>
inline Xmm shift_left_each(const Xmm& a, const Xmm& count) {
  return each<T, Xmm>(a, count, [](T v, T n) { return n < 8 * sizeof(T) ? v << n : T{0}; });
}
template <class T>
inline Xmm shift_right_each(const Xmm& a, const Xmm& count) {
  return each<T, Xmm>(a, count, [](T v, T n) { return n < 8 * sizeof(T) ? v >> n : T{0}; });
}
// VPSRAVD.
inline Xmm shift_sign_each(const Xmm& a, const Xmm& count) {
  return each<uint32_t, Xmm>(
      a, count, [](uint32_t v, uint32_t n) { return static_cast<int32_t>(v) >> (n < 31 ? n : 31); });
}

// VPERMILPS, VPERMILPD by a register; by an immediate they are PSHUFD and SHUFPD.
inline Xmm permute_singles(const Xmm& a, const Xmm& control) {
  Xmm r;
  for (unsigned k = 0; k < 4; ++k) r.put<uint32_t>(k, a.get<uint32_t>(control.get<uint32_t>(k) & 3));
  return r;
}
inline Xmm permute_doubles(const Xmm& a, const Xmm& control) {
  return {(control.lo & 2) != 0 ? a.hi : a.lo, (control.hi & 2) != 0 ? a.hi : a.lo};
}
inline Xmm permute_doubles_imm(const Xmm& a, uint8_t imm) { return shufpd(a, a, imm); }

}  // namespace ilse::cpu::simd
