// Addition to exclusive-or, compared, in a register or right in memory.
#include <algorithm>

#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

constexpr unsigned kConditionZ = 4;

bool fits32(uint64_t v) { return static_cast<int64_t>(v) == static_cast<int32_t>(v); }

// As the assembler wants it: of two bytes sign-extended.
uint32_t immediate(uint64_t v, unsigned width) {
  if (width == 1) return static_cast<uint32_t>(v & 0xFF);
  return static_cast<uint32_t>(width == 2 ? static_cast<int16_t>(v) : static_cast<int32_t>(v));
}

bool commutes(Op op) {
  return op == Op::Add || op == Op::And || op == Op::Or || op == Op::Xor || op == Op::Adc;
}

}  // namespace

// op d, b. Immediates are those of the instruction set; larger ones go through a register.
void Translator::apply(Op op, const Xbyak::Operand& d, Ref b, unsigned width, int avoid) {
  const Value& v = values_[b];
  if (v.kind == Value::Kind::Imm && (width < 8 || fits32(v.imm))) {
    const uint32_t imm = immediate(v.imm, width);
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
  const uint32_t mask = flags_of(r);
  if (m.op == Op::Ado || (m.op == Op::Adc && mask == kCF)) {
    add_by_one_flag(r);
    return;
  }
  const bool carry = m.op == Op::Adc || m.op == Op::Sbb;
  const Value& a = values_[m.a];
  if (mask == 0 && !carry && width >= 4 && lea_instead(r)) {
    use(m.a);
    use(m.b);
    return;
  }
  if (carry && flags_ == Flags::Recipe) want_host_flags();
  if (carry && flags_ == Flags::Memory) bt(word[rbp + layout_.flags], 8);
  if (a.kind == Value::Kind::Stored || values_[m.b].kind == Value::Kind::Stored) {
    update_memory(r);
  } else if (only_flags(r)) {
    compare(r);
  } else {
    compute(r);
  }
}

// ADCX and ADOX: a carry of their own, and no other flag changes.
void Translator::add_by_one_flag(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  want_host_flags(kOF);
  auto dest = destination(r);
  Ref x = m.a, y = m.b;
  if (dest && guest_register(y) == dest) std::swap(x, y);
  const bool same = dest && guest_register(x) == dest;
  const Reg64 d = dest ? Reg64(*dest) : alloc();
  if (!same) move(d, x, width);
  const Reg64 s = reg_for(y, lazy_temp(y, d.getIdx()));
  const Reg32e to(d.getIdx(), static_cast<int>(8 * width));
  m.op == Op::Ado ? adox(to, view(s, width)) : adcx(to, view(s, width));
  use(m.a);
  use(m.b);
  finish(r, d, dest.has_value());
  made_flags(flags_of(r));
}

// The value is wanted for its flags only, or to be compared with 0, for which these do: CMP, TEST, CMPXCHG.
bool Translator::only_flags(Ref r) const {
  return std::all_of(list_->begin(), list_->end(), [&](const MicroOp& x) {
    return flag_only(x) || x.op == Op::IsZero || (x.a != r && x.b != r && x.c != r);
  });
}

void Translator::update_memory(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const uint32_t mask = flags_of(r);
  const bool keeps_cf = mask == kOSZAP;
  if (keeps_cf) defer(mask, {});
  Reg64 p(pointer_);
  Address at = width == 8 ? qword[p] : width == 4 ? dword[p] : width == 2 ? word[p] : byte[p];
  if (values_[m.a].kind != Value::Kind::Stored) {
    neg(at);
  } else if (keeps_cf && m.op == Op::Add) {
    inc(at);
  } else if (keeps_cf) {
    dec(at);
  } else {
    apply(m.op, at, m.b, width);
  }
  values_[r].kind = Value::Kind::Stored;
  use(m.a);
  use(m.b);
  made_flags(mask);
}

void Translator::compare(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const Value& a = values_[m.a];
  const Value& b = values_[m.b];
  Step step{.kind = m.op == Op::And ? Step::Kind::Test : Step::Kind::Compare,
            .width = static_cast<uint8_t>(width),
            .full = true,
            .made_at = index_};
  const auto first = guest_register(m.a), second = guest_register(m.b);
  if (first) step.d = *first;
  Reg64 s = reg_for(m.a, lazy_temp(m.a));
  Reg d = view(s, width);
  bool again = first.has_value();
  if (b.kind == Value::Kind::Imm && (width < 8 || fits32(b.imm))) {
    const uint32_t imm = immediate(b.imm, width);
    m.op == Op::And ? test(d, imm) : cmp(d, imm);
    step.imm = imm;
  } else {
    const int avoid = a.kind != Value::Kind::Host && !first ? s.getIdx() : -1;
    Reg64 t = b.kind == Value::Kind::Host ? Reg64(b.reg) : reg_for(m.b, lazy_temp(m.b, avoid));
    m.op == Op::And ? test(d, view(t, width)) : cmp(d, view(t, width));
    again = again && second;
    step.has_register = true;
    if (second) step.s = *second;
  }
  values_[r].kind = Value::Kind::Cond;
  values_[r].reg = kConditionZ;
  use(m.a);
  use(m.b);
  made_flags(flags_of(r), again ? std::optional(step) : std::nullopt);
}

void Translator::compute(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const uint32_t mask = flags_of(r);
  const bool keeps_cf = mask == kOSZAP;
  Ref x = m.a, y = m.b;
  const bool negates = m.op == Op::Sub && (*list_)[x].op == Op::Const && (*list_)[x].imm == 0;
  if (negates) std::swap(x, y);
  auto dest = width >= 4 ? destination(r) : in_place_narrow(r, x);
  auto is_dest = [&](Ref q) { return dest && guest_register(q) == dest; };
  if (is_dest(y) && !is_dest(x) && !negates) {
    if (commutes(m.op)) {
      std::swap(x, y);
    } else {
      dest.reset();
    }
  }

  // How to do it again for its flags.
  std::optional<Step> step;
  const Value& v = values_[y];
  const bool imm = v.kind == Value::Kind::Imm && (width < 8 || fits32(v.imm));
  const auto other = guest_register(y);
  if (is_dest(x) && (imm || negates || (other && other != dest))) {
    step = Step{.width = static_cast<uint8_t>(width),
                .d = *dest,
                .s = other.value_or(0),
                .has_register = !imm && !negates,
                .in_place = true,
                .full = !keeps_cf,
                .imm = immediate(v.imm, width),
                .made_at = index_};
    switch (m.op) {
      case Op::Add: step->kind = keeps_cf ? Step::Kind::Inc : Step::Kind::Add; break;
      case Op::Sub:
        step->kind = negates ? Step::Kind::Neg : keeps_cf ? Step::Kind::Dec : Step::Kind::Sub;
        break;
      case Op::And:
      case Op::Or:
      case Op::Xor:
        step->kind = Step::Kind::Test;
        step->has_register = false;
        break;
      default: step.reset();
    }
  }
  const bool deferred = keeps_cf && defer(mask, step);

  Reg64 d = dest ? Reg64(*dest)
            : values_[x].kind == Value::Kind::Host && uses_[x] == 1 && !values_[x].high
                ? Reg64(values_[x].reg)
                : alloc();
  if (!is_dest(x)) move(d, x, width);
  if (negates) {
    neg(view(d, width));
  } else if (keeps_cf) {
    m.op == Op::Add ? inc(view(d, width)) : dec(view(d, width));
  } else {
    apply(m.op, view(d, width), y, width, d.getIdx());
  }
  use(m.a);
  use(m.b);
  finish(r, d, dest.has_value());
  made_flags(mask, step, deferred);
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

}  // namespace ilse::cpu::jit
