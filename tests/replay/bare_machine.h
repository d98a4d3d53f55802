// A machine for tests that put their own code into its RAM: no display, a ROM of HLT, time by instructions.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <utility>

#include "frontend/machine.h"

namespace ilse {

inline std::unique_ptr<ui::Machine> bare_machine() {
  dev::BoardConfig config;
  config.ram_mib = 16;
  config.bios.assign(0x10000, 0xF4);
  config.vga = false;
  ui::Machine::Options options;
  options.model = *cpu::find_model("max");
  options.clock = ui::ClockMode::Instructions;
  auto machine = ui::Machine::create(std::move(config), options);
  REQUIRE(machine);
  return std::move(*machine);
}

}  // namespace ilse
