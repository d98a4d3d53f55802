#include "devices/timer/port61.h"

namespace ilse::dev {

namespace {
constexpr uint8_t kGate2 = 0x01;
constexpr uint8_t kSpeakerData = 0x02;
constexpr uint8_t kSerrDisable = 0x04;
constexpr uint8_t kIochkDisable = 0x08;
constexpr uint64_t kRefreshClocks = 18;  // counter 1's usual period: about 15 us
}  // namespace

Port61::Port61(I8254& pit, IrqLine nmi, IrqLine speaker) : pit_(pit), nmi_(nmi), speaker_(speaker) {
  reset(ResetKind::PowerOn);
}

void Port61::set_line(int pin, bool level) {
  switch (pin) {
    case kSerr: state_.serr = level; break;
    case kIochk: state_.iochk = level; break;
    case kNmiMask: state_.masked = level; break;
    default: return;
  }
  update();
}

void Port61::update() {
  state_.serr_latched = (state_.control & kSerrDisable) == 0 && (state_.serr || state_.serr_latched);
  state_.iochk_latched = (state_.control & kIochkDisable) == 0 && (state_.iochk || state_.iochk_latched);
  nmi_.set(!state_.masked && (state_.serr_latched || state_.iochk_latched));
}

uint32_t Port61::port_peek(uint16_t, unsigned, mem::VTime now) const {
  uint32_t v = state_.control;
  if ((mem::muldiv(now.ns, I8254::kHz, mem::kSecond) / kRefreshClocks & 1) != 0) v |= 0x10;
  if (pit_.out(2, now)) v |= 0x20;
  if (state_.iochk_latched) v |= 0x40;
  if (state_.serr_latched) v |= 0x80;
  return v;
}

uint32_t Port61::port_read(uint16_t offset, unsigned width, mem::VTime now) {
  return port_peek(offset, width, now);
}

void Port61::port_write(uint16_t, unsigned, uint32_t value, mem::VTime now) {
  state_.control = value & 0x0F;
  pit_.set_gate(2, (value & kGate2) != 0, now);
  speaker_.set(speaker_data());
  update();
}

void Port61::reset(ResetKind) {
  state_.control = 0;
  state_.serr_latched = state_.iochk_latched = false;
  pit_.set_gate(2, false, {});
  speaker_.set(false);
  update();
}

void Port61::visit_state(mem::StateVisitor& v) {
  v("port61", state_);
  if (!v.loading()) return;
  speaker_.set((state_.control & kSpeakerData) != 0);
  update();
}

}  // namespace ilse::dev
