// The packed-pixel modes of the Bochs display interface, 8 to 32 bits per pixel, a line at a time.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "devices/display/vga_registers.h"

namespace ilse::dev {

// Bytes from one line to the next in the enabled VBE mode (for each plane with 4 bits per pixel).
uint32_t vbe_line_bytes(const VgaRegisters& regs);

// A view of registers and memory that are to stay as they are meanwhile. `memory` is a power of two; a screen
// that reaches beyond its end goes on at its start.
class PackedScreen {
 public:
  PackedScreen(const VgaRegisters& regs, std::span<const uint8_t> memory);

  unsigned width() const { return width_; }
  unsigned height() const { return height_; }
  // Where the first and the last byte of line `y` are; they may be beyond the memory's end.
  std::pair<size_t, size_t> bytes_of_line(unsigned y) const;
  // Draws it to `out`, which has room for width() pixels.
  void draw_line(unsigned y, uint32_t* out) const;

 private:
  template <class F>
  void pixels(const uint8_t* from, uint32_t* out, F colour) const;
  uint32_t word(const uint8_t* p, unsigned bytes) const;

  const VgaRegisters& regs_;
  std::span<const uint8_t> memory_;
  unsigned width_, height_, bpp_;
  size_t pitch_;
  std::array<uint32_t, 256> colours_{};
};

}  // namespace ilse::dev
