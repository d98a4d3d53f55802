// Addresses and memory: the TLB's check in line, with the interpreter for everything but a hit.
#include <cstddef>

#include "cpu/jit/x64/translator.h"
#include "cpu/mmu/tlb.h"
#include "cpu/state.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

// base + index * scale + disp, cut to the address size.
void Translator::address(Ref r) {
  const Insn& i = *insn_;
  if ((*list_)[r].op == Op::Moffs) {
    Reg64 d = alloc();
    mov(d, i.imm);
    set_host(r, d, true);
    return;
  }
  // An offset of 16 bits is cut on its way.
  const bool short_offset = i.addr_size == 2;
  auto [d, in_place] = short_offset ? std::pair{alloc(), false} : target_for(r);
  // LEA to 32 bits computed in place has to clear the upper half.
  const bool to32 = in_place && list_->back().op == Op::WriteReg && width_of(list_->back().width) == 4;
  const bool narrow = i.addr_size == 4 || to32;
  auto part = [&](uint8_t slot, Reg64 temp) -> std::optional<Reg64> {
    if (slot == kSlotZero) return std::nullopt;
    if (slot < 16 && kHostOf[slot] != kInMemory) return Reg64(kHostOf[slot]);
    if (slot == kSlotBlock) {
      mov(temp, ptr[rbp + layout_.page]);
    } else {
      mov(temp, guest(slot));
    }
    return temp;
  };
  // A destination that is also the index may not take the base first.
  Reg64 t = in_place ? spare() : d;
  auto base = part(i.base, t);
  auto index = part(i.index, base && base->getIdx() == t.getIdx() ? spare(t.getIdx()) : t);
  RegExp e;
  if (base) e = RegExp(*base);
  if (index) e = base ? e + *index * (1 << i.scale) : RegExp(*index, 1 << i.scale);
  if (!base && !index) {
    const uint64_t at = static_cast<uint64_t>(static_cast<int64_t>(i.disp)) & i.ea_mask;
    mov(d, narrow ? at & 0xFFFFFFFF : at);
  } else {
    const int64_t disp = i.disp + (i.base == kSlotBlock ? static_cast<int64_t>(block_offset()) : 0);
    if (disp != static_cast<int32_t>(disp)) throw Refused{};
    e = e + static_cast<size_t>(disp);
    if (narrow || short_offset) {
      lea(d.cvt32(), ptr[e]);
    } else {
      lea(d, ptr[e]);
    }
    if (short_offset) movzx(d.cvt32(), d.cvt16());
  }
  finish(r, d, in_place);
  values_[r].extended = true;
}

// The offset of the unit that holds bit `a`, which is signed (SDM, BT).
void Translator::bit_unit(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned from = m.from;
  const int shift = from == 8 ? 6 : from == 4 ? 5 : 4;
  Reg64 s = reg_for(m.a, spare());
  Reg64 d = alloc();
  if (from == 8) {
    if (d.getIdx() != s.getIdx()) mov(d, s);
  } else if (from == 4) {
    movsxd(d, s.cvt32());
  } else {
    movsx(d, s.cvt16());
  }
  sar(d, shift);
  shl(d, from == 8 ? 3 : from == 4 ? 2 : 1);
  if (insn_->addr_size == 4) mov(d.cvt32(), d.cvt32());
  use(m.a);
  set_host(r, d, insn_->addr_size != 2);
}

// `d`, an offset, becomes a linear address: #GP and #SS are the interpreter's, as is everything but writable
// data that grows upwards and what is read beside the code.
void Translator::through_segment(Reg64 d, unsigned segment, unsigned width, bool write) {
  const int32_t at = layout_.seg + static_cast<int32_t>(segment * sizeof(Segment));
  if ((block_->mode & kModeCodeMask) == kModeCode64) {
    add(d, ptr[rbp + at + static_cast<int32_t>(offsetof(Segment, base))]);
    return;
  }
  // Of code the bit is that it may be read.
  constexpr uint32_t kPlain = kSegPresent | kSegS | kSegWritable;
  const uint32_t mask = segment == kCs && !write ? kPlain : kPlain | kSegCode | kSegExpandDown;
  Reg64 t = spare(), u = spare(t.getIdx());
  movzx(t.cvt32(), word[rbp + at + static_cast<int32_t>(offsetof(Segment, attr))]);
  and_(t.cvt32(), mask);
  cmp(t.cvt32(), kPlain);
  jne(*slow_);
  mov(t.cvt32(), dword[rbp + at + static_cast<int32_t>(offsetof(Segment, limit))]);
  lea(u, ptr[d + static_cast<size_t>(width - 1)]);
  cmp(u, t);
  ja(*slow_);
  add(d.cvt32(), dword[rbp + at + static_cast<int32_t>(offsetof(Segment, base))]);
}

