// Conditions and single bits: condition codes of the host's flags, CMOVcc, SETcc, BT, BSF and their kin.
#include <algorithm>

#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

constexpr unsigned kConditionZ = 4;

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

// BSF and BSR: nothing is written for a zero source, nor is the upper half cleared.
void Translator::scan(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const uint32_t mask = flags_of(r);
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
  made_flags(mask);
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
    made_flags(kCF);
  }
  use(m.a);
  use(m.b);
  if (last) {
    v.kind = Value::Kind::Cond;
    v.reg = 2;
  }
}

void Translator::condition(Ref r) {
  const MicroOp& m = (*list_)[r];
  Value& v = values_[r];
  v.kind = Value::Kind::Cond;
  v.width = 1;
  switch (m.op) {
    case Op::Condition:
      want_host_flags(condition_flags(static_cast<unsigned>(m.imm)));
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
        spoil_flags();
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
  preserve(slot_of(m) / 8, m.a);
  Label skip;
  jump_if(cond.reg, skip);
  const auto uses = uses_;
  const auto busy = busy_;
  write_reg(r);
  uses_ = uses;
  busy_ = busy;
  L(skip);
  use(m.a);
  use(m.b);
}

// LAHF and SAHF.
void Translator::flags_byte(Ref r) {
  const MicroOp& m = (*list_)[r];
  if (m.op == Op::FlagsByte) {
    flush_flags();
    const Reg64 d = alloc();
    movzx(d.cvt32(), byte[rbp + layout_.flags + 1]);
    set_host(r, d, true);
    return;
  }
  if ((live_ & kOF) != 0 && flags_ != Flags::Memory) flush_flags();
  const Reg64 s = into_scratch(m.a);
  and_(s.cvt32(), kSZAPC);
  or_(s.cvt32(), 2);
  mov(ptr[rbp + layout_.flags + 1], s.cvt8());
  busy_[s.getIdx()] = false;
  in_memory();
  forget_steps();
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
  if (from.op != Op::BitOf) made_flags(kCF);
  use(m.a);
}

}  // namespace ilse::cpu::jit
