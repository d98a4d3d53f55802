// Faults in translated code where the order of checks shows.
#include <xbyak/xbyak.h>

#include <catch2/catch.hpp>

#include "jit/bench.h"

using namespace ilse;
using namespace ilse::test;
using namespace Xbyak::util;

TEST_CASE("jit: a misaligned access to a page that is not there leaves CR2 alone") {
  Xbyak::CodeGenerator g;
  g.mov(eax, 0x40002);  // AC
  g.push(rax);
  g.popf();
  g.mov(ebx, static_cast<uint32_t>(kData + kDataSize + 1));
  g.mov(ptr[rbx], rax);
  Program p;
  p.blocks = {{Piece{{g.getCode(), g.getCode() + g.getSize()}}}};
  p.place(0);
  const cpu::jit::Settings settings{.hot = 1};
  Bench plain(nullptr), translating(&settings);
  for (Bench* b : {&plain, &translating}) {
    REQUIRE(b->load(p));
    CHECK(b->run(100) == cpu::RunExit::Halted);
    CHECK(b->cpu().deliveries.ring[0].vector == cpu::kACv);
    CHECK(b->cpu().cr.cr2 == 0);
  }
  CHECK(difference(plain, translating) == "");
}
