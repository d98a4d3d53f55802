// The board's interrupt wires: each of the 16 ISA interrupts is driven by any number of sources, wired-or,
// and ends at the 8259 pair and at the I/O APIC (IRQ 0 at its pin 2). HPET legacy replacement cuts off the
// 8254 and the RTC.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"

namespace ilse::dev {

class IrqHub : public Device {
 public:
  IrqHub();

  // Everyone who can drive an interrupt wire, so that one letting go does not silence another.
  enum Source : unsigned { kIsa, kPci, kHpet, kAcpi, kSources };

  // Pins of `pic` are IRQ 0..15, those of `io_apic` 0..23.
  void connect(LineSink& pic, LineSink& io_apic);
  IrqLine line(Source source, unsigned irq) { return {sinks_[source], static_cast<int>(irq)}; }
  LineSink& sink(Source source) { return sinks_[source]; }
  void set_legacy_route(bool hpet);

  std::string_view name() const override { return "irq-hub"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  class Sink : public LineSink {
   public:
    void set_line(int pin, bool level) override;
    IrqHub* hub = nullptr;
    unsigned source = 0;
  };
  struct State {
    std::array<uint16_t, kSources> levels{};
    bool hpet_route = false;
    static constexpr std::array kNames{"levels", "hpet_route"};
  };
  void drive(unsigned irq);
  bool level(unsigned irq) const;

  std::array<Sink, kSources> sinks_;
  LineSink* pic_ = nullptr;
  LineSink* io_apic_ = nullptr;
  State state_;
};

}  // namespace ilse::dev
