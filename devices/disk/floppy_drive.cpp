#include "devices/disk/floppy_drive.h"

#include <algorithm>
#include <utility>

namespace ilse::dev {

void FloppyDrive::insert(std::unique_ptr<BlockDevice> disk) {
  auto format = floppy_format(disk->sectors());
  if (!format || !fits(type_, *format)) return;
  format_ = *format;
  disk_ = std::move(disk);
  s_.changed = true;
}

void FloppyDrive::eject() {
  flush();
  disk_.reset();
  s_.changed = true;
}

void FloppyDrive::flush() {
  if (!disk_ || !unflushed_) return;
  unflushed_ = false;
  // The guest was told that it is written; a diskette has no later place to report an error.
  (void)disk_->flush();
}

void FloppyDrive::step(int cylinders) {
  s_.cylinder = static_cast<uint8_t>(std::clamp<int>(s_.cylinder + cylinders, 0, kMaxCylinder));
  if (loaded() && cylinders != 0) s_.changed = false;
}

uint8_t FloppyDrive::cylinder() const {
  bool double_step = type_ == FloppyType::M1200 && format_.cylinders == 40;
  return double_step ? s_.cylinder / 2 : s_.cylinder;
}

uint64_t FloppyDrive::lba(unsigned head, unsigned sector) const {
  return (uint64_t{cylinder()} * format_.heads + head) * format_.sectors_per_track + sector - 1;
}

bool FloppyDrive::read(unsigned head, unsigned sector, std::span<uint8_t, kSectorSize> to) {
  uint64_t at = lba(head, sector);
  if (at < disk_->sectors()) return static_cast<bool>(disk_->read(at, to));
  std::fill(to.begin(), to.end(), uint8_t{0});
  return true;
}

bool FloppyDrive::write(unsigned head, unsigned sector, std::span<const uint8_t, kSectorSize> from) {
  uint64_t at = lba(head, sector);
  unflushed_ = true;
  return at < disk_->sectors() && disk_->write(at, from);
}

void FloppyDrive::visit_state(mem::StateVisitor& v) {
  v("drive", s_);
  if (disk_) disk_->visit_state(v);
  if (v.loading()) s_.cylinder = std::min(s_.cylinder, kMaxCylinder);
}

}  // namespace ilse::dev
