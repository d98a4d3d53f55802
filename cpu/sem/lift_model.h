// The model whose values are positions in a list of micro-operations: an instruction template instantiated
// with it is what the translator reads (DESIGN.md §1). It has the primitives of ExecModel, by the same names;
// the templates here only turn operand types into widths, so that a table of rows costs little to compile.
#pragma once

#include <type_traits>
#include <vector>

#include "cpu/isa/operands.h"
#include "cpu/jit/micro_op.h"
#include "cpu/sem/bits.h"

namespace ilse::cpu {

// The operands that LiftModel knows; a row with any other is not lifted.
template <class Op>
inline constexpr bool kLiftable = false;
template <class T>
inline constexpr bool kLiftable<RmReg<T>> = true;
template <class T>
inline constexpr bool kLiftable<RegReg<T>> = true;
template <class T>
inline constexpr bool kLiftable<VvvvReg<T>> = true;
template <class T>
inline constexpr bool kLiftable<MemOp<T>> = true;
template <class T>
inline constexpr bool kLiftable<ImmOp<T>> = true;
template <class T, int N>
inline constexpr bool kLiftable<FixedReg<T, N>> = true;
template <class T, uint64_t V>
inline constexpr bool kLiftable<ConstOp<T, V>> = true;
template <class T>
inline constexpr bool kLiftable<MoffsOp<T>> = true;

class LiftModel {
 public:
  struct Value {
    jit::Ref ref;
    uint8_t width;
  };
  struct Flagged {
    Value value;
  };
  struct Wide {
    Value low, high;
  };
  struct Division {
    Value quotient, remainder;
  };

  // Appends to `list`; references count from its start. `insn` is noted in every operation.
  explicit LiftModel(std::vector<jit::MicroOp>& list, uint16_t insn = 0) : list_(list), insn_(insn) {}

  // --- operands ---------------------------------------------------------------------------------------
  template <class T>
  Value read(RmReg<T>) {
    return read_reg(jit::Place::Rm, sizeof(T));
  }
  template <class T>
  Value read(RegReg<T>) {
    return read_reg(jit::Place::Reg, sizeof(T));
  }
  template <class T>
  Value read(VvvvReg<T>) {
    return read_reg(jit::Place::Vvvv, sizeof(T));
  }
  template <class T>
  Value read(ImmOp<T>) {
    return emit({.op = jit::Op::Imm, .width = sizeof(T)});
  }
  template <class T, int N>
  Value read(FixedReg<T, N>) {
    return read_reg(jit::Place::Fixed, sizeof(T), N * 8);
  }
  template <class T, uint64_t V>
  Value read(ConstOp<T, V>) {
    return constant(V, sizeof(T));
  }
  template <class T>
  Value read(MemOp<T>) {
    return load(operand_address(sizeof(T), false), sizeof(T));
  }
  template <class T>
  Value read(MoffsOp<T>) {
    return load(moffs_address(sizeof(T), false), sizeof(T));
  }
  template <class O>
  Value read_for_write(O o) {
    return read(o);
  }
  template <class T>
  Value read_for_write(MemOp<T>) {
    return load_for_write(operand_address(sizeof(T), true), sizeof(T));
  }

