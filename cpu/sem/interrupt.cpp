// Interrupt and exception delivery (Intel SDM vol. 3A, chapter 6; vol. 2, INT n): through the IVT, the IDT of
// protected and of long mode, task gates and the virtual-8086 extensions; double and triple faults.
#include "cpu/sem/helpers.h"

namespace ilse::cpu {

namespace sem {
namespace {

struct Event {
  uint8_t vector;
  Cause cause;
  std::optional<uint32_t> error;
  uint64_t return_rip;

  bool software() const { return cause == Cause::Software; }
  // The EXT bit of error codes: the event is not of the program's making.
  uint32_t ext() const { return cause == Cause::Software ? 0 : 1; }
  // RF in the pushed image, so that a restarted instruction does not meet its breakpoint again.
  bool fault_class() const {
    return cause == Cause::Exception && vector != kDB && vector != kBP && vector != kOFv;
  }
};

uint32_t pushed_flags(const Cpu& c, const Event& e) { return c.eflags() | (e.fault_class() ? kRF : 0u); }

void deliver_real(Cpu& c, const Event& e) {
  if (e.vector * 4u + 3 > c.idtr.limit) fault(kGP, e.vector * 8u + 2);
  uint64_t entry = c.read_lin(c.idtr.base + e.vector * 4u, 4, true);
  StackCursor s = current_stack(c);
  s.push(c.eflags() & 0xFFFF, 2);
  s.push(c.seg[kCs].selector, 2);
  s.push(e.return_rip, 2);
  set_sp(c, s.sp(), s.mask());
  c.system_flags &= ~(kIF | kTF | kAC | kRF);
  c.seg[kCs] = real_segment(c.seg[kCs], static_cast<uint16_t>(entry >> 16));
  c.set_rip(entry & 0xFFFF);
  c.update_mode();
}

// A virtual-8086 program's INT n through its own table (SDM vol. 3B, §20.3.3, method 5 and 6).
bool deliver_vme(Cpu& c, const Event& e) {
  if ((c.cr.cr4 & kCr4Vme) == 0) return false;
  uint64_t map = c.read_lin(c.tr.base + 102, 2, true) - 32 + e.vector / 8u;
  if (c.tr.limit < 103 || map > c.tr.limit) return false;
  if ((c.read_lin(c.tr.base + map, 1, true) >> (e.vector & 7) & 1) != 0) return false;
  uint64_t entry = c.read_lin(e.vector * 4u, 4);
  uint32_t f = c.eflags();
  bool virtual_if = (f & kIOPL) != kIOPL;
  if (virtual_if) f = (f & ~kIF) | kIOPL | ((f & kVIF) != 0 ? kIF : 0u);
  StackCursor s = current_stack(c);
  s.push(f & 0xFFFF, 2);
  s.push(c.seg[kCs].selector, 2);
  s.push(e.return_rip, 2);
  set_sp(c, s.sp(), s.mask());
  c.system_flags &= ~(kTF | kNT | (virtual_if ? kVIF : kIF));
  c.seg[kCs].selector = static_cast<uint16_t>(entry >> 16);
  c.seg[kCs].base = (entry >> 16 & 0xFFFF) << 4;
  c.set_rip(entry & 0xFFFF);
  c.update_mode();
  return true;
}

void deliver_protected(Cpu& c, const Event& e) {
  const uint32_t idt_error = e.vector * 8u + 2 + e.ext();
  if (e.vector * 8u + 7 > c.idtr.limit) fault(kGP, idt_error);
  Descriptor gate;
  gate.low = c.read_lin(c.idtr.base + e.vector * 8u, 8, true);
  unsigned type = gate.s() ? 0 : gate.type();
  if (type != 5 && type != 6 && type != 7 && type != 14 && type != 15) fault(kGP, idt_error);
  if (e.software() && gate.dpl() < c.cpl()) fault(kGP, e.vector * 8u + 2);
  if (!gate.present()) fault(kNP, idt_error);
  if (type == 5) {
    uint16_t tss = gate.gate_selector();
    uint32_t error = (tss & 0xFFFCu) | e.ext();
    if ((tss & 4) != 0) fault(kGP, error);
    Descriptor d;
    if (!find_descriptor(c, tss, &d)) fault(kGP, error);
    if (d.s() || (d.type() != 1 && d.type() != 9)) fault(kGP, error);
    if (!d.present()) fault(kNP, error);
    if (e.fault_class()) c.system_flags |= kRF;  // in the image in the old TSS too
    switch_task(c, tss, d, TaskSwitch::Interrupt, e.error, e.return_rip);
    return;
  }
  unsigned size = (type & 8) != 0 ? 4 : 2;
  uint16_t selector = gate.gate_selector();
  uint64_t target = gate.low & 0xFFFF;
  if (size == 4) target |= gate.low >> 32 & 0xFFFF0000;
  uint32_t cs_error = (selector & 0xFFFCu) | e.ext();
  if ((selector & 0xFFFC) == 0) fault(kGP, e.ext());
  Descriptor d;
  if (!find_descriptor(c, selector, &d)) fault(kGP, cs_error);
  if (!d.code() || d.dpl() > c.cpl()) fault(kGP, cs_error);
  if (!d.present()) fault(kNP, cs_error);
  uint32_t flags = pushed_flags(c, e);
  bool vm = c.v86();
  unsigned cpl = c.cpl();

  if (!d.conforming() && d.dpl() < cpl) {
    unsigned level = d.dpl();
    if (vm && level != 0) fault(kGP, cs_error);
    uint64_t sp;
    uint16_t ss;
    tss_stack(c, level, &sp, &ss, e.ext());
    Segment stack = check_stack_segment(c, ss, level, kTS, e.ext());
    uint64_t mask = stack.big() ? 0xFFFFFFFF : 0xFFFF;
    if (target > d.limit()) fault(kGP, e.ext());
    StackCursor s(c, stack, sp, mask, false, level != 3, (ss & 0xFFFCu) | e.ext());
    if (vm) {
      for (uint8_t n : {kGs, kFs, kDs, kEs}) s.push(c.seg[n].selector, size);
    }
    s.push(c.seg[kSs].selector, size);
    s.push(c.gpr[kRsp], size);
    s.push(flags, size);
    s.push(c.seg[kCs].selector, size);
    s.push(e.return_rip, size);
    if (e.error) s.push(*e.error, size);
    set_accessed(c, d);
    if (vm) {
      for (uint8_t n : {kGs, kFs, kDs, kEs}) c.seg[n] = {0, 0, 0, 0};
    }
    c.seg[kSs] = stack;
    set_sp(c, s.sp(), mask);
    c.seg[kCs] = to_segment(static_cast<uint16_t>((selector & 0xFFFC) | level), d);
  } else {
    if (vm || (!d.conforming() && d.dpl() != cpl)) fault(kGP, cs_error);
    if (target > d.limit()) fault(kGP, e.ext());
    StackCursor s = current_stack(c, e.ext());
    s.push(flags, size);
    s.push(c.seg[kCs].selector, size);
    s.push(e.return_rip, size);
    if (e.error) s.push(*e.error, size);
    set_accessed(c, d);
    set_sp(c, s.sp(), s.mask());
    c.seg[kCs] = to_segment(static_cast<uint16_t>((selector & 0xFFFC) | cpl), d);
  }
  c.set_rip(target);
  c.system_flags &= ~(kTF | kNT | kRF | kVM | ((type & 1) == 0 ? kIF : 0u));
  c.update_mode();
}

void deliver_long(Cpu& c, const Event& e) {
  const uint32_t idt_error = e.vector * 8u + 2 + e.ext();
  if (e.vector * 16u + 15 > c.idtr.limit) fault(kGP, idt_error);
  Descriptor gate;
  gate.low = c.read_lin(c.idtr.base + e.vector * 16u, 8, true);
  gate.high = c.read_lin(c.idtr.base + e.vector * 16u + 8, 8, true);
  unsigned type = gate.s() ? 0 : gate.type();
  if ((type != 14 && type != 15) || (gate.high >> 40 & 0x1F) != 0) fault(kGP, idt_error);
  if (e.software() && gate.dpl() < c.cpl()) fault(kGP, e.vector * 8u + 2);
  if (!gate.present()) fault(kNP, idt_error);
  uint16_t selector = gate.gate_selector();
  uint64_t target = gate.gate_offset() & 0xFFFFFFFF;
  target |= gate.high << 32;
  uint32_t cs_error = (selector & 0xFFFCu) | e.ext();
  if ((selector & 0xFFFC) == 0) fault(kGP, e.ext());
  Descriptor d;
  if (!find_descriptor(c, selector, &d)) fault(kGP, cs_error);
  if (!d.code() || d.dpl() > c.cpl() || !d.is_long() || d.big()) fault(kGP, cs_error);
  if (!d.present()) fault(kNP, cs_error);
  if (!canonical(c, target)) fault(kGP, e.ext());
  unsigned ist = gate.low >> 32 & 7, cpl = c.cpl();
  bool inner = !d.conforming() && d.dpl() < cpl;
  unsigned level = inner ? d.dpl() : cpl;
  uint64_t sp = c.gpr[kRsp];
  if (ist != 0 || inner) {
    uint64_t slot = ist != 0 ? 28 + 8 * ist : 4 + 8 * level;
    if (slot + 7 > c.tr.limit) fault(kTS, (c.tr.selector & 0xFFFCu) | e.ext());
    sp = c.read_lin(c.tr.base + slot, 8, true);
    if (!canonical(c, sp)) fault(kSS, e.ext());
  }
  sp &= ~15ull;
  Segment none;
  StackCursor s(c, none, sp, ~0ull, true, level != 3, e.ext());
  s.push(c.seg[kSs].selector, 8);
  s.push(c.gpr[kRsp], 8);
  s.push(pushed_flags(c, e), 8);
  s.push(c.seg[kCs].selector, 8);
  s.push(e.return_rip, 8);
  if (e.error) s.push(*e.error, 8);
  set_accessed(c, d);
  if (inner) c.seg[kSs] = {0, 0xFFFFFFFF, static_cast<uint16_t>(level), static_cast<uint16_t>(level << 5)};
  c.gpr[kRsp] = s.sp();
  c.seg[kCs] = to_segment(static_cast<uint16_t>((selector & 0xFFFC) | level), d);
  c.set_rip(target);
  c.system_flags &= ~(kTF | kNT | kRF | ((type & 1) == 0 ? kIF : 0u));
  c.update_mode();
}

void deliver_once(Cpu& c, const Event& e) {
  if (!c.protected_mode()) {
    deliver_real(c, e);
    return;
  }
  if (c.v86() && e.software() && e.vector != kBP && e.vector != kOFv) {
    if (deliver_vme(c, e)) return;
    if ((c.system_flags & kIOPL) != kIOPL) fault(kGP, 0);
  }
  if (c.long_mode()) {
    deliver_long(c, e);
  } else {
    deliver_protected(c, e);
  }
}

bool contributory(uint8_t v) { return v == kDE || v == kTS || v == kNP || v == kSS || v == kGP; }

}  // namespace

void tss_stack(Cpu& c, unsigned level, uint64_t* sp, uint16_t* ss, uint32_t ext) {
  bool wide = (c.tr.attr & 8) != 0;
  uint64_t at = wide ? 4 + 8 * level : 2 + 4 * level;
  if (at + (wide ? 5 : 3) > c.tr.limit) fault(kTS, (c.tr.selector & 0xFFFCu) | ext);
  *sp = c.read_lin(c.tr.base + at, wide ? 4 : 2, true);
  *ss = static_cast<uint16_t>(c.read_lin(c.tr.base + at + (wide ? 4 : 2), 2, true));
}

// The instructions: the return address is behind them.
namespace {
void software(Cpu& c, uint8_t vector, Cause cause) {
  uint64_t block = c.rip();
  try {
    c.deliver(vector, cause, std::nullopt, c.next_rip);
  } catch (const GuestFault&) {
    c.set_rip(block);
    throw;
  }
  c.next_rip = c.rip();
}
}  // namespace

void int3(Cpu& c, const Insn&) { software(c, kBP, Cause::Software); }
void int_n(Cpu& c, const Insn& i) { software(c, static_cast<uint8_t>(i.imm), Cause::Software); }
void into(Cpu& c, const Insn&) {
  if (c.lazy.of()) software(c, kOFv, Cause::Software);
}
void int1(Cpu& c, const Insn&) { software(c, kDB, Cause::SoftwareOne); }

}  // namespace sem

// A fault while an event is delivered takes its place, as a double fault where SDM vol. 3A, table 6-5 says
// so; during that one the processor shuts down.
void Cpu::deliver(uint8_t vector, Cause cause, std::optional<uint32_t> error, uint64_t return_rip) {
  sem::Event e{vector, cause, error, return_rip};
  bool first = true;
  // The handler is not where the branch before it went.
  link_from_ = nullptr;
  for (;;) {
    deliveries.add({count(), return_rip, gpr[kRsp], cr.cr2, seg[kCs].selector, seg[kSs].selector, e.vector,
                    e.cause, !first, e.error});
    if (observer_ != nullptr) observer_->interrupt(*this, e.vector, e.cause, e.error);
    if (e.cause == Cause::Exception && e.vector == kDB) cr.dr[7] &= ~(1ull << 13);
    try {
      sem::deliver_once(*this, e);
      single_fault_ = true;
      return;
    } catch (const GuestFault& f) {
      bool was_exception = e.cause == Cause::Exception;
      if (was_exception && e.vector == kDFv) {
        if (observer_ != nullptr) observer_->triple_fault(*this);
        pending.activity = Activity::Shutdown;
        events_ = true;
        board_.shutdown(now());
        attention();
        return;
      }
      bool twice = was_exception && ((sem::contributory(e.vector) && sem::contributory(f.vector)) ||
                                     (e.vector == kPFv && (sem::contributory(f.vector) || f.vector == kPFv)));
      if (twice) {
        e = {kDFv, Cause::Exception, 0, return_rip};
      } else {
        e = {f.vector, Cause::Exception, f.has_error ? std::optional<uint32_t>(f.error) : std::nullopt,
             e.return_rip};
        // A software interrupt that faults restarts at itself.
        if (first && (cause == Cause::Software || cause == Cause::SoftwareOne)) {
          throw GuestFault(f);
        }
      }
      first = false;
    }
  }
}

}  // namespace ilse::cpu
