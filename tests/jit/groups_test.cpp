// Accesses that are checked together: where they come to lie in two pages, and where one of them alone may
// not be made.
#include <catch2/catch.hpp>

#include "cpu/jit/engine.h"
#include "jit/guest.h"

using namespace ilse;
using namespace ilse::test;
using namespace Xbyak::util;

namespace {

// Calls a procedure with a frame of 64 bytes, `rounds` times; its stack pointer moves by `step` each time.
class Frames : public Guest {
 public:
  Frames(uint64_t stack, int rounds, int step) {
    Xbyak::Label again, procedure;
    xor_(eax, eax);
    mov(ecx, rounds);
    mov(rsp, stack);
    L(again);
    call(procedure);
    lea(rsp, ptr[rsp + step]);
    dec(ecx);
    jnz(again);
    hlt();
    L(procedure);
    push(rbx);
    push(rbp);
    mov(rbp, rsp);
    sub(rsp, 64);
    mov(ptr[rbp - 8], rcx);
    mov(dword[rsp], 5);
    add(qword[rbp - 8], 1);
    mov(rbx, ptr[rsp + 56]);
    add(rax, rbx);
    mov(edx, ptr[rsp]);
    add(rax, rdx);
    leave();
    pop(rbx);
    ret();
  }
};

uint64_t sum(uint64_t rounds) { return rounds * (rounds + 1) / 2 + 6 * rounds; }

}  // namespace

TEST_CASE("groups: a frame that moves through a page's border") {
  check(Frames(kData + 0x1000 + 400, 100, -8), sum(100));
}

TEST_CASE("groups: a frame that stays across a page's border is translated with each access on its own") {
  const Frames g(kData + 0x1000 + 32, 1000, 0);
  check(g, sum(1000));
  const cpu::jit::Settings settings{.hot = 1};
  Bench b(&settings);
  run_to_halt(b, program_of(g), 1'000'000);
  CHECK(b.cpu().blocks().engine()->counters().apart > 0);
}

TEST_CASE("groups: index and base move") {
  Guest g;
  Xbyak::Label again;
  g.xor_(eax, eax);
  g.mov(ecx, 60);
  g.mov(rsi, kData);
  g.L(again);
  g.mov(ptr[rsi + rcx * 8], rcx);
  g.add(rcx, 2);
  g.mov(ptr[rsi + rcx * 8 - 8], rcx);
  g.sub(rcx, 2);
  g.add(rax, ptr[rsi + rcx * 8]);
  g.lea(rsi, ptr[rsi + 64]);
  g.add(rax, ptr[rsi + rcx * 8 - 56]);
  g.dec(ecx);
  g.jnz(again);
  g.hlt();
  check(g, 60 * 61 + 2 * 60);
}
