// What SSSE3 to SSE4.2, AVX and AVX2 added, as templates over a model: element insertion and extraction,
// tests, string comparison, broadcasts, permutations across lanes, fused multiply-add (Intel SDM vol. 2).
#pragma once

#include "cpu/fpu/simd_sse41.h"
#include "cpu/fpu/soft_float.h"
#include "cpu/fpu/string_compare.h"
#include "cpu/sem/simd.h"

namespace ilse::cpu::sem {

// --- single elements ---------------------------------------------------------------------------------
// PINSRB, PINSRD, PINSRQ, EXTRACTPS, PEXTRB...
template <class T>
struct Insert : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    run(m, d, d, s, i);
  }
  template <class M, class D, class A, class S, class I>
  static void run(M& m, D d, A a, S s, I i) {
    using E = std::conditional_t<std::is_void_v<T>, TypeOf<S>, T>;
    auto b = m.read(s);
    Xmm r = m.read(a);
    r.put<E>(m.read(i), static_cast<E>(b));
    m.write(d, r);
  }
};
template <class T>
struct Extract : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    using E = std::conditional_t<std::is_void_v<T>, TypeOf<D>, T>;
    Xmm b = m.read(s);
    m.write(d, static_cast<TypeOf<D>>(b.get<E>(m.read(i))));
  }
};
// From memory INSERTPS takes the one element that there is.
struct Insertps : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    run(m, d, d, s, i);
  }
  template <class M, class D, class A, class S, class I>
  static void run(M& m, D d, A a, S s, I i) {
    Xmm b = m.read(s);
    uint8_t imm = m.read(i);
    if (kIsMemory<S>) imm &= 0x3F;
    m.write(d, simd::insertps(m.read(a), b, imm));
  }
};

// VZEROUPPER, VZEROALL.
template <bool kAll>
struct ClearVectors : Straight {
  template <class M>
  static void run(M& m) {
    m.clear_vectors(kAll);
  }
};
struct Vcvtps2ph : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    auto b = m.read(s);
    uint8_t imm = m.read(i);
    constexpr unsigned kCount = simd::kLanes<decltype(b)>;
    Xmm r = m.floating(
        SseRounds::kPackedHalf,
        [&] {
          Xmm v = simd::cvtps2ph(lane_of(b, 0), imm);
          if constexpr (kCount == 2) v.hi = simd::cvtps2ph(lane_of(b, 1), imm).lo;
          return v;
        },
        [&](uint32_t mxcsr) {
          bool inexact = false;
          for (unsigned k = 0; k < kCount; ++k)
            inexact = inexact || simd::cvtps2ph_inexact(lane_of(b, k), imm, mxcsr);
          return inexact;
        });
    if constexpr (std::is_same_v<TypeOf<D>, uint64_t>) {
      m.write(d, r.lo);
    } else {
      m.write(d, r);
    }
  }
};

// --- flags -------------------------------------------------------------------------------------------
// PTEST, VTESTPS, VTESTPD: of each 64 bits those of kBits.
template <uint64_t kBits>
struct TestToFlags : Straight {
  template <class M, class A, class B>
  static void run(M& m, A first, B second) {
    auto b = m.read(second);
    auto a = m.read(first);
    uint64_t both = 0, only_b = 0;
    for (unsigned k = 0; k < simd::kLanes<decltype(a)>; ++k) {
      const Xmm &x = lane_of(a, k), &y = lane_of(b, k);
      both |= (x.lo & y.lo) | (x.hi & y.hi);
      only_b |= (~x.lo & y.lo) | (~x.hi & y.hi);
    }
    m.set_compare_flags((both & kBits) == 0, false, (only_b & kBits) == 0);
  }
};

// --- strings -----------------------------------------------------------------------------------------
template <bool kExplicit>
struct CompareStrings : Straight {
  template <class M, class A, class B, class I>
  static simd::StringComparison compared(M& m, A first, B second, I i) {
    Xmm b = m.read(second), a = m.read(first);
    if constexpr (kExplicit) {
      auto length = [&](unsigned n) {
        return m.insn().op_size == 8 ? static_cast<int64_t>(m.template reg<uint64_t>(n))
                                     : int64_t{static_cast<int32_t>(m.template reg<uint32_t>(n))};
      };
      return simd::compare_explicit(a, length(0), b, length(2), m.read(i));
    } else {
      return simd::compare_implicit(a, b, m.read(i));
    }
  }
  template <class M>
  static void set_flags(M& m, const simd::StringComparison& r) {
    m.set_flag_bits((r.cf ? +kCF : 0u) | (r.zf ? +kZF : 0u) | (r.sf ? +kSF : 0u) | (r.of ? +kOF : 0u),
                    kOSZAPC);
  }
  // The index goes to ECX.
  template <class M, class A, class B, class I>
  static void run(M& m, A a, B b, I i) {
    auto r = compared(m, a, b, i);
    m.template set_reg<uint32_t>(1, r.index);
    set_flags(m, r);
  }
  // The mask goes to a register.
  template <class M, class D, class A, class B, class I>
  static void run(M& m, D d, A a, B b, I i) {
    auto r = compared(m, a, b, i);
    m.write(d, r.mask);
    set_flags(m, r);
  }
};

