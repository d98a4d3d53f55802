#include "devices/sound/pc_speaker.h"

#include <algorithm>
#include <cstdlib>

namespace ilse::dev {

PcSpeaker::PcSpeaker(SoundMixer& mixer, I8254& timer) : mixer_(mixer), queue_(mixer) {
  mixer.add(*this);
  timer.on_counter_2([this](uint64_t clock, const I8254Counter& counter) { changed(clock, counter); });
}

void PcSpeaker::changed(uint64_t clock, const I8254Counter& counter) {
  if (mixer_.listening()) {
    if (clock < clock_) frame_start_ = clock_ = clock;  // an older state was loaded
    uint64_t frame = mem::muldiv(clock, SoundMixer::kRate, I8254::kHz);
    render_to(frame);
    // The part of the frame up to the change.
    run_to(clock);
    queue_.drain({mem::muldiv(clock, mem::kSecond, I8254::kHz)});
  }
  counter_ = counter;
  clock_ = clock;
}

void PcSpeaker::run_to(uint64_t clock) {
  while (clock_ < clock) {
    uint64_t n = std::clamp<uint64_t>(counter_.clocks_to_edge(), 1, clock - clock_);
    if (data_ && counter_.out) high_ += n;
    counter_.run(n);
    clock_ += n;
  }
}

SoundFrame PcSpeaker::render_frame(uint64_t end) {
  run_to(end);
  auto length = static_cast<int64_t>(std::max<uint64_t>(end - frame_start_, 1));
  auto level =
      static_cast<int32_t>(std::min<int64_t>(static_cast<int64_t>(high_), length) * 2 * kAmplitude / length);
  high_ = 0;
  frame_start_ = end;
  // A cone comes back to its rest: a high pass at about 40 Hz.
  constexpr int32_t kDecay = 192;
  bool at_rest = level == before_ && std::abs(output_) < kDecay;
  output_ = at_rest ? 0 : level - before_ + output_ - output_ / kDecay;
  before_ = level;
  return {output_, output_};
}

void PcSpeaker::render_to(uint64_t frame) {
  if (queue_.end() >= frame) return;
  if (!data_ && high_ == 0 && output_ == 0 && before_ == 0) {
    // Nothing is heard, however long.
    uint64_t clock = clock_of(frame);
    if (clock > clock_) {
      counter_.run(clock - clock_);
      clock_ = frame_start_ = clock;
    }
    queue_.extend_to(frame);
    return;
  }
  // More than the mixer would ask for is not kept.
  constexpr uint64_t kMost = SoundMixer::kRate;
  if (frame - queue_.end() > kMost) queue_.extend_to(frame - kMost);
  while (queue_.end() < frame) queue_.push(render_frame(clock_of(queue_.end() + 1)));
}

void PcSpeaker::mix(uint64_t first, std::span<int32_t> to) {
  render_to(first + to.size() / 2);
  queue_.mix(first, to);
}

}  // namespace ilse::dev
