// Intel 82371SB (PIIX3), function 0: the PCI-to-ISA bridge. PIRQ routing (datasheet section 2.2.6) and the
// reset control register at CF9h (section 2.5.4).
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "devices/core/irq_line.h"
#include "devices/pci/pci_device.h"

namespace ilse::dev {

class Piix3 : public PciDevice, public LineSink, private mem::PortDevice {
 public:
  // `isa_irqs`: where the PIRQ wires end, by ISA IRQ number.
  explicit Piix3(const std::array<IrqLine, 16>& isa_irqs);

  // Pins 0..3: PIRQA#..PIRQD#.
  void set_line(int pin, bool level) override;
  // The one-port register at CF9h.
  mem::PortDevice& reset_control() { return *this; }
  void on_reset_request(std::function<void()> f) { on_reset_request_ = std::move(f); }

  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 protected:
  void config_written(uint8_t reg, unsigned width, mem::VTime now) override;

 private:
  struct State {
    std::array<bool, 4> pirq{};
    uint8_t reset_control = 0;
    static constexpr std::array kNames{"pirq", "reset_control"};
  };
  uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;
  void drive();

  std::array<IrqLine, 16> isa_irqs_;
  std::function<void()> on_reset_request_;
  State state_;
};

}  // namespace ilse::dev
