#include "devices/input/i8042.h"

#include <algorithm>

#include "devices/input/scan_codes.h"

namespace ilse::dev {

namespace {
constexpr uint8_t kKeyboardInterrupt = 0x01;  // command byte
constexpr uint8_t kMouseInterrupt = 0x02;
constexpr uint8_t kSystem = 0x04;
constexpr uint8_t kKeyboardOff = 0x10;
constexpr uint8_t kMouseOff = 0x20;
constexpr uint8_t kTranslate = 0x40;

constexpr uint8_t kStatusFull = 0x01;
constexpr uint8_t kStatusCommand = 0x08;
constexpr uint8_t kStatusUnlocked = 0x10;
constexpr uint8_t kStatusMouse = 0x20;

constexpr uint8_t kNotReset = 0x01;  // output port
constexpr uint8_t kA20 = 0x02;
constexpr uint8_t kPortKeyboardFull = 0x10;
constexpr uint8_t kPortMouseFull = 0x20;

constexpr uint8_t kInputPort = 0xA0;  // keyboard not locked, no manufacturing jumper

constexpr uint8_t kBreak = 0xF0;
}  // namespace

I8042::I8042(Scheduler& scheduler, Ps2Device& keyboard, Ps2Device& mouse, Lines lines)
    : keyboard_(keyboard),
      mouse_(mouse),
      lines_(lines),
      deliver_(scheduler, "kbc", [this](VTime t) { deliver(t); }) {
  keyboard_.on_byte([this](VTime now) { poll(now); });
  mouse_.on_byte([this](VTime now) { poll(now); });
  reset(ResetKind::PowerOn);
}

uint8_t I8042::status() const {
  unsigned s = kStatusUnlocked | (state_.ram[0] & kSystem);
  if (state_.full) s |= kStatusFull;
  if (state_.full && state_.from_mouse) s |= kStatusMouse;
  if (state_.last_was_command) s |= kStatusCommand;
  return static_cast<uint8_t>(s);
}

uint8_t I8042::output_port() const {
  unsigned v = state_.output_port | kNotReset;
  if (state_.full) v |= state_.from_mouse ? kPortMouseFull : kPortKeyboardFull;
  return static_cast<uint8_t>(v);
}

void I8042::update_lines() {
  lines_.irq1.set(state_.full && !state_.from_mouse && (state_.ram[0] & kKeyboardInterrupt) != 0);
  lines_.irq12.set(state_.full && state_.from_mouse && (state_.ram[0] & kMouseInterrupt) != 0);
}

void I8042::fill(uint8_t v, bool from_mouse) {
  state_.output = v;
  state_.full = true;
  state_.from_mouse = from_mouse;
  update_lines();
}

// A byte of the controller's own goes into the buffer as soon as that is free.
void I8042::reply(uint8_t v, bool from_mouse) {
  if (!state_.full) {
    fill(v, from_mouse);
    return;
  }
  state_.reply_waits = true;
  state_.reply = v;
  state_.reply_from_mouse = from_mouse;
}

bool I8042::enabled(const Ps2Device& d) const {
  return (state_.ram[0] & (&d == &keyboard_ ? kKeyboardOff : kMouseOff)) == 0;
}

// Sees to it that the next byte comes, if there is one and the buffer is free.
void I8042::poll(VTime now) {
  if (state_.full) return;
  if (state_.reply_waits) {
    state_.reply_waits = false;
    fill(state_.reply, state_.reply_from_mouse);
    return;
  }
  if (deliver_.active()) return;
  bool any = (enabled(keyboard_) && keyboard_.has_byte()) || (enabled(mouse_) && mouse_.has_byte());
  if (any) deliver_.set(std::max(now, state_.quiet_until));
}

void I8042::deliver(VTime now) {
  if (state_.full) return;
  while (!state_.full && enabled(keyboard_) && keyboard_.has_byte()) {
    uint8_t v = keyboard_.take();
    if ((state_.ram[0] & kTranslate) == 0) {
      fill(v, false);
    } else if (v == kBreak) {
      state_.break_prefix = true;
    } else {
      fill(static_cast<uint8_t>(set1_from_set2(v) | (state_.break_prefix ? 0x80 : 0)), false);
      state_.break_prefix = false;
    }
  }
  if (!state_.full && enabled(mouse_) && mouse_.has_byte()) fill(mouse_.take(), true);
  state_.quiet_until = now + kByteTime;
}

uint32_t I8042::port_peek(uint16_t offset, unsigned, VTime) const {
  return offset == 0 ? state_.output : status();
}

uint32_t I8042::port_read(uint16_t offset, unsigned width, VTime now) {
  uint32_t value = port_peek(offset, width, now);
  if (offset == 0 && state_.full) {
    state_.full = false;
    update_lines();
    state_.quiet_until = std::max(state_.quiet_until, now + kByteTime);
    poll(now);
  }
  return value;
}

void I8042::port_write(uint16_t offset, unsigned, uint32_t value, VTime now) {
  auto v = static_cast<uint8_t>(value);
  state_.last_was_command = offset != 0;
  if (offset != 0) {
    state_.command = 0;
    command(v, now);
  } else if (state_.command != 0) {
    uint8_t cmd = state_.command;
    state_.command = 0;
    parameter(cmd, v, now);
  } else {
    // Sending to the keyboard turns its port on.
    state_.ram[0] &= static_cast<uint8_t>(~kKeyboardOff);
    state_.quiet_until = std::max(state_.quiet_until, now + kByteTime);
    keyboard_.write(v, now);
  }
  poll(now);
}

void I8042::command(uint8_t v, VTime) {
  uint8_t& byte = state_.ram[0];
  if (v >= 0xF0) {
    if ((v & 1) == 0) lines_.reset.pulse();
    return;
  }
  if (v >= 0x20 && v < 0x40) {
    reply(state_.ram[v & 0x1F]);
    return;
  }
  if (v >= 0x60 && v < 0x80) {
    state_.command = v;
    return;
  }
  switch (v) {
    case 0xA4: reply(0xF1); break;  // no password
    case 0xA7: byte |= kMouseOff; break;
    case 0xA8: byte &= static_cast<uint8_t>(~kMouseOff); break;
    case 0xA9: reply(0x00); break;
    case 0xAA:
      byte |= kSystem;
      reply(0x55);
      break;
    case 0xAB: reply(0x00); break;
    case 0xAD: byte |= kKeyboardOff; break;
    case 0xAE: byte &= static_cast<uint8_t>(~kKeyboardOff); break;
    case 0xC0: reply(kInputPort); break;
    case 0xD0: reply(output_port()); break;
    case 0xD1:
    case 0xD2:
    case 0xD3:
    case 0xD4: state_.command = v; break;
    case 0xDD: write_output_port(static_cast<uint8_t>(output_port() & ~kA20)); break;
    case 0xDF: write_output_port(output_port() | kA20); break;
    case 0xE0: reply(0x00); break;  // test inputs: both clocks low
    default: break;
  }
}

void I8042::parameter(uint8_t cmd, uint8_t v, VTime now) {
  switch (cmd) {
    case 0xD1: write_output_port(v); break;
    case 0xD2: reply(v); break;
    case 0xD3: reply(v, true); break;
    case 0xD4:
      state_.ram[0] &= static_cast<uint8_t>(~kMouseOff);
      state_.quiet_until = std::max(state_.quiet_until, now + kByteTime);
      mouse_.write(v, now);
      break;
    default:
      state_.ram[cmd & 0x1F] = v;
      update_lines();
      break;
  }
}

void I8042::write_output_port(uint8_t v) {
  state_.output_port = v & static_cast<uint8_t>(~(kPortKeyboardFull | kPortMouseFull));
  lines_.a20.set((v & kA20) != 0);
  if ((v & kNotReset) == 0) lines_.reset.pulse();
}

void I8042::reset(ResetKind) {
  state_ = {};
  state_.ram[0] = kKeyboardOff | kMouseOff;
  // The gate is open at reset, so that the processor finds its reset vector.
  state_.output_port = 0xC0 | kNotReset | kA20;
  deliver_.cancel();
  update_lines();
  lines_.a20.set(true);
}

void I8042::visit_state(mem::StateVisitor& v) {
  v("kbc", state_);
  if (!v.loading()) return;
  update_lines();
  lines_.a20.set((state_.output_port & kA20) != 0);
}

}  // namespace ilse::dev
