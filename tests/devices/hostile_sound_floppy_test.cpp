// A guest that writes anything to every port of the sound devices, the diskette controller and what they hang
// on: the board neither crashes nor hangs, and two boards with the same guest stay the same.
//
//     ILSE_HOSTILE_STEPS=100000000 ILSE_HOSTILE_SEED=7 build/tests/test_devices "hostile*"
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <string>

#include "devices/board/pc.h"
#include "devices/sound/mixer.h"
#include "tests/devices/apic_bench.h"
#include "tests/devices/ide_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

uint64_t number_from(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::stoull(text) : otherwise;
}

struct Sink : SoundSink {
  void write(std::span<const int16_t> samples) override {
    for (int16_t s : samples) sum = sum * 31 + static_cast<uint16_t>(s);
  }
  uint64_t sum = 0;
};

struct Hostile {
  explicit Hostile(uint64_t seed) : random(seed) {
    BoardConfig c;
    c.ram_mib = 4;
    c.bios.resize(256 * 1024);
    c.sb16 = c.ac97 = true;
    c.vga = false;
    for (unsigned n = 0; n < 2; ++n) {
      c.floppies[n].type = FloppyType::M1440;
      c.floppies[n].image = std::make_unique<MemoryDisk>(disks[n]);
    }
    auto made = Pc::create(std::move(c));
    REQUIRE(made);
    pc = std::move(*made);
    pc->attach(0, &pins);
    pc->sound().connect(&ear);
    // AC97 is in slot 4.
    pci(0x10, 0xC000);
    pci(0x14, 0xC400);
    pci(0x04, 5);
  }
  ~Hostile() { pc->attach(0, nullptr); }
  void pci(uint32_t reg, uint32_t value) {
    pc->io().write(0xCF8, 4, 0x80000000u | 4 << 11 | reg, now);
    pc->io().write(0xCFC, 4, value, now);
  }

  void step() {
    struct Range {
      uint16_t base, count;
    };
    static constexpr Range kRanges[] = {{0x3F0, 6},    {0x3F5, 1},   {0x3F7, 1},  {0x220, 16}, {0x22C, 1},
                                        {0x224, 2},    {0x330, 2},   {0x388, 4},  {0x40, 4},   {0x61, 1},
                                        {0x00, 16},    {0x80, 16},   {0xC0, 32},  {0x0A, 1},   {0xD4, 1},
                                        {0xC000, 128}, {0xC400, 64}, {0xC410, 16}};
    uint64_t r = random();
    const Range& range = kRanges[r % std::size(kRanges)];
    unsigned width = 1u << (r >> 8) % 3;
    auto port = static_cast<uint16_t>(range.base + (r >> 16) % range.count);
    auto value = static_cast<uint32_t>(r >> 32);
    // Small values make commands and lengths that do something.
    if ((r >> 12 & 3) == 0) value &= 0x1F;
    if ((r >> 14 & 3) == 0) {
      sum = sum * 31 + pc->io().read(port, width, now);
    } else {
      pc->io().write(port, width, value, now);
    }
    now = now + ((r >> 10 & 3) == 0 ? random() % 200'000 : 100);
    pc->scheduler().advance(now);
    if ((r >> 40 & 0xFF) == 0) pc->sound().run_to(now);
    if ((r >> 40 & 0xFFFF) == 1) {
      OutsideEvent e{(r & 1) != 0 ? OutsideEvent::Kind::MediumIn : OutsideEvent::Kind::MediumOut,
                     kFirstFloppyUnit + static_cast<uint32_t>(r >> 1 & 1), 0};
      e.medium = std::make_shared<Medium>(Medium{"disk", std::make_unique<MemoryDisk>(disks[r >> 1 & 1])});
      pc->deliver(e, now);
    }
    if ((r >> 40 & 0xFFFFF) == 2) pc->reset(ResetKind::Hard);
  }
  uint64_t hash() {
    mem::HashVisitor v;
    pc->visit_state(v);
    return v.digest();
  }

  std::mt19937_64 random;
  DiskControl disks[2]{DiskControl(2880), DiskControl(2880)};
  PinsRecorder pins;
  Sink ear;
  std::unique_ptr<Pc> pc;
  mem::VTime now{};
  uint64_t sum = 0;
};

}  // namespace

TEST_CASE("hostile: random accesses to every sound and diskette port") {
  uint64_t seed = number_from("ILSE_HOSTILE_SEED", 1), steps = number_from("ILSE_HOSTILE_STEPS", 200'000);
  Hostile a(seed), b(seed);
  for (uint64_t i = 0; i < steps; ++i) a.step();
  for (uint64_t i = 0; i < steps; ++i) b.step();
  CHECK(a.sum == b.sum);
  CHECK(a.ear.sum == b.ear.sum);
  CHECK(a.hash() == b.hash());
}
