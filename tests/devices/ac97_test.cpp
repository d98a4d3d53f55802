// The AC'97 function with its codec.
#include "devices/sound/ac97.h"

#include <catch2/catch.hpp>
#include <random>

#include "devices/pci/pci_host.h"
#include "tests/devices/sound_bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {
constexpr uint64_t kMs = 1'000'000;
constexpr uint16_t kCodec = 0xC000, kMaster = 0xC400;
constexpr uint16_t kOut = kMaster + 0x10;
constexpr uint32_t kRing = 0x8000, kSamples = 0x10000;

struct Chip {
  Chip(Bench& b, SoundMixer& mixer) : pci(b.io, b.map), ac97(mixer, b.scheduler, b.map) {
    pci.attach(4, 0, ac97);
    ac97.config_write(0x10, 4, kCodec, {});
    ac97.config_write(0x14, 4, kMaster, {});
    ac97.config_write(0x04, 2, 5, {});
  }
  void visit_state(mem::StateVisitor& v) { ac97.visit_state(v); }
  PciHost pci;
  Ac97 ac97;
};

struct AcBench : SoundBench {
  Chip chip{*this, mixer};
  AcBench() {
    out32(kMaster + 0x2C, 2);
    out16(kCodec + 0x02, 0);
    out16(kCodec + 0x18, 0x0808);
  }
  // `count` buffers of so many frames each: 48 frames a period on the left, 24 on the right.
  void ring(unsigned count, unsigned frames, bool interrupt) {
    auto put = [this](uint32_t at, uint32_t v, unsigned bytes) {
      for (unsigned i = 0; i < bytes; ++i) ram.data()[at + i] = static_cast<uint8_t>(v >> (8 * i));
    };
    for (unsigned i = 0; i < frames; ++i) {
      put(kSamples + 4 * i, static_cast<uint16_t>(i % 48 < 24 ? 12000 : -12000), 2);
      put(kSamples + 4 * i + 2, static_cast<uint16_t>(i % 24 < 12 ? 6000 : -6000), 2);
    }
    for (unsigned i = 0; i < count; ++i) {
      put(kRing + 8 * i, kSamples, 4);
      put(kRing + 8 * i + 4, 2 * frames | (interrupt ? 0x80000000u : 0), 4);
    }
    out32(kOut, kRing);
    out8(kOut + 5, count - 1);
  }
};
}  // namespace

TEST_CASE("AC97: identity, codec ready, cold reset") {
  AcBench b;
  CHECK(b.chip.ac97.config_read(0x00, 4) == 0x24158086);
  CHECK(b.chip.ac97.config_read(0x08, 4) >> 8 == 0x040100);
  CHECK((b.in32(kMaster + 0x30) & 0x100) != 0);
  CHECK(b.in16(kCodec + 0x7C) == 0x8384);
  CHECK(b.in16(kCodec + 0x7E) == 0x7600);
  CHECK((b.in16(kCodec + 0x26) & 0xF) == 0xF);
  b.out32(kMaster + 0x2C, 0);
  CHECK((b.in32(kMaster + 0x30) & 0x100) == 0);
  CHECK(b.in16(kCodec + 0x02) == 0x8000);
  // The semaphore is taken by reading it and given back by a codec access.
  CHECK(b.in8(kMaster + 0x34) == 0);
  CHECK(b.in8(kMaster + 0x34) == 1);
  b.in16(kCodec + 0x02);
  CHECK(b.in8(kMaster + 0x34) == 0);
}

TEST_CASE("AC97: codec registers keep what they have; rates vary when they may") {
  AcBench b;
  b.out16(kCodec + 0x02, 0xFFFF);
  CHECK(b.in16(kCodec + 0x02) == 0xBF3F);
  b.out16(kCodec + 0x2C, 22050);
  CHECK(b.in16(kCodec + 0x2C) == 48000);
  CHECK((b.in16(kCodec + 0x28) & 1) == 1);
  b.out16(kCodec + 0x2A, 1);
  b.out16(kCodec + 0x2C, 22050);
  CHECK(b.in16(kCodec + 0x2C) == 22050);
  b.out16(kCodec + 0x2C, 1);
  CHECK(b.in16(kCodec + 0x2C) == 4000);
  b.out16(kCodec + 0x2C, 0xFFFF);
  CHECK(b.in16(kCodec + 0x2C) == 48000);
  b.out16(kCodec + 0x2C, 8000);
  b.out16(kCodec + 0x2A, 0);
  CHECK(b.in16(kCodec + 0x2C) == 48000);
  b.out16(kCodec, 0);
  CHECK(b.in16(kCodec + 0x18) == 0x8808);
}

