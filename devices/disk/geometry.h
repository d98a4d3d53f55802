// Cylinders, heads and sectors of a disk that is really a row of sectors. ATA/ATAPI-5, annex C: every disk of
// more than 16514064 sectors reports 16383/16/63; smaller ones as many cylinders of 16 x 63 as fit.
#pragma once

#include <cstdint>

namespace ilse::dev {

struct Geometry {
  uint16_t cylinders = 0;
  uint16_t heads = 0;
  uint16_t sectors = 0;  // a track

  // The translation that the disk powers up with. Their product never exceeds `total` sectors.
  static Geometry of(uint64_t total);
  // The cylinders under another translation (INITIALIZE DEVICE PARAMETERS).
  static uint16_t cylinders_for(uint64_t total, unsigned heads, unsigned sectors);

  uint32_t capacity() const { return uint32_t{cylinders} * heads * sectors; }
};

}  // namespace ilse::dev
