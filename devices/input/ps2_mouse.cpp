#include "devices/input/ps2_mouse.h"

#include <algorithm>

namespace ilse::dev {

namespace {
constexpr uint8_t kAck = 0xFA;
constexpr uint8_t kResend = 0xFE;
constexpr int kFarthest = 1 << 20;  // what is remembered of movement that the guest does not fetch

// 2:1 scaling of the data sheet: small movements shrink, large ones double.
int scale21(int d) {
  constexpr std::array<int, 6> kSmall{0, 1, 1, 3, 6, 9};
  int n = d < 0 ? -d : d;
  int scaled = n < 6 ? kSmall[static_cast<size_t>(n)] : 2 * n;
  return d < 0 ? -scaled : scaled;
}
}  // namespace

Ps2Mouse::Ps2Mouse(Scheduler& scheduler)
    : sample_(scheduler, "mouse.sample", [this](VTime t) { sample(t); }) {}

void Ps2Mouse::set_defaults() {
  state_.reporting = false;
  state_.remote = false;
  state_.scale21 = false;
  state_.resolution = 2;
  state_.rate = 100;
  state_.dx = state_.dy = state_.dz = 0;
  sample_.cancel();
}

bool Ps2Mouse::changed() const {
  return state_.dx != 0 || state_.dy != 0 || (state_.id != 0 && state_.dz != 0) ||
         state_.buttons != state_.reported_buttons;
}

void Ps2Mouse::move(int dx, int dy, int dz, uint8_t buttons, VTime now) {
  bool click = state_.buttons != (buttons & 0x1F);
  state_.buttons = buttons & 0x1F;
  if (!state_.reporting && !state_.remote) {
    state_.reported_buttons = state_.buttons;
    return;
  }
  auto add = [](int32_t& sum, int d) {
    sum = std::clamp(sum + std::clamp(d, -kFarthest, kFarthest), -kFarthest, kFarthest);
  };
  add(state_.dx, dx);
  add(state_.dy, dy);
  add(state_.dz, dz);
  // A click does not wait for its sample, or a short one would be lost.
  if (click || !sample_.active()) sample(now);
}

void Ps2Mouse::sample(VTime now) {
  if (!state_.reporting || state_.remote || state_.wrap || !changed()) return;
  if (state_.queue.room() >= packet_size()) {
    send_packet(state_.scale21);
    byte_ready(now);
  }
  sample_.set(now + mem::kSecond / std::max<uint64_t>(state_.rate, 1));
}

// X to the right and Y upwards as 9-bit numbers, Z towards the user as 4 or 8 bits.
void Ps2Mouse::send_packet(bool scale) {
  int dx = std::clamp(state_.dx, -255, 255);
  int dy = std::clamp(state_.dy, -255, 255);
  state_.dx -= dx;
  state_.dy -= dy;
  int x = scale ? std::clamp(scale21(dx), -255, 255) : dx;
  int y = scale ? std::clamp(scale21(-dy), -255, 255) : -dy;
  unsigned first = 0x08u | (state_.buttons & 7u);
  if (x < 0) first |= 0x10;
  if (y < 0) first |= 0x20;
  state_.queue.push(static_cast<uint8_t>(first));
  state_.queue.push(static_cast<uint8_t>(x));
  state_.queue.push(static_cast<uint8_t>(y));
  if (state_.id != 0) {
    int dz = std::clamp(state_.dz, -7, 7);
    state_.dz -= dz;
    auto z = static_cast<uint8_t>(-dz);
    if (state_.id == 4) z = static_cast<uint8_t>((z & 0x0F) | (state_.buttons >> 3 & 3) << 4);
    state_.queue.push(z);
  } else {
    state_.dz = 0;
  }
  state_.reported_buttons = state_.buttons;
}

uint8_t Ps2Mouse::take() {
  state_.last_sent = state_.queue.pop();
  return state_.last_sent;
}

void Ps2Mouse::write(uint8_t byte, VTime now) {
  // What was on its way is given up for the answer.
  state_.queue.clear();
  if (state_.wrap && byte != 0xEC && byte != 0xFF) {
    state_.queue.push(byte);
  } else if (state_.command != 0) {
    parameter(byte);
  } else {
    command(byte);
  }
  byte_ready(now);
}

void Ps2Mouse::command(uint8_t byte) {
  Ps2Queue& out = state_.queue;
  if (byte == kResend) {
    out.push(state_.last_sent);
    return;
  }
  out.push(kAck);
  switch (byte) {
    case 0xE6: state_.scale21 = false; break;
    case 0xE7: state_.scale21 = true; break;
    case 0xE8:
    case 0xF3: state_.command = byte; break;
    case 0xE9: {
      unsigned status =
          (state_.remote ? 0x40u : 0) | (state_.reporting ? 0x20u : 0) | (state_.scale21 ? 0x10u : 0);
      status |= (state_.buttons & 1u) << 2 | (state_.buttons >> 1 & 1u) | (state_.buttons >> 2 & 1u) << 1;
      out.push(static_cast<uint8_t>(status));
      out.push(state_.resolution);
      out.push(state_.rate);
      break;
    }
    case 0xEA: state_.remote = false; break;
    case 0xEB: send_packet(false); break;
    case 0xEC: state_.wrap = false; break;
    case 0xEE: state_.wrap = true; break;
    case 0xF0: state_.remote = true; break;
    case 0xF2: out.push(state_.id); break;
    case 0xF4:
      state_.reporting = true;
      state_.dx = state_.dy = state_.dz = 0;
      break;
    case 0xF5: state_.reporting = false; break;
    case 0xF6: set_defaults(); break;
    case 0xFF: {
      uint8_t buttons = state_.buttons;
      state_ = {};
      state_.buttons = state_.reported_buttons = buttons;
      sample_.cancel();
      out.push(kAck);
      out.push(0xAA);
      out.push(0x00);
      break;
    }
    default:
      out.clear();
      out.push(kResend);
      break;
  }
}

void Ps2Mouse::parameter(uint8_t byte) {
  uint8_t command = state_.command;
  bool valid = command == 0xE8 ? byte <= 3 : byte != 0;
  if (!valid) {
    state_.queue.push(kResend);  // and wait for a better one
    return;
  }
  state_.command = 0;
  if (command == 0xE8) {
    state_.resolution = byte;
  } else {
    state_.rate = byte;
    state_.knock = {state_.knock[1], state_.knock[2], byte};
    if (state_.knock == std::array<uint8_t, 3>{200, 100, 80}) state_.id = 3;
    if (state_.knock == std::array<uint8_t, 3>{200, 200, 80}) state_.id = 4;
  }
  state_.queue.push(kAck);
}

void Ps2Mouse::reset(ResetKind) {
  state_ = {};
  sample_.cancel();
}

void Ps2Mouse::visit_state(mem::StateVisitor& v) { v("mouse", state_); }

}  // namespace ilse::dev
