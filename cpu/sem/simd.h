// MMX, SSE and AVX instructions as templates over a model (DESIGN.md §1; Intel SDM vol. 2). What each one
// computes is in cpu/fpu/; here is how its operands are read, checked and written. Later extensions:
// simd_more.h.
#pragma once

#include <type_traits>

#include "cpu/fpu/sse.h"
#include "cpu/fpu/sse_horizontal.h"
#include "cpu/isa/operands.h"
#include "cpu/sem/flow.h"
#include "cpu/sem/integer.h"

namespace ilse::cpu::sem {

template <class Op>
inline constexpr bool kIsMemory = false;
template <class T>
inline constexpr bool kIsMemory<MemOp<T>> = true;
template <class V>
inline constexpr bool kIsMemory<VecMemAligned<V>> = true;
template <class V>
inline constexpr bool kIsMemory<VecMem<V>> = true;
template <class T>
inline constexpr bool kIsMemory<XmmLowMem<T>> = true;
template <class T>
inline constexpr bool kIsMemory<XmmLowMemUnchecked<T>> = true;

using simd::by_lane;
using simd::lane_of;

// --- moves -------------------------------------------------------------------------------------------
// MOVAPS, MOVUPS, MOVDQA and so on; also MOVNTPS, MOVNTDQ.
struct MoveXmm : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, m.read(s));
  }
};
// MOVSS, MOVSD: a load clears what is above, a move between registers keeps it.
template <class T>
struct MoveScalar : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    if constexpr (kIsMemory<D> || kIsMemory<S>) {
      m.write(d, m.read(s));
    } else {
      run(m, d, d, s);
    }
  }
  template <class M, class D, class A, class B>
  static void run(M& m, D d, A a, B b) {
    Xmm r = m.read(a);
    r.put<T>(0, m.read(b).template get<T>(0));
    m.write(d, r);
  }
};
// MOVQ between XMM registers and memory.
struct MoveQ : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, Xmm{m.read(s).lo, 0});
  }
};
// MOVLPS, MOVHPS and the PD forms: one half of the register, the other kept.
struct LoadLow : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    run(m, d, d, s);
  }
  template <class M, class D, class A, class S>
  static void run(M& m, D d, A a, S s) {
    uint64_t b = m.read(s);
    m.write(d, Xmm{b, m.read(a).hi});
  }
};
struct LoadHigh : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    run(m, d, d, s);
  }
  template <class M, class D, class A, class S>
  static void run(M& m, D d, A a, S s) {
    uint64_t b = m.read(s);
    m.write(d, Xmm{m.read(a).lo, b});
  }
};
struct StoreLow : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, m.read(s).lo);
  }
};
struct StoreHigh : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, m.read(s).hi);
  }
};
struct Movhlps : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    run(m, d, d, s);
  }
  template <class M, class D, class A, class S>
  static void run(M& m, D d, A a, S s) {
    m.write(d, Xmm{m.read(s).hi, m.read(a).hi});
  }
};
struct Movlhps : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    run(m, d, d, s);
  }
  template <class M, class D, class A, class S>
  static void run(M& m, D d, A a, S s) {
    m.write(d, Xmm{m.read(a).lo, m.read(s).lo});
  }
};
// MOVD, MOVQ with general registers.
struct MoveFromGpr : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, Xmm{m.read(s), 0});
  }
};
struct MoveToGpr : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, static_cast<TypeOf<D>>(m.read(s).lo));
  }
};

// --- integer and logic -------------------------------------------------------------------------------
using XmmBinary = Xmm (*)(const Xmm&, const Xmm&);
using XmmUnary = Xmm (*)(const Xmm&);

