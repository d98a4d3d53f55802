// The diskette controller's transfers (Intel data sheet 290166, 5.1 and 5.2): a sector at a time, over DMA
// or, where SPECIFY says so, by the data register.
#include <algorithm>
#include <cstring>

#include "devices/disk/i82077.h"
#include "devices/disk/i82077_codes.h"

namespace ilse::dev {

using namespace fdc;

namespace {
constexpr std::array<uint16_t, 4> kRates{500, 300, 250, 1000};  // kbit/s
// Where the parameters of a transfer are.
constexpr size_t kC = 2, kH = 3, kR = 4, kN = 5, kEot = 6, kDtl = 8;
constexpr size_t kFormatN = 2, kFormatSectors = 3, kFormatFill = 5;
}  // namespace

bool I82077::scans() const { return opcode() == kScanEqual || opcode() == kScanLow || opcode() == kScanHigh; }
bool I82077::writes_disk() const {
  return opcode() == kWrite || opcode() == kWriteDeleted || opcode() == kFormat;
}
// Whether bytes go from the diskette to the host.
bool I82077::reads_disk() const {
  return opcode() == kRead || opcode() == kReadDeleted || opcode() == kReadTrack;
}

void I82077::later(Step step, uint64_t ns, VTime now) {
  s_.phase = Phase::Execution;
  s_.step = step;
  timer_.set(now + ns);
  drive_lines();
}

void I82077::start_transfer(VTime now) {
  s_.st1 = s_.st2 = 0;
  s_.sought = false;
  s_.at = 0;
  bool format = opcode() == kFormat, id = opcode() == kReadId;
  s_.c = s_.fifo[kC];
  s_.h = s_.fifo[kH];
  s_.r = s_.fifo[kR];
  s_.left = format ? s_.fifo[kFormatSectors] : s_.fifo[kEot];
  if (id || format) {
    s_.c = s_.cylinder[selected()];
    s_.h = s_.head = s_.fifo[1] >> 2 & 1;
    s_.r = 1;
  } else {
    if (opcode() == kReadTrack) s_.r = 1;
    if (opcode() == kVerify && (s_.fifo[1] & 0x80) != 0) s_.left = s_.fifo[kDtl];
    if (seek_first(now)) return;
  }
  if (id) return later(Step::Id, kSectorTime, now);
  next_sector(now);
}

// A drive with a turning diskette that has sectors of the selected data rate under the selected head.
bool I82077::track_readable() const {
  const FloppyDrive* d = target();
  unsigned head = s_.h & 1;
  return d != nullptr && motor(selected()) && d->formatted(head) && (s_.fifo[0] & kMfm) != 0 &&
         kRates[s_.rate] == d->kbps();
}

// Whether the sector that the command wants passes under the head; if not, the status registers say why.
bool I82077::find_sector() {
  s_.head = s_.h & 1;
  if (!track_readable()) {
    s_.st1 |= kMissingAddress;
    return false;
  }
  const FloppyDrive& d = *target();
  if (writes_disk() && d.write_protected()) {
    s_.st1 |= kNotWritable;
    return false;
  }
  if (opcode() == kFormat) return true;
  bool any_id = opcode() == kReadTrack;
  bool sector = s_.r >= 1 && s_.r <= d.format().sectors_per_track && s_.fifo[kN] == kSizeCode;
  bool address = any_id || (s_.c == d.cylinder() && s_.h < d.format().heads);
  if (sector && address) return true;
  s_.st1 |= kNoData;
  if (s_.c != d.cylinder()) s_.st2 |= s_.c == 0xFF ? kBadCylinder : kWrongCylinder;
  return false;
}

void I82077::next_sector(VTime now) {
  if (find_sector()) return later(Step::Sector, kSectorTime, now);
  bool at_once = (s_.st1 & kNotWritable) != 0;
  later(Step::Fail, at_once ? kSettleTime : kIndexTime, now);
}

void I82077::timer_done(VTime now) {
  if (s_.phase != Phase::Execution) {
    // The end of a reset.
    if ((s_.dor & kNotReset) == 0) return;
    for (unsigned n = 0; n < s_.seek_status.size(); ++n)
      s_.seek_status[n] = static_cast<uint8_t>(kReadyChanged | n);
    s_.reported = 0x0F;
    set_interrupt(true);
    return;
  }
  switch (s_.step) {
    case Step::None:
    case Step::Host: return;
    case Step::Fail: return finish(kAbnormal);
    case Step::Id: return read_id(now);
    case Step::Sector: break;
  }
  // Much may have happened since the sector was found.
  if (!find_sector()) return later(Step::Fail, kIndexTime, now);
  opcode() == kFormat ? format_sector(now) : move_sector(now);
}

void I82077::read_id(VTime now) {
  if (!track_readable()) {
    s_.st1 |= kMissingAddress;
    return later(Step::Fail, kIndexTime, now);
  }
  const FloppyDrive& d = *target();
  s_.c = d.cylinder();
  s_.r = static_cast<uint8_t>(1 + now.ns / kSectorTime % d.format().sectors_per_track);
  finish(kNormal);
}

bool I82077::store_sector() {
  bool good = target()->write(s_.h & 1, s_.r, s_.sector);
  if (good) return true;
  s_.st1 |= kDataError;
  s_.st2 |= kDataErrorInData;
  return false;
}

void I82077::move_sector(VTime now) {
  FloppyDrive& d = *target();
  if (!writes_disk() && !d.read(s_.h & 1, s_.r, s_.sector)) {
    s_.st1 |= kDataError;
    s_.st2 |= kDataErrorInData;
    return finish(kAbnormal);
  }
  if (opcode() == kVerify) return sector_moved(false, now);
  if (no_dma()) {
    s_.at = 0;
    s_.step = Step::Host;
    return set_interrupt(true);
  }
  I8237::Transfer moved;
  std::array<uint8_t, kSectorSize> host{};
  if (reads_disk()) {
    moved = dma_.from_device(s_.sector, now);
  } else {
    moved = dma_.to_device(host, now);
  }
  if (moved.bytes == 0) {
    s_.st1 |= kOverrun;
    return finish(kAbnormal);
  }
  if (scans()) {
    if (compare(std::span(host).first(moved.bytes))) return finish(kNormal);
  } else if (writes_disk()) {
    // What the host does not give is zero.
    s_.sector = host;
    if (!store_sector()) return finish(kAbnormal);
  }
  if (!moved.terminal_count && moved.bytes < kSectorSize) {
    s_.st1 |= kOverrun;
    return finish(kAbnormal);
  }
  sector_moved(moved.terminal_count, now);
}

// Without DMA the host has moved a sector's bytes.
void I82077::host_sector(VTime now) {
  s_.at = 0;
  set_interrupt(false);
  if (!find_sector()) return finish(kAbnormal);
  if (scans()) {
    std::array<uint8_t, kSectorSize> host = s_.sector;
    if (target()->read(s_.h & 1, s_.r, s_.sector) && compare(host)) return finish(kNormal);
  } else if (writes_disk() && !store_sector()) {
    return finish(kAbnormal);
  }
  s_.step = Step::Sector;
  sector_moved(false, now);
}

// True when the sector satisfies the scan; FFh on either side matches anything.
bool I82077::compare(std::span<const uint8_t> host) {
  int order = 0;
  for (size_t i = 0; i < host.size() && order == 0; ++i) {
    if (host[i] != 0xFF && s_.sector[i] != 0xFF) order = int{s_.sector[i]} - int{host[i]};
  }
  bool satisfied = opcode() == kScanEqual ? order == 0 : opcode() == kScanLow ? order <= 0 : order >= 0;
  s_.st2 &= static_cast<uint8_t>(~(kScanHit | kScanNotSatisfied));
  if (order == 0) s_.st2 |= kScanHit;
  if (!satisfied) s_.st2 |= kScanNotSatisfied;
  return satisfied;
}

// The address after a sector, as the result phase gives it too (table 5-7).
void I82077::advance_sector(bool end_of_cylinder) {
  if (!end_of_cylinder) {
    s_.r = static_cast<uint8_t>(s_.r + (scans() ? std::max<uint8_t>(s_.fifo[kDtl], 1) : 1));
    return;
  }
  s_.r = 1;
  if (multi_track()) {
    if ((s_.h & 1) != 0) ++s_.c;
    s_.h ^= 1;
  } else {
    ++s_.c;
  }
}

void I82077::sector_moved(bool terminal_count, VTime now) {
  // A deleted mark would be what READ DELETED DATA wants: it stops at the first sector that has none.
  bool unwanted = opcode() == kReadDeleted;
  if (unwanted) s_.st2 |= kControlMark;
  bool counted = opcode() == kReadTrack || (opcode() == kVerify && (s_.fifo[1] & 0x80) != 0);
  bool end = counted ? --s_.left == 0 : s_.r >= s_.fifo[kEot];
  bool other_side = !counted && end && multi_track() && (s_.h & 1) == 0;
  advance_sector(end && opcode() != kReadTrack);
  if (terminal_count || unwanted) return finish(kNormal);
  if (end && !other_side) {
    if (opcode() == kVerify) return finish(kNormal);
    s_.st1 |= kEndOfCylinder;
    return finish(kAbnormal);
  }
  next_sector(now);
}

// Each sector's address comes from the host. An image holds only those of its own format.
void I82077::format_sector(VTime now) {
  std::array<uint8_t, 4> id{};
  I8237::Transfer moved = dma_.to_device(id, now);
  if (moved.bytes < id.size()) {
    s_.st1 |= kOverrun;
    return finish(kAbnormal);
  }
  FloppyDrive& d = *target();
  bool possible = s_.fifo[kFormatN] == kSizeCode && id[0] == d.cylinder() && id[1] == s_.h && id[2] >= 1 &&
                  id[2] <= d.format().sectors_per_track && id[3] == kSizeCode;
  s_.r = id[2];
  s_.sector.fill(s_.fifo[kFormatFill]);
  if (!possible) s_.st1 |= kNoData;
  if (!possible || !store_sector()) return finish(kAbnormal);
  if (moved.terminal_count || --s_.left == 0) return finish(kNormal);
  next_sector(now);
}

void I82077::finish(uint8_t code) {
  timer_.cancel();
  s_.fifo[0] = static_cast<uint8_t>(code | (s_.sought ? kSeekEnd : 0) | s_.head << 2 | selected());
  s_.fifo[1] = s_.st1;
  s_.fifo[2] = s_.st2;
  s_.fifo[3] = s_.c;
  s_.fifo[4] = s_.h;
  s_.fifo[5] = s_.r;
  s_.fifo[6] = kSizeCode;
  result(7, true);
}

}  // namespace ilse::dev
