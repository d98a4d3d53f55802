// Which host instructions each operation of a list becomes. One whose status flags are wanted is the host's
// instruction of the same name and width, so that its flags are right by themselves, also where the manual
// leaves them undefined.
#include <algorithm>

#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

void Translator::begin(const Lifted& l) {
  list_ = &l.list;
  values_.assign(l.list.size(), {});
  uses_.assign(l.list.size(), 0);
  busy_.fill(false);
  bool makes = false, spoils = false;
  for (Ref r = 0; r < l.list.size(); ++r) {
    const MicroOp& m = l.list[r];
    makes = makes || (m.flags_written & live_) != 0;
    const bool by_lea = (m.op == Op::Add || m.op == Op::Sub) && width_of(m.width) >= 4 && flags_of(r) == 0;
    // SHLX and its kin, MULX.
    const bool keeps = ((m.op >= Op::Shl && m.op <= Op::Ror) || m.op == Op::Mul) && flags_of(r) == 0;
    if (unused_test(r)) continue;
    spoils = spoils || m.op == Op::IsZero || m.op == Op::BitUnit ||
             (m.op >= Op::Add && m.op <= Op::Idiv && !by_lea && !keeps);
    if (flag_only(m)) continue;
    for (Ref x : {m.a, m.b, m.c}) {
      if (x != kNoRef) ++uses_[x];
    }
  }
  settle_flags(l.exits, spoils, makes);
}

// What TZCNT and its kin say of CF, which their own flags have.
bool Translator::unused_test(Ref r) const {
  if ((*list_)[r].op != Op::IsZero) return false;
  return std::none_of(list_->begin(), list_->end(),
                      [&](const MicroOp& m) { return m.a == r || m.b == r || m.c == r; });
}

void Translator::emit(Ref r) {
  const MicroOp& m = (*list_)[r];
  if (unused_test(r)) return;
  if (can_fault(m) && m.op != Op::CheckBranch) pin_conditions();
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
    case Op::Ado:
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
    case Op::Andn:
    case Op::Blsi:
    case Op::Blsmsk:
    case Op::Blsr:
    case Op::Bzhi:
    case Op::Bextr:
    case Op::CountOnes:
    case Op::CountBelow:
    case Op::CountAbove:
    case Op::Pdep:
    case Op::Pext: bits(r); break;
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
    case Op::Crc32: crc32_(r); break;
    case Op::FlagsByte:
    case Op::SetFlagsByte: flags_byte(r); break;
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