TEST_CASE("AC97: a ring of buffers plays, with an interrupt each, and halts behind the last") {
  AcBench b;
  b.ring(4, 480, true);
  b.out8(kOut + 0xB, 0x15);
  VTime from = b.now;
  b.advance(5 * kMs);
  CHECK(b.in8(kOut + 4) == 0);
  CHECK(b.in8(kOut + 0xA) == 1);
  CHECK(b.in16(kOut + 8) == 480);  // samples of both sides that are left
  CHECK_FALSE(b.chip.ac97.interrupt());
  b.advance(5 * kMs);
  CHECK(b.chip.ac97.interrupt());
  CHECK(b.in8(kOut + 4) == 1);
  CHECK(b.in16(kOut + 6) == 0x08);
  CHECK((b.in32(kMaster + 0x30) & 0x40) != 0);
  b.out16(kOut + 6, 0x1C);
  CHECK_FALSE(b.chip.ac97.interrupt());
  b.play(30 * kMs);
  CHECK(b.in8(kOut + 4) == 3);
  CHECK(b.in16(kOut + 6) == 0x0F);
  b.play(30 * kMs);
  CHECK(rises(b.between(from, from + 38 * kMs, 0)) == Approx(38).margin(1));
  CHECK(peak(b.between(from, from + 38 * kMs, 0)) == 12000);
  CHECK(peak(b.between(from, from + 38 * kMs, 1)) == 6000);
  CHECK(peak(b.between(from + 42 * kMs, from + 60 * kMs, 0)) == 0);
  // More buffers: it goes on by itself.
  b.out16(kOut + 6, 0x1C);
  b.ring(32, 480, true);
  b.advance(1 * kMs);
  CHECK((b.in16(kOut + 6) & 1) == 0);
  CHECK(b.in8(kOut + 4) == 4);
}

