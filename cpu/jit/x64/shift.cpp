// Shifts and rotates, multiplication and division.
#include "cpu/jit/x64/host.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

constexpr uint32_t kProduct = kSF | kZF | kAF | kPF;

}  // namespace

void Translator::shift(Ref r) {
  if (shift_without_flags(r)) return;
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const Value count = values_[m.b];
  const bool variable = count.kind != Value::Kind::Imm;
  const bool through_carry = m.op == Op::Rcl || m.op == Op::Rcr;
  const bool rotates = m.op >= Op::Rol && m.op <= Op::Rcr;
  const bool left = m.op == Op::Rol || m.op == Op::RolKeepOf;
  const uint32_t mask = flags_of(r);
  auto dest = values_[m.a].kind == Value::Kind::Stored ? std::nullopt
              : width >= 4                             ? destination(r)
                                                       : in_place_narrow(r, m.a);
  const auto n = static_cast<int>(count.imm & (width == 8 ? 63 : 31));
  const bool keeps_of = n != 1 && (m.op == Op::RolKeepOf || m.op == Op::RorKeepOf);
  // Of any other count than 1 the makers' processors have OF of their own; the guest's is that of a shift
  // by 1.
  const bool by_one_first = n != 1 && !keeps_of && m.op != Op::Sar && (live_ & mask & kOF) != 0;
  // Once round through the carry keeps the flags.
  if (through_carry && width < 4 && (variable || n % static_cast<int>(8 * width + 1) == 0)) throw Refused{};
  if (variable && (live_ & (kOF | kAF)) != 0) {
    shift_by_cl(r, dest);
    return;
  }
  // What the shift may keep has to be there.
  std::optional<Step> step;
  bool deferred = false;
  if (through_carry || (variable && live_ != 0)) {
    want_host_flags();
  } else if (rotates && live_ != 0) {
    if (dest && guest_register(m.a) == dest && !by_one_first) {
      step = Step{.kind = left ? Step::Kind::Rol : Step::Kind::Ror,
                  .width = static_cast<uint8_t>(width),
                  .d = *dest,
                  .in_place = true,
                  .imm = static_cast<uint64_t>(n),
                  .made_at = index_};
    }
    deferred = defer(mask, step);
    if (!deferred && keeps_of) {
      want_host_flags();
      keep_of();
    }
  }
  if (variable) {
    if (busy_[rcx.getIdx()] && !(count.kind == Value::Kind::Host && count.reg == rcx.getIdx()))
      throw Refused{};
    move(rcx, m.b, 1);
  }
  auto emit_on = [&](const Xbyak::Operand& d) {
    if (variable) {
      shift_operand(m.op, d, -1);
    } else if (by_one_first) {
      shift_operand(m.op, d, 1);
      seto(ptr[rbp + layout_.flags]);
      shift_operand(m.op, d, n - 1);
    } else {
      shift_operand(m.op, d, n);
    }
  };
  if (values_[m.a].kind == Value::Kind::Stored) {
    Reg64 p(pointer_);
    if (variable && pointer_ == rcx.getIdx()) throw Refused{};
    emit_on(width == 8 ? qword[p] : width == 4 ? dword[p] : width == 2 ? word[p] : byte[p]);
    values_[r].kind = Value::Kind::Stored;
    use(m.a);
    use(m.b);
  } else {
    // A count in the register that is shifted is in RCX by now.
    const bool same = dest && guest_register(m.a) == dest;
    if (variable) busy_[rcx.getIdx()] = true;
    Reg64 d = dest ? Reg64(*dest) : alloc();
    if (!same) move(d, m.a, width);
    emit_on(view(d, width));
    if (variable) busy_[rcx.getIdx()] = false;
    use(m.a);
    use(m.b);
    finish(r, d, dest.has_value());
  }
  const bool kept = keeps_of && of_in_memory_;
  made_flags(mask, step, deferred);
  if (deferred || live_ == 0) return;
  of_in_memory_ = by_one_first || kept;
  if (!rotates) zero_ = kAF;
}

