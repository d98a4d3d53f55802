// System management mode: SMI, the state save area in SMRAM, RSM (Intel SDM vol. 3C, chapter 31). Processors
// with long mode have the AMD64 map (AMD64 APM vol. 2, section 10.2.3), which PC firmware knows by its
// revision; the others have Intel's 32-bit map, whose hidden fields are where SDM table 31-1 says "reserved".
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

namespace {

constexpr uint32_t kRevision64 = 0x00020064, kRevision32 = 0x00020000;  // SMBASE can be moved
constexpr uint64_t kEntry = 0x8000;

// The area, field by field, in one direction or the other.
class Area {
 public:
  Area(Cpu& c, bool saves) : c_(c), base_(c.msr.smbase), saves_(saves) {}
  bool saves() const { return saves_; }

  template <class T>
  void field(unsigned offset, unsigned width, T& v) {
    mem::PhysAddr at{base_ + offset};
    if (saves_) {
      c_.memory().write(at, width, static_cast<uint64_t>(v), c_.now());
    } else {
      v = static_cast<T>(c_.memory().read(at, width, c_.now()));
    }
  }
  void constant(unsigned offset, unsigned width, uint64_t v) {
    if (saves_) field(offset, width, v);
  }

 private:
  Cpu& c_;
  uint64_t base_;
  bool saves_;
};

// What is not a register of its own.
struct Extra {
  uint64_t flags = 0;
  bool halted = false;
  bool nmi_blocked = false;
};

void segment64(Area& a, unsigned at, Segment& s) {
  a.field(at, 2, s.selector);
  a.field(at + 2, 2, s.attr);
  a.field(at + 4, 4, s.limit);
  a.field(at + 8, 8, s.base);
}

void map64(Area& a, Cpu& c, Extra& x) {
  static constexpr std::array<uint8_t, 6> kOrder{kEs, kCs, kSs, kDs, kFs, kGs};
  for (unsigned k = 0; k < 6; ++k) segment64(a, 0xFE00 + 16 * k, c.seg[kOrder[k]]);
  a.field(0xFE64, 2, c.gdtr.limit);
  a.field(0xFE68, 8, c.gdtr.base);
  segment64(a, 0xFE70, c.ldtr);
  a.field(0xFE84, 2, c.idtr.limit);
  a.field(0xFE88, 8, c.idtr.base);
  segment64(a, 0xFE90, c.tr);
  a.constant(0xFEC8, 1, 0);  // I/O instructions are not restarted
  a.field(0xFEC9, 1, x.halted);
  a.field(0xFECA, 1, x.nmi_blocked);
  a.field(0xFED0, 8, c.cr.efer);
  a.constant(0xFEFC, 4, kRevision64);
  a.field(0xFF00, 4, c.msr.smbase);
  a.field(0xFF10, 8, c.pending.debug_trap);  // reserved in the manual
  a.field(0xFF48, 8, c.cr.cr4);
  a.field(0xFF50, 8, c.cr.cr3);
  a.field(0xFF58, 8, c.cr.cr0);
  a.field(0xFF60, 8, c.cr.dr[7]);
  a.field(0xFF68, 8, c.cr.dr[6]);
  a.field(0xFF70, 8, x.flags);
  a.field(0xFF78, 8, c.gpr[kSlotBlock]);
  for (unsigned n = 0; n < 16; ++n) a.field(0xFFF8 - 8 * n, 8, c.gpr[n]);
}

void map32(Area& a, Cpu& c, Extra& x) {
  static constexpr std::array<uint8_t, 6> kOrder{kEs, kCs, kSs, kDs, kFs, kGs};
  auto hidden = [&](unsigned at, Segment& s) {
    a.field(at, 4, s.base);
    a.field(at + 4, 4, s.limit);
    a.field(at + 8, 4, s.attr);
  };
  for (unsigned k = 0; k < 6; ++k) {
    a.field(0xFFA8 + 4 * k, 4, c.seg[kOrder[k]].selector);
    hidden(0xFE00 + 12 * k, c.seg[kOrder[k]]);
  }
  a.field(0xFFC0, 4, c.ldtr.selector);
  a.field(0xFFC4, 4, c.tr.selector);
  hidden(0xFE48, c.ldtr);
  hidden(0xFE54, c.tr);
  a.field(0xFE60, 4, c.gdtr.base);
  a.field(0xFE64, 4, c.gdtr.limit);
  a.field(0xFE68, 4, c.idtr.base);
  a.field(0xFE6C, 4, c.idtr.limit);
  a.field(0xFE70, 4, c.cr.cr4);
  a.field(0xFE74, 4, c.pending.debug_trap);
  a.field(0xFE78, 4, x.nmi_blocked);
  a.field(0xFE7C, 4, c.cr.efer);
  a.field(0xFEF8, 4, c.msr.smbase);
  a.constant(0xFEFC, 4, kRevision32);
  a.constant(0xFF00, 2, 0);
  a.field(0xFF02, 2, x.halted);
  a.field(0xFFC8, 4, c.cr.dr[7]);
  a.field(0xFFCC, 4, c.cr.dr[6]);
  for (unsigned n = 0; n < 8; ++n) a.field(0xFFD0 + 4 * n, 4, c.gpr[n]);
  a.field(0xFFF0, 4, c.gpr[kSlotBlock]);
  a.field(0xFFF4, 4, x.flags);
  a.field(0xFFF8, 4, c.cr.cr3);
  a.field(0xFFFC, 4, c.cr.cr0);
}

void transfer(Area& a, Cpu& c, Extra& x) {
  if (c.model().has(Feature::Lm)) {
    map64(a, c, x);
  } else {
    map32(a, c, x);
  }
}

// What no instruction could have set up (SDM vol. 3C, section 31.4.1).
bool possible(const Cpu& c) {
  uint64_t cr0 = c.cr.cr0;
  bool paging = (cr0 & kCr0Pg) != 0, pae = (c.cr.cr4 & kCr4Pae) != 0, active = (c.cr.efer & kEferLma) != 0;
  if (paging && (cr0 & kCr0Pe) == 0) return false;
  if ((cr0 & kCr0Nw) != 0 && (cr0 & kCr0Cd) == 0) return false;
  if (cr0 >> 32 != 0 || (c.cr.cr4 & ~cr4_allowed(c)) != 0) return false;
  if (active != (paging && (c.cr.efer & kEferLme) != 0)) return false;
  return !active || pae;
}

}  // namespace

