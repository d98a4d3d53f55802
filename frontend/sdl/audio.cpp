#include "frontend/sdl/audio.h"

#include <SDL.h>

#include <algorithm>
#include <string>

namespace ilse::ui {

mem::Result<std::unique_ptr<SdlAudio>> SdlAudio::open() {
  std::unique_ptr<SdlAudio> audio(new SdlAudio);
  if (SDL_InitSubSystem(SDL_INIT_AUDIO) != 0) return mem::Error{std::string("no sound: ") + SDL_GetError()};
  audio->sdl_ready_ = true;
  SDL_AudioSpec want{};
  want.freq = static_cast<int>(dev::SoundMixer::kRate);
  want.format = AUDIO_S16SYS;
  want.channels = 2;
  want.samples = 512;
  want.userdata = audio.get();
  want.callback = [](void* self, Uint8* to, int bytes) {
    static_cast<SdlAudio*>(self)->take(
        {reinterpret_cast<int16_t*>(to), static_cast<size_t>(bytes) / sizeof(int16_t)});
  };
  audio->device_ = SDL_OpenAudioDevice(nullptr, 0, &want, nullptr, 0);
  if (audio->device_ == 0) return mem::Error{std::string("no sound: ") + SDL_GetError()};
  SDL_PauseAudioDevice(audio->device_, 0);
  return audio;
}

SdlAudio::~SdlAudio() {
  if (device_ != 0) SDL_CloseAudioDevice(device_);
  if (sdl_ready_) SDL_QuitSubSystem(SDL_INIT_AUDIO);
}

size_t SdlAudio::waiting() {
  std::lock_guard lock(mutex_);
  return count_;
}

void SdlAudio::write(std::span<const int16_t> samples) {
  std::lock_guard lock(mutex_);
  for (size_t i = 0; i + 1 < samples.size(); i += 2) {
    // A guest that runs ahead of its listener: the oldest go.
    if (count_ == kMost) {
      first_ = (first_ + 1) % kMost;
      --count_;
    }
    size_t at = (first_ + count_++) % kMost;
    ring_[2 * at] = samples[i];
    ring_[2 * at + 1] = samples[i + 1];
  }
  started_ = started_ || count_ >= kTarget;
}

void SdlAudio::take(std::span<int16_t> to) {
  std::lock_guard lock(mutex_);
  std::fill(to.begin(), to.end(), int16_t{0});
  if (!started_) return;
  // Half a percent at most, for a ring that is a whole kTarget off.
  double off = (static_cast<double>(count_) - kTarget) / kTarget;
  double step = 1 + 0.005 * std::clamp(off, -1.0, 1.0);
  if (count_ > 3 * kTarget) step = 1.05;
  for (size_t i = 0; i + 1 < to.size(); i += 2) {
    if (count_ < 2) {
      // Silence until there is enough again: one gap instead of many.
      started_ = false;
      return;
    }
    size_t next = (first_ + 1) % kMost;
    for (size_t side = 0; side < 2; ++side) {
      double a = ring_[2 * first_ + side], b = ring_[2 * next + side];
      if (!muted_) to[i + side] = static_cast<int16_t>(a + (b - a) * position_);
    }
    for (position_ += step; position_ >= 1; position_ -= 1) {
      first_ = (first_ + 1) % kMost;
      --count_;
    }
  }
}

}  // namespace ilse::ui
