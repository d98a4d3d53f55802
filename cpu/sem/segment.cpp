// Descriptors, segment registers and the instructions that load, store and test them (Intel SDM vol. 3A,
// chapters 3 and 5; vol. 2 for each instruction).
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

bool find_descriptor(Cpu& c, uint16_t selector, Descriptor* d) {
  bool local = (selector & 4) != 0;
  if (local && !c.ldtr.present()) return false;
  uint64_t base = local ? c.ldtr.base : c.gdtr.base;
  uint32_t limit = local ? c.ldtr.limit : c.gdtr.limit;
  uint32_t offset = selector & 0xFFF8u;
  if (offset + 7 > limit) return false;
  d->address = base + offset;
  d->low = c.read_lin(d->address, 8, true);
  d->high = 0;
  if (c.long_mode() && !d->s() && offset + 15 <= limit) d->high = c.read_lin(d->address + 8, 8, true);
  return true;
}

Descriptor read_descriptor(Cpu& c, uint16_t selector, uint8_t vector) {
  Descriptor d;
  if (!find_descriptor(c, selector, &d)) fault(vector, selector & 0xFFFCu);
  return d;
}

void set_accessed(Cpu& c, Descriptor& d) {
  if ((d.low >> 40 & 1) != 0) return;
  d.low |= 1ull << 40;
  c.write_lin(d.address + 5, 1, d.low >> 40 & 0xFF, true);
}

Segment to_segment(uint16_t selector, const Descriptor& d) {
  return {d.base(), d.limit(), selector, d.attr()};
}

// Real and virtual-8086 mode: the base follows the selector; real mode keeps limit and rights (unreal mode).
Segment real_segment(const Segment& old, uint16_t selector) {
  Segment s = old;
  s.selector = selector;
  s.base = static_cast<uint64_t>(selector) << 4;
  return s;
}

void set_cpl(Cpu& c, unsigned cpl) {
  // CPL is SS's DPL (SDM vol. 3A, §5.5).
  c.seg[kSs].attr = static_cast<uint16_t>((c.seg[kSs].attr & ~kSegDpl) | cpl << 5);
}

namespace {

void set_segment(Cpu& c, uint8_t index, const Segment& s) {
  c.seg[index] = s;
  const uint32_t mode = c.mode();
  c.update_mode();
  // What follows in the block was decoded for the old mode.
  if (c.mode() != mode || index == kSs) c.leave = true;
}

}  // namespace

void load_segment(Cpu& c, uint8_t index, uint16_t selector) {
  Segment s = c.seg[index];
  if (!c.protected_mode()) {
    s = real_segment(s, selector);
    s.attr |= kSegPresent;
    set_segment(c, index, s);
    return;
  }
  if (c.v86()) {
    s = {static_cast<uint64_t>(selector) << 4, 0xFFFF, selector,
         kSegPresent | kSegS | kSegWritable | kSegAccessed | kSegDpl};
    set_segment(c, index, s);
    return;
  }
  unsigned rpl = selector & 3;
  uint32_t error = selector & 0xFFFCu;
  if ((selector & 0xFFFC) == 0) {
    if (index == kSs) {
      if (!c.code64() || c.cpl() == 3 || rpl != c.cpl()) fault(kGP, 0);
      unsigned cpl = c.cpl();
      s = {0, 0xFFFFFFFF, selector, static_cast<uint16_t>(cpl << 5)};
    } else {
      // FS and GS keep their base in 64-bit mode on some processors; Intel's clear it.
      s = {0, 0, selector, 0};
    }
    set_segment(c, index, s);
    return;
  }
  Descriptor d = read_descriptor(c, selector);
  if (index == kSs) {
    if (rpl != c.cpl() || !d.s() || d.code() || !d.readable_or_writable() || d.dpl() != c.cpl())
      fault(kGP, error);
    if (!d.present()) fault(kSS, error);
  } else {
    if (!d.s() || (d.code() && !d.readable_or_writable())) fault(kGP, error);
    if ((!d.code() || !d.conforming()) && (rpl > d.dpl() || c.cpl() > d.dpl())) fault(kGP, error);
    if (!d.present()) fault(kNP, error);
  }
  set_accessed(c, d);
  set_segment(c, index, to_segment(selector, d));
}

