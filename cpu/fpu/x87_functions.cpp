// Argument reduction by small tables, then a short series: see x87_functions.h.
#include "cpu/fpu/x87_functions.h"

#include <array>
#include <cstddef>

namespace ilse::cpu {

namespace {

constexpr Wide kOne = wide_integer(1);

// Series after the leading term, as fractions of 2^128: tail(z) = c[0] z + c[1] z^2 + ..., where
// `alternating` negates every second term.
template <std::size_t n>
using Coefficients = std::array<u128, n>;

template <std::size_t n>
constexpr u128 tail(const Coefficients<n>& c, u128 z, bool alternating) {
  u128 sum = c[n - 1];
  for (std::size_t i = n - 1; i-- > 0;) sum = alternating ? c[i] - mul_high(z, sum) : c[i] + mul_high(z, sum);
  return mul_high(z, sum);
}

// first, first / (k (k + 1)), ...: reciprocals of factorials, each `step` factors from the one before.
template <std::size_t n>
constexpr Coefficients<n> factorials(unsigned k, unsigned step) {
  Coefficients<n> c{};
  u128 v = ~u128{0};
  for (unsigned i = 2; i < k; ++i) v /= i;
  for (std::size_t i = 0; i < n; ++i) {
    for (unsigned j = 0; j < step; ++j) v /= k++;
    c[i] = v;
  }
  return c;
}

// 1/3, 1/5, 1/7 ...
template <std::size_t n>
constexpr Coefficients<n> odd_reciprocals() {
  Coefficients<n> c{};
  for (std::size_t i = 0; i < n; ++i) c[i] = ~u128{0} / (2 * i + 3);
  return c;
}

constexpr auto kSinTail = factorials<14>(2, 2);  // 1/3!, 1/5! ...
constexpr auto kCosTail = factorials<15>(1, 2);  // 1/2!, 1/4! ...
constexpr auto kExpTail = factorials<15>(2, 1);  // 1/2!, 1/3! ...
constexpr auto kOddTail = odd_reciprocals<12>();

// t (1 - z/3 + z^2/5 - ...) and t (1 + z/3 + z^2/5 + ...) with z = t^2, |t| at most 1/16.
constexpr Wide atan_series(const Wide& t) {
  if (t.is_zero()) return t;
  return t - t * make_wide(tail(kOddTail, fraction(t * t), true) | 1, -1);
}
constexpr Wide atanh_series(const Wide& t) {
  if (t.is_zero()) return t;
  return t + t * make_wide(tail(kOddTail, fraction(t * t), false) | 1, -1);
}
// e^t - 1, |t| at most 1/16.
constexpr Wide expm1_series(const Wide& t) {
  if (t.is_zero()) return t;
  const Wide rest = t * make_wide(tail(kExpTail, fraction(t), t.negative) | 1, -1);
  return t.negative ? t - rest : t + rest;
}

// ln(i / (i - 1)) = 2 atanh(1 / (2i - 1)).
constexpr Wide log_ratio(int i) { return scaled(atanh_series(kOne / wide_integer(2 * i - 1)), 1); }

// The compiler's own: ln 2 from ratios that the series takes.
constexpr Wide make_ln2() {
  Wide sum;
  for (int i = 17; i <= 32; ++i) sum = sum + log_ratio(i);
  return sum;
}
constexpr Wide kLn2 = make_ln2();
constexpr Wide kLog2E = kOne / kLn2;

// atan(i / 16): each from the one before by the tangent of a difference.
constexpr int kAtanSteps = 16;
constexpr auto make_atan_table() {
  std::array<Wide, kAtanSteps + 1> t{};
  for (int i = 1; i <= kAtanSteps; ++i)
    t[i] = t[i - 1] + atan_series(wide_integer(16) / wide_integer(256 + i * (i - 1)));
  return t;
}
constexpr auto kAtanTable = make_atan_table();
constexpr Wide kPi = scaled(kAtanTable[kAtanSteps], 2);

// ln(i / 32) for significands from 1/sqrt(2) to sqrt(2).
constexpr int kLogOne = 32, kLogFirst = 22, kLogLast = 46;
constexpr auto make_log_table() {
  std::array<Wide, kLogLast - kLogFirst + 1> t{};
  for (int i = kLogOne + 1; i <= kLogLast; ++i) t[i - kLogFirst] = t[i - 1 - kLogFirst] + log_ratio(i);
  for (int i = kLogOne - 1; i >= kLogFirst; --i) t[i - kLogFirst] = t[i + 1 - kLogFirst] - log_ratio(i + 1);
  return t;
}
constexpr auto kLogTable = make_log_table();

// 2^(i / 32) - 1 for i from -32 to 32.
constexpr int kPowerSteps = 32;
constexpr auto make_power_table() {
  std::array<Wide, 2 * kPowerSteps + 1> t{};
  const Wide up = expm1_series(scaled(kLn2, -5)), down = expm1_series(-scaled(kLn2, -5));
  for (int i = 1; i <= kPowerSteps; ++i) {
    const Wide above = t[kPowerSteps + i - 1], below = t[kPowerSteps - i + 1];
    t[kPowerSteps + i] = above + up + above * up;
    t[kPowerSteps - i] = below + down + below * down;
  }
  return t;
}
constexpr auto kPowerTable = make_power_table();

// round(a * 2^bits) of a non-negative value that is not large.
int nearest(const Wide& a, int bits) {
  const int shift = 127 - a.exponent - bits;
  if (a.is_zero() || shift > 128) return 0;
  return static_cast<int>(((a.mant >> (shift - 1)) + 1) >> 1);
}

}  // namespace

Wide wide_pi() { return kPi; }

Quadrant reduce_by_pi(const F80& x) {
  const Wide w = wide_from(x);
  // pi / 2 in units of 2^-65.
  constexpr u128 half_pi = (u128{0xC90FDAA22168C234} << 2) | 3;
  // Below 1/2 there is nothing to reduce; above, the value is a whole number of units.
  if (w.exponent < -1) return {w, 0};
  const u128 units = w.mant >> (62 - w.exponent);
  u128 n = units / half_pi;
  u128 rest = units % half_pi;
  bool negative = w.negative;
  if (rest > half_pi / 2) {
    ++n;
    rest = half_pi - rest;
    negative = !negative;
  }
  const auto quarter = static_cast<unsigned>(n & 3);
  return {make_wide(rest, 62, negative), w.negative ? (4 - quarter) & 3 : quarter};
}

Wide wide_sin(const Wide& rest) {
  if (rest.is_zero()) return rest;
  return rest - rest * make_wide(tail(kSinTail, fraction(rest * rest), true) | 1, -1);
}

Wide wide_cos(const Wide& rest) {
  if (rest.is_zero()) return kOne;
  return kOne - make_wide(tail(kCosTail, fraction(rest * rest), true) | 1, -1);
}

Wide wide_atan2(const Wide& y, const Wide& x) {
  Wide a = y.abs(), b = x.abs();
  const bool steep = smaller(b, a);
  if (steep) {
    const Wide t = a;
    a = b;
    b = t;
  }
  // Near the step i / 16, atan(a / b) = atan(i / 16) + atan((16 a - i b) / (16 b + i a)).
  int i = 0;
  if (b.exponent - a.exponent < 7) i = nearest(a / b, 4);
  Wide angle;
  if (i == 0) {
    angle = atan_series(a / b);
  } else {
    const Wide step = wide_integer(i);
    angle = kAtanTable[i] + atan_series((scaled(a, 4) - step * b) / (scaled(b, 4) + step * a));
  }
  if (steep) angle = scaled(kPi, -1) - angle;
  if (x.negative) angle = kPi - angle;
  return y.negative ? -angle : angle;
}

Wide wide_log2(const Wide& x) {
  // sqrt(2) need not be exact: it only decides which of two ways is taken.
  constexpr u128 root = u128{0xB504F333F9DE6484} << 64;
  const int e = x.mant > root ? x.exponent + 1 : x.exponent;
  const Wide m{x.mant, x.exponent - e, false};
  const int i = nearest(m, 5);
  const Wide c = scaled(wide_integer(i), -5);
  const Wide series = scaled(atanh_series((m - c) / (m + c)), 1);
  return wide_integer(e) + (kLogTable[i - kLogFirst] + series) * kLog2E;
}

Wide wide_log2_1p(const Wide& x) {
  if (x.exponent >= -6) return wide_log2(kOne + x);
  return scaled(atanh_series(x / (wide_integer(2) + x)), 1) * kLog2E;
}

Wide wide_exp2_m1(const Wide& x) {
  const int i = x.negative ? -nearest(x.abs(), 5) : nearest(x, 5);
  const Wide u = expm1_series((x - scaled(wide_integer(i), -5)) * kLn2);
  const Wide& power = kPowerTable[i + kPowerSteps];
  return power + u + power * u;
}

}  // namespace ilse::cpu
