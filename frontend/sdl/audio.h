// Sound through SDL's audio device. The machine's thread puts frames into a ring, SDL's thread takes them out
// at a rate that is steered, by less than a listener hears, towards a ring that is filled to kTarget: virtual
// time and the sound card's clock never agree completely.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "devices/sound/mixer.h"
#include "memory/result.h"

namespace ilse::ui {

class SdlAudio : public dev::SoundSink {
 public:
  // Fails with one line when the host has no sound.
  static mem::Result<std::unique_ptr<SdlAudio>> open();
  ~SdlAudio() override;
  SdlAudio(const SdlAudio&) = delete;
  SdlAudio& operator=(const SdlAudio&) = delete;

  void write(std::span<const int16_t> samples) override;
  // Any thread.
  void set_muted(bool muted) { muted_ = muted; }
  bool muted() const { return muted_; }

  // What SDL's thread calls: fills `to`, left and right in turn.
  void take(std::span<int16_t> to);
  // Frames that wait.
  size_t waiting();

  static constexpr size_t kTarget = dev::SoundMixer::kRate * 60 / 1000;  // frames: 60 ms
  static constexpr size_t kMost = dev::SoundMixer::kRate / 4;

 private:
  SdlAudio() = default;
  friend struct SdlAudioTest;

  std::mutex mutex_;
  std::vector<int16_t> ring_ = std::vector<int16_t>(2 * kMost);
  size_t first_ = 0, count_ = 0;  // frames
  double position_ = 0;           // between the first frame and the next
  bool started_ = false;          // the ring has been filled to kTarget
  std::atomic<bool> muted_{false};
  uint32_t device_ = 0;
  bool sdl_ready_ = false;
};

}  // namespace ilse::ui
