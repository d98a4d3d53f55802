// PIIX3 bridge and PIIX4 power management.
#include <catch2/catch.hpp>

#include "devices/pci/pci_host.h"
#include "devices/pci/piix3.h"
#include "devices/pci/piix4_pm.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

constexpr int kSci = 100;

struct Rig {
  explicit Rig(Bench& bench, bool smm = true)
      : b(bench), host(b.io, b.map), bridge(lines(b)), pm(b.scheduler, b.lines.line(kSci), smm) {
    b.io.map(0xCF8, 8, host, 4);
    b.io.map(0xCF9, 1, bridge.reset_control());
    b.io.map(0xB2, 2, pm.apm());
    b.io.map(0xAFE0, 4, pm.gpe0(), 4);
    host.attach(1, 0, bridge);
    host.attach(1, 3, pm);
    bridge.on_reset_request([this] { ++resets; });
    pm.on_power_off([this] { ++power_offs; });
    pm.on_smi([this] { ++smis; });
  }
  static std::array<IrqLine, 16> lines(Bench& b) {
    std::array<IrqLine, 16> l;
    for (int i = 0; i < 16; ++i) l[static_cast<size_t>(i)] = b.lines.line(i);
    return l;
  }
  void config(unsigned function, uint8_t reg, unsigned width, uint32_t value) {
    b.out32(0xCF8, 0x80000800u | function << 8 | (reg & 0xFC));
    b.io.write(static_cast<uint16_t>(0xCFC + (reg & 3)), width, value, b.now);
  }
  uint32_t config(unsigned function, uint8_t reg) {
    b.out32(0xCF8, 0x80000800u | function << 8 | (reg & 0xFC));
    return b.in32(0xCFC) >> (8 * (reg & 3));
  }
  // What firmware does: PM block at 600h.
  void enable_pm() {
    config(3, 0x40, 4, 0x601);
    config(3, 0x80, 1, 1);
  }
  void visit_state(ilse::mem::StateVisitor& v) {
    host.visit_state(v);
    bridge.visit_state(v);
    pm.visit_state(v);
  }
  Bench& b;
  PciHost host;
  Piix3 bridge;
  Piix4Pm pm;
  int resets = 0, power_offs = 0, smis = 0;
};

}  // namespace

TEST_CASE("PIIX3: PIRQ routing") {
  Bench b;
  Rig r(b);
  CHECK(r.config(0, 0) == 0x70008086);
  CHECK((r.config(0, 0x0E) & 0x80) != 0);
  CHECK(r.config(0, 0x60) == 0x80808080);
  r.bridge.set_line(0, true);
  CHECK(b.lines.events().empty());
  r.config(0, 0x60, 1, 11);
  CHECK(b.lines.level(11));
  // Two PIRQs on one interrupt are wired-or.
  r.config(0, 0x61, 1, 11);
  r.bridge.set_line(1, true);
  r.bridge.set_line(0, false);
  CHECK(b.lines.level(11));
  // Moving the route moves the level.
  r.config(0, 0x61, 1, 5);
  CHECK_FALSE(b.lines.level(11));
  CHECK(b.lines.level(5));
  // Interrupts of the motherboard cannot be chosen.
  b.lines.clear();
  r.config(0, 0x61, 1, 8);
  CHECK_FALSE(b.lines.level(5));
  CHECK_FALSE(b.lines.level(8));
  r.config(0, 0x61, 1, 0x8A);
  CHECK_FALSE(b.lines.level(10));
}

TEST_CASE("PIIX3: reset control register at CF9h") {
  Bench b;
  Rig r(b);
  b.out8(0xCF9, 0x02);
  CHECK(r.resets == 0);
  CHECK(b.in8(0xCF9) == 2);
  b.out8(0xCF9, 0x06);
  CHECK(r.resets == 1);
  // The doubleword register around it is not disturbed.
  b.out32(0xCF8, 0x80000804);
  CHECK(r.resets == 1);
  CHECK(b.in32(0xCF8) == 0x80000804);
}

TEST_CASE("PIIX4 PM: the I/O block appears where PMBASE says") {
  Bench b;
  Rig r(b);
  CHECK(r.config(3, 0) == 0x71138086);
  CHECK(r.config(3, 0x40) == 1);
  CHECK(b.in16(0x604) == 0xFFFF);
  r.enable_pm();
  CHECK(b.in16(0x604) == 0);
  r.config(3, 0x40, 4, 0xB000);
  CHECK(b.in16(0x604) == 0xFFFF);
  CHECK(b.in16(0xB004) == 0);
  r.pm.reset(ResetKind::Hard);
  CHECK(b.in16(0xB004) == 0xFFFF);
}

