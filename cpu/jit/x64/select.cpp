// Host instructions for the operations of one list. An operation whose status flags are wanted is the host's
// instruction of the same name and width, so that its flags are right by themselves, also where the manual
// leaves them undefined.
#include <algorithm>

#include "cpu/isa/row.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

constexpr unsigned kConditionZ = 4;

bool fits32(uint64_t v) { return static_cast<int64_t>(v) == static_cast<int32_t>(v); }

bool commutes(Op op) {
  return op == Op::Add || op == Op::And || op == Op::Or || op == Op::Xor || op == Op::Adc;
}

}  // namespace

void Translator::set_condition(unsigned code, Reg8 d) {
  switch (code) {
    case 0: seto(d); break;
    case 1: setno(d); break;
    case 2: setb(d); break;
    case 3: setae(d); break;
    case 4: sete(d); break;
    case 5: setne(d); break;
    case 6: setbe(d); break;
    case 7: seta(d); break;
    case 8: sets(d); break;
    case 9: setns(d); break;
    case 10: setp(d); break;
    case 11: setnp(d); break;
    case 12: setl(d); break;
    case 13: setge(d); break;
    case 14: setle(d); break;
    default: setg(d); break;
  }
}

void Translator::move_if(unsigned code, const Reg& d, const Xbyak::Operand& s) {
  switch (code) {
    case 0: cmovo(d, s); break;
    case 1: cmovno(d, s); break;
    case 2: cmovb(d, s); break;
    case 3: cmovae(d, s); break;
    case 4: cmove(d, s); break;
    case 5: cmovne(d, s); break;
    case 6: cmovbe(d, s); break;
    case 7: cmova(d, s); break;
    case 8: cmovs(d, s); break;
    case 9: cmovns(d, s); break;
    case 10: cmovp(d, s); break;
    case 11: cmovnp(d, s); break;
    case 12: cmovl(d, s); break;
    case 13: cmovge(d, s); break;
    case 14: cmovle(d, s); break;
    default: cmovg(d, s); break;
  }
}

void Translator::jump_if(unsigned code, const Label& to) {
  switch (code) {
    case 0: jo(to, T_NEAR); break;
    case 1: jno(to, T_NEAR); break;
    case 2: jb(to, T_NEAR); break;
    case 3: jae(to, T_NEAR); break;
    case 4: je(to, T_NEAR); break;
    case 5: jne(to, T_NEAR); break;
    case 6: jbe(to, T_NEAR); break;
    case 7: ja(to, T_NEAR); break;
    case 8: js(to, T_NEAR); break;
    case 9: jns(to, T_NEAR); break;
    case 10: jp(to, T_NEAR); break;
    case 11: jnp(to, T_NEAR); break;
    case 12: jl(to, T_NEAR); break;
    case 13: jge(to, T_NEAR); break;
    case 14: jle(to, T_NEAR); break;
    default: jg(to, T_NEAR); break;
  }
}

void Translator::one(const Lifted& l) {
  list_ = &l.list;
  values_.assign(l.list.size(), {});
  uses_.assign(l.list.size(), 0);
  busy_.fill(false);
  uint32_t read = 0, written = 0;
  bool makes = false;
  for (const MicroOp& m : l.list) {
    read |= m.flags_read;
    written |= m.flags_written;
    makes = makes || (m.flags_written & live_) != 0;
    if (flag_only(m)) continue;
    for (Ref x : {m.a, m.b, m.c}) {
      if (x != kNoRef) ++uses_[x];
    }
  }
  // The flags so far go to memory where the way out of this instruction needs them, or where they outlive it
  // and it may spoil the host's.
  if (flags_ == Flags::Host) {
    const uint32_t needed = l.exits ? +kOSZAPC : (live_ & ~written) | read;
    if (needed == 0) {
      flags_ = Flags::Memory;
    } else if (l.exits || !makes) {
      flush_flags();
    }
  }
  for (Ref r = 0; r < l.list.size(); ++r) {
    if (can_fault(l.list[r]) && l.list[r].op != Op::CheckBranch) pin_conditions();
    emit(r);
  }
}