  template <class T>
  void write(RmReg<T>, Value v) {
    write_reg(jit::Place::Rm, sizeof(T), 0, v);
  }
  template <class T>
  void write(RegReg<T>, Value v) {
    write_reg(jit::Place::Reg, sizeof(T), 0, v);
  }
  template <class T>
  void write(VvvvReg<T>, Value v) {
    write_reg(jit::Place::Vvvv, sizeof(T), 0, v);
  }
  template <class T, int N>
  void write(FixedReg<T, N>, Value v) {
    write_reg(jit::Place::Fixed, sizeof(T), N * 8, v);
  }
  template <class T>
  void write(MemOp<T>, Value v) {
    store(operand_address(sizeof(T), true), sizeof(T), v);
  }
  template <class T>
  void write(MoffsOp<T>, Value v) {
    store(moffs_address(sizeof(T), true), sizeof(T), v);
  }
  template <class O>
  void write_back(O o, Value v) {
    write(o, v);
  }
  template <class T>
  void write_back(MemOp<T>, Value v) {
    store_back(sizeof(T), v);
  }
  template <class D, class S>
  void write_back_first(D d, S s, Value sum, Value old) {
    if constexpr (std::is_same_v<D, MemOp<typename D::Type>>) {
      write_back(d, sum);
      write(s, old);
    } else {
      write(s, old);
      write_back(d, sum);
    }
  }
  template <class D>
  void exchange_if(Value equal, D d, Value v, Value old) {
    if constexpr (std::is_same_v<D, MemOp<typename D::Type>>) {
      write_back(d, select(equal, v, old));
    } else {
      write_unless(negate(equal), d, v);
    }
  }
  template <class T>
  void write_unless(Value cond, RmReg<T>, Value v) {
    write_reg_unless(cond, jit::Place::Rm, sizeof(T), 0, v);
  }
  template <class T>
  void write_unless(Value cond, RegReg<T>, Value v) {
    write_reg_unless(cond, jit::Place::Reg, sizeof(T), 0, v);
  }
  template <class T, int N>
  void write_unless(Value cond, FixedReg<T, N>, Value v) {
    write_reg_unless(cond, jit::Place::Fixed, sizeof(T), N * 8, v);
  }
  Value effective_address();
  Value read_ah() { return read_reg(jit::Place::Fixed, 1, 1); }
  void write_ah(Value v) { write_reg(jit::Place::Fixed, 1, 1, v); }

  // --- stack ------------------------------------------------------------------------------------------
  template <class T>
  Value pop_value() {
    return load_stack(kRspOffset, sizeof(T));
  }
  template <class T>
  Value load_frame() {
    return load_stack(kRbpOffset, sizeof(T));
  }
  void push_value(Value v) {
    store_push(v);
    drop_sp(v.width);
  }
  void store_push(Value v);
  template <class T>
  void commit_push() {
    drop_sp(sizeof(T));
  }
  void add_sp(uint64_t n) { set_sp(kRspOffset, constant(n, jit::kStackSize)); }
  void add_sp_value(Value n) { set_sp(kRspOffset, resize(n, jit::kStackSize)); }
  void sp_from_frame(uint64_t n) { set_sp(kRbpOffset, constant(n, jit::kStackSize)); }

  // --- arithmetic -------------------------------------------------------------------------------------
  Flagged add(Value a, Value b) { return {binary(jit::Op::Add, a, b)}; }
  Flagged adc(Value a, Value b) { return {binary(jit::Op::Adc, a, b, kCF)}; }
  Flagged ado(Value a, Value b) { return {binary(jit::Op::Ado, a, b, kOF)}; }
  Flagged sub(Value a, Value b) { return {binary(jit::Op::Sub, a, b)}; }
  Flagged sbb(Value a, Value b) { return {binary(jit::Op::Sbb, a, b, kCF)}; }
  Flagged and_(Value a, Value b) { return {binary(jit::Op::And, a, b)}; }
  Flagged or_(Value a, Value b) { return {binary(jit::Op::Or, a, b)}; }
  Flagged xor_(Value a, Value b) { return {binary(jit::Op::Xor, a, b)}; }
  Value not_(Value a) { return unary(jit::Op::Not, a); }
  Value byte_swap(Value a) { return unary(jit::Op::ByteSwap, a); }
  Value reverse_bytes(Value a) {
    return a.width == 2 ? binary(jit::Op::Rol, a, constant(8, 1)) : byte_swap(a);
  }
  Value sign_fill(Value a) { return unary(jit::Op::SignFill, a); }
  Value sign_extend_low_half(Value a) { return extend_sign(a, a.width, a.width / 2); }
  template <class To>
  Value sign_extend_to(Value a) {
    return extend_sign(a, sizeof(To), a.width);
  }
  template <class To>
  Value zero_extend_to(Value a) {
    return resize(a, sizeof(To));
  }
  template <class T>
  Value constant(uint64_t v) {
    return constant(v, sizeof(T));
  }
  Value select(Value cond, Value a, Value b);