TEST_CASE("PIIX4 PM: 24-bit timer at 3.579545 MHz and its overflow") {
  Bench b;
  Rig r(b);
  r.enable_pm();
  CHECK(b.in32(0x608) == 0);
  b.advance_to({ilse::mem::kSecond});
  CHECK(b.in32(0x608) == 3'579'545);
  CHECK((b.in16(0x600) & 1) == 0);
  // Bit 23 toggles after 2^23 ticks: 2.3435 s.
  b.advance_to({2'343'480'000});
  CHECK((b.in16(0x600) & 1) == 0);
  b.advance_to({2'343'490'000});
  CHECK((b.in16(0x600) & 1) == 1);
  b.out16(0x600, 1);
  CHECK((b.in16(0x600) & 1) == 0);

  b.out16(0x604, 1);  // SCI enable
  b.out16(0x602, 1);
  CHECK_FALSE(b.lines.level(kSci));
  b.advance_to({4'687'000'000});
  CHECK(b.lines.level(kSci));
  CHECK(b.in32(0x608) < 0x1000);  // wrapped
  b.out16(0x600, 1);
  CHECK_FALSE(b.lines.level(kSci));
}

TEST_CASE("PIIX4 PM: ACPI enable, power button, soft-off") {
  Bench b;
  Rig r(b);
  r.enable_pm();
  CHECK_FALSE(r.pm.button_enabled());
  b.out8(0xB2, 0xF1);
  CHECK((b.in16(0x604) & 1) == 1);
  b.out16(0x602, 0x100);
  CHECK(r.pm.button_enabled());
  r.pm.press_power_button(b.now);
  CHECK((b.in16(0x600) & 0x100) != 0);
  CHECK(b.lines.level(kSci));
  b.out16(0x600, 0x100);
  CHECK_FALSE(b.lines.level(kSci));
  // In ACPI's off state the event is recorded and no SCI comes.
  b.out8(0xB2, 0xF0);
  CHECK((b.in16(0x604) & 1) == 0);
  r.pm.press_power_button(b.now);
  CHECK_FALSE(b.lines.level(kSci));

  b.out16(0x604, 5 << 10 | 0x2000);  // a sleep type that is no state of this chip
  CHECK(r.power_offs == 0);
  b.out16(0x604, 0x2000);
  CHECK(r.power_offs == 1);
  CHECK((b.in16(0x604) & 0x2000) == 0);
}

TEST_CASE("PIIX4 PM: APM port raises SMI when both enables are set") {
  Bench b;
  Rig r(b);
  r.enable_pm();
  b.out8(0xB3, 0x5A);
  CHECK(b.in8(0xB3) == 0x5A);
  b.out8(0xB2, 0x10);
  CHECK(r.smis == 0);
  r.config(3, 0x5B, 1, 2);
  b.out8(0xB2, 0x10);
  CHECK(r.smis == 0);
  b.out32(0x628, 1);
  b.out8(0xB2, 0x10);
  CHECK(r.smis == 1);
  CHECK(b.in8(0xB2) == 0x10);

  Bench b2;
  Rig without(b2, false);
  CHECK((without.config(3, 0x5B) & 2) != 0);
  without.enable_pm();
  b2.out32(0x628, 1);
  b2.out8(0xB2, 0x10);
  CHECK(without.smis == 0);
}

TEST_CASE("PIIX4 PM: nobody answers on the SMBus") {
  Bench b;
  Rig r(b);
  r.config(3, 0x90, 4, 0x701);
  r.config(3, 0xD2, 1, 9);
  CHECK(b.in8(0x700) == 0);
  b.out8(0x702, 0x48);
  CHECK(b.in8(0x700) == 4);
  CHECK(b.in8(0x702) == 8);
  b.out8(0x700, 4);
  CHECK(b.in8(0x700) == 0);
}

TEST_CASE("PIIX3 and PIIX4 PM: state") {
  StateTest<Rig> test;
  test.make = [](Bench& b) {
    auto r = std::make_unique<Rig>(b);
    r->enable_pm();
    return r;
  };
  test.ports = {{0xCF8, 8, 4}, {0x600, 64, 4}, {0xB2, 2}, {0xAFE0, 4, 4}};
  test.max_wait = 700'000'000;
  test.stir = [](Rig& r, Bench& b, uint64_t x) {
    switch (x % 4) {
      case 0: r.bridge.set_line(static_cast<int>(x >> 8 & 3), (x >> 16 & 1) != 0); break;
      case 1: r.config(0, static_cast<uint8_t>(0x60 + (x >> 8 & 3)), 1, x >> 16 & 0xFF); break;
      case 2: r.pm.press_power_button(b.now); break;
      default: b.out16(0x602, x >> 16 & 0x121); break;
    }
  };
  check_state(test);
}
