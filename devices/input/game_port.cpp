#include "devices/input/game_port.h"

namespace ilse::dev {

namespace {
// 24.2 us + 0.011 us an ohm, of which an axis has up to 100,000.
constexpr uint64_t kShortest = 24'200, kRange = 1'100'000;
constexpr uint64_t time_of(uint16_t axis) { return kShortest + axis * kRange / 0xFFFF; }
}  // namespace

uint32_t GamePort::port_peek(uint16_t, unsigned, mem::VTime now) const {
  const auto& [a, b] = state_.sticks;
  unsigned pins = 0;
  // Without a resistor a one-shot never ends.
  for (unsigned i = 0; i < state_.until.size(); ++i)
    if (!state_.sticks[i / 2].plugged || now < state_.until[i]) pins |= 1u << i;
  const unsigned first = a.plugged ? a.buttons & (b.plugged ? 3u : 15u) : 0,
                 second = b.plugged ? b.buttons & 3u : 0;
  return pins | (~(first | second << 2) & 15) << 4;
}
uint32_t GamePort::port_read(uint16_t offset, unsigned width, mem::VTime now) {
  return port_peek(offset, width, now);
}

void GamePort::port_write(uint16_t, unsigned, uint32_t, mem::VTime now) {
  for (unsigned i = 0; i < kSticks; ++i) {
    state_.until[2 * i] = now + time_of(state_.sticks[i].x);
    state_.until[2 * i + 1] = now + time_of(state_.sticks[i].y);
  }
}

// What is plugged in stays so.
void GamePort::reset(ResetKind) { state_.until = {}; }

void GamePort::visit_state(mem::StateVisitor& v) { v("gameport", state_); }

}  // namespace ilse::dev
