// Capstone as the one disassembler that people see (DESIGN.md §1): 16-, 32- and 64-bit code, Intel syntax.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace ilse::cpu {
class Cpu;
}

namespace ilse::ui {

class Disassembler {
 public:
  Disassembler();
  ~Disassembler();
  Disassembler(const Disassembler&) = delete;
  Disassembler& operator=(const Disassembler&) = delete;

  struct Text {
    unsigned length = 0;  // 0: no instruction that Capstone knows, text is "(bad)"
    std::string text;     // mnemonic, a space, operands
  };
  // `bits` is 16, 32 or 64; `address` is what relative targets are counted from.
  Text decode(std::span<const uint8_t> bytes, uint64_t address, unsigned bits) const;

 private:
  std::array<size_t, 3> handles_{};  // Capstone's csh
};

// The width of the code that the processor runs at the moment.
unsigned code_bits(const cpu::Cpu& cpu);
// The linear address of an offset in the code segment.
uint64_t code_linear(const cpu::Cpu& cpu, uint64_t ip);

}  // namespace ilse::ui