Segment check_stack_segment(Cpu& c, uint16_t selector, unsigned cpl, uint8_t vector, uint32_t ext) {
  uint32_t error = (selector & 0xFFFCu) | ext;
  Descriptor d;
  if ((selector & 0xFFFC) == 0 || !find_descriptor(c, selector, &d)) fault(vector, error);
  if ((selector & 3u) != cpl || d.dpl() != cpl || !d.s() || d.code() || !d.readable_or_writable())
    fault(vector, error);
  if (!d.present()) fault(kSS, error);
  set_accessed(c, d);
  return to_segment(selector, d);
}

void drop_privileged_segments(Cpu& c, unsigned cpl) {
  for (uint8_t n : {kEs, kDs, kFs, kGs}) {
    Segment& s = c.seg[n];
    bool data_or_nonconforming = (s.attr & (kSegCode | kSegExpandDown)) != (kSegCode | kSegExpandDown);
    if (s.present() && (s.attr & kSegS) != 0 && data_or_nonconforming && s.dpl() < cpl) {
      s.selector = 0;
      s.attr = 0;
      s.base = 0;
      s.limit = 0;
    }
  }
}

StackCursor::StackCursor(Cpu& c, const Segment& ss, uint64_t sp, uint64_t mask, bool flat64, bool system,
                         uint32_t error)
    : c_(c), ss_(ss), sp_(sp & mask), mask_(mask), flat64_(flat64), system_(system), error_(error) {}

uint64_t StackCursor::address(uint64_t sp, unsigned size) {
  if (flat64_) {
    if (!canonical(c_, sp)) fault(kSS, error_);
    return sp;
  }
  uint64_t last = sp + size - 1;
  bool ok;
  if ((ss_.attr & (kSegCode | kSegExpandDown)) == kSegExpandDown && c_.protected_mode()) {
    ok = sp > ss_.limit && last <= (ss_.big() ? 0xFFFFFFFFull : 0xFFFFull);
  } else {
    ok = last <= ss_.limit || (ss_.limit == 0xFFFFFFFF && ss_.base == 0);
  }
  if (!ok) fault(kSS, error_);
  return (ss_.base + sp) & 0xFFFFFFFF;
}
void StackCursor::push(uint64_t v, unsigned size) {
  uint64_t sp = (sp_ - size) & mask_;
  c_.write_lin(address(sp, size), size, v, system_);
  sp_ = sp;
}
uint64_t StackCursor::peek(uint64_t offset, unsigned size) {
  return c_.read_lin(address((sp_ + offset) & mask_, size), size, system_);
}
void StackCursor::probe(unsigned size) { c_.probe_write(address(sp_, size), size, system_); }
uint64_t StackCursor::pop(unsigned size) {
  uint64_t v = peek(0, size);
  sp_ = (sp_ + size) & mask_;
  return v;
}

StackCursor current_stack(Cpu& c, uint32_t error) {
  return {c, c.seg[kSs], c.gpr[kRsp], c.stack_mask(), c.code64(), false, error};
}

void set_sp(Cpu& c, uint64_t sp, uint64_t mask) {
  c.gpr[kRsp] = mask == 0xFFFF ? (c.gpr[kRsp] & ~mask) | (sp & mask) : sp & mask;
}

// --- instructions ------------------------------------------------------------------------------------------

void mov_from_seg(Cpu& c, const Insn& i) {
  if (i.reg > kGs) fault(kUD);
  // Memory gets 16 bits; a register is zero-extended to the operand size.
  c.write_rm(i, i.mem ? 2 : i.op_size, c.seg[i.reg].selector);
}

void mov_to_seg(Cpu& c, const Insn& i) {
  if (i.reg > kGs || i.reg == kCs) fault(kUD);
  auto selector = static_cast<uint16_t>(c.read_rm(i, 2));
  load_segment(c, i.reg, selector);
  if (i.reg == kSs) c.pending.shadow = c.pending.shadow_ss = true;
}

namespace {

uint8_t segment_of_opcode(const Insn& i) {
  switch (i.opcode) {
    case 0xA0:
    case 0xA1: return kFs;
    case 0xA8:
    case 0xA9: return kGs;
    default: return i.opcode >> 3 & 3;
  }
}

}  // namespace

