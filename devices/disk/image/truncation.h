// Recognizes images that lost their end (an interrupted download or copy), which a machine could start from
// and then fail in confusing ways.
#pragma once

#include "devices/disk/image/raw_image.h"

namespace ilse::dev {

// A hard disk: has a partition table (MBR) one of whose partitions ends beyond the image, or a partition
// table and a length that is no multiple of 512. Images without a partition table are always accepted.
mem::Result<void> check_disk_complete(RawImage& image);

// A CD: its ISO 9660 volume (ECMA-119, 8.4.8) is larger than the image. Other formats are accepted.
mem::Result<void> check_cd_complete(RawImage& image);

}  // namespace ilse::dev