// The legacy form's destination is also its first source; the VEX form names both, and may have two lanes.
template <XmmBinary F>
struct Packed : Straight {
  template <class M, class D, class B>
  static void run(M& m, D d, B b) {
    run(m, d, d, b);
  }
  template <class M, class D, class A, class B>
  static void run(M& m, D d, A a, B b) {
    auto y = m.read(b);
    auto x = m.read(a);
    m.write(d, by_lane<TypeOf<D>>([&](unsigned k) { return F(lane_of(x, k), lane_of(y, k)); }));
  }
};
template <XmmUnary F>
struct PackedUnary : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto b = m.read(s);
    m.write(d, by_lane<TypeOf<D>>([&](unsigned k) { return F(lane_of(b, k)); }));
  }
};
// A third operand: a mask to blend by, the message of SHA256RNDS2.
template <Xmm (*F)(const Xmm&, const Xmm&, const Xmm&)>
struct PackedTernary : Straight {
  template <class M, class D, class B, class C>
  static void run(M& m, D d, B b, C c) {
    run(m, d, d, b, c);
  }
  template <class M, class D, class A, class B, class C>
  static void run(M& m, D d, A a, B b, C c) {
    auto y = m.read(b);
    auto x = m.read(a);
    auto z = m.read(c);
    m.write(d,
            by_lane<TypeOf<D>>([&](unsigned k) { return F(lane_of(x, k), lane_of(y, k), lane_of(z, k)); }));
  }
};
// Groups 12 to 14: shifts by an immediate count.
template <XmmBinary F>
struct PackedShift : Straight {
  template <class M, class D, class I>
  static void run(M& m, D d, I i) {
    run(m, d, d, i);
  }
  template <class M, class D, class A, class I>
  static void run(M& m, D d, A a, I i) {
    auto x = m.read(a);
    m.write(d, by_lane<TypeOf<D>>([&](unsigned k) { return F(lane_of(x, k), Xmm{m.read(i), 0}); }));
  }
};
template <Xmm (*F)(const Xmm&, uint8_t)>
struct ByteShift : Straight {
  template <class M, class D, class I>
  static void run(M& m, D d, I i) {
    run(m, d, d, i);
  }
  template <class M, class D, class A, class I>
  static void run(M& m, D d, A a, I i) {
    auto x = m.read(a);
    m.write(d, by_lane<TypeOf<D>>([&](unsigned k) { return F(lane_of(x, k), m.read(i)); }));
  }
};
// PSHUFD and its kin. The second lane takes the immediate's bits from kBits on.
template <Xmm (*F)(const Xmm&, uint8_t), unsigned kBits = 0>
struct Shuffle : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    auto b = m.read(s);
    uint8_t imm = m.read(i);
    m.write(d, by_lane<TypeOf<D>>(
                   [&](unsigned k) { return F(lane_of(b, k), static_cast<uint8_t>(imm >> k * kBits)); }));
  }
};
// SHUFPS, SHUFPD, blends, PALIGNR...
template <Xmm (*F)(const Xmm&, const Xmm&, uint8_t), unsigned kBits = 0>
struct Shuffle2 : Straight {
  template <class M, class D, class B, class I>
  static void run(M& m, D d, B b, I i) {
    run(m, d, d, b, i);
  }
  template <class M, class D, class A, class B, class I>
  static void run(M& m, D d, A a, B b, I i) {
    auto y = m.read(b);
    auto x = m.read(a);
    uint8_t imm = m.read(i);
    m.write(d, by_lane<TypeOf<D>>([&](unsigned k) {
              return F(lane_of(x, k), lane_of(y, k), static_cast<uint8_t>(imm >> k * kBits));
            }));
  }
};
// PMOVSX, PMOVZX: each lane of the result takes its part of the source, which is a kRatio-th as wide.
template <unsigned kRatio>
inline Xmm part_of_source(const Xmm& b, unsigned k) {
  if (k == 0) return b;
  if constexpr (kRatio == 2) {
    return {b.hi, 0};
  } else {
    return {b.lo >> 128 / kRatio, 0};
  }
}
template <XmmUnary F, unsigned kRatio>
struct Widen : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s);
    m.write(d, by_lane<TypeOf<D>>([&](unsigned k) { return F(part_of_source<kRatio>(b, k)); }));
  }
};
struct Pinsrw : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    run(m, d, d, s, i);
  }
  template <class M, class D, class A, class S, class I>
  static void run(M& m, D d, A a, S s, I i) {
    auto b = m.read(s);
    m.write(d, simd::pinsrw(m.read(a), b, m.read(i)));
  }
};
struct Pextrw : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    m.write(d, static_cast<TypeOf<D>>(simd::pextrw(m.read(s), m.read(i))));
  }
};
// PMOVMSKB, MOVMSKPS, MOVMSKPD: kBits of each lane.
template <uint32_t (*F)(const Xmm&), unsigned kBits = 16>
struct Mask : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto b = m.read(s);
    uint32_t mask = 0;
    for (unsigned k = 0; k < simd::kLanes<decltype(b)>; ++k) mask |= F(lane_of(b, k)) << k * kBits;
    m.write(d, mask);
  }
};

