// Draws the guest's screen into the mailbox, on the machine's thread, when something on it has changed.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

#include "devices/display/vga.h"
#include "frontend/display/frame_mailbox.h"

namespace ilse::ui {

class FramePublisher {
 public:
  // `image` and `text`: what the display that takes the frames needs.
  FramePublisher(FrameMailbox& mailbox, bool image, bool text)
      : mailbox_(mailbox), image_(image), text_(text) {}

  // To be called often: it draws at most 60 times a second.
  void update(const dev::Vga& vga, mem::VTime now) {
    auto host = std::chrono::steady_clock::now();
    if (host - drawn_at_ < kPeriod) return;
    draw(vga, now, host);
  }
  void update_now(const dev::Vga& vga, mem::VTime now) { draw(vga, now, std::chrono::steady_clock::now()); }

  static constexpr std::chrono::milliseconds kPeriod{16};

 private:
  void draw(const dev::Vga& vga, mem::VTime now, std::chrono::steady_clock::time_point host) {
    std::pair seen{vga.changes(), vga.blink_phase(now)};
    if (seen == seen_) return;
    seen_ = seen;
    drawn_at_ = host;
    DisplayFrame& frame = mailbox_.back();
    frame.graphics = vga.graphics();
    if (image_ || frame.graphics) vga.render(now, frame.image);
    if (text_) vga.text(now, frame.text);
    mailbox_.publish();
  }

  FrameMailbox& mailbox_;
  bool image_, text_;
  std::optional<std::pair<uint64_t, unsigned>> seen_;
  std::chrono::steady_clock::time_point drawn_at_{};
};

}  // namespace ilse::ui
