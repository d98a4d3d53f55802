#include "devices/display/edid.h"

#include <algorithm>
#include <string_view>

namespace ilse::dev {

namespace {

using Edid = std::array<uint8_t, kEdidSize>;

uint8_t low(unsigned v) { return static_cast<uint8_t>(v & 0xFF); }

unsigned millimetres(unsigned pixels) { return pixels * 254 / 960; }

// §3.10.2. Reduced blanking: 160 dots beside each line, about 460 microseconds of lines below the picture.
void detailed_timing(Edid& e, size_t at, unsigned width, unsigned height) {
  constexpr unsigned kHBlank = 160, kHFront = 48, kHSync = 32, kVFront = 3, kVSync = 6, kHz = 60;
  const unsigned v_blank = std::max(height * 28 / 1000, kVFront + kVSync + 6);
  const unsigned clock = (width + kHBlank) * (height + v_blank) * kHz / 10'000;  // in 10 kHz
  const unsigned wide = millimetres(width), high = millimetres(height);
  const std::array<uint8_t, 18> bytes{
      low(clock),
      low(clock >> 8),
      low(width),
      low(kHBlank),
      low((width >> 8 & 0xF) << 4 | kHBlank >> 8),
      low(height),
      low(v_blank),
      low((height >> 8 & 0xF) << 4 | v_blank >> 8),
      low(kHFront),
      low(kHSync),
      low(kVFront << 4 | kVSync),
      0,
      low(wide),
      low(high),
      low((wide >> 8) << 4 | high >> 8),
      0,
      0,
      0x1E,  // digital separate sync, both positive
  };
  std::copy(bytes.begin(), bytes.end(), e.begin() + static_cast<std::ptrdiff_t>(at));
}

// §3.10.3: a descriptor of text: 13 characters, a newline behind fewer, padded with spaces.
void text(Edid& e, size_t at, uint8_t tag, std::string_view s) {
  std::fill_n(e.begin() + static_cast<std::ptrdiff_t>(at), 18, uint8_t{0});
  e[at + 3] = tag;
  for (size_t i = 0; i < 13; ++i) {
    e[at + 5 + i] = i < s.size() ? static_cast<uint8_t>(s[i]) : i == s.size() ? '\n' : ' ';
  }
}

// Standard timings (§3.9): the usual sizes of a 4:3 or 5:4 or 16:10 screen that fit in the preferred one.
struct Standard {
  unsigned width, height;
  uint8_t aspect;  // 0: 16:10, 1: 4:3, 2: 5:4, 3: 16:9
};
constexpr std::array<Standard, 8> kStandard{{{1280, 800, 0},
                                             {1280, 960, 1},
                                             {1280, 1024, 2},
                                             {1440, 900, 0},
                                             {1600, 1200, 1},
                                             {1680, 1050, 0},
                                             {1920, 1080, 3},
                                             {1920, 1200, 0}}};

}  // namespace

std::array<uint8_t, kEdidSize> make_edid(unsigned width, unsigned height) {
  width = std::clamp(width, 1u, 4095u);
  height = std::clamp(height, 1u, 4095u);
  Edid e{};
  std::fill_n(e.begin() + 1, 6, uint8_t{0xFF});
  // "ILS" in five-bit letters; product 1; week 1 of 2024; EDID 1.4.
  constexpr unsigned kMaker = ('I' - '@') << 10 | ('L' - '@') << 5 | ('S' - '@');
  e[8] = low(kMaker >> 8);
  e[9] = low(kMaker);
  e[10] = 1;
  e[16] = 1;
  e[17] = 2024 - 1990;
  e[18] = 1;
  e[19] = 4;
  e[20] = 0xA0;  // digital, 8 bits a colour
  e[21] = low(std::min(millimetres(width) / 10, 255u));
  e[22] = low(std::min(millimetres(height) / 10, 255u));
  e[23] = 220 - 100;  // gamma 2.2
  e[24] = 0x06;       // sRGB, the first detailed timing is the preferred mode
  // sRGB's chromaticities as ten-bit fractions: red, green, blue, white (§3.7).
  constexpr std::array<unsigned, 8> kXy{655, 338, 307, 614, 154, 61, 320, 337};
  for (size_t i = 0; i < 8; ++i) {
    e[25 + i / 4] = low(e[25 + i / 4] | (kXy[i] & 3) << (6 - 2 * (i % 4)));
    e[27 + i] = low(kXy[i] >> 2);
  }
  if (width >= 640 && height >= 480) e[35] |= 0x20;
  if (width >= 800 && height >= 600) e[35] |= 0x01;
  if (width >= 1024 && height >= 768) e[36] |= 0x08;
  for (size_t i = 0; i < kStandard.size(); ++i) {
    const Standard& s = kStandard[i];
    const bool fits = s.width <= width && s.height <= height;
    e[38 + 2 * i] = fits ? low(s.width / 8 - 31) : 1;
    e[39 + 2 * i] = fits ? low(s.aspect << 6u) : 1;
  }
  detailed_timing(e, 54, width, height);
  text(e, 72, 0xFC, "Ilse");
  text(e, 90, 0xFF, "1");
  text(e, 108, 0xFE, "");
  unsigned sum = 0;
  for (uint8_t b : e) sum += b;
  e[127] = low(0u - sum);
  return e;
}

}  // namespace ilse::dev
