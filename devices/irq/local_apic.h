// The local APIC of one processor, xAPIC and x2APIC (Intel SDM vol. 3A, chapter 11). It drives the
// processor's pins: INTR when an interrupt of sufficient priority waits here or the 8259 asks through LINT0
// (virtual wire).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "devices/irq/apic_bus.h"
#include "memory/bus.h"
#include "memory/processor_pins.h"

namespace ilse::dev {

class LocalApic : public Device, public mem::MmioDevice, public LineSink {
 public:
  static constexpr uint64_t kDefaultBase = 0xFEE00000;
  static constexpr uint64_t kBaseEnable = 1 << 11, kBaseX2apic = 1 << 10, kBaseBsp = 1 << 8;
  // Of the timer, before its divider: one tick a nanosecond.
  static constexpr uint64_t kTimerHz = 1'000'000'000;
  enum Pin { kLint0 = 0, kLint1 = 1 };

  // Processor 0 is the bootstrap processor. `tsc_hz` converts deadlines of the time-stamp counter, which is
  // taken to count from virtual time 0.
  LocalApic(unsigned id, ApicBus& bus, Scheduler& scheduler, uint64_t tsc_hz);

  // The processor's side. `pins` may be null (no processor in the socket).
  void attach(mem::ProcessorPins* pins);
  // INTA: the vector, or nothing if the 8259 has to give it.
  std::optional<uint8_t> acknowledge();
  uint64_t base() const { return state_.base; }  // IA32_APIC_BASE
  bool set_base(uint64_t value, mem::VTime now);
  bool enabled() const { return (state_.base & kBaseEnable) != 0; }
  uint8_t cr8() const { return state_.tpr >> 4; }
  void set_cr8(uint8_t value) { write_tpr(static_cast<uint8_t>(value << 4)); }
  uint64_t tsc_deadline() const { return state_.tsc_deadline; }
  void set_tsc_deadline(uint64_t value, mem::VTime now);
  // MSRs 800h-83Fh in x2APIC mode; nothing / false is #GP.
  std::optional<uint64_t> msr_read(uint32_t msr, mem::VTime now);
  bool msr_write(uint32_t msr, uint64_t value, mem::VTime now);
  // The INIT# pin (or message) at this processor: all but the ID and the base return to their reset values.
  void init();

  // LINT0 and LINT1.
  void set_line(int pin, bool level) override;

  // The bus's side.
  unsigned id() const { return id_; }
  bool addressed_by(const ApicMessage& m) const;
  void accept(const ApicMessage& m);
  uint8_t processor_priority() const;
  bool software_enabled() const { return (state_.spurious & 0x100) != 0; }

  std::string_view name() const override { return name_; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;
  uint64_t mmio_read(uint64_t offset, unsigned width, mem::VTime now) override;
  void mmio_write(uint64_t offset, unsigned width, uint64_t value, mem::VTime now) override;
  uint64_t mmio_peek(uint64_t offset, unsigned width, mem::VTime now) const override;

 private:
  using Bitmap = std::array<uint32_t, 8>;  // a bit per vector
  enum Lvt { kLvtTimer, kLvtThermal, kLvtPerf, kLvtLint0, kLvtLint1, kLvtError, kLvtCount };
  struct State {
    uint64_t base = 0;
    uint8_t tpr = 0;
    uint32_t logical_destination = 0;
    uint32_t destination_format = 0;
    uint32_t spurious = 0;
    Bitmap isr{}, tmr{}, irr{};
    uint32_t error_status = 0;   // as read
    uint32_t error_pending = 0;  // since the last write of ESR
    uint64_t icr = 0;
    std::array<uint32_t, kLvtCount> lvt{};
    uint32_t initial_count = 0;
    uint32_t divide = 0;
    mem::VTime timer_start{};
    uint64_t tsc_deadline = 0;
    uint32_t start_count = 0;  // the timer's count at timer_start; 0 while stopped
    std::array<bool, 2> lint{};
    static constexpr std::array kNames{
        "base",          "tpr",    "logical_destination", "destination_format", "spurious",    "isr",
        "tmr",           "irr",    "error_status",        "error_pending",      "icr",         "lvt",
        "initial_count", "divide", "timer_start",         "tsc_deadline",       "start_count", "lint"};
  };

  bool x2apic() const { return (state_.base & kBaseX2apic) != 0; }
  uint32_t read_register(unsigned index, mem::VTime now) const;
  void write_register(unsigned index, uint32_t value, mem::VTime now);
  void write_tpr(uint8_t value);
  void write_lvt(Lvt which, uint32_t value, mem::VTime now);
  void send_ipi();
  void end_of_interrupt();
  void request(uint8_t vector, bool level_triggered);
  void raise_lvt(Lvt which);
  void error(uint32_t bit);
  void clear_registers();
  void update_intr();
  bool ext_int() const;
  unsigned timer_divisor() const;
  uint32_t current_count(mem::VTime now) const;
  void arm_timer(mem::VTime now);
  void timer_expired(mem::VTime deadline);

  unsigned id_;
  std::string name_;
  ApicBus& bus_;
  uint64_t tsc_hz_;
  mem::ProcessorPins* pins_ = nullptr;
  Timer timer_;
  State state_;
};

}  // namespace ilse::dev
