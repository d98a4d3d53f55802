// A processor's state as text for people: `info registers`, the report of a triple fault, -d int.
#pragma once

#include <string>

#include "cpu/cpu.h"

namespace ilse::ui {

// "#PF", "#GP"; "vector 0x20" for what is no exception of the processor's.
std::string event_name(uint8_t vector);

// Several lines, each ended by a newline.
std::string registers_text(const cpu::Cpu& cpu);

// "#PF error 0x2 at 0010:c0101234, CR2 fffff000", without a newline.
std::string delivery_text(const cpu::Delivery& d);

// The exceptions that led to a triple fault, oldest first, then the registers.
std::string triple_fault_text(const cpu::Cpu& cpu);

}  // namespace ilse::ui
