// The integer instructions as templates over a model (DESIGN.md §1): each is the one meaning of its
// instruction for every engine (Intel SDM vol. 2). Loads and checks come before the first write; what the
// manual leaves undefined follows tests/oracle/UNDEFINED.md.
#pragma once

#include <cstdint>

#include "cpu/flags.h"
#include "cpu/isa/operands.h"
#include "cpu/sem/flow.h"

namespace ilse::cpu::sem {

template <class Op>
using TypeOf = typename Op::Type;

// --- arithmetic and logic ----------------------------------------------------------------------------
struct Add : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    auto r = m.add(a, b);
    m.write_back(d, r.value);
    m.set_flags(r);
  }
};
struct Or : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    auto r = m.or_(a, b);
    m.write_back(d, r.value);
    m.set_flags(r);
  }
};
struct Adc : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    auto r = m.adc(a, b);
    m.write_back(d, r.value);
    m.set_flags(r);
  }
};
struct Sbb : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    auto r = m.sbb(a, b);
    m.write_back(d, r.value);
    m.set_flags(r);
  }
};
struct And : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    auto r = m.and_(a, b);
    m.write_back(d, r.value);
    m.set_flags(r);
  }
};
struct Sub : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    auto r = m.sub(a, b);
    m.write_back(d, r.value);
    m.set_flags(r);
  }
};
struct Xor : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    auto r = m.xor_(a, b);
    m.write_back(d, r.value);
    m.set_flags(r);
  }
};
struct Cmp : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read(d);
    auto b = m.read(s);
    m.set_flags(m.sub(a, b));
  }
};
struct Test : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read(d);
    auto b = m.read(s);
    m.set_flags(m.and_(a, b));
  }
};
struct Inc : Lifted {
  template <class M, class D>
  static void run(M& m, D d) {
    auto a = m.read_for_write(d);
    auto r = m.add(a, m.template constant<TypeOf<D>>(1));
    m.write_back(d, r.value);
    m.set_flags_but_cf(r);
  }
};
struct Dec : Lifted {
  template <class M, class D>
  static void run(M& m, D d) {
    auto a = m.read_for_write(d);
    auto r = m.sub(a, m.template constant<TypeOf<D>>(1));
    m.write_back(d, r.value);
    m.set_flags_but_cf(r);
  }
};
struct Neg : Lifted {
  template <class M, class D>
  static void run(M& m, D d) {
    auto a = m.read_for_write(d);
    auto r = m.sub(m.template constant<TypeOf<D>>(0), a);
    m.write_back(d, r.value);
    m.set_flags(r);
  }
};
struct Not : Lifted {
  template <class M, class D>
  static void run(M& m, D d) {
    auto a = m.read_for_write(d);
    m.write_back(d, m.not_(a));
  }
};
struct Adcx : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto b = m.read(s);
    auto r = m.adc(m.read(d), b);
    m.write(d, r.value);
    m.set_carry_in_cf(r);
  }
};
struct Adox : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto b = m.read(s);
    auto r = m.ado(m.read(d), b);
    m.write(d, r.value);
    m.set_carry_in_of(r);
  }
};
struct Xadd : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    auto r = m.add(a, b);
    m.write_back_first(d, s, r.value, a);
    m.set_flags(r);
  }
};
struct Cmpxchg : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    using T = TypeOf<D>;
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    auto acc = m.read(FixedReg<T, 0>{});
    auto r = m.sub(acc, a);
    auto equal = m.is_zero(r.value);
    m.exchange_if(equal, d, b, a);
    m.write_unless(equal, FixedReg<T, 0>{}, a);
    m.set_flags(r);
  }
};