void Translator::emit(Ref r) {
  const MicroOp& m = (*list_)[r];
  Value& v = values_[r];
  v.width = static_cast<uint8_t>(width_of(m.width));
  switch (m.op) {
    case Op::Const:
      v.kind = Value::Kind::Imm;
      v.imm = m.imm;
      break;
    case Op::Imm:
      v.kind = Value::Kind::Imm;
      v.imm = insn_->imm;
      break;
    case Op::NextIp:
      v.kind = Value::Kind::NextIp;
      v.imm = insn_->ip + insn_->len;
      break;
    case Op::ReadReg: {
      const unsigned slot = slot_of(m);
      v.kind = Value::Kind::Guest;
      v.reg = static_cast<uint8_t>(slot / 8);
      v.high = (slot & 7) != 0;
      break;
    }
    case Op::WriteReg: write_reg(r); break;
    case Op::WriteRegUnless: write_reg_unless(r); break;
    case Op::Address:
    case Op::Moffs: address(r); break;
    case Op::BitUnit: bit_unit(r); break;
    case Op::Linear: linear(r); break;
    case Op::Load: load(r); break;
    case Op::LoadForWrite: load_for_write(r); break;
    case Op::Store: store(r); break;
    case Op::StoreBack: store_back(r); break;
    case Op::Add:
    case Op::Adc:
    case Op::Sub:
    case Op::Sbb:
    case Op::And:
    case Op::Or:
    case Op::Xor: arithmetic(r); break;
    case Op::Shl:
    case Op::Shr:
    case Op::Sar:
    case Op::Rol:
    case Op::Ror:
    case Op::RolKeepOf:
    case Op::RorKeepOf:
    case Op::Rcl:
    case Op::Rcr: shift(r); break;
    case Op::Shld:
    case Op::Shrd: double_shift(r); break;
    case Op::Mul:
    case Op::Imul: multiply(r); break;
    case Op::Div:
    case Op::Idiv: divide(r); break;
    case Op::TrailingZeros:
    case Op::TopBit: scan(r); break;
    case Op::Second: break;  // placed by its first
    case Op::Join:
      // AL and AH of a product or quotient are together in AX already.
      v = values_[m.a];
      v.width = 2;
      break;
    case Op::Not:
    case Op::ByteSwap:
    case Op::Zext:
    case Op::Sext:
    case Op::SignFill: extend(r); break;
    case Op::BitSet:
    case Op::BitReset:
    case Op::BitComplement:
    case Op::BitOf: bit(r); break;
    case Op::Select: select(r); break;
    case Op::IsZero:
    case Op::LogicNot:
    case Op::ReadCf:
    case Op::Condition: condition(r); break;
    case Op::SetFlags:
    case Op::SetFlagsIfCount: break;  // by the producer
    case Op::SetCf: set_cf(r); break;
    case Op::CheckTarget: check_target(r); break;
    case Op::CheckBranch:
      if (m.a != kNoRef && uses_[m.a] > 1) use(m.a);
      break;
    case Op::Branch:
    case Op::BranchIf: break;  // by the block
    case Op::Jump: jump(r); break;
    default: throw Refused{};
  }
}

// --- arithmetic ------------------------------------------------------------------------------------------

// op d, b. Immediates are those of the instruction set; larger ones go through a register.
void Translator::apply(Op op, const Xbyak::Operand& d, Ref b, unsigned width, int avoid) {
  const Value& v = values_[b];
  if (v.kind == Value::Kind::Imm && (width < 8 || fits32(v.imm))) {
    const auto imm = static_cast<uint32_t>(width == 1 ? v.imm & 0xFF : width == 2 ? v.imm & 0xFFFF : v.imm);
    switch (op) {
      case Op::Add: add(d, imm); break;
      case Op::Adc: adc(d, imm); break;
      case Op::Sub: sub(d, imm); break;
      case Op::Sbb: sbb(d, imm); break;
      case Op::And: and_(d, imm); break;
      case Op::Or: or_(d, imm); break;
      default: xor_(d, imm); break;
    }
    return;
  }
  Reg64 s = v.kind == Value::Kind::Host ? Reg64(v.reg) : reg_for(b, lazy_temp(b, avoid));
  Reg src = view(s, width);
  switch (op) {
    case Op::Add: add(d, src); break;
    case Op::Adc: adc(d, src); break;
    case Op::Sub: sub(d, src); break;
    case Op::Sbb: sbb(d, src); break;
    case Op::And: and_(d, src); break;
    case Op::Or: or_(d, src); break;
    default: xor_(d, src); break;
  }
}

