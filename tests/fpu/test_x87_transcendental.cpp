// The transcendental functions, which are our own code: special operands, flags and stack faults exactly as
// the host's x87 has them; values within one unit in the last place of the host's, and of libm's.
#include <catch2/catch.hpp>

#include <cmath>

#include "fpu/x87_fixture.h"

using namespace ilse::cpu;
using namespace fpu_test;

namespace {

constexpr unsigned kRounds = 30000;

F80 moderate(Random& rng, int lowest, int highest) {
  const auto exponent = static_cast<uint16_t>(
      F80::kBias + lowest + static_cast<int>(rng() % static_cast<unsigned>(highest - lowest + 1)));
  return F80{rng() | F80::kIntegerBit, exponent}.with_sign((rng() & 1) != 0);
}

void check(const std::vector<Case>& cases) {
  uint64_t seed = 500;
  for (const Case& c : cases) {
    INFO(c.name);
    CHECK(differs(c, kRounds, seed++) == "");
  }
}

Case function(const char* name, uint8_t opcode, void (X87::*f)(), std::function<void(Random&, X87&)> narrow) {
  // C1 says which way the last place was rounded: not the same where it differs.
  return {name, {0xD9, opcode},   [f](X87& x, Operand&, uint64_t&) { (x.*f)(); }, {}, x87sw::kC1,
          1,    std::move(narrow)};
}

long double to_long_double(const F80& v) {
  long double x = 0;
  std::memcpy(&x, &v, 10);
  return x;
}

F80 to_f80(long double x) {
  F80 v;
  std::memcpy(static_cast<void*>(&v), &x, 10);
  return v;
}

F80 first(X87& x, void (X87::*f)(), const F80& st0, const F80& st1) {
  x.fninit();
  x.fld_m80(st1);
  x.fld_m80(st0);
  (x.*f)();
  return x.reg(0);
}

}  // namespace

TEST_CASE("x87 FSIN FCOS FSINCOS FPTAN against the silicon", "[x87][transcendental]") {
  // The sine of the least normal number is a denormal by a hair; the silicon does not say so.
  const auto keep = [](Random&, X87& x) {
    if (x.reg(0).exponent() <= 1 && x.reg(0).mant == F80::kIntegerBit) x.reg(0) = kF80Zero;
  };
  const auto inside = [](Random& r, X87& x) { x.reg(0) = moderate(r, -40, 62); };
  check({function("fsin", 0xFE, &X87::fsin, keep), function("fcos", 0xFF, &X87::fcos, keep),
         function("fsincos", 0xFB, &X87::fsincos, keep), function("fptan", 0xF2, &X87::fptan, keep),
         function("fsin in range", 0xFE, &X87::fsin, inside),
         function("fcos in range", 0xFF, &X87::fcos, inside),
         function("fsincos in range", 0xFB, &X87::fsincos, inside),
         function("fptan in range", 0xF2, &X87::fptan, inside)});
}

TEST_CASE("x87 FPATAN against the silicon", "[x87][transcendental]") {
  check({function("fpatan", 0xF3, &X87::fpatan, [](Random&, X87&) {}),
         function("fpatan near the diagonal", 0xF3, &X87::fpatan, [](Random& r, X87& x) {
           x.reg(0) = moderate(r, -4, 4);
           x.reg(1) = moderate(r, -4, 4);
         })});
}

TEST_CASE("x87 F2XM1 against the silicon", "[x87][transcendental]") {
  check({function("f2xm1", 0xF0, &X87::f2xm1,
                  [](Random& r, X87& x) {
                    if (!x.reg(0).is_nan() && !x.reg(0).is_unsupported() && x.reg(0).exponent() >= F80::kBias)
                      x.reg(0) = kF80One.with_sign((r() & 1) != 0);
                  }),
         function("f2xm1 in range", 0xF0, &X87::f2xm1,
                  [](Random& r, X87& x) { x.reg(0) = moderate(r, -70, -1); })});
}

