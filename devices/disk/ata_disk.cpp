#include "devices/disk/ata_disk.h"

#include <algorithm>
#include <utility>

#include "devices/disk/ata_commands.h"
#include "devices/disk/ata_identify.h"
#include "devices/disk/ata_timing.h"

namespace ilse::dev {

namespace {

constexpr uint8_t kStandbyMode = 0x00, kIdleMode = 0x80;

}  // namespace

AtaDisk::AtaDisk(Scheduler& scheduler, std::string name, std::unique_ptr<BlockDevice> image,
                 std::string serial)
    : IdeDrive(scheduler, std::move(name), kAtaDrdy | kAtaDsc, kAtaDrdy | kAtaDsc),
      image_(std::move(image)),
      serial_(std::move(serial)),
      geometry_(Geometry::of(image_->sectors())) {
  device_reset(true);
}

void AtaDisk::device_reset(bool hard) {
  t_ = {};
  if (!hard) return;
  settings_ = {};
  settings_.heads = geometry_.heads;
  settings_.sectors_per_track = geometry_.sectors;
  write_buffer_ = {};
}

void AtaDisk::set_signature() {
  s_.count[0] = s_.lba_low[0] = 1;
  s_.lba_mid[0] = s_.lba_high[0] = 0;
}

void AtaDisk::start_command(uint8_t command, VTime now) {
  t_ = {};
  if (start_medium_command(command, now) || start_settings_command(command, now) ||
      start_power_command(command, now))
    return;
  fail_later(kAtaAbrt, now);
}

bool AtaDisk::start_medium_command(uint8_t command, VTime now) {
  unsigned multiple = settings_.multiple;
  switch (command) {
    case ata::kReadSectors:
    case ata::kReadSectorsOnce: start_read(false, 1, false, now); return true;
    case ata::kReadSectorsExt: start_read(true, 1, false, now); return true;
    case ata::kReadMultiple: start_read(false, multiple, false, now); return true;
    case ata::kReadMultipleExt: start_read(true, multiple, false, now); return true;
    case ata::kReadDma:
    case ata::kReadDmaOnce: start_read(false, kMaxBlock, true, now); return true;
    case ata::kReadDmaExt: start_read(true, kMaxBlock, true, now); return true;
    case ata::kWriteSectors:
    case ata::kWriteSectorsOnce:
    case ata::kWriteVerify: start_write(false, 1, false, false, now); return true;
    case ata::kWriteSectorsExt: start_write(true, 1, false, false, now); return true;
    case ata::kWriteMultiple: start_write(false, multiple, false, false, now); return true;
    case ata::kWriteMultipleExt: start_write(true, multiple, false, false, now); return true;
    case ata::kWriteMultipleFuaExt: start_write(true, multiple, false, true, now); return true;
    case ata::kWriteDma:
    case ata::kWriteDmaOnce: start_write(false, kMaxBlock, true, false, now); return true;
    case ata::kWriteDmaExt: start_write(true, kMaxBlock, true, false, now); return true;
    case ata::kWriteDmaFuaExt: start_write(true, kMaxBlock, true, true, now); return true;
    case ata::kVerify:
    case ata::kVerifyOnce: start_verify(false, now); return true;
    case ata::kVerifyExt: start_verify(true, now); return true;
    case ata::kDataSetManagement: start_trim(now); return true;
    case ata::kReadNativeMax: native_max(false, now); return true;
    case ata::kReadNativeMaxExt: native_max(true, now); return true;
    case ata::kFlushCache:
    case ata::kFlushCacheExt: flush_later(now); return true;
    default: break;
  }
  if ((command & 0xF0) == ata::kSeek) {
    seek(now);
    return true;
  }
  return false;
}

bool AtaDisk::start_settings_command(uint8_t command, VTime now) {
  switch (command) {
    case ata::kIdentifyDevice:
      answer(identify_disk(image_->sectors(), geometry_, settings_, serial_, {device1(), !alone()}), now);
      return true;
    case ata::kReadBuffer: answer({write_buffer_.begin(), write_buffer_.end()}, now); return true;
    case ata::kWriteBuffer:
      t_.target = Target::WriteBuffer;
      t_.remaining = 1;
      t_.step = Step::AcceptPio;
      busy_for(ata::kDrqTime, now);
      return true;
    case ata::kSetFeatures: set_features(now); return true;
    case ata::kSetMultiple: {
      uint8_t n = s_.count[0];
      bool power_of_two = (n & (n - 1)) == 0;  // of zero too, which disables the commands
      if (!power_of_two || n > kMaxMultiple) {
        fail_later(kAtaAbrt, now);
      } else {
        settings_.multiple = n;
        finish_later(ata::kCommandTime, now);
      }
      return true;
    }
    case ata::kInitializeParameters: {
      unsigned heads = (s_.device & 0xFu) + 1, sectors = s_.count[0];
      if (Geometry::cylinders_for(image_->sectors(), heads, sectors) == 0) {
        fail_later(kAtaAbrt, now);
      } else {
        settings_.heads = static_cast<uint16_t>(heads);
        settings_.sectors_per_track = static_cast<uint16_t>(sectors);
        finish_later(ata::kCommandTime, now);
      }
      return true;
    }
    case ata::kSmart: smart(now); return true;
    default: break;
  }
  if ((command & 0xF0) == 0x10) {  // RECALIBRATE
    finish_later(ata::kCommandTime, now);
    return true;
  }
  return false;
}

bool AtaDisk::start_power_command(uint8_t command, VTime now) {
  switch (command) {
    case ata::kStandbyImmediate:
    case ata::kStandbyImmediateOld:
    case ata::kStandby:
    case ata::kStandbyOld:
    case ata::kSleep:
    case ata::kSleepOld:
      // A drive writes its cache back before it parks.
      settings_.power = kStandbyMode;
      flush_later(now);
      return true;
    case ata::kIdleImmediate:
    case ata::kIdleImmediateOld:
    case ata::kIdle:
    case ata::kIdleOld: settings_.power = kIdleMode; break;
    case ata::kCheckPower:
    case ata::kCheckPowerOld: s_.count[0] = settings_.power; break;
    default: return false;
  }
  finish_later(ata::kCommandTime, now);
  return true;
}

void AtaDisk::finish_later(uint64_t ns, VTime now) {
  t_.step = Step::Finish;
  busy_for(ns, now);
}

void AtaDisk::fail_later(uint8_t error, VTime now) {
  t_.step = Step::Fail;
  t_.error = error;
  busy_for(ata::kCommandTime, now);
}

void AtaDisk::flush_later(VTime now) {
  t_.step = Step::Flush;
  busy_for(ata::kFlushTime, now);
}

void AtaDisk::answer(std::vector<uint8_t> data, VTime now) {
  s_.buffer = std::move(data);
  t_.target = Target::Answer;
  t_.step = Step::ReadPio;
  busy_for(ata::kCommandTime, now);
}

bool AtaDisk::take_range(bool extended, VTime now) {
  wake();
  t_.extended = extended;
  auto byte = [](uint8_t b, unsigned shift) { return uint64_t{b} << shift; };
  t_.remaining = s_.count[0];
  if (extended) t_.remaining |= static_cast<uint32_t>(s_.count[1]) << 8;
  if (t_.remaining == 0) t_.remaining = extended ? 65536 : 256;

  t_.lba = byte(s_.lba_low[0], 0) | byte(s_.lba_mid[0], 8) | byte(s_.lba_high[0], 16);
  if (extended) {
    t_.lba |= byte(s_.lba_low[1], 24) | byte(s_.lba_mid[1], 32) | byte(s_.lba_high[1], 40);
  } else if (uses_lba()) {
    t_.lba |= byte(s_.device & 0xF, 24);
  } else {
    uint64_t cylinder = byte(s_.lba_mid[0], 0) | byte(s_.lba_high[0], 8);
    unsigned head = s_.device & 0xF, sector = s_.lba_low[0];
    if (head >= settings_.heads || sector == 0 || sector > settings_.sectors_per_track) {
      t_.remaining = 0;
      fail_later(kAtaIdnf, now);
      return false;
    }
    t_.lba = (cylinder * settings_.heads + head) * settings_.sectors_per_track + sector - 1;
  }
  uint64_t total = image_->sectors();
  if (t_.lba < total && t_.remaining <= total - t_.lba) return true;
  set_address(std::max(t_.lba, total));
  t_.lba = t_.remaining = 0;
  fail_later(kAtaIdnf, now);
  return false;
}

void AtaDisk::set_address(uint64_t lba) {
  auto byte = [lba](unsigned shift) { return static_cast<uint8_t>(lba >> shift); };
  if (uses_lba()) {
    s_.lba_low[0] = byte(0);
    s_.lba_mid[0] = byte(8);
    s_.lba_high[0] = byte(16);
    if (t_.extended) {
      s_.lba_low[1] = byte(24);
      s_.lba_mid[1] = byte(32);
      s_.lba_high[1] = byte(40);
    } else {
      s_.device = static_cast<uint8_t>((s_.device & 0xF0) | (byte(24) & 0xF));
    }
    return;
  }
  uint64_t track = lba / settings_.sectors_per_track;
  uint64_t cylinder = track / settings_.heads;
  s_.lba_low[0] = static_cast<uint8_t>(lba % settings_.sectors_per_track + 1);
  s_.lba_mid[0] = static_cast<uint8_t>(cylinder);
  s_.lba_high[0] = static_cast<uint8_t>(cylinder >> 8);
  s_.device = static_cast<uint8_t>((s_.device & 0xF0) | (track % settings_.heads));
}

void AtaDisk::start_read(bool extended, unsigned block, bool dma, VTime now) {
  if (block == 0) return fail_later(kAtaAbrt, now);
  if (!take_range(extended, now)) return;
  t_.block = static_cast<uint16_t>(block);
  t_.step = dma ? Step::ReadDma : Step::ReadPio;
  uint32_t first = dma ? t_.remaining : std::min<uint32_t>(t_.remaining, block);
  busy_for(ata::kAccessTime + first * ata::kSectorTime, now);
}

void AtaDisk::start_write(bool extended, unsigned block, bool dma, bool fua, VTime now) {
  if (block == 0 || image_->read_only()) return fail_later(kAtaAbrt, now);
  if (!take_range(extended, now)) return;
  t_.block = static_cast<uint16_t>(block);
  t_.fua = fua;
  t_.step = dma ? Step::AcceptDma : Step::AcceptPio;
  busy_for(dma ? ata::kAccessTime + t_.remaining * ata::kSectorTime : ata::kDrqTime, now);
}

void AtaDisk::start_verify(bool extended, VTime now) {
  if (!take_range(extended, now)) return;
  t_.step = Step::Verify;
  busy_for(ata::kAccessTime + t_.remaining * ata::kSectorTime, now);
}

void AtaDisk::start_trim(VTime now) {
  constexpr uint8_t kTrim = 0x01;
  unsigned blocks = s_.count[0] | static_cast<unsigned>(s_.count[1]) << 8;
  if (s_.features[0] != kTrim || blocks == 0 || blocks > kMaxTrimBlocks || image_->read_only())
    return fail_later(kAtaAbrt, now);
  wake();
  t_.extended = true;
  t_.target = Target::Trim;
  t_.remaining = blocks;
  t_.block = static_cast<uint16_t>(blocks);
  t_.step = Step::AcceptDma;
  busy_for(ata::kAccessTime, now);
}

void AtaDisk::seek(VTime now) {
  s_.count[0] = 1;
  if (take_range(false, now)) finish_later(ata::kAccessTime, now);
}

void AtaDisk::native_max(bool extended, VTime now) {
  t_.extended = extended;
  uint64_t last = image_->sectors() - 1;
  if (!extended) last = std::min<uint64_t>(last, uses_lba() ? 0x0FFFFFFE : geometry_.capacity() - 1);
  set_address(last);
  finish_later(ata::kCommandTime, now);
}

void AtaDisk::set_features(VTime now) {
  bool good = true;
  switch (s_.features[0]) {
    case 0x02: settings_.write_cache = true; break;
    case 0x82: settings_.write_cache = false; return flush_later(now);
    case 0x03: good = select_transfer_mode(s_.count[0], settings_.dma_mode); break;
    case 0xAA: settings_.look_ahead = true; break;
    case 0x55: settings_.look_ahead = false; break;
    case 0x66:  // keep, or
    case 0xCC:  // revert settings on software reset: they are kept in either case, which ATA allows
      break;
    default: good = false;
  }
  if (good) {
    finish_later(ata::kCommandTime, now);
  } else {
    fail_later(kAtaAbrt, now);
  }
}

void AtaDisk::smart(VTime now) {
  constexpr uint8_t kReadData = 0xD0, kReadThresholds = 0xD1, kAutosave = 0xD2, kEnable = 0xD8,
                    kDisable = 0xD9, kReturnStatus = 0xDA;
  uint8_t f = s_.features[0];
  bool keyed = s_.lba_mid[0] == 0x4F && s_.lba_high[0] == 0xC2;
  if (!keyed || (!settings_.smart && f != kEnable)) return fail_later(kAtaAbrt, now);
  switch (f) {
    case kReadData:
    case kReadThresholds: {
      // No attributes; the structure's revision and its checksum.
      std::vector<uint8_t> data(kSectorSize);
      data[0] = 0x10;
      data[511] = 0xF0;
      return answer(std::move(data), now);
    }
    case kEnable: settings_.smart = true; break;
    case kDisable: settings_.smart = false; break;
    case kAutosave:
    case kReturnStatus:  // the key left in place says that no threshold is exceeded
      break;
    default: return fail_later(kAtaAbrt, now);
  }
  finish_later(ata::kCommandTime, now);
}

void AtaDisk::visit_state(mem::StateVisitor& v) {
  v.begin("ata_disk", 1);
  IdeDrive::visit_state(v);
  v("settings", settings_);
  v("transfer", t_);
  v("write_buffer", write_buffer_);
  image_->visit_state(v);
  v.end();
  if (!v.loading()) return;
  // A damaged file must not divide by zero or run past the medium.
  if (settings_.heads == 0) settings_.heads = geometry_.heads;
  if (settings_.sectors_per_track == 0) settings_.sectors_per_track = geometry_.sectors;
  t_.block = std::clamp<uint16_t>(t_.block, 1, kMaxBlock);
  if (t_.target > Target::Trim) t_.target = Target::Medium;
  uint64_t total = image_->sectors();
  if (t_.target == Target::Medium && (t_.lba > total || t_.remaining > total - t_.lba)) t_ = {};
}

}  // namespace ilse::dev