// --- multiplication and division -----------------------------------------------------------------------
struct Mul : Lifted {
  template <class M, class S>
  static void run(M& m, S s) {
    using T = TypeOf<S>;
    auto r = m.mul(m.read(FixedReg<T, 0>{}), m.read(s));
    m.write_wide(r.low, r.high);
    m.set_mul_flags(r);
  }
};
struct Imul : Lifted {
  template <class M, class S>
  static void run(M& m, S s) {
    using T = TypeOf<S>;
    auto r = m.imul(m.read(FixedReg<T, 0>{}), m.read(s));
    m.write_wide(r.low, r.high);
    m.set_mul_flags(r);
  }
};
struct Imul2 : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto b = m.read(s);
    auto r = m.imul(m.read(d), b);
    m.write(d, r.low);
    m.set_mul_flags(r);
  }
};
struct Imul3 : Lifted {
  template <class M, class D, class S, class I>
  static void run(M& m, D d, S s, I imm) {
    auto a = m.read(s);
    auto r = m.imul(a, m.read(imm));
    m.write(d, r.low);
    m.set_mul_flags(r);
  }
};
struct Div : Lifted {
  template <class M, class S>
  static void run(M& m, S s) {
    auto d = m.read(s);
    auto r = m.div(d);
    m.write_wide(r.quotient, r.remainder);
  }
};
struct Idiv : Lifted {
  template <class M, class S>
  static void run(M& m, S s) {
    auto d = m.read(s);
    auto r = m.idiv(d);
    m.write_wide(r.quotient, r.remainder);
  }
};

// --- moves ---------------------------------------------------------------------------------------------
struct Mov : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, m.read(s));
  }
};
struct Movzx : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, m.template zero_extend_to<TypeOf<D>>(m.read(s)));
  }
};
struct Movsx : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, m.template sign_extend_to<TypeOf<D>>(m.read(s)));
  }
};
struct Lea : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S) {
    m.write(d, m.template zero_extend_to<TypeOf<D>>(m.effective_address()));
  }
};
struct Xchg : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto b = m.read(s);
    m.write_back(d, b);
    m.write(s, a);
  }
};
struct Bswap : Lifted {
  template <class M, class D>
  static void run(M& m, D d) {
    m.write(d, m.byte_swap(m.read(d)));
  }
};
struct Movbe : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, m.reverse_bytes(m.read(s)));
  }
};
template <unsigned kCode>
struct Cmov : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto b = m.read(s);
    m.write(d, m.select(m.template condition<kCode>(), b, m.read(d)));
  }
};
template <unsigned kCode>
struct Setcc : Lifted {
  template <class M, class D>
  static void run(M& m, D d) {
    m.write(d, m.from_condition(m.template condition<kCode>()));
  }
};
// CBW, CWDE, CDQE and CWD, CDQ, CQO.
struct Cbw : Lifted {
  template <class M, class D>
  static void run(M& m, D d) {
    m.write(d, m.sign_extend_low_half(m.read(d)));
  }
};
struct Cwd : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    m.write(d, m.sign_fill(m.read(s)));
  }
};
struct Lahf : Lifted {
  template <class M>
  static void run(M& m) {
    m.write_ah(m.flags_low());
  }
};
struct Sahf : Lifted {
  template <class M>
  static void run(M& m) {
    m.set_flags_low(m.read_ah());
  }
};
struct Clc : Lifted {
  template <class M>
  static void run(M& m) {
    m.set_cf(m.false_());
  }
};
struct Stc : Lifted {
  template <class M>
  static void run(M& m) {
    m.set_cf(m.true_());
  }
};
struct Cmc : Lifted {
  template <class M>
  static void run(M& m) {
    m.set_cf(m.negate(m.cf()));
  }
};
struct Nop : Lifted {
  template <class M, class... Any>
  static void run(M&, Any...) {}
};

// --- stack ---------------------------------------------------------------------------------------------
struct Push : Lifted {
  template <class M, class S>
  static void run(M& m, S s) {
    m.push_value(m.read(s));
  }
};
// The destination's address is formed with the stack pointer already moved (SDM, POP).
struct PopReg : Lifted {
  template <class M, class D>
  static void run(M& m, D d) {
    auto v = m.template pop_value<TypeOf<D>>();
    m.add_sp(sizeof(TypeOf<D>));
    m.write(d, v);
  }
};
struct Leave : Lifted {
  template <class M, class D>
  static void run(M& m, D) {
    using T = TypeOf<D>;
    auto v = m.template load_frame<T>();
    m.sp_from_frame(sizeof(T));
    m.write(FixedReg<T, 5>{}, v);
  }
};

