// The interpreter model's arithmetic: integers with what the flags are made of, and the flags themselves
// (Intel SDM vol. 1, §3.4.3). A base of ExecModel, so that this has a file of its own.
#pragma once

#include <bit>
#include <type_traits>

#include "cpu/cpu.h"
#include "cpu/sem/bits.h"
#include "cpu/sem/crc32.h"

namespace ilse::cpu {

// A result with what the flags are made of: the value that ZF, SF and PF look at, and the carries.
template <class T>
struct Flagged {
  T value;
  T carries;
};

template <class Self>
class IntegerValues {
 public:
  // --- arithmetic: value and carries --------------------------------------------------------------------
  template <class T>
  Flagged<T> add(T a, T b) {
    T r = static_cast<T>(a + b);
    return {r, static_cast<T>((a & b) | ((a | b) & ~r))};
  }
  template <class T>
  Flagged<T> adc(T a, T b) {
    T r = static_cast<T>(a + b + (cpu().lazy.cf() ? 1 : 0));
    return {r, static_cast<T>((a & b) | ((a | b) & ~r))};
  }
  // ADOX: OF as the carry.
  template <class T>
  Flagged<T> ado(T a, T b) {
    T r = static_cast<T>(a + b + (cpu().lazy.of() ? 1 : 0));
    return {r, static_cast<T>((a & b) | ((a | b) & ~r))};
  }
  template <class T>
  Flagged<T> sub(T a, T b) {
    T r = static_cast<T>(a - b);
    return {r, static_cast<T>((~a & b) | ((~a | b) & r))};
  }
  template <class T>
  Flagged<T> sbb(T a, T b) {
    T r = static_cast<T>(a - b - (cpu().lazy.cf() ? 1 : 0));
    return {r, static_cast<T>((~a & b) | ((~a | b) & r))};
  }
  template <class T>
  Flagged<T> and_(T a, T b) {
    return {static_cast<T>(a & b), 0};
  }
  template <class T>
  Flagged<T> or_(T a, T b) {
    return {static_cast<T>(a | b), 0};
  }
  template <class T>
  Flagged<T> xor_(T a, T b) {
    return {static_cast<T>(a ^ b), 0};
  }
  template <class T>
  T not_(T a) {
    return static_cast<T>(~a);
  }
  template <class T>
  T select(bool cond, T a, T b) {
    return cond ? a : b;
  }
  template <class To, class From>
  To sign_extend_to(From v) {
    return static_cast<To>(static_cast<std::make_signed_t<To>>(static_cast<std::make_signed_t<From>>(v)));
  }
  template <class To, class From>
  To zero_extend_to(From v) {
    return static_cast<To>(v);
  }
  template <class T>
  T byte_swap(T v) {
    if constexpr (sizeof(T) == 8) {
      return __builtin_bswap64(v);
    } else if constexpr (sizeof(T) == 4) {
      return __builtin_bswap32(v);
    } else {
      return 0;  // as silicon: BSWAP of 16 bits gives zero
    }
  }

  // MOVBE.
  template <class T>
  T reverse_bytes(T v) {
    if constexpr (sizeof(T) == 2) {
      return __builtin_bswap16(v);
    } else {
      return byte_swap(v);
    }
  }

