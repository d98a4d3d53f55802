// HPET: IA-PC HPET specification 1.0a.
#include "devices/timer/hpet.h"

#include <catch2/catch.hpp>

#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

constexpr uint64_t kBase = 0xFED00000;
// Legacy wires are recorded from here up.
constexpr int kLegacy = 100;

struct Rig : LineSink {
  explicit Rig(Bench& bench) : b(bench), chip(b.scheduler, b.lines, *this) {
    b.map.add({ilse::mem::PhysMap::mmio_region(kBase, 0x400, chip)});
    b.map.commit();
    chip.on_legacy_route([this](bool on) { legacy = on; });
  }
  void set_line(int pin, bool level) override { b.lines.set_line(kLegacy + pin, level); }
  uint64_t read(uint64_t reg, unsigned width = 8) { return b.map.read({kBase + reg}, width, b.now); }
  void write(uint64_t reg, uint64_t value, unsigned width = 8) {
    b.map.write({kBase + reg}, width, value, b.now);
  }
  void visit_state(ilse::mem::StateVisitor& v) { chip.visit_state(v); }
  Bench& b;
  Hpet chip;
  bool legacy = false;
};

}  // namespace

TEST_CASE("HPET: capabilities and the main counter") {
  Bench b;
  Rig r(b);
  CHECK(r.read(0) == 0x009896808086A201);  // 10 ns, Intel, legacy route, 64 bits, three timers
  CHECK(r.read(4, 4) == 10'000'000);
  b.advance(1000);
  CHECK(r.read(0xF0) == 0);
  r.write(0x10, 1);
  b.advance(1'000'005);
  CHECK(r.read(0xF0) == 100'000);
  r.write(0x10, 0);
  b.advance(1000);
  CHECK(r.read(0xF0) == 100'000);
  r.write(0xF0, 0x1'0000'0000);
  CHECK(r.read(0xF4, 4) == 1);
  r.write(0xF0, 7, 4);
  CHECK(r.read(0xF0) == 0x1'0000'0007);
}

TEST_CASE("HPET: one-shot comparator through the I/O APIC") {
  Bench b;
  Rig r(b);
  r.write(0x140, 0x4 | 20 << 9);
  r.write(0x148, 500);
  r.write(0x10, 1);
  b.advance(4999);
  CHECK(b.lines.rises(20) == 0);
  b.advance(1);
  CHECK(b.lines.rises(20) == 1);
  CHECK_FALSE(b.lines.level(20));
  b.advance(1'000'000);
  CHECK(b.lines.rises(20) == 1);
  // A route that is not offered does not stick.
  r.write(0x140, 0x4 | 5 << 9);
  CHECK((r.read(0x140) >> 9 & 0x1F) == 0);
  CHECK((r.read(0x144, 4) & 1 << 5) == 0);
}

TEST_CASE("HPET: level-triggered interrupt until its status is cleared") {
  Bench b;
  Rig r(b);
  r.write(0x140, 0x6 | 18 << 9);
  r.write(0x148, 100);
  r.write(0x10, 1);
  b.advance(1000);
  CHECK(b.lines.level(18));
  CHECK(r.read(0x20) == 4);
  r.write(0x20, 3);
  CHECK(b.lines.level(18));
  r.write(0x20, 4);
  CHECK_FALSE(b.lines.level(18));
  CHECK(r.read(0x20) == 0);
}

TEST_CASE("HPET: periodic with legacy replacement, as operating systems set it up") {
  Bench b;
  Rig r(b);
  r.write(0x10, 3);
  CHECK(r.legacy);
  r.write(0x100, 0x4 | 0x8 | 0x40 | 0x100, 4);
  r.write(0x108, 2000, 4);
  r.write(0x108, 1000, 4);
  b.advance(19999);
  CHECK(b.lines.rises(kLegacy) == 0);
  b.advance(1);
  CHECK(b.lines.rises(kLegacy) == 1);
  b.advance(30000);
  CHECK(b.lines.rises(kLegacy) == 4);
  CHECK(r.read(0x108) == 6000);
  // Timer 1 is IRQ 8.
  r.write(0x120, 4);
  r.write(0x128, 5500);
  b.advance(5000);
  CHECK(b.lines.rises(kLegacy + 8) == 1);
  r.chip.reset(ResetKind::Hard);
  CHECK_FALSE(r.legacy);
  CHECK(r.read(0x10) == 0);
}

TEST_CASE("HPET: a 32-bit comparator matches again after the counter wraps") {
  Bench b;
  Rig r(b);
  r.write(0x140, 0x104 | 20 << 9);
  r.write(0x148, 10);
  r.write(0xF0, 0xFFFFFFF0);
  r.write(0x10, 1);
  b.advance(260);
  CHECK(b.lines.rises(20) == 1);
  b.advance((1ull << 32) * 10);
  CHECK(b.lines.rises(20) == 2);
}

TEST_CASE("HPET: a period of one tick does not stop the machine") {
  Bench b;
  Rig r(b);
  r.write(0x140, 0x4 | 0x8 | 0x40 | 20 << 9);
  r.write(0x148, 1);
  r.write(0x10, 1);
  b.advance(1'000'000);
  CHECK(b.lines.rises(20) > 0);
  CHECK(b.lines.rises(20) <= 1001);
}

TEST_CASE("HPET: a periodic timer without an interrupt goes on, and wakes nobody") {
  Bench b;
  Rig r(b);
  r.write(0x10, 1);
  r.write(0x100, 0x8 | 0x40 | 0x100);  // periodic, 32 bits, the comparator may be set
  r.write(0x108, 400'000);
  r.write(0x108, 400'000);
  CHECK(b.scheduler.next_deadline() == ilse::mem::kNever);
  b.advance(3'999'999);
  CHECK(r.read(0x108) == 400'000);
  b.advance(1);
  CHECK(r.read(0x108) == 800'000);
  b.advance(4'000'000ull * 1000);
  CHECK(r.read(0x108) == 1002 * 400'000);
  b.advance(4'000'000ull * 100'000);  // the comparator's 32 bits have gone round
  CHECK(r.read(0x108) == ((101'002ull * 400'000) & 0xFFFFFFFF));
  // Its interrupt turned on it is where it would have been.
  r.write(0x100, 0xC | 0x100 | 20 << 9);
  b.advance(3'999'999);
  CHECK(b.lines.rises(20) == 0);
  b.advance(1);
  CHECK(b.lines.rises(20) == 1);
  // Halted, it waits.
  r.write(0x100, 0x8 | 0x100);
  r.write(0x10, 0);
  const uint64_t before = r.read(0x108);
  b.advance(40'000'000);
  CHECK(r.read(0x108) == before);
}

TEST_CASE("HPET: state") {
  StateTest<Rig> test;
  test.make = [](Bench& b) { return std::make_unique<Rig>(b); };
  test.memory = {{kBase, 0x180, 8}};
  test.stir = [](Rig& r, Bench&, uint64_t x) {
    uint64_t timer = 0x100 + 0x20 * (x >> 8 & 1) + 0x20 * (x >> 9 & 1);
    switch (x % 4) {
      case 0: r.write(0x10, x >> 16 & 3); break;
      case 1: r.write(timer, (x >> 16 & 0x14E) | (16 + (x >> 32 & 7)) << 9); break;
      case 2: r.write(timer + 8, r.read(0xF0) + (x >> 16 & 0xFFFF)); break;
      default: r.write(0x20, x >> 16 & 7); break;
    }
  };
  check_state(test);
}
