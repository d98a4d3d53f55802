// FSIN FCOS FSINCOS FPTAN FPATAN F2XM1 FYL2X FYL2XP1 (Intel SDM vol. 1, 8.3.6 to 8.3.10, and the tables
// of special operands in vol. 2): our own code, the same on every host. Results are rounded by RC to
// 64 bits, whatever PC says.
#include "cpu/fpu/x87.h"
#include "cpu/fpu/x87_functions.h"

namespace ilse::cpu {

using namespace x87sw;

namespace {

constexpr int kMaxExponent = 0x7FFE;
constexpr int kBiasAdjust = 24576;  // of an unmasked overflow or underflow

struct Rounded {
  F80 value;
  uint16_t flags;  // exceptions, and C1 if the magnitude was rounded up
};

bool rounds_up(x87cw::Rounding rc, bool negative, uint64_t kept, uint64_t cut) {
  constexpr uint64_t half = uint64_t{1} << 63;
  switch (rc) {
    case x87cw::kNearest: return cut > half || (cut == half && (kept & 1) != 0);
    case x87cw::kDown: return negative && cut != 0;
    case x87cw::kUp: return !negative && cut != 0;
    case x87cw::kTruncate: break;
  }
  return false;
}

// exact: w is the very value, not one near it.
Rounded round_wide(const Wide& w, uint16_t cw, bool exact) {
  const auto rc = static_cast<x87cw::Rounding>((cw >> x87cw::kRoundingShift) & 3);
  if (w.is_zero()) return {kF80Zero.with_sign(w.negative), 0};
  auto kept = static_cast<uint64_t>(w.mant >> 64), cut = static_cast<uint64_t>(w.mant);
  if (!exact) cut |= 1;
  int exponent = w.exponent + F80::kBias;
  const auto round = [&] {
    Rounded r{{kept, 0}, 0};
    if (cut != 0) r.flags |= kPE;
    if (rounds_up(rc, w.negative, kept, cut)) {
      r.flags |= kC1;
      if (++r.value.mant == 0) {
        r.value.mant = F80::kIntegerBit;
        ++exponent;
      }
    }
    return r;
  };
  const int before = exponent;
  Rounded r = round();
  if (exponent < 1) {
    if ((cw & kUE) == 0) {
      exponent += kBiasAdjust;
      r.flags |= kUE;
    } else {
      // Tiny: cut the denormal's missing bits off the unrounded value.
      const int shift = 1 - before;
      const u128 all = u128{kept} << 64 | cut;
      const u128 low = shift < 128 ? all >> shift : 0;
      const bool lost = shift >= 128 || (low << shift) != all;
      kept = static_cast<uint64_t>(low >> 64);
      cut = static_cast<uint64_t>(low) | (lost ? 1 : 0);
      exponent = 0;
      r = round();
      if ((r.flags & kPE) != 0) r.flags |= kUE;
      exponent = (r.value.mant & F80::kIntegerBit) != 0 ? 1 : 0;
    }
  } else if (exponent > kMaxExponent) {
    r.flags |= kOE;
    if ((cw & kOE) == 0) {
      exponent -= kBiasAdjust;
    } else {
      const bool infinite =
          rc == x87cw::kNearest || (rc == x87cw::kUp && !w.negative) || (rc == x87cw::kDown && w.negative);
      const F80 largest{~uint64_t{0}, kMaxExponent};
      return {(infinite ? kF80Infinity : largest).with_sign(w.negative),
              static_cast<uint16_t>(kOE | kPE | (infinite ? kC1 : 0))};
    }
  }
  // Only absurd operands get here: a product whose exponent not even the bias adjust brings into range.
  if (exponent < 0 || exponent > kMaxExponent) {
    r.value = exponent < 0 ? kF80Zero : kF80Infinity;
    exponent = r.value.se;
  }
  r.value.se = static_cast<uint16_t>(exponent);
  r.value = r.value.with_sign(w.negative);
  return r;
}

F80 quieted(const F80& nan) { return {nan.mant | F80::kQuietBit, nan.se}; }

// SDM vol. 1, table 4-7: the larger significand wins, a tie goes to the positive one.
F80 propagated(const F80& a, const F80& b) {
  if (!a.is_nan()) return quieted(b);
  if (!b.is_nan()) return quieted(a);
  if (a.is_snan() != b.is_snan()) return quieted(a.is_snan() ? b : a);
  if (a.mant != b.mant) return quieted(a.mant > b.mant ? a : b);
  return quieted(a.sign() ? b : a);
}

// Operand checks that come before any function's own. done: the instruction is finished.
struct Checked {
  bool done;
  F80 result;
  uint16_t flags;
};

Checked check(const F80& a) {
  if (a.is_unsupported()) return {true, kF80Indefinite, kIE};
  if (a.is_nan()) return {true, quieted(a), static_cast<uint16_t>(a.is_snan() ? kIE : 0)};
  return {false, {}, static_cast<uint16_t>(a.is_denormal() ? kDE : 0)};
}

Checked check(const F80& a, const F80& b) {
  if (a.is_unsupported() || b.is_unsupported()) return {true, kF80Indefinite, kIE};
  if (a.is_nan() || b.is_nan()) {
    return {true, propagated(a, b), static_cast<uint16_t>(a.is_snan() || b.is_snan() ? kIE : 0)};
  }
  return {false, {}, static_cast<uint16_t>(a.is_denormal() || b.is_denormal() ? kDE : 0)};
}

Rounded exactly(const F80& v, uint16_t flags = 0) { return {v, flags}; }
Rounded invalid() { return {kF80Indefinite, kIE}; }

// exact: of a power of two. The silicon reports PE all the same, and so UE if the result is tiny.
Rounded log_times(const F80& y, const Wide& log, uint16_t cw, bool exact) {
  Rounded r = round_wide(wide_from(y) * log, cw, exact);
  r.flags |= r.value.is_denormal() ? kPE | kUE : kPE;
  return r;
}

Rounded yl2x(const F80& x, const F80& y, uint16_t cw) {
  const bool negative = y.sign();
  if (x.is_zero()) {
    if (y.is_zero()) return invalid();
    return exactly(kF80Infinity.with_sign(!negative), y.is_infinity() ? 0 : kZE);
  }
  if (x.sign()) return invalid();
  if (x.is_infinity()) {
    if (y.is_zero()) return invalid();
    return exactly(kF80Infinity.with_sign(negative));
  }
  const Wide w = wide_from(x);
  const bool below_one = w.exponent < 0;
  const bool one = w.exponent == 0 && w.mant == u128{1} << 127;
  if (y.is_infinity()) return one ? invalid() : exactly(kF80Infinity.with_sign(negative != below_one));
  if (y.is_zero() || one) return exactly(kF80Zero.with_sign(negative != below_one));
  return log_times(y, wide_log2(w), cw, w.mant == u128{1} << 127);
}

Rounded yl2xp1(const F80& x, const F80& y, uint16_t cw) {
  const bool negative = y.sign() != x.sign();
  if (x.is_zero()) {
    if (y.is_infinity()) return invalid();
    return exactly(kF80Zero.with_sign(negative));
  }
  const bool pole = x.sign() && x.exponent() >= F80::kBias;  // x <= -1: undefined, or invalid
  if (x.is_infinity()) {
    if (y.is_zero() || x.sign()) return invalid();
    return exactly(kF80Infinity.with_sign(negative));
  }
  if (pole) return invalid();
  if (y.is_infinity()) return exactly(kF80Infinity.with_sign(negative));
  if (y.is_zero()) return exactly(kF80Zero.with_sign(negative));
  return log_times(y, wide_log2_1p(wide_from(x)), cw, false);
}

Rounded patan(const F80& x, const F80& y, uint16_t cw) {
  const Wide pi = wide_pi();
  const auto angle = [&](Wide w) {
    w.negative = y.sign();
    return round_wide(w, cw, false);
  };
  const auto zero_or_pi = [&] { return x.sign() ? angle(pi) : exactly(kF80Zero.with_sign(y.sign())); };
  if (y.is_infinity()) {
    if (!x.is_infinity()) return angle(scaled(pi, -1));
    return angle(x.sign() ? pi - scaled(pi, -2) : scaled(pi, -2));
  }
  if (x.is_infinity() || y.is_zero()) return zero_or_pi();
  if (x.is_zero()) return angle(scaled(pi, -1));
  const Wide a = wide_from(y), b = wide_from(x);
  return round_wide(wide_atan2(a, b), cw, false);
}

Rounded two_to_x_m1(const F80& x, uint16_t cw) {
  if (x.is_zero()) return exactly(x);
  if (x.is_infinity()) return exactly(x.sign() ? kF80One.with_sign(true) : x);
  const Wide w = wide_from(x);
  const bool one = w.exponent == 0 && w.mant == u128{1} << 127;
  if (one) return exactly(x.sign() ? F80{F80::kIntegerBit, 0xBFFE} : kF80One, kPE);
  if (w.exponent >= 0) return exactly(x);  // undefined by the manual: as the silicon does
  return round_wide(wide_exp2_m1(w), cw, false);
}

Wide sine(const Quadrant& q) {
  const Wide v = (q.n & 1) != 0 ? wide_cos(q.rest) : wide_sin(q.rest);
  return (q.n & 2) != 0 ? -v : v;
}

Wide cosine(const Quadrant& q) { return sine({q.rest, (q.n + 1) & 3}); }

bool out_of_range(const F80& x) { return !x.is_infinity() && x.exponent() >= F80::kBias + 63; }

}  // namespace

bool X87::finish_function(unsigned dst, const F80& value, uint16_t flags, bool and_pop) {
  sw = static_cast<uint16_t>((sw & ~kC1) | (flags & kC1));
  flags &= kExceptions;
  if ((flags & ~cw & kPreComputation) != 0) {
    raise(flags & kPreComputation);
    return false;
  }
  raise(flags);
  set(dst, value);
  if (and_pop) pop();
  return true;
}

void X87::f2xm1() {
  if (empty(0)) return underflow(0, false);
  const F80 x = reg(0);
  const Checked c = check(x);
  if (c.done) {
    finish_function(0, c.result, c.flags, false);
    return;
  }
  const Rounded r = two_to_x_m1(x, cw);
  finish_function(0, r.value, r.flags | c.flags, false);
}

void X87::fyl2x() {
  if (empty(0) || empty(1)) return underflow(1, true);
  const Checked c = check(reg(0), reg(1));
  const Rounded r = c.done ? Rounded{c.result, 0} : yl2x(reg(0), reg(1), cw);
  finish_function(1, r.value, (r.flags & (kIE | kZE)) != 0 ? r.flags : r.flags | c.flags, true);
}

void X87::fyl2xp1() {
  if (empty(0) || empty(1)) return underflow(1, true);
  const Checked c = check(reg(0), reg(1));
  const Rounded r = c.done ? Rounded{c.result, 0} : yl2xp1(reg(0), reg(1), cw);
  finish_function(1, r.value, (r.flags & (kIE | kZE)) != 0 ? r.flags : r.flags | c.flags, true);
}

void X87::fpatan() {
  if (empty(0) || empty(1)) return underflow(1, true);
  const Checked c = check(reg(0), reg(1));
  const Rounded r = c.done ? Rounded{c.result, 0} : patan(reg(0), reg(1), cw);
  finish_function(1, r.value, r.flags | c.flags, true);
}

// True: reg(0) is an operand for the function. Otherwise the instruction is finished, and `both` says
// whether a second result is to be pushed.
bool X87::start_trigonometric(bool& both) {
  both = false;
  sw &= static_cast<uint16_t>(~kC2);
  const F80 x = reg(0);
  const Checked c = check(x);
  if (c.done || x.is_infinity()) {
    both = finish_function(0, c.done ? c.result : kF80Indefinite, c.done ? c.flags : kIE, false);
    return false;
  }
  if (out_of_range(x)) {
    sw |= kC2;
    sw &= static_cast<uint16_t>(~kC1);
    return false;
  }
  return true;
}

void X87::fsin() {
  if (empty(0)) {
    sw &= static_cast<uint16_t>(~kC2);
    return underflow(0, false);
  }
  bool both = false;
  if (!start_trigonometric(both)) return;
  const F80 x = reg(0);
  const Rounded r = x.is_zero() ? exactly(x) : round_wide(sine(reduce_by_pi(x)), cw, false);
  finish_function(0, r.value, r.flags | (x.is_denormal() ? kDE : 0), false);
}

void X87::fcos() {
  if (empty(0)) {
    sw &= static_cast<uint16_t>(~kC2);
    return underflow(0, false);
  }
  bool both = false;
  if (!start_trigonometric(both)) return;
  const F80 x = reg(0);
  const Rounded r = x.is_zero() ? exactly(kF80One) : round_wide(cosine(reduce_by_pi(x)), cw, false);
  finish_function(0, r.value, r.flags | (x.is_denormal() ? kDE : 0), false);
}

bool X87::start_pushing() {
  sw &= static_cast<uint16_t>(~kC2);
  if (!empty(0) && empty(7)) return true;
  if (empty(0)) {
    sw &= static_cast<uint16_t>(~kC1);
  } else {
    sw |= kC1;
  }
  if (!raise(kIE | kSF)) {
    set(0, kF80Indefinite);
    push(kF80Indefinite);
  }
  return false;
}

void X87::fsincos() {
  if (!start_pushing()) return;
  bool both = false;
  if (!start_trigonometric(both)) {
    if (both) push(F80{reg(0)});
    return;
  }
  const F80 x = reg(0);
  Rounded s = exactly(x), c = exactly(kF80One);
  if (!x.is_zero()) {
    const Quadrant q = reduce_by_pi(x);
    s = round_wide(sine(q), cw, false);
    c = round_wide(cosine(q), cw, false);
  }
  const auto flags = static_cast<uint16_t>((s.flags & ~kC1) | c.flags | (x.is_denormal() ? kDE : 0));
  if (finish_function(0, s.value, flags, false)) push(c.value);
}

void X87::fptan() {
  if (!start_pushing()) return;
  bool both = false;
  if (!start_trigonometric(both)) {
    if (both) push(F80{reg(0)});
    return;
  }
  const F80 x = reg(0);
  Rounded r = exactly(x);
  if (!x.is_zero()) {
    const Quadrant q = reduce_by_pi(x);
    r = round_wide(sine(q) / cosine(q), cw, false);
  }
  if (finish_function(0, r.value, r.flags | (x.is_denormal() ? kDE : 0), false)) push(kF80One);
}

}  // namespace ilse::cpu
