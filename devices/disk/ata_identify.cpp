#include "devices/disk/ata_identify.h"

#include <algorithm>
#include <array>

namespace ilse::dev {

namespace {

using Words = std::array<uint16_t, 256>;

// Characters are stored high byte first and padded with spaces.
void text(Words& w, size_t first, size_t words, std::string_view s) {
  auto at = [s](size_t i) -> uint16_t { return i < s.size() ? static_cast<uint8_t>(s[i]) : ' '; };
  for (size_t i = 0; i < words; ++i) w[first + i] = static_cast<uint16_t>(at(2 * i) << 8 | at(2 * i + 1));
}

void number32(Words& w, size_t at, uint32_t v) {
  w[at] = static_cast<uint16_t>(v);
  w[at + 1] = static_cast<uint16_t>(v >> 16);
}

uint16_t supported_modes(unsigned highest, uint8_t kind, uint8_t selected) {
  unsigned modes = (2u << highest) - 1;
  if ((selected & 0xF8) == kind) modes |= 0x100u << (selected & 7);
  return static_cast<uint16_t>(modes);
}

// Words that both kinds of drive fill alike: transfer modes, cycle times, reset result.
void transfer_words(Words& w, uint8_t dma_mode, IdentifyPlace place) {
  w[49] = 0x0F00;  // IORDY (may be disabled), LBA, DMA
  w[51] = 0x0200;
  w[52] = 0x0200;
  w[53] = 0x0007;
  w[63] = supported_modes(kMaxMultiword, 0x20, dma_mode);
  w[64] = 0x0003;                       // PIO modes 3 and 4
  w[65] = w[66] = w[67] = w[68] = 120;  // ns a cycle
  w[88] = supported_modes(kMaxUltra, 0x40, dma_mode);
  // 80-conductor cable; position by jumper; diagnostics passed.
  w[93] = place.device1 ? 0x6B00 : static_cast<uint16_t>(0x600B | (place.other_drive ? 0x0030 : 0));
}

std::vector<uint8_t> finish(Words& w) {
  std::vector<uint8_t> bytes(512);
  for (size_t i = 0; i < 256; ++i) {
    bytes[2 * i] = static_cast<uint8_t>(w[i]);
    bytes[2 * i + 1] = static_cast<uint8_t>(w[i] >> 8);
  }
  // Integrity word: signature, and a byte that makes the sum of all zero.
  bytes[510] = 0xA5;
  bytes[511] = 0;
  uint8_t sum = 0;
  for (uint8_t b : bytes) sum = static_cast<uint8_t>(sum + b);
  bytes[511] = static_cast<uint8_t>(-sum);
  return bytes;
}

constexpr std::string_view kFirmware = "1.0";

}  // namespace

std::vector<uint8_t> identify_disk(uint64_t sectors, const Geometry& geometry,
                                   const AtaDisk::Settings& settings, std::string_view serial,
                                   IdentifyPlace place) {
  Words w{};
  w[0] = 0x0040;  // fixed
  w[1] = geometry.cylinders;
  w[3] = geometry.heads;
  w[6] = geometry.sectors;
  text(w, 10, 10, serial);
  text(w, 23, 4, kFirmware);
  text(w, 27, 20, "ILSE HARDDISK");
  w[47] = 0x8000 | AtaDisk::kMaxMultiple;
  w[48] = 0x4000;
  w[50] = 0x4000;
  transfer_words(w, settings.dma_mode, place);
  Geometry current{Geometry::cylinders_for(sectors, settings.heads, settings.sectors_per_track),
                   settings.heads, settings.sectors_per_track};
  w[54] = current.cylinders;
  w[55] = current.heads;
  w[56] = current.sectors;
  number32(w, 57, current.capacity());
  w[59] = settings.multiple != 0 ? 0x0100 | settings.multiple : 0;
  number32(w, 60, static_cast<uint32_t>(std::min<uint64_t>(sectors, 0x0FFFFFFF)));
  w[69] = 0x4020;  // sectors read the same, and zero, after TRIM
  w[80] = 0x01F0;  // ATA/ATAPI-4 to ATA8-ACS
  // Command sets, supported then enabled: NOP, READ and WRITE BUFFER, look-ahead, write cache, power
  // management, SMART; FLUSH CACHE (EXT), 48-bit addresses; FUA.
  w[82] = 0x7069;
  w[83] = 0x7400;
  w[84] = 0x4040;
  w[85] = static_cast<uint16_t>(0x7008 | (settings.look_ahead ? 0x40 : 0) |
                                (settings.write_cache ? 0x20 : 0) | (settings.smart ? 1 : 0));
  w[86] = 0x3400;
  w[87] = 0x4040;
  for (size_t i = 0; i < 4; ++i) w[100 + i] = static_cast<uint16_t>(sectors >> (16 * i));
  w[105] = kMaxTrimBlocks;
  w[106] = 0x4000;  // 512-byte sectors, physical and logical
  w[169] = 0x0001;  // TRIM
  w[217] = 0x0001;  // does not rotate
  return finish(w);
}

std::vector<uint8_t> identify_cdrom(uint8_t dma_mode, std::string_view serial, IdentifyPlace place) {
  Words w{};
  w[0] = 0x85C0;  // ATAPI, CD-ROM, removable, DRQ within 50 us of PACKET, 12-byte packets
  text(w, 10, 10, serial);
  text(w, 23, 4, kFirmware);
  text(w, 27, 20, "ILSE CD-ROM");
  transfer_words(w, dma_mode, place);
  w[80] = 0x00F0;  // ATA/ATAPI-4 to -7
  w[82] = 0x4210;  // NOP, DEVICE RESET, PACKET
  w[83] = 0x4000;
  w[84] = 0x4000;
  w[85] = 0x4210;
  w[87] = 0x4000;
  return finish(w);
}

bool select_transfer_mode(uint8_t mode, uint8_t& dma_mode) {
  unsigned n = mode & 7;
  switch (mode & 0xF8) {
    case 0x00:  // default PIO, with or without IORDY
      if (n > 1) return false;
      dma_mode = 0;
      return true;
    case 0x08:  // PIO with flow control
      if (n > kMaxPio) return false;
      dma_mode = 0;
      return true;
    case 0x20:
      if (n > kMaxMultiword) return false;
      dma_mode = mode;
      return true;
    case 0x40:
      if (n > kMaxUltra) return false;
      dma_mode = mode;
      return true;
    default: return false;
  }
}

}  // namespace ilse::dev
