// A register as an array of elements, for operations that are written as loops: R is Xmm, or uint64_t for the
// MMX form of the same operation.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <type_traits>

#include "cpu/fpu/xmm.h"

namespace ilse::cpu::simd {

template <class R>
using In = std::conditional_t<std::is_integral_v<R>, R, const R&>;

template <class T, class R>
using Elements = std::array<T, sizeof(R) / sizeof(T)>;

template <class T, class R>
inline Elements<T, R> elements(const R& r) {
  return std::bit_cast<Elements<T, R>>(r);
}
template <class R, class T, size_t N>
inline R packed(const std::array<T, N>& e) {
  return std::bit_cast<R>(e);
}

template <class T, class R, class F>
inline R each(In<R> a, F f) {
  auto x = elements<T, R>(a);
  for (T& e : x) e = static_cast<T>(f(e));
  return packed<R>(x);
}
template <class T, class R, class F>
inline R each(In<R> a, In<R> b, F f) {
  auto x = elements<T, R>(a), y = elements<T, R>(b);
  for (size_t i = 0; i < x.size(); ++i) x[i] = static_cast<T>(f(x[i], y[i]));
  return packed<R>(x);
}

// The nearest value of the narrower type To.
template <class To>
inline To saturate(int64_t v) {
  constexpr int64_t kLow = std::is_signed_v<To> ? -(int64_t{1} << (8 * sizeof(To) - 1)) : 0;
  constexpr int64_t kHigh = (int64_t{1} << (8 * sizeof(To) - (std::is_signed_v<To> ? 1 : 0))) - 1;
  return static_cast<To>(v < kLow ? kLow : v > kHigh ? kHigh : v);
}

}  // namespace ilse::cpu::simd
