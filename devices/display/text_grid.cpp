#include "devices/display/text_grid.h"

#include <array>

namespace ilse::dev {

namespace {

// The pictures of 01h-1Fh, then 7Fh-FFh (Unicode Consortium: mapping of IBM code page 437).
constexpr std::u32string_view kLow = U" ☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼";
constexpr std::u32string_view kHigh =
    U"⌂"
    U"ÇüéâäàåçêëèïîìÄÅ"
    U"ÉæÆôöòûùÿÖÜ¢£¥₧ƒ"
    U"áíóúñÑªº¿⌐¬½¼¡«»"
    U"░▒▓│┤╡╢╖╕╣║╗╝╜╛┐"
    U"└┴┬├─┼╞╟╚╔╩╦╠═╬╧"
    U"╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀"
    U"αßΓπΣσµτΦΘΩδ∞φε∩"
    U"≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u00A0";
static_assert(kLow.size() == 32 && kHigh.size() == 129);

}  // namespace

char32_t cp437_to_unicode(uint8_t code) {
  if (code < 0x20) return kLow[code];
  if (code < 0x7F) return code;
  return kHigh[code - 0x7Fu];
}

void append_utf8(std::string& to, char32_t c) {
  auto tail = [&](unsigned shift) { to += static_cast<char>(0x80 | (c >> shift & 0x3F)); };
  if (c < 0x80) {
    to += static_cast<char>(c);
  } else if (c < 0x800) {
    to += static_cast<char>(0xC0 | c >> 6);
    tail(0);
  } else if (c < 0x10000) {
    to += static_cast<char>(0xE0 | c >> 12);
    tail(6);
    tail(0);
  } else {
    to += static_cast<char>(0xF0 | (c >> 18 & 7));
    tail(12);
    tail(6);
    tail(0);
  }
}

std::string row_utf8(const TextGrid& grid, unsigned row) {
  unsigned length = grid.columns;
  auto empty = [](uint8_t code) { return code == ' ' || code == 0 || code == 0xFF; };
  while (length > 0 && empty(grid.at(length - 1, row).code)) --length;
  std::string s;
  for (unsigned column = 0; column < length; ++column) {
    append_utf8(s, cp437_to_unicode(grid.at(column, row).code));
  }
  return s;
}

std::string to_utf8(const TextGrid& grid) {
  std::string s;
  for (unsigned row = 0; row < grid.rows; ++row) s += row_utf8(grid, row) + "\n";
  return s;
}

}  // namespace ilse::dev
