// Interrupts and exceptions as text for people: the lines of -d int.
#pragma once

#include <string>

#include "cpu/cpu.h"

namespace ilse::ui {

// "#PF", "#GP"; "vector 0x20" for what is no exception of the processor's.
std::string event_name(uint8_t vector);

// "#PF error 0x2 at 0010:c0101234, CR2 fffff000", without a newline.
std::string delivery_text(const cpu::Delivery& d);

}  // namespace ilse::ui
