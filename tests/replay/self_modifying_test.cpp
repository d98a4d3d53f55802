// Code that rewrites the loop it runs in gives one result wherever the slices end: a store into the running
// block is seen also when only the beginning of the block is running.
#include <catch2/catch.hpp>
#include <cstring>

#include "frontend/machine.h"
#include "tests/replay/bare_machine.h"

using namespace ilse;

namespace {

// In real mode at 0:1000h:
//   xor eax, eax / mov cx, 4096
//   again: inc byte [100Ch]     the low byte of the next instruction's immediate
//   add eax, imm32 / loop again / hlt
constexpr uint8_t kCode[] = {0x66, 0x31, 0xC0, 0xB9, 0x00, 0x10, 0xFE, 0x06, 0x0C, 0x10,
                             0x66, 0x05, 0x00, 0x00, 0x00, 0x00, 0xE2, 0xF4, 0xF4};

uint64_t sum_with_slices_of(uint64_t slice) {
  const auto machine = bare_machine();
  ui::Machine& m = *machine;
  std::memcpy(m.board().ram().data() + 0x1000, kCode, sizeof kCode);
  cpu::Cpu& c = m.cpu();
  c.seg[cpu::kCs].base = 0;
  c.seg[cpu::kCs].selector = 0;
  c.set_rip(0x1000);
  c.update_mode();
  for (int k = 0; k < 20000 && c.pending.activity == cpu::Activity::Running; ++k) m.run(slice);
  REQUIRE(c.pending.activity == cpu::Activity::Halted);
  return c.gpr[cpu::kRax];
}

}  // namespace

TEST_CASE("self-modifying code: the same sum in slices of every length") {
  for (uint64_t slice : {1, 2, 3, 4, 5, 7, 11, 100000}) {
    INFO("slice " << slice);
    CHECK(sum_with_slices_of(slice) == 16 * (255 * 256 / 2));
  }
}
