// A machine with 64 KiB of firmware of the test's own, which starts at F000:0000, for the debugger's tests.
#pragma once

#include <catch2/catch.hpp>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "frontend/machine.h"

namespace ilse::ui {

inline std::unique_ptr<Machine> machine_with(std::vector<uint8_t> bios, const char* model = "max",
                                             unsigned processors = 1) {
  dev::BoardConfig c;
  c.cpus = processors;
  c.ram_mib = 16;
  c.bios = std::move(bios);
  Machine::Options o;
  o.model = *cpu::find_model(model);
  o.clock = ClockMode::Instructions;
  auto m = Machine::create(std::move(c), o);
  REQUIRE(m);
  return std::move(*m);
}

// The reset vector jumps to the code.
inline std::unique_ptr<Machine> machine_running(std::initializer_list<uint8_t> code,
                                                const char* model = "max", unsigned processors = 1) {
  std::vector<uint8_t> rom(0x10000, 0xF4);
  std::copy(code.begin(), code.end(), rom.begin());
  const uint8_t jump[] = {0xEA, 0x00, 0x00, 0x00, 0xF0};
  std::copy(std::begin(jump), std::end(jump), rom.begin() + 0xFFF0);
  return machine_with(std::move(rom), model, processors);
}

inline std::vector<uint8_t> file_bytes(const std::string& path) {
  std::ifstream f(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}

}  // namespace ilse::ui
