// The interrupt controllers, by the features of the 8259A data sheet.
#include <catch2/catch.hpp>

#include "devices/irq/dual_i8259.h"
#include "tests/devices/bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {
constexpr int kIntr = 0;

struct PicBench : Bench {
  PicBench() {
    io.map(0x20, 2, pic.master_ports());
    io.map(0xA0, 2, pic.slave_ports());
    io.map(0x4D0, 2, pic.elcr_ports());
  }
  // As PC firmware does it: vectors 0x08 and 0x70.
  void init(uint8_t icw4 = 0x01, uint8_t slave_icw4 = 0x01, uint8_t icw1 = 0x11) {
    out8(0x20, icw1);
    out8(0x21, 0x08);
    out8(0x21, 0x04);
    out8(0x21, icw4);
    out8(0xA0, icw1);
    out8(0xA1, 0x70);
    out8(0xA1, 0x02);
    out8(0xA1, slave_icw4);
  }
  bool intr() const { return lines.level(kIntr); }
  void pulse(int irq) {
    pic.set_line(irq, false);
    pic.set_line(irq, true);
  }
  uint8_t isr() {
    out8(0x20, 0x0B);
    return in8(0x20);
  }
  uint8_t irr() {
    out8(0x20, 0x0A);
    return in8(0x20);
  }
  DualI8259 pic{lines.line(kIntr)};
};
}  // namespace

TEST_CASE("8259: initialization command words set vectors and clear the mask") {
  PicBench b;
  b.out8(0x21, 0xFF);
  b.init();
  CHECK(b.in8(0x21) == 0x00);
  CHECK_FALSE(b.intr());
  b.pulse(5);
  REQUIRE(b.intr());
  CHECK(b.pic.master().peek_vector() == 0x0D);
  CHECK(b.pic.acknowledge() == 0x0D);
  CHECK_FALSE(b.intr());
  CHECK(b.isr() == 0x20);
}

TEST_CASE("8259: nothing is requested in the middle of initialization") {
  PicBench b;
  b.out8(0x20, 0x11);
  b.pulse(0);
  CHECK_FALSE(b.intr());
  b.out8(0x21, 0x08);
  b.out8(0x21, 0x04);
  CHECK_FALSE(b.intr());
  b.out8(0x21, 0x01);
  CHECK(b.intr());
}

TEST_CASE("8259: single mode skips ICW3, and ICW4 when it is not announced") {
  PicBench b;
  b.out8(0x20, 0x12);
  b.out8(0x21, 0x40);
  b.out8(0x21, 0xF0);  // already OCW1
  CHECK(b.in8(0x21) == 0xF0);
  b.pulse(1);
  CHECK(b.pic.acknowledge() == 0x41);
}

TEST_CASE("8259: cascade delivers the slave's vectors and needs two ends of interrupt") {
  PicBench b;
  b.init();
  b.pulse(12);
  REQUIRE(b.intr());
  CHECK(b.pic.acknowledge() == 0x74);
  CHECK(b.isr() == 0x04);
  b.pulse(14);
  CHECK_FALSE(b.intr());
  b.out8(0xA0, 0x20);
  CHECK_FALSE(b.intr());  // the master still serves IR2
  b.out8(0x20, 0x20);
  REQUIRE(b.intr());
  CHECK(b.pic.acknowledge() == 0x76);
}

TEST_CASE("8259: special fully nested mode lets a higher slave input through") {
  PicBench b;
  b.init(0x11);
  b.pulse(12);
  CHECK(b.pic.acknowledge() == 0x74);
  b.pulse(14);
  CHECK_FALSE(b.intr());
  b.pulse(8);
  REQUIRE(b.intr());
  CHECK(b.pic.acknowledge() == 0x70);
}

TEST_CASE("8259: fully nested mode serves by priority") {
  PicBench b;
  b.init();
  b.pulse(4);
  b.pulse(3);
  CHECK(b.pic.acknowledge() == 0x0B);
  CHECK_FALSE(b.intr());
  b.pulse(1);
  REQUIRE(b.intr());
  CHECK(b.pic.acknowledge() == 0x09);
  CHECK(b.isr() == 0x0A);
  b.out8(0x20, 0x20);  // non-specific: the highest in service
  CHECK(b.isr() == 0x08);
  b.out8(0x20, 0x63);  // specific
  CHECK(b.isr() == 0x00);
  CHECK(b.pic.acknowledge() == 0x0C);
}

TEST_CASE("8259: the interrupt mask register holds requests back") {
  PicBench b;
  b.init();
  b.out8(0x21, 0x08);
  b.pulse(3);
  CHECK_FALSE(b.intr());
  CHECK(b.irr() == 0x08);
  b.out8(0x21, 0x00);
  CHECK(b.intr());
}

TEST_CASE("8259: edge triggering takes one interrupt for one edge") {
  PicBench b;
  b.init();
  b.pic.set_line(7, true);
  CHECK(b.pic.acknowledge() == 0x0F);
  b.out8(0x20, 0x20);
  CHECK_FALSE(b.intr());
  b.pic.set_line(7, false);
  b.pic.set_line(7, true);
  CHECK(b.intr());
}

