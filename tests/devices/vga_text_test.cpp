// Text modes: what is drawn, dot by dot with a font made here, and the characters read back.
#include <memory>

#include "tests/devices/vga_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

constexpr uint32_t kBlack = 0xFF000000, kGrey = 0xFFAAAAAA, kWhite = 0xFFFFFFFF, kBlue = 0xFF0000AA,
                   kRed = 0xFFAA0000;

// A glyph's line has the bits of its code, but for ' ' (empty) and 'X' (full); the last line of 'L' is full.
unsigned glyph(unsigned code, unsigned y) {
  if (code == ' ' || code == 0) return 0;
  if (code == 'X' || code == 0xC4 || code == 0xB0) return 0xFF;
  if (code == 'L') return y == 15 ? 0xFF : 0;
  return code;
}

struct Text : VgaBench {
  Text() {
    text_mode();
    load_font(0, 16, glyph);
    clear_text();
    crtc(0x0A, 0x20);  // no cursor
  }
  void phase(unsigned n) { now = {n * 8 * mem::muldiv_up(449 * 900, mem::kSecond, 28'322'000) + 1000}; }
  static std::vector<uint32_t> dots(const Frame& f, unsigned x, unsigned y, unsigned n) {
    return {f.row(y) + x, f.row(y) + x + n};
  }
  static bool all(const Frame& f, unsigned x, unsigned y, unsigned w, unsigned h, uint32_t colour) {
    for (unsigned j = y; j < y + h; ++j) {
      for (unsigned i = x; i < x + w; ++i) {
        if (f.row(j)[i] != colour) return false;
      }
    }
    return true;
  }
};

}  // namespace

TEST_CASE("vga text: 80x25 is 720x400; glyphs are drawn in 9 dots with their colours") {
  Text b;
  b.print(1, 2, "\x55", 0x1F);
  Frame f = b.image();
  REQUIRE(f.width == 720);
  REQUIRE(f.height == 400);
  for (unsigned y : {32u, 47u}) {
    CHECK(Text::dots(f, 9, y, 9) ==
          std::vector<uint32_t>{kBlue, kWhite, kBlue, kWhite, kBlue, kWhite, kBlue, kWhite, kBlue});
  }
  CHECK(Text::all(f, 0, 0, 720, 32, kBlack));
  CHECK(Text::all(f, 18, 32, 702, 16, kBlack));
}

TEST_CASE("vga text: the ninth dot repeats the eighth for C0h-DFh when line graphics are on") {
  Text b;
  b.print(0, 0, "\xC4\xB0");
  Frame f = b.image();
  CHECK(Text::all(f, 0, 0, 9, 16, kGrey));
  CHECK(Text::all(f, 9, 0, 8, 16, kGrey));
  CHECK(f.row(0)[17] == kBlack);
  b.attr(0x10, 0x08);
  CHECK(b.image().row(0)[8] == kBlack);
}

TEST_CASE("vga text: 8-dot cells") {
  Text b;
  b.seq(1, 1);
  b.attr(0x13, 0);
  b.print(79, 24, "X");
  Frame f = b.image();
  REQUIRE(f.width == 640);
  CHECK(Text::all(f, 632, 384, 8, 16, kGrey));
}

TEST_CASE("vga text: 40 columns fill the screen with the dot clock halved") {
  Text b;
  b.crtc(0x11, 0);
  b.crtc(1, 39);
  b.crtc(0x13, 20);
  b.seq(1, 8);
  b.poke(0xB8000 + 2 * (40 + 1), 'X');
  Frame f = b.image();
  REQUIRE(f.width == 720);
  CHECK(Text::all(f, 18, 16, 16, 16, kGrey));
  CHECK(b.grid().columns == 40);
  CHECK(b.grid().rows == 25);
  CHECK(b.grid().at(1, 1).code == 'X');
}

TEST_CASE("vga text: 80x50 with an 8-line font") {
  Text b;
  b.crtc(9, 0x47);
  b.print(79, 49, "X");
  Frame f = b.image();
  REQUIRE(f.height == 400);
  CHECK(Text::all(f, 711, 392, 8, 8, kGrey));
  TextGrid g = b.grid();
  CHECK(g.rows == 50);
  CHECK(g.at(79, 49).code == 'X');
}

TEST_CASE("vga text: attribute bit 3 chooses between two fonts") {
  Text b;
  b.load_font(0x2000, 16, [](unsigned, unsigned) { return 0x0Fu; });  // map 4
  b.seq(3, 0x20);                                                     // A is map 4, B map 0
  b.print(0, 0, "X", 0x07);
  b.print(1, 0, "X", 0x0F);
  Frame f = b.image();
  CHECK(Text::all(f, 0, 0, 8, 16, kGrey));
  CHECK(Text::all(f, 9, 0, 4, 16, kBlack));
  CHECK(Text::all(f, 13, 0, 4, 16, kWhite));
  b.load_font(0xC000, 16, [](unsigned, unsigned) { return 0x80u; });  // map 3
  b.seq(3, 0x03);
  CHECK(b.image().row(0)[1] == kBlack);
}

