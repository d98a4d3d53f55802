// The bus between local APICs and the I/O APIC (Intel SDM vol. 3A, section 11.6.2): takes interrupt messages
// to the processors they address and EOIs back to the I/O APIC.
#pragma once

#include <cstdint>
#include <vector>

namespace ilse::dev {

class LocalApic;
class IoApic;

enum class ApicMode : uint8_t { Fixed, LowestPriority, Smi, Reserved, Nmi, Init, StartUp, ExtInt };

struct ApicMessage {
  uint32_t destination = 0;  // APIC ID or logical destination; FFh is everybody (FFFFFFFFh in x2APIC mode)
  bool logical = false;
  ApicMode mode = ApicMode::Fixed;
  uint8_t vector = 0;
  bool level_triggered = false;
};

class ApicBus {
 public:
  void add(LocalApic& apic) { locals_.push_back(&apic); }
  void set_io_apic(IoApic& apic) { io_apic_ = &apic; }

  // False if no processor took it.
  bool send(const ApicMessage& m);
  // The ICR's shorthands. `self` stays out.
  void send_to_others(const LocalApic& self, const ApicMessage& m);
  void end_of_interrupt(uint8_t vector);

 private:
  std::vector<LocalApic*> locals_;
  IoApic* io_apic_ = nullptr;
};

}  // namespace ilse::dev
