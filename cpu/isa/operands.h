// The manual's operand letters as types, and what each becomes for a given operand size and form: the
// model operand that an instruction template is instantiated with.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cpu/fpu/xmm.h"
#include "cpu/isa/row.h"

namespace ilse::cpu {

// --- what templates see: T is the unsigned integer of the operand's width ------------------------------
template <class T>
struct RmReg {
  using Type = T;
};
template <class T>
struct RegReg {
  using Type = T;
};
template <class T>
struct MemOp {
  using Type = T;
};
template <class T>
struct ImmOp {
  using Type = T;
};
template <class T, int N>
struct FixedReg {
  using Type = T;
};
template <class T, uint64_t V>
struct ConstOp {
  using Type = T;
};
template <class T>
struct MoffsOp {
  using Type = T;
};

// Vector registers, by ModRM.reg and ModRM.rm, and 128-bit memory, aligned (#GP) or not.
struct XmmReg {
  using Type = Xmm;
};
struct XmmRm {
  using Type = Xmm;
};
template <class V>
struct VecMemAligned {
  using Type = V;
};
template <class V>
struct VecMem {
  using Type = V;
};
using XmmMem = VecMemAligned<Xmm>;
using XmmMemUnaligned = VecMem<Xmm>;
template <int N>
struct XmmFixed {
  using Type = Xmm;
};
// The same of VEX-encoded instructions, where V is Xmm or Ymm: a write clears the rest of the register.
template <int N>
struct VecFixed {
  using Type = Xmm;
};
template <class V>
struct VecReg {
  using Type = V;
};
template <class V>
struct VecRm {
  using Type = V;
};
template <class V>
struct VecVvvv {
  using Type = V;
};
template <class V>
struct VecIs4 {
  using Type = V;
};
// A general register by VEX.vvvv.
template <class T>
struct VvvvReg {
  using Type = T;
};
// The low element in memory: loads have zeros above it.
template <class T>
struct XmmLowMem {
  using Type = Xmm;
};
// The same without alignment checking.
template <class T>
struct XmmLowMemUnchecked {
  using Type = Xmm;
};
struct MmxReg {
  using Type = uint64_t;
};
struct MmxRm {
  using Type = uint64_t;
};

// --- letters -------------------------------------------------------------------------------------------
namespace letters {

template <class T, bool kMem>
using RmOrMem = std::conditional_t<kMem, MemOp<T>, RmReg<T>>;
template <class V>
using AtLeast32 = std::conditional_t<sizeof(V) == 2, uint32_t, V>;

struct Eb {
  static constexpr auto kOperand = Operand::Rm;
  static constexpr auto kFile = File::Gpr8;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = RmOrMem<uint8_t, M>;
};
struct Ew {
  static constexpr auto kOperand = Operand::Rm;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = RmOrMem<uint16_t, M>;
};
struct Ed {
  static constexpr auto kOperand = Operand::Rm;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = RmOrMem<uint32_t, M>;
};
// Of 16 bits with a 16-bit operand size, else of 32.
struct Ez {
  static constexpr auto kOperand = Operand::Rm;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = RmOrMem<std::conditional_t<sizeof(V) == 2, uint16_t, uint32_t>, M>;
};
struct Ev {
  static constexpr auto kOperand = Operand::Rm;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = RmOrMem<V, M>;
};
struct Ey {
  static constexpr auto kOperand = Operand::Rm;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = RmOrMem<AtLeast32<V>, M>;
};
struct Gb {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Gpr8;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = RegReg<uint8_t>;
};
struct Gw {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = RegReg<uint16_t>;
};
struct Gv {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = RegReg<V>;
};
struct Gy {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = RegReg<AtLeast32<V>>;
};
struct Mv {
  static constexpr auto kOperand = Operand::Mem;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = MemOp<V>;
};
struct My {
  static constexpr auto kOperand = Operand::Mem;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = MemOp<AtLeast32<V>>;
};
struct Zb {
  static constexpr auto kOperand = Operand::OpReg;
  static constexpr auto kFile = File::Gpr8;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = RmReg<uint8_t>;
};
struct Zv {
  static constexpr auto kOperand = Operand::OpReg;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = RmReg<V>;
};
struct Ib {
  static constexpr auto kOperand = Operand::Imm8;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = ImmOp<uint8_t>;
};
struct sIb {
  static constexpr auto kOperand = Operand::Imm8s;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = ImmOp<V>;
};
struct Iw {
  static constexpr auto kOperand = Operand::Imm16;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = ImmOp<uint16_t>;
};
struct Iz {
  static constexpr auto kOperand = Operand::ImmZ;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = ImmOp<V>;
};
struct Iv {
  static constexpr auto kOperand = Operand::ImmV;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = ImmOp<V>;
};
struct Ob {
  static constexpr auto kOperand = Operand::Moffs;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = MoffsOp<uint8_t>;
};
struct Ov {
  static constexpr auto kOperand = Operand::Moffs;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = MoffsOp<V>;
};
struct Jb {
  static constexpr auto kOperand = Operand::RelB;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = ImmOp<V>;
};
struct Jz {
  static constexpr auto kOperand = Operand::RelZ;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = ImmOp<V>;
};
struct AL {
  static constexpr auto kOperand = Operand::Implicit;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = FixedReg<uint8_t, 0>;
};
struct CL {
  static constexpr auto kOperand = Operand::Implicit;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = FixedReg<uint8_t, 1>;
};
struct rAX {
  static constexpr auto kOperand = Operand::Implicit;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = FixedReg<V, 0>;
};
struct rDX {
  static constexpr auto kOperand = Operand::Implicit;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = FixedReg<V, 2>;
};
struct One {
  static constexpr auto kOperand = Operand::Implicit;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = ConstOp<uint8_t, 1>;
};

// Operands that only the decoder sees: tier-B helpers take them from the Insn.
struct Ap {
  static constexpr auto kOperand = Operand::Far;
  static constexpr auto kFile = File::None;
};
struct IwIb {
  static constexpr auto kOperand = Operand::Imm16Imm8;
  static constexpr auto kFile = File::None;
};
struct Mem {
  static constexpr auto kOperand = Operand::Mem;
  static constexpr auto kFile = File::None;
};
struct Sw {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Segment;
};
struct Cd {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Control;
};
struct Dd {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Debug;
};

// The letters of the vector instructions, by what is in memory: x 128 bits aligned, u 128 bits, q 64, d 32.
struct Vx {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Xmm;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = XmmReg;
};
template <class Memory>
struct W {
  static constexpr auto kOperand = Operand::Rm;
  static constexpr auto kFile = File::Xmm;
  static constexpr bool kSized = false;
  template <class V, bool IsMem>
  using Bind = std::conditional_t<IsMem, Memory, XmmRm>;
};
using Wx = W<XmmMem>;
using Wu = W<XmmMemUnaligned>;
using Wq = W<XmmLowMem<uint64_t>>;
using Wd = W<XmmLowMem<uint32_t>>;
struct Pq {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Mmx;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = MmxReg;
};
template <class Memory>
struct Q {
  static constexpr auto kOperand = Operand::Rm;
  static constexpr auto kFile = File::Mmx;
  static constexpr bool kSized = false;
  template <class V, bool IsMem>
  using Bind = std::conditional_t<IsMem, Memory, MmxRm>;
};
using Qq = Q<MemOp<uint64_t>>;
using Qd = Q<MemOp<uint32_t>>;
struct Gd {
  static constexpr auto kOperand = Operand::Reg;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = RegReg<uint32_t>;
};
// Memory of a fixed kind.
template <class Memory>
struct M {
  static constexpr auto kOperand = Operand::Mem;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = false;
  template <class V, bool IsMem>
  using Bind = Memory;
};
using Mx = M<XmmMem>;
using Mq = M<MemOp<uint64_t>>;
using Md = M<MemOp<uint32_t>>;
using Mw = M<MemOp<uint16_t>>;
using Mb = M<MemOp<uint8_t>>;
using Ww = W<XmmLowMem<uint16_t>>;
struct XMM0 {
  static constexpr auto kOperand = Operand::Implicit;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = XmmFixed<0>;
};
}  // namespace letters
}  // namespace ilse::cpu
