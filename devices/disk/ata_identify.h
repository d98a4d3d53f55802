// The 256 words of IDENTIFY DEVICE (ATA/ATAPI-7 volume 1, 6.17; ATA8-ACS, 7.16) and IDENTIFY PACKET DEVICE
// (6.18). libata prints from these: "ATA-8: ILSE HARDDISK, 1.0, max UDMA/100".
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "devices/disk/ata_disk.h"
#include "devices/disk/geometry.h"

namespace ilse::dev {

// The selected mode as SET FEATURES gave it: 20h | n multiword DMA, 40h | n Ultra DMA, else neither.
struct IdentifyPlace {
  bool device1 = false;
  bool other_drive = false;
};

// 512 bytes, ready for the data port.
std::vector<uint8_t> identify_disk(uint64_t sectors, const Geometry& geometry,
                                   const AtaDisk::Settings& settings, std::string_view serial,
                                   IdentifyPlace place);
std::vector<uint8_t> identify_cdrom(uint8_t dma_mode, std::string_view serial, IdentifyPlace place);

// The highest of each kind of transfer mode that the drives accept.
inline constexpr unsigned kMaxPio = 4, kMaxMultiword = 2, kMaxUltra = 5;

// True when SET FEATURES may select `mode`; a PIO mode clears `dma_mode`.
bool select_transfer_mode(uint8_t mode, uint8_t& dma_mode);

inline constexpr unsigned kMaxTrimBlocks = 1;

}  // namespace ilse::dev
