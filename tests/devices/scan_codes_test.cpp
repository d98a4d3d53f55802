// What every key of a 104-key keyboard sends: the tables of IBM's PS/2 Hardware Interface Technical
// Reference, "Keyboard", and of Microsoft's Keyboard Scan Code Specification for the three that Windows
// added, written down once more here, sets 1 and 2 apart, so that neither follows from the other.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "devices/input/a20_gate.h"
#include "devices/input/i8042.h"
#include "devices/input/ps2_keyboard.h"
#include "devices/input/ps2_mouse.h"
#include "tests/devices/bench.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

using Bytes = std::vector<int>;
constexpr uint64_t kMs = 1'000'000;
constexpr uint32_t kLeftCtrl = 0xE0, kLeftShift = 0xE1, kLeftAlt = 0xE2, kRightCtrl = 0xE4,
                   kRightShift = 0xE5, kRightAlt = 0xE6, kPrintScreen = 0x46, kPause = 0x48, kInsert = 0x49,
                   kKeypadSlash = 0x54;

// A key's make code in sets 1 and 2. Its break code is 80h more, or has F0h before it; E0h stays in front.
struct Key {
  uint32_t usage;
  int set1, set2;
  bool extended = false;
};

constexpr Key kKeys[] = {
    // ` 1 .. 0 - = Backspace
    {0x35, 0x29, 0x0E},
    {0x1E, 0x02, 0x16},
    {0x1F, 0x03, 0x1E},
    {0x20, 0x04, 0x26},
    {0x21, 0x05, 0x25},
    {0x22, 0x06, 0x2E},
    {0x23, 0x07, 0x36},
    {0x24, 0x08, 0x3D},
    {0x25, 0x09, 0x3E},
    {0x26, 0x0A, 0x46},
    {0x27, 0x0B, 0x45},
    {0x2D, 0x0C, 0x4E},
    {0x2E, 0x0D, 0x55},
    {0x2A, 0x0E, 0x66},
    // Tab Q .. P [ ] backslash
    {0x2B, 0x0F, 0x0D},
    {0x14, 0x10, 0x15},
    {0x1A, 0x11, 0x1D},
    {0x08, 0x12, 0x24},
    {0x15, 0x13, 0x2D},
    {0x17, 0x14, 0x2C},
    {0x1C, 0x15, 0x35},
    {0x18, 0x16, 0x3C},
    {0x0C, 0x17, 0x43},
    {0x12, 0x18, 0x44},
    {0x13, 0x19, 0x4D},
    {0x2F, 0x1A, 0x54},
    {0x30, 0x1B, 0x5B},
    {0x31, 0x2B, 0x5D},
    // Caps Lock A .. L ; ' Enter
    {0x39, 0x3A, 0x58},
    {0x04, 0x1E, 0x1C},
    {0x16, 0x1F, 0x1B},
    {0x07, 0x20, 0x23},
    {0x09, 0x21, 0x2B},
    {0x0A, 0x22, 0x34},
    {0x0B, 0x23, 0x33},
    {0x0D, 0x24, 0x3B},
    {0x0E, 0x25, 0x42},
    {0x0F, 0x26, 0x4B},
    {0x33, 0x27, 0x4C},
    {0x34, 0x28, 0x52},
    {0x28, 0x1C, 0x5A},
    // Shift Z .. M , . / Shift
    {kLeftShift, 0x2A, 0x12},
    {0x1D, 0x2C, 0x1A},
    {0x1B, 0x2D, 0x22},
    {0x06, 0x2E, 0x21},
    {0x19, 0x2F, 0x2A},
    {0x05, 0x30, 0x32},
    {0x11, 0x31, 0x31},
    {0x10, 0x32, 0x3A},
    {0x36, 0x33, 0x41},
    {0x37, 0x34, 0x49},
    {0x38, 0x35, 0x4A},
    {kRightShift, 0x36, 0x59},
    // Ctrl Windows Alt Space Alt Windows Menu Ctrl
    {kLeftCtrl, 0x1D, 0x14},
    {0xE3, 0x5B, 0x1F, true},
    {kLeftAlt, 0x38, 0x11},
    {0x2C, 0x39, 0x29},
    {kRightAlt, 0x38, 0x11, true},
    {0xE7, 0x5C, 0x27, true},
    {0x65, 0x5D, 0x2F, true},
    {kRightCtrl, 0x1D, 0x14, true},
    // Insert Delete Left Home End Up Down Page Up Page Down Right
    {kInsert, 0x52, 0x70, true},
    {0x4C, 0x53, 0x71, true},
    {0x50, 0x4B, 0x6B, true},
    {0x4A, 0x47, 0x6C, true},
    {0x4D, 0x4F, 0x69, true},
    {0x52, 0x48, 0x75, true},
    {0x51, 0x50, 0x72, true},
    {0x4B, 0x49, 0x7D, true},
    {0x4E, 0x51, 0x7A, true},
    {0x4F, 0x4D, 0x74, true},
    // Num Lock / * - 7 8 9 + 4 5 6 1 2 3 Enter 0 .
    {0x53, 0x45, 0x77},
    {kKeypadSlash, 0x35, 0x4A, true},
    {0x55, 0x37, 0x7C},
    {0x56, 0x4A, 0x7B},
    {0x5F, 0x47, 0x6C},
    {0x60, 0x48, 0x75},
    {0x61, 0x49, 0x7D},
    {0x57, 0x4E, 0x79},
    {0x5C, 0x4B, 0x6B},
    {0x5D, 0x4C, 0x73},
    {0x5E, 0x4D, 0x74},
    {0x59, 0x4F, 0x69},
    {0x5A, 0x50, 0x72},
    {0x5B, 0x51, 0x7A},
    {0x58, 0x1C, 0x5A, true},
    {0x62, 0x52, 0x70},
    {0x63, 0x53, 0x71},
    // Escape F1 .. F12 Scroll Lock
    {0x29, 0x01, 0x76},
    {0x3A, 0x3B, 0x05},
    {0x3B, 0x3C, 0x06},
    {0x3C, 0x3D, 0x04},
    {0x3D, 0x3E, 0x0C},
    {0x3E, 0x3F, 0x03},
    {0x3F, 0x40, 0x0B},
    {0x40, 0x41, 0x83},
    {0x41, 0x42, 0x0A},
    {0x42, 0x43, 0x01},
    {0x43, 0x44, 0x09},
    {0x44, 0x57, 0x78},
    {0x45, 0x58, 0x07},
    {0x47, 0x46, 0x7E},
};
constexpr size_t kOthers = 2;  // PrintScreen and Pause

