// MMX, SSE and SSE2 instructions as templates over a model (DESIGN.md §1; Intel SDM vol. 2). What each one
// computes is in cpu/fpu/; here is how its operands are read, checked and written.
#pragma once

#include <type_traits>

#include "cpu/fpu/sse.h"
#include "cpu/isa/operands.h"
#include "cpu/sem/flow.h"
#include "cpu/sem/integer.h"

namespace ilse::cpu::sem {

template <class Op>
inline constexpr bool kIsMemory = false;
template <class T>
inline constexpr bool kIsMemory<MemOp<T>> = true;
template <>
inline constexpr bool kIsMemory<XmmMem> = true;
template <>
inline constexpr bool kIsMemory<XmmMemUnaligned> = true;
template <class T>
inline constexpr bool kIsMemory<XmmLowMem<T>> = true;

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
      Xmm r = m.read(d);
      r.put<T>(0, m.read(s).template get<T>(0));
      m.write(d, r);
    }
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
    uint64_t b = m.read(s);
    m.write(d, Xmm{b, m.read(d).hi});
  }
};
struct LoadHigh : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    uint64_t b = m.read(s);
    m.write(d, Xmm{m.read(d).lo, b});
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
    m.write(d, Xmm{m.read(s).hi, m.read(d).hi});
  }
};
struct Movlhps : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, Xmm{m.read(d).lo, m.read(s).lo});
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

template <XmmBinary F>
struct Packed : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s);
    m.write(d, F(m.read(d), b));
  }
};
// Groups 12 to 14: shifts by an immediate count.
template <XmmBinary F>
struct PackedShift : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, F(m.read(d), Xmm{m.read(s), 0}));
  }
};
template <Xmm (*F)(const Xmm&, uint8_t)>
struct ByteShift : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, F(m.read(d), m.read(s)));
  }
};
// PSHUFD and its kin.
template <Xmm (*F)(const Xmm&, uint8_t)>
struct Shuffle : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    m.write(d, F(m.read(s), m.read(i)));
  }
};
// SHUFPS, SHUFPD.
template <Xmm (*F)(const Xmm&, const Xmm&, uint8_t)>
struct Shuffle2 : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    Xmm b = m.read(s);
    m.write(d, F(m.read(d), b, m.read(i)));
  }
};
struct Pinsrw : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    auto b = m.read(s);
    m.write(d, simd::pinsrw(m.read(d), b, m.read(i)));
  }
};
struct Pextrw : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    m.write(d, simd::pextrw(m.read(s), m.read(i)));
  }
};
// PMOVMSKB, MOVMSKPS, MOVMSKPD.
template <uint32_t (*F)(const Xmm&)>
struct Mask : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, F(m.read(s)));
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

template <XmmBinary F, SseRounds kRounds>
struct Floating : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s), a = m.read(d);
    m.write(d, m.floating(
                   kRounds, [&] { return F(a, b); },
                   [&](uint32_t mxcsr) { return sse_inexact(sse_math<F>(), kRounds, F, a, b, mxcsr); }));
  }
};
template <XmmUnary F, SseRounds kRounds>
struct FloatingUnary : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s);
    constexpr XmmBinary kSecond = [](const Xmm&, const Xmm& x) { return F(x); };
    m.write(d,
            m.floating(
                kRounds, [&] { return F(b); },
                [&](uint32_t mxcsr) { return sse_inexact(SseMath::Narrow, kRounds, kSecond, b, b, mxcsr); }));
  }
};
template <Xmm (*F)(const Xmm&, const Xmm&, uint8_t)>
struct FloatingCompare : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    Xmm b = m.read(s), a = m.read(d);
    uint8_t predicate = m.read(i);
    m.write(d, m.floating(SseRounds::kNothing, [&] { return F(a, b, predicate); }));
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
    auto b = m.read(s);
    Xmm a = m.read(d);
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
