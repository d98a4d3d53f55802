// A processor without a board that runs random programs: RAM, page tables, an IDT whose handlers halt. Two
// of them, one interpreting and one translating, are what the lockstep tests compare.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "cpu/cpu.h"
#include "cpu/jit/settings.h"
#include "jit/program.h"

namespace ilse::test {

class Bench {
 public:
  // Null: interprets only.
  explicit Bench(const cpu::jit::Settings* settings);
  ~Bench();

  // Memory and registers as the program starts; false: it has no code.
  bool load(const Program& p);
  cpu::RunExit run(unsigned instructions);
  // Goes on after a halt at one of the program's blocks: the system's state anew, the program's own as it is.
  void resume(const Program& p, unsigned block);

  cpu::Cpu& cpu();
  uint8_t* ram();
  mem::PhysMap& memory();
  std::string state_text();
  std::string registers_text();
  // Everything but memory.
  uint64_t hash();

  static constexpr uint64_t kRamSize = 0x100000;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// Where two benches differ: "" or lines for people.
std::string difference(Bench& a, Bench& b);
// The registers alone, quickly.
bool same_registers(cpu::Cpu& a, cpu::Cpu& b);
// The pages that a program can reach.
bool same_memory(Bench& a, Bench& b);

}  // namespace ilse::test
