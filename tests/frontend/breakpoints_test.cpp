// What is watched costs its page, and nothing elsewhere: breakpoints and watchpoints beside code that runs at
// full speed, also where that code was linked and cached before they were set.
#include <catch2/catch.hpp>
#include <cstring>

#include "debug_machine.h"
#include "frontend/debugger/breakpoints.h"

using namespace ilse;
using namespace ilse::ui;

namespace {

constexpr uint64_t kLoop = 0x1000, kRare = 0x2000, kRareEnd = 0x2010, kData = 0x3000;

// In a flat segment, so that blocks are linked:
//   1000: inc ax; dec cx; jnz 1000; jmp 2000    65536 turns
//   2000: inc bx; mov [3000], bx; jmp 2010
//   2010: inc dx; jmp 1000
constexpr uint8_t kLoopCode[] = {0x40, 0x49, 0x75, 0xFC, 0xE9, 0xF9, 0x0F};
constexpr uint8_t kRareCode[] = {0x43, 0x89, 0x1E, 0x00, 0x30, 0xEB, 0x09};
constexpr uint8_t kRareEndCode[] = {0x42, 0xE9, 0xEC, 0xEF};
constexpr uint64_t kRound = 3 * 65536 + 1 + 5, kInRare = 5;

struct Guest {
  std::unique_ptr<Machine> machine = machine_running({0xF4});
  cpu::Cpu& cpu = machine->cpu();
  Guest() {
    uint8_t* ram = machine->board().ram().data();
    std::memcpy(ram + kLoop, kLoopCode, sizeof kLoopCode);
    std::memcpy(ram + kRare, kRareCode, sizeof kRareCode);
    std::memcpy(ram + kRareEnd, kRareEndCode, sizeof kRareEndCode);
    cpu.seg[cpu::kCs] = {0, 0xFFFFFFFF, 0, cpu.seg[cpu::kCs].attr};
    cpu.gpr[cpu::kRsp] = 0x8000;
    cpu.gpr[cpu::kRdx] = 0;
    cpu.set_rip(kLoop);
    cpu.update_mode();
  }
  // Two rounds at full speed: everything is decoded, cached and linked.
  void warm_up() { machine->run(2 * kRound); }
};

struct Counter final : cpu::Observer {
  uint64_t instructions = 0, accesses = 0;
  bool everywhere(const cpu::Cpu&) const override { return false; }
  bool wants_code(const cpu::Cpu&, uint64_t page, uint64_t) const override { return page == kRare; }
  bool wants_data(const cpu::Cpu&, uint64_t page) const override { return page == kData; }
  bool before(cpu::Cpu& cpu, const cpu::Insn&) override {
    CHECK(cpu.rip() / 0x1000 == kRare / 0x1000);
    ++instructions;
    return true;
  }
  void memory(uint64_t linear, mem::PhysAddr, unsigned, cpu::Access, uint64_t) override {
    if (linear == kData) ++accesses;
  }
};

}  // namespace

TEST_CASE("observer: hears of every instruction in its pages and of no other", "[debugger]") {
  Guest g;
  g.warm_up();
  Counter counter;
  g.cpu.observe(&counter);
  g.machine->run(10 * kRound);
  g.cpu.observe(nullptr);
  CHECK(counter.instructions == 10 * kInRare);
  CHECK(counter.accesses == 10);
  CHECK(g.cpu.gpr[cpu::kRdx] == 12);
}

TEST_CASE("breakpoints: hit each time, while the rest is not single-stepped", "[debugger]") {
  Guest g;
  g.warm_up();
  Breakpoints breakpoints(*g.machine);
  auto kind = GENERATE(Breakpoint::Kind::Linear, Breakpoint::Kind::Physical, Breakpoint::Kind::Virtual);
  Breakpoint b;
  b.kind = kind;
  b.address = kRareEnd;
  breakpoints.add(b);
  for (uint64_t round = 0; round < 5; ++round) {
    breakpoints.resume();
    CHECK((g.cpu.mode() & cpu::kModeSingle) == 0);
    REQUIRE(g.machine->run(2 * kRound) == MachineExit::Stopped);
    CHECK(g.cpu.rip() == kRareEnd);
    CHECK(g.cpu.gpr[cpu::kRdx] == 2 + round);
    CHECK(breakpoints.stop().reason == Breakpoints::Stop::Reason::Breakpoint);
  }
}

TEST_CASE("breakpoints: a step from one is a step", "[debugger]") {
  Guest g;
  Breakpoints breakpoints(*g.machine);
  Breakpoint b;
  b.address = kRare;
  breakpoints.add(b);
  breakpoints.resume();
  REQUIRE(g.machine->run(2 * kRound) == MachineExit::Stopped);
  for (uint64_t rip : {kRare + 1, kRare + 5, kRareEnd, kRareEnd + 1, kLoop}) {
    breakpoints.step(1);
    breakpoints.resume();
    REQUIRE(g.machine->run(2 * kRound) == MachineExit::Stopped);
    CHECK(g.cpu.rip() == rip);
    CHECK(breakpoints.stop().reason == Breakpoints::Stop::Reason::Step);
  }
}

TEST_CASE("watchpoints: stop behind the instruction, while nothing is single-stepped", "[debugger]") {
  Guest g;
  g.warm_up();
  Breakpoints breakpoints(*g.machine);
  Breakpoint b;
  b.kind = Breakpoint::Kind::Write;
  b.address = kData + 1;
  breakpoints.add(b);
  for (uint64_t round = 0; round < 5; ++round) {
    breakpoints.resume();
    CHECK((g.cpu.mode() & cpu::kModeSingle) == 0);
    REQUIRE(g.machine->run(2 * kRound) == MachineExit::Stopped);
    CHECK(g.cpu.rip() == kRare + 5);
    CHECK(g.cpu.gpr[cpu::kRbx] == 3 + round);
    CHECK(breakpoints.stop().reason == Breakpoints::Stop::Reason::Watchpoint);
    CHECK(breakpoints.stop().address == kData);
  }
}

TEST_CASE("watchpoints: an interrupt's own stores are seen, before its handler runs", "[debugger]") {
  Guest g;
  const uint8_t vector[] = {kRare & 0xFF, kRare >> 8, 0, 0};
  std::memcpy(g.machine->board().ram().data() + 4 * cpu::kNMI, vector, sizeof vector);
  g.machine->run(100);
  Breakpoints breakpoints(*g.machine);
  Breakpoint b;
  b.kind = Breakpoint::Kind::Write;
  b.address = 0x7FFE;
  breakpoints.add(b);
  breakpoints.resume();
  g.cpu.pulse_nmi();
  REQUIRE(g.machine->run(100) == MachineExit::Stopped);
  CHECK(g.cpu.rip() == kRare);
  CHECK(g.cpu.gpr[cpu::kRsp] == 0x7FFA);
}
