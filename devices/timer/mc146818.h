// The real-time clock and its battery-backed RAM (Motorola MC146818A data sheet; the century byte and the
// second bank of 128 bytes as in the PIIX3). Virtual time drives the clock.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "memory/bus.h"

namespace ilse::dev {

class Mc146818 : public Device, public mem::PortDevice {
 public:
  // `irq`: IRQ 8. `nmi_mask`: bit 7 of port 0x70, high = NMI masked. `epoch_seconds`: the date at power-on,
  // in seconds since 1970-01-01 00:00 (years 1970..9999).
  Mc146818(Scheduler& scheduler, IrqLine irq, IrqLine nmi_mask, int64_t epoch_seconds);

  // The RAM as the board or its battery has it. Indexes 0x0E..0xFF; the clock's own registers (0..0x0D) and
  // the century (0x32) are not to be set this way.
  void set_cmos(uint8_t index, uint8_t value);
  uint8_t cmos(uint8_t index) const { return state_.ram[index]; }
  // The date that the guest would read at `now`, in seconds since 1970.
  int64_t seconds(VTime now) const;

  // Offsets 0, 1: index and data of the first 128 bytes (0x70, 0x71). 2, 3: of the second (0x72, 0x73).
  // Width 1.
  uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

  std::string_view name() const override { return "rtc"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    std::array<uint8_t, 256> ram{};  // registers A..D and the time at their indexes
    uint8_t index = 0;
    uint8_t index2 = 0;
    bool nmi_masked = false;
    uint64_t phase = 0;    // the update cycles end where (time - phase) is a whole number of seconds
    uint64_t updates = 0;  // cycles up to now, counted or not
    uint64_t periods = 0;  // 32768 Hz clocks up to now
    static constexpr std::array kNames{"ram", "index", "index2", "nmi_masked", "phase", "updates", "periods"};
  };

  static uint64_t updates_until(const State& s, VTime now);
  static uint64_t clocks_until(const State& s, VTime now);
  static void settle(State& s, VTime now);
  static uint8_t read_register(const State& s, uint8_t index, VTime now);
  void write_register(uint8_t index, uint8_t value, VTime now);
  void update_irq();
  void schedule(VTime now);

  IrqLine irq_;
  IrqLine nmi_mask_;
  const int64_t epoch_seconds_;
  State state_;
  Timer timer_;
};

}  // namespace ilse::dev
