// A converter's output: samples at any rate with their virtual times, brought to the mixer's rate by linear
// interpolation.
#pragma once

#include <cstdint>
#include <span>

#include "devices/sound/frame_queue.h"

namespace ilse::dev {

class PcmVoice : public SoundSource {
 public:
  // Volumes are 16.16 fixed point; 1.0 is as the samples are.
  static constexpr uint32_t kUnity = 1 << 16;

  explicit PcmVoice(SoundMixer& mixer) : mixer_(mixer), queue_(mixer) { mixer.add(*this); }
  PcmVoice(const PcmVoice&) = delete;
  PcmVoice& operator=(const PcmVoice&) = delete;

  void set_volume(uint32_t left, uint32_t right) {
    left_ = left;
    right_ = right;
  }
  // Sample k is played at `start` + k / `rate` (Hz, not 0), until `now`, which is the end of the last.
  // Samples are 16 bits. A stream goes on where the last piece ended, or starts anew after a gap.
  void play(VTime start, uint32_t rate, std::span<const SoundFrame> samples, VTime now);
  // From now on one level, as programs do that write a converter directly.
  void level(VTime now, SoundFrame sample);

  void mix(uint64_t first, std::span<int32_t> to) override { queue_.mix(first, to); }

 private:
  SoundFrame scaled(SoundFrame f) const;

  SoundMixer& mixer_;
  FrameQueue queue_;
  uint32_t left_ = kUnity, right_ = kUnity;
  SoundFrame last_;  // the sample before, and its time
  VTime last_at_{};
};

}  // namespace ilse::dev
