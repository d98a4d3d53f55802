#include "devices/irq/i8259.h"

#include <bit>
#include <utility>

namespace ilse::dev {

namespace {
constexpr uint8_t kIcw1Ic4 = 0x01;
constexpr uint8_t kIcw1Single = 0x02;
constexpr uint8_t kIcw1Level = 0x08;
constexpr uint8_t kIcw4Auto = 0x02;
constexpr uint8_t kIcw4FullyNested = 0x10;  // special fully nested mode

constexpr uint8_t bit(int pin) { return static_cast<uint8_t>(1u << (pin & 7)); }
}  // namespace

I8259::I8259(std::string name, Role role, IrqLine int_output, uint8_t elcr_mask)
    : name_(std::move(name)), role_(role), elcr_mask_(elcr_mask), int_output_(int_output) {}

void I8259::connect_slave(I8259& slave, int pin) {
  slave_ = &slave;
  slave_pin_ = pin;
}

void I8259::reset(ResetKind) {
  uint8_t inputs = state_.inputs;
  state_ = {};
  state_.inputs = inputs;
  update();
}

void I8259::visit_state(mem::StateVisitor& v) {
  v(name_, state_);
  if (v.loading()) int_output_.set(state_.int_level);
}

uint8_t I8259::level_inputs() const { return (state_.icw1 & kIcw1Level) != 0 ? 0xFF : state_.elcr; }

uint8_t I8259::irr() const { return static_cast<uint8_t>(state_.latched | (state_.inputs & level_inputs())); }

void I8259::set_elcr(uint8_t value) {
  state_.elcr = value & elcr_mask_;
  update();
}

void I8259::set_line(int pin, bool level) {
  uint8_t b = bit(pin);
  bool was = (state_.inputs & b) != 0;
  if (level) {
    state_.inputs |= b;
    if (!was && (level_inputs() & b) == 0) state_.latched |= b;
  } else {
    state_.inputs &= static_cast<uint8_t>(~b);
    // A request that goes away before it is acknowledged is lost: the spurious interrupt.
    state_.latched &= static_cast<uint8_t>(~b);
  }
  update();
}

// The input of highest priority among `bits`, -1 if none.
int I8259::highest(uint8_t bits) const {
  if (bits == 0) return -1;
  int first = (state_.lowest + 1) & 7;
  return (first + std::countr_zero(std::rotr(bits, first))) & 7;
}

// The input to be served next, -1 if none.
int I8259::pending() const {
  auto requests = static_cast<uint8_t>(irr() & ~state_.imr);
  uint8_t blocking = state_.isr;
  if (state_.special_mask) {
    // Only the level in service itself is inhibited, and not even that when it is masked.
    return highest(static_cast<uint8_t>(requests & ~state_.isr));
  }
  bool nested_cascade = slave_ != nullptr && (state_.icw4 & kIcw4FullyNested) != 0;
  if (nested_cascade) blocking &= static_cast<uint8_t>(~bit(slave_pin_));
  int candidate = highest(requests);
  if (candidate < 0) return -1;
  int service = highest(blocking);
  if (service < 0) return candidate;
  int first = state_.lowest + 1;
  auto rank = [first](int pin) { return (pin - first) & 7; };
  return rank(candidate) < rank(service) ? candidate : -1;
}

void I8259::update() {
  // A chip in the middle of its initialization asks for nothing.
  bool level = state_.init == Init::Ready && pending() >= 0;
  if (level == state_.int_level) return;
  state_.int_level = level;
  int_output_.set(level);
}

void I8259::end_service(int pin) {
  if (pin >= 0) state_.isr &= static_cast<uint8_t>(~bit(pin));
}

void I8259::begin_service(int pin) {
  state_.latched &= static_cast<uint8_t>(~bit(pin));
  if ((state_.icw4 & kIcw4Auto) == 0) {
    state_.isr |= bit(pin);
  } else if (state_.rotate_on_aeoi) {
    state_.lowest = static_cast<uint8_t>(pin);
  }
  update();
}

uint8_t I8259::acknowledge() {
  int pin = state_.init == Init::Ready ? pending() : -1;
  if (pin < 0) return static_cast<uint8_t>((state_.icw2 & 0xF8) | 7);
  begin_service(pin);
  if (slave_ != nullptr && pin == slave_pin_) return slave_->acknowledge();
  return static_cast<uint8_t>((state_.icw2 & 0xF8) | pin);
}

uint8_t I8259::peek_vector() const {
  int pin = state_.init == Init::Ready ? pending() : -1;
  if (slave_ != nullptr && pin == slave_pin_) return slave_->peek_vector();
  return static_cast<uint8_t>((state_.icw2 & 0xF8) | (pin < 0 ? 7 : pin));
}

void I8259::write_icw1(uint8_t v) {
  state_.icw1 = v;
  state_.latched = 0;  // the edge sense circuit is reset: an input must fall and rise again
  state_.imr = 0;
  state_.isr = 0;
  state_.lowest = 7;
  state_.icw3 = role_ == Role::Slave ? 7 : 0;
  state_.icw4 = 0;
  state_.read_isr = false;
  state_.poll = false;
  state_.special_mask = false;
  state_.rotate_on_aeoi = false;
  state_.init = Init::Icw2;
  update();
}

void I8259::write_data(uint8_t v) {
  switch (state_.init) {
    case Init::Ready: state_.imr = v; break;
    case Init::Icw2:
      state_.icw2 = v;
      if ((state_.icw1 & kIcw1Single) == 0) {
        state_.init = Init::Icw3;
      } else {
        state_.init = (state_.icw1 & kIcw1Ic4) != 0 ? Init::Icw4 : Init::Ready;
      }
      break;
    case Init::Icw3:
      state_.icw3 = v;
      state_.init = (state_.icw1 & kIcw1Ic4) != 0 ? Init::Icw4 : Init::Ready;
      break;
    case Init::Icw4:
      state_.icw4 = v;
      state_.init = Init::Ready;
      break;
  }
  update();
}

void I8259::write_ocw2(uint8_t v) {
  int level = v & 7;
  switch (v >> 5) {
    case 0: state_.rotate_on_aeoi = false; break;
    case 4: state_.rotate_on_aeoi = true; break;
    case 1:    // non-specific end of interrupt
    case 5: {  // and rotate
      uint8_t served = state_.isr;
      if (state_.special_mask) served &= static_cast<uint8_t>(~state_.imr);
      int pin = highest(served);
      end_service(pin);
      if (v >> 5 == 5 && pin >= 0) state_.lowest = static_cast<uint8_t>(pin);
      break;
    }
    case 3: end_service(level); break;
    case 7:
      end_service(level);
      state_.lowest = static_cast<uint8_t>(level);
      break;
    case 6: state_.lowest = static_cast<uint8_t>(level); break;
    default: break;  // 2: no operation
  }
  update();
}

void I8259::write_ocw3(uint8_t v) {
  if ((v & 0x04) != 0) state_.poll = true;
  if ((v & 0x02) != 0) state_.read_isr = (v & 0x01) != 0;
  if ((v & 0x40) != 0) state_.special_mask = (v & 0x20) != 0;
  update();
}

uint32_t I8259::port_peek(uint16_t offset, unsigned, mem::VTime) const {
  if (state_.poll) {
    int pin = pending();
    return pin < 0 ? 0 : 0x80u | static_cast<unsigned>(pin);
  }
  if ((offset & 1) != 0) return state_.imr;
  return state_.read_isr ? state_.isr : irr();
}

uint32_t I8259::port_read(uint16_t offset, unsigned width, mem::VTime now) {
  uint32_t value = port_peek(offset, width, now);
  if (state_.poll) {
    // The read after a poll command stands for the interrupt acknowledge.
    state_.poll = false;
    if ((value & 0x80) != 0) begin_service(static_cast<int>(value & 7));
  }
  return value;
}

void I8259::port_write(uint16_t offset, unsigned, uint32_t value, mem::VTime) {
  auto v = static_cast<uint8_t>(value);
  if ((offset & 1) != 0) {
    write_data(v);
  } else if ((v & 0x10) != 0) {
    write_icw1(v);
  } else if ((v & 0x08) != 0) {
    write_ocw3(v);
  } else {
    write_ocw2(v);
  }
}

}  // namespace ilse::dev
