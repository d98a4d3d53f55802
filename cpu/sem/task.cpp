// Hardware task switching with 16- and 32-bit task-state segments (Intel SDM vol. 3A, chapter 8).
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

namespace {

// Offsets in a TSS: 32-bit and 16-bit layouts (SDM figures 8-2 and 8-10).
struct Layout {
  bool wide;
  unsigned width() const { return wide ? 4 : 2; }
  unsigned ip() const { return wide ? 32 : 14; }
  unsigned flags() const { return wide ? 36 : 16; }
  unsigned reg(unsigned n) const { return wide ? 40 + 4 * n : 18 + 2 * n; }
  unsigned seg(unsigned n) const { return wide ? 72 + 4 * n : 34 + 2 * n; }
  unsigned segs() const { return wide ? 6 : 4; }
  unsigned ldt() const { return wide ? 96 : 42; }
  unsigned size() const { return wide ? 104 : 44; }
};

void set_busy(Cpu& c, uint64_t descriptor, bool busy) {
  uint64_t b = c.read_lin(descriptor + 5, 1, true);
  c.write_lin(descriptor + 5, 1, busy ? b | 2 : b & ~2ull, true);
}

}  // namespace

void switch_task(Cpu& c, uint16_t selector, Descriptor d, TaskSwitch how, std::optional<uint32_t> error,
                 uint64_t return_rip) {
  uint32_t code = selector & 0xFFFCu;
  Layout in{(d.type() & 8) != 0}, out{(c.tr.attr & 8) != 0};
  if (d.limit() < in.size() - 1) fault(kTS, code);
  uint64_t base = d.base(), old_base = c.tr.base;

  // Every page that the switch touches has to be there before anything changes.
  c.probe_write(old_base, out.size(), true);
  c.probe_write(base, 2, true);
  uint64_t cr3 = in.wide ? c.read_lin(base + 28, 4, true) : c.cr.cr3;
  uint64_t ip = c.read_lin(base + in.ip(), in.width(), true);
  auto flags = static_cast<uint32_t>(c.read_lin(base + in.flags(), in.width(), true));
  uint64_t regs[8];
  uint16_t sel[6] = {};
  for (unsigned n = 0; n < 8; ++n) regs[n] = c.read_lin(base + in.reg(n), in.width(), true);
  for (unsigned n = 0; n < in.segs(); ++n)
    sel[n] = static_cast<uint16_t>(c.read_lin(base + in.seg(n), 2, true));
  auto ldt = static_cast<uint16_t>(c.read_lin(base + in.ldt(), 2, true));
  uint64_t trap = in.wide ? c.read_lin(base + 100, 2, true) & 1 : 0;

  uint32_t old_flags = c.eflags();
  if (how == TaskSwitch::Iret) old_flags &= ~kNT;
  c.write_lin(old_base + out.ip(), out.width(), return_rip, true);
  c.write_lin(old_base + out.flags(), out.width(), old_flags, true);
  for (unsigned n = 0; n < 8; ++n) c.write_lin(old_base + out.reg(n), out.width(), c.gpr[n], true);
  for (unsigned n = 0; n < out.segs(); ++n) c.write_lin(old_base + out.seg(n), 2, c.seg[n].selector, true);

  uint64_t old_descriptor = c.gdtr.base + (c.tr.selector & 0xFFF8u);
  if (how == TaskSwitch::Jump || how == TaskSwitch::Iret) set_busy(c, old_descriptor, false);
  if (how == TaskSwitch::Call || how == TaskSwitch::Interrupt) c.write_lin(base, 2, c.tr.selector, true);
  if (how != TaskSwitch::Iret) {
    set_busy(c, d.address, true);
    d.low |= 2ull << 40;
  }
  c.tr = to_segment(selector, d);

  // From here on the new task is the current one: faults are reported in it.
  if ((c.cr.cr0 & kCr0Pg) != 0 && in.wide && cr3 != c.cr.cr3) {
    c.cr.cr3 = cr3;
    if ((c.cr.cr4 & kCr4Pae) != 0) c.load_pdptes(cr3);
    c.new_address_space(false);
  }
  c.cr.cr0 |= kCr0Ts;
  c.cr.dr[7] &= ~0x155ull;  // local breakpoints
  for (unsigned n = 0; n < 8; ++n) {
    c.gpr[n] = in.wide ? regs[n] : 0xFFFF0000u | regs[n];
  }
  if (how == TaskSwitch::Call || how == TaskSwitch::Interrupt) flags |= kNT;
  uint32_t loadable = in.wide ? ~0u : 0xFFFFu;
  for (unsigned n = 0; n < 6; ++n) c.seg[n] = {0, 0, sel[n], 0};
  c.set_rip(ip);
  c.next_rip = ip;
  bool vm = in.wide && (flags & kVM) != 0;
  c.set_eflags(flags & loadable);
  c.ldtr = {0, 0, ldt, 0};
  // CPL is CS's RPL while the segments are being checked.
  c.seg[kSs].attr = static_cast<uint16_t>((vm ? 3 : sel[kCs] & 3) << 5);
  c.update_mode();

  auto raise_here = [&](uint8_t vector, uint32_t e) {
    c.next_rip = c.rip();
    fault(vector, e);
  };
  if ((ldt & 0xFFFC) != 0) {
    Descriptor l;
    if ((ldt & 4) != 0 || !find_descriptor(c, ldt, &l) || l.s() || l.type() != 2 || !l.present())
      raise_here(kTS, ldt & 0xFFFCu);
    c.ldtr = to_segment(ldt, l);
  }
  if (vm) {
    for (unsigned n = 0; n < 6; ++n) {
      c.seg[n] = {static_cast<uint64_t>(sel[n]) << 4, 0xFFFF, sel[n],
                  kSegPresent | kSegS | kSegWritable | kSegAccessed | kSegDpl};
    }
    c.update_mode();
  } else {
    unsigned cpl = sel[kCs] & 3;
    uint32_t cs_error = sel[kCs] & 0xFFFCu;
    Descriptor cs;
    if ((sel[kCs] & 0xFFFC) == 0 || !find_descriptor(c, sel[kCs], &cs)) raise_here(kTS, cs_error);
    if (!cs.code() || (cs.conforming() ? cs.dpl() > cpl : cs.dpl() != cpl)) raise_here(kTS, cs_error);
    if (!cs.present()) raise_here(kNP, cs_error);
    set_accessed(c, cs);
    c.seg[kCs] = to_segment(sel[kCs], cs);
    c.seg[kSs] = check_stack_segment(c, sel[kSs], cpl, kTS);
    c.update_mode();
    for (uint8_t n : {kEs, kDs, kFs, kGs}) {
      uint16_t s = sel[n];
      if ((s & 0xFFFC) == 0) continue;
      Descriptor x;
      uint32_t e = s & 0xFFFCu;
      if (!find_descriptor(c, s, &x)) raise_here(kTS, e);
      if (!x.s() || (x.code() && !x.readable_or_writable())) raise_here(kTS, e);
      if ((!x.code() || !x.conforming()) && ((s & 3u) > x.dpl() || cpl > x.dpl())) raise_here(kTS, e);
      if (!x.present()) raise_here(kNP, e);
      set_accessed(c, x);
      c.seg[n] = to_segment(s, x);
    }
    c.update_mode();
    if (ip > c.seg[kCs].limit) raise_here(kGP, 0);
  }
  if (error) {
    StackCursor s = current_stack(c);
    s.push(*error, in.width());
    set_sp(c, s.sp(), s.mask());
  }
  if (trap != 0) {
    c.pending.debug_trap |= 1u << 15;
    c.look_for_events();
  }
}

// The I/O permission bitmap (SDM vol. 1, §19.5.2).
bool io_allowed(Cpu& c, uint16_t port, unsigned width) {
  if (!c.protected_mode()) return true;
  if (!c.v86() && c.cpl() <= (c.system_flags & kIOPL) >> 12) return true;
  if (!c.tr.present() || (c.tr.attr & 8) == 0 || c.tr.limit < 103) return false;
  uint64_t map = c.read_lin(c.tr.base + 102, 2, true);
  uint64_t at = map + port / 8;
  if (at + 1 > c.tr.limit) return false;
  uint64_t bits = c.read_lin(c.tr.base + at, 2, true) >> (port & 7);
  return (bits & ((1u << width) - 1)) == 0;
}

}  // namespace ilse::cpu::sem
