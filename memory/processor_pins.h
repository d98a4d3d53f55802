// The signals between processor and board. Neither side includes the other: the processor drives and is
// driven through these (Intel SDM vol. 3A, chapters 6 and 11).
#pragma once

#include <cstdint>
#include <optional>

#include "memory/types.h"

namespace ilse::mem {

// Into the processor.
class ProcessorPins {
 public:
  virtual ~ProcessorPins() = default;
  virtual void set_intr(bool level) = 0;  // an interrupt waits at the controller
  virtual void pulse_nmi() = 0;
  virtual void pulse_smi() = 0;
  virtual void pulse_init() = 0;              // INIT#: reset that keeps caches, MSRs and the FPU
  virtual void start_up(uint8_t vector) = 0;  // SIPI
  virtual void set_a20(bool enabled) = 0;     // A20M#, deasserted = enabled
  virtual void set_ignne(bool level) = 0;     // IGNNE#: x87 errors are ignored
  // Leave the running slice at the next instruction boundary: the board wants to act (reset, earlier
  // timer, shutdown).
  virtual void attention() = 0;
  // It has sent an interrupt to another processor: where one thread runs them in turn, its turn ends at the
  // next instruction boundary, so that it does not wait for an answer that cannot come meanwhile.
  virtual void yield() = 0;
  virtual bool in_smm() const = 0;  // SMIACT#
  // The low halves of the general registers, by their number in an instruction, while the processor reads a
  // port whose protocol goes beyond EAX (VMware's). A value that is set clears the upper half.
  virtual uint32_t general_register(unsigned /*n*/) const { return 0; }
  virtual void set_general_register(unsigned /*n*/, uint32_t /*value*/) {}
};

// Out of the processor, into the board.
class BoardPort {
 public:
  virtual ~BoardPort() = default;
  // How many processors there are, as CPUID is to report it.
  virtual unsigned processors() const { return 1; }
  // Interrupt acknowledge: the vector of the interrupt that set_intr announced.
  virtual uint8_t acknowledge(VTime now) = 0;
  virtual uint64_t apic_base(unsigned cpu) const = 0;                       // IA32_APIC_BASE
  virtual bool set_apic_base(unsigned cpu, uint64_t value, VTime now) = 0;  // false: #GP
  virtual uint8_t cr8(unsigned cpu) const = 0;                              // TPR bits 7:4
  virtual void set_cr8(unsigned cpu, uint8_t value, VTime now) = 0;
  virtual uint64_t tsc_deadline(unsigned cpu) const = 0;  // IA32_TSC_DEADLINE
  virtual void set_tsc_deadline(unsigned cpu, uint64_t value, VTime now) = 0;
  // The local APIC's MSRs, 800h to 8FFh, which exist in x2APIC mode; nothing or false: #GP.
  virtual std::optional<uint64_t> x2apic_read(unsigned /*cpu*/, uint32_t /*msr*/, VTime) { return {}; }
  virtual bool x2apic_write(unsigned /*cpu*/, uint32_t /*msr*/, uint64_t, VTime) { return false; }
  virtual void set_ferr(bool level) = 0;                // FERR#: IRQ 13
  virtual void set_smm(unsigned cpu, bool active) = 0;  // SMIACT# of the running processor
  virtual void shutdown(VTime now) = 0;                 // triple fault
};

}  // namespace ilse::mem
