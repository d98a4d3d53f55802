// Drives whose medium a person changes while the machine runs, in the names of QEMU's prompt. What changes
// them comes through the door as OutsideEvent::Kind::MediumIn and MediumOut.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "devices/disk/image/block_device.h"

namespace ilse::dev {

// A disc or diskette on its way into a drive. `name` is for people, and for a log to find the file again.
struct Medium {
  std::string name;
  std::unique_ptr<BlockDevice> image;
};

// Units: CD-ROM drives by their IDE index, then the diskette drives.
inline constexpr uint32_t kFirstFloppyUnit = 4, kMediaUnits = 6;

struct MediaDrive {
  std::string id;  // "ide1-cd0", "floppy0"
  uint32_t unit = 0;
  std::string medium;  // empty: none
  bool locked = false;
  bool tray_open = false;
};

}  // namespace ilse::dev