// A register to load value `b` into, if it needs one.
Reg64 Translator::lazy_temp(Ref b, int avoid) const {
  const Value& v = values_[b];
  const bool in_place = v.kind == Value::Kind::Guest && !v.high && kHostOf[v.reg] != kInMemory;
  return in_place || v.kind == Value::Kind::Host ? Reg64(0) : spare(avoid);
}

// A load whose value only makes the new value of the same memory.
bool Translator::updates_in_place(Ref loaded) const {
  const auto& list = *list_;
  if (uses_[loaded] != 2) return false;
  for (Ref r = static_cast<Ref>(loaded + 1); r < list.size(); ++r) {
    const MicroOp& m = list[r];
    if (m.a != loaded && m.b != loaded) continue;
    const bool negates = m.op == Op::Sub && m.b == loaded && list[m.a].op == Op::Const;
    const bool shifts = m.op >= Op::Shl && m.op <= Op::RorKeepOf;
    const bool simple = m.op >= Op::Add && m.op <= Op::Xor && m.a == loaded;
    if (!negates && !(shifts && m.a == loaded) && !simple) return false;
    return uses_[r] == 1 && std::any_of(list.begin() + r, list.end(),
                                        [&](const MicroOp& s) { return s.op == Op::StoreBack && s.b == r; });
  }
  return false;
}

void Translator::arithmetic(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const uint32_t wanted = flags_of(r);
  const auto& list = *list_;
  const bool carry = m.op == Op::Adc || m.op == Op::Sbb;
  uint32_t mask = 0;
  bool zero_only = uses_[r] != 0;  // the value is only compared with 0, for which the flags will do
  for (const MicroOp& x : list) {
    if (flag_only(x) && x.a == r) {
      mask = x.flags_written;
    } else if ((x.a == r || x.b == r || x.c == r) && x.op != Op::IsZero) {
      zero_only = false;
    }
  }
  // INC and DEC keep CF, which then has to be the host's; Adc and Sbb read it.
  const bool keeps_cf = mask == kOSZAP;
  if (keeps_cf && (live_ & kCF) != 0) want_host_flags();
  if (carry && flags_ == Flags::Memory) bt(word[rbp + layout_.flags], 8);

  const Value& a = values_[m.a];
  if (a.kind == Value::Kind::Stored || (m.b != kNoRef && values_[m.b].kind == Value::Kind::Stored)) {
    Reg64 p(pointer_);
    Address at = width == 8 ? qword[p] : width == 4 ? dword[p] : width == 2 ? word[p] : byte[p];
    if (a.kind != Value::Kind::Stored) {
      neg(at);
    } else if (keeps_cf) {
      if (m.op == Op::Add) {
        inc(at);
      } else {
        dec(at);
      }
    } else {
      apply(m.op, at, m.b, width);
    }
    values_[r].kind = Value::Kind::Stored;
  } else if (uses_[r] == 0 || zero_only) {
    // CMP, TEST, CMPXCHG.
    Reg64 s = reg_for(m.a, lazy_temp(m.a));
    Reg d = view(s, width);
    const Value& b = values_[m.b];
    const bool temp = a.kind != Value::Kind::Host && !(a.kind == Value::Kind::Guest && s.getIdx() > 2);
    const int avoid = temp ? s.getIdx() : -1;
    if (b.kind == Value::Kind::Imm && (width < 8 || fits32(b.imm))) {
      const auto imm = static_cast<uint32_t>(width == 1 ? b.imm & 0xFF : width == 2 ? b.imm & 0xFFFF : b.imm);
      if (m.op == Op::And) {
        test(d, imm);
      } else {
        cmp(d, imm);
      }
    } else {
      Reg64 t = b.kind == Value::Kind::Host ? Reg64(b.reg) : reg_for(m.b, lazy_temp(m.b, avoid));
      if (m.op == Op::And) {
        test(d, view(t, width));
      } else {
        cmp(d, view(t, width));
      }
    }
    values_[r].kind = Value::Kind::Cond;
    values_[r].reg = kConditionZ;
  } else if (wanted == 0 && !carry && width >= 4 && lea_instead(r)) {
    use(m.a);
    use(m.b);
    return;
  } else {
    Ref x = m.a, y = m.b;
    const bool negates = m.op == Op::Sub && list[x].op == Op::Const && list[x].imm == 0;
    if (negates) std::swap(x, y);
    auto dest = width >= 4 ? destination(r) : in_place_narrow(r, x);
    auto is_dest = [&](Ref q) {
      return dest && values_[q].kind == Value::Kind::Guest && !values_[q].high &&
             kHostOf[values_[q].reg] == *dest;
    };
    if (is_dest(y) && !is_dest(x) && !negates) {
      if (commutes(m.op)) {
        std::swap(x, y);
      } else {
        dest.reset();
      }
    }
    Reg64 d = dest ? Reg64(*dest)
              : values_[x].kind == Value::Kind::Host && uses_[x] == 1 && !values_[x].high
                  ? Reg64(values_[x].reg)
                  : alloc();
    if (!(is_dest(x) && dest)) move(d, x, width);
    if (negates) {
      neg(view(d, width));
    } else if (keeps_cf && m.op == Op::Add) {
      inc(view(d, width));
    } else if (keeps_cf) {
      dec(view(d, width));
    } else {
      apply(m.op, view(d, width), y, width, d.getIdx());
    }
    use(m.a);
    use(m.b);
    finish(r, d, dest.has_value());
    flags_ = wanted != 0 ? Flags::Host : Flags::Memory;
    return;
  }
  use(m.a);
  use(m.b);
  flags_ = wanted != 0 ? Flags::Host : Flags::Memory;
}