void push_seg(Cpu& c, const Insn& i) {
  StackCursor s = current_stack(c);
  uint16_t selector = c.seg[segment_of_opcode(i)].selector;
  if (i.op_size != 4) {
    s.push(selector, i.op_size);
  } else {
    // Only the low word of the slot is written (SDM, PUSH).
    StackCursor word = s;
    word.set_sp((s.sp() - i.op_size + 2) & s.mask());
    word.push(selector, 2);
    s.set_sp((s.sp() - i.op_size) & s.mask());
  }
  set_sp(c, s.sp(), s.mask());
}

void pop_seg(Cpu& c, const Insn& i) {
  StackCursor s = current_stack(c);
  uint8_t index = segment_of_opcode(i);
  auto selector = static_cast<uint16_t>(s.peek(0, 2));
  s.skip(i.op_size);
  load_segment(c, index, selector);
  set_sp(c, s.sp(), s.mask());
  if (index == kSs) c.pending.shadow = c.pending.shadow_ss = true;
}

void load_far_pointer(Cpu& c, const Insn& i) {
  uint8_t index = i.opcode == 0xC4   ? kEs
                  : i.opcode == 0xC5 ? kDs
                  : i.opcode == 0xB2 ? kSs
                  : i.opcode == 0xB4 ? kFs
                                     : kGs;
  // Two accesses: the selector's offset wraps on its own.
  uint64_t at = c.ea(i), offset = c.read_seg(i.seg, at, i.op_size);
  auto selector = static_cast<uint16_t>(c.read_seg(i.seg, (at + i.op_size) & i.ea_mask, 2));
  load_segment(c, index, selector);
  c.write_reg(i.reg, i.op_size, offset);
}

void arpl(Cpu& c, const Insn& i) {
  uint64_t dst = c.read_rm(i, 2), src = c.read_reg(i.reg, 2);
  bool raise = (dst & 3) < (src & 3);
  if (raise) c.write_rm(i, 2, (dst & ~3ull) | (src & 3));
  c.lazy.merge(raise ? kZF : 0u, kZF);
}

namespace {

// LAR and LSL accept different system types (SDM vol. 2, tables of LAR and LSL).
bool visible(Cpu& c, uint16_t selector, const Descriptor& d, bool for_limit) {
  if (!d.s()) {
    bool ok;
    switch (d.type()) {
      case 1:
      case 3: ok = !c.long_mode(); break;
      case 2:
      case 9:
      case 11: ok = true; break;
      case 4:
      case 5: ok = !for_limit && !c.long_mode(); break;
      case 12: ok = !for_limit; break;
      default: ok = false; break;
    }
    if (!ok) return false;
  } else if (d.code() && d.conforming()) {
    return true;
  }
  return c.cpl() <= d.dpl() && (selector & 3u) <= d.dpl();
}

}  // namespace

void lar(Cpu& c, const Insn& i) {
  auto selector = static_cast<uint16_t>(c.read_rm(i, 2));
  Descriptor d;
  bool ok = (selector & 0xFFFC) != 0 && find_descriptor(c, selector, &d) && visible(c, selector, d, false);
  if (ok) c.write_reg(i.reg, i.op_size, d.low >> 32 & 0x00FFFF00);
  c.lazy.merge(ok ? kZF : 0u, kZF);
}

void lsl(Cpu& c, const Insn& i) {
  auto selector = static_cast<uint16_t>(c.read_rm(i, 2));
  Descriptor d;
  bool ok = (selector & 0xFFFC) != 0 && find_descriptor(c, selector, &d) && visible(c, selector, d, true);
  if (ok) c.write_reg(i.reg, i.op_size, d.limit());
  c.lazy.merge(ok ? kZF : 0u, kZF);
}

namespace {

void verify(Cpu& c, const Insn& i, bool write) {
  auto selector = static_cast<uint16_t>(c.read_rm(i, 2));
  Descriptor d;
  bool ok = (selector & 0xFFFC) != 0 && find_descriptor(c, selector, &d) && d.s();
  if (ok && !(d.code() && d.conforming())) ok = c.cpl() <= d.dpl() && (selector & 3u) <= d.dpl();
  if (ok) ok = write ? !d.code() && d.readable_or_writable() : !d.code() || d.readable_or_writable();
  c.lazy.merge(ok ? kZF : 0u, kZF);
}

}  // namespace

