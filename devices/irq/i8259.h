// One 8259A programmable interrupt controller, after Intel's data sheet 231468 and, for the edge/level
// registers (ELCR), the 82371SB (PIIX3) data sheet. See dual_i8259.h for the PC's pair.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "memory/bus.h"

namespace ilse::dev {

class I8259 : public Device, public mem::PortDevice, public LineSink {
 public:
  // A slave answers its interrupt acknowledge only when its master asks it to.
  enum class Role : uint8_t { Master, Slave };

  // `int_output` is the INT pin. `elcr_mask` has a bit for each input whose ELCR bit can be set.
  I8259(std::string name, Role role, IrqLine int_output, uint8_t elcr_mask);

  // The slave whose INT output is wired to input `pin` and whose CAS lines are ours.
  void connect_slave(I8259& slave, int pin);

  // The INTA sequence of 8086 mode: the vector, with the chip's state moved on. With nothing to
  // deliver it is the spurious vector of input 7.
  uint8_t acknowledge();
  // What acknowledge() would return, with no effect.
  uint8_t peek_vector() const;
  bool int_output() const { return state_.int_level; }
  bool input(int pin) const { return (state_.inputs >> pin & 1) != 0; }

  uint8_t elcr() const { return state_.elcr; }
  void set_elcr(uint8_t value);

  // Input IR0..IR7.
  void set_line(int pin, bool level) override;

  // Offset 0: ICW1, OCW2, OCW3 / IRR, ISR, poll. Offset 1: ICW2..4, OCW1 / IMR. Width 1.
  uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;

  std::string_view name() const override { return name_; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  // The initialization word that offset 1 takes next.
  enum class Init : uint8_t { Ready, Icw2, Icw3, Icw4 };

  struct State {
    uint8_t inputs = 0;   // levels of IR0..7
    uint8_t latched = 0;  // edge-triggered requests
    uint8_t isr = 0;
    uint8_t imr = 0;
    uint8_t elcr = 0;
    uint8_t icw1 = 0;
    uint8_t icw2 = 0;
    uint8_t icw3 = 0;
    uint8_t icw4 = 0;
    Init init = Init::Ready;
    uint8_t lowest = 7;  // the input of lowest priority
    bool read_isr = false;
    bool poll = false;
    bool special_mask = false;
    bool rotate_on_aeoi = false;
    bool int_level = false;
    static constexpr std::array kNames{
        "inputs", "latched", "isr",    "imr",      "elcr", "icw1",         "icw2",           "icw3",
        "icw4",   "init",    "lowest", "read_isr", "poll", "special_mask", "rotate_on_aeoi", "int_level"};
  };

  uint8_t level_inputs() const;
  uint8_t irr() const;
  int highest(uint8_t bits) const;
  int pending() const;
  void begin_service(int pin);
  void end_service(int pin);
  void write_icw1(uint8_t v);
  void write_ocw2(uint8_t v);
  void write_ocw3(uint8_t v);
  void write_data(uint8_t v);
  void update();

  const std::string name_;
  const Role role_;
  const uint8_t elcr_mask_;
  IrqLine int_output_;
  I8259* slave_ = nullptr;
  int slave_pin_ = -1;
  State state_;
};

}  // namespace ilse::dev
