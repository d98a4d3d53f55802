// A picture of the guest's screen: what the display chip draws and what windows and screenshots show.
#pragma once

#include <cstdint>
#include <vector>

namespace ilse::dev {

inline constexpr uint32_t kBlackPixel = 0xFF000000;

// Rows from the top, no padding between them; a pixel is 0xFFRRGGBB.
struct Frame {
  unsigned width = 0;
  unsigned height = 0;
  std::vector<uint32_t> pixels;

  void resize(unsigned w, unsigned h) {
    width = w;
    height = h;
    pixels.resize(static_cast<size_t>(w) * h);
  }
  uint32_t* row(unsigned y) { return pixels.data() + static_cast<size_t>(y) * width; }
  const uint32_t* row(unsigned y) const { return pixels.data() + static_cast<size_t>(y) * width; }
  bool operator==(const Frame&) const = default;
};

}  // namespace ilse::dev
