// The PC's loudspeaker: counter 2 of the 8254, let through by bit 1 of port 61h. Its waveform is computed
// from the counter's state at each change, so that no edge costs the machine anything and every one of them
// is heard, those of programs that play samples by pulse width too.
#pragma once

#include <cstdint>

#include "devices/core/irq_line.h"
#include "devices/sound/frame_queue.h"
#include "devices/timer/i8254.h"

namespace ilse::dev {

// The line is port 61h's speaker data bit.
class PcSpeaker : public SoundSource, public LineSink {
 public:
  // Listens to the timer from now on.
  PcSpeaker(SoundMixer& mixer, I8254& timer);

  // Port 61h moves the counter's gate first, so that all before is rendered.
  void set_line(int, bool level) override { data_ = level; }
  void mix(uint64_t first, std::span<int32_t> to) override;

 private:
  static constexpr int32_t kAmplitude = 8000;

  // The counter has changed: what was before is heard up to here.
  void changed(uint64_t clock, const I8254Counter& counter);
  void render_to(uint64_t frame);
  void run_to(uint64_t clock);
  SoundFrame render_frame(uint64_t end_clock);
  static uint64_t clock_of(uint64_t frame) { return mem::muldiv(frame, I8254::kHz, SoundMixer::kRate); }

  SoundMixer& mixer_;
  FrameQueue queue_;
  I8254Counter counter_;  // at clock_
  uint64_t clock_ = 0;
  bool data_ = false;
  uint64_t high_ = 0;         // clocks of the frame that is being made in which the cone was out
  uint64_t frame_start_ = 0;  // its first clock
  int32_t before_ = 0;        // the filter that takes the direct current away
  int32_t output_ = 0;
};

}  // namespace ilse::dev
