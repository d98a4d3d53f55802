// The formats of diskettes that a raw image can hold, known by its size, and the drives that read them.
#pragma once

#include <cstdint>
#include <optional>

namespace ilse::dev {

// As the clock chip's RAM has it in byte 10h.
enum class FloppyType : uint8_t { None = 0, K360 = 1, M1200 = 2, M1440 = 4, M2880 = 5 };

struct FloppyFormat {
  uint32_t sectors = 0;  // of 512 bytes
  uint8_t cylinders = 0;
  uint8_t heads = 0;
  uint8_t sectors_per_track = 0;
  uint16_t kbps = 0;       // the data rate, in a drive of its own kind
  bool five_inch = false;  // 5.25 inch: 48 tracks an inch where it has 40 cylinders
};

// The format of an image of so many sectors. One that has no format's size is the beginning of a 1.44 MB or a
// 2.88 MB diskette; nothing if it is larger than that.
std::optional<FloppyFormat> floppy_format(uint64_t sectors);

// The drive that a PC with such diskettes has.
FloppyType drive_for(const FloppyFormat& format);
// Whether the diskette goes into the drive and can be read there.
bool fits(FloppyType drive, const FloppyFormat& format);
// The data rate there, in kbit/s: a drive for 1.2 MB turns faster.
uint16_t rate_in(FloppyType drive, const FloppyFormat& format);

}  // namespace ilse::dev