TEST_CASE("8259: level triggering by ELCR asks again while the line is high") {
  PicBench b;
  b.init();
  b.out8(0x4D1, 0x08);  // IRQ 11
  CHECK(b.in8(0x4D1) == 0x08);
  b.pic.set_line(11, true);
  CHECK(b.pic.acknowledge() == 0x73);
  CHECK_FALSE(b.intr());
  b.out8(0xA0, 0x20);
  b.out8(0x20, 0x20);
  CHECK(b.intr());
  b.pic.set_line(11, false);
  CHECK_FALSE(b.intr());
}

TEST_CASE("8259: ELCR cannot make the system's own interrupts level-triggered") {
  PicBench b;
  b.out8(0x4D0, 0xFF);
  b.out8(0x4D1, 0xFF);
  CHECK(b.in8(0x4D0) == 0xF8);
  CHECK(b.in8(0x4D1) == 0xDE);
}

TEST_CASE("8259: a request that is gone at the acknowledge is the spurious IRQ 7, or 15 of the slave") {
  PicBench b;
  b.init();
  b.pic.set_line(4, true);
  b.pic.set_line(4, false);
  CHECK_FALSE(b.intr());
  CHECK(b.pic.acknowledge() == 0x0F);
  CHECK(b.isr() == 0x00);

  // A slave whose master has accepted IR2 finds nothing any more.
  I8259 lone("lone", I8259::Role::Slave, {}, 0);
  lone.port_write(0, 1, 0x11, {});
  lone.port_write(1, 1, 0x70, {});
  lone.port_write(1, 1, 0x02, {});
  lone.port_write(1, 1, 0x01, {});
  CHECK(lone.acknowledge() == 0x77);
  CHECK(lone.port_peek(0, 1, {}) == 0);
}

TEST_CASE("8259: automatic end of interrupt, with and without rotation") {
  PicBench b;
  b.init(0x03);
  b.pulse(2 + 1);
  CHECK(b.pic.acknowledge() == 0x0B);
  CHECK(b.isr() == 0x00);
  b.out8(0x20, 0x80);  // rotate in automatic EOI mode
  b.pulse(3);
  CHECK(b.pic.acknowledge() == 0x0B);
  // IR3 is now the lowest: IR4 comes before it.
  b.pulse(3);
  b.pulse(4);
  CHECK(b.pic.acknowledge() == 0x0C);
}

TEST_CASE("8259: rotation makes the served or the given input the lowest") {
  PicBench b;
  b.init();
  b.pulse(4);
  CHECK(b.pic.acknowledge() == 0x0C);
  b.out8(0x20, 0xA0);  // rotate on non-specific EOI
  b.pulse(4);
  b.pulse(5);
  CHECK(b.pic.acknowledge() == 0x0D);
  b.out8(0x20, 0xE5);  // rotate on specific EOI of 5
  CHECK(b.isr() == 0x00);
  b.out8(0x20, 0xC0);  // set priority: 0 is the lowest
  b.pulse(0);
  b.pulse(7);
  CHECK(b.pic.acknowledge() == 0x0C);
  b.out8(0x20, 0x20);
  CHECK(b.pic.acknowledge() == 0x0F);
}

TEST_CASE("8259: special mask mode lets lower inputs interrupt a masked service") {
  PicBench b;
  b.init();
  b.pulse(1);
  CHECK(b.pic.acknowledge() == 0x09);
  b.pulse(6);
  CHECK_FALSE(b.intr());
  b.out8(0x21, 0x02);
  b.out8(0x20, 0x68);
  REQUIRE(b.intr());
  CHECK(b.pic.acknowledge() == 0x0E);
  b.out8(0x20, 0x20);  // non-specific EOI does not clear a masked in-service bit
  CHECK(b.isr() == 0x02);
  b.out8(0x20, 0x48);
  b.out8(0x20, 0x61);
  CHECK(b.isr() == 0x00);
}

TEST_CASE("8259: poll command") {
  PicBench b;
  b.init();
  b.out8(0x20, 0x0C);
  CHECK(b.in8(0x20) == 0x00);
  b.pulse(6);
  b.out8(0x20, 0x0C);
  CHECK(b.peek8(0x20) == 0x86);
  CHECK(b.in8(0x20) == 0x86);
  CHECK_FALSE(b.intr());
  CHECK(b.isr() == 0x40);
}

TEST_CASE("8259: ICW1 forgets edges that came before") {
  PicBench b;
  b.init();
  b.pic.set_line(4, true);
  b.init();
  CHECK_FALSE(b.intr());
  CHECK(b.irr() == 0);
}

TEST_CASE("8259: saved, restored, poked at random") {
  check_state(StateTest<DualI8259>{
      .make =
          [](Bench& b) {
            auto pic = std::make_unique<DualI8259>(b.lines.line(kIntr));
            b.io.map(0x20, 2, pic->master_ports());
            b.io.map(0xA0, 2, pic->slave_ports());
            b.io.map(0x4D0, 2, pic->elcr_ports());
            return pic;
          },
      .ports = {{.base = 0x20, .count = 2}, {.base = 0xA0, .count = 2}, {.base = 0x4D0, .count = 2}},
      .stir =
          [](DualI8259& pic, Bench&, uint64_t r) {
            if ((r & 0x300) == 0) {
              pic.acknowledge();
            } else {
              pic.set_line(static_cast<int>(r & 15), (r & 16) != 0);
            }
          },
  });
}
