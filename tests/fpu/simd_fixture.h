// Random vector states, and the comparison of an operation with the silicon.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "cpu/fpu/sse.h"
#include "fpu/native.h"

namespace fpu_test {

enum class SimdOperands : uint8_t { kInteger, kShiftCount, kSingle, kDouble };

struct SimdState {
  ilse::cpu::Xmm x0, x1;
  uint64_t m0 = 0, m1 = 0;
  uint64_t rax = 0;
  uint64_t eflags = 0;  // only of comparisons
  Operand memory;

  void set_flags(const ilse::cpu::simd::CompareFlags& f) {
    eflags = (f.zf ? 0x40 : 0) | (f.pf ? 4 : 0) | (f.cf ? 1 : 0);
  }
};

struct SimdCase {
  std::string name;
  std::vector<uint8_t> code;
  SimdOperands operands;
  std::function<void(SimdState&)> ours;
  ilse::cpu::SseRounds rounds = ilse::cpu::SseRounds::kNothing;
};

// First difference as text, empty if none. All exceptions masked.
std::string differs(const SimdCase& c, unsigned rounds, uint64_t seed);

// Random masks: does sse_checked() fault exactly when the host does, and with the same flags?
std::string differs_unmasked(const SimdCase& c, unsigned rounds, uint64_t seed);

}  // namespace fpu_test
