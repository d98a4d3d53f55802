// The packet commands of the CD-ROM drive. SPC-2 (INQUIRY, MODE SENSE, REQUEST SENSE ...) and MMC-3,
// clause 6.
#include <algorithm>
#include <string_view>
#include <utility>

#include "devices/disk/atapi_cdrom.h"
#include "devices/disk/scsi.h"

namespace ilse::dev {

namespace {

constexpr uint32_t kSpeed = 4234;             // kB/s, 24x
constexpr uint32_t kCdBlocks = 99 * 60 * 75;  // more than a CD can hold: the disc is a DVD
constexpr uint16_t kProfileCd = 0x0008, kProfileDvd = 0x0010;

void append_text(std::vector<uint8_t>& to, std::string_view text, size_t width) {
  for (size_t i = 0; i < width; ++i) to.push_back(i < text.size() ? static_cast<uint8_t>(text[i]) : ' ');
}

}  // namespace

uint16_t AtapiCdrom::profile() const {
  if (!present()) return 0;
  return blocks() > kCdBlocks ? kProfileDvd : kProfileCd;
}

// Unit attention conditions end the first command that touches the medium; false when they did.
bool AtapiCdrom::report_attention(uint8_t opcode) {
  if (opcode == scsi::kInquiry || opcode == scsi::kRequestSense || opcode == scsi::kGetConfiguration ||
      opcode == scsi::kGetEventStatus)
    return true;
  if (std::exchange(m_.attention_reset, false)) return check(scsi::kUnitAttention, scsi::kPowerOnOrReset);
  if (std::exchange(m_.attention_media, false)) return check(scsi::kUnitAttention, scsi::kMediumChanged);
  return true;
}

bool AtapiCdrom::ready() {
  if (present()) return true;
  return check(scsi::kNotReady, m_.tray_open ? scsi::kNoMediumTrayOpen : scsi::kNoMediumTrayClosed);
}

bool AtapiCdrom::dispatch() {
  const auto& p = t_.packet;
  switch (p[0]) {
    case scsi::kTestUnitReady: return ready();
    case scsi::kRequestSense: return request_sense();
    case scsi::kInquiry: return inquiry();
    case scsi::kModeSense6: return mode_sense(false);
    case scsi::kModeSense10: return mode_sense(true);
    case scsi::kStartStop: return start_stop();
    case scsi::kPreventAllow: m_.locked = (p[4] & 1) != 0; return true;
    case scsi::kReadCapacity: return read_capacity();
    case scsi::kRead10: return stream(packet32(2), packet16(7), scsi::kPartUserData);
    case scsi::kRead12: return stream(packet32(2), packet32(6), scsi::kPartUserData);
    case scsi::kReadCd: return read_cd(false);
    case scsi::kReadCdMsf: return read_cd(true);
    case scsi::kSeek10:
      if (!ready()) return false;
      return packet32(2) < blocks() || check(scsi::kIllegalRequest, scsi::kLbaOutOfRange);
    case scsi::kReadToc: return read_toc();
    case scsi::kReadSubchannel: return read_subchannel();
    case scsi::kGetConfiguration: return get_configuration();
    case scsi::kGetEventStatus: return get_event_status();
    case scsi::kReadDiscInformation: return read_disc_information();
    case scsi::kReadTrackInformation: return read_track_information();
    case scsi::kMechanismStatus: return mechanism_status();
    case scsi::kSynchronizeCache:
    case scsi::kStopPlay:
    case scsi::kSetCdSpeed: return true;
    case scsi::kPlayAudio10:
    case scsi::kPlayAudioMsf:
    case scsi::kPauseResume: return ready() && check(scsi::kIllegalRequest, scsi::kIllegalModeForTrack);
    case scsi::kReadDvdStructure: return ready() && check(scsi::kIllegalRequest, scsi::kIncompatibleMedium);
    default: return check(scsi::kIllegalRequest, scsi::kInvalidOpcode);
  }
}

bool AtapiCdrom::request_sense() {
  if (m_.sense_key == 0) {
    // A condition that nobody was told of yet.
    if (std::exchange(m_.attention_reset, false)) {
      m_.sense_key = scsi::kUnitAttention;
      m_.sense = scsi::kPowerOnOrReset;
    } else if (std::exchange(m_.attention_media, false)) {
      m_.sense_key = scsi::kUnitAttention;
      m_.sense = scsi::kMediumChanged;
    }
  }
  std::vector<uint8_t> d(18);
  d[0] = 0x70;  // current error, fixed format
  d[2] = std::exchange(m_.sense_key, uint8_t{0});
  d[7] = 10;
  scsi::put16(d, 12, std::exchange(m_.sense, uint16_t{0}));
  return answer(std::move(d), t_.packet[4]);
}

bool AtapiCdrom::inquiry() {
  bool vital_product_data = (t_.packet[1] & 1) != 0;
  if (vital_product_data || t_.packet[2] != 0) return check(scsi::kIllegalRequest, scsi::kInvalidField);
  // CD-ROM, removable, no claimed version, ATAPI response format, 31 more bytes.
  std::vector<uint8_t> d{0x05, 0x80, 0x00, 0x21, 31, 0, 0, 0};
  append_text(d, "ILSE", 8);
  append_text(d, "CD-ROM", 16);
  append_text(d, "1.0", 4);
  return answer(std::move(d), packet16(3));
}

bool AtapiCdrom::mode_sense(bool ten) {
  constexpr uint8_t kErrorRecovery = 0x01, kCapabilities = 0x2A, kAll = 0x3F;
  uint8_t control = t_.packet[2] >> 6, page = t_.packet[2] & 0x3F;
  if (control == 3) return check(scsi::kIllegalRequest, scsi::kSavingNotSupported);
  if (page != kErrorRecovery && page != kCapabilities && page != kAll)
    return check(scsi::kIllegalRequest, scsi::kInvalidField);

  std::vector<uint8_t> d(ten ? 8 : 4);
  uint8_t medium_type = m_.tray_open ? 0x71 : (present() ? 0x01 : 0x70);
  d[ten ? 2 : 1] = medium_type;
  bool changeable = control == 1;  // asks which bits can be changed: none
  auto append = [&](std::vector<uint8_t> content) {
    if (changeable) std::fill(content.begin() + 2, content.end(), uint8_t{0});
    scsi::append(d, content);
  };
  if (page == kErrorRecovery || page == kAll) append({kErrorRecovery, 6, 0, 5, 0, 0, 0, 0});
  if (page == kCapabilities || page == kAll) {
    std::vector<uint8_t> c(22);
    c[0] = kCapabilities;
    c[1] = 20;
    c[2] = 0x0B;                                                 // reads CD-R, CD-RW, DVD-ROM
    c[4] = 0x70;                                                 // multisession, mode 2 forms 1 and 2
    c[6] = static_cast<uint8_t>(0x29 | (m_.locked ? 0x02 : 0));  // tray; ejects; locks
    scsi::put16(c, 8, kSpeed);
    scsi::put16(c, 12, 512);  // buffer, KiB
    scsi::put16(c, 14, kSpeed);
    append(std::move(c));
  }
  if (ten) {
    scsi::put16(d, 0, static_cast<uint32_t>(d.size() - 2));
  } else {
    d[0] = static_cast<uint8_t>(d.size() - 1);
  }
  return answer(std::move(d), ten ? packet16(7) : t_.packet[4]);
}

bool AtapiCdrom::read_capacity() {
  if (!ready()) return false;
  std::vector<uint8_t> d(8);
  scsi::put32(d, 0, blocks() - 1);
  scsi::put32(d, 4, kBlockSize);
  return answer(std::move(d), 8);
}

bool AtapiCdrom::stream(uint32_t lba, uint32_t count, uint8_t parts) {
  if (!ready()) return false;
  if (lba >= blocks() || count > blocks() - lba) {
    // A read of nothing just beyond the end is still good.
    if (count != 0 || lba > blocks()) return check(scsi::kIllegalRequest, scsi::kLbaOutOfRange);
  }
  t_.lba = lba;
  t_.blocks = count;
  t_.parts = parts;
  return true;
}

bool AtapiCdrom::read_cd(bool msf) {
  const auto& p = t_.packet;
  uint8_t type = p[1] >> 2 & 7;  // 0 any, 2 mode 1; others are not on this disc
  if (!ready()) return false;
  if (type != 0 && type != 2) return check(scsi::kIllegalRequest, scsi::kIllegalModeForTrack);
  if ((p[10] & 7) != 0 || (p[9] & 0x06) != 0) return check(scsi::kIllegalRequest, scsi::kInvalidField);
  uint8_t parts = p[9] & (scsi::kPartSync | scsi::kPartHeader | scsi::kPartUserData | scsi::kPartCorrection);
  uint32_t lba = packet32(2), count = packet32(5) & 0xFFFFFF;
  if (msf) {
    auto frames = [&p](size_t at) { return (int64_t{p[at]} * 60 + p[at + 1]) * 75 + p[at + 2] - 150; };
    int64_t from = frames(3), to = frames(6);
    if (from < 0 || to < from) return check(scsi::kIllegalRequest, scsi::kInvalidField);
    lba = static_cast<uint32_t>(from);
    count = static_cast<uint32_t>(to - from);
  }
  if (parts == 0) count = 0;
  return stream(lba, count, parts);
}

bool AtapiCdrom::read_toc() {
  if (!ready()) return false;
  const auto& p = t_.packet;
  // Older drives had the format in the control byte.
  uint8_t format = p[2] & 0x0F;
  if (format == 0) format = p[9] >> 6;
  auto toc = scsi::table_of_contents(format, (p[1] & 2) != 0, p[6], blocks());
  if (toc.empty()) return check(scsi::kIllegalRequest, scsi::kInvalidField);
  return answer(std::move(toc), packet16(7));
}

bool AtapiCdrom::read_subchannel() {
  if (!ready()) return false;
  constexpr uint8_t kNoAudioStatus = 0x15, kPosition = 0x01;
  std::vector<uint8_t> d{0, kNoAudioStatus, 0, 0};
  bool sub_q = (t_.packet[2] & 0x40) != 0;
  if (sub_q) {
    if (t_.packet[3] != kPosition) return check(scsi::kIllegalRequest, scsi::kInvalidField);
    scsi::append(d, {kPosition, 0x14, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0});
    scsi::put16(d, 2, 12);
  }
  return answer(std::move(d), packet16(7));
}

bool AtapiCdrom::get_configuration() {
  uint8_t which = t_.packet[1] & 3;
  uint32_t from = packet16(2);
  if (which == 3) return check(scsi::kIllegalRequest, scsi::kInvalidField);
  std::vector<uint8_t> d(8);
  scsi::put16(d, 6, profile());
  // Feature code, version << 2 | persistent << 1 | current, length, data (MMC-3, clause 5).
  auto feature = [&](uint16_t code, uint8_t version, bool persistent, bool current,
                     const std::vector<uint8_t>& data) {
    bool wanted = which == 2 ? code == from : code >= from && (which == 0 || current);
    if (!wanted) return;
    scsi::append(d, {static_cast<uint8_t>(code >> 8), static_cast<uint8_t>(code),
                     static_cast<uint8_t>(version << 2 | (persistent ? 2 : 0) | (current ? 1 : 0)),
                     static_cast<uint8_t>(data.size())});
    scsi::append(d, data);
  };
  uint8_t dvd = profile() == kProfileDvd, cd = profile() == kProfileCd;
  feature(0x0000, 0, true, true, {0x00, 0x10, dvd, 0, 0x00, 0x08, cd, 0});  // profiles
  feature(0x0001, 1, true, true, {0, 0, 0, 2, 0, 0, 0, 0});                 // core: ATAPI
  feature(0x0002, 1, true, true, {2, 0, 0, 0});                             // morphing: media events
  feature(0x0003, 0, true, true, {0x29, 0, 0, 0});                          // removable: tray, eject, lock
  feature(0x0010, 0, false, present(), {0, 0, 8, 0, 0, 1, 0, 0});           // random readable
  feature(0x001E, 0, false, cd != 0, {0, 0, 0, 0});                         // CD read
  feature(0x001F, 0, false, dvd != 0, {});                                  // DVD read
  scsi::put32(d, 0, static_cast<uint32_t>(d.size() - 4));
  return answer(std::move(d), packet16(7));
}

bool AtapiCdrom::get_event_status() {
  constexpr uint8_t kMediaClass = 4, kMediaClassBit = 1 << kMediaClass, kNoEventAvailable = 0x80;
  bool polled = (t_.packet[1] & 1) != 0;
  if (!polled) return check(scsi::kIllegalRequest, scsi::kInvalidField);
  std::vector<uint8_t> d{0, 0, kNoEventAvailable, kMediaClassBit};
  if ((t_.packet[4] & kMediaClassBit) != 0) {
    d[2] = kMediaClass;
    d.push_back(m_.event);
    d.push_back(static_cast<uint8_t>((m_.tray_open ? 1 : 0) | (present() ? 2 : 0)));
    d.resize(d.size() + 2);
    // An event that the host leaves no room for stays.
    if (packet16(7) > 4) m_.event = 0;
  }
  scsi::put16(d, 0, static_cast<uint32_t>(d.size() - 2));
  return answer(std::move(d), packet16(7));
}

bool AtapiCdrom::start_stop() {
  uint8_t flags = t_.packet[4];
  bool start = (flags & 1) != 0, load_eject = (flags & 2) != 0, power_condition = (flags & 0xF0) != 0;
  if (power_condition || !load_eject) return true;
  if (start) {
    // A disc that the tray still carries is loaded again.
    if (m_.tray_open && disc_ != nullptr) {
      m_.attention_media = true;
      m_.event = 2;
    }
    m_.tray_open = false;
    return true;
  }
  if (m_.locked) return check(scsi::kIllegalRequest, scsi::kRemovalPrevented);
  if (!m_.tray_open) m_.event = 3;
  m_.tray_open = true;
  return true;
}

bool AtapiCdrom::read_disc_information() {
  if (!ready()) return false;
  std::vector<uint8_t> d(34);
  scsi::put16(d, 0, static_cast<uint32_t>(d.size() - 2));
  d[2] = 0x0E;  // complete disc and last session
  d[3] = d[4] = d[5] = d[6] = 1;
  d[7] = 0x20;                                               // unrestricted use
  std::fill(d.begin() + 16, d.begin() + 24, uint8_t{0xFF});  // no further session can start
  return answer(std::move(d), packet16(7));
}

bool AtapiCdrom::read_track_information() {
  if (!ready()) return false;
  constexpr uint8_t kByLba = 0, kByTrack = 1;
  uint8_t by = t_.packet[1] & 3;
  uint32_t number = packet32(2);
  bool found = by == kByLba ? number < blocks() : by == kByTrack && number == 1;
  if (!found) return check(scsi::kIllegalRequest, scsi::kInvalidField);
  std::vector<uint8_t> d(28);
  scsi::put16(d, 0, static_cast<uint32_t>(d.size() - 2));
  d[2] = d[3] = 1;  // track, session
  d[5] = 0x04;      // data track
  d[6] = 0x01;      // mode 1
  scsi::put32(d, 24, blocks());
  return answer(std::move(d), packet16(7));
}

bool AtapiCdrom::mechanism_status() {
  std::vector<uint8_t> d(8);
  d[1] = m_.tray_open ? 0x10 : 0;
  d[5] = 1;  // slots
  return answer(std::move(d), packet16(8));
}

}  // namespace ilse::dev
