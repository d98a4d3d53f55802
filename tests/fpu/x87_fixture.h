// Random x87 states with values from every class, and the comparison of a method with the silicon.
#pragma once

#include <functional>
#include <string>

#include "cpu/fpu/x87.h"
#include "fpu/native.h"

namespace fpu_test {

ilse::cpu::F80 random_f80(Random& rng);
uint64_t random_f64(Random& rng);
uint32_t random_f32(Random& rng);
uint64_t random_operand(Random& rng, unsigned bytes);

// A state in which no exception is pending. unmasked: masks are random too.
ilse::cpu::X87 random_state(Random& rng, bool unmasked);

FxArea to_area(const ilse::cpu::X87& f);
ilse::cpu::X87 from_area(const FxArea& area);
std::string describe(const ilse::cpu::X87& f);

struct Case {
  std::string name;
  std::vector<uint8_t> code;  // memory operand at [rsi]
  // What the row would do. The operand is read from and written to memory; eflags only by FCOMI and kin.
  std::function<void(ilse::cpu::X87&, Operand&, uint64_t& eflags)> ours;
  // Puts the memory operand there.
  std::function<void(Random&, Operand&)> prepare = {};
  // Bits of the status word that this case leaves undefined.
  uint16_t ignore_sw = 0;
  // How far a value may be from the silicon's, in units of its last place.
  uint64_t ulps = 0;
  // Narrows the random registers to what the manual defines.
  std::function<void(Random&, ilse::cpu::X87&)> narrow = {};
};

// Distance in units of the last place; huge if signs, classes or NaNs differ.
uint64_t ulp_distance(const ilse::cpu::F80& a, const ilse::cpu::F80& b);

// Runs the case on `rounds` random states; gives the first difference as text, empty if none.
std::string differs(const Case& c, unsigned rounds, uint64_t seed);

}  // namespace fpu_test
