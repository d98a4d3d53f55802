// The instructions that count, find, move and select bits, BMI1, BMI2 and CRC32 among them, as templates over
// a model like those of integer.h (Intel SDM vol. 2).
#pragma once

#include "cpu/sem/integer.h"

namespace ilse::cpu::sem {

// BLSI, BLSR, BLSMSK.
enum class LowestBit : uint8_t { Isolate, Reset, Mask };
enum class BitKind : uint8_t { Test, Set, Reset, Complement };
template <BitKind kKind>
struct Bit : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto n = m.read(s);
    if constexpr (kKind == BitKind::Test) {
      auto a = m.read_bits(d, s, n);
      m.set_cf(m.bit_of(a, n));
    } else {
      auto a = m.read_bits_for_write(d, s, n);
      m.write_back(d, m.template with_bit<kKind>(a, n));
      m.set_cf(m.bit_of(a, n));
    }
  }
};
struct Bsf : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read(s);
    auto zero = m.is_zero(a);
    auto r = m.trailing_zeros(a);
    m.write_unless(zero, d, r);
    m.set_scan_flags(r, zero);
  }
};
struct Bsr : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read(s);
    auto zero = m.is_zero(a);
    auto r = m.top_bit(a);
    m.write_unless(zero, d, r);
    m.set_scan_flags(r, zero);
  }
};

struct Popcnt : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto r = m.count_ones(m.read(s));
    m.write(d, r);
    m.set_count_flags(r, m.false_());
  }
};
struct Tzcnt : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read(s);
    auto r = m.count_below(a);
    m.write(d, r);
    m.set_count_flags(r, m.is_zero(a));
  }
};
struct Lzcnt : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto a = m.read(s);
    auto r = m.count_above(a);
    m.write(d, r);
    m.set_count_flags(r, m.is_zero(a));
  }
};

// --- BMI1, BMI2, CRC32 -----------------------------------------------------------------------------------
struct Andn : Lifted {
  template <class M, class D, class A, class B>
  static void run(M& m, D d, A first, B second) {
    auto b = m.read(second);
    auto r = m.andn(m.read(first), b);
    m.write(d, r.value);
    m.set_flags(r);
  }
};
template <LowestBit kKind>
struct OfLowestBit : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto r = m.template lowest_bit<kKind>(m.read(s));
    m.write(d, r.value);
    m.set_flags(r);
  }
};
struct Bzhi : Lifted {
  template <class M, class D, class S, class N>
  static void run(M& m, D d, S s, N n) {
    auto a = m.read(s);
    auto r = m.bzhi(a, m.read(n));
    m.write(d, r.value);
    m.set_flags(r);
  }
};
struct Bextr : Lifted {
  template <class M, class D, class S, class N>
  static void run(M& m, D d, S s, N n) {
    auto a = m.read(s);
    auto r = m.bextr(a, m.read(n));
    m.write(d, r.value);
    m.set_flags(r);
  }
};
struct Pdep : Lifted {
  template <class M, class D, class A, class B>
  static void run(M& m, D d, A a, B mask) {
    auto b = m.read(mask);
    m.write(d, m.pdep(m.read(a), b));
  }
};
struct Pext : Lifted {
  template <class M, class D, class A, class B>
  static void run(M& m, D d, A a, B mask) {
    auto b = m.read(mask);
    m.write(d, m.pext(m.read(a), b));
  }
};
// The high half last: it stays when both destinations are one.
struct Mulx : Lifted {
  template <class M, class High, class Low, class S>
  static void run(M& m, High high, Low low, S s) {
    auto b = m.read(s);
    auto r = m.mul(m.read(FixedReg<TypeOf<S>, 2>{}), b);
    m.write(low, r.low);
    m.write(high, r.high);
  }
};
struct Rorx : Lifted {
  template <class M, class D, class S, class N>
  static void run(M& m, D d, S s, N n) {
    auto a = m.read(s);
    auto r = m.ror(a, m.read(n), false);
    m.write(d, r.value);
  }
};
struct Sarx : Lifted {
  template <class M, class D, class S, class N>
  static void run(M& m, D d, S s, N n) {
    auto a = m.read(s);
    auto r = m.sar(a, m.read(n));
    m.write(d, r.value);
  }
};
struct Shlx : Lifted {
  template <class M, class D, class S, class N>
  static void run(M& m, D d, S s, N n) {
    auto a = m.read(s);
    auto r = m.shl(a, m.read(n));
    m.write(d, r.value);
  }
};
struct Shrx : Lifted {
  template <class M, class D, class S, class N>
  static void run(M& m, D d, S s, N n) {
    auto a = m.read(s);
    auto r = m.shr(a, m.read(n));
    m.write(d, r.value);
  }
};
struct Crc32 : Lifted {
  template <class M, class D, class S>
  static void run(M& m, D d, S s) {
    auto b = m.read(s);
    m.write(d, m.crc32(m.read(d), b));
  }
};

}  // namespace ilse::cpu::sem
