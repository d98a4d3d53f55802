// Binary floating point in integers, under the host's MXCSR as sse_arith.h is: for what a baseline x86-64
// host has no instruction for. Fused multiply-add, rounding to an integer, half precision (Intel SDM vol.
// 1, 4.8, 11.5, 14.5; vol. 2, VFMADD132PS, ROUNDPS, VCVTPS2PH).
#pragma once

#include <cstdint>

#include "cpu/fpu/xmm.h"

namespace ilse::cpu::soft {

// a * b + c, rounded once. Of several NaNs the first in the order x, y, z is the result.
uint32_t fma32(uint32_t a, uint32_t b, uint32_t c);
uint64_t fma64(uint64_t a, uint64_t b, uint64_t c);
// Whether PE is set under the guest's MXCSR, which may have unmasked an overflow or underflow
// (sse_inexact.h).
bool fma32_inexact(uint32_t a, uint32_t b, uint32_t c, uint32_t guest);
bool fma64_inexact(uint64_t a, uint64_t b, uint64_t c, uint32_t guest);

// ROUNDPS and so on: imm[2] takes MXCSR's rounding instead of imm[1:0], imm[3] suppresses the inexact flag.
uint32_t round32(uint32_t v, uint8_t imm);
uint64_t round64(uint64_t v, uint8_t imm);

uint32_t half_to_single(uint16_t v);
// imm as for VCVTPS2PH.
uint16_t single_to_half(uint32_t v, uint8_t imm);
bool single_to_half_inexact(uint32_t v, uint8_t imm, uint32_t guest);

}  // namespace ilse::cpu::soft

namespace ilse::cpu::simd {

template <class T>
constexpr bool is_nan(T v) {
  constexpr T kInfinity = sizeof(T) == 4 ? static_cast<T>(0x7F800000) : static_cast<T>(0x7FF0000000000000);
  return static_cast<T>(v << 1) > static_cast<T>(kInfinity << 1);
}
template <class T>
inline T fma_of(T a, T b, T c) {
  if constexpr (sizeof(T) == 4) {
    return soft::fma32(a, b, c);
  } else {
    return soft::fma64(a, b, c);
  }
}
template <class T>
inline bool fma_inexact(T a, T b, T c, uint32_t guest) {
  if constexpr (sizeof(T) == 4) {
    return soft::fma32_inexact(a, b, c, guest);
  } else {
    return soft::fma64_inexact(a, b, c, guest);
  }
}
template <class T>
inline T round_of(T v, uint8_t imm) {
  if constexpr (sizeof(T) == 4) {
    return soft::round32(v, imm);
  } else {
    return soft::round64(v, imm);
  }
}
// ROUNDPS, ROUNDPD.
template <class T>
inline Xmm round_packed(const Xmm& b, uint8_t imm) {
  Xmm r;
  for (unsigned i = 0; i < 16 / sizeof(T); ++i) r.put<T>(i, round_of(b.get<T>(i), imm));
  return r;
}
// ROUNDSS, ROUNDSD.
template <class T>
inline Xmm round_low(const Xmm& a, const Xmm& b, uint8_t imm) {
  Xmm r = a;
  r.put<T>(0, round_of(b.get<T>(0), imm));
  return r;
}
// VCVTPH2PS: the low four halves. VCVTPS2PH: into the low half.
inline Xmm cvtph2ps(const Xmm& b) {
  Xmm r;
  for (unsigned i = 0; i < 4; ++i) r.put<uint32_t>(i, soft::half_to_single(b.get<uint16_t>(i)));
  return r;
}
inline bool cvtps2ph_inexact(const Xmm& b, uint8_t imm, uint32_t guest) {
  bool inexact = false;
  for (unsigned i = 0; i < 4; ++i)
    inexact = inexact || soft::single_to_half_inexact(b.get<uint32_t>(i), imm, guest);
  return inexact;
}
inline Xmm cvtps2ph(const Xmm& b, uint8_t imm) {
  Xmm r{};
  for (unsigned i = 0; i < 4; ++i) r.put<uint16_t>(i, soft::single_to_half(b.get<uint32_t>(i), imm));
  return r;
}

}  // namespace ilse::cpu::simd
