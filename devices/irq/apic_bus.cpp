#include "devices/irq/apic_bus.h"

#include "devices/irq/io_apic.h"
#include "devices/irq/local_apic.h"

namespace ilse::dev {

bool ApicBus::send(const ApicMessage& m) {
  if (m.mode == ApicMode::LowestPriority) {
    LocalApic* best = nullptr;
    for (LocalApic* a : locals_) {
      if (!a->addressed_by(m) || !a->software_enabled()) continue;
      if (best == nullptr || a->processor_priority() < best->processor_priority()) best = a;
    }
    if (best != nullptr) best->accept(m);
    return best != nullptr;
  }
  bool taken = false;
  for (LocalApic* a : locals_) {
    if (!a->addressed_by(m)) continue;
    taken = true;
    a->accept(m);
  }
  return taken;
}

void ApicBus::send_to_others(const LocalApic& self, const ApicMessage& m) {
  for (LocalApic* a : locals_) {
    if (a != &self && a->enabled()) a->accept(m);
  }
}

void ApicBus::end_of_interrupt(uint8_t vector) {
  if (io_apic_ != nullptr) io_apic_->end_of_interrupt(vector);
}

}  // namespace ilse::dev
