// Draws the guest's screen into the mailbox, on the machine's thread, when something on it has changed.
#pragma once

#include <chrono>

#include "devices/display/screen_painter.h"
#include "devices/display/vga.h"
#include "frontend/display/frame_mailbox.h"

namespace ilse::ui {

class FramePublisher {
 public:
  // `image` and `text`: what the display that takes the frames needs. One for a display.
  FramePublisher(dev::Vga& vga, FrameMailbox& mailbox, bool image, bool text)
      : vga_(vga), painter_(vga), mailbox_(mailbox), image_(image), text_(text) {}

  // To be called often: it draws at most 60 times a second.
  void update(mem::VTime now) {
    auto host = std::chrono::steady_clock::now();
    if (host - drawn_at_ < kPeriod) return;
    draw(now, host);
  }
  void update_now(mem::VTime now) { draw(now, std::chrono::steady_clock::now()); }

  static constexpr std::chrono::milliseconds kPeriod{16};

 private:
  void draw(mem::VTime now, std::chrono::steady_clock::time_point host) {
    if (!painter_.look(now)) return;
    drawn_at_ = host;
    DisplayFrame& frame = mailbox_.back();
    frame.graphics = vga_.graphics();
    if (image_ || frame.graphics) painter_.paint(now, frame);
    if (text_) vga_.text(now, frame.text);
    mailbox_.publish();
  }

  dev::Vga& vga_;
  dev::ScreenPainter painter_;
  FrameMailbox& mailbox_;
  bool image_, text_;
  std::chrono::steady_clock::time_point drawn_at_{};
};

}  // namespace ilse::ui
