// x87: a guest's instruction is the same instruction of the host, as in the interpreter (cpu/fpu/host_x87.h).
// Within a run of such instructions values stay on the host's stack. Which register of the guest's is where
// is known when the code is made: it is made for the TOP of that time, and looks first whether TOP is still
// that and all exceptions are masked; if not, the interpreter goes on. A guest's pop only empties the tag, so
// that what was in the register can still be saved with FNSAVE; the host's stack does not pop then either.
//
// Whatever can leave comes before the first host instruction of x87 of each guest instruction, so that a way
// out has the state behind the instruction before.
#include <algorithm>
#include <bit>
#include <cstddef>

#include "cpu/fpu/host_x87.h"
#include "cpu/isa/row.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

using Kind = X87Form::Kind;
using C1 = X87Cache::C1;

constexpr uint16_t kMasked = x87cw::kMasks;

}  // namespace

// --- the host's stack ------------------------------------------------------------------------------------

// FLD or FSTP m80 of the guest's physical register `p`: DB with the extension 5 or 7, RBP + disp32.
void Translator::x87_move(unsigned extension, unsigned p) {
  db(0xDB);
  db(static_cast<int>(0x85 | extension << 3));
  dd(static_cast<uint32_t>(layout_.st + 16 * static_cast<int>(p)));
}

// The position of the guest's physical register `p`, -1 if it is not there.
int Translator::x87_at(unsigned p) const {
  for (unsigned k = 0; k < x87_.depth; ++k) {
    if (x87_.host[k] == p) return static_cast<int>(k);
  }
  return -1;
}

void Translator::x87_push(unsigned p) {
  for (unsigned k = x87_.depth; k > 0; --k) x87_.host[k] = x87_.host[k - 1];
  x87_.host[0] = static_cast<uint8_t>(p);
  ++x87_.depth;
}

void Translator::x87_load(unsigned p) {
  if (x87_at(p) >= 0) return;
  x87_move(5, p);
  x87_push(p);
}

void Translator::x87_to_top(unsigned p) {
  x87_load(p);
  const int k = x87_at(p);
  if (k == 0) return;
  fxch(Fpu(k));
  std::swap(x87_.host[0], x87_.host[static_cast<size_t>(k)]);
}

// Room for a new value of `p` on top.
void Translator::x87_forget(unsigned p) {
  if (x87_at(p) < 0) return;
  x87_to_top(p);
  fstp(Fpu(0));
  x87_drop_top();
}

// A free place on the host's stack: what the guest has popped goes to memory first.
void Translator::x87_make_room() {
  if (x87_.depth < 8) return;
  unsigned out = x87_.host[7];
  for (uint8_t p : x87_.host) {
    if ((x87_.empty >> p & 1) != 0) out = p;
  }
  x87_to_top(out);
  if ((x87_.dirty >> out & 1) != 0)
    x87_move(7, out);
  else
    fstp(Fpu(0));
  x87_.dirty &= static_cast<uint8_t>(~(1u << out));
  x87_drop_top();
}

void Translator::x87_drop_top() {
  for (unsigned k = 1; k < x87_.depth; ++k) x87_.host[k - 1] = x87_.host[k];
  --x87_.depth;
}

// ST(0) and ST(1) of the guest's become the host's.
void Translator::x87_first_two() {
  const unsigned first = x87_.top, second = (x87_.top + 1) & 7u;
  x87_to_top(second);
  if (x87_at(first) < 0) {
    x87_load(first);
    return;
  }
  fxch(Fpu(1));
  std::swap(x87_.host[0], x87_.host[1]);
  x87_to_top(first);
}

void Translator::x87_pop() {
  const uint8_t bit = static_cast<uint8_t>(1u << x87_.top);
  x87_.full &= static_cast<uint8_t>(~bit);
  x87_.empty |= bit;
  x87_.tag_changed |= bit;
  x87_.top = (x87_.top + 1) & 7;
}

void Translator::x87_fill(unsigned p) {
  const uint8_t bit = static_cast<uint8_t>(1u << p);
  x87_.full |= bit;
  x87_.empty &= static_cast<uint8_t>(~bit);
  x87_.tag_changed |= bit;
}

// --- what is looked at before anything changes ------------------------------------------------------------

