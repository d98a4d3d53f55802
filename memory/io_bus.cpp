#include "memory/io_bus.h"

#include <algorithm>
#include <cstdio>

namespace ilse::mem {

namespace {
constexpr uint32_t all_ones(unsigned width) { return width == 4 ? ~0u : (1u << (8 * width)) - 1; }
}  // namespace

IoBus::IoBus(EventLog& log) : log_(log), owner_(0x10000, 0) {}

int IoBus::map(uint16_t base, unsigned count, PortDevice& device, unsigned max_width, uint16_t first_offset) {
  Range r{base, std::min(count, 0x10000u - base), &device, max_width, first_offset};
  while (!ranges_.empty() && ranges_.back().count == 0) ranges_.pop_back();
  ranges_.push_back(r);
  paint();
  return static_cast<int>(ranges_.size()) - 1;
}

void IoBus::unmap(int handle) {
  if (handle < 0 || static_cast<size_t>(handle) >= ranges_.size()) return;
  ranges_[static_cast<size_t>(handle)].count = 0;
  paint();
}

void IoBus::paint() {
  std::fill(owner_.begin(), owner_.end(), uint16_t{0});
  for (size_t i = 0; i < ranges_.size(); ++i) {
    for (uint32_t p = 0; p < ranges_[i].count; ++p)
      owner_[ranges_[i].base + p] = static_cast<uint16_t>(i + 1);
  }
}

const IoBus::Range* IoBus::find(uint16_t port, unsigned width) const {
  uint16_t owner = owner_[port];
  if (owner == 0) return nullptr;
  const Range& r = ranges_[owner - 1];
  bool whole = width <= r.max_width && port + width <= r.base + r.count;
  return whole ? &r : nullptr;
}

uint32_t IoBus::read(uint16_t port, unsigned width, VTime now) {
  if (const Range* r = find(port, width)) {
    return r->device->port_read(static_cast<uint16_t>(port - r->base + r->first_offset), width, now) &
           all_ones(width);
  }
  if (width > 1) {
    unsigned half = width / 2;
    uint32_t low = read(port, half, now);
    return low | read(static_cast<uint16_t>(port + half), half, now) << (8 * half);
  }
  if (log_.wanted()) {
    char text[48];
    std::snprintf(text, sizeof text, "read of unmapped port %04x", port);
    log_.note("io", text);
  }
  return 0xFF;
}

void IoBus::write(uint16_t port, unsigned width, uint32_t value, VTime now) {
  value &= all_ones(width);
  if (const Range* r = find(port, width)) {
    r->device->port_write(static_cast<uint16_t>(port - r->base + r->first_offset), width, value, now);
    return;
  }
  if (width > 1) {
    unsigned half = width / 2;
    write(port, half, value, now);
    write(static_cast<uint16_t>(port + half), half, value >> (8 * half), now);
    return;
  }
  if (log_.wanted()) {
    char text[64];
    std::snprintf(text, sizeof text, "write of %02x to unmapped port %04x", value, port);
    log_.note("io", text);
  }
}

uint32_t IoBus::peek(uint16_t port, unsigned width, VTime now) const {
  if (const Range* r = find(port, width)) {
    return r->device->port_peek(static_cast<uint16_t>(port - r->base + r->first_offset), width, now) &
           all_ones(width);
  }
  if (width > 1) {
    unsigned half = width / 2;
    return peek(port, half, now) | peek(static_cast<uint16_t>(port + half), half, now) << (8 * half);
  }
  return 0xFF;
}

}  // namespace ilse::mem
