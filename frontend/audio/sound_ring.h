// Frames on their way from the machine's thread to the host's sound thread. The reader is steered, by less
// than a listener hears, towards a ring that is filled to kTarget: virtual time and a sound card's clock
// never agree completely.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <vector>

#include "devices/sound/mixer.h"

namespace ilse::ui {

class SoundRing {
 public:
  static constexpr size_t kTarget = dev::SoundMixer::kRate * 60 / 1000;  // frames: 60 ms
  static constexpr size_t kMost = dev::SoundMixer::kRate / 4;

  // Any thread; samples are left and right in turn. A full ring loses its oldest frames.
  void put(std::span<const int16_t> samples);
  // Fills `to`; with silence from the moment on at which there is nothing, until there is kTarget again: one
  // gap instead of many.
  void take(std::span<int16_t> to);
  size_t waiting();  // frames
  void set_muted(bool muted) { muted_ = muted; }
  bool muted() const { return muted_; }

 private:
  std::mutex mutex_;
  std::vector<int16_t> frames_ = std::vector<int16_t>(2 * kMost);
  size_t first_ = 0, count_ = 0;
  double position_ = 0;  // between the first frame and the next
  bool started_ = false;
  std::atomic<bool> muted_{false};
};

}  // namespace ilse::ui
