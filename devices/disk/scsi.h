// Operation codes, sense codes and sector layout of CD-ROM drives: SPC-2, MMC-3.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <vector>

namespace ilse::dev::scsi {

enum Opcode : uint8_t {
  kTestUnitReady = 0x00,
  kRequestSense = 0x03,
  kInquiry = 0x12,
  kModeSense6 = 0x1A,
  kStartStop = 0x1B,
  kPreventAllow = 0x1E,
  kReadCapacity = 0x25,
  kRead10 = 0x28,
  kSeek10 = 0x2B,
  kSynchronizeCache = 0x35,
  kReadSubchannel = 0x42,
  kReadToc = 0x43,
  kPlayAudio10 = 0x45,
  kGetConfiguration = 0x46,
  kPlayAudioMsf = 0x47,
  kGetEventStatus = 0x4A,
  kPauseResume = 0x4B,
  kStopPlay = 0x4E,
  kReadDiscInformation = 0x51,
  kReadTrackInformation = 0x52,
  kModeSense10 = 0x5A,
  kRead12 = 0xA8,
  kReadDvdStructure = 0xAD,
  kReadCdMsf = 0xB9,
  kSetCdSpeed = 0xBB,
  kMechanismStatus = 0xBD,
  kReadCd = 0xBE,
};

enum SenseKey : uint8_t {
  kNotReady = 2,
  kMediumError = 3,
  kIllegalRequest = 5,
  kUnitAttention = 6,
};

// Additional sense code << 8 | qualifier.
enum Sense : uint16_t {
  kUnrecoveredRead = 0x1100,
  kInvalidOpcode = 0x2000,
  kLbaOutOfRange = 0x2100,
  kInvalidField = 0x2400,
  kMediumChanged = 0x2800,
  kPowerOnOrReset = 0x2900,
  kIncompatibleMedium = 0x3002,
  kSavingNotSupported = 0x3900,
  kNoMediumTrayClosed = 0x3A01,
  kNoMediumTrayOpen = 0x3A02,
  kRemovalPrevented = 0x5302,
  kIllegalModeForTrack = 0x6400,
};

// READ CD, byte 9: the parts of a sector.
inline constexpr uint8_t kPartSync = 0x80, kPartHeader = 0x20, kPartUserData = 0x10, kPartCorrection = 0x08;

// Appends the chosen parts of a mode 1 sector. The correction bytes are zero: nothing computes them.
void append_sector(std::vector<uint8_t>& to, uint32_t lba, uint8_t parts, std::span<const uint8_t> user);

// A block address as a disc's minutes, seconds and frames (MSF counts from two seconds before block 0).
struct Msf {
  uint8_t minutes, seconds, frames;
};
Msf msf_of(uint32_t lba);

// Building an answer, with its big-endian fields.
void append(std::vector<uint8_t>& to, std::span<const uint8_t> bytes);
inline void append(std::vector<uint8_t>& to, std::initializer_list<uint8_t> bytes) {
  append(to, std::span<const uint8_t>(bytes.begin(), bytes.size()));
}
void put16(std::vector<uint8_t>& to, size_t at, uint32_t v);
void put32(std::vector<uint8_t>& to, size_t at, uint32_t v);

// The answer to READ TOC/PMA/ATIP (MMC-3, 6.26) of a disc with one data track of `blocks`; empty for a format
// or track number that such a disc does not have.
std::vector<uint8_t> table_of_contents(uint8_t format, bool msf, uint8_t track, uint32_t blocks);

}  // namespace ilse::dev::scsi
