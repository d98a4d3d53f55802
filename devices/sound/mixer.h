// Where all sound comes together: frames at 48 kHz as a function of virtual time, whoever listens.
//
// Frame n belongs to the time n / 48000 s. Sources know the sound up to a moment before now: what they fetch
// from memory they fetch a few milliseconds at a time, so frames leave the mixer kDelay late. The machine's
// thread calls run_to() between its slices; the frames are the same however it slices. Nothing here is seen
// by the guest, so nothing of it is part of the state.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "memory/types.h"

namespace ilse::dev {

using mem::VTime;

// Takes the finished frames: a file, the host's sound card. On the machine's thread.
class SoundSink {
 public:
  virtual ~SoundSink() = default;
  // Left and right in turn, one frame after the other.
  virtual void write(std::span<const int16_t> samples) = 0;
};

class SoundSource {
 public:
  virtual ~SoundSource() = default;
  // Adds frames from `first` on, left and right in turn, to what is in `to`. Each frame is asked for once, in
  // order.
  virtual void mix(uint64_t first, std::span<int32_t> to) = 0;
};

class SoundMixer {
 public:
  static constexpr uint64_t kRate = 48'000;
  static constexpr uint64_t kDelay = 5'000'000;      // ns
  static constexpr uint64_t kChunkTime = 2'000'000;  // what a source fetches at once is at most this long

  static uint64_t frame_at(VTime t) { return mem::muldiv(t.ns, kRate, mem::kSecond); }
  // The first moment of a frame.
  static VTime time_of(uint64_t frame) { return {mem::muldiv_up(frame, mem::kSecond, kRate)}; }

  // Sources are there before the machine starts and as long as it.
  void add(SoundSource& source) { sources_.push_back(&source); }
  // Null: nobody listens, and nothing is computed.
  void connect(SoundSink* sink) { sink_ = sink; }
  bool listening() const { return sink_ != nullptr; }

  // Grows while there is something to hear.
  uint64_t loud_blocks() const { return loud_blocks_; }

  void run_to(VTime now);
  // What is still on its way out at the end.
  void flush(VTime now) { run_to(now + kDelay); }

 private:
  static constexpr size_t kBlock = 480;  // frames

  std::vector<SoundSource*> sources_;
  SoundSink* sink_ = nullptr;
  uint64_t next_ = 0;  // frame
  uint64_t loud_blocks_ = 0;
};

}  // namespace ilse::dev
