// The PS/2 controller with keyboard and mouse, port 0x92 and the A20 gate.
#include "devices/input/i8042.h"

#include <catch2/catch.hpp>

#include "devices/input/a20_gate.h"
#include "devices/input/port92.h"
#include "devices/input/ps2_keyboard.h"
#include "devices/input/ps2_mouse.h"
#include "devices/input/scan_codes.h"
#include "tests/devices/bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {
constexpr int kIrq1 = 1;
constexpr int kIrq12 = 12;
constexpr int kA20 = 20;
constexpr int kReset = 21;
constexpr uint64_t kMs = 1'000'000;
using Bytes = std::vector<int>;

// The chips and the wires between them.
struct Input {
  explicit Input(Bench& b)
      : gate(b.lines.line(kA20)),
        keyboard(b.scheduler),
        mouse(b.scheduler),
        kbc(b.scheduler, keyboard, mouse,
            {b.lines.line(kIrq1),
             b.lines.line(kIrq12),
             {gate, A20Gate::kKeyboardController},
             b.lines.line(kReset)}),
        port92({gate, A20Gate::kPort92}, b.lines.line(kReset)) {
    b.io.map(0x60, 1, kbc);
    b.io.map(0x64, 1, kbc, 1, 4);
    b.io.map(0x92, 1, port92);
  }
  void visit_state(ilse::mem::StateVisitor& v) {
    keyboard.visit_state(v);
    mouse.visit_state(v);
    kbc.visit_state(v);
    port92.visit_state(v);
  }
  A20Gate gate;
  Ps2Keyboard keyboard;
  Ps2Mouse mouse;
  I8042 kbc;
  Port92 port92;
};

struct InputBench : Bench {
  // Both ports and interrupts on; translation as asked.
  explicit InputBench(uint8_t command_byte = 0x43) { set_command_byte(command_byte); }
  void set_command_byte(uint8_t v) {
    out8(0x64, 0x60);
    out8(0x60, v);
  }
  uint8_t status() { return in8(0x64); }
  // Everything that comes within some time, bytes of the mouse + 0x100.
  Bytes drain(uint64_t wait = 10 * kMs) {
    Bytes got;
    for (uint64_t waited = 0; waited < wait; waited += I8042::kByteTime) {
      advance(I8042::kByteTime);
      uint8_t s = status();
      if ((s & 1) == 0) continue;
      got.push_back(in8(0x60) | ((s & 0x20) != 0 ? 0x100 : 0));
      waited = 0;
    }
    return got;
  }
  Bytes keyboard(std::initializer_list<int> command) {
    Bytes got;
    for (int v : command) {
      out8(0x60, static_cast<uint32_t>(v));
      for (int g : drain(2 * kMs)) got.push_back(g);
    }
    return got;
  }
  Bytes mouse(std::initializer_list<int> command) {
    Bytes got;
    for (int v : command) {
      out8(0x64, 0xD4);
      out8(0x60, static_cast<uint32_t>(v));
      for (int g : drain(2 * kMs)) got.push_back(g & 0xFF);
    }
    return got;
  }
  Bytes controller(uint8_t command) {
    out8(0x64, command);
    return drain(2 * kMs);
  }
  void press(uint32_t usage) { input.keyboard.key(usage, true, now); }
  void release(uint32_t usage) { input.keyboard.key(usage, false, now); }
  Bytes tap(uint32_t usage) {
    press(usage);
    release(usage);
    return drain(5 * kMs);
  }
  Bytes moved(int dx, int dy, int dz = 0, unsigned buttons = 0) {
    input.mouse.move(dx, dy, dz, static_cast<uint8_t>(buttons), now);
    Bytes got;
    for (int g : drain(30 * kMs)) got.push_back(g & 0xFF);
    return got;
  }
  Input input{*this};
};
}  // namespace

