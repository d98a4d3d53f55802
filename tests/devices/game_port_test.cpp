// The game port, as a program reads it.
#include "devices/input/game_port.h"

#include <catch2/catch.hpp>

#include "tests/devices/bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

struct Rig {
  explicit Rig(Bench& b) { b.io.map(GamePort::kFirstPort, GamePort::kPortCount, port); }
  void visit_state(ilse::mem::StateVisitor& v) { port.visit_state(v); }
  GamePort port;
};

// Microseconds until the bit of an axis is 0, or -1.
int count(Bench& b, unsigned axis) {
  b.out8(0x201, 0xFF);
  for (int us = 0; us < 3000; ++us) {
    if ((b.in8(0x201) >> axis & 1) == 0) return us;
    b.advance(1000);
  }
  return -1;
}

}  // namespace

TEST_CASE("game port: with nothing plugged in no one-shot ends and no button is down") {
  Bench b;
  Rig r(b);
  CHECK(b.in8(0x201) == 0xFF);
  for (unsigned axis = 0; axis < 4; ++axis) CHECK(count(b, axis) == -1);
  CHECK(b.in8(0x201) == 0xFF);
}

TEST_CASE("game port: an axis is 24.2 to 1124.2 us long") {
  Bench b;
  Rig r(b);
  r.port.set(0, {true, 0, 0, 0xFFFF});
  CHECK((b.in8(0x201) & 0x0F) == 0x0C);
  CHECK(count(b, 0) == 25);
  CHECK(count(b, 1) == 1125);
  CHECK(count(b, 2) == -1);
  r.port.set(1, {true, 0, 0x8000, 0x4000});
  CHECK(count(b, 2) == 575);
  CHECK(count(b, 3) == 300);
  // What a stick does while its one-shot runs comes too late for it.
  b.out8(0x201, 0);
  r.port.set(1, {true, 0, 0, 0});
  b.advance(100'000);
  CHECK((b.in8(0x201) & 0x0C) == 0x0C);
  // Any port of the eight is the same one.
  b.advance(2'000'000);
  b.out8(0x207, 0);
  CHECK((b.in8(0x200) & 0x0F) == 0x0F);
}

TEST_CASE("game port: buttons are low, four of the first stick where there is no second") {
  Bench b;
  Rig r(b);
  r.port.set(0, {true, 0b1001, 0, 0});
  CHECK(b.in8(0x201) >> 4 == 0b0110);
  r.port.set(1, {true, 0b10, 0, 0});
  CHECK(b.in8(0x201) >> 4 == 0b0110);
  r.port.set(1, {true, 0b01, 0, 0});
  CHECK(b.in8(0x201) >> 4 == 0b1010);
  r.port.set(0, {});
  CHECK(b.in8(0x201) >> 4 == 0b1011);
}

TEST_CASE("game port: state") {
  check_state(StateTest<Rig>{
      .make = [](Bench& b) { return std::make_unique<Rig>(b); },
      .ports = {{.base = 0x200, .count = 8}},
      .stir =
          [](Rig& r, Bench&, uint64_t v) {
            r.port.set(v & 1, {(v & 2) != 0, static_cast<uint8_t>(v >> 8 & 15),
                               static_cast<uint16_t>(v >> 16), static_cast<uint16_t>(v >> 32)});
          },
  });
}
