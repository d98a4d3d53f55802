#include "frontend/audio/sound_ring.h"

#include <algorithm>

namespace ilse::ui {

namespace {
constexpr double kSteering = 0.005;  // where the ring is empty, or twice as full as it should be
constexpr double kCatchUp = 0.05;    // where it is much too full
}  // namespace

size_t SoundRing::waiting() {
  std::lock_guard lock(mutex_);
  return count_;
}

void SoundRing::put(std::span<const int16_t> samples) {
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i + 1 < samples.size(); i += 2) {
    if (count_ == kMost) {
      first_ = (first_ + 1) % kMost;
      --count_;
    }
    size_t at = (first_ + count_++) % kMost;
    frames_[2 * at] = samples[i];
    frames_[2 * at + 1] = samples[i + 1];
  }
  started_ = started_ || count_ >= kTarget;
}

void SoundRing::take(std::span<int16_t> to) {
  std::lock_guard lock(mutex_);
  std::fill(to.begin(), to.end(), int16_t{0});
  if (!started_) return;
  double off = (static_cast<double>(count_) - kTarget) / kTarget;
  double step = 1 + (off > 2 ? kCatchUp : kSteering * std::clamp(off, -1.0, 1.0));
  for (size_t i = 0; i + 1 < to.size(); i += 2) {
    if (count_ < 2) {
      started_ = false;
      return;
    }
    size_t next = (first_ + 1) % kMost;
    for (size_t side = 0; side < 2; ++side) {
      double a = frames_[2 * first_ + side], b = frames_[2 * next + side];
      if (!muted_) to[i + side] = static_cast<int16_t>(a + (b - a) * position_);
    }
    for (position_ += step; position_ >= 1; position_ -= 1) {
      first_ = (first_ + 1) % kMost;
      --count_;
    }
  }
}

}  // namespace ilse::ui
