#include "devices/display/vga_renderer.h"

#include <algorithm>
#include <optional>

#include "devices/display/line_drawer.h"
#include "devices/display/scan.h"

namespace ilse::dev {

namespace {

constexpr unsigned kFewestColumns = 20, kFewestLines = 50;
constexpr unsigned kBlankWidth = 720, kBlankHeight = 400;

bool programmed(const VgaRegisters& r) {
  return r.columns() >= kFewestColumns && r.vertical_display() >= kFewestLines;
}

// Vertical blanking that begins inside the picture: from Start Vertical Blanking until the line's low eight
// bits are those of End Vertical Blanking.
bool blanked(const VgaRegisters& r, unsigned line) {
  const unsigned start = r.vertical_blank_start();
  return start != 0 && line >= start && line - start < ((r.crtc[0x16] - start) & 0xFF);
}

}  // namespace

void render_vga(const Raster& raster, std::span<const uint8_t> memory, unsigned phase, Frame& image) {
  const VgaRegisters& first = raster.first();
  if (!programmed(first)) {
    image.resize(kBlankWidth, kBlankHeight);
    std::fill(image.pixels.begin(), image.pixels.end(), kBlackPixel);
    return;
  }
  std::optional<LineDrawer> drawer;
  const VgaRegisters* regs = nullptr;
  LineWalker walker(first);
  for (unsigned y = 0; y == 0 || y < image.height; ++y, walker.next()) {
    const VgaRegisters& now = raster.at(y);
    if (&now != regs) {
      regs = &now;
      drawer.emplace(now, memory, phase);
      walker.use(now);
      if (y == 0) image.resize(drawer->width(), first.vertical_display());
    }
    const std::span<uint32_t> line(image.row(y), image.width);
    if (blanked(now, y)) {
      std::fill(line.begin(), line.end(), kBlackPixel);
    } else {
      drawer->draw(walker.address(), walker.scan(), walker.panning(), line);
    }
  }
}

void read_text(const VgaRegisters& r, std::span<const uint8_t> memory, TextGrid& grid) {
  grid = {};
  if (!programmed(r)) return;
  const TextScreen screen(r, memory);
  grid.columns = r.columns();
  grid.blinks = (r.attr[0x10] & 8) != 0;
  unsigned cursor = screen.cursor_counter();

  LineWalker walker(r);
  unsigned previous = ~0u;
  for (unsigned y = 0; y < r.vertical_display(); ++y, walker.next()) {
    // A row begins where the counter moves; a split screen may begin with the row it comes from.
    if (y != 0 && walker.address() == previous) continue;
    previous = walker.address();
    for (unsigned column = 0; column < grid.columns; ++column) {
      unsigned counter = (walker.address() + column) & 0xFFFF;
      TextCharacter c = r.screen_on() ? screen.cell(counter) : TextCharacter{' ', 7};
      grid.cells.push_back({c.code, c.attribute});
      if (counter == cursor && r.screen_on() && screen.cursor_enabled() && !grid.cursor_visible) {
        grid.cursor_visible = true;
        grid.cursor_column = column;
        grid.cursor_row = grid.rows;
      }
    }
    ++grid.rows;
  }
}

}  // namespace ilse::dev
