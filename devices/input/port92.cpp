#include "devices/input/port92.h"

namespace ilse::dev {

namespace {
constexpr uint8_t kReset = 0x01;
constexpr uint8_t kA20 = 0x02;
}  // namespace

uint32_t Port92::port_read(uint16_t, unsigned, mem::VTime) { return state_.value; }
uint32_t Port92::port_peek(uint16_t, unsigned, mem::VTime) const { return state_.value; }

void Port92::port_write(uint16_t, unsigned, uint32_t value, mem::VTime) {
  bool rise = (value & ~state_.value & kReset) != 0;
  state_.value = value & (kReset | kA20);
  a20_.set((value & kA20) != 0);
  if (rise) reset_.pulse();
}

void Port92::reset(ResetKind) {
  state_ = {};
  a20_.set(false);
}

void Port92::visit_state(mem::StateVisitor& v) {
  v("port92", state_);
  if (v.loading()) a20_.set((state_.value & kA20) != 0);
}

}  // namespace ilse::dev
