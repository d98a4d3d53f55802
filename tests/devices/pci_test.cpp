// PCI configuration mechanism #1, base address registers, interrupt wires.
#include <catch2/catch.hpp>

#include "devices/debug/pci_testdev.h"
#include "devices/pci/pci_host.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;
using ilse::mem::PortDevice;

namespace {

// A function with one of each window and an interrupt.
class Sample : public PciDevice, PortDevice, ilse::mem::MmioDevice {
 public:
  explicit Sample(unsigned pin = 1)
      : PciDevice("sample", {.vendor = 0x1234, .device = 0x5678, .class_code = 0x020000}) {
    add_memory_bar(0, 0x1000, *this);
    add_io_bar(1, 32, *this, 4);
    add_rom_bar(std::vector<uint8_t>(5000, 0xAB));
    use_interrupt_pin(pin);
    define(0x40, 0x11, 0xF0);
  }
  using PciDevice::set_interrupt;
  uint32_t port_read(uint16_t offset, unsigned width, VTime now) override {
    return port_peek(offset, width, now);
  }
  void port_write(uint16_t offset, unsigned, uint32_t value, VTime) override { last = offset << 8 | value; }
  uint32_t port_peek(uint16_t offset, unsigned, VTime) const override { return 0x100u + offset; }
  uint64_t mmio_read(uint64_t offset, unsigned width, VTime now) override {
    return mmio_peek(offset, width, now);
  }
  void mmio_write(uint64_t, unsigned, uint64_t value, VTime) override { last = static_cast<uint32_t>(value); }
  uint64_t mmio_peek(uint64_t offset, unsigned, VTime) const override { return 0x5A000000u + offset; }
  uint32_t last = 0;
};

struct Rig {
  explicit Rig(Bench& bench) : b(bench), host(b.io, b.map) {
    host.connect_interrupts(b.lines);
    b.io.map(0xCF8, 8, host, 4);
    host.attach(3, 0, sample);
    host.attach(4, 0, other);
  }
  uint32_t address(unsigned slot, unsigned function, unsigned reg) {
    return 0x80000000u | slot << 11 | function << 8 | (reg & 0xFC);
  }
  uint32_t read(unsigned slot, unsigned reg) {
    b.out32(0xCF8, address(slot, 0, reg));
    return b.in32(0xCFC);
  }
  void write(unsigned slot, unsigned reg, uint32_t value) {
    b.out32(0xCF8, address(slot, 0, reg));
    b.out32(0xCFC, value);
  }
  void visit_state(ilse::mem::StateVisitor& v) {
    host.visit_state(v);
    sample.visit_state(v);
    other.visit_state(v);
  }
  Bench& b;
  PciHost host;
  Sample sample;
  PciTestdev other;
};

}  // namespace

TEST_CASE("PCI: configuration mechanism #1") {
  Bench b;
  Rig r(b);
  CHECK(r.read(3, 0) == 0x56781234);
  CHECK(r.read(4, 0) == 0x00051B36);
  CHECK(r.read(5, 0) == 0xFFFFFFFF);
  CHECK(r.read(3, 8) == 0x02000000);

  SECTION("the address register is a doubleword and forgets its reserved bits") {
    b.out32(0xCF8, 0xFFFFFFFF);
    CHECK(b.in32(0xCF8) == 0x80FFFFFC);
    b.out8(0xCF8, 0);
    b.out8(0xCFB, 0x01);
    CHECK(b.in32(0xCF8) == 0x80FFFFFC);
    CHECK(b.in8(0xCF8) == 0xFF);
  }
  SECTION("bytes and words of the data register") {
    b.out32(0xCF8, r.address(3, 0, 0));
    CHECK(b.in8(0xCFD) == 0x12);
    CHECK(b.in16(0xCFE) == 0x5678);
    CHECK(b.in16(0xCFD) == 0x7812);
  }
  SECTION("other buses and a cleared enable bit give all ones") {
    b.out32(0xCF8, r.address(3, 0, 0) | 0x10000);
    CHECK(b.in32(0xCFC) == 0xFFFFFFFF);
    b.out32(0xCF8, r.address(3, 0, 0) & 0x7FFFFFFF);
    CHECK(b.in32(0xCFC) == 0xFFFFFFFF);
  }
  SECTION("only writable bits change") {
    r.write(3, 0, 0);
    CHECK(r.read(3, 0) == 0x56781234);
    r.write(3, 0x40, 0xFF);
    CHECK((r.read(3, 0x40) & 0xFF) == 0xF1);
    r.sample.reset(ResetKind::Hard);
    CHECK((r.read(3, 0x40) & 0xFF) == 0x11);
  }
}

