// A guest that writes anything anywhere: every port of the display, its registers in memory and all of its
// memory. Nothing may break, and no picture may take for ever.
#include <chrono>
#include <cstdlib>
#include <random>

#include "devices/display/screen_painter.h"
#include "tests/devices/vga_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

struct Hostile : VgaBench {
  std::mt19937 random;
  ScreenPainter painter{vga};
  std::array<PaintedFrame, 3> frames;

  explicit Hostile(unsigned seed) : random(seed) {}

  uint64_t any(uint64_t below) { return (uint64_t{random()} << 32 | random()) % below; }
  // Often of the kind that means something.
  unsigned value() {
    constexpr std::array<unsigned, 8> kTelling{0, 1, 0x20, 0x40, 0x7F, 0x80, 0xFE, 0xFF};
    return random() % 3 == 0 ? kTelling[random() % 8] : random() & 0xFF;
  }

  void step() {
    now.ns += any(random() % 8 == 0 ? 40'000'000 : 30'000);
    const unsigned width = 1u << random() % 4;
    switch (random() % 12) {
      case 0: out(static_cast<uint16_t>(0x3B0 + random() % 0x30), value()); break;
      case 1: in(static_cast<uint16_t>(0x3B0 + random() % 0x30)); break;
      case 2:
        indexed(static_cast<uint16_t>(random() % 2 != 0 ? 0x3D4 : 0x3B4), random() % 0x40, value());
        break;
      case 3: indexed(random() % 2 != 0 ? 0x3C4 : 0x3CE, random() % 16, value()); break;
      case 4: attr(random() % 0x20, value()); break;
      case 5: dispi(random() % 12, random() % 3 != 0 ? random() % 2600 : random() & 0xFFFF); break;
      case 6: {
        // Modes that are possible, so that those are seen too.
        constexpr std::array<unsigned, 6> kDepths{4, 8, 15, 16, 24, 32};
        dispi(4, 0);
        dispi(1, random() % 900), dispi(2, random() % 700), dispi(3, kDepths[random() % 6]);
        dispi(4, 0x41 | (random() % 2 != 0 ? 0x20 : 0));
        break;
      }
      case 7:
      case 8: poke(0xA0000 + static_cast<uint32_t>(any(Vga::kWindowSize / 8) * 8), random(), width); break;
      case 9: read(0xA0000 + static_cast<uint32_t>(any(Vga::kWindowSize / 8) * 8), width); break;
      case 10: fb_write(any(Vga::kMemorySize - 8), width, any(UINT64_MAX)); break;
      default:
        vga.registers().mmio_write(any(Vga::kRegistersSize / 8) * 8, width, any(UINT64_MAX), now);
        break;
    }
    if (random() % 5000 == 0) vga.set_monitor(random() & 0xFFFF, random() & 0xFFFF);
  }
  void look() {
    painter.look(now);
    painter.paint(now, frames[random() % 3]);
    const Frame whole = image();
    CHECK(whole.pixels.size() == size_t{whole.width} * whole.height);
    grid();
    vga.registers().mmio_peek(any(Vga::kRegistersSize / 8) * 8, 8, now);
  }
};

}  // namespace

TEST_CASE("vga: a hostile guest gets nowhere") {
  for (unsigned seed = 0; seed < 20; ++seed) {
    Hostile h(seed);
    if (seed % 2 == 0) h.text_mode();
    for (int round = 0; round < 20; ++round) {
      for (int i = 0; i < 400; ++i) h.step();
      h.look();
    }
  }
}

// For a run under the sanitizers: test_devices "[hostile]", ILSE_HOSTILE_SECONDS long.
TEST_CASE("vga: a hostile guest gets nowhere in a long time", "[.][hostile]") {
  const char* text = std::getenv("ILSE_HOSTILE_SECONDS");
  const std::chrono::seconds time(text != nullptr ? std::atoi(text) : 60);
  const auto end = std::chrono::steady_clock::now() + time;
  uint64_t steps = 0;
  for (unsigned seed = 1000; std::chrono::steady_clock::now() < end; ++seed) {
    Hostile h(seed);
    for (int round = 0; round < 50 && std::chrono::steady_clock::now() < end; ++round) {
      for (int i = 0; i < 1000; ++i, ++steps) h.step();
      h.look();
    }
  }
  WARN(steps << " steps");
}
