#include "devices/display/text_renderer.h"

#include <algorithm>

#include "devices/display/scan.h"
#include "devices/display/vga_palette.h"

namespace ilse::dev {

namespace {

constexpr unsigned kFewestColumns = 20, kFewestLines = 50;
constexpr unsigned kBlankWidth = 720, kBlankHeight = 400;
constexpr uint32_t kBlack = 0xFF000000;

bool programmed(const VgaRegisters& r) {
  return r.columns() >= kFewestColumns && r.vertical_display() >= kFewestLines;
}

// Where in plane 2 the font of a Character Map Select value starts: 16 KiB steps, bit 2 adds 8 KiB.
unsigned font_offset(unsigned map) { return (map & 3) * 0x4000 + (map >> 2 & 1) * 0x2000; }

struct Cell {
  uint8_t code;
  uint8_t attribute;
};

class TextScreen {
 public:
  TextScreen(const VgaRegisters& r, std::span<const uint8_t> memory)
      : regs_(r),
        memory_(memory),
        font_a_(font_offset((r.seq[3] >> 2 & 3u) | (r.seq[3] >> 3 & 4u))),
        font_b_(font_offset((r.seq[3] & 3u) | (r.seq[3] >> 2 & 4u))) {}

  Cell cell(unsigned counter) const {
    size_t at = 4u * LineWalker::plane_address(regs_, counter);
    return {memory_[at], memory_[at + 1]};
  }
  uint8_t glyph(Cell c, unsigned scan) const {
    unsigned font = (c.attribute & 8) != 0 ? font_a_ : font_b_;
    return memory_[4u * (font + c.code * 32u + scan) + 2];
  }
  // Whether the cursor covers this line of this cell (blinking left aside).
  bool cursor_at(unsigned counter, unsigned scan) const {
    unsigned start = regs_.crtc[0xA] & 0x1Fu, end = regs_.crtc[0xB] & 0x1Fu;
    return cursor_enabled() && (counter & 0xFFFF) == cursor_counter() && scan >= start && scan <= end;
  }
  bool cursor_enabled() const {
    unsigned start = regs_.crtc[0xA] & 0x1Fu, end = regs_.crtc[0xB] & 0x1Fu;
    return (regs_.crtc[0xA] & 0x20) == 0 && start <= end && start < regs_.char_height();
  }
  unsigned cursor_counter() const { return (regs_.cursor_address() + (regs_.crtc[0xB] >> 5 & 3u)) & 0xFFFF; }

 private:
  const VgaRegisters& regs_;
  std::span<const uint8_t> memory_;
  unsigned font_a_, font_b_;
};

}  // namespace

void render_text(const VgaRegisters& r, std::span<const uint8_t> memory, unsigned phase, Frame& image) {
  if (!programmed(r)) {
    image.resize(kBlankWidth, kBlankHeight);
    std::fill(image.pixels.begin(), image.pixels.end(), kBlack);
    return;
  }
  const unsigned dots = r.dots_per_char();
  const unsigned repeat = (r.seq[1] & 8) != 0 ? 2 : 1;  // half the dot clock: 40 columns fill the screen
  const unsigned width = r.columns() * dots;
  image.resize(width * repeat, r.vertical_display());
  if (!r.screen_on()) {
    std::fill(image.pixels.begin(), image.pixels.end(), kBlack);
    return;
  }

  const TextScreen screen(r, memory);
  const auto colours = attribute_colours(r);
  const bool blinks = (r.attr[0x10] & 8) != 0;
  const bool line_graphics = (r.attr[0x10] & 4) != 0;
  const bool monochrome = (r.attr[0x10] & 2) != 0;
  const bool cursor_phase = (phase & 1) == 0;
  const bool blink_off = (phase & 2) != 0;
  std::vector<uint32_t> line(static_cast<size_t>(r.columns() + 2) * dots);

  LineWalker walker(r);
  for (unsigned y = 0; y < image.height; ++y, walker.next()) {
    unsigned scan = walker.scan();
    uint32_t* to = line.data();
    for (unsigned column = 0; column <= r.columns(); ++column) {
      unsigned counter = walker.address() + column;
      Cell c = screen.cell(counter);
      unsigned foreground = c.attribute & 0xF, background = c.attribute >> 4;
      unsigned bits = screen.glyph(c, scan) << 1;
      if (line_graphics && (c.code & 0xE0) == 0xC0) bits |= bits >> 1 & 1;
      if (monochrome && (c.attribute & 7) == 1 && scan == (r.crtc[0x14] & 0x1Fu)) bits = 0x1FF;
      if (blinks) {
        background &= 7;
        if (blink_off && (c.attribute & 0x80) != 0) bits = 0;
      }
      if (cursor_phase && screen.cursor_at(counter, scan)) bits = 0x1FF;
      for (unsigned d = 0; d < dots; ++d)
        *to++ = colours[(bits >> (8 - d) & 1) != 0 ? foreground : background];
    }
    const uint32_t* from = line.data() + std::min(walker.panning(), dots);
    uint32_t* out = image.row(y);
    for (unsigned x = 0; x < width; ++x) {
      for (unsigned n = 0; n < repeat; ++n) *out++ = from[x];
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
      Cell c = r.screen_on() ? screen.cell(counter) : Cell{' ', 7};
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
