// The operand letters of VEX-encoded instructions (Intel SDM vol. 2D, A.2.1): V, W, H, L name vector
// registers by ModRM.reg, ModRM.rm, VEX.vvvv and an immediate, G, E, B general ones. Behind them: l as long
// as VEX.L says, o 128 bits, y 256 bits; h, q, e a half, a quarter, an eighth of the length. Only the row
// files of VEX instructions include this.
#pragma once

#include "cpu/isa/operands.h"

namespace ilse::cpu::letters {

template <Operand O, File F, bool kLength>
struct VectorLetter {
  static constexpr auto kOperand = O;
  static constexpr auto kFile = F;
  static constexpr bool kSized = false;
  static constexpr bool kByLength = kLength;
};

struct Vl : VectorLetter<Operand::Reg, File::Xmm, true> {
  template <class V, bool M>
  using Bind = VecReg<V>;
};
struct Hl : VectorLetter<Operand::Vvvv, File::Xmm, true> {
  template <class V, bool M>
  using Bind = VecVvvv<V>;
};
struct Ll : VectorLetter<Operand::Is4, File::None, true> {
  template <class V, bool M>
  using Bind = VecIs4<V>;
};
struct Wl : VectorLetter<Operand::Rm, File::Xmm, true> {
  template <class V, bool IsMem>
  using Bind = std::conditional_t<IsMem, VecMem<V>, VecRm<V>>;
};
struct Wla : VectorLetter<Operand::Rm, File::Xmm, true> {
  template <class V, bool IsMem>
  using Bind = std::conditional_t<IsMem, VecMemAligned<V>, VecRm<V>>;
};
struct Ml : VectorLetter<Operand::Mem, File::None, true> {
  template <class V, bool IsMem>
  using Bind = VecMem<V>;
};
struct Mla : VectorLetter<Operand::Mem, File::None, true> {
  template <class V, bool IsMem>
  using Bind = VecMemAligned<V>;
};

// VMOVDDUP: of 128 bits only the lower half is in memory.
struct Wdup : VectorLetter<Operand::Rm, File::Xmm, true> {
  template <class V, bool IsMem>
  using Bind = std::conditional_t<!IsMem, VecRm<V>,
                                  std::conditional_t<sizeof(V) == 16, XmmLowMem<uint64_t>, VecMem<V>>>;
};

// VCVTPH2PS, VCVTPS2PH: half the length, never subject to alignment checking.
struct WhalfOut : VectorLetter<Operand::Rm, File::Xmm, true> {
  template <class V, bool IsMem>
  using Bind = std::conditional_t<!IsMem, VecRm<Xmm>,
                                  std::conditional_t<sizeof(V) == 16, VecMem<uint64_t>, VecMem<Xmm>>>;
};
struct Whalf : VectorLetter<Operand::Rm, File::Xmm, true> {
  template <class V, bool IsMem>
  using Bind =
      std::conditional_t<!IsMem, VecRm<Xmm>,
                         std::conditional_t<sizeof(V) == 16, XmmLowMemUnchecked<uint64_t>, VecMem<Xmm>>>;
};

// A part of the length: sources that are widened, destinations that are narrowed.
template <class V, unsigned kBytes>
using PartInMemory =
    std::conditional_t<kBytes == 16, VecMem<Xmm>,
                       XmmLowMem<std::conditional_t<kBytes == 8, uint64_t,
                                                    std::conditional_t<kBytes == 4, uint32_t, uint16_t>>>>;
template <unsigned kRatio>
struct Wpart : VectorLetter<Operand::Rm, File::Xmm, true> {
  template <class V, bool IsMem>
  using Bind = std::conditional_t<IsMem, PartInMemory<V, sizeof(V) / kRatio>, VecRm<Xmm>>;
};
using Wlh = Wpart<2>;
using Wlq = Wpart<4>;
using Wle = Wpart<8>;

template <class V>
struct Fixed {
  struct Reg : VectorLetter<Operand::Reg, File::Xmm, false> {
    template <class, bool M>
    using Bind = VecReg<V>;
  };
  struct Vvvv : VectorLetter<Operand::Vvvv, File::Xmm, false> {
    template <class, bool M>
    using Bind = VecVvvv<V>;
  };
  struct Rm : VectorLetter<Operand::Rm, File::Xmm, false> {
    template <class, bool IsMem>
    using Bind = std::conditional_t<IsMem, VecMem<V>, VecRm<V>>;
  };
};
using Vo = Fixed<Xmm>::Reg;
using Ho = Fixed<Xmm>::Vvvv;
using Wo = Fixed<Xmm>::Rm;
using Vy = Fixed<Ymm>::Reg;
using Hy = Fixed<Ymm>::Vvvv;
using Wy = Fixed<Ymm>::Rm;
// A vector register, or an element of it in memory.
template <class T>
struct Welement : VectorLetter<Operand::Rm, File::Xmm, false> {
  template <class, bool IsMem>
  using Bind = std::conditional_t<IsMem, XmmLowMem<T>, VecRm<Xmm>>;
};
using Wob = Welement<uint8_t>;
using Wow = Welement<uint16_t>;
using Wod = Welement<uint32_t>;
using Woq = Welement<uint64_t>;
struct VXMM0 {
  static constexpr auto kOperand = Operand::Implicit;
  static constexpr auto kFile = File::None;
  static constexpr bool kSized = false;
  template <class V, bool M>
  using Bind = VecFixed<0>;
};
// Memory at a vector of indices: only tier-B helpers have it.
struct VSIB {
  static constexpr auto kOperand = Operand::Vsib;
  static constexpr auto kFile = File::None;
};

// The general register by VEX.vvvv.
struct By {
  static constexpr auto kOperand = Operand::Vvvv;
  static constexpr auto kFile = File::Gpr;
  static constexpr bool kSized = true;
  template <class V, bool M>
  using Bind = VvvvReg<AtLeast32<V>>;
};

}  // namespace ilse::cpu::letters
