#include "devices/disk/ide_channel.h"

#include <utility>

#include "devices/disk/bus_master.h"
#include "memory/check.h"

namespace ilse::dev {

namespace {
// Nobody drives the cable: pulled up, but for DD7, which hosts pull down so that BSY reads as clear.
constexpr uint32_t kFloating = 0xFFFFFF7F;
constexpr unsigned kData = 0, kDevice = 6, kCommand = 7;
constexpr uint8_t kExecuteDiagnostic = 0x90;
}  // namespace

void IdeChannel::attach(unsigned position, std::unique_ptr<IdeDrive> drive) {
  ILSE_CHECK(position < 2 && drives_[position] == nullptr, "two IDE drives in one place");
  drive->connect(*this, position == 1);
  drives_[position] = std::move(drive);
}

uint8_t IdeChannel::status() const {
  if (const IdeDrive* d = selected()) return d->status();
  // Device 0 answers for an absent device 1, with no status bits set.
  return drives_[0] != nullptr ? 0 : static_cast<uint8_t>(kFloating);
}

uint8_t IdeChannel::read_byte(unsigned offset) const {
  if (offset == kCommand) return status();
  const IdeDrive* d = selected();
  if (d == nullptr) d = drives_[0].get();
  if (d == nullptr || offset == kData) return static_cast<uint8_t>(kFloating);
  return d->read(static_cast<AtaReg>(offset), (s_.control & kHob) != 0);
}

uint32_t IdeChannel::port_peek(uint16_t offset, unsigned width, VTime) const {
  const IdeDrive* d = selected();
  if (offset == kData) return d != nullptr ? d->peek_data(width) : kFloating;
  uint32_t value = 0;
  for (unsigned i = 0; i < width; ++i) value |= static_cast<uint32_t>(read_byte((offset + i) & 7)) << (8 * i);
  return value;
}

uint32_t IdeChannel::port_read(uint16_t offset, unsigned width, VTime now) {
  IdeDrive* d = selected();
  if (offset == kData && d != nullptr) return d->read_data(width, now);
  uint32_t value = port_peek(offset, width, now);
  if (offset + width > kCommand && d != nullptr) d->acknowledge();
  return value;
}

void IdeChannel::port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) {
  if (offset == kData) {
    if (IdeDrive* d = selected()) d->write_data(width, value, now);
    return;
  }
  for (unsigned i = 0; i < width; ++i)
    write_byte((offset + i) & 7, static_cast<uint8_t>(value >> (8 * i)), now);
}

void IdeChannel::write_byte(unsigned offset, uint8_t value, VTime now) {
  s_.control &= static_cast<uint8_t>(~kHob);
  if (offset == kCommand) {
    if (value == kExecuteDiagnostic) {
      s_.device = 0;
      for (auto& d : drives_) {
        if (d != nullptr) d->diagnose(now);
      }
      intrq_changed();
    } else if (IdeDrive* d = selected()) {
      ++commands_;
      d->write_command(value, now);
    }
    return;
  }
  for (auto& d : drives_) {
    if (d != nullptr) d->write(static_cast<AtaReg>(offset), value);
  }
  if (offset == kDevice) {
    s_.device = value;
    intrq_changed();
  }
}

void IdeChannel::write_control(uint8_t value, VTime now) {
  uint8_t changed = s_.control ^ value;
  s_.control = value;
  if ((changed & kSrst) != 0) {
    s_.device = 0;
    for (auto& d : drives_) {
      if (d != nullptr) d->software_reset((value & kSrst) != 0, now);
    }
  }
  intrq_changed();
}

uint32_t IdeChannel::ControlBlock::port_read(uint16_t, unsigned, VTime) { return channel_.status(); }
uint32_t IdeChannel::ControlBlock::port_peek(uint16_t, unsigned, VTime) const { return channel_.status(); }
void IdeChannel::ControlBlock::port_write(uint16_t, unsigned, uint32_t value, VTime now) {
  channel_.write_control(static_cast<uint8_t>(value), now);
}

void IdeChannel::intrq_changed() {
  const IdeDrive* d = selected();
  bool level = d != nullptr && d->intrq() && (s_.control & kNien) == 0;
  if (level == s_.line) return;
  s_.line = level;
  if (level && master_ != nullptr) master_->interrupt();
  irq_.set(level);
}

void IdeChannel::dma_requested(VTime now) {
  IdeDrive* d = selected();
  if (d != nullptr && master_ != nullptr) d->run_dma(*master_, now);
}

void IdeChannel::dma_started(VTime now) {
  if (IdeDrive* d = selected()) d->dma_started(now);
}

void IdeChannel::hardware_reset(VTime now) {
  s_.control = 0;
  s_.device = 0;
  for (auto& d : drives_) {
    if (d != nullptr) d->hardware_reset(now);
  }
  intrq_changed();
}

void IdeChannel::visit_state(mem::StateVisitor& v) {
  v("channel", s_);
  for (auto& d : drives_) {
    if (d != nullptr) d->visit_state(v);
  }
  if (v.loading()) irq_.set(s_.line);
}

}  // namespace ilse::dev
