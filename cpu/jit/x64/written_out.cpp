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
  if (!r.has(kHelper)) return WrittenOut::None;
  if (r.has(kAvx)) return elements_form(i);
  if (r.map == Map::TwoByte && r.opcode == kExchange && r.ext == 1) {
    return i.op_size != 8 || layout_.exchange16 ? WrittenOut::Exchange : WrittenOut::None;
  }
  if (r.map != Map::OneByte) return WrittenOut::None;
  if (r.opcode == kXlat) return WrittenOut::Xlat;
  if (!r.has(kString) || i.rep != Rep::None) return WrittenOut::None;
  switch (r.opcode & 0xFE) {
    case 0xA4: return WrittenOut::Movs;
    case 0xA6: return WrittenOut::Cmps;
    case 0xAA: return WrittenOut::Stos;
    case 0xAC: return WrittenOut::Lods;
    case 0xAE: return WrittenOut::Scas;
    default: return WrittenOut::None;
  }
}

// The host's address of what a guest register points to, in RCX.
Reg64 Translator::checked_pointer(unsigned g, unsigned width, bool write) {
  switch (insn_->addr_size) {
    case 8: mov(rcx, pinned(g)); break;
    case 4: mov(ecx, pinned(g).cvt32()); break;
    default: movzx(ecx, pinned(g).cvt16());
  }
  finish_pointer(g == kRdi, width, write);
  return rcx;
}

// RCX, an offset, becomes the host's address. `destination`: in ES, whatever the prefixes.
void Translator::finish_pointer(bool destination, unsigned width, bool write) {
  const bool flat_data = (block_->mode & kModeFlatData) != 0;  // in 64-bit code always
  busy_.fill(false);
  busy_[rcx.getIdx()] = true;
  if (destination ? !flat_data : !insn_->flat) {
    through_segment(rcx, destination ? unsigned{kEs} : insn_->seg, width, write);
  }
  check_tlb(rcx, width, write);
}

// Keeps the flags; RAX is scratch.
void Translator::advance(unsigned g, int by) {
  switch (insn_->addr_size) {
    case 8: lea(pinned(g), ptr[pinned(g) + by]); break;
    case 4: lea(pinned(g).cvt32(), ptr[pinned(g) + by]); break;
    default: lea(eax, ptr[pinned(g) + by]); mov(pinned(g).cvt16(), ax);
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
      movzx(ecx, Reg8(pinned(kRax).getIdx()));
      if (insn_->addr_size == 8) {
        lea(rcx, ptr[rcx + pinned(kRbx)]);
      } else {
        lea(ecx, ptr[rcx + pinned(kRbx)]);
      }
      if (insn_->addr_size == 2) movzx(ecx, cx);
      finish_pointer(false, 1, false);
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