TEST_CASE("x87 FYL2X against the silicon", "[x87][transcendental]") {
  check({function("fyl2x", 0xF1, &X87::fyl2x,
                  [](Random& r, X87& x) {
                    if (r() % 4 != 0) x.reg(0).se &= F80::kExponentMask;
                  }),
         function("fyl2x near one", 0xF1, &X87::fyl2x,
                  [](Random& r, X87& x) {
                    x.reg(0) = moderate(r, -2, 1).with_sign(false);
                    if (r() % 2 == 0) x.reg(0) = {F80::kIntegerBit + (r() >> (2 + r() % 60)), F80::kBias};
                    x.reg(1) = moderate(r, -4, 4);
                  }),
         function("fyl2x of powers of two", 0xF1, &X87::fyl2x, [](Random& r, X87& x) {
           x.reg(0) = {F80::kIntegerBit, static_cast<uint16_t>(1 + r() % 0x7FFE)};
         })});
}

TEST_CASE("x87 FYL2XP1 against the silicon", "[x87][transcendental]") {
  check({function("fyl2xp1", 0xF9, &X87::fyl2xp1,
                  [](Random& r, X87& x) {
                    const F80 v = x.reg(0);
                    // The manual defines it between -(1 - sqrt(1/2)) and sqrt(2) - 1.
                    if (!v.is_nan() && !v.is_unsupported() && v.exponent() >= F80::kBias - 2)
                      x.reg(0) = moderate(r, -60, -3);
                  }),
         function("fyl2xp1 in range", 0xF9, &X87::fyl2xp1, [](Random& r, X87& x) {
           x.reg(0) = moderate(r, -80, -3);
           x.reg(1) = moderate(r, -4, 4);
         })});
}

TEST_CASE("x87 functions are within one unit of libm's long double", "[x87][transcendental]") {
  Random rng(77);
  const HostX87Scope scope;
  const F80 one = kF80One;
  X87 x;
  for (unsigned n = 0; n < kRounds; ++n) {
    const F80 a = moderate(rng, -30, -1), b = moderate(rng, -30, 30), c = moderate(rng, -30, 30);
    const long double la = to_long_double(a), lb = to_long_double(b), lc = to_long_double(c);
    CAPTURE(la, lb, lc);
    REQUIRE(ulp_distance(first(x, &X87::fsin, a, one), to_f80(sinl(la))) <= 1);
    REQUIRE(ulp_distance(first(x, &X87::fcos, a, one), to_f80(cosl(la))) <= 1);
    REQUIRE(ulp_distance(first(x, &X87::fpatan, b, c), to_f80(atan2l(lc, lb))) <= 1);
    REQUIRE(ulp_distance(first(x, &X87::fyl2x, b.with_sign(false), one), to_f80(log2l(fabsl(lb)))) <= 1);
  }
}

TEST_CASE("x87 FSIN leaves an argument of 2^63 and more alone and sets C2", "[x87][transcendental]") {
  X87 x;
  for (const bool negative : {false, true}) {
    const F80 big = F80{F80::kIntegerBit, F80::kBias + 63}.with_sign(negative);
    CHECK(first(x, &X87::fsin, big, kF80One) == big);
    CHECK((x.sw & x87sw::kC2) != 0);
    const F80 below = F80{~uint64_t{0}, F80::kBias + 62}.with_sign(negative);
    CHECK(first(x, &X87::fsin, below, kF80One) != below);
    CHECK((x.sw & x87sw::kC2) == 0);
  }
}

TEST_CASE("x87 FSIN reduces by pi of 66 bits", "[x87][transcendental]") {
  X87 x;
  // sin(pi rounded to 64 bits) is the rest against the chip's pi, 3 units of 2^-64 minus 4.
  const F80 pi{0xC90FDAA22168C235, 0x4000};
  CHECK(first(x, &X87::fsin, pi, kF80One) == F80{F80::kIntegerBit, F80::kBias - 64}.with_sign(true));
}
