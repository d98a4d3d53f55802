// The 128 bytes by which a monitor describes itself (VESA E-EDID Standard, release A, revision 2: EDID 1.4):
// a digital monitor of our own make, whose preferred mode is the size that the user wants the screen to have.
#pragma once

#include <array>
#include <cstdint>

namespace ilse::dev {

inline constexpr unsigned kEdidSize = 128;

// Width and height in pixels, each at most 4095 (the field's 12 bits); at 60 Hz and 96 pixels an inch.
std::array<uint8_t, kEdidSize> make_edid(unsigned width, unsigned height);

}  // namespace ilse::dev
