#include "devices/serial/uart16550.h"

namespace ilse::dev {

namespace {
constexpr uint64_t kClockHz = 1'843'200;
constexpr unsigned kClocksPerBit = 16;

constexpr uint8_t kRxInterrupt = 0x01;  // IER
constexpr uint8_t kTxInterrupt = 0x02;
constexpr uint8_t kLineInterrupt = 0x04;
constexpr uint8_t kModemInterrupt = 0x08;

constexpr uint8_t kNone = 0x01;  // IIR, from the highest priority to the lowest
constexpr uint8_t kLineStatus = 0x06;
constexpr uint8_t kReceived = 0x04;
constexpr uint8_t kTimeout = 0x0C;
constexpr uint8_t kThrEmpty = 0x02;
constexpr uint8_t kModemStatus = 0x00;

constexpr uint8_t kDivisorLatch = 0x80;  // LCR

constexpr uint8_t kOut2 = 0x08;  // MCR; on a PC it lets the interrupt through

constexpr uint8_t kDataReady = 0x01;  // LSR
constexpr uint8_t kOverrun = 0x02;
constexpr uint8_t kBreak = 0x10;
constexpr uint8_t kErrors = 0x1E;
constexpr uint8_t kThre = 0x20;
constexpr uint8_t kTemt = 0x40;
constexpr uint8_t kFifoError = 0x80;

constexpr uint8_t kRing = 0x40;  // MSR
}  // namespace

void UartFifo::push(uint8_t byte, uint8_t error) {
  if (count == kSize) return;
  size_t at = (size_t{head} + count) % kSize;
  data[at] = byte;
  errors[at] = error;
  ++count;
}
uint8_t UartFifo::pop() {
  if (count == 0) return 0;
  uint8_t v = data[head % kSize];
  head = static_cast<uint8_t>((head + 1) % kSize);
  --count;
  return v;
}
bool UartFifo::any_error() const {
  for (size_t i = 0; i < count; ++i) {
    if (errors[(head + i) % kSize] != 0) return true;
  }
  return false;
}

Uart16550::Uart16550(Scheduler& scheduler, std::string name, IrqLine irq, CharSink& out, Wire wire)
    : name_(std::move(name)),
      wire_(wire),
      irq_(irq),
      out_(out),
      tx_(scheduler, name_ + ".tx", [this](VTime t) { sent(t); }),
      rx_(scheduler, name_ + ".rx", [this](VTime t) { wire_done(t); }),
      timeout_(scheduler, name_ + ".timeout", [this](VTime) {
        state_.timeout = fifo_enabled() && state_.rx.count != 0;
        update_irq();
      }) {}

// Start bit, 5 to 8 data bits, parity, 1, 1.5 or 2 stop bits. Divisor 0 counts as 1.
uint64_t Uart16550::character_time() const {
  unsigned data = 5 + (state_.lcr & 3);
  unsigned parity = state_.lcr >> 3 & 1;
  unsigned half_stops = (state_.lcr & 4) == 0 ? 2 : data == 5 ? 3 : 4;
  uint64_t half_bits = 2 * (1 + data + parity) + half_stops;
  uint64_t divisor = state_.divisor == 0 ? 1 : state_.divisor;
  uint64_t full = mem::muldiv_up(half_bits * divisor * kClocksPerBit, mem::kSecond, 2 * kClockHz);
  return wire_ == Wire::Fast ? std::min(full, kFastCharacter) : full;
}

unsigned Uart16550::trigger() const {
  if (!fifo_enabled()) return 1;
  constexpr std::array<uint8_t, 4> kLevels{1, 4, 8, 14};
  return kLevels[state_.fcr >> 6];
}

uint8_t Uart16550::lsr() const {
  unsigned v = state_.rx.front_errors();
  if (state_.rx.count != 0) v |= kDataReady;
  if (state_.overrun) v |= kOverrun;
  if (state_.tx.count == 0) v |= state_.sending ? kThre : kThre | kTemt;
  if (fifo_enabled() && state_.rx.any_error()) v |= kFifoError;
  return static_cast<uint8_t>(v);
}

uint8_t Uart16550::iir() const {
  uint8_t fifos = fifo_enabled() ? 0xC0 : 0;
  auto source = [this]() -> uint8_t {
    if ((state_.ier & kLineInterrupt) != 0 && (lsr() & kErrors) != 0) return kLineStatus;
    if ((state_.ier & kRxInterrupt) != 0) {
      if (state_.rx.count >= trigger()) return kReceived;
      if (state_.timeout) return kTimeout;
    }
    if ((state_.ier & kTxInterrupt) != 0 && state_.thre_pending) return kThrEmpty;
    if ((state_.ier & kModemInterrupt) != 0 && state_.msr_delta != 0) return kModemStatus;
    return kNone;
  };
  return source() | fifos;
}

void Uart16550::update_irq() { irq_.set((iir() & kNone) == 0 && (state_.mcr & kOut2) != 0); }

// Loopback wires RTS, DTR, OUT1 and OUT2 to CTS, DSR, RI and DCD.
uint8_t Uart16550::modem_lines() const {
  if (!loopback()) return state_.outside;
  unsigned m = state_.mcr;
  return static_cast<uint8_t>((m & 2) << 3 | (m & 1) << 5 | (m & 4) << 4 | (m & 8) << 4);
}

void Uart16550::modem_changed(uint8_t before) {
  uint8_t after = modem_lines();
  auto changed = static_cast<uint8_t>(before ^ after);
  // Of RI only the end of a ring counts.
  if ((after & kRing) != 0) changed &= static_cast<uint8_t>(~kRing);
  state_.msr_delta |= changed >> 4;
  update_irq();
}

void Uart16550::set_modem_lines(uint8_t msr_high, VTime) {
  uint8_t before = modem_lines();
  state_.outside = msr_high & 0xF0;
  modem_changed(before);
}

size_t Uart16550::room() const {
  size_t used = size_t{state_.rx.count} + state_.wire.count;
  return loopback() || used >= capacity() ? 0 : capacity() - used;
}

void Uart16550::room_grew(VTime now) {
  if (on_room_ && room() != 0) on_room_(now);
}

void Uart16550::receive(uint8_t byte, VTime now) {
  if (loopback()) return;
  if (state_.wire.count == UartFifo::kSize) {
    state_.overrun = true;
    update_irq();
    return;
  }
  state_.wire.push(byte, 0);
  if (!rx_.active()) rx_.set(now + character_time());
}

void Uart16550::receive_break(VTime now) {
  if (loopback() || state_.wire.count == UartFifo::kSize) return;
  state_.wire.push(0, kBreak);
  if (!rx_.active()) rx_.set(now + character_time());
}

void Uart16550::wire_done(VTime now) {
  uint8_t error = state_.wire.front_errors();
  arrive(state_.wire.pop(), error, now);
  if (state_.wire.count != 0) rx_.set(now + character_time());
}

void Uart16550::arrive(uint8_t byte, uint8_t error, VTime now) {
  if (state_.rx.count >= capacity()) {
    state_.overrun = true;
    // Without FIFOs the new character takes the place of the old one.
    if (!fifo_enabled()) state_.rx.clear();
  }
  if (state_.rx.count < capacity()) state_.rx.push(byte, error);
  if (fifo_enabled()) timeout_.set(now + 4 * character_time());
  update_irq();
}

uint8_t Uart16550::read_rbr(VTime now) {
  uint8_t v = state_.rx.pop();
  state_.timeout = false;
  if (fifo_enabled() && state_.rx.count != 0) {
    timeout_.set(now + 4 * character_time());
  } else {
    timeout_.cancel();
  }
  update_irq();
  room_grew(now);
  return v;
}

void Uart16550::write_thr(uint8_t v, VTime now) {
  if (!loopback()) out_.put(v);
  if (!fifo_enabled()) state_.tx.clear();
  state_.tx.push(v, 0);
  state_.thre_pending = false;
  if (!state_.sending) begin_sending(now);
  update_irq();
}

void Uart16550::begin_sending(VTime now) {
  state_.shift = state_.tx.pop();
  state_.sending = true;
  if (state_.tx.count == 0) state_.thre_pending = true;
  tx_.set(now + character_time());
}

void Uart16550::sent(VTime now) {
  state_.sending = false;
  uint8_t v = state_.shift;
  if (state_.tx.count != 0) begin_sending(now);
  if (loopback()) arrive(v, 0, now);
  update_irq();
}

void Uart16550::write_fcr(uint8_t v, VTime now) {
  bool switched = ((v ^ state_.fcr) & 1) != 0;
  state_.fcr = (v & 1) != 0 ? v & 0xC9 : 0;
  if (switched || (v & 2) != 0) {
    state_.rx.clear();
    state_.timeout = false;
    timeout_.cancel();
  }
  if ((switched || (v & 4) != 0) && state_.tx.count != 0) {
    state_.tx.clear();
    state_.thre_pending = true;
  }
  update_irq();
  room_grew(now);
}

void Uart16550::write_mcr(uint8_t v, VTime now) {
  uint8_t before = modem_lines();
  state_.mcr = v & 0x1F;
  modem_changed(before);
  room_grew(now);
}

uint32_t Uart16550::port_peek(uint16_t offset, unsigned, VTime) const {
  bool divisor = (state_.lcr & kDivisorLatch) != 0;
  switch (offset & 7) {
    case 0: return divisor ? state_.divisor & 0xFF : state_.rx.front();
    case 1: return divisor ? state_.divisor >> 8 : state_.ier;
    case 2: return iir();
    case 3: return state_.lcr;
    case 4: return state_.mcr;
    case 5: return lsr();
    case 6: return static_cast<uint32_t>(modem_lines() | state_.msr_delta);
    default: return state_.scratch;
  }
}

uint32_t Uart16550::port_read(uint16_t offset, unsigned width, VTime now) {
  uint32_t value = port_peek(offset, width, now);
  switch (offset & 7) {
    case 0:
      if ((state_.lcr & kDivisorLatch) == 0) read_rbr(now);
      break;
    case 2:
      if ((value & 0x0F) == kThrEmpty) state_.thre_pending = false;
      break;
    case 5:
      state_.overrun = false;
      if (state_.rx.count != 0) state_.rx.errors[state_.rx.head % UartFifo::kSize] = 0;
      break;
    case 6: state_.msr_delta = 0; break;
    default: return value;
  }
  update_irq();
  return value;
}

void Uart16550::port_write(uint16_t offset, unsigned, uint32_t value, VTime now) {
  auto v = static_cast<uint8_t>(value);
  bool divisor = (state_.lcr & kDivisorLatch) != 0;
  switch (offset & 7) {
    case 0:
      if (divisor) {
        state_.divisor = static_cast<uint16_t>((state_.divisor & 0xFF00) | v);
      } else {
        write_thr(v, now);
      }
      break;
    case 1:
      if (divisor) {
        state_.divisor = static_cast<uint16_t>((state_.divisor & 0x00FF) | v << 8);
      } else {
        // Turning the interrupt on while the register is empty raises it.
        if ((v & ~state_.ier & kTxInterrupt) != 0 && state_.tx.count == 0) state_.thre_pending = true;
        state_.ier = v & 0x0F;
      }
      break;
    case 2: write_fcr(v, now); break;
    case 3: state_.lcr = v; break;
    case 4: write_mcr(v, now); break;
    case 7: state_.scratch = v; break;
    default: break;  // LSR and MSR are read-only
  }
  update_irq();
}

void Uart16550::reset(ResetKind) {
  uint8_t outside = state_.outside;
  state_ = {};
  state_.outside = outside;
  tx_.cancel();
  rx_.cancel();
  timeout_.cancel();
  update_irq();
}

void Uart16550::visit_state(mem::StateVisitor& v) {
  v(name_, state_);
  if (v.loading()) update_irq();
}

}  // namespace ilse::dev
