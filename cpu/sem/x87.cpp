// x87 instructions that are not worth a template: control, environment, and how errors are reported
// (Intel SDM vol. 1, §8.7; vol. 3A, §9.2).
#include "cpu/sem/helpers.h"

namespace ilse::cpu {

// With CR0.NE it is #MF; without, FERR# asks for IRQ 13 and the processor stops at the instruction until an
// interrupt comes, unless IGNNE# lets it go on.
bool Cpu::report_fpu_error() {
  if ((cr.cr0 & kCr0Ne) != 0) {
    raise(kMF);
    return true;
  }
  if (pending.ignne) return false;
  board_.set_ferr(true);
  if (pending.ignne) return false;
  pending.activity = Activity::Halted;
  return true;
}

namespace sem {

namespace {

void wait_fpu(Cpu& c) {
  if (c.fpu.pending() && c.report_fpu_error()) throw GuestFault(c.fault_);
}
// FERR# follows ES once it has been raised.
void update_ferr(Cpu& c) {
  if ((c.cr.cr0 & kCr0Ne) == 0 && !c.fpu.pending()) c.board().set_ferr(false);
}

}  // namespace

void wait(Cpu& c, const Insn&) {
  if ((c.mode() & kModeNoWait) != 0) fault(kNM);
  wait_fpu(c);
}
void fninit(Cpu& c, const Insn&) {
  c.fpu.fninit();
  update_ferr(c);
}
void fnclex(Cpu& c, const Insn&) {
  c.fpu.fnclex();
  update_ferr(c);
}
void fnstcw(Cpu& c, const Insn& i) { c.write_lin(c.linear(i, 2, Access::Write), 2, c.fpu.cw); }
void fnstsw(Cpu& c, const Insn& i) { c.write_lin(c.linear(i, 2, Access::Write), 2, c.fpu.status_word()); }
void fnstsw_ax(Cpu& c, const Insn&) { c.write_reg(0, 2, c.fpu.status_word()); }
void fldcw(Cpu& c, const Insn& i) {
  wait_fpu(c);
  c.fpu.fldcw(static_cast<uint16_t>(c.read_lin(c.linear(i, 2, Access::Read), 2)));
  update_ferr(c);
}

}  // namespace sem
}  // namespace ilse::cpu
