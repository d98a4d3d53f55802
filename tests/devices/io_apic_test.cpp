// 82093AA I/O APIC.
#include "devices/irq/io_apic.h"

#include <catch2/catch.hpp>

#include "devices/board/irq_hub.h"
#include "tests/devices/apic_bench.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

TEST_CASE("I/O APIC: registers") {
  Bench b;
  ApicRig r(b, 1);
  CHECK(r.io_read(1) == 0x00170011);
  r.io_write(0, 0xFF000000);
  CHECK(r.io_read(0) == 0x0F000000);
  CHECK(r.io_read(0x10) == 0x10000);
  CHECK(r.io_read(0x3F) == 0);
  CHECK(r.io_read(0x40) == 0);
  r.io_write(0x10, 0xFFFFFFFF);
  CHECK(r.io_read(0x10) == 0x1AFFF);  // delivery status and remote IRR are read-only
  r.io_write(0x11, 0xFFFFFFFF);
  CHECK(r.io_read(0x11) == 0xFF000000);
}

TEST_CASE("I/O APIC: edge-triggered pin") {
  Bench b;
  ApicRig r(b, 2);
  r.enable();
  r.redirect(4, 0x34, 1u << 24);
  r.io.set_line(4, true);
  CHECK(r.acknowledge(1) == 0x34);
  r.write(1, 0xB0, 0);
  CHECK_FALSE(r.pins[1].intr);
  r.io.set_line(4, false);
  r.redirect(4, 0x10034, 1u << 24);
  r.io.set_line(4, true);  // masked: lost
  r.redirect(4, 0x34, 1u << 24);
  CHECK_FALSE(r.pins[1].intr);
}

TEST_CASE("I/O APIC: level-triggered pin, remote IRR and EOI") {
  Bench b;
  ApicRig r(b, 1);
  r.enable();
  r.redirect(10, 0x8041);
  r.io.set_line(10, true);
  CHECK((r.io_read(0x24) & 0x4000) != 0);
  CHECK(r.acknowledge(0) == 0x41);
  CHECK(r.read(0, 0x1A0) == 1u << 1);  // TMR
  r.write(0, 0xB0, 0);                 // still asserted: comes again
  CHECK(r.acknowledge(0) == 0x41);
  r.io.set_line(10, false);
  r.write(0, 0xB0, 0);
  CHECK((r.io_read(0x24) & 0x4000) == 0);
  CHECK_FALSE(r.pins[0].intr);

  SECTION("a level that waits behind the mask is seen when it goes") {
    r.redirect(10, 0x18041);
    r.io.set_line(10, true);
    CHECK_FALSE(r.pins[0].intr);
    r.redirect(10, 0x8041);
    CHECK(r.pins[0].intr);
  }
  SECTION("switching to edge and back clears remote IRR") {
    r.io.set_line(10, true);
    CHECK(r.acknowledge(0) == 0x41);
    r.io.set_line(10, false);
    r.redirect(10, 0x10041);
    r.redirect(10, 0x8041);
    CHECK((r.io_read(0x24) & 0x4000) == 0);
  }
  SECTION("remote IRR is not set when nobody takes the interrupt") {
    r.redirect(10, 0x8041, 9u << 24);
    r.io.set_line(10, true);
    CHECK((r.io_read(0x24) & 0x4000) == 0);
  }
}

TEST_CASE("I/O APIC: lowest priority and NMI delivery") {
  Bench b;
  ApicRig r(b, 2);
  r.enable();
  r.write(0, 0x80, 0x10);
  r.redirect(5, 0x0955, 0x03000000);
  r.io.set_line(5, true);
  CHECK_FALSE(r.pins[0].intr);
  CHECK(r.acknowledge(1) == 0x55);
  r.redirect(6, 0x0400, 0);
  r.io.set_line(6, true);
  CHECK(r.pins[0].nmis == 1);
}

TEST_CASE("interrupt wires: wired-or, IRQ 0 at pin 2, HPET legacy replacement") {
  Bench b;
  LineRecorder pic(b.scheduler, b.now), io(b.scheduler, b.now);
  IrqHub hub;
  hub.connect(pic, io);
  IrqLine timer = hub.line(IrqHub::kIsa, 0), hpet = hub.line(IrqHub::kHpet, 0);
  timer.set(true);
  CHECK(pic.level(0));
  CHECK(io.level(2));
  CHECK_FALSE(io.level(0));
  hub.set_legacy_route(true);
  CHECK_FALSE(pic.level(0));
  hpet.set(true);
  CHECK(pic.level(0));
  hpet.set(false);
  hub.set_legacy_route(false);
  CHECK(pic.level(0));

  IrqLine sci = hub.line(IrqHub::kAcpi, 9), pci = hub.line(IrqHub::kPci, 9);
  sci.set(true);
  pci.set(true);
  sci.set(false);
  CHECK((pic.level(9) && io.level(9)));
  pci.set(false);
  CHECK_FALSE((pic.level(9) || io.level(9)));
}
