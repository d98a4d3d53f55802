// The planes through the window at A0000h: latches, write and read modes, chaining, the memory map.
#include "tests/devices/vga_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

// Planar, as mode 12h: 64 KiB at A0000h, all planes enabled.
struct Planar : VgaBench {
  Planar() {
    out(0x3C2, 0x63);
    seq(2, 0xF), seq(4, 6);
    gc(0, 0), gc(1, 0), gc(3, 0), gc(5, 0), gc(6, 5), gc(7, 0xF), gc(8, 0xFF);
  }
  void set_planes(uint32_t a, std::array<unsigned, 4> v) {
    gc(5, 0), gc(1, 0), gc(3, 0), gc(8, 0xFF);
    for (unsigned p = 0; p < 4; ++p) {
      seq(2, 1u << p);
      poke(a, v[p]);
    }
    seq(2, 0xF);
  }
  std::array<unsigned, 4> planes(uint32_t a) {
    std::array<unsigned, 4> v{};
    for (unsigned p = 0; p < 4; ++p) v[p] = static_cast<unsigned>(fb_read(4 * (a - 0xA0000) + p, 1));
    return v;
  }
  using P = std::array<unsigned, 4>;
};

}  // namespace

TEST_CASE("vga: read mode 0 gives the plane of Read Map Select and loads the latches") {
  Planar b;
  b.set_planes(0xA0010, {1, 2, 3, 4});
  for (unsigned p = 0; p < 4; ++p) {
    b.gc(4, p);
    CHECK(b.read(0xA0010) == p + 1);
  }
  CHECK(b.vga.state().latch == std::array<uint8_t, 4>{1, 2, 3, 4});
  b.set_planes(0xA0011, {9, 9, 9, 9});
  CHECK(b.peek_memory(0xA0011) == 9);
  CHECK(b.vga.state().latch == std::array<uint8_t, 4>{1, 2, 3, 4});
}

TEST_CASE("vga: write mode 0 rotates, sets and resets, combines and masks") {
  Planar b;
  b.gc(3, 3);  // rotate right by 3
  b.poke(0xA0000, 0x81);
  CHECK(b.planes(0xA0000) == Planar::P{0x30, 0x30, 0x30, 0x30});
  b.gc(3, 0), b.gc(0, 0x5), b.gc(1, 0x3);  // planes 0 and 1 from set/reset
  b.poke(0xA0000, 0x42);
  CHECK(b.planes(0xA0000) == Planar::P{0xFF, 0x00, 0x42, 0x42});
  for (auto [function, expected] : {std::pair{1u, 0x20u}, {2u, 0xE5u}, {3u, 0xC5u}, {0u, 0x64u}}) {
    b.set_planes(0xA0000, {0xA1, 0xA1, 0xA1, 0xA1});
    b.gc(1, 0), b.gc(3, function << 3);
    b.read(0xA0000);
    b.poke(0xA0000, 0x64);
    CHECK(b.planes(0xA0000)[2] == expected);
  }
  b.set_planes(0xA0000, {0xA1, 0xA1, 0xA1, 0xA1});
  b.gc(8, 0x0F);
  b.read(0xA0000);
  b.poke(0xA0000, 0x5A);
  CHECK(b.planes(0xA0000)[0] == 0xAA);
}

TEST_CASE("vga: write mode 1 copies the latches") {
  Planar b;
  b.set_planes(0xA0000, {1, 2, 3, 4});
  b.gc(5, 1);
  b.read(0xA0000);
  b.seq(2, 0xB);  // not plane 2
  b.poke(0xA1234, 0xEE);
  CHECK(b.planes(0xA1234) == Planar::P{1, 2, 0, 4});
}

TEST_CASE("vga: write mode 2 spreads the colour in the low four bits") {
  Planar b;
  b.set_planes(0xA0000, {0, 0xFF, 0, 0xFF});
  b.gc(5, 2), b.gc(8, 0x3C);
  b.read(0xA0000);
  b.poke(0xA0000, 0xF5);
  CHECK(b.planes(0xA0000) == Planar::P{0x3C, 0xC3, 0x3C, 0xC3});
}

