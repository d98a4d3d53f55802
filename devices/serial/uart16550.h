// A 16550A UART (National PC16550D data sheet) with its FIFOs, timed by the character at the baud rate that
// the guest sets (clock 1.8432 MHz).
//
// A character goes to the host at once when the guest writes it, so that nothing is lost when the machine
// stops; when the guest sees it gone is timed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "devices/core/char_sink.h"
#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "memory/bus.h"

namespace ilse::dev {

struct UartFifo {
  static constexpr size_t kSize = 16;
  std::array<uint8_t, kSize> data{};
  std::array<uint8_t, kSize> errors{};  // LSR bits that came with the character
  uint8_t head = 0;
  uint8_t count = 0;
  static constexpr std::array kNames{"data", "errors", "head", "count"};

  void push(uint8_t byte, uint8_t error);
  uint8_t pop();
  uint8_t front() const { return count == 0 ? 0 : data[head % kSize]; }
  uint8_t front_errors() const { return count == 0 ? 0 : errors[head % kSize]; }
  bool any_error() const;
  void clear() { head = count = 0; }
};

class Uart16550 : public Device, public mem::PortDevice {
 public:
  // `name` is unique in the machine. The other end is a terminal that is always ready: CTS, DSR and DCD are
  // asserted, RI is not.
  // A wire at Full speed takes each character as long as the divisor says; a Fast one at most kFastCharacter,
  // for a line whose other end is a program: guests that wait for every character would only be slow.
  enum class Wire : uint8_t { Full, Fast };
  static constexpr uint64_t kFastCharacter = 2000;  // ns

  Uart16550(Scheduler& scheduler, std::string name, IrqLine irq, CharSink& out, Wire wire = Wire::Full);

  // Characters that can be sent to the guest now without an overrun.
  size_t room() const;
  // A character begins to arrive. Beyond room() characters are lost as the hardware loses them (overrun
  // error).
  void receive(uint8_t byte, VTime now);
  // A break condition arrives: a zero character with the break bit.
  void receive_break(VTime now);
  // Called when room() has grown, from within the guest's access.
  void on_room(std::function<void(VTime)> f) { on_room_ = std::move(f); }
  // The other end's modem lines, as MSR bits 7:4 (DCD, RI, DSR, CTS).
  void set_modem_lines(uint8_t msr_high, VTime now);

  // Offsets 0..7, width 1.
  uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

  std::string_view name() const override { return name_; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    uint8_t ier = 0;
    uint8_t fcr = 0;
    uint8_t lcr = 0;
    uint8_t mcr = 0;
    bool overrun = false;
    uint8_t msr_delta = 0;
    uint8_t outside = 0xB0;  // the other end's modem lines
    uint8_t scratch = 0;
    uint16_t divisor = 1;
    UartFifo rx;
    UartFifo wire;         // characters on their way in
    UartFifo tx;           // waiting to be sent, only for loopback are the bytes of interest
    bool sending = false;  // the transmit shift register is busy
    uint8_t shift = 0;
    bool thre_pending = false;  // the THR-empty interrupt has not been read or served
    bool timeout = false;       // character timeout indication
    static constexpr std::array kNames{"ier",     "fcr",     "lcr",          "mcr",    "overrun", "msr_delta",
                                       "outside", "scratch", "divisor",      "rx",     "wire",    "tx",
                                       "sending", "shift",   "thre_pending", "timeout"};
  };

  bool fifo_enabled() const { return (state_.fcr & 1) != 0; }
  bool loopback() const { return (state_.mcr & 0x10) != 0; }
  uint64_t character_time() const;
  unsigned trigger() const;
  uint8_t iir() const;
  uint8_t lsr() const;
  uint8_t modem_lines() const;
  uint8_t read_rbr(VTime now);
  void write_thr(uint8_t v, VTime now);
  void write_fcr(uint8_t v, VTime now);
  void write_mcr(uint8_t v, VTime now);
  void modem_changed(uint8_t before);
  size_t capacity() const { return fifo_enabled() ? UartFifo::kSize : 1; }
  void arrive(uint8_t byte, uint8_t error, VTime now);
  void begin_sending(VTime now);
  void sent(VTime now);
  void wire_done(VTime now);
  void room_grew(VTime now);
  void update_irq();

  const std::string name_;
  Wire wire_;
  IrqLine irq_;
  CharSink& out_;
  std::function<void(VTime)> on_room_;
  State state_;
  Timer tx_;
  Timer rx_;
  Timer timeout_;
};

}  // namespace ilse::dev