TEST_CASE("8042: self-test, port tests, command byte and RAM") {
  InputBench b(0x43);
  CHECK((b.status() & 0x04) == 0);
  CHECK(b.controller(0xAA) == Bytes{0x55});
  CHECK((b.status() & 0x04) == 0x04);
  CHECK(b.controller(0xAB) == Bytes{0x00});
  CHECK(b.controller(0xA9) == Bytes{0x00});
  CHECK(b.controller(0x20) == Bytes{0x47});
  CHECK(b.controller(0xA7) == Bytes{});
  CHECK(b.controller(0x20) == Bytes{0x67});
  b.controller(0xAD);
  CHECK(b.controller(0x20) == Bytes{0x77});
  b.controller(0xA8);
  b.controller(0xAE);
  CHECK(b.controller(0x20) == Bytes{0x47});
  b.out8(0x64, 0x65);
  b.out8(0x60, 0x99);
  CHECK(b.controller(0x25) == Bytes{0x99});
  CHECK(b.controller(0xC0) == Bytes{0xA0});
}

TEST_CASE("8042: A20 and reset through the output port; pulses") {
  InputBench b;
  CHECK(b.lines.level(kA20));
  b.out8(0x64, 0xD1);
  b.out8(0x60, 0xDD);
  CHECK_FALSE(b.lines.level(kA20));
  CHECK((b.controller(0xD0)[0] & 0x03) == 0x01);
  b.out8(0x64, 0xDF);
  CHECK(b.lines.level(kA20));
  b.out8(0x64, 0xDD);
  CHECK_FALSE(b.lines.level(kA20));
  b.out8(0x64, 0xFF);
  CHECK(b.lines.rises(kReset) == 0);
  b.out8(0x64, 0xFE);
  CHECK(b.lines.rises(kReset) == 1);
  b.out8(0x64, 0xD1);
  b.out8(0x60, 0x02);
  CHECK(b.lines.rises(kReset) == 2);
}

TEST_CASE("port 92: A20 is the or of both gates; fast reset on the rise of bit 0") {
  InputBench b;
  b.out8(0x64, 0xDD);
  CHECK_FALSE(b.lines.level(kA20));
  b.out8(0x92, 0x02);
  CHECK(b.lines.level(kA20));
  b.out8(0x64, 0xDF);
  b.out8(0x92, 0x00);
  CHECK(b.lines.level(kA20));
  b.out8(0x92, 0x01);
  b.out8(0x92, 0x01);
  CHECK(b.lines.rises(kReset) == 1);
  CHECK(b.in8(0x92) == 0x01);
}

TEST_CASE("8042: interrupts follow the buffer, one edge a byte") {
  InputBench b;
  b.press(0x04);
  b.release(0x04);
  b.advance(I8042::kByteTime);
  CHECK(b.lines.level(kIrq1));
  CHECK(b.in8(0x60) == 0x1E);
  CHECK_FALSE(b.lines.level(kIrq1));
  CHECK(b.in8(0x60) == 0x1E);  // the buffer keeps its value
  b.advance(I8042::kByteTime);
  CHECK(b.in8(0x60) == 0x9E);
  CHECK(b.lines.rises(kIrq1) == 2);
  b.set_command_byte(0x42);
  b.press(0x04);
  b.advance(I8042::kByteTime);
  CHECK((b.status() & 1) == 1);
  CHECK(b.lines.rises(kIrq1) == 2);
}

TEST_CASE("8042: a disabled port holds its bytes back") {
  InputBench b;
  b.out8(0x64, 0xAD);
  b.press(0x04);
  CHECK(b.drain().empty());
  b.out8(0x64, 0xAE);
  CHECK(b.drain() == Bytes{0x1E});
}

TEST_CASE("8042: D2 and D3 put bytes into the buffer as if from keyboard and mouse") {
  InputBench b;
  b.out8(0x64, 0xD2);
  b.out8(0x60, 0x12);
  CHECK(b.lines.level(kIrq1));
  CHECK(b.drain() == Bytes{0x12});
  b.out8(0x64, 0xD3);
  b.out8(0x60, 0x34);
  CHECK(b.lines.level(kIrq12));
  CHECK(b.drain() == Bytes{0x134});
}

