// PCI bus 0 and the host's way to it: configuration mechanism #1 at ports CF8h-CFFh (PCI Local Bus
// Specification 2.2, section 3.2.2.3.2), the windows that functions decode in the I/O and memory spaces,
// and the four shared interrupt wires PIRQA-D.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/pci/pci_device.h"
#include "memory/bus.h"
#include "memory/io_bus.h"
#include "memory/phys_map.h"

namespace ilse::dev {

class PciHost : public Device, public mem::PortDevice {
 public:
  // Offsets 0-3 are the address register, 4-7 the data window; map with max_width 4.
  PciHost(mem::IoBus& io, mem::PhysMap& memory);

  // Puts a function on bus 0; slot 0..31, function 0..7. The function must outlive the host's last use.
  void attach(unsigned slot, unsigned function, PciDevice& device);
  void detach(PciDevice& device);
  // Pins 0..3 of the sink are PIRQA#..PIRQD#, active high here. INTx of slot n arrives at wire (n + x - 1)
  // mod 4, as PC firmware expects of this board.
  void connect_interrupts(LineSink& sink) { pirq_ = &sink; }

  mem::IoBus& io() { return io_; }
  mem::PhysMap& memory() { return memory_; }

  std::string_view name() const override { return "pci-host"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;
  uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;

  // Layers of PCI memory lie under RAM and everything that the chipset decodes itself.
  static constexpr int kMemoryPriority = -1;

 private:
  friend class PciDevice;
  struct State {
    uint32_t address = 0;
    static constexpr std::array kNames{"address"};
  };
  PciDevice* selected() const;
  void update_windows(PciDevice& device);
  void update_interrupts();

  mem::IoBus& io_;
  mem::PhysMap& memory_;
  LineSink* pirq_ = nullptr;
  std::array<PciDevice*, 256> devices_{};
  State state_;
};

// A range of ports that a function decodes through a register of its own instead of a BAR.
class PortWindow {
 public:
  PortWindow(unsigned count, mem::PortDevice& device, unsigned max_width)
      : count_(count), device_(device), max_width_(max_width) {}
  // Moves the window; not enabled takes it away.
  void place(mem::IoBus& io, bool enabled, uint16_t base);

 private:
  unsigned count_;
  mem::PortDevice& device_;
  unsigned max_width_;
  int handle_ = -1;
  uint16_t base_ = 0;
};

}  // namespace ilse::dev
