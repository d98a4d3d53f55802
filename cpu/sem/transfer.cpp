// Far jumps, calls and returns, IRET (Intel SDM vol. 3A, §5.8; vol. 2 for each instruction).
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

namespace {

uint64_t size_mask(unsigned size) { return size == 8 ? ~0ull : size == 4 ? 0xFFFFFFFFull : 0xFFFFull; }

void load_cs_real(Cpu& c, uint16_t selector, uint64_t target) {
  Segment cs = real_segment(c.seg[kCs], selector);
  if (c.v86()) cs.attr = kSegPresent | kSegS | kSegWritable | kSegAccessed | kSegDpl, cs.limit = 0xFFFF;
  if (target > cs.limit) fault(kGP, 0);
  c.seg[kCs] = cs;
  c.next_rip = target;
  c.update_mode();
}

// Limit or canonical check of a target in the code segment `d`.
void check_target(Cpu& c, const Descriptor& d, uint64_t target) {
  if (c.long_mode() && d.is_long()) {
    if (!canonical(c, target)) fault(kGP, 0);
  } else if ((target & 0xFFFFFFFF) > d.limit()) {
    fault(kGP, 0);
  }
}

void load_cs(Cpu& c, uint16_t selector, unsigned cpl, Descriptor& d, uint64_t target) {
  set_accessed(c, d);
  c.seg[kCs] = to_segment(static_cast<uint16_t>((selector & 0xFFFC) | cpl), d);
  c.next_rip = c.long_mode() && d.is_long() ? target : target & 0xFFFFFFFF;
  c.update_mode();
}

void check_code(Cpu& c, const Descriptor& d, uint16_t selector, bool through_gate) {
  uint32_t error = selector & 0xFFFCu;
  unsigned rpl = through_gate ? 0 : selector & 3u;
  if (!d.code()) fault(kGP, error);
  if (c.long_mode() && d.is_long() && d.big()) fault(kGP, error);
  if (d.conforming() ? d.dpl() > c.cpl() : (rpl > c.cpl() || d.dpl() != c.cpl())) fault(kGP, error);
  if (!d.present()) fault(kNP, error);
}

void push_return(Cpu& c, unsigned size) {
  StackCursor s = current_stack(c);
  s.push(c.seg[kCs].selector, size);
  s.push(c.next_rip, size);
  set_sp(c, s.sp(), s.mask());
}

void check_gate(Cpu& c, const Descriptor& gate, uint16_t selector) {
  uint32_t error = selector & 0xFFFCu;
  if (gate.dpl() < c.cpl() || gate.dpl() < (selector & 3u)) fault(kGP, error);
  if (!gate.present()) fault(kNP, error);
}

void through_task(Cpu& c, uint16_t selector, const Descriptor& gate, bool call) {
  uint16_t tss = selector;
  Descriptor d = gate;
  check_gate(c, gate, selector);
  if (gate.type() == 5) {
    tss = gate.gate_selector();
    if ((tss & 4) != 0) fault(kGP, tss & 0xFFFCu);
    d = read_descriptor(c, tss);
    if (d.s() || (d.type() != 1 && d.type() != 9)) fault(kGP, tss & 0xFFFCu);
    if (!d.present()) fault(kNP, tss & 0xFFFCu);
  }
  switch_task(c, tss, d, call ? TaskSwitch::Call : TaskSwitch::Jump, std::nullopt, c.next_rip);
  c.next_rip = c.rip();
}

void through_call_gate(Cpu& c, uint16_t selector, const Descriptor& gate, bool call) {
  check_gate(c, gate, selector);
  bool long_gate = c.long_mode();
  if (long_gate && (gate.high >> 40 & 0x1F) != 0) fault(kGP, selector & 0xFFFCu);
  unsigned size = long_gate ? 8 : (gate.type() & 8) != 0 ? 4 : 2;
  uint16_t cs = gate.gate_selector();
  uint64_t target = gate.low & 0xFFFF;
  if (size >= 4) target |= gate.low >> 32 & 0xFFFF0000;
  if (long_gate) target |= gate.high << 32;
  uint32_t error = cs & 0xFFFCu;
  if ((cs & 0xFFFC) == 0) fault(kGP, 0);
  Descriptor d = read_descriptor(c, cs);
  if (!d.code() || d.dpl() > c.cpl()) fault(kGP, error);
  if (long_gate && (!d.is_long() || d.big())) fault(kGP, error);
  bool inner = call && !d.conforming() && d.dpl() < c.cpl();
  if (!call && !d.conforming() && d.dpl() != c.cpl()) fault(kGP, error);
  if (!d.present()) fault(kNP, error);
  check_target(c, d, target);
  if (!inner) {
    if (call) {
      StackCursor s = current_stack(c);
      s.push(c.seg[kCs].selector, size);
      s.push(c.next_rip, size);
      set_sp(c, s.sp(), s.mask());
    }
    load_cs(c, cs, c.cpl(), d, target);
    return;
  }
  unsigned level = d.dpl();
  uint16_t old_ss = c.seg[kSs].selector;
  uint64_t old_sp = c.gpr[kRsp];
  if (long_gate) {
    uint64_t slot = 4 + 8 * level;
    if (slot + 7 > c.tr.limit) fault(kTS, c.tr.selector & 0xFFFCu);
    uint64_t sp = c.read_lin(c.tr.base + slot, 8, true);
    if (!canonical(c, sp)) fault(kSS, 0);
    Segment none;
    StackCursor s(c, none, sp, ~0ull, true, level != 3);
    s.push(old_ss, 8);
    s.push(old_sp, 8);
    s.push(c.seg[kCs].selector, 8);
    s.push(c.next_rip, 8);
    c.seg[kSs] = {0, 0xFFFFFFFF, static_cast<uint16_t>(level), static_cast<uint16_t>(level << 5)};
    c.gpr[kRsp] = s.sp();
    load_cs(c, cs, level, d, target);
    return;
  }
  uint64_t sp;
  uint16_t ss;
  tss_stack(c, level, &sp, &ss);
  Segment stack = check_stack_segment(c, ss, level, kTS);
  uint64_t mask = stack.big() ? 0xFFFFFFFF : 0xFFFF;
  unsigned count = gate.low >> 32 & 31;
  uint64_t params[32];
  StackCursor from = current_stack(c);
  for (unsigned k = 0; k < count; ++k) params[k] = from.peek(k * size, size);
  StackCursor s(c, stack, sp, mask, false, level != 3, ss & 0xFFFCu);
  s.push(old_ss, size);
  s.push(old_sp, size);
  for (unsigned k = count; k-- > 0;) s.push(params[k], size);
  s.push(c.seg[kCs].selector, size);
  s.push(c.next_rip, size);
  c.seg[kSs] = stack;
  set_sp(c, s.sp(), mask);
  load_cs(c, cs, level, d, target);
}

void far_transfer(Cpu& c, uint16_t selector, uint64_t target, unsigned size, bool call) {
  target &= size_mask(size);
  if (!c.protected_mode() || c.v86()) {
    if (target > c.seg[kCs].limit && !c.v86()) fault(kGP, 0);
    if (call) push_return(c, size);
    load_cs_real(c, selector, target);
    return;
  }
  if ((selector & 0xFFFC) == 0) fault(kGP, 0);
  Descriptor d = read_descriptor(c, selector);
  if (d.s()) {
    check_code(c, d, selector, false);
    check_target(c, d, target);
    if (call) push_return(c, size);
    load_cs(c, selector, c.cpl(), d, target);
    return;
  }
  bool long_mode = c.long_mode();
  switch (d.type()) {
    case 1:
    case 9:
    case 5:
      if (long_mode) fault(kGP, selector & 0xFFFCu);
      through_task(c, selector, d, call);
      return;
    case 4:
      if (long_mode) fault(kGP, selector & 0xFFFCu);
      [[fallthrough]];
    case 12: through_call_gate(c, selector, d, call); return;
    default: fault(kGP, selector & 0xFFFCu);
  }
}

void far_memory(Cpu& c, const Insn& i, bool call) {
  unsigned size = i.op_size;
  // Two accesses: the selector's offset wraps on its own.
  uint64_t at = c.ea(i), target = c.read_seg(i.seg, at, size);
  auto selector = static_cast<uint16_t>(c.read_seg(i.seg, (at + size) & i.ea_mask, 2));
  far_transfer(c, selector, target, size, call);
}

// The common part of RETF and IRET in protected mode: to CS:RIP, and to SS:RSP where the level changes or,
// for IRET in 64-bit mode, always. `s` is behind CS:RIP (and EFLAGS); `release` is RETF's immediate.
void return_protected(Cpu& c, StackCursor s, uint16_t cs, uint64_t target, unsigned size, uint64_t release,
                      bool always_stack, const uint32_t* flags, uint32_t flag_mask) {
  uint32_t error = cs & 0xFFFCu;
  if ((cs & 0xFFFC) == 0) fault(kGP, 0);
  Descriptor d = read_descriptor(c, cs);
  unsigned rpl = cs & 3, cpl = c.cpl();
  if (!d.code() || rpl < cpl) fault(kGP, error);
  if (c.long_mode() && d.is_long() && d.big()) fault(kGP, error);
  if (d.conforming() ? d.dpl() > rpl : d.dpl() != rpl) fault(kGP, error);
  if (!d.present()) fault(kNP, error);
  check_target(c, d, target);
  bool to64 = c.long_mode() && d.is_long();
  s.skip(release);
  if (rpl == cpl && !always_stack) {
    set_sp(c, s.sp(), s.mask());
    load_cs(c, cs, rpl, d, target);
    if (flags != nullptr) c.set_eflags((c.eflags() & ~flag_mask) | (*flags & flag_mask));
    return;
  }
  uint64_t new_sp = s.pop(size);
  auto ss = static_cast<uint16_t>(s.pop(size));
  Segment stack;
  if ((ss & 0xFFFC) == 0) {
    if (!to64 || rpl == 3 || (ss & 3u) != rpl) fault(kGP, 0);
    stack = {0, 0xFFFFFFFF, ss, static_cast<uint16_t>(rpl << 5)};
  } else {
    Descriptor sd = read_descriptor(c, ss);
    if ((ss & 3u) != rpl || !sd.s() || sd.code() || !sd.readable_or_writable() || sd.dpl() != rpl)
      fault(kGP, ss & 0xFFFCu);
    if (!sd.present()) fault(kSS, ss & 0xFFFCu);
    set_accessed(c, sd);
    stack = to_segment(ss, sd);
  }
  load_cs(c, cs, rpl, d, target);
  c.seg[kSs] = stack;
  set_cpl(c, rpl);
  c.update_mode();
  uint64_t mask = to64 ? ~0ull : stack.big() ? 0xFFFFFFFF : 0xFFFF;
  set_sp(c, (new_sp & size_mask(size)) + release, mask);
  if (rpl != cpl) drop_privileged_segments(c, rpl);
  if (flags != nullptr) c.set_eflags((c.eflags() & ~flag_mask) | (*flags & flag_mask));
  c.update_mode();
}

}  // namespace

