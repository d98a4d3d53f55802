// The x87 unit: registers, tags, status, and one method for each instruction or family of them
// (Intel SDM vol. 1 chapter 8, vol. 2 for each). Knows nothing of memory, segments or opcodes.
//
// Contract with the caller (an instruction row):
// - Waiting instructions: if pending() then deliver #MF (or FERR#) instead of calling the method.
// - Unmasked exceptions: a method sets the flags, ES and B, and leaves operands and stack as the
//   manual says; delivery is the next waiting instruction's.
// - Memory stores are in two steps, so that a page fault changes nothing: `auto s = f.fst_...()`, then
//   write s.value if s.write, then f.commit(s).
// - Instruction and data pointers, and the opcode, are the caller's: plain fields.
// - Register operands are stack indices, 0..7, masked here.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "cpu/fpu/f80.h"
#include "cpu/fpu/host_x87.h"

namespace ilse::cpu {

// A result on its way to memory. sw is the status word that commit() sets.
template <class T>
struct X87ToMemory {
  T value;
  uint16_t sw;
  bool write;
  bool pop;
};

// EFLAGS as FCOMI and FUCOMI set them; OF, SF and AF become 0.
struct X87Flags {
  bool zf, pf, cf;
};

enum class X87Constant : uint8_t { kOne, kL2T, kL2E, kPi, kLg2, kLn2, kZero };  // D9 E8..EE

struct X87 {
  std::array<F80, 8> st{};  // by physical number; ST(i) is st[(TOP + i) & 7]
  uint16_t cw = 0x0040;
  uint16_t sw = 0;     // without TOP, whose place is 0: read it with status_word()
  uint8_t top = 0;     // kept apart, so that finding a register does not wait for the last flags
  uint8_t tag = 0xFF;  // bit i: physical register i holds a value (FXSAVE's form of the tag word)
  uint16_t fop = 0;    // low 11 bits of the last opcode
  uint64_t fip = 0, fdp = 0;
  uint16_t fcs = 0, fds = 0;

  bool operator==(const X87&) const = default;
  static constexpr std::array kNames{"st", "cw", "sw", "top", "tag", "fop", "fip", "fdp", "fcs", "fds"};

  // -- state ------------------------------------------------------------------------------------
  uint16_t status_word() const { return static_cast<uint16_t>(sw | top << x87sw::kTopShift); }  // FNSTSW
  void set_status_word(uint16_t v) {
    sw = v & static_cast<uint16_t>(~x87sw::kTop);
    top = (v >> x87sw::kTopShift) & 7;
  }
  void set_top(unsigned t) { top = t & 7; }
  F80& reg(unsigned i) { return st[(top + i) & 7]; }
  const F80& reg(unsigned i) const { return st[(top + i) & 7]; }
  bool empty(unsigned i) const { return ((tag >> ((top + i) & 7)) & 1) == 0; }
  bool pending() const { return (sw & x87sw::kES) != 0; }
  x87cw::Rounding rounding() const { return static_cast<x87cw::Rounding>((cw >> x87cw::kRoundingShift) & 3); }

  void set(unsigned i, const F80& v) {
    const unsigned p = (top + i) & 7;
    st[p] = v;
    tag = static_cast<uint8_t>(tag | (1u << p));
  }
  void pop() {
    tag = static_cast<uint8_t>(tag & ~(1u << top));
    set_top(top + 1);
  }
  // No check: callers that push have looked at empty(7).
  void push(const F80& v) {
    set_top(top - 1);
    set(0, v);
  }

  void reset();  // power-up: not FNINIT's values
  void fninit();
  void fnclex() { sw &= x87sw::kConditions; }
  void fldcw(uint16_t v);
  uint16_t full_tag_word() const;  // FNSTENV's form
  void set_full_tag_word(uint16_t tag16);
  void mmx_touch();  // any MMX instruction but EMMS: TOP = 0, all valid
  void emms() { top = tag = 0; }
  uint64_t mmx(unsigned i) const { return st[i & 7].mant; }
  void set_mmx(unsigned i, uint64_t v) { st[i & 7] = {v, 0xFFFF}; }

