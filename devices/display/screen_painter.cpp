#include "devices/display/screen_painter.h"

#include <algorithm>

#include "devices/display/packed_screen.h"

namespace ilse::dev {

bool ScreenPainter::look(mem::VTime now) {
  const Seen seen{vga_.changes(), vga_.blink_phase(now)};
  const bool registers = seen_ != seen, memory = vga_.dirty().any();
  if (!registers && !memory) return false;
  seen_ = seen;
  ++look_;
  if (registers || !vga_.packed_pixels()) all_ = look_;
  vga_.dirty().take([this](uint64_t page) { pages_[page] = look_; });
  return true;
}

void ScreenPainter::paint(mem::VTime now, PaintedFrame& frame) {
  if (!vga_.packed_pixels()) {
    vga_.render(now, frame.image);
    frame.changed.assign(frame.image.height, look_);
    frame.look = look_;
    return;
  }
  PackedScreen screen(vga_.state(), vga_.memory());
  const bool fits = frame.image.width == screen.width() && frame.image.height == screen.height();
  if (!fits) frame.image.resize(screen.width(), screen.height());
  frame.changed.resize(screen.height());
  for (unsigned y = 0; y < screen.height(); ++y) {
    uint64_t changed = all_;
    const auto [first, last] = screen.bytes_of_line(y);
    for (size_t page = first / mem::kPageSize; page <= last / mem::kPageSize; ++page) {
      changed = std::max(changed, pages_[page % pages_.size()]);
    }
    frame.changed[y] = changed;
    if (!fits || changed > frame.look) screen.draw_line(y, frame.image.row(y));
  }
  frame.look = look_;
}

}  // namespace ilse::dev