void Translator::x87_open() {
  if (x87_.known) return;
  const uint8_t top = x87_.top;
  x87_ = X87Cache{};
  x87_.top = x87_.top_in_memory = top;
  x87_.known = true;
  cmp(byte[rbp + layout_.top], top);
  jne(*slow_);
  test(byte[rbp + layout_.sw], x87sw::kES);
  jnz(*slow_);
  mov(ecx, dword[rbp + layout_.cw]);
  x87_select(ecx);
  // The host's flags are not to have any that the guest's have not.
  Label clean;
  fnstsw(ax);
  mov(cx, word[rbp + layout_.sw]);
  not_(ecx);
  and_(eax, ecx);
  test(al, x87sw::kExceptions);
  jz(clean);
  fnclex();
  L(clean);
}

// The host's control word for the guest's in `cw`; unmasked exceptions are the interpreter's.
void Translator::x87_select(Reg32 cw) {
  mov(eax, cw);
  not_(eax);
  test(al, kMasked);
  jnz(*slow_);
  Label same;
  and_(cw, x87cw::kPrecision | x87cw::kRounding);
  or_(cw, x87cw::kAlwaysSet | kMasked);
  fnstcw(ptr[rbp + layout_.spill]);
  cmp(cw.cvt16(), word[rbp + layout_.spill]);
  je(same);
  mov(word[rbp + layout_.spill], cw.cvt16());
  fldcw(ptr[rbp + layout_.spill]);
  L(same);
}

void Translator::x87_need(uint8_t full, uint8_t empty) {
  if ((full & empty) != 0) throw Refused{};  // FLD ST(7)
  full &= static_cast<uint8_t>(~x87_.full);
  empty &= static_cast<uint8_t>(~x87_.empty);
  if (((full & x87_.empty) | (empty & x87_.full)) != 0) throw Refused{};
  if ((full | empty) == 0) return;
  if (full != 0 || std::popcount(empty) > 1) {
    movzx(eax, byte[rbp + layout_.tag]);
    and_(eax, full | empty);
    cmp(eax, full);
    jne(*slow_);
  } else {
    test(byte[rbp + layout_.tag], empty);
    jnz(*slow_);
  }
  x87_.full |= full;
  x87_.empty |= empty;
}

// --- back to memory ---------------------------------------------------------------------------------------

// The exception flags and, if it is the host's, C1.
void Translator::x87_settle_status(X87Cache& s) {
  if (s.raised || s.c1 == C1::Host) {
    fnstsw(ax);
    and_(eax, x87sw::kExceptions | (s.c1 == C1::Host ? +x87sw::kC1 : 0u));
  }
  if (s.c1 != C1::Memory) and_(word[rbp + layout_.sw], ~uint32_t{x87sw::kC1});
  if (s.raised || s.c1 == C1::Host) or_(word[rbp + layout_.sw], ax);
  s.raised = false;
  s.c1 = C1::Memory;
}

// All but the registers; the host's flags do not survive.
void Translator::x87_settle(X87Cache& s) {
  x87_settle_status(s);
  const auto set = static_cast<uint8_t>(s.tag_changed & s.full);
  const auto cleared = static_cast<uint8_t>(s.tag_changed & s.empty);
  if (set != 0) or_(byte[rbp + layout_.tag], set);
  if (cleared != 0) and_(byte[rbp + layout_.tag], static_cast<uint8_t>(~cleared));
  s.tag_changed = 0;
  if (s.top != s.top_in_memory) mov(byte[rbp + layout_.top], s.top);
  s.top_in_memory = s.top;
  if (!s.has_ip) return;
  mov(rax, ptr[rbp + layout_.page]);
  if ((block_->mode & kModeCodeMask) == kModeCode64) {
    lea(rax, ptr[rax + s.ip + block_offset()]);
  } else {
    lea(eax, ptr[rax + s.ip + block_offset()]);
  }
  mov(ptr[rbp + layout_.fip], rax);
  s.has_ip = false;
}

// The host's stack is empty afterwards; its flags survive.
void Translator::x87_store(X87Cache& s) {
  for (unsigned k = 0; k < s.depth; ++k) {
    if ((s.dirty >> s.host[k] & 1) != 0) {
      x87_move(7, s.host[k]);
    } else {
      fstp(Fpu(0));
    }
  }
  s.depth = 0;
  s.dirty = 0;
}

void Translator::x87_flush(X87Cache& s) {
  if (!s.known) return;
  x87_settle(s);
  x87_store(s);
}