// --- control flow ----------------------------------------------------------------------------------------
struct Jmp : Branching {
  template <class M, class I>
  static void run(M& m, I) {
    m.branch_if(m.true_());
  }
};
template <unsigned kCode>
struct Jcc : Branching {
  template <class M, class I>
  static void run(M& m, I) {
    m.branch_if(m.template condition<kCode>());
  }
};
struct Call : Branching {
  template <class M, class I>
  static void run(M& m, I) {
    m.check_branch();
    m.push_value(m.template zero_extend_to<TypeOf<I>>(m.next_ip()));
    m.branch_if(m.true_());
  }
};
struct CallIndirect : Jumping {
  template <class M, class S>
  static void run(M& m, S s) {
    auto target = m.read(s);
    m.check_target(target);
    m.push_value(m.template zero_extend_to<TypeOf<S>>(m.next_ip()));
    m.jump_to(target);
  }
};
struct JmpIndirect : Jumping {
  template <class M, class S>
  static void run(M& m, S s) {
    auto target = m.read(s);
    m.check_target(target);
    m.jump_to(target);
  }
};
struct Ret : Jumping {
  template <class M, class T>
  static void run(M& m, T) {
    auto target = m.template pop_value<TypeOf<T>>();
    m.check_target(target);
    m.add_sp(sizeof(TypeOf<T>));
    m.jump_to(target);
  }
};
struct RetN : Jumping {
  template <class M, class T, class I>
  static void run(M& m, T, I imm) {
    auto target = m.template pop_value<TypeOf<T>>();
    m.check_target(target);
    m.add_sp(sizeof(TypeOf<T>));
    m.add_sp_value(m.read(imm));
    m.jump_to(target);
  }
};
// LOOP, LOOPE, LOOPNE, JCXZ: the count register is as wide as the address.
enum class LoopKind : uint8_t { Loop, Loope, Loopne, Jcxz };
template <LoopKind kKind>
struct Loop : Branching {
  template <class M, class I>
  static void run(M& m, I) {
    m.branch_if(m.template loop<kKind>());
  }
};

// --- shifts and rotates ----------------------------------------------------------------------------------
enum class ShiftKind : uint8_t { Rol, Ror, Rcl, Rcr, Shl, Shr, Sar };
template <class D, class S>
inline constexpr bool kRegByImm = false;
template <class T, class S>
inline constexpr bool kRegByImm<RmReg<T>, ImmOp<S>> = true;

template <ShiftKind kKind>
struct Shift : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read_for_write(d);
    auto n = m.read(s);
    if constexpr (kKind == ShiftKind::Shl) {
      auto r = m.shl(a, n);
      m.write_back(d, r.value);
      m.set_shift_flags(r);
    } else if constexpr (kKind == ShiftKind::Shr) {
      auto r = m.shr(a, n);
      m.write_back(d, r.value);
      m.set_shift_flags(r);
    } else if constexpr (kKind == ShiftKind::Sar) {
      auto r = m.sar(a, n);
      m.write_back(d, r.value);
      m.set_shift_flags(r);
    } else if constexpr (kKind == ShiftKind::Rol) {
      auto r = m.rol(a, n, kRegByImm<D, S>);
      m.write_back(d, r.value);
      m.set_rotate_flags(r);
    } else if constexpr (kKind == ShiftKind::Ror) {
      auto r = m.ror(a, n, kRegByImm<D, S>);
      m.write_back(d, r.value);
      m.set_rotate_flags(r);
    } else if constexpr (kKind == ShiftKind::Rcl) {
      auto r = m.rcl(a, n);
      m.write_back(d, r.value);
      m.set_rotate_flags(r);
    } else {
      auto r = m.rcr(a, n);
      m.write_back(d, r.value);
      m.set_rotate_flags(r);
    }
  }
};
struct Shld : Lifted {
  template <class M, class D, class S, class N>
  static void run(M& m, D d, S s, N n) {
    auto a = m.read_for_write(d);
    auto r = m.shld(a, m.read(s), m.read(n));
    m.write_back(d, r.value);
    m.set_shift_flags(r);
  }
};
struct Shrd : Lifted {
  template <class M, class D, class S, class N>
  static void run(M& m, D d, S s, N n) {
    auto a = m.read_for_write(d);
    auto r = m.shrd(a, m.read(s), m.read(n));
    m.write_back(d, r.value);
    m.set_shift_flags(r);
  }
};

}  // namespace ilse::cpu::sem