// --- floating point ----------------------------------------------------------------------------------
// The operations whose results can be out of range.
template <XmmBinary F>
constexpr SseMath sse_math() {
  using namespace simd;
  if (F == addps || F == addpd || F == addss || F == addsd) return SseMath::Add;
  if (F == subps || F == subpd || F == subss || F == subsd) return SseMath::Sub;
  if (F == mulps || F == mulpd || F == mulss || F == mulsd) return SseMath::Mul;
  if (F == divps || F == divpd || F == divss || F == divsd) return SseMath::Div;
  return SseMath::Narrow;
}
// F of values that are read, with its exceptions.
template <class V, XmmBinary F, SseRounds kRounds, class M, class X, class Y>
V rounded(M& m, const X& x, const Y& y) {
  return m.floating(
      kRounds, [&] { return by_lane<V>([&](unsigned k) { return F(lane_of(x, k), lane_of(y, k)); }); },
      [&](uint32_t mxcsr) {
        bool inexact = false;
        for (unsigned k = 0; k < simd::kLanes<X>; ++k) {
          inexact = inexact || sse_inexact(sse_math<F>(), kRounds, F, lane_of(x, k), lane_of(y, k), mxcsr);
        }
        return inexact;
      });
}

template <XmmUnary F>
inline Xmm of_second(const Xmm&, const Xmm& b) {
  return F(b);
}

