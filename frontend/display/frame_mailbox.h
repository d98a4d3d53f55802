// The way of the guest's screen from the machine thread to the user-interface thread: three buffers, so that
// neither ever waits for the other. The newest frame wins; one that nobody took is overwritten.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "devices/display/screen_painter.h"
#include "devices/display/text_grid.h"

namespace ilse::ui {

struct DisplayFrame : dev::PaintedFrame {
  dev::TextGrid text;
  bool graphics = false;  // then `text` is empty
};

class FrameMailbox {
 public:
  // Machine thread: the buffer to draw into (with some older contents), then publish() to send it.
  DisplayFrame& back() { return frames_[back_]; }
  void publish() { back_ = middle_.exchange(back_ | kFresh, std::memory_order_acq_rel) & kIndex; }

  // User-interface thread: the newest frame if there is one since the last call, else null. It stays valid
  // and unchanged until the next take().
  const DisplayFrame* take() {
    if ((middle_.load(std::memory_order_relaxed) & kFresh) == 0) return nullptr;
    front_ = middle_.exchange(front_, std::memory_order_acq_rel) & kIndex;
    return &frames_[front_];
  }
  // What take() gave last.
  const DisplayFrame& front() const { return frames_[front_]; }

 private:
  static constexpr uint8_t kIndex = 3, kFresh = 4;
  std::array<DisplayFrame, 3> frames_;
  uint8_t back_ = 0;
  uint8_t front_ = 1;
  std::atomic<uint8_t> middle_{2};
};

}  // namespace ilse::ui
