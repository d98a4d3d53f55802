// Draws the guest's screen into the mailbox, on the machine's thread, when something on it has changed.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "devices/display/screen_painter.h"
#include "devices/display/vga.h"
#include "frontend/display/frame_mailbox.h"

namespace ilse::ui {

class FramePublisher {
 public:
  // `image` and `text`: what the display that takes the frames needs. One for a display.
  FramePublisher(dev::Vga& vga, FrameMailbox& mailbox, bool image, bool text)
      : vga_(vga), painter_(vga), mailbox_(mailbox), image_(image), text_(text) {}

  // Called (on the machine's thread) when there is a new frame.
  void on_frame(std::function<void()> f) { on_frame_ = std::move(f); }

  using HostTime = std::chrono::steady_clock::time_point;

  // To be called often: it draws at most 60 times a second.
  void update(mem::VTime now) {
    auto host = std::chrono::steady_clock::now();
    late_ = host - drawn_at_ < kPeriod;
    if (!late_) draw(now, host);
  }
  void update_now(mem::VTime now) { draw(now, std::chrono::steady_clock::now()); }

  // For how long nobody needs to call while the guest does nothing: until what the last update() came too
  // early for, until something blinks.
  std::optional<HostTime> waits_until() const {
    return late_ ? std::optional(drawn_at_ + kPeriod) : std::nullopt;
  }
  mem::VTime next_change(mem::VTime now) const { return vga_.next_change(now); }

  static constexpr std::chrono::milliseconds kPeriod{16};

 private:
  void draw(mem::VTime now, HostTime host) {
    if (!painter_.look(now)) return;
    drawn_at_ = host;
    DisplayFrame& frame = mailbox_.back();
    frame.graphics = vga_.graphics();
    frame.square_pixels = vga_.state().vbe_enabled();
    if (image_ || frame.graphics) painter_.paint(now, frame);
    if (text_) vga_.text(now, frame.text);
    mailbox_.publish();
    if (on_frame_) on_frame_();
  }

  dev::Vga& vga_;
  dev::ScreenPainter painter_;
  FrameMailbox& mailbox_;
  bool image_, text_;
  std::function<void()> on_frame_;
  HostTime drawn_at_{};
  bool late_ = false;
};

}  // namespace ilse::ui
