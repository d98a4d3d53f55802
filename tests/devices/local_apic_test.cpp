// Local APIC: Intel SDM volume 3A, chapter 11.
#include "devices/irq/local_apic.h"

#include <catch2/catch.hpp>

#include "tests/devices/apic_bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

TEST_CASE("local APIC: reset state") {
  Bench b;
  ApicRig r(b, 2);
  CHECK(r.read(0, 0x20) == 0);
  CHECK(r.read(1, 0x20) == 0x01000000);
  CHECK(r.read(0, 0x30) == 0x00050014);
  CHECK(r.read(0, 0xE0) == 0xFFFFFFFF);
  CHECK(r.read(0, 0xF0) == 0xFF);
  for (unsigned reg : {0x320u, 0x330u, 0x340u, 0x360u, 0x370u}) CHECK(r.read(0, reg) == 0x10000);
  CHECK(r.read(0, 0x350) == 0x700);
  CHECK(r.read(1, 0x350) == 0x10000);
  CHECK(r.local[0]->base() == 0xFEE00900);
  CHECK(r.local[1]->base() == 0xFEE00800);
}

TEST_CASE("local APIC: requests are ordered by priority against TPR and what is in service") {
  Bench b;
  ApicRig r(b, 1);
  r.enable();
  r.ipi(0, 0, 0x40000 | 0x4000 | 0x45);  // to itself
  CHECK(r.pins[0].intr);
  CHECK(r.read(0, 0x220) == 1u << 5);
  r.write(0, 0x80, 0x40);
  CHECK_FALSE(r.pins[0].intr);
  CHECK(r.acknowledge(0) == 0xFF);  // the spurious vector
  r.write(0, 0x80, 0x30);
  CHECK(r.pins[0].intr);
  CHECK(r.acknowledge(0) == 0x45);
  CHECK_FALSE(r.pins[0].intr);
  CHECK(r.read(0, 0x120) == 1u << 5);
  CHECK(r.read(0, 0xA0) == 0x40);
  r.ipi(0, 0, 0x40000 | 0x4E);  // of the same class: waits
  CHECK_FALSE(r.pins[0].intr);
  r.ipi(0, 0, 0x40000 | 0x51);
  CHECK(r.acknowledge(0) == 0x51);
  r.write(0, 0xB0, 0);
  CHECK(r.read(0, 0xA0) == 0x40);
  CHECK_FALSE(r.pins[0].intr);
  r.write(0, 0xB0, 0);
  CHECK(r.read(0, 0xA0) == 0x30);
  CHECK(r.acknowledge(0) == 0x4E);
  CHECK(r.local[0]->cr8() == 3);
  r.local[0]->set_cr8(0xF);
  CHECK(r.read(0, 0x80) == 0xF0);
}

TEST_CASE("local APIC: software disable masks the local vectors and refuses interrupts") {
  Bench b;
  ApicRig r(b, 1);
  r.write(0, 0x350, 0x700);
  CHECK(r.read(0, 0x350) == 0x10700);
  r.enable();
  r.write(0, 0x350, 0x700);
  CHECK(r.read(0, 0x350) == 0x700);
  r.write(0, 0xF0, 0xFF);
  CHECK(r.read(0, 0x350) == 0x10700);
  r.ipi(0, 0, 0x40000 | 0x45);
  CHECK_FALSE(r.pins[0].intr);
  CHECK(r.read(0, 0x220) == 0);
}

TEST_CASE("local APIC: virtual wire through LINT0, NMI through LINT1") {
  Bench b;
  ApicRig r(b, 2);
  r.local[0]->set_line(LocalApic::kLint0, true);
  r.local[1]->set_line(LocalApic::kLint0, true);
  CHECK(r.pins[0].intr);
  CHECK_FALSE(r.pins[1].intr);
  CHECK(r.acknowledge(0) == -1);  // the 8259's turn
  r.local[0]->set_line(LocalApic::kLint0, false);
  CHECK_FALSE(r.pins[0].intr);
  r.enable();
  r.write(0, 0x350, 0x10700);
  r.local[0]->set_line(LocalApic::kLint0, true);
  CHECK_FALSE(r.pins[0].intr);
  r.write(0, 0x350, 0x700);
  CHECK(r.pins[0].intr);

  r.local[0]->set_line(LocalApic::kLint1, true);
  CHECK(r.pins[0].nmis == 0);
  r.local[0]->set_line(LocalApic::kLint1, false);
  r.write(0, 0x360, 0x400);
  r.local[0]->set_line(LocalApic::kLint1, true);
  CHECK(r.pins[0].nmis == 1);

  // A fixed, edge-triggered LINT0.
  r.local[0]->set_line(LocalApic::kLint0, false);
  r.write(0, 0x350, 0x31);
  r.local[0]->set_line(LocalApic::kLint0, true);
  CHECK(r.acknowledge(0) == 0x31);
  r.write(0, 0xB0, 0);
  CHECK_FALSE(r.pins[0].intr);
  // Level-triggered: again after EOI while the pin is high.
  r.write(0, 0x350, 0x8031);
  CHECK(r.acknowledge(0) == 0x31);
  CHECK((r.read(0, 0x350) & 0x4000) != 0);
  r.write(0, 0xB0, 0);
  CHECK(r.acknowledge(0) == 0x31);
  r.local[0]->set_line(LocalApic::kLint0, false);
  r.write(0, 0xB0, 0);
  CHECK_FALSE(r.pins[0].intr);
}

