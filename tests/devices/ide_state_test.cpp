// The generic state tests of the IDE function with its drives, in the middle of commands of every kind.
#include <random>

#include "tests/devices/ide_bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

// The function with a disk and a CD-ROM, for the generic tests.
struct Rig {
  explicit Rig(Bench& b) : pci(b.io, b.map), ide(b.scheduler, b.map, b.lines.line(14), b.lines.line(15)) {
    ide.attach_disk(0, 0, std::make_unique<MemoryDisk>(disk), "IL0001");
    ide.attach_disk(0, 1, std::make_unique<MemoryDisk>(other), "IL0002");
    ide.attach_cdrom(1, 0).insert(std::make_unique<MemoryDisk>(cd));
    pci.attach(1, 1, ide);
    ide.reset(ResetKind::PowerOn);
    ide.config_write(0x20, 4, 0xC000, {});
    ide.config_write(0x40, 4, 0x80008000, {});
    ide.config_write(0x04, 2, 0x0005, {});
  }
  void visit_state(mem::StateVisitor& v) { ide.visit_state(v); }

  // Commands with small parameters, which poking ports at random would hardly ever send.
  void command(Bench& b, uint64_t random) {
    static constexpr uint8_t kDisk[] = {0x06, 0x20, 0x24, 0x25, 0x29, 0x30, 0x34, 0x35, 0x39, 0x3D,
                                        0x40, 0x42, 0x90, 0x91, 0xB0, 0xC4, 0xC5, 0xC6, 0xC8, 0xCA,
                                        0xE0, 0xE4, 0xE5, 0xE7, 0xE8, 0xEC, 0xEF, 0xF8, 0x27};
    static constexpr uint8_t kPacket[] = {0x00, 0x03, 0x12, 0x1A, 0x1B, 0x1E, 0x25, 0x28, 0x2B, 0x42, 0x43,
                                          0x46, 0x4A, 0x51, 0x52, 0x5A, 0xA8, 0xAD, 0xB9, 0xBD, 0xBE};
    auto next = [&random] {
      random = random * 6364136223846793005u + 1442695040888963407u;
      return static_cast<uint32_t>(random >> 33);
    };
    if (next() % 4 == 0) {
      b.out32(0xC004, next() % 0x8000);
      b.out8(0xC000, next());
    }
    if (next() % 2 == 0) {
      b.out8(0x3F6, next() % 8 == 0 ? next() : 0);
      for (uint16_t port = 0x1F1; port <= 0x1F5; ++port) {
        b.out8(port, 0);
        b.out8(port, next() % 8);
      }
      b.out8(0x1F6, 0xE0 | (next() & 0x10));
      b.out8(0x1F7, kDisk[next() % std::size(kDisk)]);
      b.advance(next() % 200'000);
      for (unsigned i = next() % 600; i > 0; --i)
        next() % 2 == 0 ? (void)b.in16(0x1F0) : b.out16(0x1F0, next());
    } else {
      b.out8(0x376, 0);
      b.out8(0x176, 0xA0);
      b.out8(0x171, next() % 2);
      b.out8(0x174, next());
      b.out8(0x175, next() % 16);
      b.out8(0x177, 0xA0);
      b.advance(10'000);
      uint8_t packet[12] = {};
      for (uint8_t& byte : packet) byte = next() % 2 == 0 ? 0 : static_cast<uint8_t>(next());
      packet[0] = kPacket[next() % std::size(kPacket)];
      for (unsigned i = 0; i < 12; i += 2)
        b.out16(0x170, packet[i] | static_cast<uint32_t>(packet[i + 1]) << 8);
      b.advance(next() % 500'000);
      for (unsigned i = next() % 1200; i > 0; --i) b.in16(0x170);
    }
  }

  DiskControl disk{300}, other{40}, cd{400};
  PciHost pci;
  Piix3Ide ide;
};

}  // namespace

TEST_CASE("IDE: generic state tests, idle, busy and in the middle of transfers") {
  check_state(StateTest<Rig>{
      .make = [](Bench& b) { return std::make_unique<Rig>(b); },
      .ports = {{0x1F0, 8, 4}, {0x170, 8, 4}, {0x3F6, 1}, {0x376, 1}, {0xC000, 16, 4}},
      .stir = [](Rig& r, Bench& b, uint64_t random) { r.command(b, random); },
      .steps = 1500,
      .max_wait = 300'000,
  });
}

TEST_CASE("IDE: a damaged saved state does no harm") {
  std::mt19937_64 random(7);
  std::vector<uint8_t> saved;
  {
    Bench b;
    Rig r(b);
    for (int i = 0; i < 40; ++i) r.command(b, random());
    mem::SaveVisitor v;
    r.visit_state(v);
    saved = v.take();
  }
  for (int round = 0; round < 300; ++round) {
    Bench b;
    Rig r(b);
    auto damaged = saved;
    for (int i = 0; i < 30; ++i) damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    mem::LoadVisitor v(damaged);
    r.visit_state(v);
    b.advance(1'000'000);
    for (int i = 0; i < 10; ++i) r.command(b, random());
    b.advance(100'000'000);
  }
}
