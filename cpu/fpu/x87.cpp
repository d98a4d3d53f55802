// The x87 instructions that are not worth inlining, and the rules they share: stack faults,
// condition codes, what an unmasked exception leaves undone (Intel SDM vol. 1, 8.5 and 8.6).
#include "cpu/fpu/x87.h"

namespace ilse::cpu {

using namespace x87sw;

namespace {

// SDM vol. 1, table 8-1, with the bits beyond bit 0 known: `low` is the value cut off, and
// `nearest_up` says whether the rest is more than a half.
struct Constant {
  F80 low;
  bool nearest_up;
};

constexpr Constant kConstants[] = {
    {kF80One, false},
    {{0xD49A784BCD1B8AFE, 0x4000}, false},  // log2(10)
    {{0xB8AA3B295C17F0BB, 0x3FFF}, true},   // log2(e)
    {{0xC90FDAA22168C234, 0x4000}, true},   // pi
    {{0x9A209A84FBCFF798, 0x3FFD}, true},   // log10(2)
    {{0xB17217F7D1CF79AB, 0x3FFE}, true},   // ln(2)
    {kF80Zero, false},
};

X87Flags flags_of(uint16_t sw) { return {(sw & kC3) != 0, (sw & kC2) != 0, (sw & kC0) != 0}; }

}  // namespace

void X87::reset() { *this = X87{}; }

void X87::fninit() {
  cw = 0x037F;
  sw = 0;
  top = 0;
  tag = 0;
  fop = 0;
  fip = fdp = 0;
  fcs = fds = 0;
}

void X87::fldcw(uint16_t v) {
  cw = (v & x87cw::kWritable) | x87cw::kAlwaysSet;
  sw &= static_cast<uint16_t>(~(kES | kB));
  if ((sw & ~cw & kExceptions) != 0) sw |= kES | kB;
}

void X87::mmx_touch() {
  set_top(0);
  tag = 0xFF;
}

void X87::underflow(unsigned dst, bool and_pop) {
  sw &= static_cast<uint16_t>(~kC1);
  if (raise(kIE | kSF)) return;
  set(dst, kF80Indefinite);
  if (and_pop) pop();
}

void X87::overflow() {
  sw |= kC1;
  if (!raise(kIE | kSF)) push(kF80Indefinite);
}

// -- arithmetic -------------------------------------------------------------------------------------

void X87::fsqrt() {
  if (empty(0)) return underflow(0, false);
  settle(host_x87::op1<X87Op1::kSqrt>(reg(0), cw, sw), kC1);
}

void X87::frndint() {
  if (empty(0)) return underflow(0, false);
  settle(host_x87::op1<X87Op1::kRndInt>(reg(0), cw, sw), kC1);
}

void X87::fscale() {
  if (empty(0) || empty(1)) return underflow(0, false);
  settle(host_x87::op2<X87Op2::kScale>(reg(0), reg(1), cw, sw), kC1);
}

// An invalid or NaN operand, or a stack fault, leaves C3 and C0 as they were.
void X87::settle_remainder(uint16_t host) {
  if (blocked(host) || reg(0).is_nan()) {
    settle(host & static_cast<uint16_t>(~kC2), kC1 | kC2);
  } else {
    settle(host, kConditions);
  }
}

void X87::fprem() {
  if (empty(0) || empty(1)) {
    sw &= static_cast<uint16_t>(~kC2);
    return underflow(0, false);
  }
  settle_remainder(host_x87::op2<X87Op2::kPrem>(reg(0), reg(1), cw, sw));
}

void X87::fprem1() {
  if (empty(0) || empty(1)) {
    sw &= static_cast<uint16_t>(~kC2);
    return underflow(0, false);
  }
  settle_remainder(host_x87::op2<X87Op2::kPrem1>(reg(0), reg(1), cw, sw));
}

void X87::fxtract() {
  if (empty(0)) {
    sw &= static_cast<uint16_t>(~kC1);
    if (raise(kIE | kSF)) return;
    set(0, kF80Indefinite);
    return push(kF80Indefinite);
  }
  if (!empty(7)) {
    sw |= kC1;
    if (raise(kIE | kSF)) return;
    set(0, kF80Indefinite);
    return push(kF80Indefinite);
  }
  F80 significand, exponent;
  const uint16_t r = host_x87::extract(reg(0), significand, exponent, sw);
  sw &= static_cast<uint16_t>(~kC1);
  if (raise(r & kExceptions)) return;
  reg(0) = exponent;
  push(significand);
}

void X87::fabs() {
  if (empty(0)) return underflow(0, false);
  reg(0).se &= F80::kExponentMask;
  sw &= static_cast<uint16_t>(~kC1);
}

void X87::fchs() {
  if (empty(0)) return underflow(0, false);
  reg(0).se ^= 0x8000;
  sw &= static_cast<uint16_t>(~kC1);
}

// -- comparison -------------------------------------------------------------------------------------

void X87::compare_underflow(unsigned pops) {
  sw &= static_cast<uint16_t>(~kC1);
  sw |= kC0 | kC2 | kC3;
  if (raise(kIE | kSF)) return;
  while (pops-- > 0) pop();
}

void X87::settle_compare(uint16_t host, unsigned pops) {
  settle(host, kConditions);
  if (blocked(host)) return;
  while (pops-- > 0) pop();
}

void X87::fcom(unsigned src, unsigned pops) {
  if (empty(0) || empty(src)) return compare_underflow(pops);
  settle_compare(host_x87::compare<X87Op2::kCom>(reg(0), reg(src), cw, sw), pops);
}

void X87::fucom(unsigned src, unsigned pops) {
  if (empty(0) || empty(src)) return compare_underflow(pops);
  settle_compare(host_x87::compare<X87Op2::kUCom>(reg(0), reg(src), cw, sw), pops);
}

void X87::ftst() {
  if (empty(0)) return compare_underflow(0);
  F80 a = reg(0);
  settle_compare(host_x87::op1<X87Op1::kTst>(a, cw, sw), 0);
}

void X87::fxam() {
  const F80& v = reg(0);
  uint16_t c = v.sign() ? kC1 : 0;
  if (empty(0)) {
    c |= kC3 | kC0;
  } else if (v.is_unsupported()) {
  } else if (v.is_zero()) {
    c |= kC3;
  } else if (v.is_denormal()) {
    c |= kC3 | kC2;
  } else if (v.is_infinity()) {
    c |= kC2 | kC0;
  } else if (v.is_nan()) {
    c |= kC0;
  } else {
    c |= kC2;
  }
  sw = static_cast<uint16_t>((sw & ~kConditions) | c);
}

X87Flags X87::compare_flags_underflow(bool and_pop) {
  sw &= static_cast<uint16_t>(~kC1);
  const bool stop = raise(kIE | kSF);
  if (and_pop && !stop) pop();
  return X87Flags{true, true, true};
}

X87Flags X87::compare_flags(uint16_t host, bool and_pop) {
  settle(host, 0);
  if (and_pop && !blocked(host)) pop();
  return flags_of(host);
}

X87Flags X87::fcomi(unsigned src, bool and_pop) {
  if (empty(0) || empty(src)) return compare_flags_underflow(and_pop);
  return compare_flags(host_x87::compare<X87Op2::kCom>(reg(0), reg(src), cw, sw), and_pop);
}

X87Flags X87::fucomi(unsigned src, bool and_pop) {
  if (empty(0) || empty(src)) return compare_flags_underflow(and_pop);
  return compare_flags(host_x87::compare<X87Op2::kUCom>(reg(0), reg(src), cw, sw), and_pop);
}

// -- moves ------------------------------------------------------------------------------------------

void X87::fld(unsigned src) {
  if (empty(src)) {
    sw &= static_cast<uint16_t>(~kC1);
    if (!raise(kIE | kSF)) push(kF80Indefinite);
    return;
  }
  if (!empty(7)) return overflow();
  sw &= static_cast<uint16_t>(~kC1);
  push(reg(src));
}

void X87::fld_m80(const F80& v) {
  if (!empty(7)) return overflow();
  sw &= static_cast<uint16_t>(~kC1);
  push(v);
}

void X87::fld_constant(X87Constant which) {
  if (!empty(7)) return overflow();
  const Constant& c = kConstants[static_cast<unsigned>(which) % std::size(kConstants)];
  F80 v = c.low;
  const bool exact = which == X87Constant::kOne || which == X87Constant::kZero;
  if (!exact && (rounding() == x87cw::kUp || (rounding() == x87cw::kNearest && c.nearest_up))) ++v.mant;
  sw &= static_cast<uint16_t>(~kC1);
  push(v);
}

void X87::fbld(const F80& bcd) {
  if (!empty(7)) return overflow();
  F80& slot = reg(7);
  const F80 before = slot;
  finish_load(before, host_x87::load<X87Load::kBcd>(slot, &bcd, sw));
}

void X87::fst(unsigned dst, bool and_pop) {
  if (empty(0)) return underflow(dst, and_pop);
  sw &= static_cast<uint16_t>(~kC1);
  set(dst, reg(0));
  if (and_pop) pop();
}

X87ToMemory<F80> X87::fstp_m80() const {
  if (empty(0)) return store_underflow(kF80Indefinite, true);
  return finish_store(reg(0), 0, true, 0);
}

X87ToMemory<uint64_t> X87::fst_m32(bool and_pop) const {
  if (empty(0)) return store_underflow<uint64_t>(0xFFC00000, and_pop);
  uint32_t v = 0;
  const uint16_t r = host_x87::store_real<X87Store::kM32>(reg(0), &v, cw, sw);
  return finish_store<uint64_t>(v, r, and_pop, kPreComputation | kOE | kUE);
}

X87ToMemory<uint64_t> X87::fst_m64(bool and_pop) const {
  if (empty(0)) return store_underflow<uint64_t>(0xFFF8000000000000, and_pop);
  uint64_t v = 0;
  const uint16_t r = host_x87::store_real<X87Store::kM64>(reg(0), &v, cw, sw);
  return finish_store(v, r, and_pop, kPreComputation | kOE | kUE);
}

X87ToMemory<F80> X87::fbstp() const {
  if (empty(0)) return store_underflow(kBcdIndefinite, true);
  F80 v;
  const uint16_t r = host_x87::store_integer<X87Store::kBcd>(reg(0), &v, cw, sw);
  return finish_store(v, r, true, kPreComputation);
}

void X87::fxch(unsigned i) {
  sw &= static_cast<uint16_t>(~kC1);
  if (empty(0) || empty(i)) {
    if (raise(kIE | kSF)) return;
    if (empty(0)) set(0, kF80Indefinite);
    if (empty(i)) set(i, kF80Indefinite);
  }
  const F80 v = reg(0);
  reg(0) = reg(i);
  reg(i) = v;
}

void X87::fcmov(unsigned src, bool condition) {
  if (empty(0) || empty(src)) return underflow(0, false);
  if (condition) reg(0) = reg(src);
}

void X87::fincstp() {
  set_top(top + 1);
  sw &= static_cast<uint16_t>(~kC1);
}

void X87::fdecstp() {
  set_top(top - 1);
  sw &= static_cast<uint16_t>(~kC1);
}

void X87::ffree(unsigned i, bool and_pop) {
  tag = static_cast<uint8_t>(tag & ~(1u << ((top + i) & 7)));
  sw &= static_cast<uint16_t>(~kC1);
  if (and_pop) pop();
}

}  // namespace ilse::cpu