void enter_smm(Cpu& c) {
  Extra x{c.eflags(), c.pending.activity == Activity::Halted, c.pending.nmi_blocked};
  c.pending.smm = true;
  c.board().set_smm(c.id(), true);
  Area area(c, true);
  transfer(area, c, x);

  c.pending.activity = Activity::Running;
  c.pending.nmi_blocked = true;
  c.pending.debug_trap = 0;
  constexpr uint16_t kFlat = kSegGranular | kSegPresent | kSegS | kSegWritable | kSegAccessed;
  for (Segment& s : c.seg) s = {0, 0xFFFFFFFF, 0, kFlat};
  c.seg[kCs].base = c.msr.smbase;
  c.seg[kCs].selector = static_cast<uint16_t>(c.msr.smbase >> 4);
  c.cr.cr0 &= ~static_cast<uint64_t>(kCr0Pe | kCr0Em | kCr0Ts | kCr0Pg);
  c.cr.cr4 = 0;
  c.cr.efer = 0;
  c.cr.dr[7] = 0x400;
  c.set_rip(kEntry);
  c.set_eflags(2);
  c.flush_tlb();
}

void rsm(Cpu& c, const Insn&) {
  if (!c.pending.smm) fault(kUD);
  Extra x;
  Area area(c, false);
  transfer(area, c, x);
  c.pending.smm = false;
  c.board().set_smm(c.id(), false);
  c.pending.nmi_blocked = x.nmi_blocked;
  c.pending.activity = x.halted ? Activity::Halted : Activity::Running;
  c.next_rip = c.rip();
  bool good = possible(c);
  if (good && (c.cr.cr0 & kCr0Pg) != 0 && (c.cr.cr4 & kCr4Pae) != 0 && !c.long_mode())
    good = c.load_pdptes(c.cr.cr3);
  if (!good) {
    c.pending.activity = Activity::Shutdown;
    c.board().shutdown(c.now());
  }
  c.set_eflags(static_cast<uint32_t>(x.flags));
  c.flush_tlb();
  c.look_for_events();
}

}  // namespace ilse::cpu::sem
