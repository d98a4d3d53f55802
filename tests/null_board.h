// A board with no chips, and time that stands still: for tests that run a processor alone.
#pragma once

#include "cpu/cpu.h"

namespace ilse::test {

class NullBoard final : public mem::BoardPort {
 public:
  uint8_t acknowledge(mem::VTime) override { return 0xFF; }
  uint64_t apic_base(unsigned) const override { return 0xFEE00900; }
  bool set_apic_base(unsigned, uint64_t, mem::VTime) override { return true; }
  uint8_t cr8(unsigned) const override { return 0; }
  void set_cr8(unsigned, uint8_t, mem::VTime) override {}
  uint64_t tsc_deadline(unsigned) const override { return 0; }
  void set_tsc_deadline(unsigned, uint64_t, mem::VTime) override {}
  void set_ferr(bool level) override { ferr = level; }
  void set_smm(unsigned, bool active) override { smm = active; }
  void shutdown(mem::VTime) override {}

  bool ferr = false, smm = false;
};

class StillTime final : public cpu::TimeBase {
 public:
  mem::VTime time_at(uint64_t) const override { return {}; }
};

}  // namespace ilse::test
