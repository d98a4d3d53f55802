#include "devices/board/irq_hub.h"

namespace ilse::dev {

namespace {
constexpr unsigned kTimerIrq = 0, kCascadeIrq = 2, kRtcIrq = 8;
constexpr int kTimerPin = 2;  // of the I/O APIC
}  // namespace

IrqHub::IrqHub() {
  for (unsigned i = 0; i < kSources; ++i) {
    sinks_[i].hub = this;
    sinks_[i].source = i;
  }
}

void IrqHub::connect(LineSink& pic, LineSink& io_apic) {
  pic_ = &pic;
  io_apic_ = &io_apic;
}

bool IrqHub::level(unsigned irq) const {
  bool level = false;
  for (unsigned s = 0; s < kSources; ++s) {
    bool cut = s == kIsa && state_.hpet_route && (irq == kTimerIrq || irq == kRtcIrq);
    level |= !cut && (state_.levels[s] >> irq & 1) != 0;
  }
  return level;
}

void IrqHub::drive(unsigned irq) {
  if (pic_ == nullptr || irq == kCascadeIrq) return;
  bool now = level(irq);
  pic_->set_line(static_cast<int>(irq), now);
  io_apic_->set_line(irq == kTimerIrq ? kTimerPin : static_cast<int>(irq), now);
}

void IrqHub::Sink::set_line(int pin, bool level) {
  if (pin < 0 || pin > 15) return;
  uint16_t& levels = hub->state_.levels[source];
  auto bit = static_cast<uint16_t>(1u << pin);
  bool before = (levels & bit) != 0;
  if (before == level) return;
  levels = static_cast<uint16_t>(levels ^ bit);
  hub->drive(static_cast<unsigned>(pin));
}

void IrqHub::set_legacy_route(bool hpet) {
  if (state_.hpet_route == hpet) return;
  state_.hpet_route = hpet;
  drive(kTimerIrq);
  drive(kRtcIrq);
}

// Wires hold what their drivers say; those are reset on their own.
void IrqHub::reset(ResetKind) {}

void IrqHub::visit_state(mem::StateVisitor& v) { v("irq-hub", state_); }

}  // namespace ilse::dev
