// The PC's sixteen interrupt inputs: a master 8259A at 0x20 and a slave at 0xA0 whose INT output is the
// master's IR2, and the PIIX3's ELCR at 0x4D0 (82371SB data sheet, 2.5.3).
#pragma once

#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/irq/i8259.h"
#include "memory/bus.h"

namespace ilse::dev {

class DualI8259 : public Device, public LineSink {
 public:
  // `intr`: the processor's INTR pin (or LINT0, or the I/O APIC's ExtINT input).
  explicit DualI8259(IrqLine intr);

  // Two ports each, width 1: 0x20, 0xA0 and 0x4D0.
  mem::PortDevice& master_ports() { return master_; }
  mem::PortDevice& slave_ports() { return slave_; }
  mem::PortDevice& elcr_ports() { return elcr_; }

  // IRQ 0..15; IRQ 2 is the cascade and takes nothing from outside.
  void set_line(int irq, bool level) override;
  IrqLine irq(int n) { return {*this, n}; }

  uint8_t acknowledge() { return master_.acknowledge(); }
  bool pending() const { return master_.int_output(); }
  const I8259& master() const { return master_; }
  const I8259& slave() const { return slave_; }

  std::string_view name() const override { return "pic"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  class Elcr : public mem::PortDevice {
   public:
    explicit Elcr(DualI8259& pic) : pic_(pic) {}
    uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;

   private:
    DualI8259& pic_;
  };

  I8259 master_;
  I8259 slave_;
  Elcr elcr_{*this};
};

}  // namespace ilse::dev
