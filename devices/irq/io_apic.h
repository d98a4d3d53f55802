// Intel 82093AA I/O APIC: 24 inputs, each with an entry that says where its interrupt goes (datasheet
// section 3.2).
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/irq/apic_bus.h"
#include "memory/bus.h"

namespace ilse::dev {

class IoApic : public Device, public mem::MmioDevice, public LineSink {
 public:
  static constexpr unsigned kPins = 24;

  // Inputs are active high here; the polarity bit of an entry is kept and has no effect.
  IoApic(ApicBus& bus, uint8_t id);

  void set_line(int pin, bool level) override;
  void end_of_interrupt(uint8_t vector);

  std::string_view name() const override { return "io-apic"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;
  uint64_t mmio_read(uint64_t offset, unsigned width, mem::VTime now) override;
  void mmio_write(uint64_t offset, unsigned width, uint64_t value, mem::VTime now) override;
  uint64_t mmio_peek(uint64_t offset, unsigned width, mem::VTime now) const override;

 private:
  struct State {
    uint8_t id = 0;
    uint8_t select = 0;
    std::array<uint64_t, kPins> entry{};
    uint32_t level = 0;  // the inputs as driven
    static constexpr std::array kNames{"id", "select", "entry", "level"};
  };
  uint32_t read_register() const;
  void write_register(uint32_t value);
  void service(unsigned pin);

  ApicBus& bus_;
  uint8_t initial_id_;
  State state_;
};

}  // namespace ilse::dev
