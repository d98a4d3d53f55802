#include "devices/display/line_drawer.h"

#include <algorithm>

#include "devices/display/frame.h"
#include "devices/display/scan.h"
#include "devices/display/vga_palette.h"

namespace ilse::dev {

namespace {

// Where in plane 2 the font of a Character Map Select value starts: 16 KiB steps, bit 2 adds 8 KiB.
unsigned font_offset(unsigned map) { return (map & 3) * 0x4000 + (map >> 2 & 1) * 0x2000; }

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

}  // namespace

TextScreen::TextScreen(const VgaRegisters& r, std::span<const uint8_t> memory)
    : regs_(r),
      memory_(memory),
      font_a_(font_offset((r.seq[3] >> 2 & 3u) | (r.seq[3] >> 3 & 4u))),
      font_b_(font_offset((r.seq[3] & 3u) | (r.seq[3] >> 2 & 4u))) {}

TextCharacter TextScreen::cell(unsigned counter) const {
  size_t at = 4u * LineWalker::plane_address(regs_, counter);
  return {memory_[at], memory_[at + 1]};
}
uint8_t TextScreen::glyph(TextCharacter c, unsigned scan) const {
  unsigned font = (c.attribute & 8) != 0 ? font_a_ : font_b_;
  return memory_[4u * (font + c.code * 32u + scan) + 2];
}
bool TextScreen::cursor_at(unsigned counter, unsigned scan) const {
  unsigned start = regs_.crtc[0xA] & 0x1Fu, end = regs_.crtc[0xB] & 0x1Fu;
  return cursor_enabled() && (counter & 0xFFFF) == cursor_counter() && scan >= start && scan <= end;
}
bool TextScreen::cursor_enabled() const {
  unsigned start = regs_.crtc[0xA] & 0x1Fu, end = regs_.crtc[0xB] & 0x1Fu;
  return (regs_.crtc[0xA] & 0x20) == 0 && start <= end && start < regs_.char_height();
}
unsigned TextScreen::cursor_counter() const {
  return (regs_.cursor_address() + (regs_.crtc[0xB] >> 5 & 3u)) & 0xFFFF;
}

LineDrawer::LineDrawer(const VgaRegisters& r, std::span<const uint8_t> memory, unsigned phase)
    : regs_(r),
      memory_(memory),
      phase_(phase),
      dots_(r.graphics() ? 8 : r.dots_per_char()),
      repeat_((r.seq[1] & 8) != 0 ? 2 : 1),  // half the dot clock: 40 columns fill the screen
      screen_(r, memory),
      line_(static_cast<size_t>(r.columns() + 1) * dots_) {
  if (r.graphics() && (r.gc[5] & 0x40) != 0) {
    for (unsigned i = 0; i < 256; ++i) colours_[i] = dac_colour(r, static_cast<uint8_t>(i));
  } else {
    const auto sixteen = attribute_colours(r);
    std::copy(sixteen.begin(), sixteen.end(), colours_.begin());
  }
}

void LineDrawer::draw(unsigned address, unsigned scan, unsigned panning, std::span<uint32_t> out) {
  if (!regs_.screen_on()) {
    std::fill(out.begin(), out.end(), kBlackPixel);
    return;
  }
  regs_.graphics() ? graphics(address, scan) : text(address, scan);
  const uint32_t* from = line_.data() + std::min(panning, dots_);
  const size_t shown = std::min<size_t>(out.size(), width());
  for (size_t x = 0; x < shown; ++x) out[x] = from[x / repeat_];
  // With another line's registers the image may be wider.
  std::fill(out.begin() + static_cast<std::ptrdiff_t>(shown), out.end(), kBlackPixel);
  blank_columns(out.first(shown));
}

// Horizontal blanking that begins inside the picture: from Start Horizontal Blanking until the character
// counter's low six bits are those of End Horizontal Blanking.
void LineDrawer::blank_columns(std::span<uint32_t> out) const {
  const unsigned start = regs_.crtc[2];
  if (start == 0 || start >= regs_.columns()) return;
  const unsigned end = (regs_.crtc[3] & 0x1Fu) | (regs_.crtc[5] & 0x80u) >> 2;
  const unsigned clocks = (end - start) & 0x3F, dot = dots_ * repeat_;
  for (size_t x = size_t{start} * dot; x < out.size() && x < size_t{start + clocks} * dot; ++x)
    out[x] = kBlackPixel;
}

void LineDrawer::text(unsigned address, unsigned scan) {
  const bool blinks = (regs_.attr[0x10] & 8) != 0;
  const bool line_graphics = (regs_.attr[0x10] & 4) != 0;
  const bool monochrome = (regs_.attr[0x10] & 2) != 0;
  const bool cursor_phase = (phase_ & 1) == 0;
  const bool blink_off = (phase_ & 2) != 0;
  uint32_t* to = line_.data();
  for (unsigned column = 0; column <= regs_.columns(); ++column) {
    unsigned counter = address + column;
    TextCharacter c = screen_.cell(counter);
    unsigned foreground = c.attribute & 0xF, background = c.attribute >> 4;
    unsigned bits = screen_.glyph(c, scan) << 1;
    if (line_graphics && (c.code & 0xE0) == 0xC0) bits |= bits >> 1 & 1;
    if (monochrome && (c.attribute & 7) == 1 && scan == (regs_.crtc[0x14] & 0x1Fu)) bits = 0x1FF;
    if (blinks) {
      background &= 7;
      if (blink_off && (c.attribute & 0x80) != 0) bits = 0;
    }
    if (cursor_phase && screen_.cursor_at(counter, scan)) bits = 0x1FF;
    for (unsigned d = 0; d < dots_; ++d)
      *to++ = colours_[(bits >> (8 - d) & 1) != 0 ? foreground : background];
  }
}

void LineDrawer::graphics(unsigned address, unsigned scan) {
  std::array<uint8_t, 8> dots;
  uint32_t* to = line_.data();
  for (unsigned column = 0; column <= regs_.columns(); ++column) {
    unsigned a = LineWalker::plane_address(regs_, address + column);
    // CGA and Hercules compatibility: the row scan counter replaces address bits 13 and 14.
    if ((regs_.crtc[0x17] & 1) == 0) a = (a & ~0x2000u) | (scan & 1) << 13;
    if ((regs_.crtc[0x17] & 2) == 0) a = (a & ~0x4000u) | (scan >> 1 & 1) << 14;
    shift_out(regs_, &memory_[4u * a], dots.data());
    for (uint8_t dot : dots) *to++ = colours_[dot];
  }
}

}  // namespace ilse::dev
