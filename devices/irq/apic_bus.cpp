#include "devices/irq/apic_bus.h"

#include "devices/irq/io_apic.h"
#include "devices/irq/local_apic.h"

namespace ilse::dev {

void ApicBus::deliver(LocalApic& to, const ApicMessage& m, const LocalApic* from) {
  to.accept(m);
  if (from != nullptr && from != &to && on_ipi_) on_ipi_();
}

// The arbitration of lowest-priority delivery (section 11.6.2.4): of equals the one with the lowest APIC ID,
// as chipsets that do not rotate have it.
LocalApic* ApicBus::least_busy(const ApicMessage& m, const LocalApic* without) const {
  LocalApic* best = nullptr;
  for (LocalApic* a : locals_) {
    if (a == without || !a->addressed_by(m) || !a->software_enabled()) continue;
    if (best == nullptr || a->processor_priority() < best->processor_priority()) best = a;
  }
  return best;
}

bool ApicBus::send(const ApicMessage& m, const LocalApic* from) {
  if (m.mode == ApicMode::LowestPriority) {
    LocalApic* best = least_busy(m, nullptr);
    if (best != nullptr) deliver(*best, m, from);
    return best != nullptr;
  }
  bool taken = false;
  for (LocalApic* a : locals_) {
    if (!a->addressed_by(m)) continue;
    taken = true;
    deliver(*a, m, from);
  }
  return taken;
}

void ApicBus::send_to_others(const LocalApic& self, const ApicMessage& m) {
  if (m.mode == ApicMode::LowestPriority) {
    ApicMessage to_all = m;
    to_all.destination = ApicMessage::kEverybody;
    if (LocalApic* best = least_busy(to_all, &self)) deliver(*best, m, &self);
    return;
  }
  for (LocalApic* a : locals_) {
    if (a != &self && a->enabled()) deliver(*a, m, &self);
  }
}

void ApicBus::end_of_interrupt(uint8_t vector) {
  if (io_apic_ != nullptr) io_apic_->end_of_interrupt(vector);
}

}  // namespace ilse::dev