void Translator::shift_operand(Op op, const Xbyak::Operand& d, int n) {
  const bool by_cl = n < 0;
  switch (op) {
    case Op::Shl: by_cl ? shl(d, cl) : shl(d, n); break;
    case Op::Shr: by_cl ? shr(d, cl) : shr(d, n); break;
    case Op::Sar: by_cl ? sar(d, cl) : sar(d, n); break;
    case Op::Rol:
    case Op::RolKeepOf: by_cl ? rol(d, cl) : rol(d, n); break;
    case Op::Ror:
    case Op::RorKeepOf: by_cl ? ror(d, cl) : ror(d, n); break;
    case Op::Rcl: by_cl ? rcl(d, cl) : rcl(d, n); break;
    default: by_cl ? rcr(d, cl) : rcr(d, n); break;
  }
}

// By CL, with flags that are wanted: they go to memory, unless the count is 0.
void Translator::shift_by_cl(Ref r, std::optional<uint8_t> dest) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const Value count = values_[m.b];
  const bool rotates = m.op >= Op::Rol && m.op <= Op::Rcr;
  const bool through_carry = m.op == Op::Rcl || m.op == Op::Rcr;
  const bool stored = values_[m.a].kind == Value::Kind::Stored;
  if (busy_[rcx.getIdx()] && !(count.kind == Value::Kind::Host && count.reg == rcx.getIdx())) throw Refused{};
  if (busy_[rax.getIdx()] || (stored && pointer_ == rcx.getIdx())) throw Refused{};
  if (flags_ == Flags::Host || flags_ == Flags::Recipe) flush_flags();
  if (rotates) want_host_flags();  // what it keeps
  move(rcx, m.b, 1);
  busy_[rcx.getIdx()] = busy_[rax.getIdx()] = true;
  Reg64 d = stored ? Reg64(pointer_) : dest ? Reg64(*dest) : alloc();
  const bool same = !stored && dest && guest_register(m.a) == dest;
  if (!stored && !same) move(d, m.a, width);
  const Address at = width == 8 ? qword[d] : width == 4 ? dword[d] : width == 2 ? word[d] : byte[d];
  const Reg in_register = view(d, width);
  const Xbyak::Operand& place = stored ? static_cast<const Xbyak::Operand&>(at) : in_register;
  if (m.op == Op::Sar) {
    mov(byte[rbp + layout_.spill], 0);
  } else {
    mov(view(rax, width), place);
    shift_operand(m.op, view(rax, width), 1);
    seto(ptr[rbp + layout_.spill]);
    if (through_carry) bt(word[rbp + layout_.flags], 8);
  }
  shift_operand(m.op, place, -1);
  lahf();
  if (!rotates) and_(ah, static_cast<uint32_t>(~kAF & 0xFF));
  mov(al, ptr[rbp + layout_.spill]);
  Label none;
  test(cl, width == 8 ? 63 : 31);
  jz(none);
  mov(ptr[rbp + layout_.flags], ax);
  L(none);
  busy_[rcx.getIdx()] = busy_[rax.getIdx()] = false;
  use(m.a);
  use(m.b);
  if (stored) {
    values_[r].kind = Value::Kind::Stored;
  } else {
    finish(r, d, dest.has_value());
  }
  in_memory();
  forget_steps();
}