// No later instruction of the block goes on with what is on the stack.
bool Translator::x87_last() const {
  for (size_t k = index_ + 1u; k < lifted_.size(); ++k) {
    if (!lifted_[k].native) return true;
    if (lifted_[k].x87.kind != Kind::None) return false;
  }
  return !loops_;
}

// At the end of a loop: the host's stack in the order of its start. False: something else is not as it was
// then.
bool Translator::x87_arrange(const X87Cache& wanted) {
  const X87Cache& x = x87_;
  if (x.known != wanted.known) return false;
  if (!x.known) return x.top == wanted.top;
  const bool same = x.top == wanted.top && x.top_in_memory == wanted.top_in_memory &&
                    x.depth == wanted.depth && x.dirty == wanted.dirty &&
                    x.tag_changed == wanted.tag_changed && x.c1 == wanted.c1 && x.raised == wanted.raised &&
                    x.has_ip == wanted.has_ip && x.ip == wanted.ip;
  if (!same || (wanted.full & ~x.full) != 0 || (wanted.empty & ~x.empty) != 0) return false;
  const bool ordered = std::equal(x.host.begin(), x.host.begin() + x.depth, wanted.host.begin());
  if (ordered) return true;
  // FXCH would change C1.
  if (x.c1 == C1::Host) return false;
  for (unsigned k = x.depth; k-- > 1;) {
    if (x87_at(wanted.host[k]) < 0) return false;
    if (x87_.host[k] == wanted.host[k]) continue;
    x87_to_top(wanted.host[k]);
    fxch(Fpu(static_cast<int>(k)));
    std::swap(x87_.host[0], x87_.host[k]);
  }
  return x87_.host[0] == wanted.host[0];
}

// --- one instruction --------------------------------------------------------------------------------------

