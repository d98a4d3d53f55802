// Port 0x92 (82371SB data sheet, 2.5.6.3): fast A20 in bit 1, fast processor reset on the rise of bit 0.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "memory/bus.h"

namespace ilse::dev {

class Port92 : public Device, public mem::PortDevice {
 public:
  // `a20` is this port's wish (see a20_gate.h); `reset` is pulsed.
  Port92(IrqLine a20, IrqLine reset) : a20_(a20), reset_(reset) {}

  // One port, width 1.
  uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;

  std::string_view name() const override { return "port92"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    uint8_t value = 0;
    static constexpr std::array kNames{"value"};
  };
  IrqLine a20_;
  IrqLine reset_;
  State state_;
};

}  // namespace ilse::dev
