// The Sound Blaster 16 with its DMA controller.
#include "devices/sound/sb16.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/devices/sound_bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {
constexpr uint64_t kMs = 1'000'000;
constexpr uint32_t kBuffer8 = 0x10000, kBuffer16 = 0x20000;

// Interrupts are pins 2, 5, 7, 10.
struct Card {
  Card(Bench& b, SoundMixer& mixer)
      : dma(b.map), opl(mixer, b.scheduler), sb(mixer, b.scheduler, opl, pins(b, dma)) {
    b.io.map(0x00, 16, dma.byte_controller());
    b.io.map(0xC0, 32, dma.word_controller());
    b.io.map(0x80, 16, dma.pages());
    b.io.map(0x220, 16, sb);
    b.io.map(0x330, 2, sb.mpu());
    b.out8(0xD6, 0xC0);
    b.out8(0xD4, 0x00);
  }
  static Sb16::Pins pins(Bench& b, I8237& dma) {
    Sb16::Pins p;
    const std::array irqs{2, 5, 7, 10};
    for (size_t i = 0; i < irqs.size(); ++i) p.irq[i] = b.lines.line(irqs[i]);
    for (int channel : {0, 1, 3, 5, 6, 7}) p.dma.emplace_back(dma, channel);
    return p;
  }
  void visit_state(mem::StateVisitor& v) {
    dma.visit_state(v);
    opl.visit_state(v);
    sb.visit_state(v);
  }
  I8237 dma;
  Opl3 opl;
  Sb16 sb;
};

struct SbBench : SoundBench {
  Card card{*this, mixer};
  SbBench() { reset(); }
  int reset() {
    out8(0x226, 1);
    advance(10'000);
    out8(0x226, 0);
    return in8(0x22A);
  }
  void dsp(std::initializer_list<unsigned> bytes) {
    for (unsigned v : bytes) out8(0x22C, v);
  }
  int answer() { return (in8(0x22E) & 0x80) != 0 ? in8(0x22A) : -1; }
  uint8_t mixer_reg(uint8_t r) {
    out8(0x224, r);
    return in8(0x225);
  }
  void set_mixer(uint8_t r, uint8_t v) {
    out8(0x224, r);
    out8(0x225, v);
  }
  void dma8(uint8_t mode, unsigned bytes, unsigned channel = 1) {
    static constexpr std::array<uint16_t, 4> kPages{0x87, 0x83, 0x81, 0x82};
    out8(0x0A, 4 | channel);
    out8(0x0C, 0);
    out8(0x0B, mode | channel);
    out8(static_cast<uint16_t>(2 * channel), 0);
    out8(static_cast<uint16_t>(2 * channel), 0);
    out8(kPages[channel], kBuffer8 >> 16);
    out8(static_cast<uint16_t>(2 * channel + 1), (bytes - 1) & 0xFF);
    out8(static_cast<uint16_t>(2 * channel + 1), (bytes - 1) >> 8);
    out8(0x0A, channel);
  }
  void dma16(uint8_t mode, unsigned words) {
    out8(0xD4, 5);
    out8(0xD8, 0);
    out8(0xD6, mode | 1);
    out8(0xC4, 0);
    out8(0xC4, 0);
    out8(0x8B, kBuffer16 >> 16);
    out8(0xC6, (words - 1) & 0xFF);
    out8(0xC6, (words - 1) >> 8);
    out8(0xD4, 1);
  }
  // A square of 32 samples.
  void fill8() {
    for (unsigned i = 0; i < 4096; ++i) ram.data()[kBuffer8 + i] = i % 32 < 16 ? 0xC0 : 0x40;
  }
  void loud() {
    for (uint8_t r = 0x30; r < 0x36; ++r) set_mixer(r, 0xF8);
  }
};
}  // namespace

