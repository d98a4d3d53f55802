// Command codes, ATA/ATAPI-7 volume 1, annex B.
#pragma once

#include <cstdint>

namespace ilse::dev::ata {

enum Command : uint8_t {
  kNop = 0x00,
  kDataSetManagement = 0x06,
  kDeviceReset = 0x08,
  kReadSectors = 0x20,
  kReadSectorsOnce = 0x21,  // without retries
  kReadSectorsExt = 0x24,
  kReadDmaExt = 0x25,
  kReadNativeMaxExt = 0x27,
  kReadMultipleExt = 0x29,
  kWriteSectors = 0x30,
  kWriteSectorsOnce = 0x31,
  kWriteSectorsExt = 0x34,
  kWriteDmaExt = 0x35,
  kWriteMultipleExt = 0x39,
  kWriteVerify = 0x3C,
  kWriteDmaFuaExt = 0x3D,
  kVerify = 0x40,
  kVerifyOnce = 0x41,
  kVerifyExt = 0x42,
  kSeek = 0x70,
  kInitializeParameters = 0x91,
  kStandbyImmediateOld = 0x94,
  kIdleImmediateOld = 0x95,
  kStandbyOld = 0x96,
  kIdleOld = 0x97,
  kCheckPowerOld = 0x98,
  kSleepOld = 0x99,
  kPacket = 0xA0,
  kIdentifyPacketDevice = 0xA1,
  kSmart = 0xB0,
  kReadMultiple = 0xC4,
  kWriteMultiple = 0xC5,
  kSetMultiple = 0xC6,
  kReadDma = 0xC8,
  kReadDmaOnce = 0xC9,
  kWriteDma = 0xCA,
  kWriteDmaOnce = 0xCB,
  kWriteMultipleFuaExt = 0xCE,
  kStandbyImmediate = 0xE0,
  kIdleImmediate = 0xE1,
  kStandby = 0xE2,
  kIdle = 0xE3,
  kReadBuffer = 0xE4,
  kCheckPower = 0xE5,
  kSleep = 0xE6,
  kFlushCache = 0xE7,
  kWriteBuffer = 0xE8,
  kFlushCacheExt = 0xEA,
  kIdentifyDevice = 0xEC,
  kSetFeatures = 0xEF,
  kReadNativeMax = 0xF8,
};

}  // namespace ilse::dev::ata