template <XmmBinary F, SseRounds kRounds>
struct Floating : Straight {
  template <class M, class D, class B>
  static void run(M& m, D d, B b) {
    run(m, d, d, b);
  }
  template <class M, class D, class A, class B>
  static void run(M& m, D d, A a, B b) {
    auto y = m.read(b);
    auto x = m.read(a);
    m.write(d, rounded<TypeOf<D>, F, kRounds>(m, x, y));
  }
};
// HADDPS, ADDSUBPD and so on: F of operands that kLeft and kRight put together.
template <XmmBinary F, SseRounds kRounds, XmmBinary kLeft, XmmBinary kRight>
struct FloatingOf : Straight {
  template <class M, class D, class B>
  static void run(M& m, D d, B b) {
    run(m, d, d, b);
  }
  template <class M, class D, class A, class B>
  static void run(M& m, D d, A a, B b) {
    using V = TypeOf<D>;
    V y = m.read(b), x = m.read(a);
    V left = by_lane<V>([&](unsigned k) { return kLeft(lane_of(x, k), lane_of(y, k)); });
    V right = by_lane<V>([&](unsigned k) { return kRight(lane_of(x, k), lane_of(y, k)); });
    m.write(d, rounded<V, F, kRounds>(m, left, right));
  }
};
// DPPS, DPPD: each step has its exceptions, and the next one comes only after it.
template <class T>
struct DotProduct : Straight {
  static constexpr bool kSingle = sizeof(T) == 4;
  static constexpr SseRounds kRounds = kSingle ? SseRounds::kPackedSingle : SseRounds::kPackedDouble;
  template <class V, class F>
  static V mapped(const V& v, F f) {
    return by_lane<V>([&](unsigned k) { return f(lane_of(v, k)); });
  }
  template <class M, class D, class B, class I>
  static void run(M& m, D d, B b, I i) {
    run(m, d, d, b, i);
  }
  template <class M, class D, class A, class B, class I>
  static void run(M& m, D d, A a, B b, I i) {
    using V = TypeOf<D>;
    V y = m.read(b), x = m.read(a);
    uint8_t imm = m.read(i);
    auto chosen = [](unsigned bits) {
      return [bits](const Xmm& v) { return simd::pand(v, simd::element_mask<T>(bits)); };
    };
    auto swapped = [](const Xmm& v) { return kSingle ? simd::shufps(v, v, 0xB1) : Xmm{v.hi, v.lo}; };
    constexpr XmmBinary kMul = kSingle ? simd::mulps : simd::mulpd,
                        kAdd = kSingle ? simd::addps : simd::addpd;
    V p = rounded<V, kMul, kRounds>(m, mapped(x, chosen(imm >> 4)), mapped(y, chosen(imm >> 4)));
    // Each element has its own order of addition, which decides between NaNs.
    V sum = kSingle ? rounded<V, kAdd, kRounds>(m, mapped(p, swapped), p)
                    : rounded<V, kAdd, kRounds>(m, p, mapped(p, swapped));
    if constexpr (kSingle) {
      sum = rounded<V, kAdd, kRounds>(m, sum,
                                      mapped(sum, [](const Xmm& v) { return simd::shufps(v, v, 0x4E); }));
    }
    m.write(d, mapped(sum, chosen(imm & 15)));
  }
};
template <XmmUnary F, SseRounds kRounds>
struct FloatingUnary : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto b = m.read(s);
    m.write(d, rounded<TypeOf<D>, of_second<F>, kRounds>(m, b, b));
  }
};
// CVTPS2PD, CVTDQ2PD, VCVTPH2PS: to elements twice as wide.
template <XmmUnary F>
struct FloatingWiden : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s);
    m.write(d, m.floating(SseRounds::kNothing, [&] {
      return by_lane<TypeOf<D>>([&](unsigned k) { return F(part_of_source<2>(b, k)); });
    }));
  }
};
// CVTPD2PS, CVTPD2DQ...: to elements half as wide; F gives half a register.
template <XmmUnary F, SseRounds kRounds>
struct FloatingNarrow : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto b = m.read(s);
    constexpr unsigned kCount = simd::kLanes<decltype(b)>;
    m.write(d, m.floating(
                   kRounds,
                   [&] {
                     Xmm r = F(lane_of(b, 0));
                     if constexpr (kCount == 2) r.hi = F(lane_of(b, 1)).lo;
                     return r;
                   },
                   [&](uint32_t mxcsr) {
                     bool inexact = false;
                     for (unsigned k = 0; k < kCount; ++k) {
                       const Xmm& x = lane_of(b, k);
                       inexact = inexact || sse_inexact(SseMath::Narrow, kRounds, of_second<F>, x, x, mxcsr);
                     }
                     return inexact;
                   }));
  }
};
// With an immediate: CMPPS, DPPS, ROUNDSS. Of the immediate kImm counts: the legacy forms of CMPPS and its
// kin have eight predicates, the VEX forms 32.
template <Xmm (*F)(const Xmm&, const Xmm&, uint8_t), SseRounds kRounds = SseRounds::kNothing,
          uint8_t kImm = 0xFF>
