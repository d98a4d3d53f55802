// The characters on a text screen, for terminals and tests: what the guest means, not what it looks like.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ilse::dev {

struct TextCell {
  uint8_t code = 0;  // code page 437
  uint8_t attribute = 0;
  bool operator==(const TextCell&) const = default;
};

// Row by row. Zero columns and rows while the guest is in a graphics mode.
struct TextGrid {
  unsigned columns = 0;
  unsigned rows = 0;
  std::vector<TextCell> cells;
  bool cursor_visible = false;  // enabled and on the screen; blinking does not count
  unsigned cursor_column = 0;
  unsigned cursor_row = 0;
  bool blinks = false;  // attribute bit 7 is blink, not a bright background

  const TextCell& at(unsigned column, unsigned row) const { return cells[row * columns + column]; }
  bool operator==(const TextGrid&) const = default;
};

// The Unicode code point of a code page 437 character as screens show it (no control characters: 0 is a
// space).
char32_t cp437_to_unicode(uint8_t code);
// Appends the code point in UTF-8.
void append_utf8(std::string& to, char32_t c);

// Each row without its trailing spaces, each ended by a newline.
std::string to_utf8(const TextGrid& grid);
std::string row_utf8(const TextGrid& grid, unsigned row);

}  // namespace ilse::dev
