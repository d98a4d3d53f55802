// What the interpreter has as helpers and programs use all the time: string instructions without REP, XLAT,
// CMPXCHG8B and CMPXCHG16B (Intel SDM vol. 2). With REP a helper does whole pages at a time.
#include "cpu/isa/row.h"
#include "cpu/jit/x64/translator.h"
#include "cpu/state.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

constexpr uint8_t kXlat = 0xD7, kExchange = 0xC7;

Reg64 pinned(unsigned g) { return Reg64(kHostOf[g]); }

}  // namespace

WrittenOut Translator::written_out_form(const Insn& i) const {
  const Row& r = *i.row;
  if (!r.has(kHelper) || i.addr_size == 2) return WrittenOut::None;
  if (r.has(kAvx)) return elements_form(i);
  if (r.map == Map::TwoByte && r.opcode == kExchange && r.ext == 1) {
    return i.op_size != 8 || layout_.exchange16 ? WrittenOut::Exchange : WrittenOut::None;
  }
  if (r.map != Map::OneByte || !i.flat) return WrittenOut::None;
  if (r.opcode == kXlat) return WrittenOut::Xlat;
  const bool wide = (block_->mode & kModeCodeMask) == kModeCode64;
  const bool flat = wide || (block_->mode & kModeFlatData) != 0;
  if (!r.has(kString) || i.rep != Rep::None || !flat) return WrittenOut::None;
  switch (r.opcode & 0xFE) {
    case 0xA4: return WrittenOut::Movs;
    case 0xA6: return WrittenOut::Cmps;
    case 0xAA: return WrittenOut::Stos;
    case 0xAC: return WrittenOut::Lods;
    case 0xAE: return WrittenOut::Scas;
    default: return WrittenOut::None;
  }
}

// The host's address of what a guest register points to.
Reg64 Translator::checked_pointer(unsigned g, unsigned width, bool write) {
  busy_.fill(false);
  busy_[rcx.getIdx()] = true;
  if (insn_->addr_size == 8) {
    mov(rcx, pinned(g));
  } else {
    mov(ecx, pinned(g).cvt32());
  }
  check_tlb(rcx, width, write);
  return rcx;
}

// Keeps the flags.
void Translator::advance(unsigned g, int by) {
  if (insn_->addr_size == 8) {
    lea(pinned(g), ptr[pinned(g) + by]);
  } else {
    lea(pinned(g).cvt32(), ptr[pinned(g) + by]);
  }
}

void Translator::written_out() {
  const WrittenOut form = lifted_[index_].out;
  const bool compares = form == WrittenOut::Cmps || form == WrittenOut::Scas;
  settle_flags(true, true, compares);
  if (flags_ == Flags::Recipe && form == WrittenOut::Exchange) flush_flags();
  if (flags_ == Flags::Recipe) out_[out_index_].recipe = pending_;
  switch (form) {
    case WrittenOut::Exchange: exchange(); return;
    case WrittenOut::MaskedMove: masked_move(); return;
    case WrittenOut::Gather: gather(); return;
    default: break;
  }
  const unsigned width = (insn_->opcode & 1) == 0 || form == WrittenOut::Xlat ? 1 : insn_->op_size;
  const int step = static_cast<int>(width);
  auto load = [&](Reg64 d, Reg64 at) {
    if (form == WrittenOut::Lods || form == WrittenOut::Xlat) {
      mov(view(d, width), ptr[at]);
    } else if (width < 4) {
      width == 1 ? movzx(d.cvt32(), byte[at]) : movzx(d.cvt32(), word[at]);
    } else {
      mov(view(d, width), ptr[at]);
    }
  };
  const Reg a = view(pinned(kRax), width);
  const auto kept = ptr[rbp + layout_.target_rip];
  if (form != WrittenOut::Xlat) {
    // Downwards is the interpreter's.
    test(dword[rbp + layout_.system_flags], kDF);
    jnz(*slow_);
    spoil_flags();
  }
  switch (form) {
    case WrittenOut::Lods:
      load(pinned(kRax), checked_pointer(kRsi, width, false));
      advance(kRsi, step);
      break;
    case WrittenOut::Stos:
      mov(ptr[checked_pointer(kRdi, width, true)], a);
      advance(kRdi, step);
      break;
    case WrittenOut::Movs:
      load(rax, checked_pointer(kRsi, width, false));
      mov(kept, rax);
      checked_pointer(kRdi, width, true);
      mov(rax, kept);
      mov(ptr[rcx], view(rax, width));
      advance(kRsi, step);
      advance(kRdi, step);
      break;
    case WrittenOut::Scas:
      cmp(a, ptr[checked_pointer(kRdi, width, false)]);
      made_flags(kOSZAPC);
      advance(kRdi, step);
      break;
    case WrittenOut::Cmps:
      // The order decides which of two page faults is seen.
      load(rax, checked_pointer(kRdi, width, false));
      mov(kept, rax);
      load(rax, checked_pointer(kRsi, width, false));
      cmp(view(rax, width), kept);
      made_flags(kOSZAPC);
      advance(kRsi, step);
      advance(kRdi, step);
      break;
    default:
      busy_.fill(false);
      busy_[rcx.getIdx()] = true;
      movzx(ecx, Reg8(pinned(kRax).getIdx()));
      if (insn_->addr_size == 8) {
        lea(rcx, ptr[rcx + pinned(kRbx)]);
      } else {
        lea(ecx, ptr[rcx + pinned(kRbx)]);
      }
      check_tlb(rcx, 1, false);
      load(pinned(kRax), rcx);
  }
  busy_.fill(false);
}

// The status flags are in memory.
void Translator::exchange() {
  const bool wide = insn_->op_size == 8;
  const unsigned half = wide ? 8 : 4;
  busy_.fill(false);
  const Reg64 at = operand_pointer(2 * half, true, wide);
  const Reg64 low(at.getIdx() == 0 ? 2 : 0), high(at.getIdx() == 1 ? 2 : 1);
  auto part = [&](Reg64 r) { return view(r, half); };
  const auto flags = byte[rbp + layout_.flags + 1];
  const Address above = ptr[at + half];
  Label differ, done;
  mov(part(low), ptr[at]);
  mov(part(high), above);
  cmp(part(low), part(pinned(kRax)));
  jne(differ);
  cmp(part(high), part(pinned(kRdx)));
  jne(differ);
  mov(ptr[at], part(pinned(kRbx)));
  mov(above, part(pinned(kRcx)));
  or_(flags, +kZF);
  jmp(done);
  L(differ);
  mov(part(pinned(kRax)), part(low));
  mov(part(pinned(kRdx)), part(high));
  and_(flags, static_cast<uint8_t>(~kZF));
  L(done);
  in_memory();
  forget_steps();
  busy_.fill(false);
}

}  // namespace ilse::cpu::jit
