// The painter: what it keeps up to date is what a whole drawing gives, and it draws no more than it has to.
#include "devices/display/screen_painter.h"

#include <random>

#include "devices/display/edid.h"
#include "tests/devices/vga_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

struct Painted : VgaBench {
  ScreenPainter painter{vga};
  void mode(unsigned width, unsigned height, unsigned bpp) {
    dispi(4, 0);
    dispi(1, width), dispi(2, height), dispi(3, bpp), dispi(4, 0x41);
    out(0x3C0, 0x20);
  }
};

std::vector<unsigned> lines_after(const PaintedFrame& f, uint64_t look) {
  std::vector<unsigned> v;
  for (unsigned y = 0; y < f.changed.size(); ++y) {
    if (f.changed[y] > look) v.push_back(y);
  }
  return v;
}

}  // namespace

TEST_CASE("painter: nothing to do while nothing changes") {
  Painted b;
  b.mode(640, 480, 32);
  CHECK(b.painter.look(b.now));
  CHECK_FALSE(b.painter.look(b.now));
  b.fb_write(100, 4, 1);
  CHECK(b.painter.look(b.now));
  CHECK_FALSE(b.painter.look(b.now));
  b.fb_read(100, 4);
  CHECK_FALSE(b.painter.look(b.now));
}

TEST_CASE("painter: time changes a picture only where something blinks") {
  Painted b;
  auto looks = [&](uint64_t seconds) {
    unsigned n = 0;
    b.painter.look(b.now);
    for (uint64_t ms = 0; ms < seconds * 1000; ++ms) {
      b.now = b.now + 1'000'000;
      n += b.painter.look(b.now) ? 1 : 0;
    }
    return n;
  };
  b.mode(640, 480, 32);
  CHECK(looks(10) == 0);
  CHECK(b.vga.next_change(b.now) == mem::kNever);
  b.dispi(4, 0);
  b.out(0x3C2, 0x67);
  b.gc(6, 0x0E);
  CHECK(looks(10) == Approx(88).margin(2));  // the cursor, every 8 frames
  // Nothing is missed by who sleeps until the next change.
  for (int i = 0; i < 20; ++i) {
    const VTime next = b.vga.next_change(b.now);
    CHECK_FALSE(b.painter.look({next.ns - 1}));
    CHECK(b.painter.look(next));
    b.now = next;
  }
  b.crtc(0x0A, 0x20);
  b.attr(0x10, 0x08);  // characters, at half the rate
  CHECK(looks(10) == Approx(44).margin(2));
  b.attr(0x10, 0);
  CHECK(looks(10) == 0);
  b.crtc(0x0A, 0);
  b.gc(6, 0x05);  // graphics
  CHECK(looks(10) == 0);
}

TEST_CASE("painter: only the lines on written pages are drawn") {
  Painted b;
  b.mode(1024, 768, 32);  // a line is a page
  PaintedFrame f;
  b.painter.look(b.now);
  b.painter.paint(b.now, f);
  CHECK(lines_after(f, 0).size() == 768);
  uint64_t before = f.look;
  b.fb_write(4096ull * 300 + 40, 4, 0xABCDEF);
  b.fb_write(4096ull * 302 - 2, 4, 0xFFFFFFFF);
  // What a drawing would overwrite stays.
  f.image.row(5)[5] = 0x12345678;
  b.painter.look(b.now);
  b.painter.paint(b.now, f);
  CHECK(lines_after(f, before) == std::vector<unsigned>{300, 301, 302});
  CHECK(f.image.row(300)[10] == 0xFFABCDEF);
  CHECK(f.image.row(5)[5] == 0x12345678);
}

TEST_CASE("painter: frames of several ages, random writes in every depth") {
  std::mt19937 random(7);
  Painted b;
  std::array<PaintedFrame, 3> frames;
  for (unsigned i = 0; i < 256; ++i) b.dac(i, i & 63, i >> 2, 5);
  for (unsigned bpp : {8, 15, 16, 24, 32, 4}) {
    b.mode(320, 200, bpp);
    b.dispi(6, 400);
    for (int round = 0; round < 60; ++round) {
      for (unsigned n = random() % 4; n-- > 0;) b.fb_write(random() % (400 * 210 * 4), 4, random());
      if (random() % 8 == 0) b.dispi(9, random() % 8);
      if (random() % 8 == 0) b.dispi(8, random() % 40);
      if (random() % 16 == 0) b.dac(random() & 0xFF, 1, 2, 3);
      b.painter.look(b.now);
      PaintedFrame& f = frames[random() % 3];
      b.painter.paint(b.now, f);
      REQUIRE(f.image == b.image());
    }
  }
}

TEST_CASE("painter: a screen at the end of memory goes on at its start") {
  Painted b;
  b.mode(2560, 1600, 32);
  b.fb_write(Vga::kMemorySize - 4, 4, 0xFFFFFFFF);
  CHECK(b.image().height == 1600);
  PaintedFrame f;
  b.painter.look(b.now);
  b.painter.paint(b.now, f);
  CHECK(f.image == b.image());
}

TEST_CASE("edid: the size asked for is the preferred mode, and the sum is zero") {
  VgaBench b;
  auto byte = [&](unsigned i) { return static_cast<unsigned>(b.vga.registers().mmio_read(i, 1, b.now)); };
  auto check = [&](unsigned width, unsigned height) {
    unsigned sum = 0;
    for (unsigned i = 0; i < kEdidSize; ++i) sum += byte(i);
    CHECK(sum % 256 == 0);
    CHECK(b.vga.registers().mmio_read(0, 8, b.now) == 0x00FFFFFF'FFFFFF00);
    CHECK((byte(56) | byte(58) >> 4 << 8) == width);
    CHECK((byte(59) | byte(61) >> 4 << 8) == height);
  };
  check(Vga::kMonitorWidth, Vga::kMonitorHeight);
  uint64_t before = b.hash();
  b.vga.set_monitor(1603, 901);
  check(1600, 901);
  CHECK(b.hash() != before);
  b.vga.set_monitor(0, 100000);
  check(320, 1600);
}