TEST_CASE("SB16: reset, version, identification, test register, text") {
  SbBench b;
  CHECK(b.reset() == 0xAA);
  b.dsp({0xE1});
  CHECK(b.answer() == 4);
  CHECK(b.answer() == 5);
  CHECK(b.answer() == -1);
  b.dsp({0xE0, 0x35});
  CHECK(b.answer() == 0xCA);
  b.dsp({0xE4, 0x77, 0xE8});
  CHECK(b.answer() == 0x77);
  b.dsp({0xE3});
  std::string text;
  for (int c = b.answer(); c > 0; c = b.answer()) text += static_cast<char>(c);
  CHECK(text.find("CREATIVE") != std::string::npos);
  b.dsp({0xD8});
  CHECK(b.answer() == 0);
  b.dsp({0xD1, 0xD8});
  CHECK(b.answer() == 0xFF);
  CHECK((b.in8(0x22C) & 0x80) == 0);
}

TEST_CASE("SB16: identification by DMA") {
  SbBench b;
  b.dma8(0x44, 16);
  b.dsp({0xE2, 0x00});
  CHECK(b.ram.data()[kBuffer8] == static_cast<uint8_t>(0xAA + 0x96));
  b.dsp({0xE2, 0x03});  // bit 0 is subtracted, bit 1 added
  CHECK(b.ram.data()[kBuffer8 + 1] == static_cast<uint8_t>(0xAA + 0x96 + 2 - 1 + 0xA5));
}

TEST_CASE("SB16: a single block of 8 bits plays at its rate and interrupts at its end") {
  SbBench b;
  b.loud();
  b.fill8();
  b.dma8(0x48, 800);
  b.dsp({0x40, 256 - 125, 0x14, 799 & 0xFF, 799 >> 8});  // 8000 Hz
  VTime from = b.now;
  b.play(100 * kMs - 1000);
  CHECK_FALSE(b.lines.level(5));
  b.play(2000);
  CHECK(b.lines.level(5));
  CHECK((b.mixer_reg(0x82) & 7) == 1);
  b.in8(0x22E);
  CHECK_FALSE(b.lines.level(5));
  CHECK((b.in8(0x08) & 2) != 0);  // the terminal count
  b.play(100 * kMs);
  CHECK(rises(b.between(from + 5 * kMs, from + 85 * kMs, 0)) == 20);
  CHECK(peak(b.between(from, from + 90 * kMs, 0)) == Approx(0x4000).margin(700));
  CHECK(b.lines.rises(5) == 1);
}

TEST_CASE("SB16: auto-initialized 8-bit DMA goes on until it is told to stop") {
  SbBench b;
  b.loud();
  b.fill8();
  b.dma8(0x58, 4096);
  b.dsp({0x41, 16000 >> 8, 16000 & 0xFF, 0xC6, 0x00, 511 & 0xFF, 511 >> 8});
  VTime from = b.now;
  for (int block = 1; block <= 10; ++block) {
    b.play(32 * kMs);
    CHECK(b.lines.level(5));
    b.in8(0x22E);
  }
  CHECK(b.lines.rises(5) == 10);
  b.dsp({0xDA});
  b.play(32 * kMs);
  b.in8(0x22E);
  b.play(320 * kMs);
  CHECK(b.lines.rises(5) == 11);
  CHECK(rises(b.between(from + 1 * kMs, from + 301 * kMs, 0)) == 150);
}

TEST_CASE("SB16: 16 bits, signed, stereo, over its own channel and over that of 8 bits") {
  for (bool narrow : {false, true}) {
    INFO(narrow);
    SbBench b;
    b.loud();
    for (unsigned i = 0; i < 4096; ++i) {
      auto left = static_cast<uint16_t>(i % 64 < 32 ? 12000 : -12000);
      auto right = static_cast<uint16_t>(i % 32 < 16 ? 6000 : -6000);
      uint8_t* at = b.ram.data() + (narrow ? kBuffer8 : kBuffer16) + 4 * i;
      at[0] = left & 0xFF, at[1] = left >> 8, at[2] = right & 0xFF, at[3] = right >> 8;
    }
    if (narrow) {
      b.set_mixer(0x81, 0x02);
      b.dma8(0x58, 16384);
    } else {
      b.dma16(0x58, 8192);
    }
    b.dsp({0x41, 32000 >> 8, 32000 & 0xFF, 0xB6, 0x30, 4095 & 0xFF, 4095 >> 8});
    VTime from = b.now;
    b.play(64 * kMs + 1000);
    CHECK(b.lines.level(5));
    CHECK((b.mixer_reg(0x82) & 7) == 2);
    b.in8(0x22E);
    CHECK(b.lines.level(5));
    b.in8(0x22F);
    CHECK_FALSE(b.lines.level(5));
    b.play(250 * kMs);
    CHECK(rises(b.between(from + 1 * kMs, from + 201 * kMs, 0)) == Approx(100).margin(1));
    CHECK(rises(b.between(from + 1 * kMs, from + 201 * kMs, 1)) == Approx(200).margin(1));
    CHECK(peak(b.between(from + 1 * kMs, from + 201 * kMs, 1)) == 6000);
  }
}

