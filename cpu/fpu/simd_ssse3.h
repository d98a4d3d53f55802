// SSSE3 (Intel SDM vol. 2, under each name), for XMM and MMX registers: op(destination, source).
#pragma once

#include "cpu/fpu/simd_elements.h"

namespace ilse::cpu::simd {

// -- Pairs of neighbours: those of a in the low half of the result, those of b in the high half.
template <class T, class R, class F>
inline R neighbours(In<R> a, In<R> b, F f) {
  auto x = elements<T, R>(a), y = elements<T, R>(b), r = x;
  constexpr size_t kHalf = sizeof(R) / sizeof(T) / 2;
  for (size_t i = 0; i < kHalf; ++i) {
    r[i] = static_cast<T>(f(x[2 * i], x[2 * i + 1]));
    r[kHalf + i] = static_cast<T>(f(y[2 * i], y[2 * i + 1]));
  }
  return packed<R>(r);
}
template <class R>
inline R phaddw(In<R> a, In<R> b) {
  return neighbours<uint16_t, R>(a, b, [](uint16_t l, uint16_t h) { return l + h; });
}
template <class R>
inline R phaddd(In<R> a, In<R> b) {
  return neighbours<uint32_t, R>(a, b, [](uint32_t l, uint32_t h) { return l + h; });
}
template <class R>
inline R phaddsw(In<R> a, In<R> b) {
  return neighbours<int16_t, R>(a, b, [](int l, int h) { return saturate<int16_t>(l + h); });
}
template <class R>
inline R phsubw(In<R> a, In<R> b) {
  return neighbours<uint16_t, R>(a, b, [](uint16_t l, uint16_t h) { return l - h; });
}
template <class R>
inline R phsubd(In<R> a, In<R> b) {
  return neighbours<uint32_t, R>(a, b, [](uint32_t l, uint32_t h) { return l - h; });
}
template <class R>
inline R phsubsw(In<R> a, In<R> b) {
  return neighbours<int16_t, R>(a, b, [](int l, int h) { return saturate<int16_t>(l - h); });
}

// -- Multiplication: unsigned bytes of a by signed ones of b; the rounded high part.
template <class R>
inline R pmaddubsw(In<R> a, In<R> b) {
  auto x = elements<uint8_t, R>(a);
  auto y = elements<int8_t, R>(b);
  Elements<int16_t, R> r{};
  for (size_t i = 0; i < r.size(); ++i) {
    r[i] = saturate<int16_t>(x[2 * i] * y[2 * i] + x[2 * i + 1] * y[2 * i + 1]);
  }
  return packed<R>(r);
}
template <class R>
inline R pmulhrsw(In<R> a, In<R> b) {
  return each<int16_t, R>(a, b, [](int x, int y) { return ((x * y >> 14) + 1) >> 1; });
}

// -- Signs: of the source, put on the destination; absolute values.
template <class T, class R>
inline R put_sign(In<R> a, In<R> b) {
  using U = std::make_unsigned_t<T>;
  return each<T, R>(a, b, [](T x, T y) {
    return y < 0 ? U{0} - static_cast<U>(x) : y == 0 ? U{0} : static_cast<U>(x);
  });
}
template <class R>
inline R psignb(In<R> a, In<R> b) {
  return put_sign<int8_t, R>(a, b);
}
template <class R>
inline R psignw(In<R> a, In<R> b) {
  return put_sign<int16_t, R>(a, b);
}
template <class R>
inline R psignd(In<R> a, In<R> b) {
  return put_sign<int32_t, R>(a, b);
}
template <class R>
inline R pabsb(In<R> b) {
  return put_sign<int8_t, R>(b, b);
}
template <class R>
inline R pabsw(In<R> b) {
  return put_sign<int16_t, R>(b, b);
}
template <class R>
inline R pabsd(In<R> b) {
  return put_sign<int32_t, R>(b, b);
}

// -- Bytes by index, and out of the middle of two registers.
template <class R>
inline R pshufb(In<R> a, In<R> b) {
  auto x = elements<uint8_t, R>(a), y = elements<uint8_t, R>(b);
  for (uint8_t& e : y) e = (e & 0x80) != 0 ? uint8_t{0} : x[e & (sizeof(R) - 1)];
  return packed<R>(y);
}
template <class R>
inline R palignr(In<R> a, In<R> b, uint8_t imm) {
  std::array<uint8_t, 3 * sizeof(R)> both{};
  std::memcpy(both.data(), &b, sizeof(R));
  std::memcpy(both.data() + sizeof(R), &a, sizeof(R));
  R r{};
  if (imm < 2 * sizeof(R)) std::memcpy(&r, both.data() + imm, sizeof(R));
  return r;
}

}  // namespace ilse::cpu::simd
