// The real-time clock, by the features of the MC146818A data sheet.
#include "devices/timer/mc146818.h"

#include <catch2/catch.hpp>

#include "tests/devices/bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;
using ilse::mem::kSecond;

namespace {
constexpr int kIrq8 = 8;
constexpr int kNmiMask = 20;
constexpr uint64_t kMs = 1'000'000;

struct RtcBench : Bench {
  // 2026-11-21 23:59:58, a Saturday.
  explicit RtcBench(int64_t epoch = 1795305598)
      : rtc(scheduler, lines.line(kIrq8), lines.line(kNmiMask), epoch) {
    io.map(0x70, 4, rtc);
  }
  uint8_t get(uint8_t i) {
    out8(0x70, i);
    return in8(0x71);
  }
  void set(uint8_t i, uint8_t v) {
    out8(0x70, i);
    out8(0x71, v);
  }
  std::string date() {
    char text[64];
    std::snprintf(text, sizeof text, "%02x%02x-%02x-%02x %x %02x:%02x:%02x", get(0x32), get(9), get(8),
                  get(7), get(6), get(4), get(2), get(0));
    return text;
  }
  Mc146818 rtc;
};
}  // namespace

TEST_CASE("RTC: the date at power-on, in BCD and 24 hours") {
  RtcBench b;
  CHECK(b.date() == "2026-11-21 7 23:59:58");
  CHECK(b.get(0x0D) == 0x80);
  CHECK(b.get(0x0B) == 0x02);
}

TEST_CASE("RTC: virtual time drives it, over midnight and over a leap day") {
  RtcBench b;
  b.advance(2 * kSecond);
  CHECK(b.date() == "2026-11-22 1 00:00:00");
  RtcBench leap(951782399);  // 2000-02-28 23:59:59
  leap.advance(kSecond);
  CHECK(leap.date() == "2000-02-29 3 00:00:00");
  CHECK(leap.rtc.seconds(leap.now) == 951782400);
}

TEST_CASE("RTC: binary mode and 12-hour mode") {
  RtcBench b;
  b.set(0x0B, 0x86);
  b.set(4, 23);
  b.set(0x0B, 0x06);
  CHECK(b.get(4) == 23);
  b.set(0x0B, 0x80);
  b.set(4, 0x91);  // 11 PM
  b.set(2, 0x59);
  b.set(0, 0x59);
  b.set(0x0B, 0x00);
  b.advance(kSecond);
  CHECK(b.get(4) == 0x12);  // midnight is 12 AM
  b.advance(13 * 3600 * kSecond);
  CHECK(b.get(4) == 0x81);
}

TEST_CASE("RTC: the SET bit holds the time still and clears UIE") {
  RtcBench b;
  b.set(0x0B, 0x92);
  CHECK(b.get(0x0B) == 0x82);
  b.advance(5 * kSecond);
  CHECK(b.date() == "2026-11-21 7 23:59:58");
  b.set(0x0B, 0x02);
  b.advance(kSecond);
  CHECK(b.get(0) == 0x59);
}

