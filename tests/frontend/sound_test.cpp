// Where sound goes on the host: the WAV file, and the ring before the sound card.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "frontend/audio/sound_ring.h"
#include "frontend/audio/wav_file.h"
#include "frontend/sdl/audio.h"

using namespace ilse;
using namespace ilse::ui;

namespace {
struct TemporaryFile {
  TemporaryFile() {
    std::string name = (std::filesystem::temp_directory_path() / "ilse-sound-XXXXXX").string();
    int fd = mkstemp(name.data());
    REQUIRE(fd >= 0);
    close(fd);
    path = name;
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::string content() const {
    std::ifstream f(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(f), {}};
  }
  std::string path;
};

std::vector<int16_t> sine(size_t first, size_t frames) {
  std::vector<int16_t> out;
  for (size_t i = first; i < first + frames; ++i) {
    auto v = static_cast<int16_t>(10000 * std::sin(static_cast<double>(i) * 0.05));
    out.push_back(v);
    out.push_back(static_cast<int16_t>(-v));
  }
  return out;
}
}  // namespace

TEST_CASE("WAV file: header and samples") {
  TemporaryFile file;
  {
    auto wav = WavFile::create(file.path);
    REQUIRE(wav);
    std::array<int16_t, 4> samples{1, -2, 0x1234, -32768};
    (*wav)->write(samples);
    (*wav)->write(samples);
    CHECK((*wav)->finish().empty());
  }
  std::string c = file.content();
  REQUIRE(c.size() == 44 + 16);
  auto number = [&c](size_t at, int bytes) {
    uint32_t v = 0;
    for (int i = bytes; i-- > 0;) v = v << 8 | static_cast<uint8_t>(c[at + static_cast<size_t>(i)]);
    return v;
  };
  CHECK(c.substr(0, 4) == "RIFF");
  CHECK(number(4, 4) == c.size() - 8);
  CHECK(c.substr(8, 8) == "WAVEfmt ");
  CHECK(number(20, 2) == 1);
  CHECK(number(22, 2) == 2);
  CHECK(number(24, 4) == 48000);
  CHECK(number(28, 4) == 192000);
  CHECK(number(34, 2) == 16);
  CHECK(c.substr(36, 4) == "data");
  CHECK(number(40, 4) == 16);
  CHECK(number(46, 2) == 0xFFFE);
  CHECK(number(50, 2) == 0x8000);
  CHECK(WavFile::create("/nonexistent/a.wav").error().message ==
        "/nonexistent/a.wav: No such file or directory");
  auto full = WavFile::create("/dev/full");
  REQUIRE(full);
  (*full)->write(sine(0, 100'000));
  CHECK_FALSE((*full)->finish().empty());
}

TEST_CASE("sound ring: clocks that differ a little leave no gap and no click") {
  for (double ratio : {0.997, 1.0, 1.003}) {
    INFO(ratio);
    SoundRing ring;
    size_t put = 0;
    std::vector<int16_t> heard, part(2 * 480);
    for (int i = 0; i < 6'000; ++i) {  // a minute
      auto want = static_cast<size_t>(ratio * 480 * (i + 1) + SoundRing::kTarget);
      ring.put(sine(put, want - put));
      put = want;
      ring.take(part);
      heard.insert(heard.end(), part.begin(), part.end());
    }
    CHECK(ring.waiting() < 2 * SoundRing::kTarget);
    CHECK(ring.waiting() > SoundRing::kTarget / 8);
    int worst = 0;
    for (size_t i = 4; i < heard.size(); i += 2) worst = std::max(worst, std::abs(heard[i] - heard[i - 2]));
    CHECK(worst <= 510);  // the sine's steepest
  }
}

TEST_CASE("sound ring: too little is one gap, too much is dropped, mute is silence") {
  SoundRing ring;
  std::vector<int16_t> part(2 * 480);
  auto silent = [&part] { return std::all_of(part.begin(), part.end(), [](int16_t s) { return s == 0; }); };
  ring.put(sine(1, 480));
  ring.take(part);
  CHECK(silent());  // not yet kTarget
  ring.put(sine(481, SoundRing::kTarget));
  ring.take(part);
  CHECK_FALSE(silent());
  for (int i = 0; i < 20; ++i) ring.take(part);
  ring.put(sine(1, 480));
  ring.take(part);
  CHECK(silent());
  for (int i = 0; i < 100; ++i) ring.put(sine(1, 4800));
  CHECK(ring.waiting() == SoundRing::kMost);
  ring.set_muted(true);
  ring.take(part);
  CHECK(silent());
}

TEST_CASE("SDL audio: its thread takes what is put in") {
  setenv("SDL_AUDIODRIVER", "dummy", 1);
  auto audio = SdlAudio::open();
  if (!audio) {
    WARN("skipped: " + audio.error().message);
    return;
  }
  (*audio)->write(sine(0, SoundRing::kMost));
  for (int i = 0; i < 1000 && (*audio)->ring().waiting() == SoundRing::kMost; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  CHECK((*audio)->ring().waiting() < SoundRing::kMost);
}
