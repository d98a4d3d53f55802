// Fast system calls and the FS and GS base instructions (Intel SDM vol. 3A, §5.8.7 and §5.8.8; vol. 2).
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

namespace {

constexpr uint16_t kCode = kSegPresent | kSegS | kSegCode | kSegWritable | kSegAccessed;
constexpr uint16_t kData = kSegPresent | kSegS | kSegWritable | kSegAccessed;

Segment flat_code(uint16_t selector, unsigned dpl, bool is64) {
  return {0, 0xFFFFFFFF, selector,
          static_cast<uint16_t>(kCode | dpl << 5 | kSegGranular | (is64 ? kSegLong : kSegBig))};
}
Segment flat_data(uint16_t selector, unsigned dpl) {
  return {0, 0xFFFFFFFF, selector, static_cast<uint16_t>(kData | dpl << 5 | kSegGranular | kSegBig)};
}

}  // namespace

void syscall(Cpu& c, const Insn&) {
  // Intel's processors know it in 64-bit mode only.
  if (!c.code64() || (c.cr.efer & kEferSce) == 0) fault(kUD);
  c.gpr[kRcx] = c.next_rip;
  c.gpr[11] = c.eflags() & ~kRF;
  uint64_t star = c.msr.star;
  c.seg[kCs] = flat_code(static_cast<uint16_t>(star >> 32 & 0xFFFC), 0, true);
  c.seg[kSs] = flat_data(static_cast<uint16_t>((star >> 32) + 8), 0);
  c.next_rip = c.msr.lstar;
  c.set_eflags(c.eflags() & ~static_cast<uint32_t>(c.msr.fmask) & ~kRF);
}

void sysret(Cpu& c, const Insn& i) {
  if (!c.code64() || (c.cr.efer & kEferSce) == 0) fault(kUD);
  uint64_t star = c.msr.star >> 48;
  bool to64 = i.op_size == 8;
  if (to64) {
    if (!canonical(c, c.gpr[kRcx])) fault(kGP, 0);
    c.seg[kCs] = flat_code(static_cast<uint16_t>((star + 16) | 3), 3, true);
    c.next_rip = c.gpr[kRcx];
  } else {
    c.seg[kCs] = flat_code(static_cast<uint16_t>(star | 3), 3, false);
    c.next_rip = static_cast<uint32_t>(c.gpr[kRcx]);
  }
  c.seg[kSs] = flat_data(static_cast<uint16_t>((star + 8) | 3), 3);
  uint32_t allowed = kOSZAPC | kTF | kIF | kDF | kIOPL | kNT | kAC | kVIF | kVIP | kID;
  c.set_eflags(static_cast<uint32_t>(c.gpr[11]) & allowed);
}

void sysenter(Cpu& c, const Insn&) {
  if (!c.protected_mode() || (c.msr.sysenter_cs & 0xFFFC) == 0) fault(kGP, 0);
  auto cs = static_cast<uint16_t>(c.msr.sysenter_cs & 0xFFFC);
  bool is64 = c.long_mode();
  c.system_flags &= ~(kVM | kIF);
  c.seg[kCs] = flat_code(cs, 0, is64);
  c.seg[kSs] = flat_data(static_cast<uint16_t>(cs + 8), 0);
  c.gpr[kRsp] = is64 ? c.msr.sysenter_esp : static_cast<uint32_t>(c.msr.sysenter_esp);
  c.next_rip = is64 ? c.msr.sysenter_eip : static_cast<uint32_t>(c.msr.sysenter_eip);
  c.update_mode();
}

void sysexit(Cpu& c, const Insn& i) {
  if (!c.protected_mode() || (c.msr.sysenter_cs & 0xFFFC) == 0) fault(kGP, 0);
  bool to64 = i.op_size == 8;
  if (to64 && (!canonical(c, c.gpr[kRcx]) || !canonical(c, c.gpr[kRdx]))) fault(kGP, 0);
  auto cs = static_cast<uint16_t>(c.msr.sysenter_cs & 0xFFFC);
  c.seg[kCs] = flat_code(static_cast<uint16_t>((cs + (to64 ? 32 : 16)) | 3), 3, to64);
  c.seg[kSs] = flat_data(static_cast<uint16_t>((cs + (to64 ? 40 : 24)) | 3), 3);
  c.gpr[kRsp] = to64 ? c.gpr[kRcx] : static_cast<uint32_t>(c.gpr[kRcx]);
  c.next_rip = to64 ? c.gpr[kRdx] : static_cast<uint32_t>(c.gpr[kRdx]);
  c.update_mode();
}

void swapgs(Cpu& c, const Insn&) { std::swap(c.seg[kGs].base, c.msr.kernel_gs_base); }

void rd_base(Cpu& c, const Insn& i) {
  if ((c.cr.cr4 & kCr4Fsgsbase) == 0) fault(kUD);
  c.write_reg(i.rm, i.op_size, c.seg[(i.modrm >> 3 & 1) == 0 ? kFs : kGs].base);
}
void wr_base(Cpu& c, const Insn& i) {
  if ((c.cr.cr4 & kCr4Fsgsbase) == 0) fault(kUD);
  uint64_t v = c.read_reg(i.rm, i.op_size);
  if (!canonical_base(c, v)) fault(kGP, 0);
  c.seg[(i.modrm >> 3 & 1) == 0 ? kFs : kGs].base = v;
}

}  // namespace ilse::cpu::sem