TEST_CASE("PCI: base address registers are sized and decoded") {
  Bench b;
  Rig r(b);
  r.write(3, 0x10, 0xFFFFFFFF);
  r.write(3, 0x14, 0xFFFFFFFF);
  r.write(3, 0x30, 0xFFFFFFFF);
  CHECK(r.read(3, 0x10) == 0xFFFFF000);
  CHECK(r.read(3, 0x14) == 0xFFFFFFE1);
  CHECK(r.read(3, 0x30) == 0xFFFFE001);
  CHECK(r.read(3, 0x18) == 0);

  r.write(3, 0x10, 0xE0000000);
  r.write(3, 0x14, 0xC000);
  r.write(3, 0x30, 0xE0010001);
  SECTION("nothing decodes before the command register says so") {
    CHECK(b.map.read({0xE0000010}, 4, {}) == 0xFFFFFFFF);
    CHECK(b.in32(0xC004) == 0xFFFFFFFF);
  }
  SECTION("memory, ROM and I/O windows") {
    r.write(3, 4, 3);
    CHECK(b.map.read({0xE0000010}, 4, {}) == 0x5A000010);
    CHECK(b.map.read({0xE0001000}, 4, {}) == 0xFFFFFFFF);
    CHECK(b.in32(0xC004) == 0x104);
    b.out32(0xC008, 0x77);
    CHECK(r.sample.last == 0x877);
    CHECK(b.map.read({0xE0010000}, 2, {}) == 0xABAB);
    CHECK(b.map.read({0xE0011FFE}, 2, {}) == 0xFFFF);
    r.write(3, 0x10, 0xE8000000);
    CHECK(b.map.read({0xE0000010}, 4, {}) == 0xFFFFFFFF);
    CHECK(b.map.read({0xE8000010}, 4, {}) == 0x5A000010);
    r.write(3, 4, 0);
    CHECK(b.map.read({0xE8000010}, 4, {}) == 0xFFFFFFFF);
    CHECK(b.in32(0xC004) == 0xFFFFFFFF);
  }
  SECTION("sizing with decoding on does not cover the top of the space") {
    r.write(3, 4, 3);
    r.write(3, 0x10, 0xFFFFFFFF);
    CHECK(b.map.read({0xFFFFF000}, 4, {}) == 0xFFFFFFFF);
  }
  SECTION("RAM wins over a window put on it") {
    r.write(3, 4, 3);
    r.write(3, 0x10, 0x1000);
    CHECK(b.map.read({0x1000}, 4, {}) == 0);
  }
}

TEST_CASE("PCI: INTx wires rotate by slot, are shared and can be disabled") {
  Bench b;
  Rig r(b);
  r.sample.set_interrupt(true);  // slot 3, INTA#
  CHECK(b.lines.level(2));
  CHECK((r.read(3, 4) >> 16 & 8) != 0);
  r.write(3, 4, 0x400);
  CHECK_FALSE(b.lines.level(2));
  CHECK((r.read(3, 4) >> 16 & 8) != 0);
  r.write(3, 4, 0);
  CHECK(b.lines.level(2));
  Sample pin_d(4);
  r.host.attach(8, 0, pin_d);  // slot 8 INTD# is the same wire
  pin_d.set_interrupt(true);
  r.sample.set_interrupt(false);
  CHECK((b.lines.level(2) && !b.lines.level(1) && !b.lines.level(3)));
  pin_d.set_interrupt(false);
  CHECK_FALSE(b.lines.level(2));
}

TEST_CASE("PCI: state") {
  StateTest<Rig> test;
  test.make = [](Bench& b) { return std::make_unique<Rig>(b); };
  test.ports = {{0xCF8, 8, 4}, {0xC000, 32, 4}};
  test.stir = [](Rig& r, Bench&, uint64_t x) {
    // Registers that matter, with values that are decoded.
    r.write(3 + (x & 1), 0x10 + 4 * (x >> 1 & 1), (x >> 2 & 1) != 0 ? 0xC000 : 0xE0000000);
    r.write(3, 4, x >> 3 & 0x407);
    r.sample.set_interrupt((x >> 20 & 1) != 0);
  };
  check_state(test);
}

TEST_CASE("pci-testdev: counts the writes of a test") {
  Bench b;
  Rig r(b);
  r.write(4, 0x10, 0xE0000000);
  r.write(4, 0x14, 0xC100);
  r.write(4, 4, 3);
  auto mem32 = [&](uint64_t at) { return b.map.read({0xE0000000 + at}, 4, {}); };
  for (unsigned test = 0; test < 3; ++test) {
    b.map.write({0xE0000000}, 1, test, {});
    CHECK((mem32(0) >> 8 & 0xFF) == 1);
    uint64_t offset = mem32(4), data = mem32(8);
    REQUIRE(offset < 0x1000);
    for (int i = 0; i < 5; ++i) b.map.write({0xE0000000 + offset}, 1, data, {});
    CHECK(mem32(12) == 5);
    b.map.write({0xE0000000 + offset}, 1, data + 1, {});
    CHECK(mem32(12) == (test == 1 ? 6 : 5));
    CHECK(b.map.read({0xE0000010}, 1, {}) == 'm');

    b.out8(0xC100, test);
    CHECK(b.in8(0xC101) == 1);
    uint32_t port = 0xC100 + b.in32(0xC104);
    b.out8(static_cast<uint16_t>(port), b.in32(0xC108));
    CHECK(b.in32(0xC10C) == 1);
  }
  b.out8(0xC100, 3);
  CHECK(b.in8(0xC101) == 0);
}
