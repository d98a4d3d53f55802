#include "devices/timer/i8254.h"

namespace ilse::dev {

namespace {
uint64_t clock_at(VTime t) { return mem::muldiv(t.ns, I8254::kHz, mem::kSecond); }
VTime time_of(uint64_t clock) { return {mem::muldiv_up(clock, mem::kSecond, I8254::kHz)}; }
}  // namespace

I8254::I8254(Scheduler& scheduler, std::array<IrqLine, 3> out)
    : out_(out),
      timers_{Timer(scheduler, "pit.0", [this](VTime t) { settle(0, t), schedule(0); }),
              Timer(scheduler, "pit.1", [this](VTime t) { settle(1, t), schedule(1); }),
              Timer(scheduler, "pit.2", [this](VTime t) { settle(2, t), schedule(2); })} {}

I8254Counter I8254::at(size_t i, VTime now) const {
  I8254Counter c = state_.counters[i];
  uint64_t clock = clock_at(now);
  if (clock > state_.clock[i]) c.run(clock - state_.clock[i]);
  return c;
}

void I8254::drive(size_t i) {
  bool level = state_.counters[i].out;
  if (level == state_.driven[i]) return;
  state_.driven[i] = level;
  out_[i].set(level);
}

// Brings the counter to `now`. A connected OUT makes each of its edges, even when time comes in big steps.
void I8254::settle(size_t i, VTime now) {
  I8254Counter& c = state_.counters[i];
  uint64_t& at = state_.clock[i];
  uint64_t to = clock_at(now);
  if (to <= at) return;
  if (out_[i].connected()) {
    for (uint64_t edge = c.clocks_to_edge(); edge <= to - at; edge = c.clocks_to_edge()) {
      c.run(edge);
      at += edge;
      drive(i);
    }
  }
  c.run(to - at);
  at = to;
  drive(i);
}

void I8254::schedule(size_t i) {
  if (!out_[i].connected()) return;
  uint64_t edge = state_.counters[i].clocks_to_edge();
  if (edge == I8254Counter::kNoEdge) {
    timers_[i].cancel();
  } else {
    timers_[i].set(time_of(state_.clock[i] + edge));
  }
}

void I8254::set_gate(int counter, bool level, VTime now) {
  auto i = static_cast<size_t>(counter);
  settle(i, now);
  state_.counters[i].set_gate(level);
  tell(i);
  drive(i);
  schedule(i);
}

bool I8254::out(int counter, VTime now) const { return at(static_cast<size_t>(counter), now).out; }

void I8254::control(uint8_t v, VTime now) {
  if (v >> 6 == 3) {  // read-back command
    for (size_t i = 0; i < 3; ++i) {
      if ((v >> (i + 1) & 1) == 0) continue;
      settle(i, now);
      if ((v & 0x20) == 0) state_.counters[i].latch_count();
      if ((v & 0x10) == 0) state_.counters[i].latch_status();
      schedule(i);
    }
    return;
  }
  size_t i = v >> 6;
  settle(i, now);
  if ((v & 0x30) == 0) {
    state_.counters[i].latch_count();
  } else {
    state_.counters[i].write_control(v);
    tell(i);
    drive(i);
  }
  schedule(i);
}

uint32_t I8254::port_read(uint16_t offset, unsigned, VTime now) {
  size_t i = offset & 3;
  if (i == 3) return 0xFF;  // not a readable register
  settle(i, now);
  schedule(i);
  return state_.counters[i].read_byte();
}

uint32_t I8254::port_peek(uint16_t offset, unsigned, VTime now) const {
  size_t i = offset & 3;
  return i == 3 ? 0xFF : at(i, now).read_byte();
}

void I8254::port_write(uint16_t offset, unsigned, uint32_t value, VTime now) {
  size_t i = offset & 3;
  auto v = static_cast<uint8_t>(value);
  if (i == 3) {
    control(v, now);
    return;
  }
  settle(i, now);
  state_.counters[i].write_byte(v);
  tell(i);
  drive(i);
  schedule(i);
}

void I8254::reset(ResetKind) {
  for (size_t i = 0; i < 3; ++i) {
    bool gate = state_.counters[i].gate;
    state_.counters[i] = {};
    state_.counters[i].gate = gate;
    tell(i);
    drive(i);
    timers_[i].cancel();
  }
}

void I8254::visit_state(mem::StateVisitor& v) {
  v("pit", state_);
  if (!v.loading()) return;
  for (size_t i = 0; i < 3; ++i) out_[i].set(state_.driven[i]);
  tell(2);
}

}  // namespace ilse::dev
