// A mixer with a listener that keeps everything, for the sound chips' tests.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "devices/sound/mixer.h"
#include "tests/devices/bench.h"

namespace ilse::dev::test {

struct Listener : SoundSink {
  void write(std::span<const int16_t> samples) override {
    heard.insert(heard.end(), samples.begin(), samples.end());
  }
  std::vector<int16_t> heard;
};

struct SoundBench : Bench {
  SoundBench() { mixer.connect(&ear); }

  // Lets time pass as the machine does, and listens.
  void play(uint64_t ns) {
    for (uint64_t left = ns; left != 0;) {
      uint64_t step = std::min<uint64_t>(left, 10'000'000);
      advance(step);
      mixer.run_to(now);
      left -= step;
    }
  }
  // What one side (0 left) has from virtual time `from` to `to`; both are to be long past.
  std::vector<int> between(VTime from, VTime to, unsigned side) {
    mixer.flush(now);
    std::vector<int> out;
    for (uint64_t f = SoundMixer::frame_at(from); f < SoundMixer::frame_at(to); ++f)
      out.push_back(ear.heard.at(2 * f + side));
    return out;
  }

  SoundMixer mixer;
  Listener ear;
};

// Times the signal rises through its middle, for a frequency.
inline unsigned rises(const std::vector<int>& samples) {
  if (samples.empty()) return 0;
  auto [low, high] = std::minmax_element(samples.begin(), samples.end());
  int middle = (*low + *high) / 2, margin = (*high - *low) / 8;
  bool above = true;
  unsigned n = 0;
  for (int s : samples) {
    if (s < middle - margin) above = false;
    if (s > middle + margin && !above) {
      above = true;
      ++n;
    }
  }
  return n;
}
inline int peak(const std::vector<int>& samples) {
  int p = 0;
  for (int s : samples) p = std::max(p, std::abs(s));
  return p;
}
inline int largest_step(const std::vector<int>& samples) {
  int worst = 0;
  for (size_t i = 1; i < samples.size(); ++i) worst = std::max(worst, std::abs(samples[i] - samples[i - 1]));
  return worst;
}

}  // namespace ilse::dev::test
