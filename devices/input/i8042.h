// The PS/2 keyboard controller (8042): IBM's PS/2 Hardware Interface Technical Reference, "Keyboard and
// Auxiliary Device Controller". Bytes cross a port one at a time, kByteTime apart.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "devices/input/ps2_device.h"
#include "memory/bus.h"

namespace ilse::dev {

class I8042 : public Device, public mem::PortDevice {
 public:
  struct Lines {
    IrqLine irq1;
    IrqLine irq12;
    IrqLine a20;    // the controller's own wish; see a20_gate.h
    IrqLine reset;  // pulsed to reset the processor
  };
  // Shorter than the real millisecond, long enough for guests that want to see the buffer empty between
  // bytes.
  static constexpr uint64_t kByteTime = 300'000;

  I8042(Scheduler& scheduler, Ps2Device& keyboard, Ps2Device& mouse, Lines lines);

  // Offset 0: data (0x60). Offset 4: status and command (0x64). Width 1.
  uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

  std::string_view name() const override { return "kbc"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    std::array<uint8_t, 32> ram{};  // [0] is the command byte
    uint8_t output = 0;             // the output buffer
    bool full = false;              // OBF
    bool from_mouse = false;        // AUXB
    bool last_was_command = false;
    uint8_t command = 0;  // the command that waits for its parameter
    uint8_t output_port = 0;
    bool break_prefix = false;  // translation has seen F0
    // Bytes of the controller itself, which wait for the buffer to be empty.
    bool reply_waits = false;
    bool reply_from_mouse = false;
    uint8_t reply = 0;
    VTime quiet_until{};  // the ports' wires carry nothing new before
    static constexpr std::array kNames{
        "ram",     "output",      "full",         "from_mouse",  "last_was_command",
        "command", "output_port", "break_prefix", "reply_waits", "reply_from_mouse",
        "reply",   "quiet_until"};
  };

  uint8_t status() const;
  void command(uint8_t v, VTime now);
  void parameter(uint8_t cmd, uint8_t v, VTime now);
  void reply(uint8_t v, bool from_mouse = false);
  void fill(uint8_t v, bool from_mouse);
  void poll(VTime now);
  void deliver(VTime now);
  void write_output_port(uint8_t v);
  uint8_t output_port() const;
  bool enabled(const Ps2Device& d) const;
  void update_lines();

  Ps2Device& keyboard_;
  Ps2Device& mouse_;
  Lines lines_;
  State state_;
  Timer deliver_;
};

}  // namespace ilse::dev
