// Draws the VGA's graphics modes: 16-colour planar, CGA-compatible, 256 colours, and the packed-pixel modes
// of the Bochs display interface. A pure function of registers and memory.
#pragma once

#include <cstdint>
#include <span>

#include "devices/display/frame.h"
#include "devices/display/vga_registers.h"

namespace ilse::dev {

// `memory` is a power of two of at least 256 KiB. The image has the monitor's dots: mode 13h gives 640 x 400.
void render_graphics(const VgaRegisters& regs, std::span<const uint8_t> memory, Frame& image);

}  // namespace ilse::dev
