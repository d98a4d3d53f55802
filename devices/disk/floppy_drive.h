// A diskette drive: the head's position, the motor, the diskette and the change line. What the controller's
// cable carries, without timing.
#pragma once

#include <array>
#include <memory>
#include <span>

#include "devices/disk/floppy_format.h"
#include "devices/disk/image/block_device.h"
#include "memory/state_visitor.h"

namespace ilse::dev {

class FloppyDrive {
 public:
  static constexpr uint8_t kMaxCylinder = 83;

  // None: there is no drive at this place of the cable.
  void set_type(FloppyType type) { type_ = type; }
  FloppyType type() const { return type_; }
  bool installed() const { return type_ != FloppyType::None; }

  // The person at the drive; outside events. insert() takes what floppy_format() knows and fits() says goes
  // in.
  void insert(std::unique_ptr<BlockDevice> disk);
  void eject();
  bool loaded() const { return disk_ != nullptr; }

  // --- The cable's signals
  bool at_track_0() const { return installed() && s_.cylinder == 0; }
  bool write_protected() const { return installed() && (!loaded() || disk_->read_only()); }
  // Set when the diskette is taken out, cleared by a step with one inside.
  bool changed() const { return installed() && s_.changed; }
  // Towards the spindle is up. It stops at both ends.
  void step(int cylinders);

  // --- The diskette under the head
  const FloppyFormat& format() const { return format_; }
  uint16_t kbps() const { return rate_in(type_, format_); }
  // As its sectors' headers name the cylinder: a diskette of 40 in a drive of 80 has one at each second step.
  uint8_t cylinder() const;
  // Whether there are sectors under that head.
  bool formatted(unsigned head) const {
    return loaded() && head < format_.heads && cylinder() < format_.cylinders;
  }
  // `sector` is 1..sectors_per_track. False: the host's storage failed.
  bool read(unsigned head, unsigned sector, std::span<uint8_t, kSectorSize> to);
  bool write(unsigned head, unsigned sector, std::span<const uint8_t, kSectorSize> from);

  // Everything written is on the host's storage; to be called when the motor stops.
  void flush();

  void power_on() { s_ = {}; }
  void visit_state(mem::StateVisitor& v);

 private:
  struct State {
    uint8_t cylinder = 0;  // of the drive
    bool changed = true;
    static constexpr std::array kNames{"cylinder", "changed"};
  };
  uint64_t lba(unsigned head, unsigned sector) const;

  FloppyType type_ = FloppyType::None;
  std::unique_ptr<BlockDevice> disk_;
  FloppyFormat format_;
  bool unflushed_ = false;  // no part of the state: about the host's file
  State s_;
};

}  // namespace ilse::dev
