// Terminal bytes to keys.
#include "frontend/terminal/key_decoder.h"

#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "frontend/input/keys.h"
#include "frontend/terminal/escape_filter.h"

using namespace ilse;
using namespace ilse::ui;

namespace {
std::vector<KeyStroke> decode(std::string_view bytes, bool flush = true) {
  KeyDecoder d;
  std::vector<KeyStroke> out;
  d.feed(bytes, out);
  if (flush) d.flush(out);
  return out;
}
KeyStroke one(std::string_view bytes) {
  auto v = decode(bytes);
  REQUIRE(v.size() == 1);
  return v[0];
}
}  // namespace

TEST_CASE("key decoder: letters, digits and symbols of a US keyboard") {
  CHECK(one("a") == KeyStroke{0x04});
  CHECK(one("Z") == KeyStroke{0x1D, true});
  CHECK(one("1") == KeyStroke{0x1E});
  CHECK(one("0") == KeyStroke{0x27});
  CHECK(one("!") == KeyStroke{0x1E, true});
  CHECK(one(")") == KeyStroke{0x27, true});
  CHECK(one("-") == KeyStroke{0x2D});
  CHECK(one("|") == KeyStroke{0x31, true});
  CHECK(one(";") == KeyStroke{0x33});
  CHECK(one("\"") == KeyStroke{0x34, true});
  CHECK(one("~") == KeyStroke{0x35, true});
  CHECK(one("/") == KeyStroke{0x38});
  CHECK(one(" ") == KeyStroke{0x2C});
  // Every printable character has a key of its own.
  std::map<std::pair<uint32_t, bool>, char> seen;
  for (char c = ' '; c <= '~'; ++c) {
    KeyStroke k = one(std::string(1, c));
    CHECK_FALSE(k.ctrl);
    CHECK(seen.emplace(std::pair{k.usage, k.shift}, c).second);
  }
}

TEST_CASE("key decoder: control characters") {
  CHECK(one("\r") == KeyStroke{0x28});
  CHECK(one("\n") == KeyStroke{0x28});
  CHECK(one("\t") == KeyStroke{0x2B});
  CHECK(one("\x7F") == KeyStroke{0x2A});
  CHECK(one("\x03") == KeyStroke{0x06, false, true});
  CHECK(one("\x1A") == KeyStroke{0x1D, false, true});
  CHECK(one("\x1C") == KeyStroke{0x31, false, true});
  CHECK(one(std::string_view("\0", 1)) == KeyStroke{0x2C, false, true});
}

TEST_CASE("key decoder: cursor and function keys, with modifiers") {
  CHECK(one("\x1B[A") == KeyStroke{0x52});
  CHECK(one("\x1BOD") == KeyStroke{0x50});
  CHECK(one("\x1B[H") == KeyStroke{0x4A});
  CHECK(one("\x1B[3~") == KeyStroke{0x4C});
  CHECK(one("\x1B[6~") == KeyStroke{0x4E});
  CHECK(one("\x1BOP") == KeyStroke{0x3A});
  CHECK(one("\x1B[15~") == KeyStroke{0x3E});
  CHECK(one("\x1B[24~") == KeyStroke{0x45});
  CHECK(one("\x1B[[E") == KeyStroke{0x3E});
  CHECK(one("\x1B[Z") == KeyStroke{0x2B, true});
  CHECK(one("\x1B[1;5C") == KeyStroke{0x4F, false, true});
  CHECK(one("\x1B[1;2P") == KeyStroke{0x3A, true});
  CHECK(one("\x1B[5;8~") == KeyStroke{0x4B, true, true, true});
}

TEST_CASE("key decoder: Escape, Alt and what is neither") {
  CHECK(decode("\x1B", false).empty());
  CHECK(one("\x1B") == KeyStroke{0x29});
  CHECK(one("\x1Bx") == KeyStroke{0x1B, false, false, true});
  CHECK(one("\x1B[") == KeyStroke{0x2F, false, false, true});
  CHECK(decode("\x1B\x1B[A") == std::vector<KeyStroke>{{0x29}, {0x52}});
  CHECK(decode("\x1B[99~a") == std::vector<KeyStroke>{{0x04}});
  CHECK(decode("\x1B[?1;2ca") == std::vector<KeyStroke>{{0x04}});
  CHECK(decode("\xC3\xA4").empty());
  CHECK(decode("\x1B[11111111111111111111111111111111", false).size() < 20);
}

TEST_CASE("key decoder: a sequence may come in pieces") {
  KeyDecoder d;
  std::vector<KeyStroke> out;
  for (char c : std::string_view("\x1B[1;5A")) {
    CHECK(out.empty());
    d.feed({&c, 1}, out);
  }
  CHECK(out == std::vector<KeyStroke>{{0x52, false, true}});
  CHECK_FALSE(d.waiting());
}

TEST_CASE("key decoder: any bytes give known keys only, and it recovers") {
  std::mt19937 random(3);
  KeyDecoder d;
  for (int i = 0; i < 20000; ++i) {
    std::vector<KeyStroke> out;
    char c = static_cast<char>(random() % 3 == 0 ? "\x1B[O;0~"[random() % 6] : random());
    d.feed({&c, 1}, out);
    for (const KeyStroke& k : out) REQUIRE((k.usage >= 0x04 && k.usage <= 0x52));
  }
  std::vector<KeyStroke> out;
  d.flush(out);
  out.clear();
  d.feed("a", out);
  CHECK(out == std::vector<KeyStroke>{{0x04}});
}

TEST_CASE("key strokes become presses and releases in the right order") {
  auto e = stroke_events({0x4C, false, true, true});
  REQUIRE(e.size() == 6);
  std::vector<uint64_t> values;
  for (auto& x : e) values.push_back(x.value);
  CHECK(values == std::vector<uint64_t>{0xE0, 0xE2, 0x4C, 0x1004C, 0x100E2, 0x100E0});
}

TEST_CASE("escape filter: Ctrl-A commands") {
  EscapeFilter f;
  std::string data, commands;
  auto take = [&](TerminalCommand c) { commands += "qshb"[static_cast<int>(c)]; };
  f.feed("ab\x01", data, take);
  f.feed(
      "xc\x01"
      "c\x01"
      "h\x01\x01\x01"
      "a\x01z\x01"
      "bd",
      data, take);
  CHECK(data ==
        "abc\x01\x01"
        "d");
  CHECK(commands == "qshb");
}

TEST_CASE("held keys: repeats are swallowed, nothing sticks") {
  std::vector<uint64_t> values;
  HeldKeys k([&](const dev::OutsideEvent& e) { values.push_back(e.value); });
  k.press(4);
  k.press(4);
  k.press(0xE0);
  CHECK(k.held(0xE0));
  k.release(4);
  k.release(4);
  k.press(5);
  k.release_all();
  k.release_all();
  CHECK(values == std::vector<uint64_t>{4, 0xE0, 0x10004, 5, 0x10005, 0x100E0});
}

TEST_CASE("mouse events pack signed movement") {
  CHECK(mouse_event(5, -1, 2, -3).value == 0xFD'0002'FFFF'05);
  CHECK(mouse_event(0, 100000, -100000, 1000).value == (0x7Full << 40 | 0x8001ull << 24 | 0x7FFFull << 8));
}
