// Draws the guest's text screen on a terminal with 16 colours: the escape sequences for what changed since
// the last time, and nothing else. Pure: grids in, bytes out. ECMA-48 (CUP, SGR, ED) and the aixterm bright
// colours.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "devices/display/text_grid.h"

namespace ilse::ui {

class AnsiPainter {
 public:
  // The terminal's size in characters. Part of a larger guest screen is left out: the right edge, and
  // the top rows as far as needed to show the cursor.
  void set_size(unsigned columns, unsigned rows);
  // Everything is drawn anew by the next paint().
  void forget() {
    drawn_.reset();
    noted_.clear();
  }

  std::string paint(const dev::TextGrid& grid);
  // Instead of the screen, one line.
  std::string note(std::string_view text);

  // Takes the alternate screen, and gives it back.
  static std::string_view begin() { return "\x1B[?1049h\x1B[2J\x1B[H"; }
  static std::string_view end() { return "\x1B[0m\x1B[?25h\x1B[?1049l"; }

 private:
  void move_to(std::string& out, unsigned column, unsigned row);
  void set_attribute(std::string& out, uint8_t attribute, bool blinks);

  unsigned columns_ = 80, rows_ = 25;
  std::optional<dev::TextGrid> drawn_;
  unsigned first_row_ = 0;
  std::string noted_;
  // Where the terminal's cursor is and how it writes, while that is known.
  std::optional<std::pair<unsigned, unsigned>> at_;
  std::optional<uint8_t> attribute_;
};

}  // namespace ilse::ui
