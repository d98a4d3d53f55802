// The 8254 programmable interval timer (Intel data sheet 231164): three counters clocked at 1193182 Hz.
// Virtual time gives the clock exactly, by integer arithmetic from power-on, so that nothing drifts.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "devices/timer/i8254_counter.h"
#include "memory/bus.h"

namespace ilse::dev {

class I8254 : public Device, public mem::PortDevice {
 public:
  static constexpr uint64_t kHz = 1193182;

  // `out` are the OUT pins. A counter whose pin goes nowhere costs no timer events.
  I8254(Scheduler& scheduler, std::array<IrqLine, 3> out);

  void set_gate(int counter, bool level, VTime now);
  bool gate(int counter) const { return state_.counters[static_cast<size_t>(counter)].gate; }
  // The OUT pin at `now`.
  bool out(int counter, VTime now) const;
  // The period in clocks that the counter is programmed for (0: none yet), for a loudspeaker.
  uint32_t period(int counter) const { return state_.counters[static_cast<size_t>(counter)].reload; }

  // Called with the clock pulse and the counter whenever the guest has written to counter 2, its mode or its
  // gate: all that a loudspeaker needs to know of.
  void on_counter_2(std::function<void(uint64_t clock, const I8254Counter&)> f) {
    on_counter_2_ = std::move(f);
  }

  // Offsets 0..2: counters. 3: control word. Width 1.
  uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

  std::string_view name() const override { return "pit"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    std::array<I8254Counter, 3> counters;
    std::array<uint64_t, 3> clock{};  // the clock pulse since power-on up to which each counter has run
    std::array<bool, 3> driven{};     // the level that the board sees on OUT
    static constexpr std::array kNames{"counters", "clock", "driven"};
  };

  I8254Counter at(size_t i, VTime now) const;
  void settle(size_t i, VTime now);
  void drive(size_t i);
  void schedule(size_t i);
  void control(uint8_t v, VTime now);
  void tell(size_t i) {
    if (i == 2 && on_counter_2_) on_counter_2_(state_.clock[2], state_.counters[2]);
  }

  std::array<IrqLine, 3> out_;
  std::function<void(uint64_t, const I8254Counter&)> on_counter_2_;
  State state_;
  std::array<Timer, 3> timers_;
};

}  // namespace ilse::dev