void jmp_far(Cpu& c, const Insn& i) { far_transfer(c, i.far_selector, i.imm, i.op_size, false); }
void call_far(Cpu& c, const Insn& i) { far_transfer(c, i.far_selector, i.imm, i.op_size, true); }
void jmp_far_mem(Cpu& c, const Insn& i) { far_memory(c, i, false); }
void call_far_mem(Cpu& c, const Insn& i) { far_memory(c, i, true); }

void ret_far(Cpu& c, const Insn& i) {
  unsigned size = i.op_size;
  uint64_t release = i.opcode == 0xCA ? i.imm : 0;
  StackCursor s = current_stack(c);
  uint64_t target = s.pop(size);
  auto cs = static_cast<uint16_t>(s.pop(size));
  if (!c.protected_mode() || c.v86()) {
    s.skip(release);
    if (target > c.seg[kCs].limit) fault(kGP, 0);
    load_cs_real(c, cs, target);
    set_sp(c, s.sp(), s.mask());
    return;
  }
  return_protected(c, s, cs, target, size, release, false, nullptr, 0);
}

void iret(Cpu& c, const Insn& i) {
  unsigned size = i.op_size;
  // NMIs are let in even if it faults (SDM vol. 3A, §6.7.1).
  if (c.pending.nmi_blocked) {
    c.pending.nmi_blocked = false;
    c.look_for_events();
  }
  StackCursor s = current_stack(c);
  uint32_t now = c.eflags();
  if (!c.protected_mode()) {
    uint64_t target = s.pop(size);
    auto cs = static_cast<uint16_t>(s.pop(size));
    auto f = static_cast<uint32_t>(s.pop(size));
    if (target > c.seg[kCs].limit) fault(kGP, 0);
    load_cs_real(c, cs, target);
    set_sp(c, s.sp(), s.mask());
    uint32_t keep = size == 2 ? 0xFFFF0000u : kVM | kVIF | kVIP;
    c.set_eflags((now & keep) | (f & ~keep));
    return;
  }
  if (c.v86()) {
    bool iopl3 = (c.system_flags & kIOPL) == kIOPL;
    if (!iopl3 && ((c.cr.cr4 & kCr4Vme) == 0 || size != 2)) fault(kGP, 0);
    uint64_t target = s.pop(size);
    auto cs = static_cast<uint16_t>(s.pop(size));
    auto f = static_cast<uint32_t>(s.pop(size));
    if (target > 0xFFFF) fault(kGP, 0);
    uint32_t result;
    if (iopl3) {
      uint32_t keep = (size == 2 ? 0xFFFF0000u : kVM | kVIF | kVIP) | kIOPL;
      result = (now & keep) | (f & ~keep);
    } else {
      if ((f & kTF) != 0 || ((f & kIF) != 0 && (now & kVIP) != 0)) fault(kGP, 0);
      uint32_t keep = 0xFFFF0000u | kIOPL | kIF;
      result = (now & keep) | (f & ~keep & 0xFFFF);
      result = (f & kIF) != 0 ? result | kVIF : result & ~kVIF;
    }
    load_cs_real(c, cs, target);
    set_sp(c, s.sp(), s.mask());
    c.set_eflags(result);
    return;
  }
  if ((now & kNT) != 0) {
    if (c.long_mode()) fault(kGP, 0);
    auto link = static_cast<uint16_t>(c.read_lin(c.tr.base, 2, true));
    uint32_t error = link & 0xFFFCu;
    if ((link & 4) != 0) fault(kTS, error);
    Descriptor d = read_descriptor(c, link, kTS);
    if (d.s() || (d.type() != 3 && d.type() != 11)) fault(kTS, error);
    if (!d.present()) fault(kNP, error);
    switch_task(c, link, d, TaskSwitch::Iret, std::nullopt, c.next_rip);
    c.next_rip = c.rip();
    return;
  }
  uint64_t target = s.pop(size);
  auto cs = static_cast<uint16_t>(s.pop(size));
  auto f = static_cast<uint32_t>(s.pop(size));
  unsigned cpl = c.cpl();
  if ((f & kVM) != 0 && size == 4 && cpl == 0 && !c.long_mode()) {
    uint64_t sp = s.pop(4);
    uint16_t sel[5];  // SS, ES, DS, FS, GS
    for (uint16_t& x : sel) x = static_cast<uint16_t>(s.pop(4));
    static constexpr uint8_t kOrder[5] = {kSs, kEs, kDs, kFs, kGs};
    auto v86_segment = [](uint16_t x) {
      return Segment{static_cast<uint64_t>(x) << 4, 0xFFFF, x,
                     kSegPresent | kSegS | kSegWritable | kSegAccessed | kSegDpl};
    };
    for (unsigned k = 0; k < 5; ++k) c.seg[kOrder[k]] = v86_segment(sel[k]);
    c.seg[kCs] = v86_segment(cs);
    c.gpr[kRsp] = sp;
    c.next_rip = target & 0xFFFF;
    c.set_eflags(f);
    return;
  }
  uint32_t mask = kOSZAPC | kTF | kDF | kNT;
  if (size != 2) mask |= kRF | kAC | kID;
  if (cpl <= (now & kIOPL) >> 12) mask |= kIF;
  if (cpl == 0) mask |= kIOPL | (size != 2 ? kVIF | kVIP : 0u);
  return_protected(c, s, cs, target, size, 0, c.code64(), &f, mask);
}

}  // namespace ilse::cpu::sem