// The host register for a narrow result that goes back to where its first operand came from.
std::optional<uint8_t> Translator::in_place_narrow(Ref r, Ref a) const {
  const Value& v = values_[a];
  if (uses_[r] != 1 || v.kind != Value::Kind::Guest || v.high || kHostOf[v.reg] == kInMemory)
    return std::nullopt;
  if (uses_[a] != 1) return std::nullopt;
  for (size_t j = r + 1u; j < list_->size(); ++j) {
    const MicroOp& m = (*list_)[j];
    if (can_fault(m)) return std::nullopt;
    if (flag_only(m)) continue;
    const bool reads = m.op == Op::ReadReg && slot_of(m) / 8 == v.reg;
    if (reads || is_store(m)) return std::nullopt;
    if (m.op == Op::WriteReg) {
      if (m.a == r && slot_of(m) == v.reg * 8u && width_of(m.width) == width_of((*list_)[r].width))
        return kHostOf[v.reg];
      return std::nullopt;
    }
  }
  return std::nullopt;
}

// Add and Sub whose flags nobody wants.
bool Translator::lea_instead(Ref r) {
  const MicroOp& m = (*list_)[r];
  if (m.op != Op::Add && m.op != Op::Sub) return false;
  const unsigned width = width_of(m.width);
  const Value& b = values_[m.b];
  const bool imm = b.kind == Value::Kind::Imm;
  if (m.op == Op::Sub && !imm) return false;
  const int64_t value = m.op == Op::Sub ? -static_cast<int64_t>(b.imm) : static_cast<int64_t>(b.imm);
  if (imm && value != static_cast<int32_t>(value)) return false;
  if (values_[m.a].kind == Value::Kind::Imm) return false;
  Reg64 s = reg_for(m.a, lazy_temp(m.a));
  const int held = values_[m.a].kind != Value::Kind::Host && s.getIdx() <= 2 ? s.getIdx() : -1;
  RegExp e(s);
  if (imm) {
    e = e + static_cast<size_t>(value);
  } else {
    e = e + reg_for(m.b, lazy_temp(m.b, held)) * 1;
  }
  auto dest = destination(r);
  Reg64 d = dest ? Reg64(*dest) : alloc();
  if (width == 8) {
    lea(d, ptr[e]);
  } else {
    lea(d.cvt32(), ptr[e]);
  }
  finish(r, d, dest.has_value());
  values_[r].extended = true;
  return true;
}

