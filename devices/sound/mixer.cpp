#include "devices/sound/mixer.h"

#include <algorithm>

namespace ilse::dev {

void SoundMixer::run_to(VTime now) {
  if (now.ns < kDelay) return;
  uint64_t end = frame_at({now.ns - kDelay});
  if (!listening()) next_ = end;
  // Time goes back when an older state is loaded.
  next_ = std::min(next_, end);
  while (next_ < end) {
    size_t frames = std::min<uint64_t>(kBlock, end - next_);
    std::array<int32_t, 2 * kBlock> sum{};
    std::array<int16_t, 2 * kBlock> out{};
    std::span<int32_t> part = std::span(sum).first(2 * frames);
    for (SoundSource* s : sources_) s->mix(next_, part);
    for (size_t i = 0; i < part.size(); ++i)
      out[i] = static_cast<int16_t>(std::clamp<int32_t>(part[i], INT16_MIN, INT16_MAX));
    if (std::any_of(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(2 * frames),
                    [](int16_t s) { return s != 0; }))
      ++loud_blocks_;
    // A source that runs over calls run_to() itself.
    next_ += frames;
    sink_->write(std::span(out).first(2 * frames));
  }
}

}  // namespace ilse::dev
