// Keeps pictures of the guest's screen up to date at the cost of what has changed: in packed-pixel modes the
// lines whose memory was written, elsewhere the whole (small) picture; nothing at all while nothing changes.
// It takes the marks of the display's DirtyPages, so there is one for a display.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "devices/display/frame.h"
#include "devices/display/vga.h"
#include "memory/types.h"

namespace ilse::dev {

// A picture and when its lines last changed, counted in looks of the painter: who has a copy from look n
// needs the lines with a larger number.
struct PaintedFrame {
  Frame image;
  uint64_t look = 0;
  std::vector<uint64_t> changed;  // of each line
};

class ScreenPainter {
 public:
  explicit ScreenPainter(Vga& vga) : vga_(vga), pages_(Vga::kMemorySize / mem::kPageSize, 0) {}

  // Whether the screen at virtual time `now` differs from what the last look saw. A look of its own.
  bool look(mem::VTime now);
  // Brings `frame`, which this painter may have painted at an earlier look, up to what look() saw.
  void paint(mem::VTime now, PaintedFrame& frame);

 private:
  struct Seen {
    uint64_t changes;
    unsigned phase;
    bool operator==(const Seen&) const = default;
  };
  Vga& vga_;
  uint64_t look_ = 0;
  uint64_t all_ = 0;  // the look at which everything changed
  std::optional<Seen> seen_;
  std::vector<uint64_t> pages_;  // the look at which each page of memory had changed
};

}  // namespace ilse::dev
