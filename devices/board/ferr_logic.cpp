#include "devices/board/ferr_logic.h"

namespace ilse::dev {

void FerrLogic::drive() {
  irq13_.set(state_.irq13);
  ignne_.set(state_.ignne);
}

void FerrLogic::set_ferr(bool level) {
  if (level == state_.ferr) return;
  state_.ferr = level;
  state_.irq13 = level;
  if (!level) state_.ignne = false;
  drive();
}

void FerrLogic::port_write(uint16_t, unsigned, uint32_t, mem::VTime) {
  state_.irq13 = false;
  state_.ignne = state_.ferr;
  drive();
}

void FerrLogic::reset(ResetKind) {
  state_ = {};
  drive();
}
void FerrLogic::visit_state(mem::StateVisitor& v) {
  v("ferr", state_);
  if (v.loading()) drive();
}

}  // namespace ilse::dev