  // Shifts and rotates: the count is masked as the manual says; the flags stay for a count of 0. OF for
  // counts above 1 follows tests/oracle/UNDEFINED.md.
  template <class T>
  static bool top(T a) {
    return (a >> (8 * sizeof(T) - 1) & 1) != 0;
  }
  template <class T>
  static bool top2(T a) {
    return ((a ^ static_cast<T>(a << 1)) >> (8 * sizeof(T) - 1) & 1) != 0;
  }
  template <class T>
  struct Shifted {
    T value;
    bool cf, of, any;
  };
  template <class T>
  static unsigned shift_count(uint8_t n) {
    return n & (sizeof(T) == 8 ? 63 : 31);
  }
  template <class T>
  Shifted<T> shl(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r = n < w ? static_cast<T>(a << n) : T{0};
    bool c = n <= w && (a >> (w - n) & 1) != 0;
    return {r, c, top2(a), true};
  }
  template <class T>
  Shifted<T> shr(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r = n < w ? static_cast<T>(a >> n) : T{0};
    bool c = n <= w && (a >> (n - 1) & 1) != 0;
    return {r, c, a >> (w - 1) != 0, true};
  }
  template <class T>
  Shifted<T> sar(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    auto s = static_cast<std::make_signed_t<T>>(a);
    T r = static_cast<T>(s >> (n < w ? n : w - 1));
    bool c = (s >> (n - 1 < w ? n - 1 : w - 1) & 1) != 0;
    return {r, c, false, true};
  }
  template <class T>
  Shifted<T> rol(T a, uint8_t count, bool keeps_of = false) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r = std::rotl(a, static_cast<int>(n % w));
    bool of = keeps_of && n > 1 ? cpu().lazy.of() : top2(a);
    return {r, (r & 1) != 0, of, true};
  }
  template <class T>
  Shifted<T> ror(T a, uint8_t count, bool keeps_of = false) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r = std::rotr(a, static_cast<int>(n % w));
    bool of = keeps_of && n > 1 ? cpu().lazy.of() : ((a >> (w - 1) ^ a) & 1) != 0;
    return {r, r >> (w - 1) != 0, of, true};
  }
  template <class T>
  Shifted<T> rcl(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count) % (w + 1);
    bool c = cpu().lazy.cf();
    if (n == 0) return {a, false, false, false};
    T r =
        static_cast<T>((n < w ? a << n : 0) | static_cast<T>(c) << (n - 1) | (n > 1 ? a >> (w + 1 - n) : 0));
    c = (a >> (w - n) & 1) != 0;
    return {r, c, top2(a), true};
  }
  template <class T>
  Shifted<T> rcr(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count) % (w + 1);
    bool c = cpu().lazy.cf();
    if (n == 0) return {a, false, false, false};
    bool of = (a >> (w - 1) != 0) != c;
    T r =
        static_cast<T>((n < w ? a >> n : 0) | static_cast<T>(c) << (w - n) | (n > 1 ? a << (w + 1 - n) : 0));
    c = (a >> (n - 1) & 1) != 0;
    return {r, c, of, true};
  }
  // SHLD and SHRD; counts beyond 16 of a 16-bit operand go on with the bits as silicon does.
  template <class T>
  Shifted<T> shld(T a, T b, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r;
    bool c;
    if constexpr (w == 16) {
      uint64_t wide = static_cast<uint64_t>(a) << 32 | static_cast<uint64_t>(b) << 16 | a;
      r = static_cast<T>(wide << n >> 32);
      c = (wide >> (48 - n) & 1) != 0;
    } else {
      r = static_cast<T>(a << n | b >> (w - n));
      c = (a >> (w - n) & 1) != 0;
    }
    return {r, c, top2(a), true};
  }
  template <class T>
  Shifted<T> shrd(T a, T b, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r;
    bool c;
    if constexpr (w == 16) {
      uint64_t wide = static_cast<uint64_t>(a) << 32 | static_cast<uint64_t>(b) << 16 | a;
      r = static_cast<T>(wide >> n);
      c = (wide >> (n - 1) & 1) != 0;
    } else {
      r = static_cast<T>(a >> n | b << (w - n));
      c = (a >> (n - 1) & 1) != 0;
    }
    return {r, c, ((a >> (w - 1) ^ b) & 1) != 0, true};
  }
  // Shifts set SF, ZF, PF from the result, AF = 0; rotates leave them.
  template <class T>
  void set_shift_flags(Shifted<T> r) {
    if (self().fault_ || !r.any) return;
    cpu().lazy.result = sign_extend(r.value);
    cpu().lazy.aux = (r.cf ? 1u << 31 : 0u) | (r.cf != r.of ? 1u << 30 : 0u);
  }
  template <class T>
  void set_rotate_flags(Shifted<T> r) {
    if (!self().fault_ && r.any) cpu().lazy.set_of_cf(r.of, r.cf);
  }

  // --- flags --------------------------------------------------------------------------------------------
  template <class T>
  void set_flags(Flagged<T> r) {
    if (self().fault_) return;
    cpu().lazy.result = sign_extend(r.value);
    cpu().lazy.aux = pack_carries(r.carries);
  }
  // INC and DEC.
  template <class T>
  void set_flags_but_cf(Flagged<T> r) {
    if (self().fault_) return;
    bool cf = cpu().lazy.cf();
    cpu().lazy.result = sign_extend(r.value);
    cpu().lazy.aux = pack_carries(r.carries);
    cpu().lazy.set_cf(cf);
  }
  // ADCX, ADOX.
  template <class T>
  void set_carry_in_cf(Flagged<T> r) {
    if (!self().fault_) cpu().lazy.set_cf(top(r.carries));
  }
  template <class T>
  void set_carry_in_of(Flagged<T> r) {
    if (!self().fault_) cpu().lazy.set_of_cf(top(r.carries), cpu().lazy.cf());
  }
  void set_flag_bits(uint32_t value, uint32_t mask) {
    if (!self().fault_) cpu().lazy.merge(value, mask);
  }
  void set_cf(bool v) {
    if (!self().fault_) cpu().lazy.set_cf(v);
  }
  void set_of_cf(bool o, bool c) {
    if (!self().fault_) cpu().lazy.set_of_cf(o, c);
  }
  bool cf() { return cpu().lazy.cf(); }
  uint32_t flags() { return cpu().lazy.get(); }
  // Condition codes of Jcc, SETcc, CMOVcc.
  template <unsigned kCode>
  bool condition() {
    const LazyFlags& f = cpu().lazy;
    bool v;
    if constexpr (kCode / 2 == 0) v = f.of();
    if constexpr (kCode / 2 == 1) v = f.cf();
    if constexpr (kCode / 2 == 2) v = f.zf();
    if constexpr (kCode / 2 == 3) v = f.cf() || f.zf();
    if constexpr (kCode / 2 == 4) v = f.sf();
    if constexpr (kCode / 2 == 5) v = f.pf();
    if constexpr (kCode / 2 == 6) v = f.sf() != f.of();
    if constexpr (kCode / 2 == 7) v = f.zf() || f.sf() != f.of();
    return v != (kCode % 2 != 0);
  }

  // --- multiplication and division -------------------------------------------------------------------------
  template <class T>
  struct Wide {
    T low, high;
    bool overflow;
  };
  template <class T>
  Wide<T> mul(T a, T b) {
    if constexpr (sizeof(T) == 8) {
      __extension__ typedef unsigned __int128 U;
      U r = static_cast<U>(a) * b;
      return {static_cast<T>(r), static_cast<T>(r >> 64), r >> 64 != 0};
    } else {
      uint64_t r = static_cast<uint64_t>(a) * b;
      return {static_cast<T>(r), static_cast<T>(r >> (8 * sizeof(T))), r >> (8 * sizeof(T)) != 0};
    }
  }
  template <class T>
  Wide<T> imul(T a, T b) {
    if constexpr (sizeof(T) == 8) {
      __extension__ typedef __int128 S;
      S r = static_cast<S>(static_cast<int64_t>(a)) * static_cast<int64_t>(b);
      return {static_cast<T>(r), static_cast<T>(r >> 64), r != static_cast<int64_t>(r)};
    } else {
      using S = std::make_signed_t<T>;
      int64_t r = static_cast<int64_t>(static_cast<S>(a)) * static_cast<S>(b);
      return {static_cast<T>(r), static_cast<T>(r >> (8 * sizeof(T))), r != static_cast<S>(r)};
    }
  }
  template <class T>
  void set_mul_flags(Wide<T> r) {
    if (self().fault_) return;
    // ZF = 0 whatever the product; SF and PF by its low half.
    uint64_t low = sign_extend(r.low);
    bool zero = low == 0;
    cpu().lazy.result = zero ? 1 : low;
    cpu().lazy.aux = (r.overflow ? 1u << 31 : 0u) | (zero ? 1u << 8 : 0u);
  }
  template <class T>
  struct Division {
    T quotient, remainder;
  };
  template <class T>
  Division<T> div(T d) {
    __extension__ typedef unsigned __int128 U;
    constexpr unsigned w = 8 * sizeof(T);
    using Double = std::conditional_t<sizeof(T) == 8, U, uint64_t>;
    Double n;
    if constexpr (sizeof(T) == 1) {
      n = static_cast<uint16_t>(cpu().gpr[kRax]);
    } else {
      n = static_cast<Double>(static_cast<T>(cpu().gpr[kRdx])) << w | static_cast<T>(cpu().gpr[kRax]);
    }
    if (self().fault_) return {};
    if (d == 0 || n >> w >= d) {
      self().raise(kDE);
      return {};
    }
    if constexpr (sizeof(T) == 8) {
      if (n >> 64 == 0) return {static_cast<T>(n) / d, static_cast<T>(n) % d};
    }
    return {static_cast<T>(n / d), static_cast<T>(n % d)};
  }
  template <class T>
  Division<T> idiv(T d) {
    __extension__ typedef unsigned __int128 U;
    __extension__ typedef __int128 S;
    constexpr unsigned w = 8 * sizeof(T);
    using Double = std::conditional_t<sizeof(T) == 8, S, int64_t>;
    using Unsigned = std::conditional_t<sizeof(T) == 8, U, uint64_t>;
    Double n;
    if constexpr (sizeof(T) == 1) {
      n = static_cast<int16_t>(cpu().gpr[kRax]);
    } else {
      n = static_cast<Double>(static_cast<Unsigned>(static_cast<std::make_signed_t<T>>(cpu().gpr[kRdx]))
                                  << w |
                              static_cast<T>(cpu().gpr[kRax]));
    }
    if (self().fault_) return {};
    auto s = static_cast<std::make_signed_t<T>>(d);
    // The most negative dividend by -1 overflows on the host as well.
    if (s == 0 || (s == -1 && n == static_cast<Double>(Unsigned{1} << (8 * sizeof(Double) - 1)))) {
      self().raise(kDE);
      return {};
    }
    Double q = n / s;
    if (q != static_cast<std::make_signed_t<T>>(q)) {
      self().raise(kDE);
      return {};
    }
    return {static_cast<T>(q), static_cast<T>(n % s)};
  }

  // --- bits ------------------------------------------------------------------------------------------------
  template <class T>
  bool bit_of(T a, T n) {
    return (a >> (n & (8 * sizeof(T) - 1)) & 1) != 0;
  }
  template <sem::BitKind kKind, class T>
  T with_bit(T a, T n) {
    T b = static_cast<T>(T{1} << (n & (8 * sizeof(T) - 1)));
    if constexpr (kKind == sem::BitKind::Set) return a | b;
    if constexpr (kKind == sem::BitKind::Reset) return a & static_cast<T>(~b);
    return a ^ b;
  }
  // BMI1 and BMI2: OF, AF and PF are 0 (tests/oracle/UNDEFINED.md).
  template <class T>
  struct BitField {
    T value;
    bool cf, sf;
  };
  template <class T>
  BitField<T> with_sign(T v, bool cf) {
    return {v, cf, v >> (8 * sizeof(T) - 1) != 0};
  }
  template <class T>
  BitField<T> andn(T a, T b) {
    return with_sign(static_cast<T>(~a & b), false);
  }
  template <sem::LowestBit kKind, class T>
  BitField<T> lowest_bit(T a) {
    T below = static_cast<T>(a - 1);
    if constexpr (kKind == sem::LowestBit::Isolate) return with_sign(static_cast<T>(a & ~below), a != 0);
    if constexpr (kKind == sem::LowestBit::Reset) return with_sign(static_cast<T>(a & below), a == 0);
    return with_sign(static_cast<T>(a ^ below), a == 0);
  }
  template <class T>
  BitField<T> bzhi(T a, T count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = count & 0xFF;
    return with_sign(n < w ? static_cast<T>(a & ((T{1} << n) - 1)) : a, n >= w);
  }
  template <class T>
  BitField<T> bextr(T a, T field) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned start = field & 0xFF, length = field >> 8 & 0xFF;
    T v = start < w ? static_cast<T>(a >> start) : T{0};
    return {length < w ? static_cast<T>(v & ((T{1} << length) - 1)) : v, false, false};
  }
  template <class T>
  void set_flags(BitField<T> r) {
    if (self().fault_) return;
    bool top = r.value >> (8 * sizeof(T) - 1) != 0,
         even = (std::popcount(static_cast<uint8_t>(r.value)) & 1) == 0;
    cpu().lazy.result = sign_extend(r.value);
    cpu().lazy.aux = (r.cf ? 3u << 30 : 0u) | (even ? 1u << 8 : 0u) | (top != r.sf ? 1u : 0u);
  }
  template <class T>
  T pdep(T a, T mask) {
    T r = 0;
    for (; mask != 0; mask = static_cast<T>(mask & (mask - 1)), a >>= 1) {
      if ((a & 1) != 0) r |= static_cast<T>(mask & (~mask + 1));
    }
    return r;
  }
  template <class T>
  T pext(T a, T mask) {
    T r = 0;
    for (unsigned n = 0; mask != 0; mask = static_cast<T>(mask & (mask - 1)), ++n) {
      if ((a & mask & (~mask + 1)) != 0) r |= T{1} << n;
    }
    return r;
  }
  template <class D, class S>
  D crc32(D sum, S data) {
    return sem::crc32(static_cast<uint32_t>(sum), data, sizeof(S));
  }
  template <class T>
  T trailing_zeros(T v) {
    return static_cast<T>(std::countr_zero(v));
  }
  template <class T>
  T top_bit(T v) {
    return static_cast<T>(8 * sizeof(T) - 1 - static_cast<unsigned>(std::countl_zero(v)));
  }
  // POPCNT, TZCNT, LZCNT: a source of zero gives the width.
  template <class T>
  T count_ones(T v) {
    return static_cast<T>(std::popcount(v));
  }
  template <class T>
  T count_below(T v) {
    return static_cast<T>(std::countr_zero(v));
  }
  template <class T>
  T count_above(T v) {
    return static_cast<T>(std::countl_zero(v));
  }
  template <class T>
  void set_count_flags(T r, bool carry) {
    if (self().fault_) return;
    cpu().lazy.result = r == 0 ? 0 : 1;
    cpu().lazy.aux = (carry ? 3u << 30 : 0u) | (r == 0 ? 1u << 8 : 0u);
  }
  template <class T>
  void set_scan_flags(T r, bool zero) {
    if (self().fault_) return;
    cpu().lazy.result = zero ? 0 : 1;
    // SF = 0; PF by the result, or set for a zero source.
    bool even = zero || (std::popcount(static_cast<uint8_t>(r)) & 1) == 0;
    cpu().lazy.aux = even == zero ? 0u : 1u << 8;
  }

 private:
  Self& self() { return static_cast<Self&>(*this); }
  Cpu& cpu() { return self().cpu(); }
};

}  // namespace ilse::cpu
