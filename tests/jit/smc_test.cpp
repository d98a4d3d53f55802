// Code that changes while it runs, in both engines: the same block, the next one, another page, across a
// page's border, through another mapping, by DMA, by string instructions, and as compilers at run time do.
// The result is what a processor gives that sees each store at once, wherever the slices end.
#include <catch2/catch.hpp>

#include "jit/guest.h"

using namespace ilse;
using namespace ilse::test;
using namespace Xbyak::util;

namespace {

constexpr int kRounds = 400;

// 1 + 2 + ... with one byte, that of an immediate, counted up from 0.
constexpr uint64_t sum_of_bytes(int rounds) {
  uint64_t sum = 0;
  for (int k = 1; k <= rounds; ++k) sum += static_cast<uint64_t>(k & 0xFF);
  return sum;
}

}  // namespace

TEST_CASE("smc: the next instruction of the same block") {
  Guest g;
  g.xor_(eax, eax);
  g.mov(ecx, kRounds);
  Xbyak::Label again, patched;
  g.L(again);
  g.inc(byte[rip + patched]);
  g.db(0x05);  // add eax, imm32
  g.L(patched);
  g.dd(0);
  g.dec(ecx);
  g.jnz(again);
  g.hlt();
  check(g, sum_of_bytes(kRounds));
}

TEST_CASE("smc: an instruction before the store, in the same block") {
  Guest g;
  g.xor_(eax, eax);
  g.mov(ecx, kRounds);
  Xbyak::Label again, patched;
  g.L(again);
  g.db(0x05);
  g.L(patched);
  g.dd(1);
  g.inc(byte[rip + patched]);
  g.dec(ecx);
  g.jnz(again);
  g.hlt();
  check(g, sum_of_bytes(kRounds));
}

TEST_CASE("smc: the next block") {
  Guest g;
  g.xor_(eax, eax);
  g.mov(ecx, kRounds);
  Xbyak::Label again, patched, next;
  g.L(again);
  g.inc(byte[rip + patched]);
  g.jmp(next);
  g.L(next);
  g.db(0x05);
  g.L(patched);
  g.dd(0);
  g.dec(ecx);
  g.jnz(again);
  g.hlt();
  check(g, sum_of_bytes(kRounds));
}

TEST_CASE("smc: a function in another page") {
  Guest g;
  g.xor_(eax, eax);
  g.mov(ecx, kRounds);
  Xbyak::Label again, patched, function;
  g.L(again);
  g.inc(byte[rip + patched]);
  g.call(function);
  g.dec(ecx);
  g.jnz(again);
  g.hlt();
  g.fill_to(0x1000);
  g.L(function);
  g.db(0x05);
  g.L(patched);
  g.dd(0);
  g.ret();
  check(g, sum_of_bytes(kRounds));
}

TEST_CASE("smc: an instruction across a page's border") {
  for (int part : {0, 1}) {
    Guest g;
    g.xor_(eax, eax);
    g.mov(ecx, kRounds);
    Xbyak::Label again, patched, there;
    g.L(again);
    // Its immediate's first two bytes are in the first page, the others in the second.
    g.inc(byte[rip + patched]);
    g.jmp(there);
    g.fill_to(0xFF0);
    g.L(there);
    g.fill_to(0xFFD);
    g.db(0x05);
    if (part == 0) g.L(patched);
    g.dw(0);
    if (part == 1) g.L(patched);
    g.dw(0);
    g.dec(ecx);
    g.jnz(again);
    g.hlt();
    check(g, sum_of_bytes(kRounds) << (16 * part));
  }
}

TEST_CASE("smc: through another mapping of the page") {
  Guest g;
  g.xor_(eax, eax);
  g.mov(ecx, kRounds);
  Xbyak::Label again, patched;
  g.lea(rbx, ptr[rip + patched]);
  g.add(rbx, static_cast<uint32_t>(kCodeAlias - kCode));
  g.L(again);
  g.inc(byte[rbx]);
  g.db(0x05);
  g.L(patched);
  g.dd(0);
  g.dec(ecx);
  g.jnz(again);
  g.hlt();
  check(g, sum_of_bytes(kRounds));
}

TEST_CASE("smc: a page with code stays where the TLB has it when its table entry changes") {
  Guest g;
  Xbyak::Label again, counter;
  g.lea(rbx, ptr[rip + counter]);
  g.add(rbx, static_cast<uint32_t>(kCodeAlias - kCode));
  g.inc(dword[rbx]);
  g.mov(edx, static_cast<uint32_t>(kPageTable + (kCodeAlias >> 12) * 8));
  g.mov(qword[rdx], static_cast<uint32_t>(kData | 7));
  g.mov(ecx, 10);
  g.L(again);
  g.inc(dword[rbx]);
  g.dec(ecx);
  g.jnz(again);
  g.mov(eax, ptr[rip + counter]);
  g.hlt();
  g.fill_to(0x200);
  g.L(counter);
  g.dd(0);
  check(g, 11);
}

