// The VGA's register file, as IBM's technical reference has it, and the Bochs display interface.
#include "tests/devices/vga_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

TEST_CASE("vga: CRTC and status ports move with the colour bit of Miscellaneous Output") {
  VgaBench b;
  b.out(0x3C2, 0);
  b.out(0x3B4, 0x0C);
  b.out(0x3B5, 0x12);
  CHECK(b.in(0x3B5) == 0x12);
  CHECK(b.in(0x3D5) == 0xFF);
  CHECK(b.in(0x3DA) == 0xFF);
  b.out(0x3C2, 1);
  CHECK(b.in(0x3CC) == 1);
  CHECK(b.in(0x3D4) == 0x0C);
  CHECK(b.in(0x3D5) == 0x12);
  CHECK(b.in(0x3B5) == 0xFF);
  b.out(0x3D5, 0x34);
  b.out(0x3B5, 0x99);
  CHECK(b.in(0x3D5) == 0x34);
}

TEST_CASE("vga: CRTC protect covers registers 0-7 but for line compare's bit 8") {
  VgaBench b;
  b.out(0x3C2, 1);
  for (unsigned i = 0; i < 8; ++i) b.crtc(i, 0x40 + i);
  b.crtc(0x11, 0x80);
  for (unsigned i = 0; i < 8; ++i) b.crtc(i, 0xFF);
  for (unsigned i = 0; i < 7; ++i) CHECK(b.indexed(0x3D4, i) == 0x40 + i);
  CHECK(b.indexed(0x3D4, 7) == 0x57);
  b.crtc(0x0C, 0xFF);
  CHECK(b.indexed(0x3D4, 0x0C) == 0xFF);
  b.crtc(0x11, 0);
  b.crtc(3, 0x11);
  CHECK(b.indexed(0x3D4, 3) == 0x11);
}

TEST_CASE("vga: the attribute flip-flop alternates index and data and is reset by Input Status 1") {
  VgaBench b;
  b.out(0x3C2, 1);
  b.in(0x3DA);
  b.out(0x3C0, 0x05);
  b.out(0x3C0, 0x2A);
  b.out(0x3C0, 0x25);
  CHECK(b.in(0x3C0) == 0x25);
  CHECK(b.in(0x3C1) == 0x2A);
  CHECK((b.indexed(0x3D4, 0x24) & 0x80) != 0);
  CHECK(b.peek(0x3DA) != 0xFF);  // peeking leaves it alone
  CHECK((b.indexed(0x3D4, 0x24) & 0x80) != 0);
  b.in(0x3DA);
  CHECK((b.indexed(0x3D4, 0x24) & 0x80) == 0);
  b.out(0x3C0, 0x10);
  b.out(0x3C0, 0x0C);
  CHECK(b.vga.state().attr[0x10] == 0x0C);
  CHECK(b.vga.state().attr[5] == 0x2A);
}

TEST_CASE("vga: registers have only the bits that exist") {
  VgaBench b;
  for (unsigned i = 0; i < 8; ++i) b.seq(i, 0xFF);
  CHECK(b.indexed(0x3C4, 0) == 0x03);
  CHECK(b.indexed(0x3C4, 2) == 0x0F);
  CHECK(b.indexed(0x3C4, 4) == 0x0E);
  CHECK(b.indexed(0x3C4, 5) == 0xFF);
  for (unsigned i = 0; i < 16; ++i) b.gc(i, 0xFF);
  CHECK(b.indexed(0x3CE, 3) == 0x1F);
  CHECK(b.indexed(0x3CE, 8) == 0xFF);
  CHECK(b.indexed(0x3CE, 9) == 0xFF);
}

TEST_CASE("vga: the DAC takes three components an entry and counts up") {
  VgaBench b;
  b.out(0x3C8, 0xFF);
  for (unsigned v : {1, 2, 0xFF, 4, 5, 6}) b.out(0x3C9, v);
  CHECK(b.in(0x3C7) == 0);
  CHECK(b.in(0x3C8) == 1);
  b.out(0x3C7, 0xFF);
  CHECK(b.in(0x3C7) == 3);
  CHECK(b.peek(0x3C9) == 1);
  CHECK(b.in(0x3C9) == 1);
  CHECK(b.in(0x3C9) == 2);
  CHECK(b.in(0x3C9) == 0x3F);  // six bits
  CHECK(b.in(0x3C9) == 4);     // the index wraps to 0
  b.out(0x3C6, 0x0F);
  CHECK(b.in(0x3C6) == 0x0F);
  CHECK(dac_colour(b.vga.state(), 0xF0) == 0xFF101418);  // the mask makes it entry 0
}

TEST_CASE("vga: a DAC entry changes with its third component only") {
  VgaBench b;
  b.dac(7, 10, 11, 12);
  b.out(0x3C8, 7);
  b.out(0x3C9, 60);
  b.out(0x3C9, 61);
  b.out(0x3C7, 7);
  CHECK(b.in(0x3C9) == 10);
  CHECK(b.in(0x3C9) == 11);
}

