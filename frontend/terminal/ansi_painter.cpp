#include "frontend/terminal/ansi_painter.h"

#include <algorithm>

namespace ilse::ui {

namespace {
// The VGA counts colours as red 4, green 2, blue 1; terminals the other way round.
unsigned ansi_colour(unsigned vga) { return (vga & 2) | (vga & 1) << 2 | (vga >> 2 & 1); }

void append(std::string& out, char before, unsigned number) {
  out += before;
  out += std::to_string(number);
}
}  // namespace

void AnsiPainter::set_size(unsigned columns, unsigned rows) {
  if (columns == columns_ && rows == rows_) return;
  columns_ = std::max(columns, 1u);
  rows_ = std::max(rows, 1u);
  drawn_.reset();
  noted_.clear();
}

void AnsiPainter::move_to(std::string& out, unsigned column, unsigned row) {
  if (at_ == std::pair{column, row}) return;
  out += '\x1B';
  append(out, '[', row + 1);
  append(out, ';', column + 1);
  out += 'H';
  at_ = {column, row};
}

void AnsiPainter::set_attribute(std::string& out, uint8_t a, bool blinks) {
  if (attribute_ == a) return;
  attribute_ = a;
  unsigned foreground = a & 0xF, background = a >> 4;
  out += "\x1B[0";
  if (blinks && background >= 8) out += ";5";
  if (blinks) background &= 7;
  append(out, ';', (foreground >= 8 ? 90 : 30) + ansi_colour(foreground & 7));
  append(out, ';', (background >= 8 ? 100 : 40) + ansi_colour(background & 7));
  out += 'm';
}

std::string AnsiPainter::paint(const dev::TextGrid& grid) {
  unsigned first = 0;
  if (grid.rows > rows_ && grid.cursor_visible && grid.cursor_row >= rows_)
    first = grid.cursor_row - rows_ + 1;
  bool same_layout = drawn_ && drawn_->columns == grid.columns && drawn_->rows == grid.rows &&
                     drawn_->blinks == grid.blinks && first == first_row_ && noted_.empty();
  if (same_layout && *drawn_ == grid) return {};

  std::string out = "\x1B[?25l";
  at_.reset();
  attribute_.reset();
  if (!same_layout) out += "\x1B[0m\x1B[2J";
  first_row_ = first;
  noted_.clear();

  unsigned columns = std::min(columns_, grid.columns),
           rows = std::min(rows_, grid.rows - std::min(first, grid.rows));
  for (unsigned y = 0; y < rows; ++y) {
    for (unsigned x = 0; x < columns; ++x) {
      const dev::TextCell& cell = grid.at(x, y + first);
      if (same_layout && drawn_->at(x, y + first) == cell) continue;
      move_to(out, x, y);
      set_attribute(out, cell.attribute, grid.blinks);
      dev::append_utf8(out, dev::cp437_to_unicode(cell.code));
      // In the last column terminals differ in where the cursor is now.
      if (x + 1 == columns_) {
        at_.reset();
      } else {
        at_ = {x + 1, y};
      }
    }
  }
  out += "\x1B[0m";
  bool cursor_shown = grid.cursor_visible && grid.cursor_row >= first && grid.cursor_row - first < rows_ &&
                      grid.cursor_column < columns_;
  if (cursor_shown) {
    move_to(out, grid.cursor_column, grid.cursor_row - first);
    out += "\x1B[?25h";
  }
  drawn_ = grid;
  return out;
}

std::string AnsiPainter::note(std::string_view text) {
  if (noted_ == text) return {};
  noted_ = text;
  drawn_.reset();
  std::string out = "\x1B[?25l\x1B[0m\x1B[2J\x1B[H";
  out += text.substr(0, columns_);
  return out;
}

}  // namespace ilse::ui
