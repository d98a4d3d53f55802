// Sound through SDL's audio device, whose thread takes frames from a ring.
#pragma once

#include <cstdint>
#include <memory>

#include "devices/sound/mixer.h"
#include "frontend/audio/sound_ring.h"
#include "memory/result.h"

namespace ilse::ui {

class SdlAudio : public dev::SoundSink {
 public:
  // Fails with one line when the host has no sound.
  static mem::Result<std::unique_ptr<SdlAudio>> open();
  ~SdlAudio() override;
  SdlAudio(const SdlAudio&) = delete;
  SdlAudio& operator=(const SdlAudio&) = delete;

  void write(std::span<const int16_t> samples) override { ring_.put(samples); }
  // Any thread.
  void set_muted(bool muted) { ring_.set_muted(muted); }
  bool muted() const { return ring_.muted(); }
  SoundRing& ring() { return ring_; }

 private:
  SdlAudio() = default;

  SoundRing ring_;
  uint32_t device_ = 0;
  bool sdl_ready_ = false;
};

}  // namespace ilse::ui
