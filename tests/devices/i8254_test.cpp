// The interval timer, by the mode definitions of the 8254 data sheet, and port 0x61.
#include <catch2/catch.hpp>

#include "devices/timer/i8254.h"
#include "devices/timer/port61.h"
#include "tests/devices/bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;
using ilse::mem::muldiv;
using ilse::mem::muldiv_up;

namespace {
constexpr int kNmi = 10;
constexpr int kSpeaker = 11;

struct PitBench : Bench {
  PitBench() {
    io.map(0x40, 4, pit);
    io.map(0x61, 1, port61);
    advance_to({muldiv_up(1'000'000, ilse::mem::kSecond, I8254::kHz)});
  }
  uint64_t clock() const { return muldiv(now.ns, I8254::kHz, ilse::mem::kSecond); }
  void clocks(uint64_t n) { advance_to({muldiv_up(clock() + n, ilse::mem::kSecond, I8254::kHz)}); }
  void program(unsigned counter, unsigned mode, unsigned count, unsigned bcd = 0) {
    out8(0x43, counter << 6 | 0x30 | mode << 1 | bcd);
    write(counter, count);
  }
  void write(unsigned counter, unsigned count) {
    out8(static_cast<uint16_t>(0x40 + counter), count);
    out8(static_cast<uint16_t>(0x40 + counter), count >> 8);
  }
  unsigned count(unsigned counter) {
    auto port = static_cast<uint16_t>(0x40 + counter);
    unsigned low = in8(port);
    return low | in8(port) << 8u;
  }
  // OUT after each of the next clocks: '1' or '0'.
  std::string wave(int counter, int n) {
    std::string s;
    for (int i = 0; i < n; ++i) {
      clocks(1);
      CHECK(pit.out(counter, now) == lines.level(counter));
      s += lines.level(counter) ? '1' : '0';
    }
    return s;
  }
  I8254 pit{scheduler, {lines.line(0), lines.line(1), lines.line(2)}};
  Port61 port61{pit, lines.line(kNmi), lines.line(kSpeaker)};
};
}  // namespace

TEST_CASE("8254 mode 0: interrupt on terminal count, N + 1 clocks after the write") {
  PitBench b;
  b.program(0, 0, 4);
  CHECK(b.wave(0, 8) == "00001111");
  CHECK(b.count(0) == 0xFFFD);
  b.write(0, 2);
  CHECK_FALSE(b.lines.level(0));
  CHECK(b.wave(0, 4) == "0011");
}

TEST_CASE("8254 mode 0: the first of two bytes stops the count, the gate holds it") {
  PitBench b;
  b.program(2, 0, 100);
  b.out8(0x61, 1);
  b.clocks(11);
  CHECK(b.count(2) == 90);
  b.out8(0x61, 0);
  b.clocks(50);
  CHECK(b.count(2) == 90);
  b.out8(0x61, 1);
  b.clocks(10);
  CHECK(b.count(2) == 80);
  b.out8(0x42, 5);
  b.clocks(10);
  CHECK(b.count(2) == 80);
}

TEST_CASE("8254 mode 1: one-shot, triggered and retriggered by the gate") {
  PitBench b;
  b.program(2, 1, 3);
  CHECK(b.wave(2, 3) == "111");
  b.out8(0x61, 1);
  CHECK(b.wave(2, 6) == "000111");
  b.out8(0x61, 0);
  b.out8(0x61, 1);
  CHECK(b.wave(2, 2) == "00");
  b.out8(0x61, 0);
  b.out8(0x61, 1);
  CHECK(b.wave(2, 5) == "00011");
}

TEST_CASE("8254 mode 2: rate generator, low for the last clock of each period") {
  PitBench b;
  b.program(0, 2, 3);
  CHECK(b.wave(0, 10) == "1101101101");
  b.write(0, 4);  // takes effect with the next period
  CHECK(b.wave(0, 9) == "101110111");
}

