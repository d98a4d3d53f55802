// Floating point with a 128-bit significand and an unbounded exponent, in integers only: the workshop
// of the x87's transcendental functions. Results are truncated, wrong by a few units of 2^-127, and
// constexpr, so that the tables are computed by the compiler.
#pragma once

#include <cstdint>

#include "cpu/fpu/f80.h"

namespace ilse::cpu {

__extension__ using u128 = unsigned __int128;

// Upper half of the product: a * b for fractions of 2^128. Up to three units too small.
constexpr u128 mul_high(u128 a, u128 b) {
  const auto a1 = static_cast<uint64_t>(a >> 64), a0 = static_cast<uint64_t>(a);
  const auto b1 = static_cast<uint64_t>(b >> 64), b0 = static_cast<uint64_t>(b);
  return u128{a1} * b1 + ((u128{a1} * b0) >> 64) + ((u128{a0} * b1) >> 64);
}

constexpr int leading_zeros(u128 v) {
  const auto high = static_cast<uint64_t>(v >> 64);
  return high != 0 ? __builtin_clzll(high) : 64 + __builtin_clzll(static_cast<uint64_t>(v));
}

// mant * 2^(exponent - 127): bit 127 of mant is set, or mant is 0 and the value is zero.
struct Wide {
  u128 mant = 0;
  int exponent = 0;
  bool negative = false;

  constexpr bool is_zero() const { return mant == 0; }
  constexpr Wide operator-() const { return {mant, exponent, !negative}; }
  constexpr Wide abs() const { return {mant, exponent, false}; }
};

// mant * 2^(exponent - 127), not normalized.
constexpr Wide make_wide(u128 mant, int exponent, bool negative = false) {
  if (mant == 0) return {};
  const int shift = leading_zeros(mant);
  return {mant << shift, exponent - shift, negative};
}

constexpr Wide wide_integer(int64_t v) {
  const uint64_t magnitude = v < 0 ? ~static_cast<uint64_t>(v) + 1 : static_cast<uint64_t>(v);
  return make_wide(magnitude, 127, v < 0);
}

// A finite F80.
constexpr Wide wide_from(const F80& v) {
  const int e = v.exponent() == 0 ? 1 : v.exponent();
  return make_wide(u128{v.mant} << 64, e - F80::kBias, v.sign());
}

constexpr Wide scaled(const Wide& a, int by) { return {a.mant, a.exponent + by, a.negative}; }

// Less than, of magnitudes.
constexpr bool smaller(const Wide& a, const Wide& b) {
  if (a.is_zero() || b.is_zero()) return a.is_zero() && !b.is_zero();
  return a.exponent != b.exponent ? a.exponent < b.exponent : a.mant < b.mant;
}

constexpr Wide operator*(const Wide& a, const Wide& b) {
  if (a.is_zero() || b.is_zero()) return {};
  return make_wide(mul_high(a.mant, b.mant), a.exponent + b.exponent + 1, a.negative != b.negative);
}

// What is shifted out of the smaller operand still counts by a unit in the right direction.
constexpr Wide operator+(const Wide& a, const Wide& b) {
  if (a.is_zero()) return b;
  if (b.is_zero()) return a;
  if (smaller(a, b)) return b + a;
  const int64_t distance = int64_t{a.exponent} - b.exponent;
  const u128 low = distance < 128 ? b.mant >> distance : 0;
  const bool lost = distance >= 128 || (low << distance) != b.mant;
  if (a.negative != b.negative) {
    return make_wide(a.mant - low - (lost ? 1 : 0), a.exponent, a.negative);
  }
  const u128 sum = a.mant + low;
  if (sum >= a.mant) return {sum | (lost ? 1 : 0), a.exponent, a.negative};
  return {sum >> 1 | u128{1} << 127 | (sum & 1) | (lost ? 1 : 0), a.exponent + 1, a.negative};
}

constexpr Wide operator-(const Wide& a, const Wide& b) { return a + -b; }

// One 64-bit digit of a long division: rest is the remainder, less than divisor, and becomes the next one.
constexpr uint64_t divide_digit(u128& rest, u128 divisor) {
  const auto d1 = static_cast<uint64_t>(divisor >> 64), d0 = static_cast<uint64_t>(divisor);
  u128 q = rest / d1;
  u128 r = rest % d1;
  while ((q >> 64) != 0 || q * d0 > r << 64) {
    --q;
    r += d1;
    if ((r >> 64) != 0) break;
  }
  rest = (rest << 64) - q * divisor;
  return static_cast<uint64_t>(q);
}

// b is not zero. An inexact quotient has its last bit set.
constexpr Wide operator/(const Wide& a, const Wide& b) {
  if (a.is_zero()) return {};
  // Halved if need be, so that the quotient is less than one.
  const bool halve = a.mant >= b.mant;
  u128 rest = halve ? a.mant >> 1 : a.mant;
  const uint64_t q1 = divide_digit(rest, b.mant);
  const uint64_t q0 = divide_digit(rest, b.mant);
  const bool lost = rest != 0 || (halve && (a.mant & 1) != 0);
  return make_wide(u128{q1} << 64 | q0 | (lost ? 1 : 0), a.exponent - b.exponent - (halve ? 0 : 1),
                   a.negative != b.negative);
}

// The value as a fraction of 2^128; it must be less than one. The sign is dropped.
constexpr u128 fraction(const Wide& a) {
  const int shift = -1 - a.exponent;
  return shift >= 0 && shift < 128 ? a.mant >> shift : 0;
}

}  // namespace ilse::cpu
