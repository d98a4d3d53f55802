// One line of the VGA's own modes: dots from the planes, and their colours.
// IBM PS/2 Hardware Interface Technical Reference: Video Subsystem, "Alphanumeric Modes", "Graphics Modes".
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "devices/display/vga_registers.h"

namespace ilse::dev {

struct TextCharacter {
  uint8_t code;
  uint8_t attribute;
};

// The characters and fonts of a text mode.
class TextScreen {
 public:
  TextScreen(const VgaRegisters& regs, std::span<const uint8_t> memory);

  TextCharacter cell(unsigned counter) const;
  uint8_t glyph(TextCharacter c, unsigned scan) const;
  // Whether the cursor covers this line of this cell (blinking left aside).
  bool cursor_at(unsigned counter, unsigned scan) const;
  bool cursor_enabled() const;
  unsigned cursor_counter() const;

 private:
  const VgaRegisters& regs_;
  std::span<const uint8_t> memory_;
  unsigned font_a_, font_b_;  // where in plane 2 they start
};

// For as long as the registers stay the same.
class LineDrawer {
 public:
  // `phase` is that of blink_phase().
  LineDrawer(const VgaRegisters& regs, std::span<const uint8_t> memory, unsigned phase);

  // Dots that a line has.
  unsigned width() const { return regs_.columns() * dots_ * repeat_; }
  // Draws the line on which the CRTC's counters are `address` and `scan`, moved left by `panning` dots.
  void draw(unsigned address, unsigned scan, unsigned panning, std::span<uint32_t> out);

 private:
  void text(unsigned address, unsigned scan);
  void graphics(unsigned address, unsigned scan);
  void blank_columns(std::span<uint32_t> out) const;

  const VgaRegisters& regs_;
  std::span<const uint8_t> memory_;
  unsigned phase_;
  unsigned dots_;    // of a character clock
  unsigned repeat_;  // times that a dot is shown
  TextScreen screen_;
  std::array<uint32_t, 256> colours_{};
  std::vector<uint32_t> line_;
};

}  // namespace ilse::dev