TEST_CASE("local APIC: interprocessor interrupts by destination") {
  Bench b;
  ApicRig r(b, 4);
  r.enable();
  auto who = [&] {
    unsigned mask = 0;
    for (unsigned i = 0; i < 4; ++i) {
      if (!r.pins[i].intr) continue;
      mask |= 1u << i;
      r.acknowledge(i);
      r.write(i, 0xB0, 0);
    }
    return mask;
  };
  r.ipi(0, 2u << 24, 0x4031);
  CHECK(who() == 0b0100);
  r.ipi(0, 0xFFu << 24, 0x4031);
  CHECK(who() == 0b1111);
  r.ipi(0, 0b1010u << 24, 0x4831);  // logical, flat
  CHECK(who() == 0b1010);
  r.ipi(1, 0, 0x44031);
  CHECK(who() == 0b0010);
  r.ipi(1, 0, 0x84031);
  CHECK(who() == 0b1111);
  r.ipi(1, 0, 0xC4031);
  CHECK(who() == 0b1101);
  // Lowest priority: the processor that does least, the first of equals.
  r.write(0, 0x80, 0x20);
  r.ipi(3, 0b0111u << 24, 0x4931);
  CHECK(who() == 0b0010);
  // Cluster model.
  for (unsigned i = 0; i < 4; ++i) {
    r.write(i, 0xE0, 0x0FFFFFFF);
    r.write(i, 0xD0, (i / 2) << 28 | 1u << (24 + i % 2));
  }
  r.write(0, 0x80, 0);
  r.ipi(0, 0x12u << 24, 0x4831);
  CHECK(who() == 0b1000);
  r.ipi(0, 0x03u << 24, 0x4831);
  CHECK(who() == 0b0011);
}

TEST_CASE("local APIC: lowest priority to all but the sender goes to one") {
  Bench b;
  ApicRig r(b, 3);
  r.enable();
  r.write(1, 0x80, 0x20);
  r.ipi(0, 0, 0xC4131);
  CHECK_FALSE(r.pins[0].intr);
  CHECK_FALSE(r.pins[1].intr);
  CHECK(r.acknowledge(2) == 0x31);
}

TEST_CASE("local APIC: only a message to another processor ends the sender's turn") {
  Bench b;
  ApicRig r(b, 2);
  int sent = 0;
  r.bus.on_ipi([&] { ++sent; });
  r.enable();
  r.ipi(0, 0, 0x44031);  // to itself
  r.ipi(0, 0, 0x4031);
  CHECK(sent == 0);
  r.ipi(0, 1u << 24, 0x4031);
  CHECK(sent == 1);
  r.ipi(0, 0, 0x84031);
  CHECK(sent == 2);
  r.ipi(0, 1u << 24, 0x4500);
  CHECK(sent == 3);
  r.redirect(5, 0x55, 0);
  r.io.set_line(5, true);
  CHECK(sent == 3);
}

TEST_CASE("local APIC: x2APIC clusters of sixteen") {
  Bench b;
  ApicRig r(b, 20);
  for (auto& a : r.local) {
    CHECK(a->set_base(a->base() | 0x400, b.now));
    CHECK(a->msr_write(0x80F, 0x1FF, b.now));
  }
  auto who = [&] {
    uint32_t mask = 0;
    for (unsigned i = 0; i < 20; ++i) {
      if (!r.pins[i].intr) continue;
      mask |= 1u << i;
      r.acknowledge(i);
      r.local[i]->msr_write(0x80B, 0, b.now);
    }
    return mask;
  };
  auto ipi = [&](uint64_t destination, uint32_t low) {
    CHECK(r.local[0]->msr_write(0x830, destination << 32 | low, b.now));
    return who();
  };
  CHECK(r.local[18]->msr_read(0x80D, b.now) == 0x10004);
  CHECK(ipi(0xFF, 0x4831) == 0xFF);  // eight of cluster 0, not everybody
  CHECK(ipi(0x10005, 0x4831) == 0x50000);
  CHECK(ipi(19, 0x4031) == 1u << 19);
  CHECK(ipi(0xFF, 0x4031) == 0);
  CHECK(ipi(0xFFFFFFFF, 0x4031) == 0xFFFFF);
}

