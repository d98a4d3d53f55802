// One guest instruction taken apart: a linear list of small operations in single-assignment form, which the
// instruction templates yield when LiftModel reads them (DESIGN.md §1). Plain data, the input of the
// translator's passes.
//
// A list is a function of the table row, the operand size and the form (register or memory) alone: what the
// bytes say (register numbers, displacement, immediates, address and stack size) is named by Place, kAddrSize
// and kStackSize and looked up in the Insn. An operation's result is named by its position. Arithmetic has a
// second, implied result, the flags as the guest's instruction leaves them: SetFlags makes them
// architectural, so that a producer whose flags are dead is plain arithmetic and one whose flags are live
// leaves them in the host's.
//
// Order, for precise faults: no operation that can fault (can_fault) follows one that commits (commits); a
// list has at most one store; Branch, BranchIf and Jump come last.
#pragma once

#include <cstdint>

#include "cpu/flags.h"

namespace ilse::cpu::jit {

enum class Op : uint8_t {
  // Sources.
  Const,   // imm
  Imm,     // the Insn's immediate
  NextIp,  // offset of the next instruction in the code segment
  // Registers of `place`. A write of 4 bytes clears the upper half, narrower ones keep the rest.
  ReadReg,
  WriteReg,        // a
  WriteRegUnless,  // a, unless b holds
  // Memory. Offsets are within a segment, linear addresses behind it.
  Address,       // the ModRM operand's offset
  Moffs,         // the offset in the immediate
  BitUnit,       // a: bit number, signed; offset in bytes of the `from` bytes wide unit that holds it
  Linear,        // a: offset; checks `from` bytes for `access` in the segment of `place`: #GP, #SS
  Load,          // a: linear: #PF and the like
  LoadForWrite,  // a: linear; checks for a store too, so that its StoreBack cannot fault
  Store,         // a: linear, b: value
  StoreBack,     // a: the LoadForWrite, b: value
  // Arithmetic with flags.
  Add,
  Adc,  // a + b + CF
  Ado,  // a + b + OF, whose carry goes to OF
  Sub,
  Sbb,  // a - b - CF
  And,
  Or,
  Xor,
  Shl,  // Shl to Shrd: the count is masked to 5 bits, 6 for 8 bytes; a count of 0 keeps every flag
  Shr,
  Sar,
  Rol,
  Ror,
  RolKeepOf,  // OF only changes for a count of 1
  RorKeepOf,
  Rcl,
  Rcr,
  Shld,  // a, filled from b, by c
  Shrd,
  Mul,   // unsigned a * b; Second is the high half
  Imul,  // signed
  Andn,  // BMI1 and BMI2, with their flags (tests/oracle/UNDEFINED.md): ~a & b
  Blsi,
  Blsmsk,
  Blsr,
  Bzhi,           // a, by b
  Bextr,          // of a, by b
  TrailingZeros,  // of a
  CountOnes,      // of a; CountBelow and CountAbove: zeros, the width if there is nothing else, and CF then
  CountBelow,
  CountAbove,
  TopBit,
  // Division faults with #DE. a: low half of the dividend, b: high half, c: divisor; `width` is the
  // divisor's. One byte: a is all 16 bits, b is none. Second is the remainder.
  Div,
  Idiv,
  // Arithmetic without flags.
  Second,  // the second result of a
  Join,    // a | b << half of the width
  Not,
  ByteSwap,
  Zext,      // a, zero-extended or cut to `width`
  Sext,      // the low `from` bytes of a
  SignFill,  // the sign of a in every bit
  Pdep,      // the low bits of a to where b has ones
  Pext,
  Crc32,   // a and `from` bytes of b, by the polynomial 11EDC6F41h
  BitSet,  // bit b, modulo the width, of a
  BitReset,
  BitComplement,
  Select,  // a ? b : c
  // Conditions: one byte, 0 or 1.
  IsZero,
  LogicNot,
  LogicAnd,
  BitOf,  // bit b, modulo the width, of a
  ReadCf,
  Condition,  // imm: the condition code of Jcc, SETcc and CMOVcc
  // Flags.
  FlagsByte,        // SF, ZF, AF, PF, CF as LAHF has them
  SetFlagsByte,     // from a
  SetFlags,         // those of a, in flags_written
  SetFlagsIfCount,  // the same unless the count of a was 0
  SetCf,            // a
  // Control.
  CheckTarget,  // a is an offset that execution may go on at: #GP
  CheckBranch,  // the relative target, if a: #GP
  Branch,       // to the relative target, cut to the operand size
  BranchIf,     // if a, else on to the next instruction
  Jump,         // to a
};

enum class Place : uint8_t {
  None,
  Rm,       // the register that Insn::rm says
  Reg,      // Insn::reg
  Vvvv,     // Insn::vvvv
  Fixed,    // byte offset into the register file in imm
  Operand,  // segment of the ModRM or moffs operand
  Stack,    // SS
};

// Widths are in bytes; two depend on the Insn.
inline constexpr uint8_t kAddrSize = 0xFE;   // Insn::addr_size
inline constexpr uint8_t kStackSize = 0xFF;  // Insn::stack_size

using Ref = uint16_t;  // position in the list
inline constexpr Ref kNoRef = 0xFFFF;

struct MicroOp {
  Op op = Op::Const;
  uint8_t width = 0;  // of the result; of what is written, stored or checked
  uint8_t from = 0;   // of a narrower input, or of the access that Linear checks
  Place place = Place::None;
  bool write = false;  // Linear: the access is a store
  uint16_t insn = 0;   // which instruction of the block
  Ref a = kNoRef, b = kNoRef, c = kNoRef;
  uint16_t flags_read = 0, flags_written = 0;  // of enum FlagBits
  uint64_t imm = 0;
};

constexpr bool can_fault(const MicroOp& m) {
  switch (m.op) {
    case Op::Linear:
    case Op::Load:
    case Op::LoadForWrite:
    case Op::Store:
    case Op::Div:
    case Op::Idiv:
    case Op::CheckTarget:
    case Op::CheckBranch: return true;
    default: return false;
  }
}
constexpr bool is_access(const MicroOp& m) {
  return m.op == Op::Linear || m.op == Op::Load || m.op == Op::LoadForWrite || m.op == Op::Store;
}
constexpr bool is_store(const MicroOp& m) { return m.op == Op::Store || m.op == Op::StoreBack; }
constexpr bool is_transfer(const MicroOp& m) {
  return m.op == Op::Branch || m.op == Op::BranchIf || m.op == Op::Jump;
}
// Changes what the guest can see.
constexpr bool commits(const MicroOp& m) {
  return is_store(m) || m.op == Op::WriteReg || m.op == Op::WriteRegUnless || m.flags_written != 0;
}

}  // namespace ilse::cpu::jit