TEST_CASE("vga: Input Status 1 shows the retrace at 70 Hz of virtual time") {
  VgaBench b;
  b.text_mode();
  unsigned pulses = 0, blanks = 0;
  bool was = false;
  uint64_t in_retrace = 0, samples = 0;
  for (uint64_t t = 0; t < mem::kSecond; t += 5'000, ++samples) {
    b.now = {t};
    uint8_t s = b.in(0x3DA);
    bool retrace = (s & 8) != 0;
    if (retrace) CHECK((s & 1) != 0);
    pulses += retrace && !was;
    in_retrace += retrace;
    blanks += s & 1;
    was = retrace;
  }
  CHECK(pulses == 70);
  CHECK(in_retrace * 449 / samples >= 1);  // two lines of 449
  CHECK(in_retrace * 449 / samples <= 2);
  // Of each frame 400 of 449 lines, of each line 80 of 100 characters are shown.
  CHECK(blanks * 1.0 / samples == Approx(1 - 0.8 * 400 / 449).margin(0.01));
}

TEST_CASE("vga: no timing that a guest can set stops the beam or divides by zero") {
  VgaBench b;
  for (unsigned fill : {0, 0xFF}) {
    b.out(0x3C2, fill | 1);
    b.crtc(0x11, 0);
    for (unsigned i = 0; i < 25; ++i) b.crtc(i, i == 0x11 ? fill & 0x7F : fill);
    bool seen_on = false, seen_off = false;
    for (uint64_t t = 0; t < 100'000'000; t += 10'000) {
      b.now = {t};
      (b.in(0x3DA) & 8 ? seen_on : seen_off) = true;
    }
    CHECK(seen_on);
    CHECK(seen_off);
  }
}

TEST_CASE("vga: the display interface identifies itself as the VGA BIOS asks") {
  VgaBench b;
  CHECK(b.dispi(0) == 0xB0C5);
  b.dispi(0, 0xB0C0);
  CHECK(b.dispi(0) == 0xB0C0);
  b.dispi(0, 0xB0C9);
  CHECK(b.dispi(0) == 0xB0C0);
  CHECK(b.dispi(10) == 256);
  b.dispi(4, 2);
  CHECK(b.dispi(1) == 2560);
  CHECK(b.dispi(2) == 1600);
  CHECK(b.dispi(3) == 32);
  b.dispi(4, 0);
  CHECK(b.dispi(1) == 0);
  CHECK(b.dispi(11) == 0);
  CHECK(b.dispi(0xFFFF) == 0);
}

TEST_CASE("vga: an enabled display interface mode fits the memory") {
  VgaBench b;
  b.dispi(1, 1024), b.dispi(2, 768), b.dispi(3, 32), b.dispi(4, 0x41);
  CHECK(b.vga.graphics());
  CHECK(b.dispi(6) == 1024);
  CHECK(b.dispi(7) == 4096);
  b.dispi(6, 2048);
  CHECK(b.dispi(6) == 2048);
  CHECK(b.dispi(7) == 2048);
  b.dispi(9, 3000);
  b.dispi(8, 5000);
  CHECK(b.dispi(8) == 1024);
  CHECK(b.dispi(9) == 2048 - 768);
  b.dispi(5, 255);
  CHECK(b.dispi(5) == 255);
  b.dispi(5, 256);
  CHECK(b.dispi(5) == 255);
  b.dispi(3, 17);
  CHECK(b.dispi(3) == 32);
  b.dispi(4, 0);
  CHECK_FALSE(b.vga.graphics());
}

TEST_CASE("vga: enabling a mode clears the screen unless told not to") {
  VgaBench b;
  b.dispi(1, 640), b.dispi(2, 480), b.dispi(3, 8);
  b.fb_write(1000, 4, 0x11223344);
  b.dispi(4, 0x81);
  CHECK(b.fb_read(1000, 4) == 0x11223344);
  b.dispi(4, 0x41);  // already enabled: only bits change
  CHECK(b.fb_read(1000, 4) == 0x11223344);
  b.dispi(4, 0);
  b.dispi(4, 0x41);
  CHECK(b.fb_read(1000, 4) == 0);
}

TEST_CASE("vga: BAR2 shows the ports, the display interface and the byte order block") {
  VgaBench b;
  auto& r = b.vga.registers();
  CHECK(r.mmio_read(0x500, 2, b.now) == 0xB0C5);
  r.mmio_write(0x502, 2, 800, b.now);
  r.mmio_write(0x504, 4, 600 | 16 << 16, b.now);
  CHECK(b.dispi(1) == 800);
  CHECK(b.dispi(2) == 600);
  CHECK(b.dispi(3) == 16);
  CHECK(r.mmio_read(0x600, 8, b.now) == 0x1E1E1E1E'00000008);
  r.mmio_write(0x402, 1, 0x67, b.now);
  CHECK(b.in(0x3CC) == 0x67);
  CHECK(r.mmio_peek(0x40C, 1, b.now) == 0x67);
  r.mmio_write(0x400, 1, 0x20, b.now);
  CHECK(b.vga.state().attr_is_data);
  r.mmio_read(0x41A, 1, b.now);  // 3DAh
  CHECK_FALSE(b.vga.state().attr_is_data);
  CHECK(r.mmio_read(0x80, 8, b.now) == 0);
  r.mmio_write(0x604, 4, 0xBEBEBEBE, b.now);
  CHECK(r.mmio_read(0x600, 8, b.now) == 0xBEBEBEBE'00000008);
  r.mmio_write(0x604, 4, 0x12345678, b.now);
  CHECK(r.mmio_read(0x604, 4, b.now) == 0xBEBEBEBE);
  CHECK(r.mmio_read(0xFF8, 8, b.now) == 0);
}
