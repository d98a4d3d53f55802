// The painter against a small model of a terminal: what it shows must be the grid.
#include "frontend/terminal/ansi_painter.h"

#include <catch2/catch.hpp>
#include <random>

using namespace ilse;
using namespace ilse::ui;

namespace {

struct Terminal {
  struct Cell {
    std::string text = " ";
    std::string attribute;
    bool operator==(const Cell&) const = default;
  };
  unsigned columns, rows;
  std::vector<Cell> cells;
  unsigned x = 0, y = 0;
  bool cursor = true;
  std::string attribute;

  Terminal(unsigned c, unsigned r) : columns(c), rows(r), cells(c * r) {}

  void write(const std::string& s) {
    for (size_t i = 0; i < s.size();) {
      if (s[i] == '\x1B') {
        REQUIRE(s[i + 1] == '[');
        size_t end = i + 2;
        while (s[end] < 0x40) ++end;
        control(s.substr(i + 2, end - i - 2), s[end]);
        i = end + 1;
      } else {
        size_t n = (s[i] & 0x80) == 0 ? 1 : (s[i] & 0x20) == 0 ? 2 : 3;
        REQUIRE(x < columns);
        cells[y * columns + x++] = {s.substr(i, n), attribute};
        i += n;
      }
    }
  }
  void control(const std::string& p, char c) {
    if (c == 'H') {
      unsigned row = 1, column = 1;
      if (!p.empty()) REQUIRE(std::sscanf(p.c_str(), "%u;%u", &row, &column) == 2);
      REQUIRE((row >= 1 && row <= rows && column >= 1 && column <= columns));
      y = row - 1, x = column - 1;
    } else if (c == 'm') {
      attribute = p;
    } else if (c == 'J') {
      cells.assign(columns * rows, {});
    } else if (p == "?25l" || p == "?25h" || p == "?25") {
      cursor = c == 'h';
    } else {
      FAIL("unexpected sequence " << p << c);
    }
  }
  std::string row(unsigned r) const {
    std::string s;
    for (unsigned i = 0; i < columns; ++i) s += cells[r * columns + i].text;
    return s.substr(0, s.find_last_not_of(' ') + 1);
  }
};

dev::TextGrid blank(unsigned columns, unsigned rows) {
  dev::TextGrid g;
  g.columns = columns, g.rows = rows;
  g.cells.assign(columns * rows, {' ', 7});
  return g;
}
void put(dev::TextGrid& g, unsigned column, unsigned row, std::string_view text, uint8_t attribute = 7) {
  for (char c : text) g.cells[row * g.columns + column++] = {static_cast<uint8_t>(c), attribute};
}

}  // namespace

TEST_CASE("painter: the first paint shows all, the next only what changed") {
  AnsiPainter p;
  Terminal t(80, 25);
  auto g = blank(80, 25);
  put(g, 3, 2, "Hello \xDB", 0x1E);
  g.cursor_visible = true, g.cursor_column = 9, g.cursor_row = 2;
  t.write(p.paint(g));
  CHECK(t.row(2) == "   Hello █");
  CHECK(t.cells[2 * 80 + 3].attribute == "0;93;44");
  CHECK((t.x == 9 && t.y == 2 && t.cursor));
  CHECK(p.paint(g).empty());

  put(g, 79, 24, "!");
  g.cursor_visible = false;
  std::string change = p.paint(g);
  CHECK(change.size() < 50);
  t.write(change);
  CHECK(t.row(24).back() == '!');
  CHECK_FALSE(t.cursor);
}

TEST_CASE("painter: colours, bright backgrounds and blinking") {
  AnsiPainter p;
  Terminal t(80, 25);
  auto g = blank(80, 25);
  put(g, 0, 0, "a", 0x4F);
  put(g, 1, 0, "b", 0xA1);
  t.write(p.paint(g));
  CHECK(t.cells[0].attribute == "0;97;41");
  CHECK(t.cells[1].attribute == "0;34;102");
  g.blinks = true;
  t.write(p.paint(g));
  CHECK(t.cells[1].attribute == "0;5;34;42");
}

TEST_CASE("painter: random changes end in the same screen as a fresh paint") {
  std::mt19937 random(4);
  AnsiPainter p;
  Terminal t(80, 25);
  auto g = blank(80, 25);
  for (int i = 0; i < 200; ++i) {
    for (unsigned n = random() % 30; n > 0; --n) {
      g.cells[random() % g.cells.size()] = {static_cast<uint8_t>(random()), static_cast<uint8_t>(random())};
    }
    g.cursor_visible = random() % 2 != 0;
    g.cursor_column = random() % 80, g.cursor_row = random() % 25;
    t.write(p.paint(g));
    AnsiPainter fresh;
    Terminal u(80, 25);
    u.write(fresh.paint(g));
    REQUIRE(t.cells == u.cells);
    REQUIRE(t.cursor == u.cursor);
    if (t.cursor) REQUIRE((t.x == u.x && t.y == u.y));
  }
}

TEST_CASE("painter: a small terminal shows the part with the cursor") {
  AnsiPainter p;
  p.set_size(40, 10);
  Terminal t(40, 10);
  auto g = blank(80, 25);
  put(g, 0, 0, "top");
  put(g, 0, 20, "bottom");
  t.write(p.paint(g));
  CHECK(t.row(0) == "top");
  g.cursor_visible = true, g.cursor_row = 20;
  t.write(p.paint(g));
  CHECK(t.row(9) == "bottom");
  CHECK(t.y == 9);
  g.cursor_column = 60;
  t.write(p.paint(g));
  CHECK_FALSE(t.cursor);
}

TEST_CASE("painter: a note replaces the screen and comes once") {
  AnsiPainter p;
  Terminal t(80, 25);
  auto g = blank(80, 25);
  put(g, 0, 3, "text");
  t.write(p.paint(g));
  t.write(p.note("graphics"));
  CHECK(t.row(0) == "graphics");
  CHECK(t.row(3).empty());
  CHECK(p.note("graphics").empty());
  t.write(p.paint(g));
  CHECK(t.row(0).empty());
  CHECK(t.row(3) == "text");
}