  // -- arithmetic ---------------------------------------------------------------------------------
  // ST(dst) = ST(dst) op ST(src), or for the reversed ones ST(src) op ST(dst).
  template <X87Arith op>
  void arith(unsigned dst, unsigned src, bool and_pop = false) {
    if (empty(dst) || empty(src)) [[unlikely]]
      return underflow(dst, and_pop);
    F80& a = reg(dst);
    const uint16_t r = host_x87::arith<op>(a, reg(src), cw, sw);
    settle(r, x87sw::kC1);
    if (and_pop && !blocked(r)) pop();
  }
  // ST(0) = ST(0) op memory; bits is the operand as it lies in memory, zero extended.
  template <X87Arith op, X87Format format>
  void arith_mem(uint64_t bits) {
    if (empty(0)) [[unlikely]]
      return underflow(0, false);
    settle(host_x87::arith_mem<op, format>(reg(0), &bits, cw, sw), x87sw::kC1);
  }
  void fsqrt();
  void frndint();
  void fscale();
  void fprem();
  void fprem1();
  void fxtract();
  void fabs();
  void fchs();

  // -- comparison ---------------------------------------------------------------------------------
  void fcom(unsigned src, unsigned pops = 0);   // FCOM, FCOMP, FCOMPP
  void fucom(unsigned src, unsigned pops = 0);  // FUCOM, FUCOMP, FUCOMPP
  template <X87Format format>
  void fcom_mem(uint64_t bits, bool and_pop = false) {
    if (empty(0)) [[unlikely]]
      return compare_underflow(and_pop ? 1 : 0);
    F80 a = reg(0);
    settle_compare(host_x87::arith_mem<X87Arith::kCom, format>(a, &bits, cw, sw), and_pop ? 1 : 0);
  }
  void ftst();
  void fxam();
  // EFLAGS are written even when an unmasked exception keeps the stack as it is.
  X87Flags fcomi(unsigned src, bool and_pop = false);
  X87Flags fucomi(unsigned src, bool and_pop = false);

  // -- moves --------------------------------------------------------------------------------------
  void fld(unsigned src);
  void fld_m80(const F80& v);
  void fld_constant(X87Constant which);
  template <X87Load op>  // FLD m32/m64, FILD; bits as in memory, zero extended
  void fld_mem(uint64_t bits) {
    if (!empty(7)) [[unlikely]]
      return overflow();
    F80& slot = reg(7);
    const F80 before = slot;
    finish_load(before, host_x87::load<op>(slot, &bits, sw));
  }
  void fbld(const F80& bcd);  // ten bytes
  void fst(unsigned dst, bool and_pop = false);
  X87ToMemory<F80> fstp_m80() const;
  X87ToMemory<uint64_t> fst_m32(bool and_pop) const;
  X87ToMemory<uint64_t> fst_m64(bool and_pop) const;
  template <X87Store op>  // FIST, FISTP, FISTTP; the integer is in the low bits
  X87ToMemory<uint64_t> fist(bool and_pop) const {
    constexpr bool is16 = op == X87Store::kI16 || op == X87Store::kI16Truncate;
    constexpr bool is32 = op == X87Store::kI32 || op == X87Store::kI32Truncate;
    if (empty(0)) [[unlikely]]
      return store_underflow<uint64_t>(is16   ? uint64_t{0x8000}
                                       : is32 ? uint64_t{0x80000000}
                                              : uint64_t{1} << 63,
                                       and_pop);
    uint64_t v = 0;
    const uint16_t r = host_x87::store_integer<op>(reg(0), &v, cw, sw);
    return finish_store(v, r, and_pop, x87sw::kPreComputation);
  }
  X87ToMemory<F80> fbstp() const;
  template <class T>
  void commit(const X87ToMemory<T>& s) {
    sw = s.sw;
    if (s.pop) pop();
  }
  void fxch(unsigned i);
  void fcmov(unsigned src, bool condition);
  void fincstp();
  void fdecstp();
  void ffree(unsigned i, bool and_pop = false);

  // -- transcendental functions: our own, the same on every host (x87_transcendental.cpp) ---------
  void f2xm1();
  void fyl2x();
  void fyl2xp1();
  void fptan();
  void fpatan();
  void fsin();
  void fcos();
  void fsincos();