void Translator::x87() {
  const Insn& i = *insn_;
  const X87Form form = lifted_[index_].x87;
  const unsigned st_i = i.modrm & 7u, reg = i.modrm >> 3 & 7u;
  busy_.fill(false);
  spoil_flags();

  // Of the stack as it is at the instruction's start.
  auto physical = [&](unsigned n) { return (x87_.top + n) & 7u; };
  auto bit = [&](unsigned n) { return static_cast<uint8_t>(1u << physical(n)); };
  const bool control =
      form.kind == Kind::StatusToAx || form.kind == Kind::StoreControl || form.kind == Kind::Wait;
  if (!control) x87_open();
  switch (form.kind) {
    case Kind::Arith:
    case Kind::ArithTo:
    case Kind::CompareToFlags:
    case Kind::ConditionalMove:
    case Kind::Exchange: x87_need(bit(0) | bit(st_i), 0); break;
    case Kind::Compare:
    case Kind::CompareNan: x87_need(bit(0) | bit(form.pops == 2 ? 1 : st_i), 0); break;
    case Kind::ArithMemory:
    case Kind::CompareMemory:
    case Kind::Store:
    case Kind::StoreAndPop:
    case Kind::CopyTo:
    case Kind::Sign:
    case Kind::Test:
    case Kind::Examine:
    case Kind::Root: x87_need(bit(0), 0); break;
    case Kind::Scale:
    case Kind::Remainder: x87_need(bit(0) | bit(1), 0); break;
    case Kind::Extract: x87_need(bit(0), bit(7)); break;
    case Kind::Copy: x87_need(bit(st_i), bit(7)); break;
    case Kind::Load:
    case Kind::Constant: x87_need(0, bit(7)); break;
    default: break;
  }
  int at = -1;
  if (i.mem) {
    at = operand_pointer(form.bytes, form.stores()).getIdx();
  }
  // With ModRM for a memory operand at `at`.
  auto emit_memory = [&](unsigned opcode, unsigned extension) {
    db(static_cast<int>(opcode));
    db(static_cast<int>(extension << 3 | static_cast<unsigned>(at)));
  };
  auto emit_register = [&](unsigned opcode, unsigned extension, int k) {
    db(static_cast<int>(opcode));
    db(static_cast<int>(0xC0u | extension << 3 | static_cast<unsigned>(k)));
  };
  auto both = [&](unsigned n) {
    x87_load(physical(n));
    x87_to_top(physical(0));
    return x87_at(physical(n));
  };
  auto changed = [&](unsigned p) { x87_.dirty |= static_cast<uint8_t>(1u << p); };
  auto rounded = [&] {
    x87_.c1 = C1::Host;
    x87_.raised = true;
  };
  // The host's status in EAX has them.
  auto set_conditions = [&](uint16_t conditions) {
    mov(cx, word[rbp + layout_.sw]);
    and_(eax, x87sw::kExceptions | conditions);
    and_(ecx, static_cast<uint16_t>(~conditions));
    or_(eax, ecx);
    mov(word[rbp + layout_.sw], ax);
    x87_.c1 = C1::Memory;
    x87_.raised = false;
  };
  auto compared = [&] {
    fnstsw(ax);
    set_conditions(x87sw::kConditions);
  };

  const unsigned p0 = physical(0);
  switch (form.kind) {
    case Kind::Arith:
      emit_register(0xD8, reg, both(st_i));
      changed(p0);
      rounded();
      break;
    case Kind::ArithTo:
      emit_register(0xDC, reg, both(st_i));
      changed(physical(st_i));
      rounded();
      break;
    case Kind::ArithMemory:
      x87_to_top(p0);
      emit_memory(i.opcode, reg);
      changed(p0);
      rounded();
      break;
    case Kind::Compare:
      emit_register(0xD8, 2, both(form.pops == 2 ? 1 : st_i));
      compared();
      break;
    case Kind::CompareNan:
      emit_register(0xDD, 4, both(form.pops == 2 ? 1 : st_i));
      compared();
      break;
    case Kind::CompareMemory:
      x87_to_top(p0);
      emit_memory(i.opcode, 2);
      compared();
      break;
    case Kind::Test:
      x87_to_top(p0);
      ftst();
      compared();
      break;
    case Kind::CompareToFlags: {
      if (x87_.c1 == C1::Host) x87_settle_status(x87_);
      const int k = both(st_i);
      emit_register(0xDB, reg, k);
      x87_.raised = true;
      x87_.has_ip = true;
      x87_.ip = i.ip;
      for (unsigned n = 0; n < form.pops; ++n) x87_pop();
      if (x87_last()) {
        // Once more, for the flags: what stores the rest of the state changes them.
        x87_settle(x87_);
        emit_register(0xDB, reg, k);
        x87_store(x87_);
        x87_.known = false;
      }
      made_flags(kOSZAPC);
      return;
    }
    case Kind::Load: {
      const unsigned p = physical(7);
      x87_forget(p);
      emit_memory(i.opcode, reg);
      x87_push(p);
      x87_fill(p);
      changed(p);
      x87_.top = static_cast<uint8_t>(p);
      x87_.c1 = C1::Zero;
      x87_.raised = x87_.raised || form.bytes != 10;
      break;
    }
    case Kind::Constant: {
      const unsigned p = physical(7);
      x87_forget(p);
      db(0xD9);
      db(i.modrm);
      x87_push(p);
      x87_fill(p);
      changed(p);
      x87_.top = static_cast<uint8_t>(p);
      x87_.c1 = C1::Zero;
      break;
    }
    case Kind::Copy: {
      const unsigned p = physical(7), from = physical(st_i);
      x87_load(from);
      x87_forget(p);
      fld(Fpu(x87_at(from)));
      x87_push(p);
      x87_fill(p);
      changed(p);
      x87_.top = static_cast<uint8_t>(p);
      x87_.c1 = C1::Zero;
      break;
    }
    case Kind::Store:
      x87_to_top(p0);
      emit_memory(i.opcode, 2);
      rounded();
      break;
    case Kind::StoreAndPop:
      // These have no form that keeps the register.
      x87_to_top(p0);
      x87_make_room();
      x87_to_top(p0);
      fld(Fpu(0));
      emit_memory(i.opcode, reg);
      if (form.bytes == 10) {
        x87_.c1 = C1::Zero;
      } else {
        rounded();
      }
      break;
    case Kind::CopyTo: {
      const unsigned to = physical(st_i);
      if (to != p0) {
        x87_to_top(p0);
        if (x87_at(to) >= 0) {
          fst(Fpu(x87_at(to)));
        } else {
          fld(Fpu(0));
          x87_push(to);
        }
        changed(to);
        x87_fill(to);
      }
      x87_.c1 = C1::Zero;
      break;
    }
    case Kind::Exchange:
      if (st_i != 0) {
        const int k = both(st_i);
        std::swap(x87_.host[0], x87_.host[static_cast<size_t>(k)]);
        changed(p0);
        changed(physical(st_i));
      }
      x87_.c1 = C1::Zero;
      break;
    case Kind::Free: {
      const uint8_t mine = bit(st_i);
      x87_.full &= static_cast<uint8_t>(~mine);
      x87_.empty |= mine;
      x87_.tag_changed |= mine;
      x87_.c1 = C1::Zero;
      break;
    }
    case Kind::Sign:
      x87_to_top(p0);
      db(0xD9);
      db(i.modrm);
      changed(p0);
      x87_.c1 = C1::Zero;
      break;
    case Kind::Root:
      x87_to_top(p0);
      db(0xD9);
      db(i.modrm);
      changed(p0);
      rounded();
      break;
    case Kind::Scale:
      x87_first_two();
      fscale();
      changed(p0);
      rounded();
      break;
    case Kind::Remainder: {
      // Where the result is a NaN C3 and C0 stay, and C2 is 0.
      Label number, done;
      x87_first_two();
      db(0xD9);
      db(i.modrm);
      changed(p0);
      fnstsw(ax);
      mov(edx, eax);
      fxam();
      fnstsw(ax);
      and_(eax, x87sw::kC0 | x87sw::kC2 | x87sw::kC3);
      cmp(eax, +x87sw::kC0);
      mov(eax, edx);
      jne(number);
      and_(eax, ~uint32_t{x87sw::kC2});
      set_conditions(x87sw::kC1 | x87sw::kC2);
      jmp(done);
      L(number);
      set_conditions(x87sw::kConditions);
      L(done);
      break;
    }
    case Kind::Extract: {
      const unsigned p = physical(7);
      x87_forget(p);
      x87_to_top(p0);
      fxtract();
      x87_push(p);
      x87_fill(p);
      changed(p0);
      changed(p);
      x87_.top = static_cast<uint8_t>(p);
      x87_.c1 = C1::Zero;
      x87_.raised = true;
      break;
    }
    case Kind::Examine:
      x87_to_top(p0);
      fxam();
      compared();
      break;
    case Kind::ConditionalMove: {
      // What FXCH and the move do to the host's C1 is not the guest's.
      if (x87_.c1 == C1::Host) x87_settle_status(x87_);
      const int k = both(st_i);
      if (flags_ == Flags::Recipe) flush_flags();
      want_host_flags();
      emit_register(i.opcode, reg, k);
      changed(p0);
      break;
    }
    case Kind::Increment:
      x87_.top = static_cast<uint8_t>(physical(1));
      x87_.c1 = C1::Zero;
      break;
    case Kind::Decrement:
      x87_.top = static_cast<uint8_t>(physical(7));
      x87_.c1 = C1::Zero;
      break;
    case Kind::Wait:
      if (x87_.known) break;
      test(byte[rbp + layout_.sw], x87sw::kES);
      jnz(*slow_);
      break;
    case Kind::StatusToAx:
      if (x87_.known) {
        x87_settle_status(x87_);
        mov(ax, word[rbp + layout_.sw]);
        or_(eax, x87_.top << x87sw::kTopShift);
      } else {
        movzx(eax, byte[rbp + layout_.top]);
        shl(eax, x87sw::kTopShift);
        or_(ax, word[rbp + layout_.sw]);
      }
      mov(Reg16(kHostOf[0]), ax);
      break;
    case Kind::StoreControl: {
      const Reg64 to(at), value(at == 0 ? 1 : 0);
      mov(value.cvt16(), word[rbp + layout_.cw]);
      mov(word[to], value.cvt16());
      break;
    }
    case Kind::LoadControl: {
      x87_settle_status(x87_);
      movzx(ecx, word[Reg64(at)]);
      and_(ecx, x87cw::kWritable);
      or_(ecx, x87cw::kAlwaysSet);
      mov(edx, ecx);
      x87_select(ecx);
      mov(word[rbp + layout_.cw], dx);
      break;
    }
    default: throw Refused{};
  }
  for (unsigned n = 0; n < form.pops; ++n) x87_pop();
  if (!control && form.kind != Kind::LoadControl) {
    x87_.has_ip = true;
    x87_.ip = i.ip;
  }
  if (x87_last()) {
    x87_flush(x87_);
    x87_.known = false;
  }
  spoil_flags();
}

}  // namespace ilse::cpu::jit
