// Processor control: ports, interrupt flag, control and debug registers, MSRs, CPUID, TLB and cache
// instructions (Intel SDM vol. 3A, chapter 2; vol. 4 for the MSRs).
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

void ud(Cpu&, const Insn&) { fault(kUD); }
void pause(Cpu& c, const Insn&) { c.pause(); }
void fence(Cpu&, const Insn&) {}
void cache_control(Cpu&, const Insn&) {}
// CLFLUSH, CLFLUSHOPT, CLWB: no cache to flush, but the checks of a load.
void clflush(Cpu& c, const Insn& i) { c.probe_read(c.linear(i, 1, Access::Read)); }

void stac(Cpu& c, const Insn&) {
  if (c.cpl() != 0) fault(kUD);
  c.system_flags |= kAC;
  c.update_view();
}
void clac(Cpu& c, const Insn&) {
  if (c.cpl() != 0) fault(kUD);
  c.system_flags &= ~kAC;
  c.update_view();
}

void hlt(Cpu& c, const Insn&) {
  c.pending.activity = Activity::Halted;
  c.look_for_events();
}

void cli(Cpu& c, const Insn&) {
  unsigned iopl = (c.system_flags & kIOPL) >> 12;
  if (!c.protected_mode() || c.cpl() <= iopl) {
    if (!(c.v86() && iopl < 3)) {
      c.system_flags &= ~kIF;
      return;
    }
  }
  bool virtual_if = c.v86() ? (c.cr.cr4 & kCr4Vme) != 0 : c.cpl() == 3 && (c.cr.cr4 & kCr4Pvi) != 0;
  if (!virtual_if) fault(kGP, 0);
  c.system_flags &= ~kVIF;
}

void sti(Cpu& c, const Insn&) {
  unsigned iopl = (c.system_flags & kIOPL) >> 12;
  if (!c.protected_mode() || c.cpl() <= iopl) {
    if (!(c.v86() && iopl < 3)) {
      if ((c.system_flags & kIF) == 0) {
        c.system_flags |= kIF;
        c.pending.shadow = true;
        c.leave = true;
        c.look_for_events();
      }
      return;
    }
  }
  bool virtual_if = c.v86() ? (c.cr.cr4 & kCr4Vme) != 0 : c.cpl() == 3 && (c.cr.cr4 & kCr4Pvi) != 0;
  if (!virtual_if || (c.system_flags & kVIP) != 0) fault(kGP, 0);
  c.system_flags |= kVIF;
}

// --- ports -------------------------------------------------------------------------------------------------

namespace {

unsigned port_width(const Insn& i) { return (i.opcode & 1) == 0 ? 1 : i.op_size == 2 ? 2 : 4; }

void in_port(Cpu& c, const Insn& i, uint16_t port) {
  unsigned width = port_width(i);
  if (!io_allowed(c, port, width)) fault(kGP, 0);
  c.write_reg(0, width, c.io().read(port, width, c.now()));
  c.watch_port(port, width);
}
void out_port(Cpu& c, const Insn& i, uint16_t port) {
  unsigned width = port_width(i);
  if (!io_allowed(c, port, width)) fault(kGP, 0);
  c.io().write(port, width, static_cast<uint32_t>(c.read_reg(0, width)), c.now());
  c.watch_port(port, width);
}

}  // namespace

void in_imm(Cpu& c, const Insn& i) { in_port(c, i, static_cast<uint16_t>(i.imm)); }
void in_dx(Cpu& c, const Insn& i) { in_port(c, i, static_cast<uint16_t>(c.gpr[kRdx])); }
void out_imm(Cpu& c, const Insn& i) { out_port(c, i, static_cast<uint16_t>(i.imm)); }
void out_dx(Cpu& c, const Insn& i) { out_port(c, i, static_cast<uint16_t>(c.gpr[kRdx])); }

// --- control registers
// -----------------------------------------------------------------------------------------

