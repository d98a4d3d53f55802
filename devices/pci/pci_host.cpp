#include "devices/pci/pci_host.h"

#include "memory/check.h"

namespace ilse::dev {

namespace {
constexpr uint32_t kEnable = 1u << 31;
constexpr uint32_t kReserved = 0x7F000003;
constexpr uint16_t kData = 4;

uint32_t all_ones(unsigned width) { return width == 4 ? ~0u : (1u << (8 * width)) - 1; }
}  // namespace

PciHost::PciHost(mem::IoBus& io, mem::PhysMap& memory) : io_(io), memory_(memory) {}

void PciHost::attach(unsigned slot, unsigned function, PciDevice& device) {
  ILSE_CHECK(slot < 32 && function < 8 && devices_[slot * 8 + function] == nullptr,
             "a PCI slot that is taken");
  devices_[slot * 8 + function] = &device;
  device.host_ = this;
  device.slot_ = slot;
  device.function_ = function;
  for (auto& w : device.windows_) {
    if (w.kind == PciDevice::Kind::Memory) {
      w.handle = memory_.add({w.memory, kMemoryPriority, true, true, false});
    } else if (w.kind == PciDevice::Kind::Rom) {
      w.handle = memory_.add(
          {mem::PhysMap::rom_region(0, w.size, device.rom_.data()), kMemoryPriority, true, true, false});
    }
  }
  update_windows(device);
}

void PciHost::detach(PciDevice& device) {
  devices_[device.slot_ * 8 + device.function_] = nullptr;
  for (auto& w : device.windows_) {
    if (!w.mapped) continue;
    if (w.kind == PciDevice::Kind::Io) {
      io_.unmap(w.handle);
    } else {
      memory_.layer(w.handle).enabled = false;
    }
    w.mapped = false;
  }
  memory_.commit();
  device.host_ = nullptr;
}

void PciHost::update_windows(PciDevice& device) {
  bool memory_changed = false;
  for (unsigned i = 0; i < device.windows_.size(); ++i) {
    auto& w = device.windows_[i];
    if (w.kind == PciDevice::Kind::None) continue;
    uint32_t address = 0;
    bool mapped = device.window_address(i, address);
    if (mapped == w.mapped && (!mapped || address == w.address)) continue;
    if (w.kind == PciDevice::Kind::Io) {
      if (w.mapped) io_.unmap(w.handle);
      if (mapped) {
        w.handle =
            io_.map(static_cast<uint16_t>(address), static_cast<unsigned>(w.size), *w.ports, w.max_width);
      }
    } else {
      auto& layer = memory_.layer(w.handle);
      layer.region.base = address;
      layer.enabled = mapped;
      memory_changed = true;
    }
    w.mapped = mapped;
    w.address = address;
  }
  if (memory_changed) memory_.commit();
}

void PciHost::update_interrupts() {
  if (pirq_ == nullptr) return;
  std::array<bool, 4> level{};
  for (const PciDevice* d : devices_) {
    if (d != nullptr && d->interrupt_pin() != 0 && d->interrupt())
      level[(d->slot_ + d->interrupt_pin() + 2) % 4] = true;
  }
  for (int i = 0; i < 4; ++i) pirq_->set_line(i, level[static_cast<size_t>(i)]);
}

PciDevice* PciHost::selected() const {
  bool bus0 = (state_.address & 0xFF0000) == 0;
  return (state_.address & kEnable) != 0 && bus0 ? devices_[state_.address >> 8 & 0xFF] : nullptr;
}

uint32_t PciHost::port_peek(uint16_t offset, unsigned width, mem::VTime) const {
  if (offset < kData) return offset == 0 && width == 4 ? state_.address : all_ones(width);
  const PciDevice* d = selected();
  unsigned low = offset - kData;
  if (d == nullptr || low + width > 4) return all_ones(width);
  return d->config_read(static_cast<uint8_t>((state_.address & 0xFC) + low), width);
}
uint32_t PciHost::port_read(uint16_t offset, unsigned width, mem::VTime now) {
  return port_peek(offset, width, now);
}

void PciHost::port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) {
  if (offset < kData) {
    // Only a doubleword access reaches the address register; narrower ones belong to others (CF9h).
    if (offset == 0 && width == 4) state_.address = value & ~kReserved;
    return;
  }
  PciDevice* d = selected();
  unsigned low = offset - kData;
  if (d == nullptr || low + width > 4) return;
  d->config_write(static_cast<uint8_t>((state_.address & 0xFC) + low), width, value, now);
}

void PciHost::reset(ResetKind) { state_ = {}; }
void PciHost::visit_state(mem::StateVisitor& v) { v("pci-host", state_); }

void PortWindow::place(mem::IoBus& io, bool enabled, uint16_t base) {
  bool mapped = handle_ >= 0;
  if (mapped == enabled && (!enabled || base == base_)) return;
  if (mapped) io.unmap(handle_);
  handle_ = enabled ? io.map(base, count_, device_, max_width_) : -1;
  base_ = base;
}

}  // namespace ilse::dev
