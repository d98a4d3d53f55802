// Registers that change while the beam is on its way down the screen.
#include "devices/display/vga_timing.h"
#include "tests/devices/vga_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

struct Raster13h : VgaBench {
  Raster13h() {
    load(0x63, {3, 1, 0xF, 0, 0xE}, {0x5F, 0x4F, 0x50, 0x82, 0x54, 0x80, 0xBF, 0x1F, 0,    0x41, 0,    0,   0,
                                     0,    0,    0,    0x9C, 0x8E, 0x8F, 0x28, 0x40, 0x96, 0xB9, 0xA3, 0xFF},
         {0, 0, 0, 0, 0, 0x40, 5, 0xF, 0xFF},
         {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0x41, 0, 0xF, 0, 0});
    dac(0, 0, 0, 0);
    // Each pixel of a line has its column's number.
    for (unsigned i = 0; i < 320 * 200; ++i) poke(0xA0000 + i, i % 320 & 0xFF);
  }
  // The start of the given line of the given frame.
  void go_to(uint64_t frame, unsigned line) {
    constexpr uint64_t kLineDots = 800, kLines = 449;
    now = {mem::muldiv_up((frame * kLines + line) * kLineDots + 10, mem::kSecond, 25'175'000)};
  }
};

}  // namespace

TEST_CASE("vga raster: the beam's line is what the test takes it for") {
  Raster13h b;
  for (unsigned line : {0u, 1u, 77u, 399u, 448u}) {
    b.go_to(5, line);
    CHECK(beam_position(b.vga.state(), b.now).line == line);
    CHECK(beam_position(b.vga.state(), b.now).frame == 5);
  }
}

TEST_CASE("vga raster: a colour that changes three times a frame has three bands") {
  Raster13h b;
  auto background = [&](unsigned red) { b.dac(0, red, 0, 0); };
  for (uint64_t frame : {10, 11}) {
    b.go_to(frame, 100), background(10);
    b.go_to(frame, 200), background(20);
    b.go_to(frame, 420), background(0);
  }
  b.go_to(12, 50);
  Frame f = b.image();
  auto red = [&](unsigned y) { return f.row(y)[0] >> 18 & 63; };
  CHECK(red(0) == 0);
  CHECK(red(99) == 0);
  CHECK(red(100) == 10);
  CHECK(red(199) == 10);
  CHECK(red(200) == 20);
  CHECK(red(399) == 20);
  CHECK(b.vga.raster_id(b.now) != 0);
  // Nobody changed anything in frame 12: in 13 the registers are what they are.
  b.go_to(13, 50);
  CHECK(b.vga.raster_id(b.now) == 0);
  f = b.image();
  CHECK(red(300) == 0);
}

TEST_CASE("vga raster: without the write after the picture the next frame's is the frame's end") {
  Raster13h b;
  b.go_to(10, 100), b.dac(0, 10, 0, 0);
  b.go_to(11, 50), b.dac(0, 30, 0, 0);
  Frame f = b.image();
  CHECK((f.row(99)[0] >> 18 & 63) == 0);
  CHECK((f.row(100)[0] >> 18 & 63) == 10);
  CHECK((f.row(399)[0] >> 18 & 63) == 10);
}

TEST_CASE("vga raster: panning may change on every line, the start address does not") {
  Raster13h b;
  b.go_to(10, 40), b.attr(0x13, 2);  // one pixel of 256 colours
  b.go_to(10, 60), b.attr(0x13, 6);
  b.go_to(10, 80), b.attr(0x13, 0);
  b.go_to(10, 90), b.crtc(0x0C, 0x10);
  b.go_to(10, 430), b.crtc(0x0C, 0);
  b.go_to(11, 10);
  Frame f = b.image();
  Frame plain = Raster13h().image();
  CHECK(f.row(39)[0] == plain.row(39)[0]);
  CHECK(f.row(40)[0] == plain.row(40)[2]);
  CHECK(f.row(60)[100] == plain.row(60)[106]);
  CHECK(f.row(80)[100] == plain.row(80)[100]);
  CHECK(f.row(399)[100] == plain.row(399)[100]);
}

TEST_CASE("vga raster: a new timing forgets the frame, and a load does") {
  Raster13h b;
  b.go_to(10, 100), b.dac(0, 10, 0, 0);
  b.go_to(11, 100), b.dac(0, 0, 0, 0);
  CHECK(b.vga.raster_id(b.now) != 0);
  b.crtc(0x12, 0x8E);
  CHECK(b.vga.raster_id(b.now) == 0);
}

TEST_CASE("vga graphics: blanking that begins inside the picture") {
  Raster13h b;
  b.crtc(0x11, 0);
  Frame before = b.image();
  b.crtc(0x02, 60);  // columns 60 to 69
  b.crtc(0x03, 0x80 | (70 & 0x1F));
  b.crtc(0x05, (70 & 0x20) << 2);
  Frame f = b.image();
  CHECK(f.row(7)[479] == before.row(7)[479]);
  CHECK(f.row(7)[480] == kBlackPixel);
  CHECK(f.row(7)[559] == kBlackPixel);
  CHECK(f.row(7)[560] == before.row(7)[560]);
  b.crtc(0x15, 0x2C), b.crtc(0x07, 0x17), b.crtc(0x16, 0x90);  // from line 300
  f = b.image();
  CHECK(f.row(299)[10] == before.row(299)[10]);
  CHECK(f.row(300)[10] == kBlackPixel);
  CHECK(f.row(399)[10] == kBlackPixel);
}

TEST_CASE("vga graphics: mode X pages and split screen") {
  Raster13h b;
  b.seq(4, 6), b.crtc(0x14, 0), b.crtc(0x17, 0xE3);
  b.crtc(0x07, b.indexed(0x3D4, 0x07) & ~0x10u);
  b.seq(2, 0xF);
  for (unsigned i = 0; i < 0x4000; ++i) b.poke(0xA0000 + i, 1), b.poke(0xA4000 + i, 2);
  b.dac(1, 63, 0, 0), b.dac(2, 0, 63, 0);
  b.crtc(0x0C, 0x40);  // the second page above
  b.crtc(0x09, 0x01);  // line compare below line 256
  b.crtc(0x18, 199);   // the first from line 200 on
  Frame f = b.image();
  CHECK(f.row(0)[0] == 0xFF00FF00);
  CHECK(f.row(199)[639] == 0xFF00FF00);
  CHECK(f.row(200)[0] == 0xFFFF0000);
  CHECK(f.row(399)[0] == 0xFFFF0000);
}
