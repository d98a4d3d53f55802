// Integer instructions that are rare or have many effects: decimal adjustment, PUSHA, ENTER, POPF and the
// like (Intel SDM vol. 2). Undefined flags follow tests/oracle/UNDEFINED.md.
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

void fault(uint8_t vector) { throw GuestFault{vector, false, 0}; }
void fault(uint8_t vector, uint32_t error) { throw GuestFault{vector, true, error}; }

namespace {

bool sign_extended(uint64_t a, unsigned bits) {
  return static_cast<uint64_t>(static_cast<int64_t>(a << (64 - bits)) >> (64 - bits)) == a;
}

}  // namespace

bool canonical(const Cpu& c, uint64_t a) { return sign_extended(a, (c.cr.cr4 & kCr4La57) != 0 ? 57 : 48); }
bool canonical_base(const Cpu& c, uint64_t a) {
  return sign_extended(a, c.model().has(Feature::La57) ? 57 : 48);
}

namespace {

uint8_t al(Cpu& c) { return static_cast<uint8_t>(c.gpr[kRax]); }
uint8_t ah(Cpu& c) { return static_cast<uint8_t>(c.gpr[kRax] >> 8); }
void set_al(Cpu& c, uint8_t v) { c.reg_at<uint8_t>(0) = v; }
void set_ah(Cpu& c, uint8_t v) { c.reg_at<uint8_t>(1) = v; }

void set_szp(Cpu& c, uint8_t v, uint32_t others) {
  c.lazy.result = sign_extend(v);
  c.lazy.aux = 0;
  c.lazy.merge(others, kCF | kAF | kOF);
}

}  // namespace

void cmpxchg8b(Cpu& c, const Insn& i) {
  unsigned half = i.op_size == 8 ? 8 : 4;
  if (half == 8 && !c.model().has(Feature::Cx16)) fault(kUD);
  uint64_t lin = c.linear(i, 2 * half, Access::Write);
  if (half == 8 && (lin & 15) != 0) fault(kGP, 0);
  c.probe_write(lin, 2 * half);
  uint64_t low = c.read_lin(lin, half), high = c.read_lin(lin + half, half);
  uint64_t mask = half == 8 ? ~0ull : 0xFFFFFFFF;
  bool equal = low == (c.gpr[kRax] & mask) && high == (c.gpr[kRdx] & mask);
  c.write_lin(lin, half, equal ? c.gpr[kRbx] & mask : low);
  c.write_lin(lin + half, half, equal ? c.gpr[kRcx] & mask : high);
  if (!equal) {
    c.write_reg(kRax * 8, half, low);
    c.write_reg(kRdx * 8, half, high);
  }
  c.lazy.merge(equal ? kZF : 0u, kZF);
}

void daa(Cpu& c, const Insn&) {
  uint8_t v = al(c), old = v;
  bool cf = c.lazy.cf(), af = c.lazy.af(), carry = false;
  if ((v & 0xF) > 9 || af) {
    v = static_cast<uint8_t>(v + 6);
    af = true;
  }
  if (old > 0x99 || cf) {
    v = static_cast<uint8_t>(v + 0x60);
    carry = true;
  }
  set_al(c, v);
  set_szp(c, v, (carry ? kCF : 0u) | (af ? kAF : 0u));
}

void das(Cpu& c, const Insn&) {
  uint8_t v = al(c), old = v;
  bool cf = c.lazy.cf(), af = c.lazy.af(), carry = false;
  if ((v & 0xF) > 9 || af) {
    carry = cf || v < 6;
    v = static_cast<uint8_t>(v - 6);
    af = true;
  }
  if (old > 0x99 || cf) {
    v = static_cast<uint8_t>(v - 0x60);
    carry = true;
  }
  set_al(c, v);
  set_szp(c, v, (carry ? kCF : 0u) | (af ? kAF : 0u));
}

void aaa(Cpu& c, const Insn&) {
  bool adjust = (al(c) & 0xF) > 9 || c.lazy.af();
  if (adjust) c.reg_at<uint16_t>(0) = static_cast<uint16_t>(c.gpr[kRax] + 0x106);
  set_al(c, al(c) & 0xF);
  set_szp(c, al(c), adjust ? kCF | kAF : 0u);
}

void aas(Cpu& c, const Insn&) {
  bool adjust = (al(c) & 0xF) > 9 || c.lazy.af();
  if (adjust) c.reg_at<uint16_t>(0) = static_cast<uint16_t>(c.gpr[kRax] - 0x106);
  set_al(c, al(c) & 0xF);
  set_szp(c, al(c), adjust ? kCF | kAF : 0u);
}

void aam(Cpu& c, const Insn& i) {
  auto base = static_cast<uint8_t>(i.imm);
  if (base == 0) fault(kDE);
  uint8_t v = al(c);
  set_ah(c, v / base);
  set_al(c, v % base);
  set_szp(c, al(c), 0);
}

void aad(Cpu& c, const Insn& i) {
  auto add = static_cast<uint8_t>(ah(c) * static_cast<uint8_t>(i.imm));
  uint8_t a = al(c), r = static_cast<uint8_t>(a + add);
  c.reg_at<uint16_t>(0) = r;
  c.lazy.result = sign_extend(r);
  c.lazy.aux = pack_carries(static_cast<uint8_t>((a & add) | ((a | add) & ~r)));
}

// The address of a memory destination is formed with the stack pointer already moved.
void pop_rm(Cpu& c, const Insn& i) {
  StackCursor s = current_stack(c);
  uint64_t v = s.pop(i.op_size);
  uint64_t old = c.gpr[kRsp];
  set_sp(c, s.sp(), s.mask());
  try {
    c.write_rm(i, i.op_size, v);
  } catch (const GuestFault&) {
    c.gpr[kRsp] = old;
    throw;
  }
}

