#include "devices/display/graphics_renderer.h"

#include <algorithm>
#include <vector>

#include "devices/display/scan.h"
#include "devices/display/vga_palette.h"

namespace ilse::dev {

namespace {

constexpr uint32_t kBlack = 0xFF000000;

void blank(Frame& image) { std::fill(image.pixels.begin(), image.pixels.end(), kBlack); }

// The eight dots that one fetch of the four planes gives: attribute values, or DAC indexes in 256-colour
// mode.
void shift_out(const VgaRegisters& r, const uint8_t* planes, uint8_t* dots) {
  if ((r.gc[5] & 0x40) != 0) {
    for (unsigned i = 0; i < 8; ++i) dots[i] = planes[i / 2];
  } else if ((r.gc[5] & 0x20) != 0) {
    for (unsigned i = 0; i < 8; ++i) {
      unsigned odd = i / 4, shift = 6 - i % 4 * 2;
      dots[i] = static_cast<uint8_t>((planes[odd] >> shift & 3) | (planes[odd + 2] >> shift & 3) << 2);
    }
  } else {
    for (unsigned i = 0; i < 8; ++i) {
      unsigned v = 0;
      for (unsigned p = 0; p < 4; ++p) v |= (planes[p] >> (7 - i) & 1u) << p;
      dots[i] = static_cast<uint8_t>(v);
    }
  }
}

void render_vga(const VgaRegisters& r, std::span<const uint8_t> memory, Frame& image) {
  const unsigned repeat = (r.seq[1] & 8) != 0 ? 2 : 1;
  const unsigned width = r.columns() * 8;
  image.resize(width * repeat, r.vertical_display());
  if (!r.screen_on()) return blank(image);

  std::array<uint32_t, 256> colours{};
  if ((r.gc[5] & 0x40) != 0) {
    for (unsigned i = 0; i < 256; ++i) colours[i] = dac_colour(r, static_cast<uint8_t>(i));
  } else {
    auto sixteen = attribute_colours(r);
    std::copy(sixteen.begin(), sixteen.end(), colours.begin());
  }
  std::vector<uint8_t> line(width + 8);

  LineWalker walker(r);
  for (unsigned y = 0; y < image.height; ++y, walker.next()) {
    for (unsigned column = 0; column <= r.columns(); ++column) {
      unsigned a = LineWalker::plane_address(r, walker.address() + column);
      // CGA and Hercules compatibility: the row scan counter replaces address bits 13 and 14.
      if ((r.crtc[0x17] & 1) == 0) a = (a & ~0x2000u) | (walker.scan() & 1) << 13;
      if ((r.crtc[0x17] & 2) == 0) a = (a & ~0x4000u) | (walker.scan() >> 1 & 1) << 14;
      shift_out(r, &memory[4u * a], &line[8u * column]);
    }
    const uint8_t* from = line.data() + std::min(walker.panning(), 8u);
    uint32_t* out = image.row(y);
    for (unsigned x = 0; x < width; ++x) {
      for (unsigned n = 0; n < repeat; ++n) *out++ = colours[from[x]];
    }
  }
}

uint32_t expand(uint32_t v, unsigned bits) { return (v << (8 - bits) | v >> (2 * bits - 8)) & 0xFF; }

void render_vbe(const VgaRegisters& r, std::span<const uint8_t> memory, Frame& image) {
  const unsigned bpp = r.vbe(Dispi::Bpp);
  const unsigned x0 = r.vbe(Dispi::XOffset), y0 = r.vbe(Dispi::YOffset);
  image.resize(std::clamp<unsigned>(r.vbe(Dispi::XRes), 1, kDispiMaxX),
               std::clamp<unsigned>(r.vbe(Dispi::YRes), 1, kDispiMaxY));
  if ((r.attr_index & 0x20) == 0) return blank(image);

  const size_t mask = memory.size() - 1;
  auto byte = [&](size_t i) -> uint32_t { return memory[i & mask]; };
  std::array<uint32_t, 256> colours{};
  for (unsigned i = 0; i < 256; ++i) colours[i] = dac_colour(r, static_cast<uint8_t>(i));
  auto sixteen = attribute_colours(r);

  for (unsigned y = 0; y < image.height; ++y) {
    size_t row = static_cast<size_t>(y0 + y) * vbe_line_bytes(r);
    uint32_t* out = image.row(y);
    for (unsigned x = 0; x < image.width; ++x) {
      size_t column = x0 + x;
      switch (bpp) {
        case 4: {
          unsigned v = 0;
          for (unsigned p = 0; p < 4; ++p)
            v |= (byte((row + column / 8) * 4 + p) >> (7 - column % 8) & 1) << p;
          out[x] = sixteen[v];
          break;
        }
        case 15:
        case 16: {
          uint32_t v = byte(row + 2 * column) | byte(row + 2 * column + 1) << 8;
          unsigned green = bpp == 15 ? 5 : 6;
          out[x] = kBlack | expand(v >> (5 + green) & 31, 5) << 16 |
                   expand(v >> 5 & ((1u << green) - 1), green) << 8 | expand(v & 31, 5);
          break;
        }
        case 24:
        case 32: {
          size_t at = row + bpp / 8 * column;
          out[x] = kBlack | byte(at + 2) << 16 | byte(at + 1) << 8 | byte(at);
          break;
        }
        default: out[x] = colours[byte(row + column)];
      }
    }
  }
}

}  // namespace

uint32_t vbe_line_bytes(const VgaRegisters& r) {
  unsigned bpp = r.vbe(Dispi::Bpp), width = r.vbe(Dispi::VirtWidth);
  return bpp == 4 ? width / 8u : width * ((bpp + 7) / 8u);
}

void render_graphics(const VgaRegisters& r, std::span<const uint8_t> memory, Frame& image) {
  if (r.vbe_enabled()) {
    render_vbe(r, memory, image);
  } else {
    render_vga(r, memory, image);
  }
}

}  // namespace ilse::dev