  Flagged shl(Value a, Value n) { return {binary(jit::Op::Shl, a, n)}; }
  Flagged shr(Value a, Value n) { return {binary(jit::Op::Shr, a, n)}; }
  Flagged sar(Value a, Value n) { return {binary(jit::Op::Sar, a, n)}; }
  Flagged rol(Value a, Value n, bool keeps_of) {
    return {keeps_of ? binary(jit::Op::RolKeepOf, a, n, kOF) : binary(jit::Op::Rol, a, n)};
  }
  Flagged ror(Value a, Value n, bool keeps_of) {
    return {keeps_of ? binary(jit::Op::RorKeepOf, a, n, kOF) : binary(jit::Op::Ror, a, n)};
  }
  Flagged rcl(Value a, Value n) { return {binary(jit::Op::Rcl, a, n, kCF)}; }
  Flagged rcr(Value a, Value n) { return {binary(jit::Op::Rcr, a, n, kCF)}; }
  Flagged shld(Value a, Value b, Value n) { return {ternary(jit::Op::Shld, a.width, a, b, n)}; }
  Flagged shrd(Value a, Value b, Value n) { return {ternary(jit::Op::Shrd, a.width, a, b, n)}; }

  Wide mul(Value a, Value b) { return multiply(jit::Op::Mul, a, b); }
  Wide imul(Value a, Value b) { return multiply(jit::Op::Imul, a, b); }
  Division div(Value d) { return divide(jit::Op::Div, d); }
  Division idiv(Value d) { return divide(jit::Op::Idiv, d); }
  void write_wide(Value low, Value high);

  // --- bits -------------------------------------------------------------------------------------------
  template <class D, class S>
  Value read_bits(D d, S, Value) {
    return read(d);
  }
  template <class D, class S>
  Value read_bits_for_write(D d, S, Value) {
    return read_for_write(d);
  }
  template <class T>
  Value read_bits(MemOp<T>, RegReg<T>, Value n) {
    return load(bit_address(n, false), sizeof(T));
  }
  template <class T>
  Value read_bits_for_write(MemOp<T>, RegReg<T>, Value n) {
    return load_for_write(bit_address(n, true), sizeof(T));
  }
  template <sem::BitKind kKind>
  Value with_bit(Value a, Value n) {
    return binary(kKind == sem::BitKind::Set     ? jit::Op::BitSet
                  : kKind == sem::BitKind::Reset ? jit::Op::BitReset
                                                 : jit::Op::BitComplement,
                  a, n);
  }
  Value bit_of(Value a, Value n) { return emit({.op = jit::Op::BitOf, .width = 1, .a = a.ref, .b = n.ref}); }
  Flagged andn(Value a, Value b) { return {binary(jit::Op::Andn, a, b)}; }
  template <sem::LowestBit kKind>
  Flagged lowest_bit(Value a) {
    return {unary(kKind == sem::LowestBit::Isolate ? jit::Op::Blsi
                  : kKind == sem::LowestBit::Reset ? jit::Op::Blsr
                                                   : jit::Op::Blsmsk,
                  a)};
  }
  Flagged bzhi(Value a, Value n) { return {binary(jit::Op::Bzhi, a, n)}; }
  Flagged bextr(Value a, Value field) { return {binary(jit::Op::Bextr, a, field)}; }
  Value pdep(Value a, Value mask) { return binary(jit::Op::Pdep, a, mask); }
  Value pext(Value a, Value mask) { return binary(jit::Op::Pext, a, mask); }
  Value crc32(Value sum, Value data) {
    return emit({.op = jit::Op::Crc32, .width = sum.width, .from = data.width, .a = sum.ref, .b = data.ref});
  }
  Value trailing_zeros(Value a) { return unary(jit::Op::TrailingZeros, a); }
  Value top_bit(Value a) { return unary(jit::Op::TopBit, a); }
  Value count_ones(Value a) { return unary(jit::Op::CountOnes, a); }
  Value count_below(Value a) { return unary(jit::Op::CountBelow, a); }
  Value count_above(Value a) { return unary(jit::Op::CountAbove, a); }