// --- AVX: broadcasts and permutations ------------------------------------------------------------------
template <class T>
struct Broadcast : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s), r;
    for (unsigned k = 0; k < 16 / sizeof(T); ++k) r.put<T>(k, b.get<T>(0));
    m.write(d, by_lane<TypeOf<D>>([&](unsigned) { return r; }));
  }
};
struct BroadcastLane : Straight {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    Xmm b = m.read(s);
    m.write(d, Ymm{{b, b}});
  }
};
struct InsertLane : Straight {
  template <class M, class D, class A, class S, class I>
  static void run(M& m, D d, A a, S s, I i) {
    Xmm b = m.read(s);
    Ymm r = m.read(a);
    r.lane[m.read(i) & 1] = b;
    m.write(d, r);
  }
};
struct ExtractLane : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    Ymm b = m.read(s);
    m.write(d, b.lane[m.read(i) & 1]);
  }
};
// VPERM2F128, VPERM2I128.
struct PermuteLanes : Straight {
  template <class M, class D, class A, class B, class I>
  static void run(M& m, D d, A first, B second, I i) {
    Ymm b = m.read(second), a = m.read(first);
    uint8_t imm = m.read(i);
    m.write(d, by_lane<Ymm>([&](unsigned k) {
              unsigned what = imm >> 4 * k & 15;
              if ((what & 8) != 0) return Xmm{};
              return (what & 2) != 0 ? b.lane[what & 1] : a.lane[what & 1];
            }));
  }
};
// VPERMQ, VPERMPD: four quadwords by an immediate.
struct PermuteQuads : Straight {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I i) {
    Ymm b = m.read(s);
    uint8_t imm = m.read(i);
    auto quad = [&](unsigned n) { return b.lane[n >> 1 & 1].template get<uint64_t>(n & 1); };
    m.write(d, by_lane<Ymm>([&](unsigned k) {
              return Xmm{quad(imm >> 4 * k & 3), quad(imm >> (4 * k + 2) & 3)};
            }));
  }
};
// VPERMD, VPERMPS: eight doublewords by a register.
struct PermuteDoublewords : Straight {
  template <class M, class D, class A, class B>
  static void run(M& m, D d, A indices, B s) {
    Ymm b = m.read(s), n = m.read(indices);
    m.write(d, by_lane<Ymm>([&](unsigned k) {
              Xmm r;
              for (unsigned e = 0; e < 4; ++e) {
                uint32_t from = n.lane[k].template get<uint32_t>(e);
                r.put<uint32_t>(e, b.lane[from >> 2 & 1].template get<uint32_t>(from & 3));
              }
              return r;
            }));
  }
};

// --- fused multiply-add --------------------------------------------------------------------------------
// The number in the name says which operands are x and y of x * y + z, and which is z. kSignZ turns z round
// in even and odd elements, kSignXy the product.
enum class FmaOrder : uint8_t { k132, k213, k231 };
enum class FmaSign : uint8_t { Add, Sub, NegativeAdd, NegativeSub, AddSub, SubAdd };

template <class T>
struct Factors {
  T x, y, z;
};
template <FmaOrder kOrder, FmaSign kSign, class T>
inline Factors<T> factors(T a, T b, T c, unsigned element) {
  constexpr T kTop = static_cast<T>(T{1} << (8 * sizeof(T) - 1));
  auto turned = [](T v, bool turn) { return turn && !simd::is_nan(v) ? static_cast<T>(v ^ kTop) : v; };
  const bool odd = (element & 1) != 0;
  constexpr bool kProduct = kSign == FmaSign::NegativeAdd || kSign == FmaSign::NegativeSub;
  const bool addend = kSign == FmaSign::Sub || kSign == FmaSign::NegativeSub ||
                      (kSign == FmaSign::AddSub && !odd) || (kSign == FmaSign::SubAdd && odd);
  const T x = kOrder == FmaOrder::k132 ? a : b;
  const T y = kOrder == FmaOrder::k213 ? a : c;
  const T z = kOrder == FmaOrder::k132 ? b : kOrder == FmaOrder::k213 ? c : a;
  return {turned(x, kProduct), y, turned(z, addend)};
}
// The first kCount elements of each lane; the others stay those of the first operand.
template <FmaOrder kOrder, FmaSign kSign, class T, unsigned kCount, SseRounds kRounds>
struct FusedElements : Straight {
  template <class M, class A, class B, class C>
  static void run(M& m, A first, B second, C third) {
    using V = TypeOf<A>;
    auto c = m.read(third);
    V a = m.read(first);
    auto b = m.read(second);
    auto of = [&](unsigned k, unsigned e) {
      return factors<kOrder, kSign>(lane_of(a, k).template get<T>(e), lane_of(b, k).template get<T>(e),
                                    lane_of(c, k).template get<T>(e), e);
    };
    m.write(first, m.floating(
                       kRounds,
                       [&] {
                         return by_lane<V>([&](unsigned k) {
                           Xmm r = lane_of(a, k);
                           for (unsigned e = 0; e < kCount; ++e) {
                             auto f = of(k, e);
                             r.put<T>(e, simd::fma_of<T>(f.x, f.y, f.z));
                           }
                           return r;
                         });
                       },
                       [&](uint32_t mxcsr) {
                         bool inexact = false;
                         for (unsigned k = 0; k < simd::kLanes<V>; ++k) {
                           for (unsigned e = 0; e < kCount; ++e) {
                             auto f = of(k, e);
                             inexact = inexact || simd::fma_inexact<T>(f.x, f.y, f.z, mxcsr);
                           }
                         }
                         return inexact;
                       }));
  }
};
template <FmaOrder kOrder, FmaSign kSign, class T>
using Fma = FusedElements<kOrder, kSign, T, 16 / sizeof(T),
                          sizeof(T) == 4 ? SseRounds::kPackedSingle : SseRounds::kPackedDouble>;
template <FmaOrder kOrder, FmaSign kSign, class T>
using FmaScalar =
    FusedElements<kOrder, kSign, T, 1, sizeof(T) == 4 ? SseRounds::kScalarSingle : SseRounds::kScalarDouble>;

}  // namespace ilse::cpu::sem
