// From pixel values to colours: the attribute controller's palette and the DAC.
// IBM PS/2 Hardware Interface Technical Reference: Video Subsystem, "Attribute Controller", "Video DAC".
#pragma once

#include <array>
#include <cstdint>

#include "devices/display/vga_registers.h"

namespace ilse::dev {

// 0xFFRRGGBB of a DAC entry, after the pixel mask.
uint32_t dac_colour(const VgaRegisters& regs, uint8_t index);
// The colours of the sixteen attribute values.
std::array<uint32_t, 16> attribute_colours(const VgaRegisters& regs);

}  // namespace ilse::dev
