// FXSAVE, FXRSTOR, LDMXCSR, STMXCSR (Intel SDM vol. 1, §10.5; vol. 2). While a processor runs, new MXCSR
// flags are in the host's register only: they are collected before the guest can look.
#include "cpu/fpu/mxcsr.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

namespace {

constexpr unsigned kArea = 512, kX87Area = 160, kXmmAt = 160, kMxcsrAt = 24;

unsigned xmm_count(const Cpu& c) { return c.code64() ? 16 : 8; }

}  // namespace

void fxsave(Cpu& c, const Insn& i) {
  uint64_t lin = c.linear(i, kArea, Access::Write);
  if ((lin & 15) != 0) fault((c.mode() & kModeAlign) != 0 ? kACv : kGP, 0);
  c.probe_write(lin + kArea - 1, 1);  // the first byte that silicon touches
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
  c.write_bytes(i, 0, area, n);
}

void fxrstor(Cpu& c, const Insn& i) {
  uint64_t lin = c.linear(i, kArea, Access::Read);
  if ((lin & 15) != 0) fault((c.mode() & kModeAlign) != 0 ? kACv : kGP, 0);
  c.read_lin(lin + kArea - 1, 1);  // the first byte that silicon touches
  uint8_t area[kArea];
  c.read_bytes(i, 0, area, kXmmAt + 16 * xmm_count(c));
  if ((c.cr.cr4 & kCr4Osfxsr) != 0) {
    uint32_t control;
    std::memcpy(&control, area + kMxcsrAt, 4);
    if ((control & ~mxcsr::kWritable) != 0) fault(kGP, 0);
    c.mxcsr = control;
    MxcsrScope::load(control);
    for (unsigned k = 0; k < xmm_count(c); ++k) std::memcpy(&c.xmm(k), area + kXmmAt + 16 * k, 16);
  }
  x87_fxrstor(c.fpu, std::span<const uint8_t, kX87Area>(area, kX87Area), i.op_size == 8);
}

void ldmxcsr(Cpu& c, const Insn& i) {
  auto v = static_cast<uint32_t>(c.read_lin(c.linear(i, 4, Access::Read), 4));
  if ((v & ~mxcsr::kWritable) != 0) fault(kGP, 0);
  c.mxcsr = v;
  MxcsrScope::load(v);
}

void stmxcsr(Cpu& c, const Insn& i) {
  MxcsrScope::collect(c.mxcsr);
  c.write_lin(c.linear(i, 4, Access::Write), 4, c.mxcsr);
}

}  // namespace ilse::cpu::sem
