#include "devices/disk/atapi_cdrom.h"

#include <algorithm>
#include <utility>

#include "devices/disk/ata_commands.h"
#include "devices/disk/ata_identify.h"
#include "devices/disk/ata_timing.h"
#include "devices/disk/scsi.h"

namespace ilse::dev {

namespace {
// Interrupt reason, in the sector count register.
constexpr uint8_t kReasonPacket = 0x01, kReasonToHost = 0x02, kReasonStatus = 0x03;
constexpr uint8_t kFeatureDma = 0x01;
constexpr size_t kStreamChunk = 64 * 1024;  // bytes that DMA moves at once
constexpr uint64_t kByteTime = 10;          // ns
// Media event codes.
constexpr uint8_t kEjectRequest = 1, kNewMedia = 2, kMediaRemoval = 3;
}  // namespace

AtapiCdrom::AtapiCdrom(Scheduler& scheduler, std::string name)
    : IdeDrive(scheduler, std::move(name), kAtaDrdy, 0) {}

void AtapiCdrom::insert(std::unique_ptr<BlockDevice> disc) {
  disc_ = std::move(disc);
  m_.tray_open = false;
  m_.attention_media = true;
  m_.event = kNewMedia;
}

bool AtapiCdrom::eject() {
  if (m_.locked) {
    m_.event = kEjectRequest;
    return false;
  }
  force_eject();
  return true;
}

void AtapiCdrom::force_eject() {
  disc_.reset();
  m_.tray_open = true;
  m_.locked = false;
  m_.event = kMediaRemoval;
}

uint32_t AtapiCdrom::blocks() const {
  if (!present()) return 0;
  constexpr uint64_t kSectors = kBlockSize / kSectorSize;
  return static_cast<uint32_t>(std::min<uint64_t>((disc_->sectors() + kSectors - 1) / kSectors, UINT32_MAX));
}

void AtapiCdrom::device_reset(bool hard) {
  t_ = {};
  if (!hard) return;
  bool open = m_.tray_open;
  m_ = {};
  m_.tray_open = open;
}

void AtapiCdrom::set_signature() {
  s_.count[0] = s_.lba_low[0] = 1;
  s_.lba_mid[0] = 0x14;
  s_.lba_high[0] = 0xEB;
}

bool AtapiCdrom::accepts_while_busy(uint8_t command) const { return command == ata::kDeviceReset; }

void AtapiCdrom::finish_later(VTime now) {
  t_.step = Step::Finish;
  busy_for(ata::kCommandTime, now);
}

void AtapiCdrom::fail_later(uint8_t error, VTime now) {
  t_.step = Step::Fail;
  t_.error = error;
  busy_for(ata::kCommandTime, now);
}

void AtapiCdrom::start_command(uint8_t command, VTime now) {
  if (command == ata::kDeviceReset) return reset_now();
  t_ = {};
  switch (command) {
    case ata::kPacket: return start_packet(now);
    case ata::kIdentifyPacketDevice:
      t_.queued = identify_cdrom(m_.dma_mode, "ILSE-CD-0", {device1(), !alone()});
      t_.limit = kSectorSize;
      t_.step = Step::Stream;
      return busy_for(ata::kCommandTime, now);
    case ata::kSetFeatures:
      if (s_.features[0] == 0x03 && !select_transfer_mode(s_.count[0], m_.dma_mode)) break;
      // Keep or revert settings on software reset: they are kept, which ATA allows.
      if (s_.features[0] != 0x03 && s_.features[0] != 0x66 && s_.features[0] != 0xCC) break;
      return finish_later(now);
    case ata::kCheckPower: s_.count[0] = 0xFF; return finish_later(now);
    case ata::kFlushCache:
    case ata::kIdleImmediate:
    case ata::kStandbyImmediate:
    case ata::kSleep: return finish_later(now);
    case ata::kIdentifyDevice:
    case ata::kReadSectors:
    case ata::kReadSectorsOnce:
      // Hosts that take it for a disk find the signature.
      set_signature();
      break;
    default: break;
  }
  fail_later(kAtaAbrt, now);
}

void AtapiCdrom::start_packet(VTime now) {
  t_.packet_command = true;
  t_.dma = (s_.features[0] & kFeatureDma) != 0;
  unsigned limit = s_.lba_mid[0] | static_cast<unsigned>(s_.lba_high[0]) << 8;
  if (limit == 0 || limit == 0xFFFF) limit = 0xFFFE;
  t_.limit = static_cast<uint16_t>(std::max(limit & ~1u, 2u));
  t_.step = Step::AcceptPacket;
  busy_for(ata::kDrqTime, now);
}

uint64_t AtapiCdrom::execution_time() const {
  uint64_t count = 0;
  switch (t_.packet[0]) {
    case scsi::kRead10: count = packet16(7); break;
    case scsi::kRead12: count = packet32(6); break;
    case scsi::kReadCd: count = packet32(5) & 0xFFFFFF; break;
    default: return ata::kCommandTime;
  }
  // By PIO the time of later blocks comes between them.
  count = std::min<uint64_t>(count, t_.dma ? blocks() : 1);
  return ata::kAccessTime + count * kBlockSize * kByteTime;
}

void AtapiCdrom::busy_done(VTime now) {
  switch (std::exchange(t_.step, Step::None)) {
    case Step::None:
    case Step::Finish:
      if (t_.packet_command) return finish_packet();
      return complete();
    case Step::Fail: return fail(t_.error);
    case Step::AcceptPacket:
      s_.count[0] = kReasonPacket;
      s_.buffer.assign(t_.packet.size(), 0);
      return data_out(false);
    case Step::Execute: return execute(now);
    case Step::Stream: return next_block(now);
  }
}

void AtapiCdrom::block_done(VTime now) {
  bool more = !t_.queued.empty() || t_.blocks != 0;
  switch (s_.phase) {
    case Phase::DataOut:
      std::copy_n(s_.buffer.begin(), std::min(s_.buffer.size(), t_.packet.size()), t_.packet.begin());
      s_.buffer.clear();
      t_.step = Step::Execute;
      return busy_for(execution_time(), now);
    case Phase::DataIn:
      if (!t_.packet_command) return complete(false);
      t_.step = more ? Step::Stream : Step::Finish;
      return busy_for(ata::kBlockTime + (more ? s_.buffer.size() * kByteTime : 0), now);
    case Phase::DmaIn:
      if (more) return next_block(now);
      return finish_packet();
    case Phase::DmaOut: return complete();  // no packet command sends data to the drive
    case Phase::Idle:
    case Phase::Busy:
    case Phase::Reset: return;
  }
}

void AtapiCdrom::execute(VTime now) {
  if (!report_attention(t_.packet[0])) return;
  if (t_.packet[0] != scsi::kRequestSense) {
    m_.sense_key = 0;
    m_.sense = 0;
  }
  if (dispatch()) next_block(now);
}

void AtapiCdrom::next_block(VTime now) {
  size_t want = t_.dma ? kStreamChunk : t_.limit;
  while (t_.blocks != 0 && t_.queued.size() < want) {
    if (!queue_blocks()) return;
  }
  size_t n = std::min(want, t_.queued.size());
  if (n == 0) return finish_packet();
  auto end = t_.queued.begin() + static_cast<std::ptrdiff_t>(n);
  s_.buffer.assign(t_.queued.begin(), end);
  t_.queued.erase(t_.queued.begin(), end);
  if (t_.dma) return dma_in(now);
  if (t_.packet_command) {
    s_.count[0] = kReasonToHost;
    s_.lba_mid[0] = static_cast<uint8_t>(n);
    s_.lba_high[0] = static_cast<uint8_t>(n >> 8);
  }
  data_in(true);
}

void AtapiCdrom::finish_packet() {
  s_.count[0] = kReasonStatus;
  complete();
}

bool AtapiCdrom::check(uint8_t key, uint16_t sense) {
  m_.sense_key = key;
  m_.sense = sense;
  t_.queued.clear();
  t_.blocks = 0;
  s_.count[0] = kReasonStatus;
  fail(static_cast<uint8_t>(key << 4 | (key == scsi::kIllegalRequest ? kAtaAbrt : 0)));
  return false;
}

bool AtapiCdrom::answer(std::vector<uint8_t> data, size_t allocation) {
  if (data.size() > allocation) data.resize(allocation);
  t_.queued = std::move(data);
  return true;
}

bool AtapiCdrom::queue_blocks() {
  if (!present()) return check(scsi::kNotReady, scsi::kNoMediumTrayOpen);
  // The disc may have been changed for a smaller one.
  if (t_.lba >= blocks()) return check(scsi::kIllegalRequest, scsi::kLbaOutOfRange);
  std::array<uint8_t, kBlockSize> user{};
  uint64_t first = uint64_t{t_.lba} * (kBlockSize / kSectorSize);
  uint64_t n = std::min<uint64_t>(kBlockSize / kSectorSize, disc_->sectors() - first);
  if (!disc_->read(first, std::span(user).first(n * kSectorSize)))
    return check(scsi::kMediumError, scsi::kUnrecoveredRead);
  scsi::append_sector(t_.queued, t_.lba, t_.parts, user);
  ++t_.lba;
  --t_.blocks;
  return true;
}

uint32_t AtapiCdrom::packet16(size_t at) const {
  return static_cast<uint32_t>(t_.packet[at]) << 8 | t_.packet[at + 1];
}
uint32_t AtapiCdrom::packet32(size_t at) const { return packet16(at) << 16 | packet16(at + 2); }

void AtapiCdrom::visit_state(mem::StateVisitor& v) {
  v.begin("atapi_cdrom", 1);
  IdeDrive::visit_state(v);
  v("drive", m_);
  v("transfer", t_);
  v.end();
  // A damaged file must not make an endless transfer.
  if (v.loading() && t_.limit < 2) t_.limit = 2;
}

}  // namespace ilse::dev
