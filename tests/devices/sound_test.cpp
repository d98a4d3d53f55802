// The mixer, converters' voices, the loudspeaker and the OPL3.
#include <catch2/catch.hpp>

#include "devices/sound/opl3.h"
#include "devices/sound/pc_speaker.h"
#include "devices/sound/pcm_voice.h"
#include "devices/timer/port61.h"
#include "tests/devices/sound_bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {
constexpr uint64_t kMs = 1'000'000;

// A second of a triangle.
std::vector<SoundFrame> triangle(unsigned rate, unsigned hertz, int height, uint64_t ns = mem::kSecond) {
  std::vector<SoundFrame> out;
  for (uint64_t i = 0; i < mem::muldiv(ns, rate, mem::kSecond); ++i) {
    double phase = std::fmod(static_cast<double>(i) * hertz / rate, 1.0);
    int v = static_cast<int>(height * (phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase));
    out.push_back({v, -v});
  }
  return out;
}
}  // namespace

TEST_CASE("sound: the mixer's frames follow virtual time, in whatever steps") {
  SoundBench a, b;
  for (int i = 0; i < 100; ++i) a.play(kMs);
  b.play(33 * kMs + 7);
  b.play(67 * kMs - 7);
  a.mixer.flush(a.now);
  b.mixer.flush(b.now);
  CHECK(a.ear.heard.size() == 2 * 4800);
  CHECK(b.ear.heard.size() == 2 * 4800);
}

TEST_CASE("sound: the mixer knows whether there is something to hear") {
  SoundBench b;
  PcmVoice voice(b.mixer);
  b.play(100 * kMs);
  CHECK(b.mixer.loud_blocks() == 0);
  voice.level(b.now, {0, 1000});
  b.play(100 * kMs);
  const uint64_t loud = b.mixer.loud_blocks();
  CHECK(loud != 0);
  voice.level(b.now, {0, 0});
  b.play(20 * kMs);
  const uint64_t last = b.mixer.loud_blocks();
  b.play(100 * kMs);
  CHECK(b.mixer.loud_blocks() == last);
}

TEST_CASE("sound: without a listener nothing is computed, and one who comes later hears from then on") {
  SoundBench b;
  b.mixer.connect(nullptr);
  PcmVoice voice(b.mixer);
  voice.level(b.now, {1000, 1000});
  b.play(100 * kMs);
  b.mixer.connect(&b.ear);
  b.play(100 * kMs);
  b.mixer.flush(b.now);
  CHECK(b.ear.heard.size() == 2 * (4800 + 240));
}

TEST_CASE("sound: a voice at any rate keeps its pitch, height and sides, in whatever pieces") {
  for (unsigned rate : {4000u, 8000u, 11025u, 22050u, 44100u, 48000u}) {
    INFO(rate);
    SoundBench b;
    PcmVoice voice(b.mixer);
    b.play(20 * kMs);
    auto frames = triangle(rate, 100, 10000, 500 * kMs);
    VTime start = b.now;
    size_t at = 0, pieces[] = {1, 7, 40, 2};
    for (size_t i = 0; at < frames.size(); ++i) {
      size_t n = std::min(pieces[i % 4], frames.size() - at);
      VTime from = start + mem::muldiv(at, mem::kSecond, rate),
            to = start + mem::muldiv(at + n, mem::kSecond, rate);
      b.advance_to(to);
      voice.play(from, rate, std::span(frames).subspan(at, n), to);
      b.mixer.run_to(to);
      at += n;
    }
    b.play(20 * kMs);
    auto left = b.between(start + 10 * kMs, start + 490 * kMs, 0),
         right = b.between(start + 10 * kMs, start + 490 * kMs, 1);
    CHECK(rises(left) == 48);
    CHECK(peak(left) > 9000);
    CHECK(peak(left) <= 10000);
    CHECK(left[100] == Approx(-right[100]).margin(2));
    // A triangle of 100 Hz moves 4 * 10000 * 100 a second.
    CHECK(largest_step(left) <= 4 * 10000 * 100 / 48000 + 5);
    CHECK(peak(b.between({}, start, 0)) == 0);
  }
}

