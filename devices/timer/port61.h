// The NMI status and control register, port 0x61 (82371SB data sheet, 2.5.7.1): the loudspeaker's gate
// and data bits, OUT2, the refresh toggle, and the two sources of NMI with their enables.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/timer/i8254.h"
#include "memory/bus.h"

namespace ilse::dev {

class Port61 : public Device, public mem::PortDevice, public LineSink {
 public:
  // Inputs: SERR# and IOCHK# as active-high levels, and the NMI mask of port 0x70 (high = masked).
  enum Pin : int { kSerr = 0, kIochk = 1, kNmiMask = 2 };

  // `nmi`: the processor's NMI pin, as a level; rising edges count. `speaker`: changes of the speaker data
  // bit.
  Port61(I8254& pit, IrqLine nmi, IrqLine speaker = {});

  void set_line(int pin, bool level) override;
  bool speaker_data() const { return (state_.control & 2) != 0; }

  // One port, width 1.
  uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;

  std::string_view name() const override { return "port61"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    uint8_t control = 0;  // bits 0..3 as written
    bool serr = false;
    bool iochk = false;
    bool masked = false;
    bool serr_latched = false;
    bool iochk_latched = false;
    static constexpr std::array kNames{"control", "serr", "iochk", "masked", "serr_latched", "iochk_latched"};
  };
  void update();

  I8254& pit_;
  IrqLine nmi_;
  IrqLine speaker_;
  State state_;
};

}  // namespace ilse::dev