TEST_CASE("vga: write mode 3 masks the set/reset colour with the rotated data") {
  Planar b;
  b.set_planes(0xA0000, {0, 0, 0xFF, 0xFF});
  b.gc(5, 3), b.gc(0, 0x9), b.gc(8, 0xF0), b.gc(3, 1);
  b.read(0xA0000);
  b.poke(0xA0000, 0xC3);  // rotated: E1; with the mask: E0
  CHECK(b.planes(0xA0000) == Planar::P{0xE0, 0x00, 0x1F, 0xFF});
}

TEST_CASE("vga: read mode 1 compares the planes that are cared about") {
  Planar b;
  b.set_planes(0xA0000, {0xF0, 0xCC, 0xAA, 0x01});
  b.gc(5, 8), b.gc(2, 0x5), b.gc(7, 0x7);
  CHECK(b.read(0xA0000) == (0xF0 & (0xCC ^ 0xFF) & 0xAA));
  b.gc(7, 0);
  CHECK(b.read(0xA0000) == 0xFF);
  b.gc(7, 0xF), b.gc(2, 0xD);
  CHECK(b.read(0xA0000) == (0xF0 & (0xCC ^ 0xFF) & 0xAA & 0x01));
}

TEST_CASE("vga: odd/even puts characters in plane 0 and attributes in plane 1") {
  VgaBench b;
  b.text_mode();
  b.poke(0xB8000, 0x1F41, 2);
  b.poke(0xB8002, 0x2E42, 2);
  CHECK(b.fb_read(0, 2) == 0x1F41);
  CHECK(b.fb_read(8, 2) == 0x2E42);
  CHECK(b.read(0xB8000, 4) == 0x2E421F41);
  CHECK(b.fb_read(2, 2) == 0);  // planes 2 and 3 untouched
}

TEST_CASE("vga: the memory map decides which addresses answer") {
  VgaBench b;
  b.out(0x3C2, 0x63);
  b.seq(2, 0xF), b.seq(4, 6), b.gc(8, 0xFF);
  struct Map {
    unsigned gc6;
    uint32_t first, last;
  };
  for (Map m :
       {Map{0, 0xA0000, 0xBFFFF}, {4, 0xA0000, 0xAFFFF}, {8, 0xB0000, 0xB7FFF}, {12, 0xB8000, 0xBFFFF}}) {
    b.gc(6, m.gc6);
    for (uint32_t a : {0xA0000, 0xAFFFF, 0xB0000, 0xB7FFF, 0xB8000, 0xBFFFF}) {
      b.poke(a, 0x5A);
      bool answers = a >= m.first && a <= m.last;
      CHECK(b.read(a) == (answers ? 0x5A : 0xFF));
      b.poke(a, 0);
    }
  }
  b.gc(6, 4);
  b.out(0x3C2, 0x61);  // RAM disabled
  CHECK(b.read(0xA0000) == 0xFF);
}

TEST_CASE("vga: chain-4 takes the plane from the low address bits") {
  VgaBench b;
  b.out(0x3C2, 0x63);
  b.seq(2, 0xF), b.seq(4, 0xE), b.gc(6, 5), b.gc(8, 0xFF);
  b.poke(0xA0004, 0x44332211, 4);
  CHECK(b.read(0xA0004, 4) == 0x44332211);
  // Unchained, the four bytes are at one address of the four planes: the same offset, low bits cleared.
  b.seq(4, 6);
  for (unsigned p = 0; p < 4; ++p) {
    b.gc(4, p);
    CHECK(b.read(0xA0004) == 0x11 * (p + 1));
  }
  b.seq(4, 0xE), b.seq(2, 0x2);
  b.poke(0xA0004, 0, 4);
  CHECK(b.read(0xA0004, 4) == 0x44330011);
}

TEST_CASE("vga: packed-pixel VBE modes are banked through the window") {
  VgaBench b;
  b.text_mode();
  b.gc(6, 5);
  b.dispi(1, 1024), b.dispi(2, 768), b.dispi(3, 8), b.dispi(4, 0x41);
  b.dispi(5, 3);
  b.poke(0xA1234, 0xBEEF, 2);
  CHECK(b.fb_read(0x31234, 2) == 0xBEEF);
  CHECK(b.read(0xA1234, 2) == 0xBEEF);
}