TEST_CASE("AC97: the position is exact to the sample at every rate") {
  AcBench b;
  b.out16(kCodec + 0x2A, 1);
  for (unsigned rate : {8000u, 22050u, 44100u, 48000u}) {
    b.out16(kCodec + 0x2C, rate);
    b.ring(1, 4000, false);
    b.out8(kOut + 0xB, 0x01);
    VTime from = b.now;
    for (int i = 0; i < 50; ++i) {
      b.advance(777'777);
      unsigned played = 8000 - b.in16(kOut + 8);
      CHECK(played == 2 * mem::muldiv(b.now - from, rate, mem::kSecond));
    }
    b.out8(kOut + 0xB, 0x02);
    CHECK(b.in16(kOut + 6) == 1);
  }
}

TEST_CASE("AC97: what the position says is played has been fetched") {
  AcBench b;
  b.ring(1, 4800, false);
  b.out8(kOut + 0xB, 0x01);
  VTime from = b.now;
  uint32_t seen = 0;
  for (int i = 0; i < 90; ++i) {
    b.advance(1'100'000);
    uint32_t played = 9600u - b.in16(kOut + 8);
    std::memset(b.ram.data() + kSamples + 2 * seen, 0, 2 * (played - seen));
    seen = played;
    b.mixer.run_to(b.now);
  }
  b.play(20 * kMs);
  CHECK(rises(b.between(from, from + 95 * kMs, 0)) == Approx(95).margin(1));
  for (int s : b.between(from + 2 * kMs, from + 90 * kMs, 1)) REQUIRE(std::abs(s) <= 6000);
  CHECK(largest_step(b.between(from + 2 * kMs, from + 90 * kMs, 1)) == 12000);
  auto heard = b.between(from + 2 * kMs, from + 90 * kMs, 1);
  CHECK(std::count(heard.begin(), heard.end(), 0) == 0);
}

TEST_CASE("AC97: pause keeps the place, mute and volume are heard") {
  AcBench b;
  b.ring(32, 480, false);
  b.out8(kOut + 0xB, 0x01);
  b.play(5 * kMs);
  b.out8(kOut + 0xB, 0x00);
  unsigned left = b.in16(kOut + 8);
  b.play(50 * kMs);
  CHECK(b.in16(kOut + 8) == left);
  CHECK(b.in8(kOut + 4) == 0);
  b.out8(kOut + 0xB, 0x01);
  b.out16(kCodec + 0x02, 0x0400);  // 6 dB less on the left
  VTime from = b.now;
  b.play(50 * kMs);
  CHECK(peak(b.between(from + 10 * kMs, from + 40 * kMs, 0)) == Approx(12000 * 0.501).margin(30));
  CHECK(peak(b.between(from + 10 * kMs, from + 40 * kMs, 1)) == 6000);
  b.out16(kCodec + 0x18, 0x8808);
  from = b.now;
  b.play(50 * kMs);
  CHECK(peak(b.between(from + 10 * kMs, from + 40 * kMs, 0)) == 0);
}

TEST_CASE("AC97: recording gives silence") {
  AcBench b;
  b.ring(2, 480, false);
  b.out32(kMaster, kRing);
  b.out8(kMaster + 5, 0);
  b.out8(kMaster + 0xB, 0x05);
  b.play(11 * kMs);
  CHECK((b.in16(kMaster + 6) & 7) == 7);
  CHECK(b.chip.ac97.interrupt());
  for (unsigned i = 0; i < 4 * 480; ++i) REQUIRE(b.ram.data()[kSamples + i] == 0);
}

namespace {
struct StateChip {
  explicit StateChip(Bench& b) : chip(b, mixer) { mixer.connect(&ear); }
  void visit_state(mem::StateVisitor& v) { chip.visit_state(v); }
  void stir(Bench& b, uint64_t random) {
    auto next = [&random] {
      random = random * 6364136223846793005u + 1442695040888963407u;
      return static_cast<uint32_t>(random >> 33);
    };
    mixer.run_to(b.now);
    ear.heard.clear();
    uint32_t ring = next() % 0xF0000 & ~7u;
    for (uint32_t i = 0; i < 32; ++i) {
      uint32_t words[] = {next() % 8 == 0 ? next() : next() % 0xF0000,
                          (next() % 1000) | (next() & 0xC0000000u)};
      std::memcpy(b.ram.data() + ring + 8 * i, words, 8);
    }
    uint16_t engine = static_cast<uint16_t>(kMaster + 16 * (next() % 3));
    b.out32(engine, ring);
    b.out8(engine + 5, next());
    b.out8(engine + 0xB, next() % 4 == 0 ? next() : 0x1D);
    if (next() % 4 == 0) {
      b.out16(kCodec + 0x2A, 1);
      b.out16(kCodec + 0x2C, next());
    }
    b.advance(next() % 20'000'000);
  }
  SoundMixer mixer;
  Listener ear;
  Chip chip;
};
}  // namespace

TEST_CASE("AC97: saved, restored, poked at random") {
  check_state(StateTest<StateChip>{
      .make = [](Bench& b) { return std::make_unique<StateChip>(b); },
      .ports = {{kCodec, 256, 4}, {kMaster, 64, 4}},
      .stir = [](StateChip& c, Bench& b, uint64_t random) { c.stir(b, random); },
      .max_wait = 20'000'000,
  });
}

TEST_CASE("AC97: a damaged saved state does no harm") {
  std::mt19937_64 random(7);
  std::vector<uint8_t> saved;
  {
    Bench b;
    StateChip c(b);
    for (int i = 0; i < 40; ++i) c.stir(b, random());
    mem::SaveVisitor v;
    c.chip.ac97.visit_state(v);
    saved = v.take();
  }
  for (int round = 0; round < 300; ++round) {
    Bench b;
    StateChip c(b);
    auto damaged = saved;
    for (int i = 0; i < 30; ++i) damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    mem::LoadVisitor v(damaged);
    c.chip.ac97.visit_state(v);
    b.advance(1'000'000);
    for (int i = 0; i < 10; ++i) c.stir(b, random());
    b.advance(100'000'000);
  }
}