void Translator::linear(Ref r) {
  const MicroOp& m = (*list_)[r];
  const bool code64 = (block_->mode & kModeCodeMask) == kModeCode64;
  const bool stack = m.place == Place::Stack;
  const bool flat = stack ? code64 || (block_->mode & kModeFlatData) != 0 : insn_->flat;
  const bool extended = values_[m.a].width > 2 || values_[m.a].extended;
  Reg64 d = into_scratch(m.a);
  if (!extended) movzx(d.cvt32(), d.cvt16());
  if (!flat) through_segment(d, stack ? unsigned{kSs} : insn_->seg, m.from, m.write);
  set_host(r, d, true);
}

// lin becomes the host's address, by what the first of its group has found.
void Translator::use_addend(Reg64 lin) {
  const Reg64 t = spare(lin.getIdx());
  mov(t, ptr[rbp + layout_.addend + 8 * lifted_[index_].group.place]);
  lea(lin, ptr[lin + t]);
}

// lin becomes the host's address. `mends`: a miss is an access of the guest's to all of it.
void Translator::check_tlb(Reg64 lin, unsigned width, bool write, bool mends) {
  const Group& group = lifted_[index_].group;
  const bool grouped = group.place >= 0;
  if (grouped && !group.first) {
    use_addend(lin);
    return;
  }
  // The other two of the scratch registers.
  const Reg64 t(lin.getIdx() == 0 ? 2 : 0), u(lin.getIdx() == 1 ? 2 : 1);
  const bool spill_t = busy_[t.getIdx()], spill_u = busy_[u.getIdx()];
  if (spill_t && spill_u) throw Refused{};
  if (spill_t) mov(ptr[rbp + layout_.spill], t);
  if (spill_u) mov(ptr[rbp + layout_.spill], u);
  constexpr int kShift = 12 - 5;
  static_assert(sizeof(TlbEntry) == 32);
  // The call for a missing translation keeps the linear address and the guest's registers, but no scratch.
  Label* miss = slow_;
  if (mends && !spill_t && !spill_u) {
    uint32_t how = width | (write ? Engine::kWrite : 0u) | index_ << Engine::kInsnShift;
    if (grouped) {
      how |= (group.write ? Engine::kGroupWrite : 0u) | uint32_t{group.back} << Engine::kBackShift |
             (group.span - 1u) << Engine::kSpanShift;
    }
    Miss& mine =
        misses_.emplace_back(Miss{out_index_, static_cast<unsigned>(lin.getIdx()), how, vector_, {}, {}, {}});
    L(mine.retry);
    miss = &mine.out;
  }
  const int back = grouped ? group.back : 0;
  const unsigned span = grouped ? group.span : width;
  const bool writes = grouped ? group.write : write;
  if (back != 0) {
    lea(t, ptr[lin - back]);
  } else {
    mov(t.cvt32(), lin.cvt32());
  }
  shr(t.cvt32(), kShift);
  and_(t.cvt32(), static_cast<uint32_t>((Tlb::kEntries - 1) << 5));
  add(t, ptr[rbp + layout_.tlb]);
  if (span > 1) {
    lea(u, ptr[lin + static_cast<int>(span - 1) - back]);
  } else {
    mov(u, lin);
  }
  and_(u, static_cast<uint32_t>(-4096));
  or_(u, ptr[rbp + layout_.asid]);
  cmp(u, ptr[t + static_cast<int>(writes ? offsetof(TlbEntry, write_tag) : offsetof(TlbEntry, read_tag))]);
  jne(*miss);
  if (grouped) {
    mov(t, ptr[t + static_cast<int>(offsetof(TlbEntry, addend))]);
    mov(ptr[rbp + layout_.addend + 8 * group.place], t);
    add(lin, t);
  } else {
    add(lin, ptr[t + static_cast<int>(offsetof(TlbEntry, addend))]);
  }
  if (miss != slow_) L(misses_.back().done);
  if (spill_t) mov(t, ptr[rbp + layout_.spill]);
  if (spill_u) mov(u, ptr[rbp + layout_.spill]);
  spoil_flags();
}

// The host's address of the ModRM operand, for an instruction without a list.
Reg64 Translator::operand_pointer(unsigned bytes, bool write, bool aligned, bool mends) {
  const std::vector<MicroOp> list{{.op = Op::Address, .width = kAddrSize},
                                  {.op = Op::Linear,
                                   .width = 8,
                                   .from = static_cast<uint8_t>(bytes),
                                   .place = Place::Operand,
                                   .write = write,
                                   .a = 0}};
  list_ = &list;
  values_.assign(2, {});
  uses_ = {1, 1};
  emit(0);
  emit(1);
  const Reg64 at(values_[1].reg);
  if (aligned) {
    test(at.cvt32(), bytes - 1);
    jne(*slow_);
    spoil_flags();
  }
  check_tlb(at, bytes, write, mends);
  list_ = nullptr;
  return at;
}