// --- shifts ----------------------------------------------------------------------------------------------

void Translator::shift(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const Value count = values_[m.b];
  const bool variable = count.kind != Value::Kind::Imm;
  const bool through_carry = m.op == Op::Rcl || m.op == Op::Rcr;
  const bool rotates = m.op >= Op::Rol && m.op <= Op::Rcr;
  const uint32_t wanted = flags_of(r);
  // What the shift may keep has to be there.
  if (((variable || rotates) && live_ != 0) || through_carry) want_host_flags();
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
    auto dest = width >= 4 ? destination(r) : in_place_narrow(r, m.a);
    // A count in the register that is shifted is in RCX by now.
    const Value& a = values_[m.a];
    const bool same = dest && a.kind == Value::Kind::Guest && !a.high && kHostOf[a.reg] == *dest;
    if (variable) busy_[rcx.getIdx()] = true;
    Reg64 d = dest ? Reg64(*dest) : alloc();
    if (!same) move(d, m.a, width);
    emit_on(view(d, width));
    if (variable) busy_[rcx.getIdx()] = false;
    use(m.a);
    use(m.b);
    finish(r, d, dest.has_value());
  }
  flags_ = wanted != 0 ? Flags::Host : Flags::Memory;
}

void Translator::double_shift(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const Value count = values_[m.c];
  const bool variable = count.kind != Value::Kind::Imm;
  const uint32_t wanted = flags_of(r);
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
  flags_ = wanted != 0 ? Flags::Host : Flags::Memory;
}

// --- multiplication and division -------------------------------------------------------------------------

void Translator::multiply(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const uint32_t wanted = flags_of(r);
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
  flags_ = wanted != 0 ? Flags::Host : Flags::Memory;
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
  flags_ = Flags::Memory;
}

// --- bits ------------------------------------------------------------------------------------------------

// BSF and BSR: nothing is written for a zero source, nor is the upper half cleared.
void Translator::scan(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const uint32_t wanted = flags_of(r);
  Ref write = kNoRef;
  for (Ref x = static_cast<Ref>(r + 1); x < list_->size(); ++x) {
    if ((*list_)[x].op == Op::WriteRegUnless && (*list_)[x].a == r) write = x;
  }
  if (write == kNoRef || uses_[r] != 1) throw Refused{};
  Reg64 s = reg_for(m.a, lazy_temp(m.a));
  const unsigned slot = slot_of((*list_)[write]);
  const uint8_t host = kHostOf[slot / 8];
  Reg64 d(host);
  const int held = s.getIdx() <= 2 ? s.getIdx() : -1;
  if (host == kInMemory) {
    d = spare(held);
    mov(d, guest(slot / 8));
  }
  if (m.op == Op::TrailingZeros) {
    bsf(view(d, width), view(s, width));
  } else {
    bsr(view(d, width), view(s, width));
  }
  if (host == kInMemory) mov(guest(slot / 8), d);
  use(m.a);
  values_[r].kind = Value::Kind::Stored;
  flags_ = wanted != 0 ? Flags::Host : Flags::Memory;
}

