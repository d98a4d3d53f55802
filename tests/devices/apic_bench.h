// Local APICs and an I/O APIC with recorders where the processors would be.
#pragma once

#include <memory>
#include <vector>

#include "devices/irq/apic_bus.h"
#include "devices/irq/io_apic.h"
#include "devices/irq/local_apic.h"
#include "memory/processor_pins.h"
#include "tests/devices/bench.h"

namespace ilse::dev::test {

class PinsRecorder : public mem::ProcessorPins {
 public:
  void set_intr(bool level) override { intr = level; }
  void pulse_nmi() override { ++nmis; }
  void pulse_smi() override { ++smis; }
  void pulse_init() override { ++inits; }
  void start_up(uint8_t vector) override { sipi = vector; }
  void set_a20(bool enabled) override { a20 = enabled; }
  void set_ignne(bool level) override { ignne = level; }
  void attention() override { ++attentions; }
  void yield() override { ++yields; }
  bool in_smm() const override { return false; }
  bool intr = false, a20 = false, ignne = false;
  int nmis = 0, smis = 0, inits = 0, sipi = -1, attentions = 0, yields = 0;
};

inline constexpr uint64_t kLocalApicSpacing = 0x10000, kLocalApicBase = 0xFEE00000, kIoApicBase = 0xFEC00000;

// Each local APIC is at an address of its own here.
struct ApicRig {
  ApicRig(Bench& bench, unsigned cpus) : b(bench), io(bus, 0), pins(cpus) {
    bus.set_io_apic(io);
    for (unsigned i = 0; i < cpus; ++i) {
      local.push_back(std::make_unique<LocalApic>(i, bus, b.scheduler, 2'000'000'000));
      local[i]->attach(&pins[i]);
      b.map.add({mem::PhysMap::mmio_region(kLocalApicBase + i * kLocalApicSpacing, 0x1000, *local[i])});
    }
    b.map.add({mem::PhysMap::mmio_region(kIoApicBase, 0x1000, io)});
    b.map.commit();
  }
  uint32_t read(unsigned cpu, unsigned reg) {
    return static_cast<uint32_t>(b.map.read({kLocalApicBase + cpu * kLocalApicSpacing + reg}, 4, b.now));
  }
  void write(unsigned cpu, unsigned reg, uint32_t value) {
    b.map.write({kLocalApicBase + cpu * kLocalApicSpacing + reg}, 4, value, b.now);
  }
  // Software-enables every APIC, in the flat model with a bit for each.
  void enable() {
    for (unsigned i = 0; i < local.size(); ++i) {
      write(i, 0xF0, 0x1FF);
      write(i, 0xE0, 0xFFFFFFFF);
      write(i, 0xD0, 1u << (24 + i));
    }
  }
  void ipi(unsigned cpu, uint32_t high, uint32_t low) {
    write(cpu, 0x310, high);
    write(cpu, 0x300, low);
  }
  uint32_t io_read(unsigned reg) {
    b.map.write({kIoApicBase}, 4, reg, b.now);
    return static_cast<uint32_t>(b.map.read({kIoApicBase + 0x10}, 4, b.now));
  }
  void io_write(unsigned reg, uint32_t value) {
    b.map.write({kIoApicBase}, 4, reg, b.now);
    b.map.write({kIoApicBase + 0x10}, 4, value, b.now);
  }
  void redirect(unsigned pin, uint32_t low, uint32_t high = 0) {
    io_write(0x11 + 2 * pin, high);
    io_write(0x10 + 2 * pin, low);
  }
  int acknowledge(unsigned cpu) {
    auto v = local[cpu]->acknowledge();
    return v ? *v : -1;
  }
  void visit_state(mem::StateVisitor& v) {
    io.visit_state(v);
    for (auto& a : local) a->visit_state(v);
  }
  Bench& b;
  ApicBus bus;
  IoApic io;
  std::vector<PinsRecorder> pins;
  std::vector<std::unique_ptr<LocalApic>> local;
};

}  // namespace ilse::dev::test
