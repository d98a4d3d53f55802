// What a debugger sees of memory: no faults, no accessed bits, no side effects on devices.
#pragma once

#include <cstdint>
#include <span>

#include "cpu/cpu.h"

namespace ilse::ui {

// Copies as many bytes as are mapped from `linear` on, and says how many.
size_t peek_linear(cpu::Cpu& cpu, uint64_t linear, std::span<uint8_t> to);
// The same for writing; write protection does not count. A register of a device is written as the processor
// would.
size_t poke_linear(cpu::Cpu& cpu, uint64_t linear, std::span<const uint8_t> from);
void peek_physical(cpu::Cpu& cpu, uint64_t address, std::span<uint8_t> to);
void poke_physical(cpu::Cpu& cpu, uint64_t address, std::span<const uint8_t> from);

}  // namespace ilse::ui