// BT, BTS, BTR, BTC on a value: CF becomes the bit, the other flags stay.
void Translator::bit(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of((*list_)[m.a].width);
  const bool last = m.op == Op::BitOf;
  Value& v = values_[r];
  // The bit of what BTS and the like have just changed is in CF.
  const bool done = last && r > 0 && std::any_of(list_->begin(), list_->begin() + r, [&](const MicroOp& x) {
                      return x.op >= Op::BitSet && x.op <= Op::BitComplement && x.a == m.a && x.b == m.b;
                    });
  if (!done) {
    bool sets =
        std::any_of(list_->begin() + r, list_->end(), [](const MicroOp& x) { return x.op == Op::SetCf; });
    if (!sets) throw Refused{};
    if ((live_ & ~kCF) != 0) want_host_flags();
    const Value& n = values_[m.b];
    Reg64 d = last ? reg_for(m.a, lazy_temp(m.a)) : alloc();
    if (!last) move(d, m.a, width);
    const int held = d.getIdx() <= 2 ? d.getIdx() : -1;
    auto go = [&](auto&& by) {
      Reg x = view(d, width);
      if (m.op == Op::BitOf) bt(x, by);
      if (m.op == Op::BitSet) bts(x, by);
      if (m.op == Op::BitReset) btr(x, by);
      if (m.op == Op::BitComplement) btc(x, by);
    };
    if (n.kind == Value::Kind::Imm) {
      go(static_cast<uint8_t>(n.imm & (8 * width - 1)));
    } else {
      go(view(reg_for(m.b, lazy_temp(m.b, held)), width));
    }
    if (!last) finish(r, d, false);
    flags_ = Flags::Host;
  }
  use(m.a);
  use(m.b);
  if (last) {
    v.kind = Value::Kind::Cond;
    v.reg = 2;
  }
}

// --- conditions and flags --------------------------------------------------------------------------------

void Translator::condition(Ref r) {
  const MicroOp& m = (*list_)[r];
  Value& v = values_[r];
  v.kind = Value::Kind::Cond;
  v.width = 1;
  switch (m.op) {
    case Op::Condition:
      want_host_flags();
      v.reg = static_cast<uint8_t>(m.imm);
      break;
    case Op::ReadCf:
      want_host_flags();
      v.reg = 2;
      break;
    case Op::LogicNot:
      if (values_[m.a].kind != Value::Kind::Cond) throw Refused{};
      v.reg = values_[m.a].reg ^ 1;
      use(m.a);
      break;
    default: {
      v.reg = kConditionZ;
      const Value& a = values_[m.a];
      const bool by_scan = std::any_of(list_->begin() + r, list_->end(), [](const MicroOp& x) {
        return x.op == Op::TrailingZeros || x.op == Op::TopBit;
      });
      if (a.kind != Value::Kind::Cond && !by_scan) {
        Reg64 s = reg_for(m.a, lazy_temp(m.a));
        Reg x = view(s, width_of((*list_)[m.a].width));
        test(x, x);
        flags_ = Flags::Memory;
      }
      use(m.a);
    }
  }
}

void Translator::select(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const Value& cond = values_[m.a];
  if (cond.kind != Value::Kind::Cond) throw Refused{};
  auto dest = width >= 4 ? destination(r) : std::nullopt;
  const Value& yes = values_[m.b];
  const Value& no = values_[m.c];
  const bool same_no = dest && no.kind == Value::Kind::Guest && kHostOf[no.reg] == *dest;
  const bool same_yes = dest && yes.kind == Value::Kind::Guest && kHostOf[yes.reg] == *dest;
  if (same_yes && !same_no) dest.reset();
  Reg64 d = dest ? Reg64(*dest) : alloc();
  if (!(same_no && dest)) move(d, m.c, width);
  Reg64 s = yes.kind == Value::Kind::Imm ? spare(d.getIdx()) : reg_for(m.b, lazy_temp(m.b, d.getIdx()));
  if (yes.kind == Value::Kind::Imm) mov(s, yes.imm);
  const unsigned w = width < 4 ? 4 : width;
  move_if(cond.reg, view(d, w), view(s, w));
  use(m.a);
  use(m.b);
  use(m.c);
  finish(r, d, dest.has_value());
}

