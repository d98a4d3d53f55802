#include "devices/disk/floppy_format.h"

#include <array>

namespace ilse::dev {

namespace {
constexpr FloppyFormat format(uint8_t cylinders, uint8_t heads, uint8_t sectors, uint16_t kbps,
                              bool five_inch) {
  return {uint32_t{cylinders} * heads * sectors, cylinders, heads, sectors, kbps, five_inch};
}
constexpr FloppyFormat k1440 = format(80, 2, 18, 500, false), k2880 = format(80, 2, 36, 1000, false);
constexpr std::array kFormats{
    format(40, 1, 8, 250, true),    // 160 KB
    format(40, 1, 9, 250, true),    // 180 KB
    format(40, 2, 8, 250, true),    // 320 KB
    format(40, 2, 9, 250, true),    // 360 KB
    format(80, 2, 9, 250, false),   // 720 KB
    format(80, 2, 10, 250, false),  // 800 KB
    format(80, 2, 15, 500, true),   // 1.2 MB
    k1440,
    format(80, 2, 20, 500, false),  // 1.6 MB
    format(80, 2, 21, 500, false),  // 1.68 MB
    format(82, 2, 21, 500, false),  // 1.72 MB
    k2880,
};
}  // namespace

std::optional<FloppyFormat> floppy_format(uint64_t sectors) {
  for (const FloppyFormat& f : kFormats) {
    if (f.sectors == sectors) return f;
  }
  if (sectors <= k1440.sectors) return k1440;
  if (sectors <= k2880.sectors) return k2880;
  return {};
}

FloppyType drive_for(const FloppyFormat& f) {
  if (f.five_inch) return f.kbps == 250 ? FloppyType::K360 : FloppyType::M1200;
  return f.kbps == 1000 ? FloppyType::M2880 : FloppyType::M1440;
}

bool fits(FloppyType drive, const FloppyFormat& f) {
  switch (drive) {
    case FloppyType::None: return false;
    case FloppyType::K360: return f.five_inch && f.kbps == 250;
    case FloppyType::M1200: return f.five_inch;
    case FloppyType::M1440: return !f.five_inch && f.kbps <= 500;
    case FloppyType::M2880: return !f.five_inch;
  }
  return false;
}

uint16_t rate_in(FloppyType drive, const FloppyFormat& f) {
  return drive == FloppyType::M1200 && f.kbps == 250 ? 300 : f.kbps;
}

}  // namespace ilse::dev