void check_umip(const Cpu& c) {
  if ((c.cr.cr4 & kCr4Umip) != 0 && c.protected_mode() && c.cpl() > 0) fault(kGP, 0);
}

void verr(Cpu& c, const Insn& i) { verify(c, i, false); }
void verw(Cpu& c, const Insn& i) { verify(c, i, true); }

void sldt(Cpu& c, const Insn& i) {
  check_umip(c);
  c.write_rm(i, i.mem ? 2 : i.op_size, c.ldtr.selector);
}
void str(Cpu& c, const Insn& i) {
  check_umip(c);
  c.write_rm(i, i.mem ? 2 : i.op_size, c.tr.selector);
}

namespace {

Segment system_segment(uint16_t selector, const Descriptor& d, bool wide) {
  Segment s = to_segment(selector, d);
  if (wide) s.base |= d.high << 32;
  return s;
}

}  // namespace

void load_ldt(Cpu& c, uint16_t selector) {
  if ((selector & 0xFFFC) == 0) {
    c.ldtr = {0, 0, selector, 0};
    return;
  }
  uint32_t error = selector & 0xFFFCu;
  if ((selector & 4) != 0) fault(kGP, error);
  Descriptor d = read_descriptor(c, selector);
  if (d.s() || d.type() != 2) fault(kGP, error);
  if (!d.present()) fault(kNP, error);
  Segment s = system_segment(selector, d, c.long_mode());
  if (!canonical_base(c, s.base)) fault(kGP, error);
  c.ldtr = s;
}

void lldt(Cpu& c, const Insn& i) { load_ldt(c, static_cast<uint16_t>(c.read_rm(i, 2))); }

void ltr(Cpu& c, const Insn& i) {
  auto selector = static_cast<uint16_t>(c.read_rm(i, 2));
  uint32_t error = selector & 0xFFFCu;
  if ((selector & 0xFFFC) == 0) fault(kGP, 0);
  if ((selector & 4) != 0) fault(kGP, error);
  Descriptor d = read_descriptor(c, selector);
  bool type_ok = !d.s() && (d.type() == 9 || (d.type() == 1 && !c.long_mode()));
  if (!type_ok) fault(kGP, error);
  if (!d.present()) fault(kNP, error);
  Segment s = system_segment(selector, d, c.long_mode());
  if (!canonical_base(c, s.base)) fault(kGP, error);
  c.write_lin(d.address + 5, 1, (d.low >> 40 & 0xFF) | 2, true);
  s.attr |= 2;
  c.tr = s;
}

namespace {

void store_table(Cpu& c, const Insn& i, const DescriptorTable& t) {
  check_umip(c);
  unsigned size = c.code64() ? 8 : 4;
  uint8_t bytes[10];
  uint64_t base = t.base;
  std::memcpy(bytes, &t.limit, 2);
  std::memcpy(bytes + 2, &base, size);
  c.write_bytes(i, 0, bytes, 2 + size);
}

void load_table(Cpu& c, const Insn& i, DescriptorTable& t) {
  unsigned size = c.code64() ? 8 : 4;
  uint8_t bytes[10];
  c.read_bytes(i, 0, bytes, 2 + size);
  uint64_t base = 0;
  std::memcpy(&base, bytes + 2, size);
  if (!c.code64() && i.op_size == 2) base &= 0xFFFFFF;
  if (c.code64() && !canonical_base(c, base)) fault(kGP, 0);
  std::memcpy(&t.limit, bytes, 2);
  t.base = base;
}

}  // namespace

void sgdt(Cpu& c, const Insn& i) { store_table(c, i, c.gdtr); }
void sidt(Cpu& c, const Insn& i) { store_table(c, i, c.idtr); }
void lgdt(Cpu& c, const Insn& i) { load_table(c, i, c.gdtr); }
void lidt(Cpu& c, const Insn& i) { load_table(c, i, c.idtr); }

}  // namespace ilse::cpu::sem
