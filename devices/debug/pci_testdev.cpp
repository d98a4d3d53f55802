#include "devices/debug/pci_testdev.h"

#include <algorithm>
#include <string>

namespace ilse::dev {

namespace {

constexpr uint8_t kTests = 3;
constexpr uint8_t kNoTest = 0xFF;
constexpr unsigned kMemorySize = 4096, kIoSize = 256;
constexpr uint8_t kAccessWidth = 1;
constexpr uint32_t kData = 0xFA;
constexpr unsigned kNameOffset = 16;
constexpr std::array<const char*, kTests> kNames{"no-eventfd", "wildcard-eventfd", "datamatch-eventfd"};

// The upper half of a window is what the tests write to, a byte each.
uint32_t test_offset(uint8_t test, unsigned size) { return size / 2 + test; }

PciIdentity identity() {
  PciIdentity id;
  id.vendor = 0x1B36;
  id.device = 0x0005;
  id.class_code = 0x00FF00;
  return id;
}

}  // namespace

PciTestdev::PciTestdev() : PciDevice("pci-testdev", identity()) {
  add_memory_bar(0, kMemorySize, *this);
  add_io_bar(1, kIoSize, *this, 4);
  reset(ResetKind::PowerOn);
}

uint8_t PciTestdev::read_byte(const Window& w, bool io, uint64_t offset) {
  if (w.test == kNoTest) return 0;
  if (offset >= kNameOffset) {
    std::string name = std::string(io ? "portio-" : "mmio-") + kNames[w.test];
    return offset - kNameOffset < name.size() ? static_cast<uint8_t>(name[offset - kNameOffset]) : 0;
  }
  std::array<uint32_t, 4> header{w.test | uint32_t{kAccessWidth} << 8,
                                 test_offset(w.test, io ? kIoSize : kMemorySize), kData, w.count};
  return static_cast<uint8_t>(header[offset / 4] >> (8 * (offset % 4)));
}

void PciTestdev::write(Window& w, bool io, uint64_t offset, unsigned width, uint64_t value) {
  if (offset == 0) {
    w.test = value < kTests ? static_cast<uint8_t>(value) : kNoTest;
    w.count = 0;
    return;
  }
  if (w.test == kNoTest || offset != test_offset(w.test, io ? kIoSize : kMemorySize)) return;
  constexpr uint8_t kWildcard = 1;
  if (width == kAccessWidth && (w.test == kWildcard || value == kData)) ++w.count;
}

uint32_t PciTestdev::port_peek(uint16_t offset, unsigned width, mem::VTime) const {
  uint32_t value = 0;
  for (unsigned i = 0; i < width; ++i)
    value |= static_cast<uint32_t>(read_byte(state_.io, true, offset + i)) << (8 * i);
  return value;
}
uint32_t PciTestdev::port_read(uint16_t offset, unsigned width, mem::VTime now) {
  return port_peek(offset, width, now);
}
void PciTestdev::port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime) {
  write(state_.io, true, offset, width, value);
}

uint64_t PciTestdev::mmio_peek(uint64_t offset, unsigned width, mem::VTime) const {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= static_cast<uint64_t>(read_byte(state_.memory, false, offset + i)) << (8 * i);
  }
  return value;
}
uint64_t PciTestdev::mmio_read(uint64_t offset, unsigned width, mem::VTime now) {
  return mmio_peek(offset, width, now);
}
void PciTestdev::mmio_write(uint64_t offset, unsigned width, uint64_t value, mem::VTime) {
  write(state_.memory, false, offset, width, value);
}

void PciTestdev::reset(ResetKind kind) {
  PciDevice::reset(kind);
  state_ = {};
}
void PciTestdev::visit_state(mem::StateVisitor& v) {
  v.begin("pci-testdev", 1);
  PciDevice::visit_state(v);
  v("windows", state_);
  v.end();
  for (Window* w : {&state_.memory, &state_.io}) {
    if (v.loading() && w->test >= kTests) w->test = kNoTest;
  }
}

}  // namespace ilse::dev
