#include "devices/sound/pcm_voice.h"

#include <algorithm>

namespace ilse::dev {

SoundFrame PcmVoice::scaled(SoundFrame f) const {
  return {static_cast<int32_t>(int64_t{f.left} * left_ >> 16),
          static_cast<int32_t>(int64_t{f.right} * right_ >> 16)};
}

void PcmVoice::play(VTime start, uint32_t rate, std::span<const SoundFrame> samples, VTime now) {
  if (!mixer_.listening() || samples.empty() || rate == 0) return;
  const uint64_t period = mem::kSecond / rate;
  // What comes later than the next sample's time, with some tolerance, is a new stream.
  bool follows = start >= last_at_ && start - last_at_ <= period + period / 2;
  if (!follows) {
    queue_.extend_to(SoundMixer::frame_at(start));
    last_ = scaled(samples[0]);
    last_at_ = start;
  }
  for (size_t k = 0; k < samples.size(); ++k) {
    VTime at = start + mem::muldiv(k, mem::kSecond, rate);
    SoundFrame sample = scaled(samples[k]);
    // The frames from the sample before up to this one.
    for (VTime t = SoundMixer::time_of(queue_.end()); t < at; t = SoundMixer::time_of(queue_.end())) {
      auto span = static_cast<int64_t>(std::max<uint64_t>(at - last_at_, 1));
      auto part = t > last_at_ ? static_cast<int64_t>(t - last_at_) : 0;
      auto between = [&](int32_t from, int32_t to) {
        return static_cast<int32_t>(from + (int64_t{to} - from) * part / span);
      };
      queue_.push({between(last_.left, sample.left), between(last_.right, sample.right)});
    }
    last_ = sample;
    last_at_ = at;
  }
  // A converter keeps its last value until it gets another.
  queue_.hold(last_);
  queue_.drain(now);
}

void PcmVoice::level(VTime now, SoundFrame sample) {
  if (!mixer_.listening()) return;
  queue_.extend_to(SoundMixer::frame_at(now));
  queue_.hold(scaled(sample));
  queue_.drain(now);
}

}  // namespace ilse::dev
