#include "devices/disk/image/truncation.h"

#include <array>
#include <cstring>
#include <string>

namespace ilse::dev {

namespace {

uint32_t little32(const uint8_t* p) {
  return static_cast<uint32_t>(p[0]) | static_cast<uint32_t>(p[1]) << 8 | static_cast<uint32_t>(p[2]) << 16 |
         static_cast<uint32_t>(p[3]) << 24;
}

constexpr size_t kPartitionTable = 446, kEntrySize = 16;
constexpr uint8_t kProtective = 0xEE;  // covers a GPT disk, by rule up to FFFFFFFFh sectors

}  // namespace

mem::Result<void> check_disk_complete(RawImage& image) {
  std::array<uint8_t, kSectorSize> mbr{};
  auto got = image.read(0, mbr);
  if (!got) return got;
  if (mbr[510] != 0x55 || mbr[511] != 0xAA) return {};

  // Boot sectors without a table have code where it would be; a table's four status bytes are 00h or 80h.
  bool any = false;
  for (size_t i = 0; i < 4; ++i) {
    const uint8_t* entry = &mbr[kPartitionTable + i * kEntrySize];
    if ((entry[0] & 0x7F) != 0) return {};
    bool used = entry[4] != 0;
    if (used && little32(entry + 12) == 0) return {};
    any = any || used;
  }
  if (!any) return {};
  for (size_t i = 0; i < 4; ++i) {
    const uint8_t* entry = &mbr[kPartitionTable + i * kEntrySize];
    if (entry[4] == 0 || entry[4] == kProtective) continue;
    uint64_t end = uint64_t{little32(entry + 8)} + little32(entry + 12);
    if (end > image.sectors()) {
      return mem::Error{image.path() + ": the image is truncated: partition " + std::to_string(i + 1) +
                        " ends at sector " + std::to_string(end) + ", the image at " +
                        std::to_string(image.sectors())};
    }
  }
  if (image.bytes() % kSectorSize != 0) {
    return mem::Error{image.path() + ": the image is truncated: " + std::to_string(image.bytes()) +
                      " bytes are not a multiple of 512"};
  }
  return {};
}

mem::Result<void> check_cd_complete(RawImage& image) {
  constexpr uint64_t kDescriptor = 16 * 4;  // block 16, in sectors of 512
  std::array<uint8_t, kSectorSize> d{};
  if (image.sectors() <= kDescriptor) return {};
  auto got = image.read(kDescriptor, d);
  if (!got) return got;
  if (d[0] != 1 || std::memcmp(&d[1], "CD001", 5) != 0) return {};
  uint64_t need = uint64_t{little32(&d[80])} * 2048;
  if (need > image.bytes()) {
    return mem::Error{image.path() + ": the image is truncated: its ISO 9660 volume has " +
                      std::to_string(need) + " bytes, the image " + std::to_string(image.bytes())};
  }
  return {};
}

}  // namespace ilse::dev
