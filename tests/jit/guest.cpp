#include "jit/guest.h"

#include <catch2/catch.hpp>

#include "cpu/jit/engine.h"

namespace ilse::test {

Program program_of(const Xbyak::CodeGenerator& g, unsigned privilege) {
  Program p;
  p.privilege = privilege;
  p.blocks = {{Piece{{g.getCode(), g.getCode() + g.getSize()}}}};
  p.place(0);
  return p;
}

void run_to_halt(Bench& b, const Program& p, unsigned slice, const Between& between) {
  REQUIRE(b.load(p));
  for (unsigned k = 0; k < 400'000; ++k) {
    if (b.run(slice) != cpu::RunExit::Slice) return;
    if (between) between(b, k);
  }
  FAIL("the guest does not halt");
}

void check(const Guest& g, uint64_t result, const Between& between) {
  const Program p = program_of(g);
  for (unsigned slice : {1, 2, 3, 7, 64, 1000, 1'000'000}) {
    if (between && slice > 64) continue;
    Bench plain(nullptr);
    run_to_halt(plain, p, slice, between);
    INFO("slice " << slice);
    CHECK(plain.cpu().gpr[cpu::kRax] == result);
    for (uint16_t hot : {1, 24}) {
      const cpu::jit::Settings settings{.hot = hot};
      Bench b(&settings);
      run_to_halt(b, p, slice, between);
      INFO("translated after " << hot << " runs\n" << difference(plain, b));
      CHECK(b.cpu().gpr[cpu::kRax] == result);
      CHECK(plain.hash() == b.hash());
      CHECK(same_memory(plain, b));
      if (hot == 1 && slice >= 64) CHECK(b.cpu().blocks().engine()->counters().entered > 0);
    }
  }
}

}  // namespace ilse::test
