// Draws the VGA's own modes, text and graphics, a line at a time with that line's registers, and reads the
// characters off a text screen. Pure functions of registers and memory.
// IBM PS/2 Hardware Interface Technical Reference: Video Subsystem.
#pragma once

#include <cstdint>
#include <span>

#include "devices/display/frame.h"
#include "devices/display/raster_log.h"
#include "devices/display/text_grid.h"
#include "devices/display/vga_registers.h"

namespace ilse::dev {

// `memory` is plane-interleaved (byte 4a + p) and at least 256 KiB; `phase` is that of blink_phase(). The
// image has the monitor's dots: mode 13h gives 640 x 400. A screen that is switched off, or a CRTC that is
// not programmed, is black.
void render_vga(const Raster& raster, std::span<const uint8_t> memory, unsigned phase, Frame& image);
void read_text(const VgaRegisters& regs, std::span<const uint8_t> memory, TextGrid& grid);

}  // namespace ilse::dev