uint64_t cr4_allowed(const Cpu& c) {
  const Model& m = c.model();
  uint64_t bits = 0;
  auto add = [&](Feature f, uint64_t b) { bits |= m.has(f) ? b : 0; };
  add(Feature::Vme, kCr4Vme | kCr4Pvi);
  add(Feature::Tsc, kCr4Tsd);
  add(Feature::De, kCr4De);
  add(Feature::Pse, kCr4Pse);
  add(Feature::Pae, kCr4Pae);
  add(Feature::Mce, kCr4Mce);
  add(Feature::Pge, kCr4Pge);
  add(Feature::Msr, kCr4Pce);
  add(Feature::Fxsr, kCr4Osfxsr);
  add(Feature::Sse, kCr4Osxmmexcpt);
  add(Feature::Fsgsbase, kCr4Fsgsbase);
  add(Feature::Pcid, kCr4Pcide);
  add(Feature::Xsave, kCr4Osxsave);
  add(Feature::Umip, kCr4Umip);
  add(Feature::Smep, kCr4Smep);
  add(Feature::Smap, kCr4Smap);
  add(Feature::Pku, kCr4Pke);
  add(Feature::La57, kCr4La57);
  return bits;
}

namespace {

void write_cr0(Cpu& c, uint64_t v) {
  uint64_t old = c.cr.cr0;
  if (c.code64() && v >> 32 != 0) fault(kGP, 0);
  v &= kCr0Pe | kCr0Mp | kCr0Em | kCr0Ts | kCr0Ne | kCr0Wp | kCr0Am | kCr0Nw | kCr0Cd | kCr0Pg;
  v |= kCr0Et;
  if ((v & kCr0Pg) != 0 && (v & kCr0Pe) == 0) fault(kGP, 0);
  if ((v & kCr0Nw) != 0 && (v & kCr0Cd) == 0) fault(kGP, 0);
  bool paging_on = (v & kCr0Pg) != 0 && (old & kCr0Pg) == 0;
  bool paging_off = (v & kCr0Pg) == 0 && (old & kCr0Pg) != 0;
  if (paging_on && (c.cr.efer & kEferLme) != 0) {
    if ((c.cr.cr4 & kCr4Pae) == 0 || (c.seg[kCs].attr & kSegLong) != 0 ||
        (c.tr.present() && (c.tr.attr & 15) < 8))
      fault(kGP, 0);
  }
  if (paging_off && (c.code64() || (c.cr.cr4 & kCr4Pcide) != 0)) fault(kGP, 0);
  bool pae = (c.cr.cr4 & kCr4Pae) != 0;
  bool long_next = paging_on ? (c.cr.efer & kEferLme) != 0 : c.long_mode() && !paging_off;
  if ((v & kCr0Pg) != 0 && pae && !long_next && ((old ^ v) & (kCr0Pg | kCr0Cd | kCr0Nw)) != 0) {
    if (!c.load_pdptes(c.cr.cr3)) fault(kGP, 0);
  }
  c.cr.cr0 = v;
  if (paging_on && (c.cr.efer & kEferLme) != 0) c.cr.efer |= kEferLma;
  if (paging_off) c.cr.efer &= ~static_cast<uint64_t>(kEferLma);
  if (((old ^ v) & (kCr0Pg | kCr0Wp | kCr0Pe)) != 0) c.flush_tlb();
  c.update_mode();
}

void write_cr3(Cpu& c, uint64_t v) {
  bool keep = false;
  if (c.long_mode()) {
    if ((c.cr.cr4 & kCr4Pcide) != 0) {
      keep = (v >> 63) != 0;
      v &= ~(1ull << 63);
    }
    if (v >> c.model().phys_bits != 0) fault(kGP, 0);
  } else {
    v &= 0xFFFFFFFF;
    if ((c.cr.cr0 & kCr0Pg) != 0 && (c.cr.cr4 & kCr4Pae) != 0 && !c.load_pdptes(v)) fault(kGP, 0);
  }
  c.cr.cr3 = v;
  c.new_address_space(keep);
}

void write_cr4(Cpu& c, uint64_t v) {
  uint64_t old = c.cr.cr4;
  if ((v & ~cr4_allowed(c)) != 0) fault(kGP, 0);
  if (c.long_mode() && ((v & kCr4Pae) == 0 || ((v ^ old) & kCr4La57) != 0)) fault(kGP, 0);
  if ((v & kCr4Pcide) != 0 && (old & kCr4Pcide) == 0 && (!c.long_mode() || (c.cr.cr3 & 0xFFF) != 0))
    fault(kGP, 0);
  uint64_t changed = old ^ v;
  if ((v & kCr4Pae) != 0 && (c.cr.cr0 & kCr0Pg) != 0 && !c.long_mode() &&
      (changed & (kCr4Pae | kCr4Pge | kCr4Pse | kCr4Smep)) != 0 && !c.load_pdptes(c.cr.cr3)) {
    fault(kGP, 0);
  }
  c.cr.cr4 = v;
  if ((changed & (kCr4Pae | kCr4Pge | kCr4Pse | kCr4Pcide | kCr4Smep | kCr4Smap | kCr4Pke)) != 0)
    c.flush_tlb();
  c.update_mode();
}

}  // namespace

