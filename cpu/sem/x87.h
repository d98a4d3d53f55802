// x87 instructions as templates over a model (DESIGN.md §1; Intel SDM vol. 2): what each computes is in
// cpu/fpu/x87.h; here are waiting errors, operands and the order of a store and its side effects.
#pragma once

#include "cpu/fpu/x87.h"
#include "cpu/isa/operands.h"
#include "cpu/sem/flow.h"
#include "cpu/sem/integer.h"

namespace ilse::cpu::sem {

// F(x87, i) with i of ST(i).
template <auto F>
struct FpuRegister : Straight {
  template <class M>
  static void run(M& m) {
    if (!m.wait_fpu()) return;
    m.run_fpu([&](X87& f) { F(f, m.st_index()); });
  }
};
// A method without operands.
template <void (X87::*F)()>
struct Fpu : Straight {
  template <class M>
  static void run(M& m) {
    if (!m.wait_fpu()) return;
    m.run_fpu([](X87& f) { (f.*F)(); });
  }
};
// F(x87, bits) with a memory operand.
template <auto F>
struct FpuMemory : Straight {
  template <class M, class S>
  static void run(M& m, S s) {
    if (!m.wait_fpu()) return;
    uint64_t bits = m.read(s);
    m.run_fpu([&](X87& f) { F(f, bits); });
  }
};
// F(x87) gives what is to be stored and what follows if the store succeeds.
template <auto F>
struct FpuStore : Straight {
  template <class M, class D>
  static void run(M& m, D d) {
    if (!m.wait_fpu()) return;
    X87ToMemory<uint64_t> r = F(m.fpu());
    if (r.write) m.write(d, static_cast<TypeOf<D>>(r.value));
    m.run_fpu([&](X87& f) { f.commit(r); });
  }
};
template <unsigned kCode>
struct Fcmov : Straight {
  template <class M>
  static void run(M& m) {
    if (!m.wait_fpu()) return;
    m.run_fpu([&](X87& f) { f.fcmov(m.st_index(), m.template condition<kCode>()); });
  }
};
// FCOMI, FUCOMI.
template <X87Flags (X87::*F)(unsigned, bool), bool kPop>
struct FcompareToFlags : Straight {
  template <class M>
  static void run(M& m) {
    if (!m.wait_fpu()) return;
    m.run_fpu([&](X87& f) {
      X87Flags r = (f.*F)(m.st_index(), kPop);
      m.set_compare_flags(r.zf, r.pf, r.cf);
    });
  }
};

}  // namespace ilse::cpu::sem
