// Shifts and rotates, multiplication and division.
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

void Translator::shift(Ref r) {
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
  // What the shift may keep has to be there.
  std::optional<Step> step;
  bool deferred = false;
  if (through_carry || (variable && live_ != 0)) {
    want_host_flags();
  } else if (rotates && live_ != 0) {
    if (dest && guest_register(m.a) == dest) {
      step = Step{.kind = left ? Step::Kind::Rol : Step::Kind::Ror,
                  .width = static_cast<uint8_t>(width),
                  .d = *dest,
                  .in_place = true,
                  .imm = count.imm,
                  .made_at = index_};
    }
    deferred = defer(mask, step);
  }
  if (variable) {
    if (busy_[rcx.getIdx()] && !(count.kind == Value::Kind::Host && count.reg == rcx.getIdx()))
      throw Refused{};
    move(rcx, m.b, 1);
  }
  auto emit_on = [&](const Xbyak::Operand& d) {
    const int n = static_cast<int>(count.imm & 0xFF);
    switch (m.op) {
      case Op::Shl: variable ? shl(d, cl) : shl(d, n); break;
      case Op::Shr: variable ? shr(d, cl) : shr(d, n); break;
      case Op::Sar: variable ? sar(d, cl) : sar(d, n); break;
      case Op::Rol:
      case Op::RolKeepOf: variable ? rol(d, cl) : rol(d, n); break;
      case Op::Ror:
      case Op::RorKeepOf: variable ? ror(d, cl) : ror(d, n); break;
      case Op::Rcl: variable ? rcl(d, cl) : rcl(d, n); break;
      default: variable ? rcr(d, cl) : rcr(d, n); break;
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
  made_flags(mask, step, deferred);
}

void Translator::double_shift(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const Value count = values_[m.c];
  const bool variable = count.kind != Value::Kind::Imm;
  const uint32_t mask = flags_of(r);
  if (variable && live_ != 0) want_host_flags();
  if (variable) move(rcx, m.c, 1);
  busy_[rcx.getIdx()] = true;
  Reg64 d = alloc();
  move(d, m.a, width);
  Reg64 s = reg_for(m.b, lazy_temp(m.b, d.getIdx()));
  if (m.op == Op::Shld) {
    if (variable) {
      shld(view(d, width), view(s, width), cl);
    } else {
      shld(view(d, width), view(s, width), static_cast<uint8_t>(count.imm));
    }
  } else if (variable) {
    shrd(view(d, width), view(s, width), cl);
  } else {
    shrd(view(d, width), view(s, width), static_cast<uint8_t>(count.imm));
  }
  busy_[rcx.getIdx()] = false;
  use(m.a);
  use(m.b);
  use(m.c);
  finish(r, d, false);
  made_flags(mask);
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
      finish(r, d, dest.has_value());
    }
  } else {
    if (second == kNoRef) throw Refused{};
    const Value& b = values_[m.b];
    if (busy_[0] || b.kind == Value::Kind::Imm) throw Refused{};
    Reg64 s = b.kind == Value::Kind::Host ? Reg64(b.reg) : reg_for(m.b, rcx);
    if (s.getIdx() == 0 || s.getIdx() == 2) throw Refused{};
    move(rax, m.a, width);
    if (m.op == Op::Mul) {
      mul(view(s, width));
    } else {
      imul(view(s, width));
    }
    use(m.a);
    use(m.b);
    place_pair(r, second, width);
  }
  made_flags(mask);
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

// A divisor that could fault is left to the interpreter: zero, a quotient that may not fit.
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
  if (m.op == Op::Div) {
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
    } else {
      cdq();
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
  use(m.b);
  use(m.c);
  place_pair(r, second, width);
  spoil_flags();
}

}  // namespace ilse::cpu::jit