void mov_from_cr(Cpu& c, const Insn& i) {
  unsigned size = c.code64() ? 8 : 4;
  uint64_t v;
  switch (i.reg) {
    case 0: v = c.cr.cr0; break;
    case 2: v = c.cr.cr2; break;
    case 3: v = c.cr.cr3; break;
    case 4: v = c.cr.cr4; break;
    case 8:
      if (!c.code64()) fault(kUD);
      v = c.board().cr8(c.id());
      break;
    default: fault(kUD);
  }
  c.write_reg(i.rm, size, v);
}

void mov_to_cr(Cpu& c, const Insn& i) {
  uint64_t v = c.read_reg(i.rm, c.code64() ? 8 : 4);
  switch (i.reg) {
    case 0: write_cr0(c, v); break;
    case 2: c.cr.cr2 = v; break;
    case 3: write_cr3(c, v); break;
    case 4: write_cr4(c, v); break;
    case 8:
      if (!c.code64()) fault(kUD);
      if (v > 15) fault(kGP, 0);
      c.board().set_cr8(c.id(), static_cast<uint8_t>(v), c.now());
      break;
    default: fault(kUD);
  }
}

void clts(Cpu& c, const Insn&) {
  c.cr.cr0 &= ~static_cast<uint64_t>(kCr0Ts);
  c.update_mode();
}
void smsw(Cpu& c, const Insn& i) {
  check_umip(c);
  c.write_rm(i, i.mem ? 2 : i.op_size, c.cr.cr0);
}
void lmsw(Cpu& c, const Insn& i) {
  uint64_t v = c.read_rm(i, 2) & 15;
  uint64_t pe = c.cr.cr0 & kCr0Pe;  // can be set but not cleared
  write_cr0(c, (c.cr.cr0 & ~15ull) | v | pe);
}

void invlpg(Cpu& c, const Insn& i) {
  uint64_t lin;
  if (!c.segment(i.seg, c.ea(i), 1, Access::Read, &lin)) return;
  c.flush_tlb_page(lin);
}
void invpcid(Cpu& c, const Insn& i) {
  uint64_t type = c.read_reg(i.reg, c.code64() ? 8 : 4);
  uint8_t bytes[16];
  c.read_bytes(i, 0, bytes, 16);
  uint64_t pcid, address;
  std::memcpy(&pcid, bytes, 8);
  std::memcpy(&address, bytes + 8, 8);
  if (type > 3 || pcid >> 12 != 0) fault(kGP, 0);
  if (type < 2 && pcid != 0 && (c.cr.cr4 & kCr4Pcide) == 0) fault(kGP, 0);
  if (type == 0 && !canonical_base(c, address)) fault(kGP, 0);
  if (type == 0) {
    c.flush_tlb_page(address);
  } else {
    c.flush_tlb();
  }
}

// --- debug registers (SDM vol. 3B, §17.2)
// -----------------------------------------------------------------------

namespace {

unsigned debug_register(Cpu& c, const Insn& i) {
  unsigned n = i.reg;
  if (n > 7) fault(kUD);
  if (n == 4 || n == 5) {
    if ((c.cr.cr4 & kCr4De) != 0) fault(kUD);
    n += 2;
  }
  if ((c.cr.dr[7] >> 13 & 1) != 0) {
    c.cr.dr[6] |= 1u << 13;
    fault(kDB);
  }
  return n;
}

}  // namespace

