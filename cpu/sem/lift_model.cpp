#include "cpu/sem/lift_model.h"

namespace ilse::cpu {

using jit::kAddrSize;
using jit::kStackSize;
using jit::Op;
using jit::Place;
using Value = LiftModel::Value;

Value LiftModel::emit(jit::MicroOp op) {
  op.insn = insn_;
  list_.push_back(op);
  return {static_cast<jit::Ref>(list_.size() - 1), op.width};
}

Value LiftModel::binary(Op op, Value a, Value b, uint32_t flags_read) {
  return emit(
      {.op = op, .width = a.width, .a = a.ref, .b = b.ref, .flags_read = static_cast<uint16_t>(flags_read)});
}
Value LiftModel::ternary(Op op, uint8_t width, Value a, Value b, Value c) {
  return emit({.op = op, .width = width, .a = a.ref, .b = b.ref, .c = c.ref});
}
Value LiftModel::select(Value cond, Value a, Value b) { return ternary(Op::Select, a.width, cond, a, b); }

Value LiftModel::resize(Value a, uint8_t width) {
  return a.width == width ? a : emit({.op = Op::Zext, .width = width, .a = a.ref});
}
Value LiftModel::extend_sign(Value a, unsigned width, unsigned from) {
  if (width == from) return a;
  return emit(
      {.op = Op::Sext, .width = static_cast<uint8_t>(width), .from = static_cast<uint8_t>(from), .a = a.ref});
}

// --- registers -------------------------------------------------------------------------------------------
Value LiftModel::read_reg(Place place, uint8_t width, unsigned offset) {
  return emit({.op = Op::ReadReg, .width = width, .place = place, .imm = offset});
}
void LiftModel::write_reg(Place place, uint8_t width, unsigned offset, Value v) {
  emit({.op = Op::WriteReg, .width = width, .place = place, .a = v.ref, .imm = offset});
}
void LiftModel::write_reg_unless(Value cond, Place place, uint8_t width, unsigned offset, Value v) {
  emit({.op = Op::WriteRegUnless, .width = width, .place = place, .a = v.ref, .b = cond.ref, .imm = offset});
}

// --- memory ----------------------------------------------------------------------------------------------
Value LiftModel::effective_address() { return emit({.op = Op::Address, .width = kAddrSize}); }

Value LiftModel::linear(Value offset, Place segment, uint8_t width, bool write) {
  return emit(
      {.op = Op::Linear, .width = 8, .from = width, .place = segment, .write = write, .a = offset.ref});
}
Value LiftModel::operand_address(uint8_t width, bool write) {
  return linear(effective_address(), Place::Operand, width, write);
}
Value LiftModel::moffs_address(uint8_t width, bool write) {
  return linear(emit({.op = Op::Moffs, .width = kAddrSize}), Place::Operand, width, write);
}
// SDM, BT: a bit number in a register reaches beyond a memory operand.
Value LiftModel::bit_address(Value n, bool write) {
  Value base = effective_address();
  Value unit = emit({.op = Op::BitUnit, .width = kAddrSize, .from = n.width, .a = n.ref});
  return linear(binary(Op::Add, base, unit), Place::Operand, n.width, write);
}
Value LiftModel::load(Value lin, uint8_t width) {
  return emit({.op = Op::Load, .width = width, .a = lin.ref});
}
Value LiftModel::load_for_write(Value lin, uint8_t width) {
  Value v = emit({.op = Op::LoadForWrite, .width = width, .a = lin.ref});
  loaded_ = v.ref;
  return v;
}
void LiftModel::store(Value lin, uint8_t width, Value v) {
  emit({.op = Op::Store, .width = width, .a = lin.ref, .b = v.ref});
}
void LiftModel::store_back(uint8_t width, Value v) {
  emit({.op = Op::StoreBack, .width = width, .a = loaded_, .b = v.ref});
}

// --- stack -----------------------------------------------------------------------------------------------
void LiftModel::store_push(Value v) {
  Value sp = read_reg(Place::Fixed, kStackSize, kRspOffset);
  Value top = binary(Op::Sub, sp, constant(v.width, kStackSize));
  store(linear(top, Place::Stack, v.width, true), v.width, v);
}
void LiftModel::drop_sp(uint8_t width) {
  Value sp = read_reg(Place::Fixed, kStackSize, kRspOffset);
  write_reg(Place::Fixed, kStackSize, kRspOffset, binary(Op::Sub, sp, constant(width, kStackSize)));
}
Value LiftModel::load_stack(unsigned pointer, uint8_t width) {
  return load(linear(read_reg(Place::Fixed, kStackSize, pointer), Place::Stack, width, false), width);
}
void LiftModel::set_sp(unsigned from, Value n) {
  Value sp = binary(Op::Add, read_reg(Place::Fixed, kStackSize, from), n);
  write_reg(Place::Fixed, kStackSize, kRspOffset, sp);
}

// --- multiplication and division ---------------------------------------------------------------------------
LiftModel::Wide LiftModel::multiply(Op op, Value a, Value b) {
  Value low = binary(op, a, b);
  return {low, unary(Op::Second, low)};
}
LiftModel::Division LiftModel::divide(Op op, Value d) {
  Value q;
  if (d.width == 1) {
    Value dividend = read_reg(Place::Fixed, 2, 0);
    q = emit({.op = op, .width = 1, .a = dividend.ref, .c = d.ref});
  } else {
    Value low = read_reg(Place::Fixed, d.width, 0);
    Value high = read_reg(Place::Fixed, d.width, 2 * 8);
    q = ternary(op, d.width, low, high, d);
  }
  return {q, unary(Op::Second, q)};
}
void LiftModel::write_wide(Value low, Value high) {
  if (low.width == 1) {
    Value ax = emit({.op = Op::Join, .width = 2, .a = low.ref, .b = high.ref});
    write_reg(Place::Fixed, 2, 0, ax);
  } else {
    write_reg(Place::Fixed, low.width, 0, low);
    write_reg(Place::Fixed, low.width, 2 * 8, high);
  }
}

// --- flags -----------------------------------------------------------------------------------------------
Value LiftModel::condition(unsigned code) {
  return emit({.op = Op::Condition,
               .width = 1,
               .flags_read = static_cast<uint16_t>(condition_flags(code)),
               .imm = code});
}
void LiftModel::set_flags(Op op, Value v, uint32_t mask) {
  emit({.op = op, .a = v.ref, .flags_written = static_cast<uint16_t>(mask)});
}
// A count that the row fixes is never 0; any other may be, and then the old flags stay.
void LiftModel::set_flags_by_count(Value r, uint32_t mask) {
  const jit::MicroOp& producer = list_[r.ref];
  jit::Ref count = producer.c != jit::kNoRef ? producer.c : producer.b;
  if (list_[count].op == Op::Const) {
    set_flags(Op::SetFlags, r, mask);
  } else {
    auto m = static_cast<uint16_t>(mask);
    emit({.op = Op::SetFlagsIfCount, .a = r.ref, .flags_read = m, .flags_written = m});
  }
}

// --- control flow ------------------------------------------------------------------------------------------
void LiftModel::check_target(Value target) {
  emit({.op = Op::CheckTarget, .width = target.width, .a = target.ref});
}
void LiftModel::check_branch(Value cond) {
  if (!branch_checked_) emit({.op = Op::CheckBranch, .a = cond.ref});
  branch_checked_ = true;
}
void LiftModel::branch_if(Value cond) {
  check_branch(cond);
  const jit::MicroOp& from = list_[cond.ref];
  if (from.op == Op::Const && from.imm != 0) {
    emit({.op = Op::Branch});
  } else {
    emit({.op = Op::BranchIf, .a = cond.ref});
  }
}
void LiftModel::jump_to(Value target) { emit({.op = Op::Jump, .width = target.width, .a = target.ref}); }

Value LiftModel::loop(sem::LoopKind kind) {
  constexpr unsigned kRcxOffset = 1 * 8, kZero = 4, kNotZero = 5;
  Value count = read_reg(Place::Fixed, kAddrSize, kRcxOffset);
  if (kind == sem::LoopKind::Jcxz) return is_zero(count);
  Value left = binary(Op::Sub, count, constant(1, kAddrSize));
  Value again = negate(is_zero(left));
  if (kind == sem::LoopKind::Loope) again = binary(Op::LogicAnd, again, condition(kZero));
  if (kind == sem::LoopKind::Loopne) again = binary(Op::LogicAnd, again, condition(kNotZero));
  check_branch(again);
  write_reg(Place::Fixed, kAddrSize, kRcxOffset, left);
  return again;
}

}  // namespace ilse::cpu
