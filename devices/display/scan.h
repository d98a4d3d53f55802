// Walks the CRTC's address counter down the screen, line by line: start address, row scan counter,
// double scanning and the split screen. Text and graphics drawing share it.
#pragma once

#include "devices/display/vga_registers.h"

namespace ilse::dev {

class LineWalker {
 public:
  explicit LineWalker(const VgaRegisters& r)
      : regs_(&r), address_(r.start_address() + (r.crtc[8] >> 5 & 3u)), scan_(r.crtc[8] & 0x1Fu) {}

  // From the present line on; what the CRTC takes at the frame's start stays.
  void use(const VgaRegisters& r) { regs_ = &r; }

  // The counter at the line's left edge (wraps at 16 bits), and the line within the character row.
  unsigned address() const { return address_ & 0xFFFF; }
  unsigned scan() const { return scan_; }
  // Dots by which the picture is moved to the left.
  unsigned panning() const {
    bool reset = in_split_ && (regs_->attr[0x10] & 0x20) != 0;
    if (reset) return 0;
    unsigned v = regs_->attr[0x13] & 0xFu;
    if (regs_->dots_per_char() == 9) return v >= 8 ? 0 : v + 1;
    return v & 7;
  }

  void next() {
    if (line_++ == regs_->line_compare()) {
      address_ = 0;
      scan_ = 0;
      repeated_ = false;
      in_split_ = true;
      return;
    }
    if (regs_->scan_doubled() && !repeated_) {
      repeated_ = true;
      return;
    }
    repeated_ = false;
    scan_ = (scan_ + 1) & 0x1F;
    if (scan_ == (regs_->char_height() & 0x1F)) {
      scan_ = 0;
      address_ += regs_->line_offset();
    }
  }

  // Where in its plane the CRTC finds the byte for a counter value: byte, word or doubleword mode.
  static unsigned plane_address(const VgaRegisters& r, unsigned counter) {
    counter &= 0xFFFF;
    if ((r.crtc[0x14] & 0x40) != 0) return (counter << 2 & 0xFFFC) | (counter >> 14 & 3);
    if ((r.crtc[0x17] & 0x40) != 0) return counter;
    unsigned top = (r.crtc[0x17] & 0x20) != 0 ? counter >> 15 : counter >> 13;
    return (counter << 1 & 0xFFFE) | (top & 1);
  }

 private:
  const VgaRegisters* regs_;
  unsigned address_;
  unsigned scan_;
  unsigned line_ = 0;
  bool repeated_ = false;
  bool in_split_ = false;
};

}  // namespace ilse::dev