TEST_CASE("SB16: pause, continue, and a masked DMA channel") {
  SbBench b;
  b.fill8();
  b.dma8(0x48, 1600);
  b.dsp({0x41, 16000 >> 8, 16000 & 0xFF, 0x14, 1599 & 0xFF, 1599 >> 8});
  b.play(50 * kMs);
  b.dsp({0xD0});
  b.play(500 * kMs);
  CHECK_FALSE(b.lines.level(5));
  b.dsp({0xD4});
  b.out8(0x0A, 5);
  b.play(500 * kMs);
  CHECK_FALSE(b.lines.level(5));
  b.out8(0x0A, 1);
  b.play(53 * kMs);
  CHECK(b.lines.level(5));
}

TEST_CASE("SB16: direct output, silence, and interrupts on demand") {
  SbBench b;
  b.loud();
  b.play(10 * kMs);
  VTime from = b.now;
  for (int i = 0; i < 100; ++i) {
    b.dsp({0x10, i % 8 < 4 ? 0xA0u : 0x60u});
    b.play(kMs);
  }
  b.play(10 * kMs);
  CHECK(rises(b.between(from, from + 100 * kMs, 0)) == 12);
  b.dsp({0x41, 16000 >> 8, 16000 & 0xFF, 0x80, 159, 0});
  b.play(9 * kMs);
  CHECK_FALSE(b.lines.level(5));
  b.play(2 * kMs);
  CHECK(b.lines.level(5));
  b.in8(0x22E);
  b.dsp({0xF3});
  CHECK((b.mixer_reg(0x82) & 7) == 2);
  b.in8(0x22F);
  CHECK_FALSE(b.lines.level(5));
}

TEST_CASE("SB16: recording gives silence") {
  SbBench b;
  b.fill8();
  b.dma8(0x44, 160);
  b.dsp({0x42, 16000 >> 8, 16000 & 0xFF, 0xC8, 0x00, 159, 0});
  b.play(11 * kMs);
  CHECK(b.lines.level(5));
  for (unsigned i = 0; i < 160; ++i) REQUIRE(b.ram.data()[kBuffer8 + i] == 0x80);
  CHECK(b.ram.data()[kBuffer8 + 160] != 0x80);
}

TEST_CASE("SB16: the mixer's volumes, the Pro's registers, interrupt and DMA settings") {
  SbBench b;
  CHECK(b.mixer_reg(0x80) == 0xF2);
  CHECK(b.mixer_reg(0x81) == 0x22);
  b.set_mixer(0x22, 0xA4);
  CHECK(b.mixer_reg(0x30) == 0xA8);
  CHECK(b.mixer_reg(0x31) == 0x48);
  CHECK(b.mixer_reg(0x22) == 0xA4);
  b.set_mixer(0x00, 0);
  CHECK(b.mixer_reg(0x30) == 0xC0);
  CHECK(b.mixer_reg(0x81) == 0x22);
  b.loud();
  b.set_mixer(0x33, 0xF8 - 3 * 8);  // 6 dB down
  b.dsp({0x10, 0xC0});
  VTime from = b.now;
  b.play(20 * kMs);
  CHECK(b.between(from + 5 * kMs, from + 6 * kMs, 0)[0] == 0x4000);
  CHECK(b.between(from + 5 * kMs, from + 6 * kMs, 1)[0] == Approx(0x4000 * 0.501).margin(20));
  b.set_mixer(0x80, 0x08);  // interrupt 10
  b.dsp({0xF2});
  CHECK(b.lines.level(10));
  CHECK_FALSE(b.lines.level(5));
  b.set_mixer(0x81, 0x08);  // DMA 3
  b.in8(0x22E);
  b.dma8(0x48, 16, 3);
  b.dsp({0x14, 15, 0});
  b.play(10 * kMs);
  CHECK(b.lines.level(10));
}

