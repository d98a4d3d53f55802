// Computed jumps in code that is not flat: the same code, seen through ever more code segments, goes on where
// the segment that is loaded says.
#include <catch2/catch.hpp>

#include "cpu/jit/engine.h"
#include "jit/bench.h"

namespace ilse::test {
namespace {

using namespace cpu;

// 16-bit code: 50 calls of a function that increments AX.
constexpr uint8_t kCalls[] = {
    0xB9, 0x32, 0x00,  // mov cx, 50
    0xE8, 0x04, 0x00,  // call +4
    0x49,              // dec cx
    0x75, 0xFA,        // jnz to the call
    0xF4,              // hlt
    0x40,              // inc ax
    0xC3               // ret
};
constexpr uint64_t kHaltEnds = 10;

}  // namespace

TEST_CASE("jit: near returns under more code segments than there are numbers for") {
  Program p;
  p.width = Width::k16;
  p.privilege = 0;
  p.code_base = kCode;
  p.code_limit = 0xFFFF;
  p.blocks = {{Piece{{std::begin(kCalls), std::end(kCalls)}}}};
  p.place(0);
  const jit::Settings settings{.hot = 1};
  Bench plain(nullptr), translated(&settings);
  for (Bench* b : {&plain, &translated}) {
    REQUIRE(b->load(p));
    Cpu& c = b->cpu();
    // The first few again and again, between others that come once.
    for (unsigned n = 0; n < 9000; ++n) {
      const unsigned k = n % 3 == 0 ? n % 5 : n % 4096;
      c.seg[kCs].base = kCode - 16 * uint64_t{k};
      c.gpr[kRax] = 0;
      c.pending.activity = Activity::Running;
      c.set_rip(16 * uint64_t{k} + p.places[0]);
      c.update_mode();
      while (b->run(1000) == RunExit::Slice) {
      }
      INFO("segment " << k << ", turn " << n);
      REQUIRE((c.gpr[kRax] & 0xFFFF) == 50);
      REQUIRE(c.rip() == 16 * uint64_t{k} + p.places[0] + kHaltEnds);
    }
  }
  CHECK(plain.cpu().retired == translated.cpu().retired);
  const jit::Counters& counters = translated.cpu().blocks().engine()->counters();
  // One time in each turn, and not after each of the returns.
  CHECK(counters.entered < 9000 * 20);
}

}  // namespace ilse::test
