// SSE and SSE2 floating point: arithmetic and comparison (Intel SDM vol. 1, chapters 10 and 11).
// A function is an instruction, op(destination, source); scalar forms keep the upper part of the destination.
//
// They run under the host's MXCSR as it is, which must be the guest's with all exceptions masked:
// see mxcsr.h. They are volatile assembly because a compiler may otherwise exchange operands (whose order
// decides which NaN comes out), fold constants, or move them over a change of MXCSR.
#pragma once

#include "cpu/fpu/xmm.h"

namespace ilse::cpu::simd {

inline Xmm addps(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("addps %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm addpd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("addpd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm addss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("addss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm addsd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("addsd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}

inline Xmm subps(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("subps %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm subpd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("subpd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm subss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("subss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm subsd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("subsd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}

inline Xmm mulps(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("mulps %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm mulpd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("mulpd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm mulss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("mulss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm mulsd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("mulsd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}

inline Xmm divps(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("divps %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm divpd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("divpd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm divss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("divss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm divsd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("divsd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}

inline Xmm minps(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("minps %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm minpd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("minpd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm minss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("minss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm minsd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("minsd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}

inline Xmm maxps(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("maxps %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm maxpd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("maxpd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm maxss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("maxss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm maxsd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("maxsd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}

// -- Roots.
inline Xmm sqrtss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("sqrtss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm sqrtsd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("sqrtsd %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm sqrtps(const Xmm& b) {
  __m128i r;
  asm volatile("sqrtps %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm sqrtpd(const Xmm& b) {
  __m128i r;
  asm volatile("sqrtpd %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}

// -- Approximations: the host's own table, as the manual leaves the low bits to the model.
inline Xmm rcpps(const Xmm& b) {
  __m128i r;
  asm volatile("rcpps %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm rcpss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("rcpss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm rsqrtps(const Xmm& b) {
  __m128i r;
  asm volatile("rsqrtps %1, %0" : "=x"(r) : "x"(host(b)));
  return guest(r);
}
inline Xmm rsqrtss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("rsqrtss %1, %0" : "+x"(r) : "x"(host(b)));
  return guest(r);
}

// -- Comparison to a mask; predicates 0..7: EQ LT LE UNORD NEQ NLT NLE ORD.
template <uint8_t predicate>
inline Xmm cmpps(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("cmpps %2, %1, %0" : "+x"(r) : "x"(host(b)), "i"(predicate));
  return guest(r);
}
template <uint8_t predicate>
inline Xmm cmppd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("cmppd %2, %1, %0" : "+x"(r) : "x"(host(b)), "i"(predicate));
  return guest(r);
}
template <uint8_t predicate>
inline Xmm cmpss(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("cmpss %2, %1, %0" : "+x"(r) : "x"(host(b)), "i"(predicate));
  return guest(r);
}
template <uint8_t predicate>
inline Xmm cmpsd(const Xmm& a, const Xmm& b) {
  __m128i r = host(a);
  asm volatile("cmpsd %2, %1, %0" : "+x"(r) : "x"(host(b)), "i"(predicate));
  return guest(r);
}
inline Xmm cmpps(const Xmm& a, const Xmm& b, uint8_t predicate) {
  switch (predicate & 7) {
    case 0: return cmpps<0>(a, b);
    case 1: return cmpps<1>(a, b);
    case 2: return cmpps<2>(a, b);
    case 3: return cmpps<3>(a, b);
    case 4: return cmpps<4>(a, b);
    case 5: return cmpps<5>(a, b);
    case 6: return cmpps<6>(a, b);
    default: return cmpps<7>(a, b);
  }
}
inline Xmm cmppd(const Xmm& a, const Xmm& b, uint8_t predicate) {
  switch (predicate & 7) {
    case 0: return cmppd<0>(a, b);
    case 1: return cmppd<1>(a, b);
    case 2: return cmppd<2>(a, b);
    case 3: return cmppd<3>(a, b);
    case 4: return cmppd<4>(a, b);
    case 5: return cmppd<5>(a, b);
    case 6: return cmppd<6>(a, b);
    default: return cmppd<7>(a, b);
  }
}
inline Xmm cmpss(const Xmm& a, const Xmm& b, uint8_t predicate) {
  switch (predicate & 7) {
    case 0: return cmpss<0>(a, b);
    case 1: return cmpss<1>(a, b);
    case 2: return cmpss<2>(a, b);
    case 3: return cmpss<3>(a, b);
    case 4: return cmpss<4>(a, b);
    case 5: return cmpss<5>(a, b);
    case 6: return cmpss<6>(a, b);
    default: return cmpss<7>(a, b);
  }
}
inline Xmm cmpsd(const Xmm& a, const Xmm& b, uint8_t predicate) {
  switch (predicate & 7) {
    case 0: return cmpsd<0>(a, b);
    case 1: return cmpsd<1>(a, b);
    case 2: return cmpsd<2>(a, b);
    case 3: return cmpsd<3>(a, b);
    case 4: return cmpsd<4>(a, b);
    case 5: return cmpsd<5>(a, b);
    case 6: return cmpsd<6>(a, b);
    default: return cmpsd<7>(a, b);
  }
}

// -- Comparison to EFLAGS; OF, SF and AF become 0.
struct CompareFlags {
  bool zf, pf, cf;
  bool operator==(const CompareFlags&) const = default;
};
inline CompareFlags comiss(const Xmm& a, const Xmm& b) {
  CompareFlags f;
  asm volatile("comiss %4, %3" : "=@ccz"(f.zf), "=@ccp"(f.pf), "=@ccc"(f.cf) : "x"(host(a)), "x"(host(b)));
  return f;
}
inline CompareFlags comisd(const Xmm& a, const Xmm& b) {
  CompareFlags f;
  asm volatile("comisd %4, %3" : "=@ccz"(f.zf), "=@ccp"(f.pf), "=@ccc"(f.cf) : "x"(host(a)), "x"(host(b)));
  return f;
}
inline CompareFlags ucomiss(const Xmm& a, const Xmm& b) {
  CompareFlags f;
  asm volatile("ucomiss %4, %3" : "=@ccz"(f.zf), "=@ccp"(f.pf), "=@ccc"(f.cf) : "x"(host(a)), "x"(host(b)));
  return f;
}
inline CompareFlags ucomisd(const Xmm& a, const Xmm& b) {
  CompareFlags f;
  asm volatile("ucomisd %4, %3" : "=@ccz"(f.zf), "=@ccp"(f.pf), "=@ccc"(f.cf) : "x"(host(a)), "x"(host(b)));
  return f;
}

}  // namespace ilse::cpu::simd
