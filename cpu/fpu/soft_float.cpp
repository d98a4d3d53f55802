#include "cpu/fpu/soft_float.h"

#include "cpu/fpu/mxcsr.h"
#include "cpu/fpu/wide.h"

namespace ilse::cpu::soft {

namespace {

// An interchange format: a sign, kExp bits of biased exponent, kFrac of fraction.
template <class Word, int kExpBits, int kFracBits>
struct Format {
  using T = Word;
  static constexpr int kExp = kExpBits, kFrac = kFracBits;
  static constexpr int kBias = (1 << (kExp - 1)) - 1, kTop = (1 << kExp) - 1;
  static constexpr T kSign = static_cast<T>(T{1} << (kExp + kFrac));
  static constexpr T kFraction = static_cast<T>((T{1} << kFrac) - 1);
  static constexpr T kQuiet = static_cast<T>(T{1} << (kFrac - 1));
  static constexpr T kInfinity = static_cast<T>(T{kTop} << kFrac);
  static constexpr T kIndefinite = static_cast<T>(kSign | kInfinity | kQuiet);

  static int exponent(T v) { return static_cast<int>(v >> kFrac) & kTop; }
  static T fraction(T v) { return v & kFraction; }
  static bool nan(T v) { return exponent(v) == kTop && fraction(v) != 0; }
  static bool signalling(T v) { return nan(v) && (v & kQuiet) == 0; }
  static bool infinite(T v) { return exponent(v) == kTop && fraction(v) == 0; }
  static bool zero(T v) { return (v & static_cast<T>(~kSign)) == 0; }
  static bool denormal(T v) { return exponent(v) == 0 && fraction(v) != 0; }
  static T quieted(T v) { return v | kQuiet; }
};
using Half = Format<uint16_t, 5, 10>;
using Single = Format<uint32_t, 8, 23>;
using Double = Format<uint64_t, 11, 52>;

enum Rounding : uint32_t { kNearest, kDown, kUp, kZero };

// The control bits of an operation, and what it finds. By default both are the host's MXCSR, where the flags
// go when it is done.
class Environment {
 public:
  Environment() : mxcsr_(mxcsr::read_host()), raises_(true) {}
  // Of the guest's MXCSR, and raises nothing.
  explicit Environment(uint32_t guest) : mxcsr_(guest), raises_(false) {
    if (unmasked(mxcsr::kUE)) mxcsr_ &= ~mxcsr::kFtz;
  }
  ~Environment() {
    if (raises_ && (flags & ~mxcsr_) != 0) mxcsr::write_host(mxcsr_ | flags);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

  Rounding rounding() const { return static_cast<Rounding>((mxcsr_ & mxcsr::kRounding) >> 13); }
  bool daz() const { return (mxcsr_ & mxcsr::kDaz) != 0; }
  bool ftz() const { return (mxcsr_ & mxcsr::kFtz) != 0; }

  // PE, which beside an unmasked overflow or underflow is that of a result without limits.
  bool inexact() const {
    const bool range = ((flags & mxcsr::kOE) != 0 && unmasked(mxcsr::kOE)) || (tiny && unmasked(mxcsr::kUE));
    return range ? inexact_without_limits : (flags & mxcsr::kPE) != 0;
  }

  uint32_t flags = 0;
  bool tiny = false, inexact_without_limits = false;

 private:
  bool unmasked(uint32_t flag) const { return (mxcsr_ >> mxcsr::kMaskShift & flag) == 0; }
  uint32_t mxcsr_;
  bool raises_;
};

// Whether the magnitude is rounded away from zero: `half` is the first bit that is lost, `rest` the others.
bool rounds_away(Rounding r, bool negative, bool odd, bool half, bool rest) {
  switch (r) {
    case kNearest: return half && (rest || odd);
    case kDown: return negative && (half || rest);
    case kUp: return !negative && (half || rest);
    case kZero: return false;
  }
  return false;
}

// mant * 2^(exponent - 127), bit 127 of mant set, rounded to F. The last bit of mant may stand for more
// below.
template <class F>
typename F::T round_to(Rounding r, bool negative, int exponent, u128 mant, bool ftz, Environment& env) {
  using T = typename F::T;
  const T sign = negative ? F::kSign : T{0};
  constexpr int kLost = 127 - F::kFrac;
  // `lost` low bits go; the result may have one bit more than it should.
  auto rounded = [&](int lost, bool* inexact) -> T {
    if (lost > 127) {
      const bool half = lost == 128, rest = lost > 128 || (mant << 1) != 0;
      *inexact = true;
      return rounds_away(r, negative, false, half, rest) ? T{1} : T{0};
    }
    const bool half = (mant >> (lost - 1) & 1) != 0;
    const bool rest = (mant & ((u128{1} << (lost - 1)) - 1)) != 0;
    const T kept = static_cast<T>(mant >> lost);
    *inexact = half || rest;
    return static_cast<T>(kept + (rounds_away(r, negative, (kept & 1) != 0, half, rest) ? 1 : 0));
  };
  bool inexact = false;
  T value = rounded(kLost, &inexact);
  env.inexact_without_limits = inexact;
  int biased = exponent + F::kBias;
  if (value >> (F::kFrac + 1) != 0) {
    value >>= 1;
    ++biased;
  }
  if (biased >= F::kTop) {
    env.flags |= mxcsr::kOE | mxcsr::kPE;
    const bool to_infinity = r == kNearest || r == (negative ? kDown : kUp);
    return static_cast<T>(sign | (to_infinity ? F::kInfinity : F::kInfinity - 1));
  }
  if (biased >= 1) {
    if (inexact) env.flags |= mxcsr::kPE;
    return static_cast<T>(sign | (T(biased) << F::kFrac) | (value & F::kFraction));
  }
  // Tiny, even with an exponent without bounds.
  env.tiny = true;
  if (ftz) {
    env.flags |= mxcsr::kUE | mxcsr::kPE;
    return sign;
  }
  value = rounded(kLost + 1 - (exponent + F::kBias), &inexact);
  if (inexact) env.flags |= mxcsr::kUE | mxcsr::kPE;
  return static_cast<T>(sign | value);
}

// A finite value that is not zero.
struct Number {
  u128 mant;  // bit 127 set
  int exponent;
};
template <class F>
Number number(typename F::T v) {
  const int e = F::exponent(v);
  u128 mant = F::fraction(v);
  if (e != 0) mant |= u128{1} << F::kFrac;
  const int shift = leading_zeros(mant);
  return {mant << shift, (e == 0 ? 1 : e) - F::kBias + 127 - F::kFrac - shift};
}

template <class F>
typename F::T fused(typename F::T a, typename F::T b, typename F::T c, Environment& env) {
  using T = typename F::T;
  if (F::nan(a) || F::nan(b) || F::nan(c)) {
    const bool invalid_product = (F::infinite(a) && F::zero(b)) || (F::zero(a) && F::infinite(b));
    if (F::signalling(a) || F::signalling(b) || F::signalling(c) || (invalid_product && !F::nan(c)))
      env.flags |= mxcsr::kIE;
    return F::quieted(F::nan(a) ? a : F::nan(b) ? b : c);
  }
  for (T* v : {&a, &b, &c}) {
    if (!F::denormal(*v)) continue;
    if (env.daz()) {
      *v &= F::kSign;
    } else {
      env.flags |= mxcsr::kDE;
    }
  }
  const bool negative = ((a ^ b) & F::kSign) != 0, c_negative = (c & F::kSign) != 0;
  const T product_sign = negative ? F::kSign : T{0};
  if (F::infinite(a) || F::infinite(b)) {
    if (F::zero(a) || F::zero(b) || (F::infinite(c) && negative != c_negative)) {
      env.flags = mxcsr::kIE;
      return F::kIndefinite;
    }
    return static_cast<T>(product_sign | F::kInfinity);
  }
  if (F::infinite(c)) return c;
  const Rounding r = env.rounding();
  if (F::zero(a) || F::zero(b)) {
    if (!F::zero(c)) {
      // As any sum is: a tiny c may be flushed.
      const Number z = number<F>(c);
      return round_to<F>(r, c_negative, z.exponent, z.mant, env.ftz(), env);
    }
    if (negative == c_negative) return product_sign;
    return r == kDown ? F::kSign : T{0};
  }
  const Number x = number<F>(a), y = number<F>(b);
  // Two bits of room, and no bit lost: the significands have at most 53 bits.
  u128 product = (x.mant >> 64) * (y.mant >> 64);
  int exponent = x.exponent + y.exponent + 1;
  if (product >> 127 == 0) {
    product <<= 1;
    --exponent;
  }
  if (F::zero(c)) return round_to<F>(r, negative, exponent, product, env.ftz(), env);
  const Number z = number<F>(c);
  u128 large = product >> 2, small = z.mant >> 2;
  int distance = exponent - z.exponent;
  bool large_negative = negative, small_negative = c_negative;
  if (distance < 0 || (distance == 0 && small > large)) {
    std::swap(large, small);
    std::swap(large_negative, small_negative);
    exponent = z.exponent;
    distance = -distance;
  }
  if (distance > 0) {
    const bool lost = distance > 127 || (small & ((u128{1} << distance) - 1)) != 0;
    small = (distance > 127 ? 0 : small >> distance) | (lost ? 1 : 0);
  }
  u128 sum = large_negative == small_negative ? large + small : large - small;
  if (sum == 0) return r == kDown ? F::kSign : T{0};
  const int shift = leading_zeros(sum);
  return round_to<F>(r, large_negative, exponent + 2 - shift, sum << shift, env.ftz(), env);
}

template <class F>
typename F::T to_integer(typename F::T v, uint8_t imm) {
  using T = typename F::T;
  Environment env;
  if (F::nan(v)) {
    if (F::signalling(v)) env.flags |= mxcsr::kIE;
    return F::quieted(v);
  }
  const T sign = v & F::kSign;
  if (F::zero(v) || F::infinite(v) || (F::denormal(v) && env.daz())) return F::infinite(v) ? v : sign;
  const Rounding r = (imm & 4) != 0 ? env.rounding() : static_cast<Rounding>(imm & 3);
  const int lost = F::kFrac - (F::exponent(v) - F::kBias);  // bits below the point
  if (lost <= 0) return v;
  const T magnitude = F::fraction(v) | (F::exponent(v) != 0 ? static_cast<T>(T{1} << F::kFrac) : T{0});
  const bool inside = lost <= F::kFrac + 1;
  const bool half = inside && (magnitude >> (lost - 1) & 1) != 0;
  const bool rest = inside ? (magnitude & ((T{1} << (lost - 1)) - 1)) != 0 : true;
  if ((half || rest) && (imm & 8) == 0) env.flags |= mxcsr::kPE;
  if (lost > F::kFrac) {  // below one
    const bool one = rounds_away(r, sign != 0, false, half, rest);
    return one ? static_cast<T>(sign | T{F::kBias} << F::kFrac) : sign;
  }
  const T unit = static_cast<T>(T{1} << lost);
  // The carry into the exponent is what it should be.
  const T cut = static_cast<T>(v & ~(unit - 1));
  return rounds_away(r, sign != 0, (magnitude & unit) != 0, half, rest) ? static_cast<T>(cut + unit) : cut;
}

}  // namespace

uint32_t fma32(uint32_t a, uint32_t b, uint32_t c) {
  Environment env;
  return fused<Single>(a, b, c, env);
}
uint64_t fma64(uint64_t a, uint64_t b, uint64_t c) {
  Environment env;
  return fused<Double>(a, b, c, env);
}
bool fma32_inexact(uint32_t a, uint32_t b, uint32_t c, uint32_t guest) {
  Environment env(guest);
  fused<Single>(a, b, c, env);
  return env.inexact();
}
bool fma64_inexact(uint64_t a, uint64_t b, uint64_t c, uint32_t guest) {
  Environment env(guest);
  fused<Double>(a, b, c, env);
  return env.inexact();
}
uint32_t round32(uint32_t v, uint8_t imm) { return to_integer<Single>(v, imm); }
uint64_t round64(uint64_t v, uint8_t imm) { return to_integer<Double>(v, imm); }

// Exact, denormals too, whatever MXCSR says of them.
uint32_t half_to_single(uint16_t v) {
  const uint32_t sign = static_cast<uint32_t>(v & Half::kSign) << 16;
  const uint32_t fraction = static_cast<uint32_t>(Half::fraction(v)) << (Single::kFrac - Half::kFrac);
  if (Half::exponent(v) == Half::kTop) {
    Environment env;
    if (Half::signalling(v)) env.flags |= mxcsr::kIE;
    return sign | Single::kInfinity | (fraction != 0 ? fraction | Single::kQuiet : 0);
  }
  if (Half::zero(v)) return sign;
  const Number n = number<Half>(v);
  Environment none(mxcsr::kReset);
  return sign | round_to<Single>(kZero, false, n.exponent, n.mant, false, none);
}

namespace {

// MXCSR's FTZ does not hold here.
uint16_t narrowed(uint32_t v, uint8_t imm, Environment& env) {
  const auto sign = static_cast<uint16_t>(v >> 16 & Half::kSign);
  if (Single::nan(v)) {
    if (Single::signalling(v)) env.flags |= mxcsr::kIE;
    const auto fraction = static_cast<uint16_t>(Single::fraction(v) >> (Single::kFrac - Half::kFrac));
    return static_cast<uint16_t>(sign | Half::kInfinity | Half::kQuiet | fraction);
  }
  if (Single::infinite(v)) return static_cast<uint16_t>(sign | Half::kInfinity);
  if (Single::zero(v) || (Single::denormal(v) && env.daz())) return sign;
  if (Single::denormal(v)) env.flags |= mxcsr::kDE;
  const Rounding r = (imm & 4) != 0 ? env.rounding() : static_cast<Rounding>(imm & 3);
  const Number n = number<Single>(v);
  return round_to<Half>(r, sign != 0, n.exponent, n.mant, false, env);
}

}  // namespace

uint16_t single_to_half(uint32_t v, uint8_t imm) {
  Environment env;
  return narrowed(v, imm, env);
}
bool single_to_half_inexact(uint32_t v, uint8_t imm, uint32_t guest) {
  Environment env(guest);
  narrowed(v, imm, env);
  return env.inexact();
}

}  // namespace ilse::cpu::soft