// Keyboard and controller. Set 1 twice: translated from set 2 by the controller, and the keyboard's own.
enum class Set { Translated, One, Two };

struct KeyBench : Bench {
  explicit KeyBench(Set set)
      : gate(lines.line(20)),
        keyboard(scheduler),
        mouse(scheduler),
        kbc(scheduler, keyboard, mouse,
            {lines.line(1), lines.line(12), {gate, A20Gate::kKeyboardController}, lines.line(21)}) {
    io.map(0x60, 1, kbc);
    io.map(0x64, 1, kbc, 1, 4);
    out8(0x64, 0x60);
    out8(0x60, set == Set::Translated ? 0x43 : 0x03);
    if (set == Set::One) command({0xF0, 0x01});
  }
  void command(std::initializer_list<int> bytes) {
    for (int v : bytes) {
      out8(0x60, static_cast<uint32_t>(v));
      drain();
    }
  }
  Bytes drain(uint64_t wait = 2 * kMs) {
    Bytes got;
    for (uint64_t waited = 0; waited < wait; waited += I8042::kByteTime) {
      advance(I8042::kByteTime);
      if ((in8(0x64) & 1) == 0) continue;
      got.push_back(in8(0x60));
      waited = 0;
    }
    return got;
  }
  Bytes make(uint32_t usage) {
    keyboard.key(usage, true, now);
    return drain();
  }
  Bytes let_go(uint32_t usage) {
    keyboard.key(usage, false, now);
    return drain();
  }
  void hold(std::initializer_list<uint32_t> usages) {
    for (uint32_t u : usages) make(u);
  }
  A20Gate gate;
  Ps2Keyboard keyboard;
  Ps2Mouse mouse;
  I8042 kbc;
};