  // --- conditions and flags ---------------------------------------------------------------------------
  Value true_() { return constant(1, 1); }
  Value false_() { return constant(0, 1); }
  Value negate(Value v) { return unary(jit::Op::LogicNot, v); }
  Value is_zero(Value v) { return emit({.op = jit::Op::IsZero, .width = 1, .a = v.ref}); }
  Value from_condition(Value v) { return v; }
  template <unsigned kCode>
  Value condition() {
    return condition(kCode);
  }
  Value cf() { return emit({.op = jit::Op::ReadCf, .width = 1, .flags_read = kCF}); }
  Value flags_low() { return emit({.op = jit::Op::FlagsByte, .width = 1, .flags_read = kSZAPC}); }
  void set_flags_low(Value v) { set_flags(jit::Op::SetFlagsByte, v, kSZAPC); }
  void set_cf(Value v) { set_flags(jit::Op::SetCf, v, kCF); }
  void set_flags(Flagged r) { set_flags(jit::Op::SetFlags, r.value, kOSZAPC); }
  void set_carry_in_cf(Flagged r) { set_flags(jit::Op::SetFlags, r.value, kCF); }
  void set_carry_in_of(Flagged r) { set_flags(jit::Op::SetFlags, r.value, kOF); }
  void set_flags_but_cf(Flagged r) { set_flags(jit::Op::SetFlags, r.value, kOSZAP); }
  void set_mul_flags(Wide r) { set_flags(jit::Op::SetFlags, r.low, kOSZAPC); }
  void set_scan_flags(Value r, Value /*zero*/) { set_flags(jit::Op::SetFlags, r, kOSZAPC); }
  void set_count_flags(Value r, Value /*carry*/) { set_flags(jit::Op::SetFlags, r, kOSZAPC); }
  void set_shift_flags(Flagged r) { set_flags_by_count(r.value, kOSZAPC); }
  void set_rotate_flags(Flagged r) { set_flags_by_count(r.value, kOF | kCF); }

  // --- control flow -----------------------------------------------------------------------------------
  Value next_ip() { return emit({.op = jit::Op::NextIp, .width = 8}); }
  void check_target(Value target);
  void check_branch() { check_branch(true_()); }
  void branch_if(Value cond);
  void jump_to(Value target);
  template <sem::LoopKind kKind>
  Value loop() {
    return loop(kKind);
  }

 private:
  static constexpr unsigned kRspOffset = 4 * 8, kRbpOffset = 5 * 8;

  Value emit(jit::MicroOp op);
  Value unary(jit::Op op, Value a) { return emit({.op = op, .width = a.width, .a = a.ref}); }
  Value binary(jit::Op op, Value a, Value b, uint32_t flags_read = 0);
  Value ternary(jit::Op op, uint8_t width, Value a, Value b, Value c);
  Value constant(uint64_t v, uint8_t width) { return emit({.op = jit::Op::Const, .width = width, .imm = v}); }
  Value resize(Value a, uint8_t width);
  Value extend_sign(Value a, unsigned width, unsigned from);
  Value read_reg(jit::Place place, uint8_t width, unsigned offset = 0);
  void write_reg(jit::Place place, uint8_t width, unsigned offset, Value v);
  void write_reg_unless(Value cond, jit::Place place, uint8_t width, unsigned offset, Value v);
  Value linear(Value offset, jit::Place segment, uint8_t width, bool write);
  Value operand_address(uint8_t width, bool write);
  Value moffs_address(uint8_t width, bool write);
  Value bit_address(Value n, bool write);
  Value load(Value lin, uint8_t width);
  Value load_for_write(Value lin, uint8_t width);
  void store(Value lin, uint8_t width, Value v);
  void store_back(uint8_t width, Value v);
  Value load_stack(unsigned pointer, uint8_t width);
  void set_sp(unsigned from, Value n);
  void drop_sp(uint8_t width);
  Wide multiply(jit::Op op, Value a, Value b);
  Division divide(jit::Op op, Value d);
  void check_branch(Value cond);
  Value condition(unsigned code);
  Value loop(sem::LoopKind kind);
  void set_flags(jit::Op op, Value v, uint32_t mask);
  void set_flags_by_count(Value r, uint32_t mask);

  std::vector<jit::MicroOp>& list_;
  uint16_t insn_;
  bool branch_checked_ = false;
  jit::Ref loaded_ = jit::kNoRef;  // the LoadForWrite that a StoreBack completes
};

}  // namespace ilse::cpu
