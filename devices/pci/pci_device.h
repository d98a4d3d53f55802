// One PCI function: its 256 bytes of configuration space with the masks of what is writable, its base
// address registers and its interrupt pin (PCI Local Bus Specification 2.2, chapter 6). A function derives
// from it and declares what it has in its constructor; PciHost maps the windows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "devices/core/device.h"
#include "memory/bus.h"
#include "memory/io_bus.h"
#include "memory/phys_map.h"

namespace ilse::dev {

class PciHost;

struct PciIdentity {
  uint16_t vendor = 0;
  uint16_t device = 0;
  uint8_t revision = 0;
  uint32_t class_code = 0;  // 24 bits: base class, subclass, programming interface
  uint16_t subsystem_vendor = 0x1AF4;
  uint16_t subsystem = 0x1100;
  bool multifunction = false;
};

// Registers by name (offsets in the type 0 header).
namespace pci {
inline constexpr uint8_t kCommand = 0x04, kStatus = 0x06, kBar0 = 0x10, kRomBar = 0x30, kInterruptLine = 0x3C,
                         kInterruptPin = 0x3D;
inline constexpr uint16_t kCommandIo = 1, kCommandMemory = 2, kCommandMaster = 4, kCommandNoIntx = 0x400;
inline constexpr uint16_t kStatusInterrupt = 8;
}  // namespace pci

class PciDevice : public Device {
 public:
  ~PciDevice() override;

  std::string_view name() const override { return name_; }
  // Configuration cycles; `width` is 1, 2 or 4 and the access lies within one doubleword.
  virtual uint32_t config_read(uint8_t reg, unsigned width) const;
  void config_write(uint8_t reg, unsigned width, uint32_t value, mem::VTime now);

  bool bus_master() const { return (config16(pci::kCommand) & pci::kCommandMaster) != 0; }
  // The level that the function drives on its INTx pin.
  bool interrupt() const;
  unsigned interrupt_pin() const { return state_.config[pci::kInterruptPin]; }  // 1 is INTA#, 0 none

  // A function with more state overrides both and calls these.
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 protected:
  PciDevice(std::string name, const PciIdentity& identity);

  // To be called in the constructor. `size` is a power of two: I/O 4..256 ports, memory 16 bytes and more.
  void add_io_bar(unsigned index, unsigned size, mem::PortDevice& device, unsigned max_width = 1);
  void add_memory_bar(unsigned index, uint64_t size, mem::MmioDevice& device, bool prefetchable = false);
  // Memory on the card; `memory` is a region of a power of two bytes at 0.
  void add_memory_bar(unsigned index, const mem::Region& memory, bool prefetchable);
  // Expansion ROM; padded to a power of two. The image must be smaller than 16 MiB.
  void add_rom_bar(std::vector<uint8_t> image);
  void use_interrupt_pin(unsigned pin);  // 1..4: INTA#..INTD#
  // Sets a register's value at reset and which of its bits the guest can write.
  void define(uint8_t reg, uint8_t reset_value, uint8_t writable);
  void define16(uint8_t reg, uint16_t reset_value, uint16_t writable);

  // Changes the mask later, for lock bits; derived state, to be set again at reset and after a load.
  void set_writable(uint8_t reg, uint8_t mask) { writable_[reg] = mask; }

  void set_interrupt(bool level);
  // After bytes [reg, reg + width) were written, for registers with an effect of their own.
  virtual void config_written(uint8_t reg, unsigned width, mem::VTime now);

  uint8_t config8(uint8_t reg) const { return state_.config[reg]; }
  uint16_t config16(uint8_t reg) const {
    return static_cast<uint16_t>(state_.config[reg] | state_.config[reg + 1u] << 8);
  }
  uint32_t config32(uint8_t reg) const {
    return config16(reg) | static_cast<uint32_t>(config16(static_cast<uint8_t>(reg + 2))) << 16;
  }
  void set_config8(uint8_t reg, uint8_t value) { state_.config[reg] = value; }

  // Null until the function is in a slot.
  PciHost* host() { return host_; }

 private:
  friend class PciHost;
  struct State {
    std::array<uint8_t, 256> config{};
    bool interrupt = false;
    static constexpr std::array kNames{"config", "interrupt"};
  };
  enum class Kind : uint8_t { None, Io, Memory, Rom };
  struct Window {
    Kind kind = Kind::None;
    uint64_t size = 0;
    mem::PortDevice* ports = nullptr;
    unsigned max_width = 1;
    mem::Region memory{};
    // Where it is mapped now: derived from the configuration space.
    int handle = -1;
    bool mapped = false;
    uint32_t address = 0;
  };
  static constexpr unsigned kRomWindow = 6;
  static uint8_t window_register(unsigned index);
  void define_bar(unsigned index, uint64_t size, uint32_t low_bits);
  // Where the window decodes now; false if it does not.
  bool window_address(unsigned index, uint32_t& address) const;

  std::string name_;
  State state_;
  std::array<uint8_t, 256> reset_values_{};
  std::array<uint8_t, 256> writable_{};
  std::array<Window, 7> windows_;
  std::vector<uint8_t> rom_;
  PciHost* host_ = nullptr;
  unsigned slot_ = 0;
  unsigned function_ = 0;
};

}  // namespace ilse::dev
