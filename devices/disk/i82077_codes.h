// The diskette controller's commands and status bits (Intel data sheet 290166, tables 5-1 to 5-6).
#pragma once

#include <cstdint>

namespace ilse::dev::fdc {

// Commands: bits 4..0 of the first byte.
inline constexpr uint8_t kReadTrack = 0x02, kSpecify = 0x03, kSenseDrive = 0x04, kWrite = 0x05, kRead = 0x06,
                         kRecalibrate = 0x07, kSenseInterrupt = 0x08, kWriteDeleted = 0x09, kReadId = 0x0A,
                         kReadDeleted = 0x0C, kFormat = 0x0D, kDumpReg = 0x0E, kSeek = 0x0F, kVersion = 0x10,
                         kScanEqual = 0x11, kPerpendicular = 0x12, kConfigure = 0x13, kLock = 0x14,
                         kVerify = 0x16, kScanLow = 0x19, kScanHigh = 0x1D;
inline constexpr uint8_t kMt = 0x80, kMfm = 0x40, kSk = 0x20;

// Main status register.
inline constexpr uint8_t kRqm = 0x80, kDio = 0x40, kNonDma = 0x20, kBusy = 0x10;
// Digital output register.
inline constexpr uint8_t kNotReset = 0x04, kDmaGate = 0x08;

// Status register 0: how the command ended.
inline constexpr uint8_t kNormal = 0x00, kAbnormal = 0x40, kInvalid = 0x80, kReadyChanged = 0xC0;
inline constexpr uint8_t kSeekEnd = 0x20, kEquipmentCheck = 0x10;
// 1
inline constexpr uint8_t kEndOfCylinder = 0x80, kDataError = 0x20, kOverrun = 0x10, kNoData = 0x04,
                         kNotWritable = 0x02, kMissingAddress = 0x01;
// 2
inline constexpr uint8_t kControlMark = 0x40, kDataErrorInData = 0x20, kWrongCylinder = 0x10, kScanHit = 0x08,
                         kScanNotSatisfied = 0x04, kBadCylinder = 0x02;
// 3
inline constexpr uint8_t kWriteProtected = 0x40, kTrack0 = 0x10;

inline constexpr uint8_t kSizeCode = 2;  // 512 bytes

}  // namespace ilse::dev::fdc