TEST_CASE("vga text: the cursor has a shape, a place and blinks") {
  Text b;
  b.crtc(0x0A, 13), b.crtc(0x0B, 14);
  b.crtc(0x0E, 0), b.crtc(0x0F, 80 + 2);
  b.phase(0);
  Frame f = b.image();
  CHECK(Text::all(f, 18, 29, 9, 2, kGrey));
  CHECK(f.row(28)[18] == kBlack);
  CHECK(f.row(31)[18] == kBlack);
  TextGrid g = b.grid();
  CHECK(g.cursor_visible);
  CHECK(g.cursor_column == 2);
  CHECK(g.cursor_row == 1);
  b.phase(1);
  CHECK(b.image().row(29)[18] == kBlack);
  CHECK(b.grid().cursor_visible);
  b.phase(2);
  CHECK(b.image().row(29)[18] == kGrey);
  b.crtc(0x0B, 0x20 | 14);  // skew by one character
  CHECK(b.image().row(29)[27] == kGrey);
  b.crtc(0x0A, 15), b.crtc(0x0B, 14);  // start after end: none
  CHECK_FALSE(b.grid().cursor_visible);
  b.crtc(0x0A, 0x20);
  CHECK(Text::all(b.image(), 0, 0, 720, 400, kBlack));
}

TEST_CASE("vga text: attribute bit 7 blinks, or makes the background bright") {
  Text b;
  b.print(0, 0, "X", 0x97);
  b.phase(0);
  CHECK(b.image().row(0)[0] == kGrey);
  CHECK(b.image().row(0)[8] == kBlue);
  b.phase(2);
  CHECK(b.image().row(0)[0] == kBlue);
  CHECK(b.grid().blinks);
  b.attr(0x10, 4);
  CHECK(b.image().row(0)[0] == kGrey);
  CHECK(b.image().row(0)[8] == 0xFF5555FF);
  CHECK_FALSE(b.grid().blinks);
}

TEST_CASE("vga text: the underline of monochrome modes") {
  Text b;
  b.crtc(0x14, 12);
  b.print(0, 0, " ", 0x01);
  CHECK(b.image().row(12)[0] == kBlack);
  b.attr(0x10, 0x0E);
  Frame f = b.image();
  CHECK(Text::all(f, 0, 12, 9, 1, kBlue));
  CHECK(f.row(11)[0] == kBlack);
}

TEST_CASE("vga text: scrolling by start address") {
  Text b;
  b.print(0, 1, "X");
  b.crtc(0x0D, 80);
  CHECK(Text::all(b.image(), 0, 0, 8, 16, kGrey));
  CHECK(b.grid().at(0, 0).code == 'X');
  b.crtc(8, 5);  // and by lines
  Frame f = b.image();
  CHECK(Text::all(f, 0, 0, 8, 11, kGrey));
  CHECK(f.row(11)[0] == kBlack);
}

TEST_CASE("vga text: the address counter wraps within the planes") {
  Text b;
  b.crtc(0x0C, 0xFF), b.crtc(0x0D, 0xFF);
  Frame f = b.image();
  CHECK(f.width == 720);
  CHECK(b.grid().rows == 25);
}

TEST_CASE("vga text: split screen shows address 0 below line compare") {
  Text b;
  b.crtc(0x0C, 0x10);
  b.print(0, 0, "X");
  b.crtc(0x18, 199), b.crtc(7, 0x0F), b.crtc(9, 0x0F);
  Frame f = b.image();
  CHECK(Text::all(f, 0, 0, 720, 200, kBlack));
  CHECK(Text::all(f, 0, 200, 8, 16, kGrey));
}

TEST_CASE("vga text: pel panning moves the picture left") {
  Text b;
  b.print(1, 0, "X");
  b.attr(0x13, 2);  // three dots in 9-dot modes
  Frame f = b.image();
  CHECK(f.row(0)[5] == kBlack);
  CHECK(f.row(0)[6] == kGrey);
}

TEST_CASE("vga text: colours go through palette, plane enable and DAC") {
  Text b;
  b.print(0, 0, "X", 0x0F);
  b.attr(0x0F, 4);
  CHECK(b.image().row(0)[0] == kRed);
  b.dac(4, 1, 2, 63);
  CHECK(b.image().row(0)[0] == 0xFF0408FF);
  b.attr(0x12, 0x08);
  CHECK(b.image().row(0)[0] == 0xFF555555);  // only bit 3 is left
}

TEST_CASE("vga text: a screen that is off is black, whatever switches it off") {
  for (int how = 0; how < 3; ++how) {
    Text b;
    b.print(0, 0, "XXXX");
    if (how == 0) b.seq(1, 0x20);
    if (how == 1) {
      b.in(0x3DA);
      b.out(0x3C0, 0x00);
    }
    if (how == 2) b.crtc(0x17, 0x23);
    Frame f = b.image();
    CHECK(f.width == 720);
    CHECK(Text::all(f, 0, 0, 720, 400, kBlack));
    CHECK(row_utf8(b.grid(), 0).empty());
  }
  VgaBench fresh;
  CHECK(fresh.image().width == 720);
  CHECK(fresh.grid().rows == 0);
}

TEST_CASE("vga text: the grid as UTF-8") {
  Text b;
  b.print(2, 0, "Hello \xC9\xCD\xBB \x01\xFF ");
  b.print(0, 3, "L");
  std::string all = to_utf8(b.grid());
  CHECK(all.substr(0, all.find('\n')) == "  Hello ╔═╗ ☺");
  CHECK(row_utf8(b.grid(), 3) == "L");
  CHECK(std::count(all.begin(), all.end(), '\n') == 25);
}

TEST_CASE("vga text: changes() and dirty() tell when nothing can have changed on the screen") {
  Text b;
  uint64_t before = b.vga.changes();
  b.in(0x3DA);
  b.read(0xB8000);
  b.image();
  CHECK(b.vga.changes() == before);
  b.vga.dirty().take([](uint64_t) {});
  CHECK_FALSE(b.vga.dirty().any());
  b.print(0, 0, "a");
  CHECK(b.vga.dirty().any());
  CHECK(b.vga.changes() == before);
  b.attr(1, 5);
  CHECK(b.vga.changes() != before);
}
