#include "devices/disk/scsi.h"

#include <algorithm>
#include <array>

namespace ilse::dev::scsi {

namespace {

constexpr uint8_t kDataTrack = 0x14;  // ADR 1, control 4: a data track, copying not permitted
constexpr uint8_t kLeadOut = 0xAA;

void append_address(std::vector<uint8_t>& to, uint32_t lba, bool msf) {
  if (msf) {
    Msf m = msf_of(lba);
    append(to, {0, m.minutes, m.seconds, m.frames});
  } else {
    to.resize(to.size() + 4);
    put32(to, to.size() - 4, lba);
  }
}

}  // namespace

void append(std::vector<uint8_t>& to, std::span<const uint8_t> bytes) {
  for (uint8_t b : bytes) to.push_back(b);
}
void put16(std::vector<uint8_t>& to, size_t at, uint32_t v) {
  to[at] = static_cast<uint8_t>(v >> 8);
  to[at + 1] = static_cast<uint8_t>(v);
}
void put32(std::vector<uint8_t>& to, size_t at, uint32_t v) {
  put16(to, at, v >> 16);
  put16(to, at + 2, v);
}

Msf msf_of(uint32_t lba) {
  uint64_t frames = uint64_t{lba} + 150;
  // Larger than a CD can be: the last address that the format has.
  frames = std::min<uint64_t>(frames, 256ull * 60 * 75 - 1);
  return {static_cast<uint8_t>(frames / 75 / 60), static_cast<uint8_t>(frames / 75 % 60),
          static_cast<uint8_t>(frames % 75)};
}

void append_sector(std::vector<uint8_t>& to, uint32_t lba, uint8_t parts, std::span<const uint8_t> user) {
  auto bcd = [](uint8_t v) { return static_cast<uint8_t>(v / 10 % 10 << 4 | v % 10); };
  if ((parts & kPartSync) != 0) {
    append(to, {0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0});
  }
  if ((parts & kPartHeader) != 0) {
    Msf m = msf_of(lba);
    append(to, {bcd(m.minutes), bcd(m.seconds), bcd(m.frames), 1});
  }
  if ((parts & kPartUserData) != 0) append(to, user);
  if ((parts & kPartCorrection) != 0) to.resize(to.size() + 288);
}

std::vector<uint8_t> table_of_contents(uint8_t format, bool msf, uint8_t track, uint32_t blocks) {
  std::vector<uint8_t> toc{0, 0, 1, 1};  // length, first and last track or session
  auto entry = [&](uint8_t number, uint32_t lba) {
    append(toc, {0, kDataTrack, number, 0});
    append_address(toc, lba, msf);
  };
  // Format 2 has times in minutes, seconds and frames only.
  auto raw_entry = [&](uint8_t point, std::array<uint8_t, 3> time) {
    append(toc, {1, kDataTrack, 0, point, 0, 0, 0, 0, time[0], time[1], time[2]});
  };
  auto time_of = [](uint32_t lba) {
    Msf m = msf_of(lba);
    return std::array<uint8_t, 3>{m.minutes, m.seconds, m.frames};
  };
  switch (format) {
    case 0:
      if (track > 1 && track != kLeadOut) return {};
      if (track <= 1) entry(1, 0);
      entry(kLeadOut, blocks);
      break;
    case 1: entry(1, 0); break;
    case 2:
      raw_entry(0xA0, {1, 0, 0});  // first track; disc type: data
      raw_entry(0xA1, {1, 0, 0});  // last track
      raw_entry(0xA2, time_of(blocks));
      raw_entry(0x01, time_of(0));
      break;
    default: return {};
  }
  put16(toc, 0, static_cast<uint32_t>(toc.size() - 2));
  return toc;
}

}  // namespace ilse::dev::scsi
