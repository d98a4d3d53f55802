#include "devices/display/packed_screen.h"

#include <algorithm>
#include <vector>

#include "devices/display/vga_palette.h"

namespace ilse::dev {

namespace {

constexpr uint32_t kBlack = 0xFF000000;

// `bits` bits of colour as eight: the highest are repeated below the lowest.
uint32_t expand(uint32_t v, unsigned bits) { return (v << (8 - bits) | v >> (2 * bits - 8)) & 0xFF; }

}  // namespace

uint32_t vbe_line_bytes(const VgaRegisters& r) {
  unsigned bpp = r.vbe(Dispi::Bpp), width = r.vbe(Dispi::VirtWidth);
  return bpp == 4 ? width / 8u : width * ((bpp + 7) / 8u);
}

PackedScreen::PackedScreen(const VgaRegisters& r, std::span<const uint8_t> memory)
    : regs_(r),
      memory_(memory),
      width_(std::clamp<unsigned>(r.vbe(Dispi::XRes), 1, kDispiMaxX)),
      height_(std::clamp<unsigned>(r.vbe(Dispi::YRes), 1, kDispiMaxY)),
      bpp_(r.vbe(Dispi::Bpp)),
      pitch_(vbe_line_bytes(r)) {
  if (bpp_ != 8) return;
  for (unsigned i = 0; i < 256; ++i) colours_[i] = dac_colour(r, static_cast<uint8_t>(i));
}

std::pair<size_t, size_t> PackedScreen::bytes_of_line(unsigned y) const {
  const size_t bytes = (bpp_ + 7) / 8;
  const size_t first = (size_t{regs_.vbe(Dispi::YOffset)} + y) * pitch_ + regs_.vbe(Dispi::XOffset) * bytes;
  return {first, first + width_ * bytes - 1};
}

uint32_t PackedScreen::word(const uint8_t* p, unsigned bytes) const {
  uint32_t v = 0;
  for (unsigned i = 0; i < bytes; ++i) {
    const unsigned at = regs_.big_endian ? bytes - 1 - i : i;
    v |= uint32_t{p[i]} << (8 * at);
  }
  return v;
}

template <class F>
void PackedScreen::pixels(const uint8_t* from, uint32_t* out, F colour) const {
  const unsigned bytes = (bpp_ + 7) / 8;
  for (unsigned x = 0; x < width_; ++x) out[x] = colour(from + size_t{x} * bytes);
}

void PackedScreen::draw_line(unsigned y, uint32_t* out) const {
  if (!regs_.palette_source()) {
    std::fill_n(out, width_, kBlack);
    return;
  }
  const size_t mask = memory_.size() - 1;
  const auto [first, last] = bytes_of_line(y);
  const size_t size = last - first + 1;
  std::vector<uint8_t> around;
  const uint8_t* from = memory_.data() + (first & mask);
  if ((first & mask) + size > memory_.size()) {
    around.resize(size);
    for (size_t i = 0; i < size; ++i) around[i] = memory_[(first + i) & mask];
    from = around.data();
  }
  switch (bpp_) {
    case 15:
      pixels(from, out, [&](const uint8_t* p) {
        const uint32_t v = word(p, 2);
        return kBlack | expand(v >> 10 & 31, 5) << 16 | expand(v >> 5 & 31, 5) << 8 | expand(v & 31, 5);
      });
      break;
    case 16:
      pixels(from, out, [&](const uint8_t* p) {
        const uint32_t v = word(p, 2);
        return kBlack | expand(v >> 11 & 31, 5) << 16 | expand(v >> 5 & 63, 6) << 8 | expand(v & 31, 5);
      });
      break;
    case 24: pixels(from, out, [&](const uint8_t* p) { return kBlack | word(p, 3); }); break;
    case 32:
      if (!regs_.big_endian) {
        pixels(from, out,
               [](const uint8_t* p) { return kBlack | uint32_t{p[2]} << 16 | uint32_t{p[1]} << 8 | p[0]; });
      } else {
        pixels(from, out, [&](const uint8_t* p) { return kBlack | word(p, 4); });
      }
      break;
    default: pixels(from, out, [&](const uint8_t* p) { return colours_[*p]; });
  }
}

}  // namespace ilse::dev
