#include "devices/disk/geometry.h"

#include <algorithm>

namespace ilse::dev {

Geometry Geometry::of(uint64_t total) {
  constexpr uint64_t kHeads = 16, kSectors = 63;
  if (total >= kHeads * kSectors)
    return {static_cast<uint16_t>(std::min<uint64_t>(total / (kHeads * kSectors), 16383)), kHeads, kSectors};
  // Less than one cylinder: give up heads, then sectors.
  if (total >= kSectors) return {1, static_cast<uint16_t>(total / kSectors), kSectors};
  return {1, 1, static_cast<uint16_t>(total)};
}

uint16_t Geometry::cylinders_for(uint64_t total, unsigned heads, unsigned sectors) {
  if (heads == 0 || sectors == 0) return 0;
  // Only what the largest translation reaches counts (ATA-5, annex C).
  uint64_t reachable = std::min<uint64_t>(total, 16383ull * 16 * 63);
  return static_cast<uint16_t>(std::min<uint64_t>(reachable / (uint64_t{heads} * sectors), 65535));
}

}  // namespace ilse::dev
