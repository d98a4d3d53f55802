// Graphics modes: planar, CGA-compatible, 256 colours, and the Bochs display interface's.
#include "tests/devices/vga_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {
struct Graphics : VgaBench {
  Graphics() {
    for (unsigned i = 0; i < 256; ++i) dac(i, i & 63, 0, i >> 6);
  }
  static uint32_t entry(unsigned i) {
    auto six = [](unsigned v) { return (v << 2 | v >> 4) & 0xFF; };
    return 0xFF000000 | six(i & 63) << 16 | six(i >> 6);
  }
};
}  // namespace

TEST_CASE("vga graphics: mode 13h") {
  Graphics b;
  b.load(0x63, {3, 1, 0xF, 0, 0xE}, {0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0,    0x41, 0,    0,   0,
                                     0,    0,    0,    0x9C, 0x8E, 0x8F, 0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF},
         {0, 0, 0, 0, 0, 0x40, 5, 0xF, 0xFF},
         {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 0xF, 0, 0});
  b.poke(0xA0000 + 320 * 100 + 33, 200);
  b.poke(0xA0000 + 320 * 199 + 319, 77);
  Frame f = b.image();
  REQUIRE(f.width == 640);
  REQUIRE(f.height == 400);
  for (unsigned y : {200, 201}) {
    CHECK(f.row(y)[65] == Graphics::entry(0));
    CHECK(f.row(y)[66] == Graphics::entry(200));
    CHECK(f.row(y)[67] == Graphics::entry(200));
    CHECK(f.row(y)[68] == Graphics::entry(0));
  }
  CHECK(f.row(202)[66] == Graphics::entry(0));
  CHECK(f.row(399)[639] == Graphics::entry(77));
  CHECK(b.grid().rows == 0);
  CHECK(b.vga.graphics());
}

TEST_CASE("vga graphics: mode 12h") {
  Graphics b;
  b.load(0xE3, {3, 1, 0xF, 0, 6}, {0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0x0B, 0x3E, 0,    0x40, 0,    0,   0,
                                   0,    0,    0,    0xEA, 0x8C, 0xDF, 0x28, 0,    0xE7, 0x04, 0xE3, 0xFF},
         {0, 0, 0, 0, 0, 0, 5, 0xF, 0xFF},
         {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 0, 0xF, 0, 0});
  b.gc(5, 2), b.gc(8, 0x10);
  b.poke(0xA0000 + 80 * 479 + 79, 0xA);
  Frame f = b.image();
  REQUIRE(f.width == 640);
  REQUIRE(f.height == 480);
  CHECK(f.row(479)[635] == Graphics::entry(10));
  CHECK(f.row(479)[634] == Graphics::entry(0));
  CHECK(f.row(479)[636] == Graphics::entry(0));
}

TEST_CASE("vga graphics: CGA's four colours in two banks of lines") {
  Graphics b;
  b.load(0x63, {3, 9, 3, 0, 2}, {0x2D, 0x27, 0x28, 0x90, 0x2B, 0x80, 0xBF, 0x1F, 0,    0xC1, 0,    0,   0,
                                 0,    0,    0,    0x9C, 0x8E, 0x8F, 0x14, 0,    0x96, 0xB9, 0xA2, 0xFF},
         {0, 0, 0, 0, 0, 0x30, 0xF, 0, 0xFF},
         {0, 5, 6, 7, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 1, 0, 3, 0, 0});
  b.poke(0xB8000, 0x1B);            // line 0: colours 0 1 2 3
  b.poke(0xB8001, 0xC0);            // and 3 0 0 0
  b.poke(0xBA000 + 80 * 99, 0xFF);  // line 199: all 3
  Frame f = b.image();
  REQUIRE(f.width == 640);
  REQUIRE(f.height == 400);
  for (unsigned y : {0, 1}) {
    for (unsigned i = 0; i < 4; ++i) CHECK(f.row(y)[2 * i] == Graphics::entry(i == 0 ? 0 : 4 + i));
    CHECK(f.row(y)[8] == Graphics::entry(7));
    CHECK(f.row(y)[10] == Graphics::entry(0));
  }
  CHECK(f.row(399)[0] == Graphics::entry(7));
  CHECK(f.row(397)[0] == Graphics::entry(0));
}

TEST_CASE("vga graphics: display interface modes of every depth") {
  Graphics b;
  b.out(0x3C2, 0x63);
  b.attr(0x12, 0xF);
  for (unsigned i = 0; i < 16; ++i) b.attr(i, i);
  for (unsigned bpp : {8, 15, 16, 24, 32}) {
    b.dispi(4, 0);
    b.dispi(1, 800), b.dispi(2, 600), b.dispi(3, bpp), b.dispi(4, 0x41);
    unsigned bytes = (bpp + 7) / 8;
    uint32_t value = bpp == 8 ? 77 : bpp == 15 ? 0x7C1F : bpp == 16 ? 0xF81F : 0xFF00FF;
    b.fb_write((800ull * 599 + 799) * bytes, bytes == 3 ? 4 : bytes, value);
    Frame f = b.image();
    REQUIRE(f.width == 800);
    REQUIRE(f.height == 600);
    CHECK(f.row(599)[799] == (bpp == 8 ? Graphics::entry(77) : 0xFFFF00FF));
    CHECK(f.row(599)[798] == (bpp == 8 ? Graphics::entry(0) : 0xFF000000));
  }
  b.dispi(4, 0);
  b.dispi(3, 4), b.dispi(4, 0x41);
  b.fb_write((100ull * 599 + 99) * 4 + 3, 1, 1);
  CHECK(b.image().row(599)[799] == Graphics::entry(8));
}

TEST_CASE("vga graphics: display interface scrolling and the 8-bit DAC") {
  Graphics b;
  b.attr(0x12, 0xF);
  b.dispi(1, 640), b.dispi(2, 480), b.dispi(3, 8), b.dispi(4, 0x61);
  b.dispi(6, 1024), b.dispi(8, 16), b.dispi(9, 100);
  b.fb_write(1024 * 100 + 16, 1, 9);
  b.dac(9, 0xAB, 0xCD, 0xEF);
  CHECK(b.image().row(0)[0] == 0xFFABCDEF);
}