void pusha(Cpu& c, const Insn& i) {
  StackCursor s = current_stack(c);
  for (unsigned n = 0; n < 8; ++n) s.push(c.gpr[n], i.op_size);
  set_sp(c, s.sp(), s.mask());
}

void popa(Cpu& c, const Insn& i) {
  StackCursor s = current_stack(c);
  uint64_t v[8];
  for (unsigned n = 8; n-- > 0;) v[n] = s.pop(i.op_size);
  for (unsigned n = 0; n < 8; ++n) {
    if (n != kRsp) c.write_reg(n * 8, i.op_size, v[n]);
  }
  set_sp(c, s.sp(), s.mask());
}

void enter(Cpu& c, const Insn& i) {
  unsigned level = i.imm2 & 31, size = i.op_size;
  StackCursor s = current_stack(c);
  uint64_t mask = s.mask();
  s.push(c.gpr[kRbp], size);
  uint64_t frame = s.sp();
  if (level > 0) {
    uint64_t bp = c.gpr[kRbp];
    for (unsigned n = 1; n < level; ++n) {
      bp = (bp - size) & mask;
      StackCursor from = current_stack(c);
      from.set_sp(bp);
      s.push(from.peek(0, size), size);
    }
    s.push(frame, size);
  }
  uint64_t sp = (s.sp() - static_cast<uint16_t>(i.imm)) & mask;
  // The new top has to be writable.
  StackCursor probe = current_stack(c);
  probe.set_sp(sp);
  probe.probe(size);
  uint64_t new_bp = size == 2   ? (c.gpr[kRbp] & ~0xFFFFull) | (frame & 0xFFFF)
                    : size == 4 ? static_cast<uint32_t>(frame)
                                : frame;
  c.gpr[kRbp] = new_bp;
  set_sp(c, sp, mask);
}

void pushf(Cpu& c, const Insn& i) {
  if (c.v86() && (c.system_flags & kIOPL) != kIOPL) {
    if ((c.cr.cr4 & kCr4Vme) == 0 || i.op_size != 2) fault(kGP, 0);
    uint32_t f = (c.eflags() & ~kIF) | kIOPL | ((c.system_flags & kVIF) != 0 ? kIF : 0u);
    StackCursor s = current_stack(c);
    s.push(f, 2);
    set_sp(c, s.sp(), s.mask());
    return;
  }
  StackCursor s = current_stack(c);
  s.push(c.eflags() & ~(kVM | kRF), i.op_size);
  set_sp(c, s.sp(), s.mask());
}

void popf(Cpu& c, const Insn& i) {
  StackCursor s = current_stack(c);
  uint32_t old = c.eflags();
  if (c.v86() && (c.system_flags & kIOPL) != kIOPL) {
    if ((c.cr.cr4 & kCr4Vme) == 0 || i.op_size != 2) fault(kGP, 0);
    auto v = static_cast<uint32_t>(s.pop(2));
    if ((v & kTF) != 0 || ((v & kIF) != 0 && (old & kVIP) != 0)) fault(kGP, 0);
    uint32_t f = (old & ~0xFFFFu) | (v & 0xFFFF & ~(kIOPL | kIF)) | (old & (kIOPL | kIF));
    f = (v & kIF) != 0 ? f | kVIF : f & ~kVIF;
    set_sp(c, s.sp(), s.mask());
    c.set_eflags(f);
    c.leave = true;
    return;
  }
  auto v = static_cast<uint32_t>(s.pop(i.op_size));
  uint32_t change = kOSZAPC | kTF | kDF | kNT;
  if (i.op_size != 2) change |= kAC | kID;
  if (c.protected_mode()) {
    if (c.cpl() == 0) change |= kIOPL;
    if (c.cpl() <= (old & kIOPL) >> 12) change |= kIF;
  } else {
    change |= kIOPL | kIF;
  }
  if (c.v86()) change = (change & ~kIOPL) | kIF;
  set_sp(c, s.sp(), s.mask());
  uint32_t keep = old & ~kRF;
  const uint32_t mode = c.mode();
  c.set_eflags((keep & ~change) | (v & change));
  // The rest of the block may mean something else now, or an interrupt be due.
  if (c.mode() != mode || c.events_waiting()) c.leave = true;
}

void xlat(Cpu& c, const Insn& i) {
  uint64_t ea = (c.gpr[kRbx] + al(c)) & i.ea_mask;
  set_al(c, static_cast<uint8_t>(c.read_seg(i.seg, ea, 1)));
}

void salc(Cpu& c, const Insn&) { set_al(c, c.lazy.cf() ? 0xFF : 0); }
void cld(Cpu& c, const Insn&) { c.system_flags &= ~kDF; }
void std_(Cpu& c, const Insn&) { c.system_flags |= kDF; }

void bound(Cpu& c, const Insn& i) {
  unsigned size = i.op_size == 2 ? 2 : 4;
  uint64_t at = c.ea(i);
  auto extend = [size](uint64_t v) {
    return size == 2 ? static_cast<int64_t>(static_cast<int16_t>(v))
                     : static_cast<int64_t>(static_cast<int32_t>(v));
  };
  int64_t v = extend(c.read_reg(i.reg, size));
  if (v < extend(c.read_seg(i.seg, at, size))) fault(kBR);
  if (v > extend(c.read_seg(i.seg, (at + size) & i.ea_mask, size))) fault(kBR);
}

}  // namespace ilse::cpu::sem