struct Sent {
  Bytes make, let_go;
  bool operator==(const Sent&) const = default;
};

// What a key sends while others are held, in both forms of set 1, which have to be the same, or in set 2.
Sent sent(bool set1, uint32_t usage, std::initializer_list<uint32_t> held = {}, bool num_lock = false) {
  auto by = [&](Set set) {
    KeyBench b(set);
    if (num_lock) b.command({0xED, 0x02});
    b.hold(held);
    Bytes make = b.make(usage);
    return Sent{std::move(make), b.let_go(usage)};
  };
  if (!set1) return by(Set::Two);
  Sent translated = by(Set::Translated);
  CHECK(translated == by(Set::One));
  return translated;
}

}  // namespace

TEST_CASE("scan codes: make and break of 104 keys in sets 1 and 2") {
  CHECK(std::size(kKeys) + kOthers == 104);
  for (const Key& k : kKeys) {
    INFO("usage " << std::hex << k.usage);
    auto with_prefix = [&](Bytes code) {
      if (k.extended) code.insert(code.begin(), 0xE0);
      return code;
    };
    CHECK(sent(true, k.usage) == Sent{with_prefix({k.set1}), with_prefix({k.set1 | 0x80})});
    CHECK(sent(false, k.usage) == Sent{with_prefix({k.set2}), with_prefix({0xF0, k.set2})});
  }
}

TEST_CASE("scan codes: PrintScreen by its modifiers") {
  const Sent plain1{{0xE0, 0x2A, 0xE0, 0x37}, {0xE0, 0xB7, 0xE0, 0xAA}};
  const Sent plain2{{0xE0, 0x12, 0xE0, 0x7C}, {0xE0, 0xF0, 0x7C, 0xE0, 0xF0, 0x12}};
  CHECK(sent(true, kPrintScreen) == plain1);
  CHECK(sent(false, kPrintScreen) == plain2);
  CHECK(sent(true, kPrintScreen, {}, true) == plain1);
  for (uint32_t held : {kLeftCtrl, kRightCtrl, kLeftShift, kRightShift}) {
    CHECK(sent(true, kPrintScreen, {held}) == Sent{{0xE0, 0x37}, {0xE0, 0xB7}});
    CHECK(sent(false, kPrintScreen, {held}) == Sent{{0xE0, 0x7C}, {0xE0, 0xF0, 0x7C}});
  }
  for (uint32_t held : {kLeftAlt, kRightAlt}) {  // SysRq
    CHECK(sent(true, kPrintScreen, {held}) == Sent{{0x54}, {0xD4}});
    CHECK(sent(false, kPrintScreen, {held}) == Sent{{0x84}, {0xF0, 0x84}});
  }
}

TEST_CASE("scan codes: Pause has no break code, and is Break with Ctrl") {
  CHECK(sent(true, kPause) == Sent{{0xE1, 0x1D, 0x45, 0xE1, 0x9D, 0xC5}, {}});
  CHECK(sent(false, kPause) == Sent{{0xE1, 0x14, 0x77, 0xE1, 0xF0, 0x14, 0xF0, 0x77}, {}});
  for (uint32_t held : {kLeftCtrl, kRightCtrl}) {
    CHECK(sent(true, kPause, {held}) == Sent{{0xE0, 0x46, 0xE0, 0xC6}, {}});
    CHECK(sent(false, kPause, {held}) == Sent{{0xE0, 0x7E, 0xE0, 0xF0, 0x7E}, {}});
  }
  KeyBench b(Set::Translated);
  b.make(kPause);
  CHECK(b.drain(2000 * kMs).empty());  // nor does it repeat
}

