#include "devices/display/graphics_renderer.h"

#include <algorithm>
#include <vector>

#include "devices/display/packed_screen.h"
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

// Four bits per pixel: the planes, as in mode 12h, at any size.
void render_vbe_planar(const VgaRegisters& r, std::span<const uint8_t> memory, Frame& image) {
  image.resize(std::clamp<unsigned>(r.vbe(Dispi::XRes), 1, kDispiMaxX),
               std::clamp<unsigned>(r.vbe(Dispi::YRes), 1, kDispiMaxY));
  if (!r.palette_source()) return blank(image);
  const size_t mask = memory.size() - 1;
  const auto colours = attribute_colours(r);
  for (unsigned y = 0; y < image.height; ++y) {
    const size_t row = (size_t{r.vbe(Dispi::YOffset)} + y) * vbe_line_bytes(r);
    uint32_t* out = image.row(y);
    for (unsigned x = 0; x < image.width; ++x) {
      const size_t column = size_t{r.vbe(Dispi::XOffset)} + x, at = (row + column / 8) * 4;
      unsigned v = 0;
      for (unsigned p = 0; p < 4; ++p) v |= (memory[(at + p) & mask] >> (7 - column % 8) & 1u) << p;
      out[x] = colours[v];
    }
  }
}

void render_packed(const VgaRegisters& r, std::span<const uint8_t> memory, Frame& image) {
  const PackedScreen screen(r, memory);
  image.resize(screen.width(), screen.height());
  for (unsigned y = 0; y < image.height; ++y) screen.draw_line(y, image.row(y));
}

}  // namespace

void render_graphics(const VgaRegisters& r, std::span<const uint8_t> memory, Frame& image) {
  if (r.packed_pixels()) {
    render_packed(r, memory, image);
  } else if (r.vbe_enabled()) {
    render_vbe_planar(r, memory, image);
  } else {
    render_vga(r, memory, image);
  }
}

}  // namespace ilse::dev