TEST_CASE("keyboard: set 2, translated to set 1 and raw") {
  InputBench translated(0x43), raw(0x03);
  CHECK(translated.tap(0x04) == Bytes{0x1E, 0x9E});
  CHECK(raw.tap(0x04) == Bytes{0x1C, 0xF0, 0x1C});
  CHECK(translated.tap(0x40) == Bytes{0x41, 0xC1});  // F7
  CHECK(raw.tap(0x40) == Bytes{0x83, 0xF0, 0x83});
  CHECK(translated.tap(0x52) == Bytes{0xE0, 0x48, 0xE0, 0xC8});  // up
  CHECK(raw.tap(0x52) == Bytes{0xE0, 0x75, 0xE0, 0xF0, 0x75});
  CHECK(translated.tap(0xE4) == Bytes{0xE0, 0x1D, 0xE0, 0x9D});
}

TEST_CASE("keyboard: Pause and PrintScreen with their modifiers") {
  InputBench b(0x43);
  CHECK(b.tap(kUsagePause) == Bytes{0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5});
  CHECK(b.tap(kUsagePrintScreen) == Bytes{0xE0, 0x2A, 0xE0, 0x37, 0xE0, 0xB7, 0xE0, 0xAA});
  b.press(0xE1);
  b.drain();
  CHECK(b.tap(kUsagePrintScreen) == Bytes{0xE0, 0x37, 0xE0, 0xB7});
  b.release(0xE1);
  b.press(0xE2);
  b.drain();
  CHECK(b.tap(kUsagePrintScreen) == Bytes{0x54, 0xD4});
  b.release(0xE2);
  b.press(0xE0);
  b.drain();
  CHECK(b.tap(kUsagePause) == Bytes{0xE0, 0x46, 0xE0, 0xC6});
}

TEST_CASE("keyboard: every key of 104 has its own code in each set") {
  std::vector<uint32_t> usages;
  for (uint32_t u = 0x04; u <= 0x65; ++u) {
    if (u != 0x32) usages.push_back(u);  // the same key as 0x31, on another layout
  }
  for (uint32_t u = 0xE0; u <= 0xE7; ++u) usages.push_back(u);
  CHECK(usages.size() == 105);
  std::map<unsigned, uint32_t> set1, set2, set3;
  for (uint32_t u : usages) {
    ScanCode c = scan_code(u);
    INFO("usage " << std::hex << u);
    CHECK(c.set2 != 0);
    unsigned prefix = c.extended ? 0xE000u : 0;
    CHECK(set3.emplace(c.set3, u).second);
    if (u == kUsagePause) continue;  // its sequence ends like Num Lock, after E1
    CHECK(set2.emplace(prefix | c.set2, u).second);
    CHECK(set1.emplace(prefix | set1_from_set2(c.set2), u).second);
    CHECK((set1_from_set2(c.set2) & 0x80) == 0);
  }
  CHECK(scan_code(0x00).set2 == 0);
  CHECK(scan_code(0x12345).set2 == 0);
}

TEST_CASE("keyboard: scan-code sets by command F0") {
  InputBench b(0x03);
  CHECK(b.keyboard({0xF0, 0x00}) == Bytes{0xFA, 0xFA, 0x02});
  CHECK(b.keyboard({0xF0, 0x01}) == Bytes{0xFA, 0xFA});
  CHECK(b.tap(0x52) == Bytes{0xE0, 0x48, 0xE0, 0xC8});
  CHECK(b.tap(kUsagePause) == Bytes{0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5});
  CHECK(b.keyboard({0xF0, 0x03}) == Bytes{0xFA, 0xFA});
  CHECK(b.tap(0x52) == Bytes{0x63, 0xF0, 0x63});
  CHECK(b.keyboard({0xF0, 0x07}) == Bytes{0xFA, 0xFE});
}

