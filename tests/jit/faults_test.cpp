// Faults and interrupts at the exact instruction, in both engines; what the fuzzer found in translated code.
#include <xbyak/xbyak.h>

#include <catch2/catch.hpp>
#include <cstring>

#include "jit/guest.h"

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
  const Program p = program_of(g, 3);
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

TEST_CASE("jit: an interrupt that waits across INIT comes behind STI, in real mode") {
  Xbyak::CodeGenerator g;
  g.nop();
  const Program p = program_of(g, 0);
  // Nothing is at the reset vector: #UD, whose vector is 0000:0000. There: STI, NOP, INC AX, HLT.
  const std::array<uint8_t, 4> code{0xFB, 0x90, 0x40, 0xF4};
  const cpu::jit::Settings settings{.hot = 1};
  Bench plain(nullptr), translating(&settings);
  for (Bench* b : {&plain, &translating}) {
    REQUIRE(b->load(p));
    std::memcpy(b->ram(), code.data(), code.size());
    b->cpu().set_intr(true);
    b->cpu().pulse_init();
    b->run(20);
    CHECK((b->cpu().gpr[cpu::kRax] & 0xFFFF) == 0);
  }
  CHECK(difference(plain, translating) == "");
}

TEST_CASE("jit: PUSHF behind a product, whose flags are put together in memory, has bit 1 set") {
  Guest g;
  g.mov(eax, 5);
  g.imul(eax);
  g.pushf();
  g.pop(rax);
  g.and_(eax, 2);
  g.hlt();
  check(g, 2);
}

TEST_CASE("jit: an interrupt that waits for STI comes behind the one instruction in its shadow, a return") {
  Xbyak::CodeGenerator g;
  Xbyak::Label again, enable;
  g.L(again);
  g.cli();
  g.nop();
  g.call(enable);
  const uint64_t behind = kCode + g.getSize();
  g.inc(eax);
  g.jmp(again);
  g.L(enable);
  g.sti();
  g.ret();
  const Program p = program_of(g, 0);
  for (unsigned slice : {1, 4, 5, 1000}) {
    const cpu::jit::Settings settings{.hot = 1};
    Bench plain(nullptr), translating(&settings);
    for (Bench* b : {&plain, &translating}) {
      REQUIRE(b->load(p));
      CHECK(b->run(7 * 100 + 1) == cpu::RunExit::Slice);
      REQUIRE((b->cpu().eflags() & cpu::kIF) == 0);
      b->cpu().set_intr(true);
      cpu::RunExit exit = cpu::RunExit::Slice;
      for (unsigned k = 0; k < 1000 && exit == cpu::RunExit::Slice; ++k) exit = b->run(slice);
      CHECK(exit == cpu::RunExit::Halted);
      INFO("slice " << slice);
      CHECK(b->cpu().deliveries.ring[0].rip == behind);
    }
    CHECK(difference(plain, translating) == "");
  }
}

TEST_CASE("jit: a rotate by an immediate that is 1 behind its mask has OF at a fault right behind it") {
  for (uint8_t modrm : {0xC0, 0xC8}) {  // rol, ror eax
    Xbyak::CodeGenerator g;
    g.mov(ebx, static_cast<uint32_t>(kData + kDataSize));
    g.mov(eax, 0x40000001);
    g.xor_(ecx, ecx);
    g.db(0xC1);
    g.db(modrm);
    g.db(0x61);
    g.add(ptr[rbx], cl);
    const Program p = program_of(g, 3);
    const cpu::jit::Settings settings{.hot = 1};
    Bench plain(nullptr), translating(&settings);
    for (Bench* b : {&plain, &translating}) {
      REQUIRE(b->load(p));
      CHECK(b->run(100) == cpu::RunExit::Halted);
      CHECK(b->cpu().deliveries.ring[0].vector == cpu::kPFv);
      // The flags that the handler was given.
      uint64_t flags;
      std::memcpy(&flags, b->ram() + b->cpu().gpr[cpu::kRsp] + 24, 8);
      CHECK((flags & cpu::kOF) != 0);
    }
    CHECK(difference(plain, translating) == "");
  }
}

TEST_CASE("jit: LEA of 32 bits with a displacement alone clears the upper half") {
  Xbyak::CodeGenerator g;
  for (uint8_t byte : {0x8D, 0x2C, 0x25, 0xFF, 0xD2, 0xCD, 0xDE}) g.db(byte);  // lea ebp, [-0x21322D01]
  g.nop();
  g.hlt();
  const Program p = program_of(g, 0);
  const cpu::jit::Settings settings{.hot = 1};
  Bench plain(nullptr), translating(&settings);
  for (Bench* b : {&plain, &translating}) {
    REQUIRE(b->load(p));
    CHECK(b->run(100) == cpu::RunExit::Halted);
    CHECK(b->cpu().gpr[cpu::kRbp] == 0xDECDD2FF);
  }
}
