// Text as keystrokes: through the keyboard and its controller, as a guest reads them.
#include "frontend/input/typist.h"

#include <catch2/catch.hpp>
#include <string>

#include "devices/board/pc.h"

using namespace ilse;
using namespace ilse::ui;
using namespace std::string_literals;

namespace {

// Scan set 1, US layout, of what is typed below.
const std::string kPlain = "\0\0331234567890-=\b\tqwertyuiop[]\n\0asdfghjkl;'`\0\\zxcvbnm,./\0\0\0 "s;
const std::string kShifted = "\0\033!@#$%^&*()_+\b\tQWERTYUIOP{}\n\0ASDFGHJKL:\"~\0|ZXCVBNM<>?\0\0\0 "s;

struct Reader {
  std::unique_ptr<dev::Pc> pc;
  mem::VTime now{};
  std::string text;
  bool shift = false;

  Reader() {
    dev::BoardConfig config;
    config.ram_mib = 1;
    config.bios.assign(0x10000, 0xF4);
    auto made = dev::Pc::create(std::move(config));
    REQUIRE(made);
    pc = std::move(*made);
    // The keyboard on, scan codes translated, as a BIOS leaves it.
    out(0x64, 0xAE), out(0x64, 0x60), out(0x60, 0x41), out(0x60, 0xF4);
    wait(20);
    while ((in(0x64) & 1) != 0) in(0x60), wait(5);
  }
  void out(uint16_t port, unsigned v) { pc->io().write(port, 1, v, now); }
  unsigned in(uint16_t port) { return pc->io().read(port, 1, now); }
  void wait(unsigned ms) {
    now.ns += ms * 1'000'000ull;
    pc->scheduler().advance(now);
  }
  void read_one() {
    if ((in(0x64) & 1) == 0) return;
    const unsigned code = in(0x60), key = code & 0x7F;
    if (key == 0x2A) {
      shift = code < 0x80;
    } else if (code < 0x80 && key < kPlain.size()) {
      text += (shift ? kShifted : kPlain)[key];
    }
  }
};

}  // namespace

TEST_CASE("typist: a thousand characters arrive whole, however slowly the guest reads") {
  std::string text;
  for (unsigned i = 0; text.size() < 1000; ++i) text += static_cast<char>(i % 96 == 95 ? '\n' : ' ' + i % 95);
  for (unsigned every : {1u, 7u, 50u}) {
    Reader guest;
    Typist typist;
    CHECK(typist.type(text) == 0);
    for (unsigned ms = 0; ms < 1'000'000 && (typist.busy() || ms % 1000 != 0); ++ms) {
      guest.wait(1);
      for (auto& e : typist.next(guest.pc->keyboard_idle(), guest.now)) guest.pc->deliver(e, guest.now);
      if (ms % every == 0) guest.read_one();
    }
    for (int i = 0; i < 20; ++i) guest.wait(10), guest.read_one();
    CHECK(guest.text == text);
  }
}

TEST_CASE("typist: line ends are one key, what has no key is counted and left out") {
  Typist typist;
  CHECK(typist.type("a\r\nb\xC3\xA4\xE2\x82\xAC") == 2);
  unsigned keys = 0;
  for (uint64_t t = 0; typist.busy(); ++t) {
    if (!typist.next(true, {t * Typist::kPeriod}).empty()) ++keys;
  }
  CHECK(keys == 3);
  typist.type("abc");
  CHECK(typist.next(false, {1'000'000'000'000}).empty());
  CHECK_FALSE(typist.next(true, {1'000'000'000'000}).empty());
  CHECK(typist.next(true, {1'000'000'000'001}).empty());
  typist.stop();
  CHECK_FALSE(typist.busy());
}
