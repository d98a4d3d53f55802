// The operand values: a seed's sequence never changes, and every class of value comes up.
#include "oracle/values.h"

#include <catch2/catch.hpp>

#include "oracle/random_case.h"

namespace ilse::oracle {
namespace {

TEST_CASE("values: a seed gives the same sequence for ever", "[values]") {
  // splitmix64 from 0 gives the state e220a8397b1dcdaf, 6e789e6aa1b965f4, ...; the first output of
  // xoshiro256** is rotl(second word * 5, 7) * 9.
  Random random(0);
  REQUIRE(random.next() == std::rotl(std::uint64_t{0x6e789e6aa1b965f4} * 5, 7) * 9);
  Random a(42);
  Random b(42);
  Random c(43);
  REQUIRE(a.next() == b.next());
  REQUIRE(a.next() != c.next());
}

TEST_CASE("values: integers fit their width and reach its edges", "[values]") {
  for (const unsigned bits : {8U, 16U, 32U, 64U}) {
    Random random(bits);
    bool zero = false;
    bool ones = false;
    bool lowest = false;
    bool highest = false;
    for (unsigned i = 0; i < 5000; ++i) {
      const std::uint64_t v = integer(random, bits);
      REQUIRE((v & ~low_bits(bits)) == 0);
      zero = zero || v == 0;
      ones = ones || v == low_bits(bits);
      lowest = lowest || v == 1ULL << (bits - 1);
      highest = highest || v == low_bits(bits - 1);
    }
    REQUIRE(zero);
    REQUIRE(ones);
    REQUIRE(lowest);
    REQUIRE(highest);
  }
}

TEST_CASE("values: floats of every class", "[values]") {
  Random random(5);
  unsigned zero = 0;
  unsigned denormal = 0;
  unsigned infinity = 0;
  unsigned quiet = 0;
  unsigned signalling = 0;
  for (unsigned i = 0; i < 5000; ++i) {
    const std::uint64_t v = float64(random);
    const std::uint64_t exponent = v >> 52 & 0x7ff;
    const std::uint64_t fraction = v & low_bits(52);
    if (exponent == 0) ++(fraction == 0 ? zero : denormal);
    if (exponent == 0x7ff) ++(fraction == 0 ? infinity : (fraction >> 51) != 0 ? quiet : signalling);
    REQUIRE(float32(random) <= low_bits(32));
    REQUIRE(float16(random) <= low_bits(16));
  }
  for (const unsigned count : {zero, denormal, infinity, quiet, signalling}) REQUIRE(count > 100);
}

TEST_CASE("values: 80-bit values with the encodings that no format defines", "[values]") {
  Random random(6);
  unsigned unnormal = 0;
  unsigned pseudo_denormal = 0;
  unsigned pseudo_infinity = 0;
  for (unsigned i = 0; i < 5000; ++i) {
    const auto v = float80(random);
    REQUIRE(v.word[1] <= 0xffff);
    const std::uint64_t exponent = v.word[1] & 0x7fff;
    const bool integer_bit = v.word[0] >> 63 != 0;
    if (exponent == 0 && integer_bit) ++pseudo_denormal;
    if (exponent == 0x7fff && v.word[0] == 0) ++pseudo_infinity;
    if (exponent > 0 && exponent < 0x7fff && !integer_bit) ++unnormal;
  }
  for (const unsigned count : {unnormal, pseudo_denormal, pseudo_infinity}) REQUIRE(count > 50);
}

TEST_CASE("values: a random state is one that the processor accepts", "[values]") {
  Random random(8);
  for (const Mode mode : {Mode::k16, Mode::k32, Mode::k64}) {
    for (unsigned i = 0; i < 2000; ++i) {
      CaseState c;
      c.mode = mode;
      if (mode == Mode::k16) c.base.fill(0x40000);
      randomize(random, {0x40000, 0x4000}, c);
      REQUIRE((c.flags & ~kUserFlags) == 0);
      REQUIRE((c.fx.mxcsr & ~0xffffU) == 0);
      const std::uint64_t stack = c.gpr[kRsp] + (mode == Mode::k16 ? 0x40000 : 0);
      REQUIRE(stack >= 0x40100);
      REQUIRE(stack < 0x44000);
      if (mode != Mode::k64) REQUIRE(c.gpr[kRbx] <= low_bits(32));
    }
  }
}

}  // namespace
}  // namespace ilse::oracle
