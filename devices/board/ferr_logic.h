// How a PC reports x87 errors outside the processor: FERR# becomes IRQ 13, and a write to port F0h takes the
// interrupt away and asserts IGNNE# until FERR# goes (82371SB datasheet, section 2.5.5; Intel SDM vol. 1,
// appendix D).
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "memory/bus.h"

namespace ilse::dev {

class FerrLogic : public Device, public mem::PortDevice {
 public:
  FerrLogic(IrqLine irq13, IrqLine ignne) : irq13_(irq13), ignne_(ignne) {}

  void set_ferr(bool level);

  // Port F0h and its reset twin F1h, width 1.
  uint32_t port_read(uint16_t, unsigned, mem::VTime) override { return 0xFF; }
  uint32_t port_peek(uint16_t, unsigned, mem::VTime) const override { return 0xFF; }
  void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;

  std::string_view name() const override { return "ferr"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    bool ferr = false;
    bool irq13 = false;
    bool ignne = false;
    static constexpr std::array kNames{"ferr", "irq13", "ignne"};
  };
  void drive();

  IrqLine irq13_;
  IrqLine ignne_;
  State state_;
};

}  // namespace ilse::dev