TEST_CASE("keyboard: echo, identification, indicators, reset, resend, unknown commands") {
  InputBench b(0x03);
  CHECK(b.keyboard({0xEE}) == Bytes{0xEE});
  CHECK(b.keyboard({0xF2}) == Bytes{0xFA, 0xAB, 0x83});
  CHECK(b.keyboard({0xED, 0x05}) == Bytes{0xFA, 0xFA});
  CHECK(b.input.keyboard.leds() == 5);
  CHECK(b.keyboard({0xFF}) == Bytes{0xFA, 0xAA});
  CHECK(b.keyboard({0xFE}) == Bytes{0xAA});
  CHECK(b.keyboard({0x01}) == Bytes{0xFE});
  CHECK(b.keyboard({0xED, 0xF2}) == Bytes{0xFA, 0xFA, 0xAB, 0x83});  // a command ends the other one
}

TEST_CASE("keyboard: F5 stops scanning, F4 starts it") {
  InputBench b;
  b.keyboard({0xF5});
  CHECK(b.tap(0x04).empty());
  b.keyboard({0xF4});
  CHECK(b.tap(0x04) == Bytes{0x1E, 0x9E});
}

TEST_CASE("keyboard: typematic repeat in virtual time") {
  InputBench b;
  b.keyboard({0xF3, 0x00});  // 250 ms, 30 a second
  b.press(0x04);
  CHECK(b.drain(200 * kMs) == Bytes{0x1E});
  unsigned before = b.lines.rises(kIrq1);
  Bytes got;
  for (int i = 0; i < 1000; ++i) {
    b.advance(kMs);
    if ((b.status() & 1) != 0) got.push_back(b.in8(0x60));
  }
  CHECK(got.size() >= 27);
  CHECK(got.size() <= 30);
  CHECK(got == Bytes(got.size(), 0x1E));
  CHECK(b.lines.rises(kIrq1) - before == got.size());
  b.release(0x04);
  CHECK(b.drain(600 * kMs) == Bytes{0x9E});
}

TEST_CASE("keyboard: a full buffer ends in the overrun code") {
  InputBench b(0x03);
  b.out8(0x64, 0xAD);
  for (uint32_t u = 0x04; u < 0x1E; ++u) b.press(u);
  b.out8(0x64, 0xAE);
  Bytes got = b.drain();
  REQUIRE(got.size() == 17);
  CHECK(got.back() == 0x00);
  CHECK(got.front() == 0x1C);
}

TEST_CASE("keyboard: a reply never comes between a prefix and its code") {
  InputBench b(0x43);
  b.press(0x52);
  b.advance(I8042::kByteTime);
  CHECK(b.in8(0x60) == 0xE0);
  b.out8(0x60, 0xEE);
  CHECK(b.drain() == Bytes{0x48, 0xEE});
}

TEST_CASE("mouse: reset, identification, the knocks of IntelliMouse and Explorer") {
  InputBench b;
  CHECK(b.mouse({0xFF}) == Bytes{0xFA, 0xAA, 0x00});
  CHECK(b.mouse({0xF2}) == Bytes{0xFA, 0x00});
  b.mouse({0xF3, 200, 0xF3, 100, 0xF3, 80});
  CHECK(b.mouse({0xF2}) == Bytes{0xFA, 0x03});
  b.mouse({0xF3, 200, 0xF3, 200, 0xF3, 80});
  CHECK(b.mouse({0xF2}) == Bytes{0xFA, 0x04});
  b.mouse({0xFF});
  CHECK(b.mouse({0xF2}) == Bytes{0xFA, 0x00});
}

TEST_CASE("mouse: stream packets, signs, buttons, movement beyond nine bits") {
  InputBench b;
  CHECK(b.moved(5, 5).empty());  // reporting is off
  b.mouse({0xF4});
  CHECK(b.moved(5, -3) == Bytes{0x08, 5, 3});
  CHECK(b.lines.rises(kIrq12) != 0);
  CHECK(b.moved(-5, 3) == Bytes{0x38, 0xFB, 0xFD});
  CHECK(b.moved(0, 0, 0, 1) == Bytes{0x09, 0, 0});
  CHECK(b.moved(0, 0, 0, 6) == Bytes{0x0E, 0, 0});
  CHECK(b.moved(0, 0, 5, 6).empty());  // no wheel yet
  CHECK(b.moved(600, 0) == Bytes{0x08, 0xFF, 0, 0x08, 0xFF, 0, 0x08, 90, 0});
}

