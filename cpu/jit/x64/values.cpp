// Where the values of a list are: immediate, still in a guest register, or in one of three scratch registers.
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

Reg Translator::view(Reg64 r, unsigned width) {
  return width == 8 ? Reg(r) : width == 4 ? Reg(r.cvt32()) : width == 2 ? Reg(r.cvt16()) : Reg(r.cvt8());
}
Address Translator::guest(unsigned g) const { return ptr[rbp + layout_.gpr + 8 * static_cast<int>(g)]; }

unsigned Translator::width_of(uint8_t w) const {
  return w == kAddrSize ? insn_->addr_size : w == kStackSize ? insn_->stack_size : w;
}

// Byte offset into the register file.
unsigned Translator::slot_of(const MicroOp& m) const {
  switch (m.place) {
    case Place::Rm: return insn_->rm;
    case Place::Reg: return insn_->reg;
    case Place::Vvvv: return insn_->vvvv;
    default: return static_cast<unsigned>(m.imm);
  }
}

Reg64 Translator::alloc() {
  // RCX last where a shift may want it, RAX last elsewhere: it is what the flags go through.
  for (const MicroOp& m : *list_) {
    if (m.op != Op::SetFlagsIfCount) continue;
    for (uint8_t r : {2, 0}) {
      if (!busy_[r]) {
        busy_[r] = true;
        return Reg64(r);
      }
    }
  }
  for (uint8_t r : {1, 2, 0}) {
    if (!busy_[r]) {
      busy_[r] = true;
      return Reg64(r);
    }
  }
  throw Refused{};
}

// A scratch register for the moment.
Reg64 Translator::spare(int avoid) const {
  for (uint8_t r : {0, 2, 1}) {
    if (!busy_[r] && r != avoid) return Reg64(r);
  }
  throw Refused{};
}

void Translator::use(Ref r) {
  if (--uses_[r] == 0 && values_[r].kind == Value::Kind::Host) busy_[values_[r].reg] = false;
}

void Translator::set_host(Ref r, Reg64 reg, bool extended) {
  Value& v = values_[r];
  v.kind = Value::Kind::Host;
  v.width = static_cast<uint8_t>(width_of((*list_)[r].width));
  v.reg = static_cast<uint8_t>(reg.getIdx());
  v.extended = extended;
  busy_[v.reg] = uses_[r] != 0;
}

// A register that holds the value, to be read only; `temp` where it needs one. Bits beyond the width are
// undefined.
Reg64 Translator::reg_for(Ref r, Reg64 temp) {
  const Value& v = values_[r];
  if (v.kind == Value::Kind::Host) return Reg64(v.reg);
  if (v.kind == Value::Kind::Guest && !v.high && kHostOf[v.reg] != kInMemory) return Reg64(kHostOf[v.reg]);
  move(temp, r, v.width);
  return temp;
}

// d = the value, zero beyond 4 bytes; beyond its width otherwise undefined. Keeps the flags.
void Translator::move(Reg64 d, Ref r, unsigned width) {
  const Value& v = values_[r];
  switch (v.kind) {
    case Value::Kind::Imm: {
      uint64_t imm = width >= 8 ? v.imm : v.imm & (~0ull >> (64 - 8 * width));
      mov(d, imm);
      break;
    }
    case Value::Kind::Guest: {
      bool pinned = kHostOf[v.reg] != kInMemory;
      if (v.high) {
        // Only RAX to RBX have a second byte; `d` is one of the scratch registers then.
        if (pinned) {
          mov(d.cvt32(), Reg32(kHostOf[v.reg]));
          movzx(d.cvt32(), Reg8(d.getIdx() + 4));
        } else {
          movzx(d.cvt32(), byte[rbp + layout_.gpr + 8 * v.reg + 1]);
        }
      } else if (pinned) {
        if (d.getIdx() == kHostOf[v.reg] && width == 8) break;
        if (width == 8) {
          mov(d, Reg64(kHostOf[v.reg]));
        } else {
          mov(d.cvt32(), Reg32(kHostOf[v.reg]));
        }
      } else if (width == 8) {
        mov(d, guest(v.reg));
      } else {
        mov(d.cvt32(), dword[rbp + layout_.gpr + 8 * v.reg]);
      }
      break;
    }
    case Value::Kind::Host:
      if (d.getIdx() == v.reg) break;
      if (width == 8) {
        mov(d, Reg64(v.reg));
      } else {
        mov(d.cvt32(), Reg32(v.reg));
      }
      break;
    case Value::Kind::NextIp:
      mov(d, ptr[rbp + layout_.page]);
      if ((block_->mode & kModeCodeMask) == kModeCode64) {
        lea(d, ptr[d + static_cast<size_t>(v.imm + block_offset())]);
      } else {
        lea(d.cvt32(), ptr[d + static_cast<size_t>(v.imm + block_offset())]);
      }
      break;
    case Value::Kind::Cond: set_condition(v.reg, d.cvt8()); break;
    default: throw Refused{};
  }
}

// Conditions that are still to be used leave the host's flags before something spoils these.
void Translator::pin_conditions() {
  for (Ref x = 0; x < values_.size(); ++x) {
    if (values_[x].kind != Value::Kind::Cond || uses_[x] == 0) continue;
    Reg64 d = alloc();
    move(d, x, 1);
    set_host(x, d, false);
  }
}

// The value in a scratch register that may be changed; its last use.
Reg64 Translator::into_scratch(Ref r) {
  const Value& v = values_[r];
  if (v.kind == Value::Kind::Host && uses_[r] == 1) {
    Reg64 d(v.reg);
    use(r);
    busy_[d.getIdx()] = true;
    return d;
  }
  Reg64 d = alloc();
  move(d, r, v.width);
  use(r);
  return d;
}

