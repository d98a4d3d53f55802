// The basic x87 operations (add, multiply, root, remainder, conversion, comparison), done by the
// host's own x87 under the guest's control word: bit for bit what the silicon does, at a few host
// instructions each.
//
// Portability: this file is the whole of what the x87 needs from an x86 host. Another host must
// supply the same functions with the same contracts over soft-float; x87.h names nothing else of it.
//
// How flags are read cheaply: the host's sticky flags are left standing from one operation to the
// next. When those seen after an operation are all in the guest's status word already, the operation
// has added none, and its result is final. Otherwise it is done again with cleared flags. Underflow is
// the exception: unmasked, it is also raised by exact results, so the first run cannot tell.
//
// The host's control word is read before each operation and loaded only when it differs; it is left
// so. Whoever runs guest code holds a HostX87Scope, which puts back the host's own.
#pragma once

#include <cstdint>

#include "cpu/fpu/f80.h"

#if !defined(__x86_64__) && !defined(__i386__)
#error "no x87 on this host: write a soft-float twin of cpu/fpu/host_x87.h"
#endif

namespace ilse::cpu {

// Status word (SDM vol. 1, 8.1.3).
namespace x87sw {
inline constexpr uint16_t kIE = 0x0001, kDE = 0x0002, kZE = 0x0004, kOE = 0x0008, kUE = 0x0010, kPE = 0x0020;
inline constexpr uint16_t kSF = 0x0040, kES = 0x0080;
inline constexpr uint16_t kC0 = 0x0100, kC1 = 0x0200, kC2 = 0x0400, kC3 = 0x4000, kB = 0x8000;
inline constexpr uint16_t kExceptions = 0x003F;
// Found before the operation is done: unmasked, nothing is written and nothing is popped.
inline constexpr uint16_t kPreComputation = kIE | kDE | kZE;
inline constexpr uint16_t kConditions = kC0 | kC1 | kC2 | kC3;
inline constexpr uint16_t kTop = 0x3800;
inline constexpr int kTopShift = 11;
}  // namespace x87sw

// Control word (SDM vol. 1, 8.1.5). Masks are in the places of the status word's flags.
namespace x87cw {
inline constexpr uint16_t kMasks = 0x003F, kUnderflowMask = 0x0010;
inline constexpr uint16_t kPrecision = 0x0300, kRounding = 0x0C00;
inline constexpr uint16_t kAlwaysSet = 0x0040, kWritable = 0x1F3F;
inline constexpr int kRoundingShift = 10;
enum Rounding : uint8_t { kNearest, kDown, kUp, kTruncate };
}  // namespace x87cw

// The reg field of D8 to DF /r, as the opcode map has it.
enum class X87Arith : uint8_t { kAdd, kMul, kCom, kComPop, kSub, kSubR, kDiv, kDivR };

// First opcode byte of the memory forms of X87Arith.
enum class X87Format : uint8_t { kM32 = 0xD8, kM64 = 0xDC, kI32 = 0xDA, kI16 = 0xDE };

// Opcodes whose operands are ST(0), and ST(1) where the name says "2".
enum class X87Op1 : uint16_t { kTst = 0xD9E4, kSqrt = 0xD9FA, kRndInt = 0xD9FC };
enum class X87Op2 : uint16_t {
  kPrem1 = 0xD9F5,
  kPrem = 0xD9F8,
  kScale = 0xD9FD,
  kCom = 0xD8D1,
  kUCom = 0xDDE1
};

// Loads and stores that convert: opcode byte, and ModRM for the address register that the host code uses.
enum class X87Load : uint16_t {
  kM32 = 0xD907,
  kM64 = 0xDD07,
  kI16 = 0xDF07,
  kI32 = 0xDB07,
  kI64 = 0xDF2F,
  kBcd = 0xDF27
};
enum class X87Store : uint16_t {
  kM32 = 0xD917,
  kM64 = 0xDD17,
  kI16 = 0xDF17,
  kI32 = 0xDB17,
  kI64 = 0xDF3F,
  kBcd = 0xDF37,
  kI16Truncate = 0xDF0F,
  kI32Truncate = 0xDB0F,
  kI64Truncate = 0xDD0F
};

namespace host_x87 {

// What an operation returns: its condition codes, its exception flags, and ES and B if one of them is
// unmasked. Flags that are in the guest's status word already may be set whether or not raised again.
using Status = uint16_t;

template <class Op>
constexpr uint8_t first_byte(Op op) {
  return static_cast<uint16_t>(op) >> 8;
}
template <class Op>
constexpr uint8_t second_byte(Op op) {
  return static_cast<uint16_t>(op) & 0xFF;
}

inline constexpr uint16_t kReadBack = x87sw::kExceptions | x87sw::kConditions | x87sw::kES | x87sw::kB;

inline uint16_t control_word() {
  uint16_t cw = 0;
  asm volatile("fnstcw %0" : "=m"(cw));
  return cw;
}

inline void load_control_word(uint16_t cw) { asm volatile("fldcw %0" : : "m"(cw)); }
inline void clear_exceptions() { asm volatile("fnclex"); }

inline constexpr uint16_t masked(uint16_t cw) {
  return (cw & (x87cw::kPrecision | x87cw::kRounding)) | x87cw::kAlwaysSet | x87cw::kMasks;
}

inline void select(uint16_t cw) {
  if (control_word() != masked(cw)) [[unlikely]]
    load_control_word(masked(cw));
}

// Did the operation that left host status `host` add nothing to the guest's `sw`?
inline bool settled(uint16_t cw, uint16_t sw, uint16_t host) {
  return (((host & x87sw::kExceptions) | x87sw::kES) & ~(sw ^ x87sw::kES)) == 0 &&
         (cw & x87cw::kUnderflowMask) != 0;
}

// a = a op b, with the opcode's operands ST(0) = a, ST(1) = b. An unmasked pre-computation exception
// leaves a as it was. b0 and b1 are the opcode's bytes.
template <uint8_t b0, uint8_t b1>
[[gnu::noinline, gnu::cold]] Status exact2(F80& a, const F80& b, uint16_t cw) {
  Status s = 0;
  const uint16_t back = masked(cw);
  asm volatile(
      "fnclex\n\tfldcw %[guest]\n\tfldt %[b]\n\tfldt %[a]\n\t.byte %c[b0], %c[b1]\n\tfnstsw %%ax\n\t"
      "fnclex\n\tfldcw %[back]\n\tfstpt %[a]\n\tfstp %%st(0)"
      : [a] "+m"(a), "=&a"(s)
      : [b] "m"(b), [guest] "m"(cw), [back] "m"(back), [b0] "i"(b0), [b1] "i"(b1)
      : "st", "st(1)");
  return s & kReadBack;
}

template <uint8_t b0, uint8_t b1>
inline Status run2(F80& a, const F80& b, uint16_t cw, uint16_t sw) {
  select(cw);
  F80 before = a;
  Status s = 0;
  asm volatile("fldt %[b]\n\tfldt %[a]\n\t.byte %c[b0], %c[b1]\n\tfnstsw %%ax\n\tfstpt %[a]\n\tfstp %%st(0)"
               : [a] "+m"(a), "=&a"(s)
               : [b] "m"(b), [b0] "i"(b0), [b1] "i"(b1)
               : "st", "st(1)");
  if (settled(cw, sw, s)) [[likely]]
    return s & kReadBack;
  // b may be the same register.
  const F80 other = &b == &a ? before : b;
  s = exact2<b0, b1>(before, other, cw);
  a = before;
  return s;
}

template <uint8_t b0, uint8_t b1>
[[gnu::noinline, gnu::cold]] Status exact1(F80& a, void* mem, uint16_t cw) {
  Status s = 0;
  const uint16_t back = masked(cw);
  asm volatile(
      "fnclex\n\tfldcw %[guest]\n\tfldt %[a]\n\t.byte %c[b0], %c[b1]\n\tfnstsw %%ax\n\t"
      "fnclex\n\tfldcw %[back]\n\tfstpt %[a]"
      : [a] "+m"(a), "=&a"(s)
      : "D"(mem), [guest] "m"(cw), [back] "m"(back), [b0] "i"(b0), [b1] "i"(b1)
      : "memory", "st");
  return s & kReadBack;
}

// The same with one operand in ST(0), and one in memory if the opcode has a memory form.
template <uint8_t b0, uint8_t b1>
inline Status run1(F80& a, void* mem, uint16_t cw, uint16_t sw) {
  select(cw);
  F80 before = a;
  Status s = 0;
  asm volatile("fldt %[a]\n\t.byte %c[b0], %c[b1]\n\tfnstsw %%ax\n\tfstpt %[a]"
               : [a] "+m"(a), "=&a"(s)
               : "D"(mem), [b0] "i"(b0), [b1] "i"(b1)
               : "memory", "st");
  if (settled(cw, sw, s)) [[likely]]
    return s & kReadBack;
  s = exact1<b0, b1>(before, mem, cw);
  a = before;
  return s;
}

// Not for the comparisons.
template <X87Arith op>
inline Status arith(F80& a, const F80& b, uint16_t cw, uint16_t sw) {
  return run2<0xD8, 0xC1 | (static_cast<uint8_t>(op) << 3)>(a, b, cw, sw);
}

// mem points to 4, 8, 4 or 2 bytes, as the format says.
template <X87Arith op, X87Format format>
inline Status arith_mem(F80& a, void* mem, uint16_t cw, uint16_t sw) {
  return run1<static_cast<uint8_t>(format), 0x07 | (static_cast<uint8_t>(op) << 3)>(a, mem, cw, sw);
}

template <X87Op1 op>
inline Status op1(F80& a, uint16_t cw, uint16_t sw) {
  return run1<first_byte(op), second_byte(op)>(a, nullptr, cw, sw);
}

template <X87Op2 op>
inline Status op2(F80& a, const F80& b, uint16_t cw, uint16_t sw) {
  return run2<first_byte(op), second_byte(op)>(a, b, cw, sw);
}

// What follows runs masked: the flags are those of a masked run, and the caller looks at the masks.

// mem points to as many bytes as the format has.
template <X87Load op>
inline Status load(F80& result, const void* mem, uint16_t sw) {
  constexpr uint8_t b0 = first_byte(op), b1 = second_byte(op);
  Status s = 0;
  const auto once = [&] {
    asm volatile(".byte %c[b0], %c[b1]\n\tfnstsw %%ax\n\tfstpt %[result]"
                 : [result] "=m"(result), "=&a"(s)
                 : "D"(mem), [b0] "i"(b0), [b1] "i"(b1)
                 : "memory", "st");
  };
  once();
  if ((s & x87sw::kExceptions & ~sw) != 0) [[unlikely]] {
    clear_exceptions();
    once();
  }
  return s & kReadBack;
}

// Stores of ST(0) that never raise underflow or overflow: integers and BCD.
template <X87Store op>
inline Status store_integer(const F80& a, void* mem, uint16_t cw, uint16_t sw) {
  static_assert(op != X87Store::kM32 && op != X87Store::kM64);
  constexpr uint8_t b0 = first_byte(op), b1 = second_byte(op);
  select(cw);
  Status s = 0;
  const auto once = [&] {
    if constexpr (op == X87Store::kI16 || op == X87Store::kI32) {
      asm volatile("fldt %[a]\n\t.byte %c[b0], %c[b1]\n\tfnstsw %%ax\n\tfstp %%st(0)"
                   : "=&a"(s)
                   : [a] "m"(a), "D"(mem), [b0] "i"(b0), [b1] "i"(b1)
                   : "memory", "st");
    } else {
      asm volatile("fldt %[a]\n\t.byte %c[b0], %c[b1]\n\tfnstsw %%ax"
                   : "=&a"(s)
                   : [a] "m"(a), "D"(mem), [b0] "i"(b0), [b1] "i"(b1)
                   : "memory", "st");
    }
  };
  once();
  if ((s & x87sw::kExceptions & ~sw) != 0) [[unlikely]] {
    clear_exceptions();
    once();
  }
  return s & kReadBack;
}

// FXTRACT.
inline Status extract(const F80& a, F80& significand, F80& exponent, uint16_t sw) {
  Status s = 0;
  const auto once = [&] {
    asm volatile("fldt %[a]\n\tfxtract\n\tfnstsw %%ax\n\tfstpt %[significand]\n\tfstpt %[exponent]"
                 : [significand] "=m"(significand), [exponent] "=m"(exponent), "=&a"(s)
                 : [a] "m"(a)
                 : "st", "st(1)");
  };
  once();
  if ((s & x87sw::kExceptions & ~sw) != 0) [[unlikely]] {
    clear_exceptions();
    once();
  }
  return s & kReadBack;
}

// FST m32 and m64, under the guest's masks. After an unmasked exception other than PE what is in mem
// means nothing.
template <X87Store op>
inline Status store_real(const F80& a, void* mem, uint16_t cw, uint16_t sw) {
  static_assert(op == X87Store::kM32 || op == X87Store::kM64);
  F80 copy = a;
  return run1<first_byte(op), second_byte(op)>(copy, mem, cw, sw);
}

// FCOM, FUCOM: a is ST(0). The conditions are in C3, C2, C0.
template <X87Op2 op>
inline Status compare(const F80& a, const F80& b, uint16_t cw, uint16_t sw) {
  F80 copy = a;
  return run2<first_byte(op), second_byte(op)>(copy, b, cw, sw);
}

}  // namespace host_x87

// Held around a run of guest code: keeps the host's control word, and puts it back with the
// exception flags cleared, as the rest of the program expects them.
class HostX87Scope {
 public:
  HostX87Scope() : saved_(host_x87::control_word()) {}
  ~HostX87Scope() {
    host_x87::clear_exceptions();
    host_x87::load_control_word(saved_);
  }
  HostX87Scope(const HostX87Scope&) = delete;
  HostX87Scope& operator=(const HostX87Scope&) = delete;

 private:
  uint16_t saved_;
};

}  // namespace ilse::cpu
