// Operand values for generated cases: the edges of each width and random ones, from a seeded
// generator, so that a seed names a case for ever (splitmix64 and xoshiro256**, Blackman and Vigna).
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <iterator>

#include "oracle/native_case.h"

namespace ilse::oracle {

class Random {
 public:
  explicit Random(std::uint64_t seed) {
    for (auto& word : state_) {
      seed += 0x9e3779b97f4a7c15U;
      std::uint64_t z = seed;
      z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9U;
      z = (z ^ z >> 27) * 0x94d049bb133111ebU;
      word = z ^ z >> 31;
    }
  }
  std::uint64_t next() {
    const std::uint64_t out = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return out;
  }
  // 0 .. limit-1, limit > 0.
  std::uint64_t below(std::uint64_t limit) { return next() % limit; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class Range>
  auto pick(const Range& from) {
    return from[below(std::size(from))];
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

constexpr std::uint64_t low_bits(unsigned bits) { return bits >= 64 ? ~0ULL : (1ULL << bits) - 1; }

// An integer of 1 to 64 bits: half the time an edge (small, around a sign boundary or a power of two, few
// bits set or clear, a shift count), else random, now and then with a random number of leading zeroes.
inline std::uint64_t integer(Random& random, unsigned bits) {
  const std::uint64_t mask = low_bits(bits);
  const auto near = [&](std::uint64_t value) { return (value + random.below(5) - 2) & mask; };
  switch (random.below(12)) {
    case 0: return near(0);
    case 1: return near(1ULL << ((bits - 1) & 63));
    case 2: return near(1ULL << random.below(bits));
    case 3: return (1ULL << random.below(bits) | 1ULL << random.below(bits)) & mask;
    case 4: return ~(1ULL << random.below(bits)) & mask;
    case 5: return random.below(72) & mask;
    case 6: return random.next() & mask & ~0xffULL;
    case 7: return random.next() & low_bits(static_cast<unsigned>(random.below(bits) + 1)) & mask;
    default: return random.next() & mask;
  }
}

// Packed or unpacked decimal digits, most of them valid.
inline std::uint64_t decimal(Random& random, unsigned bits) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < bits; i += 4) value = value << 4 | random.below(random.one_in(4) ? 16 : 10);
  return (random.one_in(3) ? value & 0x0f0f0f0f0f0f0f0fU : value) & low_bits(bits);
}

// An address of 64-bit code that is or is barely not canonical (SDM vol. 1, 3.3.7.1).
inline std::uint64_t canonical_edge(Random& random) {
  static constexpr std::array<std::uint64_t, 4> kEdges = {0x0000'7fff'ffff'ffffU, 0x0000'8000'0000'0000U,
                                                          0xffff'8000'0000'0000U, 0xffff'7fff'ffff'ffffU};
  return random.pick(kEdges) + random.below(17) - 8;
}

// A float of `exponent_bits` and `fraction_bits` by class: zero, denormal, normal, infinity, quiet
// or signalling NaN, an integer, a value next to a rounding boundary.
inline std::uint64_t binary_float(Random& random, unsigned exponent_bits, unsigned fraction_bits) {
  const std::uint64_t sign = random.below(2) << (exponent_bits + fraction_bits);
  const std::uint64_t top = low_bits(exponent_bits);
  const std::uint64_t bias = top >> 1;
  const std::uint64_t fraction = random.next() & low_bits(fraction_bits);
  const std::uint64_t quiet = 1ULL << (fraction_bits - 1);
  const auto make = [&](std::uint64_t exponent, std::uint64_t f) {
    return sign | (exponent & top) << fraction_bits | (f & low_bits(fraction_bits));
  };
  switch (random.below(16)) {
    case 0: return make(0, 0);
    case 1: return make(0, fraction);
    case 2: return make(0, random.one_in(2) ? 1 : low_bits(fraction_bits));
    case 3: return make(1, random.one_in(2) ? 0 : fraction);
    case 4: return make(top - 1, random.one_in(2) ? low_bits(fraction_bits) : fraction);
    case 5: return make(top, 0);
    case 6: return make(top, fraction | quiet);
    case 7: return make(top, (fraction & ~quiet) | 1);
    case 8: return make(bias, random.one_in(2) ? 0 : random.below(4));
    case 9: {
      const std::uint64_t shift = random.below(fraction_bits + 1);
      return make(bias + shift, fraction & ~low_bits(static_cast<unsigned>(fraction_bits - shift)));
    }
    case 10: return make(bias + random.below(70) - 3, fraction);
    case 11: return make(bias + fraction_bits - random.below(3), fraction);
    case 12: return make(bias + random.below(8) - 4, low_bits(fraction_bits) - random.below(3));
    default: return make(random.next(), fraction);
  }
}

inline std::uint64_t float16(Random& random) { return binary_float(random, 5, 10); }
inline std::uint64_t float32(Random& random) { return binary_float(random, 8, 23); }
inline std::uint64_t float64(Random& random) { return binary_float(random, 11, 52); }

// An 80-bit extended value, the oddities included: pseudo-denormals, unnormals, pseudo-NaNs
// and pseudo-infinities (SDM vol. 1, 8.2.2), and values at the edge of the smaller formats.
inline XsaveImage::Lane float80(Random& random) {
  const std::uint64_t sign = random.below(2) << 15;
  const std::uint64_t integer_bit = 1ULL << 63;
  const std::uint64_t fraction = random.next() >> 1;
  const auto make = [&](std::uint64_t exponent, std::uint64_t significand) {
    return XsaveImage::Lane{{significand, sign | (exponent & 0x7fff)}};
  };
  switch (random.below(20)) {
    case 0: return make(0, 0);
    case 1: return make(0, fraction);
    case 2: return make(0, random.one_in(2) ? 1 : integer_bit - 1);
    case 3: return make(0, integer_bit | fraction);
    case 4: return make(random.next() % 0x7ffe + 1, fraction);
    case 5: return make(0x7fff, integer_bit);
    case 6: return make(0x7fff, integer_bit | fraction | 1ULL << 62);
    case 7: return make(0x7fff, (integer_bit | fraction | 1) & ~(1ULL << 62));
    case 8: return make(0x7fff, random.one_in(2) ? 0 : fraction);
    case 9: return make(0x3fff, integer_bit | (random.one_in(2) ? 0 : random.below(4)));
    case 10:
      return make(0x3fff + random.below(64),
                  integer_bit | (fraction & ~low_bits(static_cast<unsigned>(random.below(64)))));
    case 11: return make(0x3fff + random.below(70) - 3, integer_bit | fraction);
    case 12: return make(0x3fff + 1023 + random.below(3) - 1, integer_bit | fraction);
    case 13: return make(0x3fff - 1022 - random.below(56), integer_bit | fraction);
    case 14: return make(0x3fff + 127 + random.below(3) - 1, integer_bit | fraction);
    case 15: return make(0x3fff - 126 - random.below(26), integer_bit | fraction);
    case 16: return make(random.one_in(2) ? 1 : 0x7ffe, integer_bit | fraction);
    default: return make(random.next() % 0x7ffe + 1, integer_bit | fraction);
  }
}

// Sixteen bytes for an XMM register or half a YMM: integers of one element size, floats of one
// type, or anything.
inline XsaveImage::Lane vector_lane(Random& random) {
  XsaveImage::Lane lane;
  const auto kind = random.below(8);
  for (auto& word : lane.word) {
    switch (kind) {
      case 0:
      case 1: word = float32(random) | float32(random) << 32; break;
      case 2:
      case 3: word = float64(random); break;
      case 4:
      case 5: {
        const unsigned bits = 8U << random.below(4);
        word = 0;
        for (unsigned i = 0; i < 64; i += bits) word |= integer(random, bits) << i;
        break;
      }
      case 6:
        word = float16(random) | float16(random) << 16 | float16(random) << 32 | float16(random) << 48;
        break;
      default: word = random.next(); break;
    }
  }
  return lane;
}

inline std::uint64_t status_flags(Random& random) { return random.next() & kStatusFlags; }

}  // namespace ilse::oracle
