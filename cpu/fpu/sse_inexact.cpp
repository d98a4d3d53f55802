#include "cpu/fpu/sse_inexact.h"

#include "cpu/fpu/host_x87.h"

namespace ilse::cpu {

namespace {

template <class Bits, class Float, X87Load kLoad>
F80 widened(const Xmm& v, unsigned i, bool daz) {
  constexpr Bits kExponent = sizeof(Bits) == 4 ? 0x7F800000 : static_cast<Bits>(0x7FF0000000000000);
  constexpr Bits kSign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  Bits bits = v.get<Bits>(i);
  if (daz && (bits & kExponent) == 0) bits &= kSign;
  F80 wide;
  host_x87::load<kLoad>(wide, &bits, 0);
  return wide;
}
F80 element(const Xmm& v, unsigned i, bool is_double, bool daz) {
  return is_double ? widened<uint64_t, double, X87Load::kM64>(v, i, daz)
                   : widened<uint32_t, float, X87Load::kM32>(v, i, daz);
}

bool inexact_without_limits(SseMath math, bool to_double, F80 a, const F80& b, uint32_t guest) {
  constexpr uint16_t kDoublePrecision = 0x0200;
  const auto rounding = static_cast<uint16_t>((guest & mxcsr::kRounding) >> 3);
  const auto cw = static_cast<uint16_t>(x87cw::kAlwaysSet | x87cw::kMasks | rounding |
                                        (to_double ? kDoublePrecision : 0));
  uint16_t status = 0;
  switch (math) {
    case SseMath::Narrow: a = kF80Zero; [[fallthrough]];
    case SseMath::Add: status = host_x87::arith<X87Arith::kAdd>(a, b, cw, 0); break;
    case SseMath::Sub: status = host_x87::arith<X87Arith::kSub>(a, b, cw, 0); break;
    case SseMath::Mul: status = host_x87::arith<X87Arith::kMul>(a, b, cw, 0); break;
    case SseMath::Div: status = host_x87::arith<X87Arith::kDiv>(a, b, cw, 0); break;
  }
  return (status & x87sw::kPE) != 0;
}

}  // namespace

bool sse_inexact(SseMath math, SseRounds rounds, Xmm (*op)(const Xmm&, const Xmm&), const Xmm& a,
                 const Xmm& b, uint32_t guest) {
  const bool to_double = rounds == SseRounds::kScalarDouble || rounds == SseRounds::kPackedDouble;
  const bool scalar = rounds == SseRounds::kScalarDouble || rounds == SseRounds::kScalarSingle;
  const bool from_double = to_double || math == SseMath::Narrow;
  const unsigned count = scalar ? 1 : from_double ? 2 : 4;
  const uint32_t masked = guest >> mxcsr::kMaskShift & mxcsr::kFlags;
  const bool daz = (guest & mxcsr::kDaz) != 0;
  for (unsigned i = 0; i < count; ++i) {
    // The others become 0 and 1, which are exact under every operation.
    Xmm x{}, y = from_double ? Xmm{0x3FF0000000000000, 0x3FF0000000000000}
                             : Xmm{0x3F8000003F800000, 0x3F8000003F800000};
    if (from_double) {
      x.put(i, a.get<uint64_t>(i));
      y.put(i, b.get<uint64_t>(i));
    } else {
      x.put(i, a.get<uint32_t>(i));
      y.put(i, b.get<uint32_t>(i));
    }
    const auto one = sse_checked(guest & ~mxcsr::kFlags, rounds, [&] { return op(x, y); });
    const uint32_t flags = one.mxcsr & mxcsr::kFlags;
    if ((flags & ~masked & (mxcsr::kOE | mxcsr::kUE)) == 0) {
      if ((flags & mxcsr::kPE) != 0) return true;
    } else if (inexact_without_limits(math, to_double, element(a, i, from_double, daz),
                                      element(b, i, from_double, daz), guest)) {
      return true;
    }
  }
  return false;
}

}  // namespace ilse::cpu
