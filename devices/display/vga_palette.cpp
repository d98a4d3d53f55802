#include "devices/display/vga_palette.h"

namespace ilse::dev {

uint32_t dac_colour(const VgaRegisters& r, uint8_t index) {
  bool eight_bits = (r.vbe(Dispi::Enable) & kDispi8BitDac) != 0;
  const uint8_t* entry = &r.dac[3u * (index & r.dac_mask)];
  uint32_t colour = 0xFF;
  for (unsigned i = 0; i < 3; ++i) {
    unsigned v = entry[i];
    if (!eight_bits) v = (v << 2 & 0xFC) | (v >> 4 & 3);
    colour = colour << 8 | v;
  }
  return colour;
}

std::array<uint32_t, 16> attribute_colours(const VgaRegisters& r) {
  std::array<uint32_t, 16> colours{};
  for (unsigned i = 0; i < 16; ++i) {
    unsigned v = r.attr[i & r.attr[0x12] & 0xF] & 0x3Fu;
    if ((r.attr[0x10] & 0x80) != 0) v = (v & 0xF) | (r.attr[0x14] & 3u) << 4;
    v |= (r.attr[0x14] & 0xCu) << 4;
    colours[i] = dac_colour(r, static_cast<uint8_t>(v));
  }
  return colours;
}

}  // namespace ilse::dev