void Translator::double_shift(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const Value count = values_[m.c];
  const bool variable = count.kind != Value::Kind::Imm;
  const auto n = static_cast<uint8_t>(count.imm & (width == 8 ? 63 : 31));
  const uint32_t mask = flags_of(r);
  const bool left = m.op == Op::Shld;
  if (variable && (live_ & (kOF | kAF)) != 0) throw Refused{};
  if (variable && live_ != 0) want_host_flags();
  const bool taken = busy_[rcx.getIdx()];
  if (taken && variable) throw Refused{};
  if (variable) move(rcx, m.c, 1);
  busy_[rcx.getIdx()] = true;
  Reg64 d = alloc();
  move(d, m.a, width);
  Reg64 s = reg_for(m.b, lazy_temp(m.b, d.getIdx()));
  const bool by_one_first = !variable && n != 1 && (live_ & mask & kOF) != 0;
  if (by_one_first) {
    if (taken) mov(ptr[rbp + layout_.spill], rcx);
    mov(rcx, d);
    left ? shld(view(rcx, width), view(s, width), 1) : shrd(view(rcx, width), view(s, width), 1);
    seto(ptr[rbp + layout_.flags]);
    if (taken) mov(rcx, ptr[rbp + layout_.spill]);
  }
  if (variable) {
    left ? shld(view(d, width), view(s, width), cl) : shrd(view(d, width), view(s, width), cl);
  } else {
    left ? shld(view(d, width), view(s, width), n) : shrd(view(d, width), view(s, width), n);
  }
  busy_[rcx.getIdx()] = taken;
  use(m.a);
  use(m.b);
  use(m.c);
  finish(r, d, false);
  made_flags(mask);
  if (live_ == 0) return;
  of_in_memory_ = by_one_first;
  zero_ = kAF;
}

void Translator::multiply(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const uint32_t mask = flags_of(r);
  Ref second = kNoRef;
  for (Ref x = 0; x < list_->size(); ++x) {
    if ((*list_)[x].op == Op::Second && (*list_)[x].a == r) second = x;
  }
  const bool both = second != kNoRef && uses_[second] != 0;
  if (!both && m.op == Op::Imul && width > 1) {
    if (second != kNoRef) use(r);
    auto dest = width >= 4 ? destination(r) : std::nullopt;
    const Value& b = values_[m.b];
    const Value& a = values_[m.a];
    if (b.kind == Value::Kind::Imm) {
      Reg64 s = reg_for(m.a, lazy_temp(m.a));
      use(m.a);
      Reg64 d = dest ? Reg64(*dest) : alloc();
      imul(view(d, width), view(s, width), static_cast<int>(b.imm));
      use(m.b);
      settle_product(d, width, mask, false);
      finish(r, d, dest.has_value());
    } else {
      const bool same_a = dest && a.kind == Value::Kind::Guest && kHostOf[a.reg] == *dest;
      const bool same_b = dest && b.kind == Value::Kind::Guest && kHostOf[b.reg] == *dest;
      if (same_b && !same_a) dest.reset();
      Reg64 d = dest ? Reg64(*dest) : alloc();
      if (!(same_a && dest)) move(d, m.a, width);
      Reg64 s = reg_for(m.b, lazy_temp(m.b, d.getIdx()));
      imul(view(d, width), view(s, width));
      use(m.a);
      use(m.b);
      settle_product(d, width, mask, false);
      finish(r, d, dest.has_value());
    }
  } else {
    if (second == kNoRef) throw Refused{};
    const Value& b = values_[m.b];
    if (busy_[0] || b.kind == Value::Kind::Imm) throw Refused{};
    Reg64 s = b.kind == Value::Kind::Host ? Reg64(b.reg) : reg_for(m.b, rcx);
    if (s.getIdx() == 0 || s.getIdx() == 2) throw Refused{};
    if (mask == 0) {
      // MULX
      if (busy_[2] || m.op != Op::Mul || width < 4 || !host_has(Feature::Bmi2)) throw Refused{};
      move(rdx, m.a, width);
      mulx(Reg32e(rdx.getIdx(), static_cast<int>(8 * width)),
           Reg32e(rax.getIdx(), static_cast<int>(8 * width)), view(s, width));
      use(m.a);
      use(m.b);
      place_pair(r, second, width);
      return;
    }
    move(rax, m.a, width);
    if (m.op == Op::Mul) {
      mul(view(s, width));
    } else {
      imul(view(s, width));
    }
    use(m.a);
    use(m.b);
    settle_product(rax, width, mask, true);
    place_pair(r, second, width);
  }
  if ((live_ & mask & kProduct) == 0) made_flags(mask);
}

