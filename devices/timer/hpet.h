// High Precision Event Timer (IA-PC HPET specification 1.0a): a 64-bit counter of 10 ns and three
// comparators, the first periodic, with the legacy replacement route that takes over IRQ 0 and IRQ 8.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "memory/bus.h"

namespace ilse::dev {

class Hpet : public Device, public mem::MmioDevice {
 public:
  static constexpr unsigned kTimers = 3;
  static constexpr uint64_t kTickNs = 10;

  // `io_apic`: pins 0..23 of the I/O APIC. `legacy`: pin 0 is the wire of IRQ 0, pin 8 that of IRQ 8.
  Hpet(Scheduler& scheduler, LineSink& io_apic, LineSink& legacy);
  // Called with true while legacy replacement is on: the 8254 and the RTC are then cut off.
  void on_legacy_route(std::function<void(bool)> f) { on_legacy_route_ = std::move(f); }

  std::string_view name() const override { return "hpet"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;
  uint64_t mmio_read(uint64_t offset, unsigned width, mem::VTime now) override;
  void mmio_write(uint64_t offset, unsigned width, uint64_t value, mem::VTime now) override;
  uint64_t mmio_peek(uint64_t offset, unsigned width, mem::VTime now) const override;

 private:
  struct Comparator {
    uint64_t config = 0;
    uint64_t comparator = ~0ull;
    uint64_t period = 0;
    uint64_t match = ~0ull;  // the counter at its next match; only for one that is silent
    static constexpr std::array kNames{"config", "comparator", "period", "match"};
  };
  struct State {
    uint64_t config = 0;
    uint64_t status = 0;
    uint64_t counter = 0;  // at `since` while running, else its value
    mem::VTime since{};
    std::array<Comparator, kTimers> timers{};
    static constexpr std::array kNames{"config", "status", "counter", "since", "timers"};
  };
  bool running() const { return (state_.config & 1) != 0; }
  bool legacy() const { return (state_.config & 2) != 0; }
  uint64_t counter(mem::VTime now) const;
  uint64_t read_register(uint64_t reg, mem::VTime now) const;
  void write_register(uint64_t reg, uint64_t value, uint64_t mask, mem::VTime now);
  void write_timer(unsigned n, uint64_t reg, uint64_t value, uint64_t mask, mem::VTime now);
  void write_config(uint64_t value, mem::VTime now);
  bool asserted(unsigned n) const;  // level-triggered, and not yet cleared
  // A silent periodic timer only moves its comparator. It has no alarm, which would wake the host for each of
  // its periods (Linux leaves the one it booted with running): it catches up when somebody looks.
  Comparator caught_up(const Comparator& t, mem::VTime now) const;
  // `matches_now`: a comparator that equals the counter at this moment counts as a match.
  void arm(unsigned n, mem::VTime now, bool matches_now);
  void fire(unsigned n, mem::VTime deadline);
  void drive(unsigned n, bool level);

  LineSink& io_apic_;
  LineSink& legacy_;
  std::function<void(bool)> on_legacy_route_;
  std::array<std::unique_ptr<Timer>, kTimers> alarms_;
  State state_;
};

}  // namespace ilse::dev