TEST_CASE("SB16: the MPU-401 acknowledges") {
  SbBench b;
  CHECK((b.in8(0x331) & 0x80) != 0);
  b.out8(0x331, 0xFF);
  CHECK((b.in8(0x331) & 0x80) == 0);
  CHECK(b.in8(0x330) == 0xFE);
  CHECK((b.in8(0x331) & 0x80) != 0);
  b.out8(0x331, 0x3F);
  CHECK(b.in8(0x330) == 0xFE);
  b.out8(0x330, 0x90);
  CHECK((b.in8(0x331) & 0xC0) == 0x80);
}

namespace {
struct StateCard {
  explicit StateCard(Bench& b) : card(b, mixer) { mixer.connect(&ear); }
  void visit_state(mem::StateVisitor& v) { card.visit_state(v); }
  void stir(Bench& b, uint64_t random) {
    auto next = [&random] {
      random = random * 6364136223846793005u + 1442695040888963407u;
      return static_cast<uint32_t>(random >> 33);
    };
    mixer.run_to(b.now);
    ear.heard.clear();
    if (next() % 2 == 0) {
      // Channels that answer.
      for (uint32_t n = 0; n < 4; ++n) {
        b.out8(0x0B, 0x40 | (next() & 0x3C) | n);
        b.out8(0xD6, n == 0 ? 0xC0 : 0x40 | (next() & 0x3C) | n);
        b.out8(0x0A, n);
        b.out8(0xD4, n);
      }
      b.out8(0x83, next() % 16);
      b.out8(0x8B, next() % 16);
    }
    static constexpr uint8_t kCommands[] = {0x10, 0x14, 0x1C, 0x24, 0x2C, 0x40, 0x41, 0x42, 0x45, 0x47,
                                            0x48, 0x74, 0x7D, 0x80, 0x90, 0x91, 0x98, 0x99, 0xB0, 0xB6,
                                            0xBE, 0xC0, 0xC6, 0xCE, 0xD0, 0xD1, 0xD3, 0xD4, 0xD5, 0xD6,
                                            0xD9, 0xDA, 0xE0, 0xE1, 0xE2, 0xE3, 0xF2, 0xF3, 0x0E, 0x0F};
    for (int i = 0; i < 3; ++i) {
      b.out8(0x22C, kCommands[next() % std::size(kCommands)]);
      for (uint32_t n = next() % 4; n > 0; --n) b.out8(0x22C, next());
      b.advance(next() % 3'000'000);
    }
    for (int i = 0; i < 4; ++i) b.in8(0x22A);
  }
  SoundMixer mixer;
  Listener ear;
  Card card;
};
}  // namespace

TEST_CASE("SB16: saved, restored, poked at random") {
  check_state(StateTest<StateCard>{
      .make = [](Bench& b) { return std::make_unique<StateCard>(b); },
      .ports = {{0x220, 16}, {0x330, 2}},
      .stir = [](StateCard& c, Bench& b, uint64_t random) { c.stir(b, random); },
      .max_wait = 5'000'000,
  });
}

TEST_CASE("SB16: a damaged saved state does no harm") {
  std::mt19937_64 random(7);
  std::vector<uint8_t> saved;
  {
    Bench b;
    StateCard c(b);
    for (int i = 0; i < 40; ++i) c.stir(b, random());
    mem::SaveVisitor v;
    c.card.sb.visit_state(v);
    saved = v.take();
  }
  for (int round = 0; round < 300; ++round) {
    Bench b;
    StateCard c(b);
    auto damaged = saved;
    for (int i = 0; i < 30; ++i) damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    mem::LoadVisitor v(damaged);
    c.card.sb.visit_state(v);
    b.advance(1'000'000);
    for (int i = 0; i < 10; ++i) c.stir(b, random());
    b.advance(100'000'000);
  }
}