void Translator::mend_misses() {
  std::array<Label, 3> by_register;
  for (Miss& m : misses_) {
    L(m.out);
    store_vectors(m.vector);
    push(m.how);
    call(by_register[m.linear]);
    load_vectors(m.vector);
    je(m.retry);
    if ((m.how & Engine::kWrite) != 0 && m.how >> Engine::kSpanShift == 0) ja(m.done);
    jmp(out_[m.insn].label);
  }
  for (unsigned r = 0; r < by_register.size(); ++r) {
    if (by_register[r].getId() == 0) continue;
    L(by_register[r]);
    mov(r == 0 ? rcx : rax, reinterpret_cast<uint64_t>(block_));
    jmp(stubs_.miss[r]);
  }
}

void Translator::load(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  Reg64 a = into_scratch(m.a);
  check_tlb(a, width, false);
  auto dest = destination(r);
  Reg64 d = dest ? Reg64(*dest) : a;
  if (width == 8) {
    mov(d, ptr[a]);
  } else if (width == 4) {
    mov(d.cvt32(), ptr[a]);
  } else if (width == 2) {
    movzx(d.cvt32(), word[a]);
  } else {
    movzx(d.cvt32(), byte[a]);
  }
  busy_[a.getIdx()] = false;
  finish(r, d, dest.has_value());
  values_[r].extended = true;
}

// The address stays in pointer_; the value is only loaded when more than the update itself wants it.
void Translator::load_for_write(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  Reg64 a = into_scratch(m.a);
  check_tlb(a, width, true);
  pointer_ = static_cast<uint8_t>(a.getIdx());
  busy_[pointer_] = true;
  Value& v = values_[r];
  v.width = static_cast<uint8_t>(width);
  if (updates_in_place(r)) {
    v.kind = Value::Kind::Stored;
    return;
  }
  Reg64 d = alloc();
  if (width == 8) {
    mov(d, ptr[a]);
  } else if (width == 4) {
    mov(d.cvt32(), ptr[a]);
  } else if (width == 2) {
    movzx(d.cvt32(), word[a]);
  } else {
    movzx(d.cvt32(), byte[a]);
  }
  set_host(r, d, true);
}

void Translator::put(Reg64 at, Ref value, unsigned width) {
  const Value& v = values_[value];
  const auto imm = static_cast<int64_t>(v.imm);
  if (v.kind == Value::Kind::Imm && (width < 8 || imm == static_cast<int32_t>(imm))) {
    const auto cut = static_cast<uint32_t>(v.imm);
    if (width == 8) mov(qword[at], static_cast<int32_t>(imm));
    if (width == 4) mov(dword[at], cut);
    if (width == 2) mov(word[at], cut & 0xFFFF);
    if (width == 1) mov(byte[at], cut & 0xFF);
  } else {
    Reg64 s = v.kind == Value::Kind::Host ? Reg64(v.reg) : reg_for(value, spare(at.getIdx()));
    mov(ptr[at], view(s, width));
  }
}

void Translator::store(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  Reg64 a = into_scratch(m.a);
  check_tlb(a, width, true);
  put(a, m.b, width);
  busy_[a.getIdx()] = false;
  use(m.b);
}

void Translator::store_back(Ref r) {
  const MicroOp& m = (*list_)[r];
  if (values_[m.b].kind != Value::Kind::Stored) put(Reg64(pointer_), m.b, width_of(m.width));
  use(m.b);
  use(m.a);
  busy_[pointer_] = false;
}

// A computed jump. Its block is looked for before anything is written: when the table does not know it, the
// interpreter does the whole instruction, with the target's own checks.
void Translator::check_target(Ref r) {
  const MicroOp& m = (*list_)[r];
  const Value& v = values_[m.a];
  const unsigned width = width_of(m.width);
  if (!(v.kind == Value::Kind::Host && v.reg == rcx.getIdx())) {
    if (busy_[rcx.getIdx()]) throw Refused{};
    move(rcx, m.a, width);
  }
  if (width == 4 && !v.extended) mov(ecx, ecx);
  if (width == 2) movzx(ecx, cx);
  if (busy_[0] || busy_[2]) throw Refused{};
  look_up_target(*slow_);
  if (!flat_code()) {
    page_of_target();
    mov(ptr[rbp + layout_.target_page], rax);
  }
  spoil_flags();
  use(m.a);
  target_spilled_ = false;
  for (size_t k = r; k < list_->size(); ++k) target_spilled_ = target_spilled_ || (*list_)[k].op == Op::Store;
  if (target_spilled_) {
    mov(ptr[rbp + layout_.target], rdx);
    mov(ptr[rbp + layout_.target_rip], rcx);
    busy_[rcx.getIdx()] = false;
  } else {
    busy_[rcx.getIdx()] = busy_[rdx.getIdx()] = true;
  }
}

void Translator::jump(Ref) {
  flush_flags();
  if (target_spilled_) {
    mov(rcx, ptr[rbp + layout_.target_rip]);
    mov(rdx, ptr[rbp + layout_.target]);
  }
  if (flat_code()) {
    enter_target();
  } else {
    mov(rax, ptr[rbp + layout_.target_page]);
    mov(ptr[rbp + layout_.page], rax);
    jmp(rdx);
  }
}

}  // namespace ilse::cpu::jit