TEST_CASE("local APIC: INIT, SIPI, NMI and SMI messages") {
  Bench b;
  ApicRig r(b, 2);
  r.enable();
  r.ipi(0, 1u << 24, 0x4500);
  CHECK(r.pins[1].inits == 1);
  CHECK(r.read(1, 0xF0) == 0xFF);  // INIT resets the APIC
  CHECK(r.read(1, 0x20) == 0x01000000);
  r.ipi(0, 1u << 24, 0x8500);  // de-assert
  CHECK(r.pins[1].inits == 1);
  r.ipi(0, 1u << 24, 0x4612);
  CHECK(r.pins[1].sipi == 0x12);
  r.ipi(0, 1u << 24, 0x4400);
  CHECK(r.pins[1].nmis == 1);
  r.ipi(0, 1u << 24, 0x4200);
  CHECK(r.pins[1].smis == 1);
}

TEST_CASE("local APIC: timer one-shot and periodic with every divisor") {
  Bench b;
  ApicRig r(b, 1);
  r.enable();
  for (auto [code, divisor] : std::vector<std::pair<uint32_t, unsigned>>{
           {0xB, 1}, {0, 2}, {1, 4}, {2, 8}, {3, 16}, {8, 32}, {9, 64}, {0xA, 128}}) {
    r.write(0, 0x3E0, code);
    r.write(0, 0x320, 0x30);
    r.write(0, 0x380, 10000);
    b.advance(1000 * divisor);
    CHECK(r.read(0, 0x390) == 9000);
    b.advance(9000 * divisor - 1);
    CHECK_FALSE(r.pins[0].intr);
    b.advance(1);
    CHECK(r.acknowledge(0) == 0x30);
    r.write(0, 0xB0, 0);
    CHECK(r.read(0, 0x390) == 0);
    b.advance(20000 * divisor);
    CHECK_FALSE(r.pins[0].intr);
  }
  r.write(0, 0x3E0, 0xB);
  r.write(0, 0x320, 0x20030);
  r.write(0, 0x380, 10000);
  for (int i = 0; i < 3; ++i) {
    b.advance(10000);
    CHECK(r.acknowledge(0) == 0x30);
    r.write(0, 0xB0, 0);
  }
  b.advance(2500);
  CHECK(r.read(0, 0x390) == 7500);
  r.write(0, 0x380, 0);
  b.advance(100000);
  CHECK_FALSE(r.pins[0].intr);
  CHECK(r.read(0, 0x390) == 0);
}

TEST_CASE("local APIC: a periodic timer of one nanosecond does not stop the machine") {
  Bench b;
  ApicRig r(b, 1);
  r.enable();
  r.write(0, 0x3E0, 0xB);
  r.write(0, 0x320, 0x20030);
  r.write(0, 0x380, 1);
  b.advance(10'000'000);
  CHECK(r.acknowledge(0) == 0x30);
}