TEST_CASE("8254 mode 2: the gate stops and restarts the period") {
  PitBench b;
  b.out8(0x61, 1);
  b.program(2, 2, 3);
  CHECK(b.wave(2, 3) == "110");
  b.out8(0x61, 0);
  CHECK(b.lines.level(2));
  CHECK(b.wave(2, 4) == "1111");
  b.out8(0x61, 1);
  CHECK(b.wave(2, 6) == "110110");
}

TEST_CASE("8254 mode 3: square wave, even and odd") {
  PitBench b;
  b.program(0, 3, 4);
  CHECK(b.wave(0, 9) == "110011001");
  b.program(0, 3, 5);
  CHECK(b.wave(0, 11) == "11100111001");
  b.program(0, 3, 6);
  b.clocks(1);
  CHECK(b.count(0) == 6);
  b.clocks(2);
  CHECK(b.count(0) == 2);
  b.clocks(1);
  CHECK(b.count(0) == 6);
}

TEST_CASE("8254 mode 3: a new count waits for the half-cycle") {
  PitBench b;
  b.program(0, 3, 8);
  CHECK(b.wave(0, 2) == "11");
  b.write(0, 4);
  CHECK(b.wave(0, 9) == "110011001");
}

TEST_CASE("8254 mode 4: software-triggered strobe") {
  PitBench b;
  b.program(0, 4, 3);
  CHECK(b.wave(0, 7) == "1110111");
  b.write(0, 2);
  CHECK(b.wave(0, 5) == "11011");
}

TEST_CASE("8254 mode 5: hardware-triggered strobe") {
  PitBench b;
  b.program(2, 5, 3);
  CHECK(b.wave(2, 6) == "111111");
  b.out8(0x61, 1);
  CHECK(b.wave(2, 6) == "111011");
}

TEST_CASE("8254: BCD counting") {
  PitBench b;
  b.program(0, 2, 0x1000, 1);
  b.clocks(2);
  CHECK(b.count(0) == 0x0999);
  b.program(0, 0, 0, 1);
  b.clocks(2);
  CHECK(b.count(0) == 0x9999);
}

TEST_CASE("8254: a count just written is what the next read gives") {
  PitBench b;
  b.out8(0x61, 1);
  b.program(2, 0, 0xFFFF);
  CHECK(b.count(2) == 0xFFFF);
  b.clocks(1);
  CHECK(b.count(2) == 0xFFFF);
  b.clocks(0x100);
  CHECK(b.count(2) == 0xFEFF);
}

TEST_CASE("8254: count latch keeps its value until it is read") {
  PitBench b;
  b.program(0, 2, 1000);
  b.clocks(101);
  b.out8(0x43, 0x00);
  b.clocks(50);
  b.out8(0x43, 0x00);  // ignored: the first one has not been read
  CHECK(b.count(0) == 900);
  CHECK(b.count(0) == 850);
}

TEST_CASE("8254: read-back latches status and count of several counters") {
  PitBench b;
  b.program(0, 2, 1000);
  b.out8(0x43, 0x54);  // counter 1: low byte only, mode 2
  b.out8(0x41, 18);
  b.out8(0x43, 0xC6);          // count and status of 0 and 1
  CHECK(b.in8(0x40) == 0xF4);  // OUT high, null count
  CHECK(b.in8(0x41) == 0xD4);
  b.clocks(11);
  CHECK(b.count(0) == 0);  // latched before the first load
  CHECK(b.count(0) == 990);
  b.out8(0x43, 0xE2);  // status of 0
  CHECK(b.in8(0x40) == 0xB4);
}

TEST_CASE("8254: access to one byte only") {
  PitBench b;
  b.out8(0x43, 0x14);
  b.out8(0x40, 200);
  b.clocks(1);
  CHECK(b.in8(0x40) == 200);
  b.clocks(1);
  CHECK(b.in8(0x40) == 199);
  b.out8(0x43, 0x24);
  b.out8(0x40, 0x12);
  b.clocks(1);
  CHECK(b.in8(0x40) == 0x12);
}