// CMPXCHG's accumulator: stays as it is when the condition holds.
void Translator::write_reg_unless(Ref r) {
  const MicroOp& m = (*list_)[r];
  const Value& cond = values_[m.b];
  const Value& from = values_[m.a];
  if (from.kind == Value::Kind::Stored) {  // BSF and BSR have done it
    use(m.a);
    use(m.b);
    return;
  }
  if (cond.kind != Value::Kind::Cond) throw Refused{};
  const unsigned slot = slot_of(m), g = slot / 8, width = width_of(m.width);
  preserve(g, m.a);
  Label skip;
  jump_if(cond.reg, skip);
  {
    const auto uses = uses_;
    const auto busy = busy_;
    write_reg(r);
    uses_ = uses;
    busy_ = busy;
  }
  L(skip);
  (void)width;
  use(m.a);
  use(m.b);
}

void Translator::set_cf(Ref r) {
  const MicroOp& m = (*list_)[r];
  const Value& v = values_[m.a];
  if ((live_ & kCF) == 0) {
    use(m.a);
    return;
  }
  const MicroOp& from = (*list_)[m.a];
  if (from.op == Op::Const) {
    if ((live_ & ~kCF) != 0) want_host_flags();
    if (v.imm != 0) {
      stc();
    } else {
      clc();
    }
  } else if (from.op == Op::LogicNot) {
    cmc();
  } else if (from.op != Op::BitOf) {
    throw Refused{};
  }
  flags_ = Flags::Host;
  use(m.a);
}

// --- widths ----------------------------------------------------------------------------------------------

void Translator::extend(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const unsigned from = m.op == Op::Sext ? m.from : width_of((*list_)[m.a].width);
  const Value& a = values_[m.a];
  if (m.op == Op::Zext) {
    if (a.kind == Value::Kind::Imm) {
      values_[r] = a;
      values_[r].width = static_cast<uint8_t>(width);
      if (from < 8) values_[r].imm &= ~0ull >> (64 - 8 * from);
      use(m.a);
      return;
    }
    if (a.kind == Value::Kind::NextIp) {
      values_[r] = a;
      values_[r].width = static_cast<uint8_t>(width);
      use(m.a);
      return;
    }
    if (a.kind == Value::Kind::Host && (a.extended || width <= from) && uses_[m.a] == 1) {
      const Value old = a;
      use(m.a);
      set_host(r, Reg64(old.reg), old.extended);
      if (old.reg > 2) busy_[old.reg] = false;
      return;
    }
  }
  auto dest = width >= 4 ? destination(r) : std::nullopt;
  if (a.kind == Value::Kind::Imm) throw Refused{};
  if (m.op == Op::SignFill) {
    // Through CDQ and the like, which leave the flags alone.
    if (busy_[0] || busy_[2]) throw Refused{};
    move(rax, m.a, width);
    if (width == 8) {
      cqo();
    } else if (width == 4) {
      cdq();
    } else {
      cwd();
    }
    use(m.a);
    set_host(r, rdx, false);
    return;
  }
  Reg64 s = m.op == Op::Not || m.op == Op::ByteSwap ? rax : reg_for(m.a, lazy_temp(m.a));
  Reg64 d = dest ? Reg64(*dest) : alloc();
  switch (m.op) {
    case Op::Not:
      move(d, m.a, width);
      not_(view(d, width));
      break;
    case Op::ByteSwap:
      if (width < 4) throw Refused{};
      move(d, m.a, width);
      if (width == 8) {
        bswap(d);
      } else {
        bswap(d.cvt32());
      }
      break;
    case Op::Zext:
      if (from == 1) {
        movzx(d.cvt32(), s.cvt8());
      } else if (from == 2 || width == 2) {
        movzx(d.cvt32(), s.cvt16());
      } else {
        mov(d.cvt32(), s.cvt32());
      }
      break;
    default:
      if (from == 1) {
        movsx(view(d, width < 4 ? 4 : width), s.cvt8());
      } else if (from == 2) {
        movsx(view(d, width < 4 ? 4 : width), s.cvt16());
      } else {
        movsxd(d, s.cvt32());
      }
  }
  use(m.a);
  finish(r, d, dest.has_value());
  if (m.op == Op::Zext) values_[r].extended = true;
}

void Translator::branch_to(Ref cond, Label& to) {
  const Value& v = values_[cond];
  if (v.kind != Value::Kind::Cond) throw Refused{};
  jump_if(v.reg, to);
}

}  // namespace ilse::cpu::jit
