#include "devices/pci/pci_device.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "devices/pci/pci_host.h"
#include "memory/check.h"

namespace ilse::dev {

namespace {
constexpr uint32_t kIoSpace = 1, kPrefetchable = 8, kRomEnable = 1;
constexpr uint8_t kStatusHigh = pci::kStatus + 1;
constexpr uint8_t kStatusErrors = 0xF9;  // of the status register's high byte: write one to clear
}  // namespace

PciDevice::PciDevice(std::string name, const PciIdentity& id) : name_(std::move(name)) {
  define16(0x00, id.vendor, 0);
  define16(0x02, id.device, 0);
  // I/O, memory, bus master, SERR# and interrupt disable.
  define16(pci::kCommand, 0, 0x0507);
  define(0x08, id.revision, 0);
  define(0x09, id.class_code & 0xFF, 0);
  define16(0x0A, static_cast<uint16_t>(id.class_code >> 8), 0);
  define(0x0C, 0, 0xFF);
  define(0x0E, id.multifunction ? 0x80 : 0, 0);
  define16(0x2C, id.subsystem_vendor, 0);
  define16(0x2E, id.subsystem, 0);
  state_.config = reset_values_;
}

PciDevice::~PciDevice() {
  if (host_ != nullptr) host_->detach(*this);
}

uint8_t PciDevice::window_register(unsigned index) {
  return index == kRomWindow ? pci::kRomBar : static_cast<uint8_t>(pci::kBar0 + 4 * index);
}

void PciDevice::define(uint8_t reg, uint8_t reset_value, uint8_t writable) {
  reset_values_[reg] = reset_value;
  writable_[reg] = writable;
  state_.config[reg] = reset_value;
}
void PciDevice::define16(uint8_t reg, uint16_t reset_value, uint16_t writable) {
  define(reg, reset_value & 0xFF, writable & 0xFF);
  define(static_cast<uint8_t>(reg + 1), reset_value >> 8, writable >> 8);
}

void PciDevice::define_bar(unsigned index, uint64_t size, uint32_t low_bits) {
  ILSE_CHECK(host_ == nullptr, "a BAR added to a function that is in its slot");
  ILSE_CHECK(index < windows_.size() && windows_[index].kind == Kind::None, "a BAR that exists or cannot");
  ILSE_CHECK(std::has_single_bit(size) && size >= 4 && size <= 1u << 31, "a BAR's size");
  auto mask = static_cast<uint32_t>(~(size - 1));
  if (index == kRomWindow) mask |= kRomEnable;
  uint8_t reg = window_register(index);
  for (unsigned i = 0; i < 4; ++i) {
    define(static_cast<uint8_t>(reg + i), low_bits >> (8 * i) & 0xFF, mask >> (8 * i) & 0xFF);
  }
  windows_[index].size = size;
}
void PciDevice::add_io_bar(unsigned index, unsigned size, mem::PortDevice& device, unsigned max_width) {
  ILSE_CHECK(index < kRomWindow && size <= 256, "an I/O BAR");
  define_bar(index, size, kIoSpace);
  windows_[index].kind = Kind::Io;
  windows_[index].ports = &device;
  windows_[index].max_width = max_width;
}
void PciDevice::add_memory_bar(unsigned index, uint64_t size, mem::MmioDevice& device, bool prefetchable) {
  add_memory_bar(index, mem::PhysMap::mmio_region(0, size, device), prefetchable);
}
void PciDevice::add_memory_bar(unsigned index, const mem::Region& memory, bool prefetchable) {
  ILSE_CHECK(index < kRomWindow && memory.size >= 16, "a memory BAR");
  define_bar(index, memory.size, prefetchable ? kPrefetchable : 0);
  windows_[index].kind = Kind::Memory;
  windows_[index].memory = memory;
}
void PciDevice::add_rom_bar(std::vector<uint8_t> image) {
  ILSE_CHECK(!image.empty() && image.size() <= 16u << 20, "an expansion ROM's size");
  rom_ = std::move(image);
  rom_.resize(std::max<size_t>(std::bit_ceil(rom_.size()), 2048), 0xFF);
  define_bar(kRomWindow, rom_.size(), 0);
  windows_[kRomWindow].kind = Kind::Rom;
}
void PciDevice::use_interrupt_pin(unsigned pin) {
  ILSE_CHECK(pin >= 1 && pin <= 4, "an INTx pin");
  define(pci::kInterruptLine, 0, 0xFF);
  define(pci::kInterruptPin, static_cast<uint8_t>(pin), 0);
}

uint32_t PciDevice::config_read(uint8_t reg, unsigned width) const {
  uint32_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    auto at = static_cast<uint8_t>(reg + i);
    uint32_t byte = state_.config[at];
    if (at == pci::kStatus && state_.interrupt) byte |= pci::kStatusInterrupt;
    value |= byte << (8 * i);
  }
  return value;
}

void PciDevice::config_write(uint8_t reg, unsigned width, uint32_t value, mem::VTime now) {
  for (unsigned i = 0; i < width; ++i) {
    auto at = static_cast<uint8_t>(reg + i);
    auto byte = static_cast<uint8_t>(value >> (8 * i));
    uint8_t& stored = state_.config[at];
    if (at == kStatusHigh) {
      stored = static_cast<uint8_t>(stored & ~(byte & kStatusErrors));
    } else {
      stored = static_cast<uint8_t>((stored & ~writable_[at]) | (byte & writable_[at]));
    }
  }
  bool header = reg < 0x40;
  if (header && host_ != nullptr) {
    host_->update_windows(*this);
    host_->update_interrupts();
  }
  config_written(reg, width, now);
}
void PciDevice::config_written(uint8_t, unsigned, mem::VTime) {}

bool PciDevice::interrupt() const {
  return state_.interrupt && (config16(pci::kCommand) & pci::kCommandNoIntx) == 0;
}
void PciDevice::set_interrupt(bool level) {
  if (state_.interrupt == level) return;
  state_.interrupt = level;
  if (host_ != nullptr) host_->update_interrupts();
}

bool PciDevice::window_address(unsigned index, uint32_t& address) const {
  const Window& w = windows_[index];
  uint16_t command = config16(pci::kCommand);
  uint32_t bar = config32(window_register(index));
  if ((command & (w.kind == Kind::Io ? pci::kCommandIo : pci::kCommandMemory)) == 0) return false;
  if (w.kind == Kind::Rom && (bar & kRomEnable) == 0) return false;
  address = bar & static_cast<uint32_t>(~(w.size - 1));
  // Firmware sizes a BAR by writing ones while decoding is on: the top of the space and address 0 decode
  // nothing.
  uint64_t last = address + w.size - 1;
  return address != 0 && last < (w.kind == Kind::Io ? 0xFFFFu : 0xFFFFFFFFu);
}

void PciDevice::reset(ResetKind) {
  state_.config = reset_values_;
  state_.interrupt = false;
  if (host_ != nullptr) {
    host_->update_windows(*this);
    host_->update_interrupts();
  }
}

void PciDevice::visit_state(mem::StateVisitor& v) {
  v(name_, state_);
  if (v.loading() && host_ != nullptr) {
    host_->update_windows(*this);
    host_->update_interrupts();
  }
}

}  // namespace ilse::dev
