// The diskette controller's commands (Intel data sheet 290166, chapter 5), all but the transfers.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "devices/disk/i82077.h"
#include "devices/disk/i82077_codes.h"

namespace ilse::dev {

using namespace fdc;

namespace {
constexpr int kRecalibrateSteps = 79;
constexpr uint8_t kVersionNumber = 0x90;
bool relative_seek(uint8_t command) { return (command & 0x8F) == (0x80 | kSeek); }
}  // namespace

// Bytes with the command's own; what is not a command has one.
unsigned I82077::command_length(uint8_t command) {
  switch (command & 0x1F) {
    case kReadTrack:
    case kWrite:
    case kRead:
    case kWriteDeleted:
    case kReadDeleted:
    case kScanEqual:
    case kScanLow:
    case kScanHigh:
    case kVerify: return 9;
    case kFormat: return 6;
    case kConfigure: return 4;
    case kSpecify:
    case kSeek: return 3;
    case kSenseDrive:
    case kRecalibrate:
    case kReadId:
    case kPerpendicular: return 2;
    default: return 1;
  }
}

void I82077::start(VTime now) {
  switch (opcode()) {
    case kSpecify:
      s_.specify = {s_.fifo[1], s_.fifo[2]};
      s_.phase = Phase::Idle;
      return;
    case kSenseDrive: s_.fifo[0] = sense_drive(s_.fifo[1]); return result(1, false);
    case kRecalibrate: return recalibrate(selected(), now);
    case kSenseInterrupt: return sense_interrupt();
    case kDumpReg: return dump_registers();
    case kSeek: {
      unsigned n = selected();
      int at = s_.cylinder[n], to = s_.fifo[2];
      if (relative_seek(s_.fifo[0])) to = std::clamp((s_.fifo[0] & 0x40) != 0 ? at + to : at - to, 0, 255);
      return start_seek(n, to - at, static_cast<uint8_t>(to), now);
    }
    case kVersion: s_.fifo[0] = kVersionNumber; return result(1, false);
    case kPerpendicular:
      // The drives' bits are written only together with OW.
      s_.perpendicular = static_cast<uint8_t>(
          (s_.fifo[1] & 0x80) != 0 ? s_.fifo[1] & 0x3F : (s_.perpendicular & 0x3C) | (s_.fifo[1] & 3));
      s_.phase = Phase::Idle;
      return;
    case kConfigure:
      s_.configure = {s_.fifo[2], s_.fifo[3]};
      s_.phase = Phase::Idle;
      return;
    case kLock:
      s_.locked = (s_.fifo[0] & kMt) != 0;
      s_.fifo[0] = s_.locked ? 0x10 : 0x00;
      return result(1, false);
    default: break;
  }
  if (command_length(s_.fifo[0]) == 1) return invalid();
  start_transfer(now);
}

void I82077::result(unsigned bytes, bool interrupt) {
  s_.phase = Phase::Result;
  s_.step = Step::None;
  s_.position = 0;
  s_.length = static_cast<uint8_t>(bytes);
  set_interrupt(interrupt);
}

void I82077::invalid() {
  s_.fifo[0] = kInvalid;
  result(1, false);
}

void I82077::start_seek(unsigned n, int steps, uint8_t cylinder, VTime now) {
  s_.phase = Phase::Idle;
  s_.cylinder[n] = cylinder;
  s_.seek_status[n] = static_cast<uint8_t>(kSeekEnd | n | (s_.fifo[1] & 4));
  s_.reported &= static_cast<uint8_t>(~(1u << n));
  s_.seeking |= static_cast<uint8_t>(1u << n);
  if (n < kDrives && drives_[n].installed()) drives_[n].step(steps);
  seek_timers_[n].set(now + kSettleTime + static_cast<uint64_t>(std::abs(steps)) * kStepTime);
}

// Steps outwards until track 0 is signalled. One step at least makes the drive look at its diskette.
void I82077::recalibrate(unsigned n, VTime now) {
  int steps = 0;
  bool found = false;
  if (n < kDrives && drives_[n].installed()) {
    if (drives_[n].at_track_0()) drives_[n].step(1);
    while (!drives_[n].at_track_0() && steps < kRecalibrateSteps) {
      drives_[n].step(-1);
      ++steps;
    }
    found = drives_[n].at_track_0();
  } else {
    steps = kRecalibrateSteps;
  }
  s_.fifo[1] &= 3;
  start_seek(n, 0, 0, now + static_cast<uint64_t>(steps) * kStepTime);
  if (!found) s_.seek_status[n] |= kAbnormal | kEquipmentCheck;
}

void I82077::seek_done(unsigned n) {
  s_.seeking &= static_cast<uint8_t>(~(1u << n));
  s_.reported |= static_cast<uint8_t>(1u << n);
  set_interrupt(true);
}

// With implied seeks on, before a command that names a cylinder; true when the head had to move.
bool I82077::seek_first(VTime now) {
  unsigned n = selected();
  bool implied = (s_.configure[0] & 0x40) != 0;
  if (!implied || s_.sought || s_.fifo[2] == s_.cylinder[n]) return false;
  int steps = s_.fifo[2] - s_.cylinder[n];
  s_.cylinder[n] = s_.fifo[2];
  s_.sought = true;
  if (FloppyDrive* d = target(); d != nullptr && d->installed()) d->step(steps);
  later(Step::Sector, kSettleTime + static_cast<uint64_t>(std::abs(steps)) * kStepTime, now);
  return true;
}

void I82077::sense_interrupt() {
  for (unsigned n = 0; n < s_.seek_status.size(); ++n) {
    if ((s_.reported >> n & 1) == 0) continue;
    s_.reported &= static_cast<uint8_t>(~(1u << n));
    s_.fifo[0] = s_.seek_status[n];
    s_.fifo[1] = s_.cylinder[n];
    return result(2, false);
  }
  invalid();
}

uint8_t I82077::sense_drive(uint8_t select) const {
  constexpr uint8_t kAlwaysSet = 0x28;  // ready, two sides
  auto v = static_cast<uint8_t>(kAlwaysSet | (select & 7));
  unsigned n = select & 3;
  if (n >= kDrives) return v;
  if (drives_[n].at_track_0()) v |= kTrack0;
  if (drives_[n].write_protected()) v |= kWriteProtected;
  return v;
}

void I82077::dump_registers() {
  std::copy(s_.cylinder.begin(), s_.cylinder.end(), s_.fifo.begin());
  s_.fifo[4] = s_.specify[0];
  s_.fifo[5] = s_.specify[1];
  s_.fifo[6] = s_.left;  // sectors a track, or the end of one, as last programmed
  s_.fifo[7] = static_cast<uint8_t>((s_.locked ? 0x80 : 0) | (s_.perpendicular & 0x3F));
  s_.fifo[8] = s_.configure[0];
  s_.fifo[9] = s_.configure[1];
  result(10, false);
}

}  // namespace ilse::dev