  // -- shared by the families ---------------------------------------------------------------------
  // Raises exceptions found here. True: unmasked, so the operation must stop.
  bool raise(uint16_t flags) {
    sw |= flags;
    const bool unmasked = (flags & ~cw & x87cw::kMasks) != 0;
    if (unmasked) sw |= x87sw::kES | x87sw::kB;
    return unmasked;
  }
  void underflow(unsigned dst, bool and_pop);
  void overflow();

 private:
  // Takes over the host's flags, and those condition codes that the instruction defines.
  void settle(uint16_t host, uint16_t conditions) {
    sw = static_cast<uint16_t>((sw & ~conditions) |
                               (host & (x87sw::kExceptions | x87sw::kES | x87sw::kB | conditions)));
  }
  bool blocked(uint16_t host) const { return (host & ~cw & x87sw::kPreComputation) != 0; }
  void settle_remainder(uint16_t host);
  bool finish_function(unsigned dst, const F80& value, uint16_t flags, bool and_pop);
  bool start_trigonometric(bool& both);
  bool start_pushing();
  void compare_underflow(unsigned pops);
  void settle_compare(uint16_t host, unsigned pops);
  X87Flags compare_flags(uint16_t host, bool and_pop);
  X87Flags compare_flags_underflow(bool and_pop);
  // The value is in the free register below TOP; `before` is what was there.
  void finish_load(const F80& before, uint16_t host) {
    settle(host & static_cast<uint16_t>(~(x87sw::kC1 | x87sw::kES | x87sw::kB)), x87sw::kC1);
    // An unmasked denormal is loaded all the same.
    if ((host & ~cw & x87sw::kExceptions) != 0) [[unlikely]] {
      sw |= x87sw::kES | x87sw::kB;
      if ((host & ~cw & x87sw::kIE) != 0) {
        reg(7) = before;
        return;
      }
    }
    top = (top - 1) & 7;
    tag = static_cast<uint8_t>(tag | (1u << top));
  }
  // stops: the exceptions that, unmasked, keep the result from memory.
  template <class T>
  X87ToMemory<T> finish_store(const T& v, uint16_t host, bool and_pop, uint16_t stops) const {
    const uint16_t flags = host & x87sw::kExceptions;
    uint16_t after = static_cast<uint16_t>((sw & ~x87sw::kC1) | (host & (x87sw::kC1 | x87sw::kSF)) | flags);
    if ((flags & ~cw) != 0) after |= x87sw::kES | x87sw::kB;
    const bool write = (flags & ~cw & stops) == 0;
    return {v, after, write, write && and_pop};
  }
  template <class T>
  X87ToMemory<T> store_underflow(const T& indefinite, bool and_pop) const {
    return finish_store(indefinite, x87sw::kIE | x87sw::kSF, and_pop, x87sw::kPreComputation);
  }
};

// -- memory images (x87_image.cpp) ----------------------------------------------------------------
// FNSTENV/FLDENV layouts, SDM vol. 1 figures 8-9 to 8-12. Real also stands for virtual-8086.
enum class X87EnvFormat : uint8_t { kProtected32, kReal32, kProtected16, kReal16 };

constexpr unsigned x87_env_size(X87EnvFormat f) {
  return f == X87EnvFormat::kProtected32 || f == X87EnvFormat::kReal32 ? 28 : 14;
}
constexpr unsigned x87_save_size(X87EnvFormat f) { return x87_env_size(f) + 80; }
inline constexpr unsigned kX87MaxImage = 108;
using X87Image = std::array<uint8_t, kX87MaxImage>;  // the first x87_..._size() bytes count

// FNSTENV: write the image, then call after_fnstenv(). FNSAVE: write the image, then fninit().
X87Image x87_env(const X87& f, X87EnvFormat format);
X87Image x87_save(const X87& f, X87EnvFormat format);
void after_fnstenv(X87& f);
void x87_load_env(X87& f, const X87Image& image, X87EnvFormat format);  // FLDENV
void x87_restore(X87& f, const X87Image& image, X87EnvFormat format);   // FRSTOR

// Bytes 0-23 and 32-159 of the FXSAVE area (SDM vol. 1, table 10-2); the others are left alone.
// wide: the REX.W form, with 64-bit pointers and no selectors.
void x87_fxsave(const X87& f, std::span<uint8_t, 160> area, bool wide);
void x87_fxrstor(X87& f, std::span<const uint8_t, 160> area, bool wide);

}  // namespace ilse::cpu
