// An engine's stubs: the way into translated code and the ways out of it that all blocks share.
#include <algorithm>
#include <array>
#include <cstddef>

#include "cpu/block/block.h"
#include "cpu/jit/x64/translator.h"
#include "cpu/state.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

// By the ABI of the host (System V).
constexpr std::array<uint8_t, 6> kCalleeSaved{3, 5, 12, 13, 14, 15};

}  // namespace

// uint64_t trampoline(Cpu*, body): RSP is then a multiple of 16, as calls from translated code need it.
size_t Translator::make_trampoline() {
  size_t at = getSize();
  for (uint8_t r : kCalleeSaved) push(Reg64(r));
  sub(rsp, 8);
  lea(rbp, ptr[rdi + kBias]);
  mov(rax, rsi);
  for (unsigned g = 0; g < 16; ++g) {
    if (kHostOf[g] != kInMemory) mov(Reg64(kHostOf[g]), ptr[rbp + layout_.gpr + 8 * static_cast<int>(g)]);
  }
  jmp(rax);
  return at;
}

size_t Translator::make_leave() {
  size_t at = getSize();
  for (unsigned g = 0; g < 16; ++g) {
    if (kHostOf[g] != kInMemory) mov(ptr[rbp + layout_.gpr + 8 * static_cast<int>(g)], Reg64(kHostOf[g]));
  }
  add(rsp, 8);
  for (auto r = kCalleeSaved.rbegin(); r != kCalleeSaved.rend(); ++r) pop(Reg64(*r));
  ret();
  return at;
}

size_t Translator::make_leave_null() {
  size_t at = getSize();
  xor_(eax, eax);
  add(rsp, 8);
  for (auto r = kCalleeSaved.rbegin(); r != kCalleeSaved.rend(); ++r) pop(Reg64(*r));
  ret();
  return at;
}

// The block begins at offset `block`->phys in the page: flags and `temp` are scratch.
void Translator::set_rip(Reg64 block, Reg64 temp) {
  mov(temp.cvt32(), dword[block + offsetof(Block, phys)]);
  and_(temp.cvt32(), 0xFFF);
  add(temp, ptr[rbp + layout_.page]);
  mov(guest(kSlotBlock), temp);
}

size_t Translator::make_edge() {
  size_t at = getSize();
  mov(ptr[rbp + layout_.edge], eax);
  add(rcx, ptr[rbp + layout_.page]);
  mov(guest(kSlotBlock), rcx);
  mov(eax, Engine::kEdge);
  jmp(stubs_.leave);
  return at;
}

size_t Translator::make_by_page() {
  size_t at = getSize();
  add(rcx, ptr[rbp + layout_.page]);
  go_by_address();
  return at;
}

size_t Translator::make_by_rip() {
  size_t at = getSize();
  mov(rcx, guest(kSlotBlock));
  go_by_address();
  return at;
}

size_t Translator::make_over() {
  size_t at = getSize();
  movzx(eax, word[rdx + offsetof(Block, count)]);
  add(ptr[rbp + layout_.budget], rax);
  set_rip(rdx, rcx);
  mov(eax, Engine::kDispatcher);
  jmp(stubs_.leave);
  return at;
}

// One for calls from translated code, which go on behind it, and one for jumps, which go on at RIP.
size_t Translator::make_call(bool (*function)(Cpu&, const Insn*), bool returns) {
  size_t at = getSize();
  mov(ptr[rbp + layout_.block], rax);
  set_rip(rax, rcx);
  for (unsigned g = 0; g < 16; ++g) {
    if (kHostOf[g] != kInMemory) mov(ptr[rbp + layout_.gpr + 8 * static_cast<int>(g)], Reg64(kHostOf[g]));
  }
  lea(rdi, ptr[rbp - kBias]);
  mov(rsi, rdx);
  mov(rax, reinterpret_cast<uint64_t>(function));
  if (returns) sub(rsp, 8);
  call(rax);
  if (returns) add(rsp, 8);
  Label go_on;
  test(al, al);
  jnz(go_on);
  if (returns) add(rsp, 8);
  jmp(stubs_.leave_null);
  L(go_on);
  for (unsigned g = 0; g < 16; ++g) {
    if (kHostOf[g] != kInMemory) mov(Reg64(kHostOf[g]), ptr[rbp + layout_.gpr + 8 * static_cast<int>(g)]);
  }
  if (returns) {
    ret();
  } else {
    jmp(stubs_.by_rip);
  }
  return at;
}

// RAX is scratch; the flags stay.
size_t Translator::make_clear_uppers(unsigned count) {
  size_t at = getSize();
  mov(eax, 0);
  for (unsigned n = 0; n < count; ++n) {
    const int upper = layout_.xmm + layout_.xmm_stride * static_cast<int>(n) + 16;
    mov(ptr[rbp + upper], rax);
    mov(ptr[rbp + upper + 8], rax);
  }
  ret();
  return at;
}

size_t Translator::make_interpret() {
  static_assert(sizeof(Insn) == 64);
  size_t at = getSize();
  mov(ptr[rbp + layout_.block], rdx);
  set_rip(rdx, rcx);
  shl(eax, 6);
  add(rax, ptr[rdx + offsetof(Block, insns)]);
  jmp(stubs_.leave);
  return at;
}

// Called from translated code. The registers that a call may change are kept where they belong.
size_t Translator::make_miss(unsigned linear) {
  constexpr std::array<uint8_t, 4> kSaved{3, 12, 13, 14};
  size_t at = getSize();
  auto kept = [&](unsigned g) {
    const uint8_t h = kHostOf[g];
    return h == kInMemory || h == 15 || std::find(kSaved.begin(), kSaved.end(), h) != kSaved.end();
  };
  for (unsigned g = 0; g < 16; ++g) {
    if (!kept(g)) mov(ptr[rbp + layout_.gpr + 8 * static_cast<int>(g)], Reg64(kHostOf[g]));
  }
  mov(ptr[rbp + layout_.linear], Reg64(static_cast<int>(linear)));
  lea(rdi, ptr[rbp - kBias]);
  mov(rsi, linear == 0 ? rcx : rax);
  mov(edx, ptr[rsp + 8]);
  mov(rax, reinterpret_cast<uint64_t>(stubs_.refill));
  call(rax);
  cmp(al, Engine::kRetry);
  for (unsigned g = 0; g < 16; ++g) {
    if (!kept(g)) mov(Reg64(kHostOf[g]), ptr[rbp + layout_.gpr + 8 * static_cast<int>(g)]);
  }
  mov(Reg64(static_cast<int>(linear)), ptr[rbp + layout_.linear]);
  ret(8);
  return at;
}

// RCX: where to go on.
size_t Translator::make_interpret_target() {
  size_t at = getSize();
  mov(guest(kSlotBlock), rcx);
  mov(eax, Engine::kTarget);
  jmp(stubs_.leave);
  return at;
}

}  // namespace ilse::cpu::jit
