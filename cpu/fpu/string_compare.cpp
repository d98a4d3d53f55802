#include "cpu/fpu/string_compare.h"

#include <algorithm>

namespace ilse::cpu::simd {

namespace {

constexpr unsigned element_count(uint8_t imm) { return (imm & 1) != 0 ? 8 : 16; }

int element(const Xmm& v, unsigned i, uint8_t imm) {
  switch (imm & 3) {
    case 0: return v.get<uint8_t>(i);
    case 1: return v.get<uint16_t>(i);
    case 2: return v.get<int8_t>(i);
    default: return v.get<int16_t>(i);
  }
}

unsigned length_of(const Xmm& v, uint8_t imm) {
  unsigned n = 0;
  while (n < element_count(imm) && element(v, n, imm) != 0) ++n;
  return n;
}

// Bit j: what the aggregation of imm[3:2] says of element j of b.
uint32_t aggregated(const Xmm& a, unsigned na, const Xmm& b, unsigned nb, uint8_t imm) {
  const unsigned n = element_count(imm);
  enum { kAny, kRanges, kEach, kOrdered };
  uint32_t r = 0;
  for (unsigned j = 0; j < n; ++j) {
    bool bit = false;
    switch (imm >> 2 & 3) {
      case kAny:
        for (unsigned i = 0; i < na && j < nb; ++i) bit = bit || element(a, i, imm) == element(b, j, imm);
        break;
      case kRanges:
        for (unsigned i = 0; i + 1 < na && j < nb; i += 2) {
          const int v = element(b, j, imm);
          bit = bit || (v >= element(a, i, imm) && v <= element(a, i + 1, imm));
        }
        break;
      case kEach:
        bit = j < na && j < nb ? element(a, j, imm) == element(b, j, imm) : j >= na && j >= nb;
        break;
      case kOrdered:
        bit = true;
        for (unsigned i = 0; i < na && i + j < n; ++i) {
          bit = bit && i + j < nb && element(a, i, imm) == element(b, i + j, imm);
        }
        break;
    }
    if (bit) r |= 1u << j;
  }
  return r;
}

StringComparison compare(const Xmm& a, unsigned na, const Xmm& b, unsigned nb, uint8_t imm) {
  const unsigned n = element_count(imm);
  const uint32_t all = (1u << n) - 1;
  uint32_t bits = aggregated(a, na, b, nb, imm);
  if ((imm & 0x10) != 0) bits ^= (imm & 0x20) != 0 ? (1u << nb) - 1 : all;
  StringComparison r;
  if (bits == 0) {
    r.index = n;
  } else {
    r.index = static_cast<uint32_t>((imm & 0x40) != 0 ? 31 - std::countl_zero(bits) : std::countr_zero(bits));
  }
  if ((imm & 0x40) != 0) {
    for (unsigned i = 0; i < n; ++i) {
      if ((bits >> i & 1) == 0) continue;
      if (n == 16) {
        r.mask.put<uint8_t>(i, 0xFF);
      } else {
        r.mask.put<uint16_t>(i, 0xFFFF);
      }
    }
  } else {
    r.mask.lo = bits;
  }
  r.cf = bits != 0;
  r.zf = nb < n;
  r.sf = na < n;
  r.of = (bits & 1) != 0;
  return r;
}

}  // namespace

StringComparison compare_explicit(const Xmm& a, int64_t length_a, const Xmm& b, int64_t length_b,
                                  uint8_t imm) {
  auto length = [imm](int64_t v) {
    const uint64_t magnitude = v < 0 ? uint64_t{0} - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
    return static_cast<unsigned>(std::min<uint64_t>(magnitude, element_count(imm)));
  };
  return compare(a, length(length_a), b, length(length_b), imm);
}
StringComparison compare_implicit(const Xmm& a, const Xmm& b, uint8_t imm) {
  return compare(a, length_of(a, imm), b, length_of(b, imm), imm);
}

}  // namespace ilse::cpu::simd