TEST_CASE("sound: voices add up and are clipped") {
  SoundBench b;
  PcmVoice one(b.mixer), two(b.mixer);
  two.set_volume(PcmVoice::kUnity / 2, 0);
  one.level(b.now, {20000, 20000});
  two.level(b.now, {10000, 10000});
  b.play(20 * kMs);
  CHECK(b.between({}, VTime{} + 1 * kMs, 0)[10] == 25000);
  CHECK(b.between({}, VTime{} + 1 * kMs, 1)[10] == 20000);
  one.level(b.now, {32000, -32768});
  two.set_volume(PcmVoice::kUnity, PcmVoice::kUnity);
  two.level(b.now, {30000, -30000});
  VTime from = b.now;
  b.play(20 * kMs);
  CHECK(b.between(from + 1 * kMs, from + 2 * kMs, 0)[10] == 32767);
  CHECK(b.between(from + 1 * kMs, from + 2 * kMs, 1)[10] == -32768);
}

TEST_CASE("sound: time that goes back or jumps does no harm") {
  SoundBench b;
  PcmVoice voice(b.mixer);
  auto frames = triangle(8000, 100, 1000, 10 * kMs);
  voice.play({500 * kMs}, 8000, frames, {510 * kMs});
  b.mixer.run_to({520 * kMs});
  voice.play({5 * kMs}, 8000, frames, {15 * kMs});
  b.mixer.run_to({30 * kMs});
  voice.play({100'000 * kMs}, 8000, frames, {100'010 * kMs});
  voice.level({200'000 * kMs}, {5, 5});
  b.mixer.run_to({30 * kMs});
  CHECK(b.ear.heard.size() >= 2 * 24'000);
}

// --- Loudspeaker

namespace {
struct SpeakerBench : SoundBench {
  I8254 pit{scheduler, {lines.line(0), IrqLine{}, IrqLine{}}};
  PcSpeaker speaker{mixer, pit};
  Port61 port61{pit, lines.line(1), {speaker, 0}};
  SpeakerBench() {
    io.map(0x40, 4, pit);
    io.map(0x61, 1, port61);
  }
  void tone(unsigned count, uint8_t mode = 0xB6) {
    out8(0x43, mode);
    out8(0x42, count);
    out8(0x42, count >> 8);
  }
};
}  // namespace

TEST_CASE("speaker: counter 2's square wave while gate and data are set") {
  SpeakerBench b;
  b.tone(1193);
  b.play(50 * kMs);
  CHECK(b.between({}, b.now, 0) == std::vector<int>(2400));
  b.out8(0x61, 3);
  VTime from = b.now;
  b.play(200 * kMs);
  auto heard = b.between(from, from + 200 * kMs, 0);
  CHECK(rises(heard) == 200);
  CHECK(peak(heard) > 4000);
  CHECK(heard == b.between(from, from + 200 * kMs, 1));
  b.out8(0x61, 0);
  from = b.now;
  b.play(200 * kMs);
  CHECK(peak(b.between(from + 100 * kMs, from + 200 * kMs, 0)) == 0);
}

TEST_CASE("speaker: bit 1 of port 61h alone moves the cone, and so does pulse width") {
  SpeakerBench b;
  b.out8(0x61, 0);
  b.out8(0x43, 0xB0);  // mode 0: OUT is low from here on
  b.out8(0x42, 0);
  b.out8(0x42, 0);
  b.advance(100 * kMs);
  b.tone(100, 0xB4);
  b.mixer.run_to(b.now);
  VTime from = b.now;
  for (int i = 0; i < 100; ++i) {
    b.out8(0x61, (i & 1) != 0 ? 2 : 0);  // OUT is high while the gate is low in modes 2 and 3
    b.play(1 * kMs);
  }
  b.play(10 * kMs);
  CHECK(rises(b.between(from, from + 100 * kMs, 0)) == 50);
}

TEST_CASE("speaker: however fast the counter runs") {
  SpeakerBench b;
  b.out8(0x61, 3);
  for (unsigned count : {1u, 2u, 3u, 10u, 0u}) {
    b.tone(count);
    b.play(20 * kMs);
  }
  b.mixer.flush(b.now);
  CHECK(b.ear.heard.size() == 2 * 4800);
}

// --- OPL3

namespace {
struct OplBench : SoundBench {
  Opl3 opl{mixer, scheduler};
  OplBench() { io.map(0x388, 4, opl); }
  void reg(unsigned r, unsigned v) {
    uint16_t port = r >= 0x100 ? 0x38A : 0x388;
    out8(port, r);
    out8(port + 1, v);
  }
  void sine(unsigned number, unsigned block) {
    for (auto [r, v] : {std::pair{0x20, 0x21},
                        {0x40, 0x3F},
                        {0x23, 0x21},
                        {0x43, 0},
                        {0x63, 0xF0},
                        {0x83, 0x0F},
                        {0xC0, 0x30}})
      reg(static_cast<unsigned>(r), static_cast<unsigned>(v));
    reg(0xA0, number & 0xFF);
    reg(0xB0, 0x20 | block << 2 | number >> 8);
  }
};
}  // namespace

TEST_CASE("OPL3: its two timers, as programs detect it") {
  OplBench b;
  b.reg(4, 0x60);
  b.reg(4, 0x80);
  CHECK(b.in8(0x388) == 0);
  b.reg(2, 0xFF);
  b.reg(3, 0xFE);
  b.reg(4, 0x03);
  b.advance(79'000);
  CHECK(b.in8(0x388) == 0);
  b.advance(1'000);
  CHECK(b.in8(0x388) == 0xC0);
  b.advance(560'000);
  CHECK(b.in8(0x388) == 0xE0);
  b.reg(4, 0x80);
  CHECK(b.in8(0x388) == 0);
  b.reg(4, 0x43);  // timer 1 is masked
  b.advance(100'000);
  CHECK((b.in8(0x388) & 0x40) == 0);
  b.reg(4, 0x60);
  b.advance(10 * kMs);
  CHECK(b.scheduler.next_deadline() == mem::kNever);
}

TEST_CASE("OPL3: a note's pitch, and silence after its end") {
  OplBench b;
  b.sine(580, 4);  // 440 Hz
  b.play(500 * kMs);
  auto heard = b.between(VTime{} + 100 * kMs, VTime{} + 400 * kMs, 0);
  CHECK(rises(heard) == Approx(132).margin(1));
  CHECK(peak(heard) > 1000);
  b.reg(0xB0, 4 << 2 | 2);
  VTime from = b.now;
  b.play(200 * kMs);
  CHECK(peak(b.between(from + 100 * kMs, from + 200 * kMs, 0)) <= 1);  // the chip's zero has a sign
}

TEST_CASE("OPL3: registers that were restored sound the same") {
  OplBench a, b;
  a.sine(580, 4);
  mem::SaveVisitor save;
  a.opl.visit_state(save);
  auto saved = save.take();
  mem::LoadVisitor load(saved);
  b.opl.visit_state(load);
  CHECK(load.ok());
  b.play(300 * kMs);
  CHECK(rises(b.between(VTime{} + 100 * kMs, VTime{} + 200 * kMs, 0)) == Approx(44).margin(1));
}

TEST_CASE("OPL3: saved, restored, poked at random") {
  struct Rig {
    explicit Rig(Bench& b) : opl(mixer, b.scheduler) {
      mixer.connect(&ear);
      b.io.map(0x388, 4, opl);
    }
    void visit_state(mem::StateVisitor& v) { opl.visit_state(v); }
    SoundMixer mixer;
    Listener ear;
    Opl3 opl;
  };
  check_state(StateTest<Rig>{
      .make = [](Bench& b) { return std::make_unique<Rig>(b); },
      .ports = {{0x388, 4}},
      .stir =
          [](Rig& r, Bench& b, uint64_t) {
            r.mixer.run_to(b.now);
            r.ear.heard.clear();
          },
  });
}