struct FloatingImm : Straight {
  template <class M, class D, class B, class I>
  static void run(M& m, D d, B b, I i) {
    run(m, d, d, b, i);
  }
  template <class M, class D, class A, class B, class I>
  static void run(M& m, D d, A a, B b, I i) {
    auto y = m.read(b);
    auto x = m.read(a);
    uint8_t imm = m.read(i) & kImm;
    m.write(d, m.floating(kRounds, [&] {
      return by_lane<TypeOf<D>>([&](unsigned k) { return F(lane_of(x, k), lane_of(y, k), imm); });
    }));
  }
};
template <Xmm (*F)(const Xmm&, uint8_t)>
struct FloatingUnaryImm : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    auto b = m.read(s);
    uint8_t imm = m.read(i);
    m.write(d, m.floating(SseRounds::kNothing, [&] {
      return by_lane<TypeOf<D>>([&](unsigned k) { return F(lane_of(b, k), imm); });
    }));
  }
};
// COMISS, UCOMISD...
template <simd::CompareFlags (*F)(const Xmm&, const Xmm&)>
struct CompareToFlags : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s), a = m.read(d);
    auto r = m.floating(SseRounds::kNothing, [&] { return F(a, b); });
    m.set_compare_flags(r.zf, r.pf, r.cf);
  }
};
// CVTSI2SS, CVTSI2SD.
template <Xmm (*F32)(const Xmm&, uint32_t), Xmm (*F64)(const Xmm&, uint64_t), SseRounds kRounds>
struct FromInteger : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    run(m, d, d, s);
  }
  template <class M, class D, class A, class S>
  static void run(M& m, D d, A above, S s) {
    auto b = m.read(s);
    Xmm a = m.read(above);
    m.write(d, m.floating(kRounds, [&] {
      if constexpr (sizeof b == 8) {
        return F64(a, b);
      } else {
        return F32(a, b);
      }
    }));
  }
};
// CVTSS2SI, CVTTSD2SI...
template <uint32_t (*F32)(const Xmm&), uint64_t (*F64)(const Xmm&)>
struct ToInteger : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s);
    m.write(d, m.floating(SseRounds::kNothing, [&] {
      if constexpr (sizeof(TypeOf<D>) == 8) {
        return F64(b);
      } else {
        return F32(b);
      }
    }));
  }
};

template <class... O>
inline constexpr bool kStores = false;
template <class First, class... Rest>
inline constexpr bool kStores<First, Rest...> = kIsMemory<First>;

// --- MMX ---------------------------------------------------------------------------------------------
// Any instruction with an MMX register: reports a waiting x87 error first, and leaves the x87 stack full.
template <class I>
struct OnMmx : Straight {
  template <class M, class... O>
  static void run(M& m, O... o) {
    if (!m.wait_fpu()) return;
    // A store moves TOP even if it faults.
    if constexpr (kStores<O...>) m.fpu().set_top(0);
    I::run(m, o...);
    m.touch_mmx();
  }
};
using MmxBinary = uint64_t (*)(uint64_t, uint64_t);

struct MoveMmx : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, static_cast<TypeOf<D>>(m.read(s)));
  }
};
template <MmxBinary F>
struct PackedMmx : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    uint64_t b = m.read(s);
    m.write(d, F(m.read(d), b));
  }
};
template <uint64_t (*F)(uint64_t)>
struct UnaryMmx : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, F(m.read(s)));
  }
};
template <uint64_t (*F)(uint64_t, uint64_t, uint8_t)>
struct ShuffleMmx : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    uint64_t b = m.read(s);
    m.write(d, F(m.read(d), b, m.read(i)));
  }
};
struct Pshufw : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    m.write(d, simd::pshufw(m.read(s), m.read(i)));
  }
};
struct PmovmskbMmx : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, simd::pmovmskb(m.read(s)));
  }
};
struct Emms : Straight {
  template <class M>
  static void run(M& m) {
    if (m.wait_fpu()) m.empty_mmx();
  }
};
struct Movdq2q : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, m.read(s).lo);
  }
};
struct Movq2dq : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, Xmm{m.read(s), 0});
  }
};
// CVTPI2PS, CVTPI2PD: the memory forms have nothing to do with MMX state. #XM comes after the change of it.
struct Cvtpi2ps : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    if (!kIsMemory<S> && !m.wait_fpu()) return;
    uint64_t b = m.read(s);
    Xmm a = m.read(d);
    if (!kIsMemory<S>) m.touch_mmx();
    m.write(d, m.floating(SseRounds::kNothing, [&] { return simd::cvtpi2ps(a, b); }));
  }
};
struct Cvtpi2pd : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    if (!kIsMemory<S> && !m.wait_fpu()) return;
    uint64_t b = m.read(s);
    if (!kIsMemory<S>) m.touch_mmx();
    m.write(d, simd::cvtpi2pd(b));
  }
};
// CVTPS2PI, CVTTPD2PI...
template <uint64_t (*F)(const Xmm&)>
struct ToMmx : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s);
    m.touch_mmx();
    m.write(d, m.floating(SseRounds::kNothing, [&] { return F(b); }));
  }
};

}  // namespace ilse::cpu::sem