void mov_from_dr(Cpu& c, const Insn& i) {
  c.write_reg(i.rm, c.code64() ? 8 : 4, c.cr.dr[debug_register(c, i)]);
}
void mov_to_dr(Cpu& c, const Insn& i) {
  unsigned n = debug_register(c, i);
  uint64_t v = c.read_reg(i.rm, c.code64() ? 8 : 4);
  if (n >= 6 && v >> 32 != 0) fault(kGP, 0);
  if (n == 6) v = (v & 0xE00F) | 0xFFFF0FF0;
  if (n == 7) v = (v & 0xFFFF2BFF) | 0x400;
  c.cr.dr[n] = v;
  c.flush_tlb();
  c.update_mode();
}

// --- time, identification
// ------------------------------------------------------------------------------------

namespace {

void check_tsd(Cpu& c) {
  if ((c.cr.cr4 & kCr4Tsd) != 0 && c.cpl() != 0) fault(kGP, 0);
}
void set_edx_eax(Cpu& c, uint64_t v) {
  c.gpr[kRax] = static_cast<uint32_t>(v);
  c.gpr[kRdx] = v >> 32;
}

}  // namespace

void rdtsc(Cpu& c, const Insn&) {
  check_tsd(c);
  set_edx_eax(c, c.tsc());
}
void rdtscp(Cpu& c, const Insn&) {
  check_tsd(c);
  set_edx_eax(c, c.tsc());
  c.gpr[kRcx] = static_cast<uint32_t>(c.msr.tsc_aux);
}
void rdpid(Cpu& c, const Insn& i) {
  c.write_reg(i.rm, c.code64() ? 8 : 4, static_cast<uint32_t>(c.msr.tsc_aux));
}
// RDRAND and RDSEED: a generator with the processor's state (splitmix64, Steele, Lea and Flood 2014), so that
// a run can be repeated.
void rdrand(Cpu& c, const Insn& i) {
  uint64_t z = c.random += 0x9E3779B97F4A7C15;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
  z = (z ^ z >> 27) * 0x94D049BB133111EB;
  c.write_reg(i.rm, i.op_size, z ^ z >> 31);
  c.lazy.merge(kCF, kOSZAPC);
}
void rdpmc(Cpu& c, const Insn&) {
  if ((c.cr.cr4 & kCr4Pce) == 0 && c.cpl() != 0) fault(kGP, 0);
  fault(kGP, 0);  // no performance counters
}

// Protection keys (SDM vol. 3A, §4.6.2; vol. 2, RDPKRU, WRPKRU).
void rdpkru(Cpu& c, const Insn&) {
  if ((c.cr.cr4 & kCr4Pke) == 0) fault(kUD);
  if (static_cast<uint32_t>(c.gpr[kRcx]) != 0) fault(kGP, 0);
  c.gpr[kRax] = c.cr.pkru;
  c.gpr[kRdx] = 0;
}
void wrpkru(Cpu& c, const Insn&) {
  if ((c.cr.cr4 & kCr4Pke) == 0) fault(kUD);
  if (static_cast<uint32_t>(c.gpr[kRcx]) != 0 || static_cast<uint32_t>(c.gpr[kRdx]) != 0) fault(kGP, 0);
  c.set_pkru(static_cast<uint32_t>(c.gpr[kRax]));
}

void cpuid(Cpu& c, const Insn&) {
  auto leaf = static_cast<uint32_t>(c.gpr[kRax]), subleaf = static_cast<uint32_t>(c.gpr[kRcx]);
  CpuidResult r = c.model().cpuid(leaf, subleaf, c.id(), c.board().processors());
  if (leaf == 1 && (c.cr.cr4 & kCr4Osxsave) != 0) r.ecx |= 1u << 27;
  if (leaf == 7 && subleaf == 0 && (c.cr.cr4 & kCr4Pke) != 0) r.ecx |= 1u << 4;
  // An APIC that is off by its MSR is not there (SDM vol. 3A, §11.4.3).
  if (leaf == 1 && (c.board().apic_base(c.id()) & 1u << 11) == 0) r.edx &= ~(1u << 9);
  // The size of an XSAVE area for what is enabled, in the standard and in the compacted format.
  if (leaf == 0xD && subleaf < 2 && c.model().has(Feature::Xsave)) {
    r.ebx = subleaf == 0 ? xsave_size(c.cr.xcr0) : compacted_size(c.cr.xcr0);
  }
  c.gpr[kRax] = r.eax;
  c.gpr[kRbx] = r.ebx;
  c.gpr[kRcx] = r.ecx;
  c.gpr[kRdx] = r.edx;
}

