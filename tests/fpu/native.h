// The oracle of the x87 and SIMD tests: one instruction executed by the host's own silicon from a given
// FXSAVE image to a given FXSAVE image, as machine code written at run time. x86-64 hosts only.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

namespace fpu_test {

struct alignas(16) FxArea {
  std::array<uint8_t, 512> bytes{};
};

struct alignas(16) Operand {
  std::array<uint8_t, 128> bytes{};
  template <class T>
  T get(unsigned at = 0) const {
    T v{};
    std::memcpy(static_cast<void*>(&v), bytes.data() + at, sizeof v);
    return v;
  }
  template <class T>
  void put(T v, unsigned at = 0) {
    std::memcpy(bytes.data() + at, &v, sizeof v);
  }
};

// Code that loads an FXSAVE area, runs one instruction, and saves the area again. In the instruction,
// [rsi] is the operand and rax a spare register, which goes in and out.
class Native {
 public:
  explicit Native(const std::vector<uint8_t>& instruction);
  ~Native();
  Native(const Native&) = delete;
  Native& operator=(const Native&) = delete;

  // Returns RFLAGS after the instruction.
  uint64_t run(const FxArea& in, Operand& operand, FxArea& out, uint64_t* rax = nullptr) const;

 private:
  void* code_;
};

using Random = std::mt19937_64;

}  // namespace fpu_test
