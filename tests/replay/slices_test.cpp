// Where slices end shows nowhere in the guest (DESIGN.md §3): interrupts, timers and a device's time come at
// the same instruction, in slices of every length.
#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "frontend/machine.h"

using namespace ilse;

namespace {

using Code = std::vector<uint8_t>;

Code operator+(Code a, const Code& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Code operator*(size_t n, const Code& one) {
  Code all;
  for (size_t k = 0; k < n; ++k) all = all + one;
  return all;
}

constexpr uint64_t kEnd = 20'000;

// The state after kEnd instructions of 16-bit code at 0:1000h, with segments of 4 GiB.
uint64_t hash_with_slices_of(uint64_t slice, const Code& code) {
  dev::BoardConfig config;
  config.ram_mib = 16;
  config.bios.assign(0x10000, 0xF4);
  config.vga = false;
  ui::Machine::Options options;
  options.model = *cpu::find_model("max");
  options.clock = ui::ClockMode::Instructions;
  auto machine = ui::Machine::create(std::move(config), options);
  REQUIRE(machine);
  ui::Machine& m = **machine;
  std::copy(code.begin(), code.end(), m.board().ram().data() + 0x1000);
  cpu::Cpu& c = m.cpu();
  for (cpu::Segment& s : c.seg) s = {0, 0xFFFFFFFF, 0, s.attr};
  c.gpr[cpu::kRsp] = 0x8000;
  c.set_rip(0x1000);
  c.update_mode();
  ui::MachineExit exit = ui::MachineExit::None;
  for (uint64_t k = 0; k < kEnd && exit == ui::MachineExit::None && m.instructions() < kEnd; ++k)
    exit = m.run(std::min(slice, kEnd - m.instructions()));
  REQUIRE(m.instructions() == kEnd);
  CHECK(c.deliveries.total != 1);  // an exception's endless handler
  return m.hash();
}

void check_slices(const Code& code) {
  const uint64_t whole = hash_with_slices_of(kEnd, code);
  for (uint64_t slice : {1, 2, 3, 5, 7, 11, 13, 50, 61, 64, 100, 777}) {
    INFO("slice " << slice);
    CHECK(hash_with_slices_of(slice, code) == whole);
  }
}

// mov edi, FEE00000h; [edi+F0h] <- 1FFh: the local APIC is on
const Code kApicOn{0x66, 0xBF, 0x00, 0x00, 0xE0, 0xFE, 0x67, 0x66, 0xC7,
                   0x87, 0xF0, 0x00, 0x00, 0x00, 0xFF, 0x01, 0x00, 0x00};

}  // namespace

TEST_CASE("slices: an interrupt that waits for STI comes behind the next instruction, a branch too") {
  // [20h] <- 0:1088h, IRQ 0's handler; [3Ch] <- 0:1094h, that of spurious ones; LINT0 takes the 8259's
  // interrupts, the 8259 IRQ 0 as vector 8; a tick every 6 us
  Code code =
      Code{0xC7, 0x06, 0x20, 0x00, 0x88, 0x10, 0xC7, 0x06, 0x22,
           0x00, 0x00, 0x00, 0xC7, 0x06, 0x3C, 0x00, 0x94, 0x10} +
      kApicOn + Code{0x67, 0x66, 0xC7, 0x87, 0x50, 0x03, 0x00, 0x00, 0x00, 0x07, 0x00, 0x00} +
      Code{0xB0, 0x11, 0xE6, 0x20, 0xB0, 0x08, 0xE6, 0x21, 0xB0, 0x04, 0xE6, 0x21, 0xB0, 0x01, 0xE6, 0x21,
           0xB0, 0xFE, 0xE6, 0x21, 0xB0, 0x34, 0xE6, 0x43, 0xB0, 0x07, 0xE6, 0x40, 0x30, 0xC0, 0xE6, 0x40} +
      // 1050h: cli; mov cx, 200; 1: inc dx; loop 1; sti; jmp 1080h
      Code{0xFA, 0xB9, 0xC8, 0x00, 0x42, 0xE2, 0xFD, 0xFB, 0xEB, 0x26};
  code.resize(0x80);
  // mov cx, 50; 2: inc bx; loop 2; jmp 1050h
  // 1088h: mov [500h], bx; add [502h], dx; end of interrupt; iret
  code = code + Code{0xB9, 0x32, 0x00, 0x43, 0xE2, 0xFD, 0xEB, 0xC8} +
         Code{0x89, 0x1E, 0x00, 0x05, 0x01, 0x16, 0x02, 0x05, 0xB0, 0x20, 0xE6, 0x20, 0xCF};
  check_slices(code);
}

TEST_CASE("slices: a timer that is set a few instructions ahead ends inside the block that set it") {
  // [100h] <- 0:108Fh, vector 40h's handler; timer: vector 40h, divisor 1; sti
  Code code = Code{0xC7, 0x06, 0x00, 0x01, 0x8F, 0x10, 0xC7, 0x06, 0x02, 0x01, 0x00, 0x00} + kApicOn +
              Code{0x67, 0x66, 0xC7, 0x87, 0x20, 0x03, 0x00, 0x00, 0x40, 0x00, 0x00, 0x00} +
              Code{0x67, 0x66, 0xC7, 0x87, 0xE0, 0x03, 0x00, 0x00, 0x0B, 0x00, 0x00, 0x00, 0xFB} +
              // 1037h: inc eax; and eax, 7Fh; the timer's count <- eax
              Code{0x66, 0x40, 0x66, 0x83, 0xE0, 0x7F, 0x67, 0x66, 0x89, 0x87, 0x80, 0x03, 0x00, 0x00} +
              // inc bx; add dx, bx, many times; jmp 1037h
              24 * Code{0x43, 0x01, 0xDA} + Code{0xEB, 0xA8} +
              // 108Fh: mov [500h], bx; add [502h], dx; end of interrupt; iret
              Code{0x89, 0x1E, 0x00, 0x05, 0x01, 0x16, 0x02, 0x05} +
              Code{0x67, 0x66, 0xC7, 0x87, 0xB0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xCF};
  check_slices(code);
}

TEST_CASE("slices: each turn of REP MOVS sees its own time") {
  // The timer's interrupt is masked, its divisor 1; it counts down from FFFFFFFFh
  Code code = kApicOn + Code{0x67, 0x66, 0xC7, 0x87, 0x20, 0x03, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00,
                             0x67, 0x66, 0xC7, 0x87, 0xE0, 0x03, 0x00, 0x00, 0x0B, 0x00, 0x00, 0x00,
                             0x67, 0x66, 0xC7, 0x87, 0x80, 0x03, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF} +
              // 1036h: mov esi, FEE00380h; mov edi, 2000h; mov ecx, 8; rep movsd: the fifth is the timer's
              // present count
              Code{0x66, 0xBE, 0x80, 0x03, 0xE0, 0xFE, 0x66, 0xBF, 0x00, 0x20, 0x00,
                   0x00, 0x66, 0xB9, 0x08, 0x00, 0x00, 0x00, 0x67, 0x66, 0xF3, 0xA5} +
              // mov eax, [2010h]; add [500h], eax; jmp 1036h
              Code{0x66, 0xA1, 0x10, 0x20, 0x66, 0x01, 0x06, 0x00, 0x05, 0xEB, 0xDF};
  check_slices(code);
}
