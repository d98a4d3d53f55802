// Draws the VGA's text modes, and reads the characters off them. Pure functions of registers and memory.
// IBM PS/2 Hardware Interface Technical Reference: Video Subsystem, "Alphanumeric Modes".
#pragma once

#include <cstdint>
#include <span>

#include "devices/display/frame.h"
#include "devices/display/text_grid.h"
#include "devices/display/vga_registers.h"

namespace ilse::dev {

// `memory` is plane-interleaved (byte 4a + p) and at least 256 KiB; `phase` is that of blink_phase().
// A screen that is switched off, or a CRTC that is not programmed, is black.
void render_text(const VgaRegisters& regs, std::span<const uint8_t> memory, unsigned phase, Frame& image);
void read_text(const VgaRegisters& regs, std::span<const uint8_t> memory, TextGrid& grid);

}  // namespace ilse::dev
