// The 128-bit SSE and the 256-bit AVX register as plain values, and their way to and from the host's
// registers.
//
// Portability: every operation in simd_*.h and sse_*.h is one host instruction or a few, x86-64 only.
// Another host needs twins of those files; this one has nothing but the two conversions to change.
#pragma once

#include <emmintrin.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>

#if !defined(__x86_64__)
#error "no SSE on this host: write twins of cpu/fpu/simd_*.h and sse_*.h"
#endif

namespace ilse::cpu {

struct alignas(16) Xmm {
  uint64_t lo = 0;  // bits 63..0
  uint64_t hi = 0;  // bits 127..64

  constexpr bool operator==(const Xmm&) const = default;
  static constexpr std::array kNames{"lo", "hi"};

  // Element i of the register seen as T[16 / sizeof(T)].
  template <class T>
  T get(unsigned i) const {
    T v;
    std::memcpy(&v, reinterpret_cast<const char*>(this) + (i % (16 / sizeof(T))) * sizeof(T), sizeof(T));
    return v;
  }
  template <class T>
  void put(unsigned i, T v) {
    std::memcpy(reinterpret_cast<char*>(this) + (i % (16 / sizeof(T))) * sizeof(T), &v, sizeof(T));
  }
};

// The 256-bit AVX register; lane 0 is the XMM register of the same number.
struct alignas(32) Ymm {
  std::array<Xmm, 2> lane{};

  constexpr bool operator==(const Ymm&) const = default;
  static constexpr std::array kNames{"lane"};
};

namespace simd {

inline __m128i host(const Xmm& v) { return std::bit_cast<__m128i>(v); }
inline Xmm guest(__m128i v) { return std::bit_cast<Xmm>(v); }

// Part k of a value that is made of 128-bit lanes. One of a single lane serves every k: a shift count.
inline const Xmm& lane_of(const Xmm& v, unsigned) { return v; }
inline const Xmm& lane_of(const Ymm& v, unsigned k) { return v.lane[k]; }
template <class V>
inline constexpr unsigned kLanes = sizeof(V) / 16;
// A register of lanes f(0), f(1): how an operation on 128 bits becomes one on any width.
template <class V, class F>
inline V by_lane(F f) {
  if constexpr (kLanes<V> == 1) {
    return f(0u);
  } else {
    Xmm low = f(0u);
    return {{low, f(1u)}};
  }
}

}  // namespace simd
}  // namespace ilse::cpu