TEST_CASE("8254: interrupts do not drift over an hour") {
  PitBench b;
  b.program(0, 2, 0);
  uint64_t start = b.clock() + 1;  // loaded by the next clock
  b.lines.clear();
  uint64_t hour = 3600;
  b.advance_to({b.now + hour * ilse::mem::kSecond});
  uint64_t periods = (b.clock() - start) / 65536;
  CHECK(b.lines.rises(0) == periods);
  CHECK(b.lines.events().back().at.ns == muldiv_up(start + periods * 65536, ilse::mem::kSecond, I8254::kHz));
}

TEST_CASE("8254: big steps of time give the same counts and levels as small ones") {
  for (unsigned mode : {0u, 2u, 3u, 4u}) {
    for (unsigned n : {2u, 3u, 7u, 10u, 255u}) {
      PitBench small, big;
      small.program(0, mode, n);
      big.program(0, mode, n);
      for (int i = 0; i < 300; ++i) small.clocks(1);
      big.clocks(300);
      INFO("mode " << mode << " count " << n);
      CHECK(small.pit.out(0, small.now) == big.pit.out(0, big.now));
      CHECK(small.count(0) == big.count(0));
      CHECK((small.lines.events() == big.lines.events()));
    }
  }
}

TEST_CASE("8254: a counter whose output goes nowhere costs no timer") {
  Bench b;
  I8254 pit(b.scheduler, {});
  b.io.map(0x40, 4, pit);
  b.out8(0x43, 0x34);
  b.out8(0x40, 2);
  b.out8(0x40, 0);
  CHECK(b.scheduler.next_deadline() == ilse::mem::kNever);
}

TEST_CASE("port 61: refresh toggle, gate and output of counter 2, speaker data") {
  PitBench b;
  uint8_t before = b.in8(0x61) & 0x10;
  b.clocks(18);
  CHECK((b.in8(0x61) & 0x10) != before);
  b.program(2, 0, 100);
  b.out8(0x61, 3);
  CHECK((b.in8(0x61) & 0x2F) == 0x03);
  CHECK(b.lines.level(kSpeaker));
  b.clocks(101);
  CHECK((b.in8(0x61) & 0x20) == 0x20);
  b.out8(0x61, 0);
  CHECK_FALSE(b.lines.level(kSpeaker));
}

TEST_CASE("port 61: SERR# and IOCHK# latch an NMI until they are disabled; port 70 masks it") {
  PitBench b;
  b.port61.set_line(Port61::kSerr, true);
  b.port61.set_line(Port61::kSerr, false);
  CHECK(b.lines.level(kNmi));
  CHECK((b.in8(0x61) & 0xC0) == 0x80);
  b.port61.set_line(Port61::kNmiMask, true);
  CHECK_FALSE(b.lines.level(kNmi));
  b.port61.set_line(Port61::kNmiMask, false);
  CHECK(b.lines.level(kNmi));
  b.out8(0x61, 0x04);
  CHECK_FALSE(b.lines.level(kNmi));
  b.out8(0x61, 0x08);
  b.port61.set_line(Port61::kIochk, true);
  CHECK_FALSE(b.lines.level(kNmi));
  b.out8(0x61, 0x00);
  CHECK((b.in8(0x61) & 0xC0) == 0x40);
  CHECK(b.lines.level(kNmi));
}

namespace {
struct PitAndPort {
  explicit PitAndPort(Bench& b)
      : pit(b.scheduler, {b.lines.line(0), IrqLine{}, b.lines.line(2)}),
        port61(pit, b.lines.line(kNmi), b.lines.line(kSpeaker)) {
    b.io.map(0x40, 4, pit);
    b.io.map(0x61, 1, port61);
  }
  void visit_state(ilse::mem::StateVisitor& v) {
    pit.visit_state(v);
    port61.visit_state(v);
  }
  I8254 pit;
  Port61 port61;
};
}  // namespace

TEST_CASE("8254 and port 61: saved, restored, poked at random") {
  check_state(StateTest<PitAndPort>{
      .make = [](Bench& b) { return std::make_unique<PitAndPort>(b); },
      .ports = {{.base = 0x40, .count = 4}, {.base = 0x61}},
      .stir = [](PitAndPort& p, Bench&,
                 uint64_t r) { p.port61.set_line(static_cast<int>(r % 3), (r & 8) != 0); },
  });
}