TEST_CASE("smc: REP MOVSB over the code behind it") {
  Guest g;
  g.xor_(eax, eax);
  g.mov(edx, kRounds);
  Xbyak::Label again, patched, counter;
  g.L(again);
  g.inc(byte[rip + counter]);
  g.lea(rsi, ptr[rip + counter]);
  g.lea(rdi, ptr[rip + patched]);
  g.mov(ecx, 4);
  g.rep();
  g.movsb();
  g.db(0x05);
  g.L(patched);
  g.dd(0);
  g.dec(edx);
  g.jnz(again);
  g.hlt();
  g.L(counter);
  g.dd(0);
  check(g, sum_of_bytes(kRounds));
}

TEST_CASE("smc: PUSH onto the code behind it") {
  Guest g;
  g.xor_(eax, eax);
  g.mov(ecx, kRounds);
  Xbyak::Label again, patched;
  g.xor_(ebx, ebx);
  g.L(again);
  g.inc(bl);
  g.lea(rsp, ptr[rip + patched]);
  g.add(rsp, 8);
  g.push(rbx);
  g.db(0x48);  // mov rdx, imm64
  g.db(0xBA);
  g.L(patched);
  g.dq(0);
  g.add(rax, rdx);
  g.dec(ecx);
  g.jnz(again);
  g.hlt();
  check(g, sum_of_bytes(kRounds));
}

TEST_CASE("smc: a device that writes into running code") {
  Guest g;
  g.xor_(eax, eax);
  Xbyak::Label again;
  g.L(again);
  g.db(0x05);
  const size_t patched = g.getSize();
  g.dd(1);
  g.cmp(eax, 2000);
  g.jb(again);
  g.hlt();
  // After 20 slices the immediate becomes large enough to end the loop with one more turn.
  const auto dma = [&](Bench& b, unsigned slice) {
    if (slice != 20) return;
    const uint32_t large = 0x10000;
    std::memcpy(b.ram() + kCode + patched, &large, 4);
    b.memory().ram().written(kCode + patched, 4);
  };
  const Program p = program_of(g);
  for (unsigned slice : {1, 2, 3, 7, 64}) {
    Bench plain(nullptr);
    run_to_halt(plain, p, slice, dma);
    CHECK(plain.cpu().gpr[cpu::kRax] > 0x10000);
    for (uint16_t hot : {1, 24}) {
      const cpu::jit::Settings settings{.hot = hot};
      Bench b(&settings);
      run_to_halt(b, p, slice, dma);
      INFO("slice " << slice << ", translated after " << hot << " runs");
      CHECK(plain.hash() == b.hash());
    }
  }
}

TEST_CASE("smc: functions written, called and written again, as compilers at run time do") {
  Guest g;
  g.xor_(eax, eax);
  g.mov(ecx, kRounds);
  Xbyak::Label again, call, buffer;
  // mov edx, ECX; add eax, edx; ret, at one of 16 places, called three times each.
  g.L(again);
  g.mov(ebx, ecx);
  g.and_(ebx, 15);
  g.shl(ebx, 4);
  g.lea(rdi, ptr[rip + buffer]);
  g.add(rdi, rbx);
  g.mov(byte[rdi], 0xBA);
  g.mov(dword[rdi + 1], ecx);
  g.mov(dword[rdi + 5], 0x00C3D001);
  g.mov(esi, 3);
  g.L(call);
  g.call(rdi);
  g.dec(esi);
  g.jnz(call);
  g.dec(ecx);
  g.jnz(again);
  g.hlt();
  g.fill_to(0x1000);
  g.L(buffer);
  check(g, 3ull * kRounds * (kRounds + 1) / 2);
}

TEST_CASE("smc: a loop that is patched from an instruction into another and back") {
  Guest g;
  g.xor_(eax, eax);
  g.mov(ecx, kRounds);
  Xbyak::Label again, patched;
  // inc eax (FF C0) and dec eax (FF C8) in turn; then one of each and 1 for the round.
  g.L(again);
  g.xor_(byte[rip + patched], 0x08);
  g.db(0xFF);
  g.L(patched);
  g.db(0xC8);
  g.add(eax, 1);
  g.dec(ecx);
  g.jnz(again);
  g.hlt();
  check(g, kRounds);
}