TEST_CASE("RTC: update in progress precedes the update by 2228 us") {
  RtcBench b;
  b.advance(kSecond - 2300'000);
  CHECK((b.get(0x0A) & 0x80) == 0);
  b.advance(100'000);
  CHECK((b.get(0x0A) & 0x80) == 0x80);
  CHECK(b.get(0) == 0x58);
  b.advance(2'200'000);
  CHECK((b.get(0x0A) & 0x80) == 0);
  CHECK(b.get(0) == 0x59);
}

TEST_CASE("RTC: the divider's release brings the first update after half a second") {
  RtcBench b;
  b.advance(300 * kMs);
  b.set(0x0A, 0x76);
  b.advance(10 * kSecond);
  CHECK(b.get(0) == 0x58);
  b.set(0x0A, 0x26);
  b.advance(499 * kMs);
  CHECK(b.get(0) == 0x58);
  b.advance(2 * kMs);
  CHECK(b.get(0) == 0x59);
}

TEST_CASE("RTC: periodic interrupt at 1024 Hz, one for each read of register C") {
  RtcBench b;
  b.set(0x0B, 0x42);
  for (int i = 0; i < 1024; ++i) {
    while (!b.lines.level(kIrq8)) b.advance_to(b.scheduler.next_deadline());
    CHECK(b.get(0x0C) == (i == 1023 ? 0xD0 : 0xC0));
    CHECK_FALSE(b.lines.level(kIrq8));
  }
  CHECK(b.now.ns == kSecond);
  b.advance(100 * kMs);
  CHECK(b.lines.rises(kIrq8) == 1025);  // not read: no further edge
}

TEST_CASE("RTC: periodic rates 1 and 2 are 256 Hz and 128 Hz") {
  RtcBench b;
  b.set(0x0A, 0x21);
  b.set(0x0B, 0x42);
  CHECK(b.scheduler.next_deadline().ns == kSecond / 256);
  b.set(0x0A, 0x22);
  CHECK(b.scheduler.next_deadline().ns == kSecond / 128);
  b.set(0x0A, 0x20);
  CHECK(b.scheduler.next_deadline() == ilse::mem::kNever);
}

TEST_CASE("RTC: update-ended interrupt") {
  RtcBench b;
  b.set(0x0B, 0x12);
  b.advance(kSecond - 1);
  CHECK_FALSE(b.lines.level(kIrq8));
  b.advance(1);
  CHECK(b.lines.level(kIrq8));
  CHECK((b.get(0x0C) & 0xB0) == 0x90);
  CHECK_FALSE(b.lines.level(kIrq8));
}

TEST_CASE("RTC: alarm, exact and with don't-care codes") {
  RtcBench b;
  b.set(1, 0x05);
  b.set(3, 0x00);
  b.set(5, 0x00);
  b.set(0x0B, 0x22);
  b.advance(7 * kSecond - 1);
  CHECK_FALSE(b.lines.level(kIrq8));
  b.advance(1);
  CHECK(b.lines.level(kIrq8));
  CHECK((b.get(0x0C) & 0xA0) == 0xA0);
  b.set(3, 0xFF);
  b.set(5, 0xC0);
  b.advance(59 * kSecond);
  CHECK_FALSE(b.lines.level(kIrq8));
  b.advance(kSecond);
  CHECK(b.lines.level(kIrq8));
}

TEST_CASE("RTC: flags are set without their interrupts enabled") {
  RtcBench b;
  b.set(1, 0x59);
  b.set(3, 0x59);
  b.set(5, 0x23);
  b.advance(3 * kSecond);
  CHECK(b.get(0x0C) == 0x70);
  CHECK(b.get(0x0C) == 0x00);
  CHECK(b.lines.rises(kIrq8) == 0);
}

TEST_CASE("RTC: RAM survives a hard reset, interrupt enables do not") {
  RtcBench b;
  b.rtc.set_cmos(0x34, 0xAA);
  b.set(0x10, 0x40);
  b.set(0x0B, 0x72);
  b.out8(0x72, 0x05);
  b.out8(0x73, 0x77);
  b.rtc.reset(ResetKind::Hard);
  CHECK(b.get(0x34) == 0xAA);
  CHECK(b.get(0x10) == 0x40);
  CHECK(b.get(0x0B) == 0x02);
  b.out8(0x72, 0x05);
  CHECK(b.in8(0x73) == 0x77);
  CHECK(b.scheduler.next_deadline() == ilse::mem::kNever);
}

TEST_CASE("RTC: bit 7 of the index port masks NMI") {
  RtcBench b;
  b.out8(0x70, 0x8F);
  CHECK(b.lines.level(kNmiMask));
  b.out8(0x70, 0x0F);
  CHECK_FALSE(b.lines.level(kNmiMask));
}

TEST_CASE("RTC: nonsense in the date registers is harmless") {
  RtcBench b;
  for (int i = 0; i < 10; ++i) b.set(static_cast<uint8_t>(i), 0xFF);
  b.set(0x32, 0xFF);
  b.advance(400 * 86400 * kSecond);
  CHECK(b.get(0x0D) == 0x80);
}

TEST_CASE("RTC: saved, restored, poked at random") {
  check_state(StateTest<Mc146818>{
      .make =
          [](Bench& b) {
            auto rtc = std::make_unique<Mc146818>(b.scheduler, b.lines.line(kIrq8), b.lines.line(kNmiMask),
                                                  1795305598);
            b.io.map(0x70, 4, *rtc);
            return rtc;
          },
      .ports = {{.base = 0x70, .count = 4}},
      .stir =
          [](Mc146818&, Bench& b, uint64_t r) {
            // Mostly the clock's own registers.
            b.out8(0x70, static_cast<uint32_t>(r % 14));
            if ((r & 0x100) != 0) b.out8(0x71, (r & 0x200) != 0 ? 0x26 : static_cast<uint32_t>(r >> 16));
          },
      .max_wait = 3 * kSecond,
  });
}
