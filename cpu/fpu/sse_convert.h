// SSE and SSE2 conversions (Intel SDM vol. 1, 11.4.1.6 and figure 11-8). Same rules as sse_arith.h.
// The MMX forms go by way of the XMM ones, so that the host's x87 registers are never touched;
// the caller does the x87 side (mmx_touch).
#pragma once

#include "cpu/fpu/xmm.h"

namespace ilse::cpu::simd {

// -- Vector to vector.
inline Xmm cvtdq2ps(const Xmm& b) {
  __m128i r;
  asm volatile("cvtdq2ps %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm cvtps2dq(const Xmm& b) {
  __m128i r;
  asm volatile("cvtps2dq %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm cvttps2dq(const Xmm& b) {
  __m128i r;
  asm volatile("cvttps2dq %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm cvtdq2pd(const Xmm& b) {
  __m128i r;
  asm volatile("cvtdq2pd %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm cvtpd2dq(const Xmm& b) {
  __m128i r;
  asm volatile("cvtpd2dq %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm cvttpd2dq(const Xmm& b) {
  __m128i r;
  asm volatile("cvttpd2dq %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm cvtps2pd(const Xmm& b) {
  __m128i r;
  asm volatile("cvtps2pd %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm cvtpd2ps(const Xmm& b) {
  __m128i r;
  asm volatile("cvtpd2ps %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}

// -- Scalar to scalar: the upper part is a's.
inline Xmm cvtss2sd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("cvtss2sd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm cvtsd2ss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("cvtsd2ss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}

// -- Integer register to scalar: the upper part is a's.
inline Xmm cvtsi2ss(const Xmm& a, uint32_t value) {
  __m128i r = host(a);
  asm volatile("cvtsi2ssl %1, %0" : "+x"(r) : "r"(value));
  return guest(r);
}
inline Xmm cvtsi2ss(const Xmm& a, uint64_t value) {
  __m128i r = host(a);
  asm volatile("cvtsi2ssq %1, %0" : "+x"(r) : "r"(value));
  return guest(r);
}
inline Xmm cvtsi2sd(const Xmm& a, uint32_t value) {
  __m128i r = host(a);
  asm volatile("cvtsi2sdl %1, %0" : "+x"(r) : "r"(value));
  return guest(r);
}
inline Xmm cvtsi2sd(const Xmm& a, uint64_t value) {
  __m128i r = host(a);
  asm volatile("cvtsi2sdq %1, %0" : "+x"(r) : "r"(value));
  return guest(r);
}

// -- Scalar to integer register; out of range is the integer indefinite.
inline uint32_t cvtss2si32(const Xmm& b) {
  uint32_t r = 0;
  asm volatile("cvtss2si %1, %0" : "=r"(r) : "x"(host(b)));
  return r;
}
inline uint64_t cvtss2si64(const Xmm& b) {
  uint64_t r = 0;
  asm volatile("cvtss2si %1, %0" : "=r"(r) : "x"(host(b)));
  return r;
}
inline uint32_t cvttss2si32(const Xmm& b) {
  uint32_t r = 0;
  asm volatile("cvttss2si %1, %0" : "=r"(r) : "x"(host(b)));
  return r;
}
inline uint64_t cvttss2si64(const Xmm& b) {
  uint64_t r = 0;
  asm volatile("cvttss2si %1, %0" : "=r"(r) : "x"(host(b)));
  return r;
}
inline uint32_t cvtsd2si32(const Xmm& b) {
  uint32_t r = 0;
  asm volatile("cvtsd2si %1, %0" : "=r"(r) : "x"(host(b)));
  return r;
}
inline uint64_t cvtsd2si64(const Xmm& b) {
  uint64_t r = 0;
  asm volatile("cvtsd2si %1, %0" : "=r"(r) : "x"(host(b)));
  return r;
}
inline uint32_t cvttsd2si32(const Xmm& b) {
  uint32_t r = 0;
  asm volatile("cvttsd2si %1, %0" : "=r"(r) : "x"(host(b)));
  return r;
}
inline uint64_t cvttsd2si64(const Xmm& b) {
  uint64_t r = 0;
  asm volatile("cvttsd2si %1, %0" : "=r"(r) : "x"(host(b)));
  return r;
}

// -- MMX. The upper elements are zeros, which raise nothing.
inline Xmm cvtpi2ps(const Xmm& a, uint64_t b) { return {cvtdq2ps(Xmm{b, 0}).lo, a.hi}; }
inline Xmm cvtpi2pd(uint64_t b) { return cvtdq2pd(Xmm{b, 0}); }
inline uint64_t cvtps2pi(const Xmm& b) { return cvtps2dq(Xmm{b.lo, 0}).lo; }
inline uint64_t cvttps2pi(const Xmm& b) { return cvttps2dq(Xmm{b.lo, 0}).lo; }
inline uint64_t cvtpd2pi(const Xmm& b) { return cvtpd2dq(b).lo; }
inline uint64_t cvttpd2pi(const Xmm& b) { return cvttpd2dq(b).lo; }

}  // namespace ilse::cpu::simd