// --- MSRs
// ------------------------------------------------------------------------------------------------------

namespace {

// Plain storage: the register behind an MSR number, or null.
uint64_t* storage(Cpu& c, uint32_t n) {
  const Model& m = c.model();
  switch (n) {
    case 0x48: return m.has(Feature::SpecCtrl) ? &c.msr.spec_ctrl : nullptr;
    case 0x8B: return &c.msr.bios_sign;
    case 0x174: return m.has(Feature::Sep) ? &c.msr.sysenter_cs : nullptr;
    case 0x175: return m.has(Feature::Sep) ? &c.msr.sysenter_esp : nullptr;
    case 0x176: return m.has(Feature::Sep) ? &c.msr.sysenter_eip : nullptr;
    case 0x1A0: return &c.msr.misc_enable;
    case 0x277: return m.has(Feature::Pat) ? &c.msr.pat : nullptr;
    case 0x2FF: return m.has(Feature::Mtrr) ? &c.msr.mtrr_def_type : nullptr;
    case 0xC0000081: return m.has(Feature::Lm) ? &c.msr.star : nullptr;
    case 0xC0000082: return m.has(Feature::Lm) ? &c.msr.lstar : nullptr;
    case 0xC0000083: return m.has(Feature::Lm) ? &c.msr.cstar : nullptr;
    case 0xC0000084: return m.has(Feature::Lm) ? &c.msr.fmask : nullptr;
    case 0xC0000100: return m.has(Feature::Lm) ? &c.seg[kFs].base : nullptr;
    case 0xC0000101: return m.has(Feature::Lm) ? &c.seg[kGs].base : nullptr;
    case 0xC0000102: return m.has(Feature::Lm) ? &c.msr.kernel_gs_base : nullptr;
    case 0xC0000103: return m.has(Feature::Rdtscp) || m.has(Feature::Rdpid) ? &c.msr.tsc_aux : nullptr;
    default: break;
  }
  if (m.has(Feature::Mtrr)) {
    if (n >= 0x200 && n < 0x210) return &c.msr.mtrr_variable[n - 0x200];
    static constexpr uint32_t kFixed[11] = {0x250, 0x258, 0x259, 0x268, 0x269, 0x26A,
                                            0x26B, 0x26C, 0x26D, 0x26E, 0x26F};
    for (unsigned k = 0; k < 11; ++k) {
      if (kFixed[k] == n) return &c.msr.mtrr_fixed[k];
    }
  }
  return nullptr;
}

bool holds_address(uint32_t n) {
  return n == 0x175 || n == 0x176 || n == 0xC0000082 || n == 0xC0000083 ||
         (n >= 0xC0000100 && n <= 0xC0000102);
}

bool valid_pat(uint64_t v) {
  for (unsigned k = 0; k < 8; ++k) {
    uint64_t t = v >> (8 * k) & 0xFF;
    if (t > 7 || t == 2 || t == 3) return false;
  }
  return true;
}

bool is_x2apic(uint32_t n) { return n >= 0x800 && n < 0x900; }

// Machine check: one bank, nothing to report.
bool is_machine_check(uint32_t n) {
  return n == 0x17A || n == 0x17B || n == 0x179 || (n >= 0x400 && n < 0x404);
}

}  // namespace