TEST_CASE("scan codes: the cursor keys undo the shifts and put one on with Num Lock") {
  for (uint32_t usage = kInsert; usage <= 0x52; ++usage) {
    INFO("usage " << std::hex << usage);
    const Key* key =
        std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& k) { return k.usage == usage; });
    const int one = key->set1, two = key->set2;
    const Sent base1{{0xE0, one}, {0xE0, one | 0x80}}, base2{{0xE0, two}, {0xE0, 0xF0, two}};
    CHECK(sent(true, usage, {kLeftShift}) == Sent{{0xE0, 0xAA, 0xE0, one}, {0xE0, one | 0x80, 0xE0, 0x2A}});
    CHECK(sent(true, usage, {kRightShift}) == Sent{{0xE0, 0xB6, 0xE0, one}, {0xE0, one | 0x80, 0xE0, 0x36}});
    CHECK(sent(true, usage, {}, true) == Sent{{0xE0, 0x2A, 0xE0, one}, {0xE0, one | 0x80, 0xE0, 0xAA}});
    CHECK(sent(true, usage, {kLeftShift}, true) == base1);
    CHECK(sent(true, usage, {kLeftCtrl, kLeftAlt}) == base1);
    CHECK(sent(false, usage, {kLeftShift}) ==
          Sent{{0xE0, 0xF0, 0x12, 0xE0, two}, {0xE0, 0xF0, two, 0xE0, 0x12}});
    CHECK(sent(false, usage, {kLeftShift, kRightShift}) ==
          Sent{{0xE0, 0xF0, 0x12, 0xE0, 0xF0, 0x59, 0xE0, two}, {0xE0, 0xF0, two, 0xE0, 0x12, 0xE0, 0x59}});
    CHECK(sent(false, usage, {}, true) == Sent{{0xE0, 0x12, 0xE0, two}, {0xE0, 0xF0, two, 0xE0, 0xF0, 0x12}});
    CHECK(sent(false, usage, {kRightShift}, true) == base2);
  }
  // The keypad's slash: the shifts only.
  CHECK(sent(true, kKeypadSlash, {kLeftShift}) == Sent{{0xE0, 0xAA, 0xE0, 0x35}, {0xE0, 0xB5, 0xE0, 0x2A}});
  CHECK(sent(false, kKeypadSlash, {kRightShift}) ==
        Sent{{0xE0, 0xF0, 0x59, 0xE0, 0x4A}, {0xE0, 0xF0, 0x4A, 0xE0, 0x59}});
  CHECK(sent(true, kKeypadSlash, {}, true) == Sent{{0xE0, 0x35}, {0xE0, 0xB5}});
  CHECK(sent(true, 0x55, {kLeftShift}) == Sent{{0x37}, {0xB7}});  // the star is itself
}

TEST_CASE("scan codes: typematic delay and rate, all 128 of them") {
  // Characters a second by bits 4:0, as the table of command F3 rounds them.
  constexpr double kRate[32] = {30.0, 26.7, 24.0, 21.8, 20.0, 18.5, 17.1, 16.0, 15.0, 13.3, 12.0,
                                10.9, 10.0, 9.2,  8.6,  8.0,  7.5,  6.7,  6.0,  5.5,  5.0,  4.6,
                                4.3,  4.0,  3.7,  3.3,  3.0,  2.7,  2.5,  2.3,  2.1,  2.0};
  for (int setting = 0; setting < 128; ++setting) {
    INFO("setting " << setting);
    KeyBench b(Set::Translated);
    b.command({0xF3, setting});
    b.keyboard.key(0x04, true, b.now);
    std::vector<double> at;
    const auto pressed = b.now.ns;
    while (at.size() < 6) {
      b.advance(I8042::kByteTime / 4);
      if ((b.in8(0x64) & 1) == 0) continue;
      CHECK(b.in8(0x60) == 0x1E);
      at.push_back(static_cast<double>(b.now.ns - pressed) / 1e6);
    }
    CHECK(at[1] - at[0] == Approx(250 * ((setting >> 5) + 1)).margin(2));
    CHECK(4000 / (at[5] - at[1]) == Approx(kRate[setting & 31]).epsilon(0.03));
  }
}

TEST_CASE("scan codes: the key pressed last repeats, and no other takes its place") {
  KeyBench b(Set::Translated);
  b.command({0xF3, 0x00});
  b.make(0x04);
  b.make(0x05);
  const Bytes got = b.drain(20 * kMs);
  CHECK(got.empty());
  b.advance(300 * kMs);
  CHECK(b.drain().front() == 0x30);
  b.let_go(0x05);
  CHECK(b.drain(1000 * kMs).empty());
  CHECK(b.let_go(0x04) == Bytes{0x9E});
}
