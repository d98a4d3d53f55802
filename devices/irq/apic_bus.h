// The bus between local APICs and the I/O APIC (Intel SDM vol. 3A, section 11.6.2): takes interrupt messages
// to the processors they address and EOIs back to the I/O APIC.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace ilse::dev {

class LocalApic;
class IoApic;

enum class ApicMode : uint8_t { Fixed, LowestPriority, Smi, Reserved, Nmi, Init, StartUp, ExtInt };

struct ApicMessage {
  static constexpr uint32_t kEverybody = 0xFFFFFFFF;
  // The eight bits that all but x2APIC mode have.
  static constexpr uint32_t destination8(uint8_t d) { return d == 0xFF ? kEverybody : d; }

  uint32_t destination = 0;  // APIC ID, logical destination or kEverybody
  bool logical = false;
  ApicMode mode = ApicMode::Fixed;
  uint8_t vector = 0;
  bool level_triggered = false;
};

class ApicBus {
 public:
  void add(LocalApic& apic) { locals_.push_back(&apic); }
  void set_io_apic(IoApic& apic) { io_apic_ = &apic; }

  // False if no processor took it. `from`: the local APIC that sends it, null for the I/O APIC.
  bool send(const ApicMessage& m, const LocalApic* from = nullptr);
  // The ICR's shorthand. `self` stays out.
  void send_to_others(const LocalApic& self, const ApicMessage& m);
  // Called when one processor has sent another a message.
  void on_ipi(std::function<void()> f) { on_ipi_ = std::move(f); }
  void end_of_interrupt(uint8_t vector);

 private:
  LocalApic* least_busy(const ApicMessage& m, const LocalApic* without) const;
  void deliver(LocalApic& to, const ApicMessage& m, const LocalApic* from);

  std::vector<LocalApic*> locals_;
  IoApic* io_apic_ = nullptr;
  std::function<void()> on_ipi_;
};

}  // namespace ilse::dev