// The host register of the guest register that the value goes to in the end, if it can be computed right
// there: nothing in between may leave for the interpreter or look at the register's old value.
std::optional<uint8_t> Translator::destination(Ref r) const {
  if (uses_[r] != 1) return std::nullopt;
  const auto& list = *list_;
  Ref at = r;
  size_t j = r + 1u;
  for (; j < list.size(); ++j) {
    const MicroOp& m = list[j];
    if (flag_only(m) || (m.op == Op::Second && uses_[j] == 0)) continue;
    if (m.a != at && m.b != at && m.c != at) continue;
    const bool narrow = list[at].op == Op::Load && width_of(list[at].width) <= 4;
    if (m.op == Op::Zext && (narrow || list[at].op == Op::Address) && uses_[j] == 1) {
      at = static_cast<Ref>(j);
      continue;
    }
    if (m.op == Op::WriteReg && m.a == at && width_of(m.width) >= 4) break;
    return std::nullopt;
  }
  if (j == list.size()) return std::nullopt;
  unsigned slot = slot_of(list[j]);
  uint8_t host = kHostOf[slot / 8];
  if (host == kInMemory) return std::nullopt;
  for (size_t t = r + 1u; t <= j; ++t) {
    const MicroOp& m = list[t];
    if (can_fault(m)) return std::nullopt;
    if (m.op == Op::ReadReg && slot_of(m) / 8 == slot / 8) return std::nullopt;
    for (Ref x : {m.a, m.b, m.c}) {
      if (x == kNoRef || x >= r) continue;
      if (values_[x].kind == Value::Kind::Guest && values_[x].reg == slot / 8 && !flag_only(m))
        return std::nullopt;
    }
    // A value that is formed late, from registers as they are then.
    if (t < j && (m.op == Op::Branch || m.op == Op::Jump)) return std::nullopt;
  }
  return host;
}

// Where to compute the value: its destination (true) or a scratch register.
std::pair<Reg64, bool> Translator::target_for(Ref r) {
  if (auto d = destination(r)) return {Reg64(*d), true};
  return {alloc(), false};
}

void Translator::finish(Ref r, Reg64 d, bool in_place) {
  set_host(r, d, false);
  if (in_place) busy_[d.getIdx()] = false;
}

// Before guest register `g` changes: values that are still to be read from it move out.
void Translator::preserve(unsigned g, Ref except) {
  for (Ref x = 0; x < values_.size(); ++x) {
    Value& v = values_[x];
    if (x == except || v.kind != Value::Kind::Guest || v.reg != g || uses_[x] == 0) continue;
    Reg64 d = alloc();
    move(d, x, v.width);
    set_host(x, d, false);
  }
}

void Translator::write_reg(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned slot = slot_of(m), g = slot / 8, width = width_of(m.width);
  const Ref from = m.a;
  preserve(g, from);
  const bool pinned = kHostOf[g] != kInMemory;
  const Value& v = values_[from];
  if ((slot & 7) != 0) {
    Reg64 s = reg_for(from, v.kind == Value::Kind::Host ? Reg64(v.reg) : spare());
    if (!pinned) {
      mov(byte[rbp + layout_.gpr + 8 * static_cast<int>(g) + 1], s.cvt8());
    } else {
      // Through registers that have a second byte.
      Reg64 t = spare(s.getIdx());
      if (s.getIdx() > 3) {
        Reg64 low = spare(t.getIdx());
        mov(low.cvt32(), s.cvt32());
        s = low;
      }
      mov(t, Reg64(kHostOf[g]));
      mov(Reg8(t.getIdx() + 4), s.cvt8());
      mov(Reg64(kHostOf[g]), t);
    }
    use(from);
    return;
  }
  if (pinned) {
    Reg64 d(kHostOf[g]);
    if (width >= 4) {
      if (!(v.kind == Value::Kind::Host && v.reg == d.getIdx())) {
        if (v.kind == Value::Kind::Guest && v.reg == g && width == 4) {
          mov(d.cvt32(), d.cvt32());
        } else {
          move(d, from, width);
        }
      }
    } else if (v.kind == Value::Kind::Imm) {
      if (width == 2) {
        mov(d.cvt16(), static_cast<uint16_t>(v.imm));
      } else {
        mov(d.cvt8(), static_cast<uint8_t>(v.imm));
      }
    } else {
      Reg64 s = reg_for(from, v.kind == Value::Kind::Host ? Reg64(v.reg) : spare());
      if (s.getIdx() != d.getIdx()) mov(view(d, width), view(s, width));
    }
  } else {
    Reg64 s(v.reg);
    if (v.kind == Value::Kind::Host) {
      if (width == 4) mov(s.cvt32(), s.cvt32());
    } else {
      s = spare();
      move(s, from, width);
    }
    Address a = guest(g);
    if (width >= 4) {
      mov(a, s);
    } else if (width == 2) {
      mov(word[rbp + layout_.gpr + 8 * static_cast<int>(g)], s.cvt16());
    } else {
      mov(byte[rbp + layout_.gpr + 8 * static_cast<int>(g)], s.cvt8());
    }
  }
  use(from);
}

// The flags that operation `r` sets.
uint32_t Translator::flags_of(Ref r) const {
  for (const MicroOp& m : *list_) {
    if (flag_only(m) && m.a == r) return m.flags_written;
  }
  return 0;
}

// The host register that a value can be read from as long as its guest register does not change.
std::optional<uint8_t> Translator::guest_register(Ref r) const {
  const Value& v = values_[r];
  if (v.kind != Value::Kind::Guest || v.high || kHostOf[v.reg] == kInMemory) return std::nullopt;
  return kHostOf[v.reg];
}

}  // namespace ilse::cpu::jit
