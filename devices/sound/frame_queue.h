// Frames that a source has computed ahead of the mixer, by their numbers, and the level that it holds after
// them.
#pragma once

#include <cstdint>
#include <deque>
#include <span>

#include "devices/sound/mixer.h"

namespace ilse::dev {

struct SoundFrame {
  int32_t left = 0;
  int32_t right = 0;
  bool operator==(const SoundFrame&) const = default;
};

class FrameQueue {
 public:
  explicit FrameQueue(SoundMixer& mixer) : mixer_(mixer) {}

  // The first frame that is not known yet.
  uint64_t end() const { return first_ + frames_.size(); }
  // From frame end() on: `frame`, once.
  void push(SoundFrame frame) { frames_.push_back(frame); }
  // Up to `frame` the level that is held.
  void extend_to(uint64_t frame) {
    // A long silence need not be kept, nor what nobody will ask for.
    bool silence = frames_.empty() && held_ == SoundFrame{} && frame > end();
    if (silence || frame > end() + kLimit) restart(frame);
    while (end() < frame) push(held_);
  }
  void hold(SoundFrame frame) { held_ = frame; }

  // Adds the frames from `n` on to `to`, and forgets them.
  void mix(uint64_t n, std::span<int32_t> to) {
    // Time has gone back: an older state was loaded.
    if (first_ > n + kLimit) restart(n);
    for (size_t i = 0; i + 1 < to.size(); i += 2, ++n) {
      SoundFrame f = next(n);
      to[i] += f.left;
      to[i + 1] += f.right;
    }
  }
  // Keeps the queue short while nobody else calls the mixer.
  void drain(VTime now) {
    if (frames_.size() > kMuch) mixer_.run_to(now);
  }

 private:
  static constexpr size_t kMuch = SoundMixer::kRate / 5, kLimit = SoundMixer::kRate;

  void restart(uint64_t frame) {
    frames_.clear();
    first_ = frame;
  }
  SoundFrame next(uint64_t n) {
    for (; !frames_.empty() && first_ < n; ++first_) frames_.pop_front();
    if (n < first_) return {};
    SoundFrame f = held_;
    if (!frames_.empty()) {
      f = frames_.front();
      frames_.pop_front();
    }
    first_ = n + 1;
    return f;
  }

  SoundMixer& mixer_;
  std::deque<SoundFrame> frames_;
  uint64_t first_ = 0;  // the number of the first in the queue
  SoundFrame held_;
};

}  // namespace ilse::dev