void rdmsr(Cpu& c, const Insn&) {
  auto n = static_cast<uint32_t>(c.gpr[kRcx]);
  const Model& m = c.model();
  uint64_t v = 0;
  if (uint64_t* s = storage(c, n)) {
    v = *s;
  } else if (n == 0x10) {
    v = c.tsc();
  } else if (n == 0x1B && m.has(Feature::Apic)) {
    v = c.board().apic_base(c.id());
  } else if (n == 0x6E0 && m.has(Feature::Apic)) {
    v = c.board().tsc_deadline(c.id());
  } else if (is_x2apic(n) && m.has(Feature::X2apic)) {
    auto in_apic = c.board().x2apic_read(c.id(), n, c.now());
    if (!in_apic) fault(kGP, 0);
    v = *in_apic;
  } else if (n == 0xC0000080 && (m.has(Feature::Lm) || m.has(Feature::Nx))) {
    v = c.cr.efer;
  } else if (n == 0x10A && m.has(Feature::ArchCapabilities)) {
    // A processor with none of the known side channels: RDCL_NO, IBRS_ALL, SKIP_L1DFL_VMENTRY, SSB_NO,
    // MDS_NO, PSCHANGE_MC_NO, TAA_NO, SBDR_SSDP_NO, FBSDP_NO, PSDP_NO, BHI_NO, PBRSB_NO, GDS_NO, RFDS_NO.
    v = 0x0D10E17B;
  } else if (n == 0xDA0 && m.has(Feature::Xsaves)) {
    v = 0;  // no supervisor component
  } else if (n == 0xFE && m.has(Feature::Mtrr)) {
    v = 0x508;  // eight variable ranges, fixed ranges, write combining
  } else if (is_machine_check(n) || n == 0x17 || n == 0x2A || n == 0xCD || n == 0xCE || n == 0x3A ||
             n == 0x606 || n == 0x34) {
    v = n == 0x3A ? 1 : 0;  // platform, frequency and power registers that guests read and Ilse has not
  } else {
    fault(kGP, 0);
  }
  set_edx_eax(c, v);
}

void wrmsr(Cpu& c, const Insn&) {
  auto n = static_cast<uint32_t>(c.gpr[kRcx]);
  uint64_t v = static_cast<uint32_t>(c.gpr[kRax]) | c.gpr[kRdx] << 32;
  const Model& m = c.model();
  if (uint64_t* s = storage(c, n)) {
    if (holds_address(n) && m.has(Feature::Lm) && !canonical_base(c, v)) fault(kGP, 0);
    if (n == 0x277 && !valid_pat(v)) fault(kGP, 0);
    if (n == 0x8B) v &= 0xFFFFFFFF00000000;
    *s = v;
  } else if (n == 0x10) {
    c.msr.tsc_offset = v - c.now().ns;
  } else if (n == 0x1B && m.has(Feature::Apic)) {
    constexpr uint64_t kExtd = 1 << 10;
    if ((v & kExtd) != 0 && !m.has(Feature::X2apic)) fault(kGP, 0);
    if (!c.board().set_apic_base(c.id(), v, c.now())) fault(kGP, 0);
  } else if (n == 0x6E0 && m.has(Feature::Apic)) {
    c.board().set_tsc_deadline(c.id(), v, c.now());
  } else if (is_x2apic(n) && m.has(Feature::X2apic)) {
    if (!c.board().x2apic_write(c.id(), n, v, c.now())) fault(kGP, 0);
  } else if (n == 0xC0000080 && (m.has(Feature::Lm) || m.has(Feature::Nx))) {
    uint64_t allowed = (m.has(Feature::Syscall) ? kEferSce : 0u) | (m.has(Feature::Lm) ? kEferLme : 0u) |
                       (m.has(Feature::Nx) ? kEferNx : 0u);
    if ((v & ~(allowed | kEferLma)) != 0) fault(kGP, 0);
    if ((c.cr.cr0 & kCr0Pg) != 0 && ((v ^ c.cr.efer) & kEferLme) != 0) fault(kGP, 0);
    uint64_t old = c.cr.efer;
    c.cr.efer = (v & allowed) | (old & kEferLma);
    if (((old ^ c.cr.efer) & kEferNx) != 0) c.flush_tlb();
  } else if (n == 0xDA0 && m.has(Feature::Xsaves)) {
    if (v != 0) fault(kGP, 0);
  } else if (n == 0x49 && m.has(Feature::SpecCtrl)) {
    // IBPB: no predictor to flush.
  } else if (is_machine_check(n) || n == 0x79 || n == 0x17 || n == 0x2A) {
    // Accepted and without effect: microcode update, platform id.
  } else {
    fault(kGP, 0);
  }
  c.update_mode();
}

}  // namespace ilse::cpu::sem