TEST_CASE("local APIC: TSC deadline") {
  Bench b;
  ApicRig r(b, 1);
  r.enable();
  r.local[0]->set_tsc_deadline(1000, b.now);
  CHECK(r.local[0]->tsc_deadline() == 0);  // not in this mode
  r.write(0, 0x320, 0x40030);
  r.local[0]->set_tsc_deadline(20001, b.now);  // at 2 GHz
  b.advance_to({10000});
  CHECK_FALSE(r.pins[0].intr);
  CHECK(r.local[0]->tsc_deadline() == 20001);
  b.advance_to({10001});
  CHECK(r.acknowledge(0) == 0x30);
  r.write(0, 0xB0, 0);
  CHECK(r.local[0]->tsc_deadline() == 0);
  r.local[0]->set_tsc_deadline(5, b.now);  // already past
  b.advance(0);
  CHECK(r.acknowledge(0) == 0x30);
  r.write(0, 0xB0, 0);
  r.local[0]->set_tsc_deadline(~0ull, b.now);
  b.advance(1'000'000'000);
  CHECK_FALSE(r.pins[0].intr);
}

TEST_CASE("local APIC: error status") {
  Bench b;
  ApicRig r(b, 1);
  r.enable();
  r.write(0, 0x370, 0xFE);
  r.ipi(0, 0, 0x40000 | 0x05);
  CHECK(r.acknowledge(0) == 0xFE);
  r.write(0, 0xB0, 0);
  CHECK(r.read(0, 0x280) == 0);
  r.write(0, 0x280, 0);
  CHECK(r.read(0, 0x280) == 0x20);
  r.write(0, 0x280, 0);
  CHECK(r.read(0, 0x280) == 0);
  r.write(0, 0x3F0, 1);
  r.write(0, 0x280, 0);
  CHECK(r.read(0, 0x280) == 0x80);
}

TEST_CASE("local APIC: IA32_APIC_BASE and x2APIC mode") {
  Bench b;
  ApicRig r(b, 2);
  LocalApic& a = *r.local[1];
  CHECK_FALSE(a.set_base(0xFEE00801, b.now));
  CHECK_FALSE(a.set_base(0xFEE00400, b.now));
  CHECK(a.set_base(0xFED80800, b.now));
  CHECK(a.base() == 0xFED80800);
  r.enable();
  // Off: registers are lost, LINT0 is the INTR pin.
  CHECK(a.set_base(0xFEE00000, b.now));
  CHECK_FALSE(a.enabled());
  CHECK_FALSE(a.set_base(0xFEE00C00, b.now));
  a.set_line(LocalApic::kLint0, true);
  CHECK(r.pins[1].intr);
  CHECK(r.acknowledge(1) == -1);
  a.set_line(LocalApic::kLint0, false);
  CHECK(a.set_base(0xFEE00800, b.now));
  CHECK(r.read(1, 0xF0) == 0xFF);

  CHECK_FALSE(a.msr_read(0x802, b.now));
  CHECK(a.set_base(0xFEE00C00, b.now));
  CHECK_FALSE(a.set_base(0xFEE00800, b.now));
  CHECK(a.msr_read(0x802, b.now) == 1);
  CHECK(a.msr_read(0x80D, b.now) == 2);
  CHECK(a.msr_write(0x80F, 0x1FF, b.now));
  CHECK(a.msr_write(0x830, 1ull << 32 | 0x4066, b.now));
  CHECK(r.acknowledge(1) == 0x66);
  CHECK(a.msr_write(0x80B, 0, b.now));
  CHECK_FALSE(a.msr_write(0x80B, 1, b.now));
  CHECK(a.msr_write(0x83F, 0x67, b.now));
  CHECK(r.acknowledge(1) == 0x67);
  CHECK_FALSE(a.msr_write(0x802, 5, b.now));
  CHECK_FALSE(a.msr_read(0x831, b.now));
  CHECK_FALSE(a.msr_read(0x840, b.now));
  CHECK_FALSE(a.msr_read(0x801, b.now));
  CHECK_FALSE(a.msr_read(0x80B, b.now));
  CHECK(r.read(1, 0x30) == 0xFFFFFFFF);
}

TEST_CASE("local and I/O APIC: state") {
  StateTest<ApicRig> test;
  test.make = [](Bench& b) {
    auto r = std::make_unique<ApicRig>(b, 2);
    r->enable();
    return r;
  };
  test.memory = {
      {kLocalApicBase, 0x400, 4}, {kLocalApicBase + kLocalApicSpacing, 0x400, 4}, {kIoApicBase, 0x20, 4}};
  test.stir = [](ApicRig& r, Bench& b, uint64_t x) {
    auto value = static_cast<uint32_t>(x >> 16);
    switch (x % 8) {
      case 0: r.io.set_line(static_cast<int>(x >> 8 & 31), (x >> 16 & 1) != 0); break;
      case 1: r.local[x >> 8 & 1]->set_line(static_cast<int>(x >> 9 & 1), (x >> 16 & 1) != 0); break;
      case 2: r.redirect(x >> 8 & 15, value & 0xFFFF, value & 0x01000000); break;
      case 3: r.acknowledge(x >> 8 & 1); break;
      case 4: r.write(x >> 8 & 1, 0xB0, 0); break;
      case 5: r.write(x >> 8 & 1, 0x320, value & 0x600FF); break;
      case 6: r.write(x >> 8 & 1, 0x380, value & 0xFFFFF); break;
      default: r.local[x >> 8 & 1]->set_tsc_deadline(2 * b.now.ns + (value & 0xFFFFF), b.now); break;
    }
  };
  check_state(test);
}