TEST_CASE("mouse: wheel and side buttons") {
  InputBench b;
  b.mouse({0xF3, 200, 0xF3, 100, 0xF3, 80, 0xF4});
  CHECK(b.moved(0, 0, 1) == Bytes{0x08, 0, 0, 0xFF});
  CHECK(b.moved(0, 0, -2) == Bytes{0x08, 0, 0, 0x02});
  b.mouse({0xF3, 200, 0xF3, 200, 0xF3, 80});
  CHECK(b.moved(0, 0, 1, 0x18) == Bytes{0x08, 0, 0, 0x3F});
}

TEST_CASE("mouse: the sampling rate limits packets, a click does not wait") {
  InputBench b;
  b.mouse({0xF3, 20, 0xF4});
  int packets = 0;
  for (int ms = 0; ms < 1000; ++ms) {
    b.input.mouse.move(1, 0, 0, 0, b.now);
    b.advance(kMs);
    if ((b.status() & 1) != 0 && (b.in8(0x60) & 0xC8) == 0x08) ++packets;
  }
  CHECK(packets >= 19);
  CHECK(packets <= 22);
  b.drain();
  b.input.mouse.move(0, 0, 0, 1, b.now);
  b.input.mouse.move(0, 0, 0, 0, b.now);
  Bytes clicks = b.drain();
  REQUIRE(clicks.size() == 6);
  CHECK((clicks[0] & 7) == 1);
  CHECK((clicks[3] & 7) == 0);
}

TEST_CASE("mouse: remote and wrap modes, resolution, scaling, status") {
  InputBench b;
  b.mouse({0xF0});
  CHECK(b.moved(7, 0).empty());
  CHECK(b.mouse({0xEB}) == Bytes{0xFA, 0x08, 7, 0});
  CHECK(b.mouse({0xEB}) == Bytes{0xFA, 0x08, 0, 0});
  b.mouse({0xEA, 0xEE});
  CHECK(b.mouse({0x55, 0xF4}) == Bytes{0x55, 0xF4});
  CHECK(b.mouse({0xEC}) == Bytes{0xFA});
  CHECK(b.mouse({0xE8, 0x03}) == Bytes{0xFA, 0xFA});
  CHECK(b.mouse({0xE8, 0x09}) == Bytes{0xFA, 0xFE});
  b.mouse({0x01, 0xE7, 0xF4});
  CHECK(b.moved(5, 0) == Bytes{0x08, 9, 0});
  CHECK(b.moved(-100, 0) == Bytes{0x18, 0x38, 0});
  CHECK(b.moved(0, 0, 0, 1) == Bytes{0x09, 0, 0});
  CHECK(b.mouse({0xE9}) == Bytes{0xFA, 0x34, 0x01, 100});
}

TEST_CASE("8042: saved, restored, poked at random") {
  check_state(StateTest<Input>{
      .make =
          [](Bench& b) {
            auto input = std::make_unique<Input>(b);
            b.out8(0x64, 0x60);
            b.out8(0x60, 0x43);
            return input;
          },
      .ports = {{.base = 0x60}, {.base = 0x64}, {.base = 0x92}},
      .stir =
          [](Input& in, Bench& b, uint64_t r) {
            if ((r & 1) != 0) {
              in.keyboard.key(static_cast<uint32_t>(r >> 8 & 0xFF), (r & 2) != 0, b.now);
            } else {
              in.mouse.move(static_cast<int16_t>(r >> 8), static_cast<int8_t>(r >> 24),
                            static_cast<int8_t>(r >> 32), static_cast<uint8_t>(r >> 40), b.now);
            }
          },
      .max_wait = 600 * kMs,
  });
}
