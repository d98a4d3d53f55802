// The test function 1B36:0005 that OS test harnesses use (QEMU's docs/specs/pci-testdev): a memory and an I/O
// BAR, each a table of tests whose byte at a given offset counts the writes of a given value.
#pragma once

#include <array>
#include <cstdint>

#include "devices/pci/pci_device.h"

namespace ilse::dev {

class PciTestdev : public PciDevice, private mem::PortDevice, private mem::MmioDevice {
 public:
  PciTestdev();

  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  // One window's registers.
  struct Window {
    uint8_t test = 0xFF;  // none
    uint32_t count = 0;
    static constexpr std::array kNames{"test", "count"};
  };
  struct State {
    Window memory, io;
    static constexpr std::array kNames{"memory", "io"};
  };
  static uint8_t read_byte(const Window& w, bool io, uint64_t offset);
  static void write(Window& w, bool io, uint64_t offset, unsigned width, uint64_t value);
  uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;
  uint64_t mmio_read(uint64_t offset, unsigned width, mem::VTime now) override;
  void mmio_write(uint64_t offset, unsigned width, uint64_t value, mem::VTime now) override;
  uint64_t mmio_peek(uint64_t offset, unsigned width, mem::VTime now) const override;

  State state_;
};

}  // namespace ilse::dev
