// See x87_fixture.h.
#include "fpu/x87_fixture.h"

#include <cstdio>

namespace fpu_test {

using namespace ilse::cpu;

F80 random_f80(Random& rng) {
  const auto sign = static_cast<uint16_t>((rng() & 1) << 15);
  const auto with = [&](uint64_t mant, unsigned exponent) {
    return F80{mant, static_cast<uint16_t>(sign | (exponent & 0x7FFF))};
  };
  constexpr uint64_t top = uint64_t{1} << 63;
  uint64_t mant = rng() | top;
  if (rng() % 3 == 0) mant &= ~uint64_t{0} << (rng() % 64);  // few significant bits
  if (rng() % 8 == 0) mant = ~uint64_t{0} << (rng() % 12);
  mant |= top;
  switch (rng() % 24) {
    case 0: return with(0, 0);
    case 1: return with(top, 0x7FFF);                                             // infinity
    case 2: return with(mant | (top >> 1), 0x7FFF);                               // quiet NaN
    case 3: return with((mant & ~(top >> 1)) | 1, 0x7FFF);                        // signalling NaN
    case 4: return with((rng() >> (1 + rng() % 63)), 0);                          // denormal
    case 5: return with(mant, 0);                                                 // pseudo-denormal
    case 6: return with(mant & ~top, 1 + static_cast<unsigned>(rng() % 0x7FFF));  // unnormal and pseudo-NaN
    case 7: return with(mant, 1 + static_cast<unsigned>(rng() % 70));
    case 8: return with(mant, 0x7FFE - static_cast<unsigned>(rng() % 70));
    case 9: return with(mant, static_cast<unsigned>(rng() % 0x7FFF));
    case 10: return with(mant, 16383 - 1022 - 60 + static_cast<unsigned>(rng() % 70));  // double's bottom
    case 11: return with(mant, 16383 + 1020 + static_cast<unsigned>(rng() % 8));
    case 12: return with(mant, 16383 - 126 - 30 + static_cast<unsigned>(rng() % 36));  // float's bottom
    case 13: return with(mant, 16383 + 124 + static_cast<unsigned>(rng() % 8));
    case 14: return with(top, 16383);
    default: return with(mant, 16383 - 70 + static_cast<unsigned>(rng() % 140));
  }
}

uint64_t random_f64(Random& rng) {
  const uint64_t sign = rng() << 63, fraction = rng() >> 12;
  switch (rng() % 12) {
    case 0: return sign;
    case 1: return sign | uint64_t{0x7FF} << 52;
    case 2: return sign | uint64_t{0x7FF} << 52 | fraction | uint64_t{1} << 51;
    case 3: return sign | uint64_t{0x7FF} << 52 | (fraction >> 1) | 1;
    case 4: return sign | fraction >> (rng() % 52);
    case 5: return sign | (rng() % 0x7FF) << 52 | fraction;
    case 6: return sign | (1 + rng() % 60) << 52 | fraction;
    case 7: return sign | (0x7FE - rng() % 60) << 52 | fraction;
    case 8: return sign | uint64_t{0x3FF} << 52;
    case 9: return sign | (1023 - 4 + rng() % 8) << 52 | (fraction & (~uint64_t{0} << (rng() % 52)));
    default: return sign | (1023 - 64 + rng() % 128) << 52 | fraction;
  }
}

uint32_t random_f32(Random& rng) {
  const auto sign = static_cast<uint32_t>(rng() << 31), fraction = static_cast<uint32_t>(rng()) >> 9;
  const auto exponent = [](uint64_t e) { return static_cast<uint32_t>(e) << 23; };
  switch (rng() % 12) {
    case 0: return sign;
    case 1: return sign | exponent(255);
    case 2: return sign | exponent(255) | fraction | 1u << 22;
    case 3: return sign | exponent(255) | (fraction >> 1) | 1;
    case 4: return sign | fraction >> (rng() % 23);
    case 5: return sign | exponent(rng() % 255) | fraction;
    case 6: return sign | exponent(1 + rng() % 30) | fraction;
    case 7: return sign | exponent(254 - rng() % 30) | fraction;
    case 8: return sign | exponent(127);
    case 9: return sign | exponent(127 - 4 + rng() % 8) | (fraction & (~uint32_t{0} << (rng() % 23)));
    default: return sign | exponent(127 - 40 + rng() % 80) | fraction;
  }
}

uint64_t random_operand(Random& rng, unsigned bytes) {
  const uint64_t v = rng() % 4 == 0 ? rng() % 5 - 2 : rng() % 8 == 0 ? uint64_t{1} << (8 * bytes - 1) : rng();
  return bytes == 8 ? v : v & ((uint64_t{1} << (8 * bytes)) - 1);
}

X87 random_state(Random& rng, bool unmasked) {
  X87 f;
  f.fninit();
  uint16_t masks = 0x3F;
  if (unmasked) masks = static_cast<uint16_t>(rng() & 0x3F);
  static constexpr uint16_t kPrecisions[] = {0x000, 0x200, 0x300, 0x300};
  const auto cw = static_cast<uint16_t>(masks | kPrecisions[rng() % 4] | (rng() & 0xC00));
  auto sw = static_cast<uint16_t>(rng() & 0x7F00);
  if (rng() % 2 == 0) sw |= rng() & masks;
  if (rng() % 8 == 0) sw |= x87sw::kSF;
  f.set_status_word(sw);
  f.fldcw(cw);
  f.tag = 0xFF;
  if (rng() % 4 == 0) f.tag = static_cast<uint8_t>(rng());
  // Pushes want a free register.
  if (rng() % 2 == 0) f.tag = static_cast<uint8_t>(f.tag & ~(1u << ((f.top + 7) & 7)));
  for (F80& v : f.st) v = random_f80(rng);
  if (rng() % 16 == 0) f.reg(0) = f.reg(1);
  return f;
}

FxArea to_area(const X87& f) {
  FxArea area;
  x87_fxsave(f, std::span(area.bytes).first<160>(), true);
  const uint32_t mxcsr = 0x1F80;
  std::memcpy(area.bytes.data() + 24, &mxcsr, 4);
  return area;
}

X87 from_area(const FxArea& area) {
  X87 f;
  x87_fxrstor(f, std::span(area.bytes).first<160>(), true);
  f.fop = 0;
  f.fip = f.fdp = 0;
  return f;
}

std::string describe(const X87& f) {
  char line[80];
  std::snprintf(line, sizeof line, "cw %04x sw %04x tag %02x\n", f.cw, f.status_word(), f.tag);
  std::string text = line;
  for (unsigned i = 0; i < 8; ++i) {
    std::snprintf(line, sizeof line, "  st%u%s %04x %016lx\n", i, f.empty(i) ? " empty" : "", f.reg(i).se,
                  static_cast<unsigned long>(f.reg(i).mant));
    text += line;
  }
  return text;
}

uint64_t ulp_distance(const F80& a, const F80& b) {
  if (a == b) return 0;
  if (a.sign() != b.sign() || a.exponent() == 0x7FFF || b.exponent() == 0x7FFF) return ~uint64_t{0};
  const auto line = [](const F80& v) {
    const unsigned e = v.exponent() == 0 ? 1 : static_cast<unsigned>(v.exponent());
    return (static_cast<__int128>(e) << 63) + static_cast<__int128>(v.mant & ~F80::kIntegerBit) +
           ((v.mant & F80::kIntegerBit) != 0 ? static_cast<__int128>(1) << 63 : 0);
  };
  const __int128 d = line(a) - line(b);
  const __int128 size = d < 0 ? -d : d;
  return size > 1000000 ? 1000000 : static_cast<uint64_t>(size);
}

std::string differs(const Case& c, unsigned rounds, uint64_t seed) {
  Random rng(seed);
  const Native native(c.code);
  for (unsigned n = 0; n < rounds; ++n) {
    X87 before = random_state(rng, n % 3 == 0);
    if (c.narrow) c.narrow(rng, before);
    Operand memory;
    for (unsigned i = 0; i < memory.bytes.size(); i += 8) memory.put(rng(), i);
    if (c.prepare) c.prepare(rng, memory);
    Operand expected_memory = memory, our_memory = memory;
    const FxArea in = to_area(before);
    FxArea out;
    const uint64_t flags = native.run(in, expected_memory, out);
    X87 expected = from_area(out);
    // As the silicon has it, not recomputed.
    uint16_t silicon_sw = 0;
    std::memcpy(&silicon_sw, out.bytes.data() + 2, 2);
    expected.set_status_word(silicon_sw);

    X87 after = before;
    uint64_t our_flags = flags & ~uint64_t{0x45};
    {
      const HostX87Scope scope;
      c.ours(after, our_memory, our_flags);
    }
    X87 ours = after;
    ours.sw = static_cast<uint16_t>((ours.sw & ~c.ignore_sw) | (expected.sw & c.ignore_sw));
    if (c.ulps != 0) {
      for (unsigned i = 0; i < 8; ++i) {
        if (ulp_distance(ours.st[i], expected.st[i]) <= c.ulps) ours.st[i] = expected.st[i];
      }
    }
    const bool eflags_same = our_flags == (flags & ~uint64_t{0x45}) || our_flags == flags;
    if (ours == expected && our_memory.bytes == expected_memory.bytes && eflags_same) continue;
    char operand[160];
    std::snprintf(operand, sizeof operand,
                  "round %u, memory %016lx %016lx: native %016lx %016lx ours %016lx %016lx\n", n,
                  memory.get<unsigned long>(), memory.get<unsigned long>(8),
                  expected_memory.get<unsigned long>(), expected_memory.get<unsigned long>(8),
                  our_memory.get<unsigned long>(), our_memory.get<unsigned long>(8));
    return c.name + " " + operand + "before " + describe(before) + "native " + describe(expected) + "ours " +
           describe(after);
  }
  return {};
}

}  // namespace fpu_test
