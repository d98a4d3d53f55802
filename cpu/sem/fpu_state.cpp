// FXSAVE, FXRSTOR, LDMXCSR, STMXCSR (Intel SDM vol. 1, §10.5; vol. 2). While a processor runs, new MXCSR
// flags are in the host's register only: they are collected before the guest can look.
#include "cpu/fpu/mxcsr.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

namespace {

constexpr unsigned kArea = 512, kX87Area = 160, kXmmAt = 160, kMxcsrAt = 24;

unsigned xmm_count(const Cpu& c) { return c.code64() ? 16 : 8; }

}  // namespace

namespace {

// In the silicon's order: the first four bytes, alignment, the last byte. After it sixteen bytes at a time
// are moved, each within the segment.
void check_area(Cpu& c, const Insn& i, Access access) {
  uint64_t at = c.ea(i), lin = c.linear(i, 4, access);
  if (c.code64() && !canonical(c, lin)) fault(i.seg == kSs ? kSS : kGP, 0);
  if ((lin & 15) != 0) fault(kGP, 0);
  uint64_t last = (at + kArea - 1) & i.ea_mask;
  if (!c.segment(i.seg, last, 1, access, &lin)) throw GuestFault(c.fault_);
  if (access == Access::Write) {
    c.probe_write(lin, 1);
  } else {
    c.probe_read(lin);
  }
}

}  // namespace

void fxsave(Cpu& c, const Insn& i) {
  check_area(c, i, Access::Write);
  uint8_t area[kArea] = {};
  x87_fxsave(c.fpu, std::span<uint8_t, kX87Area>(area, kX87Area), i.op_size == 8);
  unsigned n = kX87Area;
  if ((c.cr.cr4 & kCr4Osfxsr) != 0) {
    MxcsrScope::collect(c.mxcsr);
    std::memcpy(area + kMxcsrAt, &c.mxcsr, 4);
    std::memcpy(area + kMxcsrAt + 4, &mxcsr::kWritable, 4);
    for (unsigned k = 0; k < xmm_count(c); ++k) std::memcpy(area + kXmmAt + 16 * k, &c.xmm(k), 16);
    n = kXmmAt + 16 * xmm_count(c);
  }
  for (unsigned k = 0; k < n; k += 16) c.write_bytes(i, k, area + k, 16);
}

void fxrstor(Cpu& c, const Insn& i) {
  check_area(c, i, Access::Read);
  uint8_t area[kArea];
  const unsigned n = kXmmAt + 16 * xmm_count(c);
  for (unsigned k = 0; k < n; k += 16) c.read_bytes(i, k, area + k, 16);
  if ((c.cr.cr4 & kCr4Osfxsr) != 0) {
    uint32_t control;
    std::memcpy(&control, area + kMxcsrAt, 4);
    if ((control & ~mxcsr::kWritable) != 0) fault(kGP, 0);
    c.set_mxcsr(control);
    for (unsigned k = 0; k < xmm_count(c); ++k) std::memcpy(&c.xmm(k), area + kXmmAt + 16 * k, 16);
  }
  x87_fxrstor(c.fpu, std::span<const uint8_t, kX87Area>(area, kX87Area), i.op_size == 8);
}

void ldmxcsr(Cpu& c, const Insn& i) {
  auto v = static_cast<uint32_t>(c.read_lin(c.linear(i, 4, Access::Read), 4));
  if ((v & ~mxcsr::kWritable) != 0) fault(kGP, 0);
  c.set_mxcsr(v);
}

void stmxcsr(Cpu& c, const Insn& i) {
  MxcsrScope::collect(c.mxcsr);
  c.write_lin(c.linear(i, 4, Access::Write), 4, c.mxcsr);
}

}  // namespace ilse::cpu::sem