// SF, ZF, AF and PF of a product are the makers' own; the guest's go to memory.
void Translator::settle_product(Reg64 low, unsigned width, uint32_t mask, bool pair) {
  if ((live_ & mask & kProduct) == 0) return;
  Reg64 t = low;
  for (uint8_t x : {0, 2, 1}) {
    const bool taken = busy_[x] || x == low.getIdx() || (pair && x == rdx.getIdx());
    if (!taken) t = Reg64(x);
  }
  if (t.getIdx() == low.getIdx()) throw Refused{};
  seto(ptr[rbp + layout_.flags]);
  test(view(low, width), view(low, width));
  setp(ptr[rbp + layout_.flags + 1]);
  sets(t.cvt8());
  // SF to bit 7, PF to bit 2, CF, which is OF, to bit 0.
  shl(t.cvt8(), 5);
  or_(t.cvt8(), ptr[rbp + layout_.flags + 1]);
  shl(t.cvt8(), 2);
  or_(t.cvt8(), ptr[rbp + layout_.flags]);
  lea(t.cvt32(), ptr[t + 2]);  // bit 1, as in what LAHF gives
  mov(ptr[rbp + layout_.flags + 1], t.cvt8());
  in_memory();
  forget_steps();
}

// The results in rAX and rDX; of one byte in AL and AH.
void Translator::place_pair(Ref first, Ref second, unsigned width) {
  set_host(first, rax, false);
  busy_[0] = true;
  if (width > 1) {
    set_host(second, rdx, false);
    busy_[2] = uses_[second] != 0;
  }
}

// A divisor that could fault is left to the interpreter: zero, a quotient that may not fit. Of one byte the
// dividend is in AX, and quotient and remainder are together there.
void Translator::divide(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  Ref second = kNoRef;
  for (Ref x = 0; x < list_->size(); ++x) {
    if ((*list_)[x].op == Op::Second && (*list_)[x].a == r) second = x;
  }
  const Value& d = values_[m.c];
  if (busy_[0] || busy_[2] || d.kind == Value::Kind::Imm || second == kNoRef) throw Refused{};
  Reg64 s = d.kind == Value::Kind::Host ? Reg64(d.reg) : reg_for(m.c, rcx);
  Reg divisor = view(s, width);
  if (width == 1 && m.op == Op::Div) {
    move(rax, m.a, 2);
    mov(edx, eax);
    shr(edx, 8);
    cmp(dl, divisor);
    jae(*slow_);
    div(divisor);
  } else if (width == 1) {
    lea(rax, ptr[s + 1]);
    cmp(al, 1);
    jbe(*slow_);
    move(rax, m.a, 2);
    movsx(edx, al);
    cmp(dx, ax);
    jne(*slow_);
    idiv(divisor);
  } else if (m.op == Op::Div) {
    move(rdx, m.b, width);
    cmp(view(rdx, width), divisor);
    jae(*slow_);
    move(rax, m.a, width);
    div(divisor);
  } else {
    // Divisors 0 and -1, and dividends of more than one word.
    lea(rax, ptr[s + 1]);
    cmp(view(rax, width), 1);
    jbe(*slow_);
    move(rax, m.a, width);
    if (width == 8) {
      cqo();
    } else if (width == 4) {
      cdq();
    } else {
      cwd();
    }
    const Value& high = values_[m.b];
    if (high.kind == Value::Kind::Guest && kHostOf[high.reg] != kInMemory) {
      cmp(view(rdx, width), view(Reg64(kHostOf[high.reg]), width));
    } else if (high.kind == Value::Kind::Guest) {
      cmp(view(rdx, width), guest(high.reg));
    } else {
      throw Refused{};
    }
    jne(*slow_);
    idiv(divisor);
  }
  use(m.a);
  if (m.b != kNoRef) use(m.b);
  use(m.c);
  place_pair(r, second, width);
  spoil_flags();
}

}  // namespace ilse::cpu::jit
