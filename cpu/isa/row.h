// The opcode table's row and the operand letters of the manual (Intel SDM vol. 2D, appendix A). One row feeds
// the decoder, both engines, the row check, the coverage list and the generated tests.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "cpu/cpuid.h"
#include "cpu/isa/insn.h"

namespace ilse::cpu {

enum class Map : uint8_t {
  OneByte,
  TwoByte,
  Map38,
  Map3A,
  X87,  // D8..DF by ModRM
  Vex,  // the maps 0F, 0F 38 and 0F 3A of VEX-encoded instructions
  Vex38,
  Vex3A,
};
inline constexpr size_t kMaps = 8;
constexpr bool is_vex(Map m) { return m >= Map::Vex; }

// What the decoder has to fetch or resolve for an operand.
enum class Operand : uint8_t {
  None,
  Rm,         // ModRM r/m, register or memory (E, Q, W)
  Mem,        // ModRM r/m, memory only (M)
  Reg,        // ModRM reg (G, P, V, S, C, D)
  OpReg,      // low three bits of the opcode (Z)
  Moffs,      // absolute address (O)
  Imm8,       // Ib, zero-extended
  Imm8s,      // Ib, sign-extended
  Imm16,      // Iw
  ImmZ,       // Iz: 16 or 32 bits, sign-extended
  ImmV,       // Iv: 16, 32 or 64 bits
  Imm16Imm8,  // ENTER
  RelB,       // Jb
  RelZ,       // Jz
  Far,        // Ap
  Vvvv,       // VEX.vvvv (B, H)
  Is4,        // register number in imm8[7:4] (L)
  Vsib,       // ModRM r/m, memory at a vector of indices
  Implicit,   // a fixed register, constant, or string operand
};

// Which register file a ModRM or opcode register number selects.
enum class File : uint8_t { None, Gpr8, Gpr, Segment, Control, Debug, Mmx, Xmm };

enum RowAttr : uint32_t {
  kLockable = 1u << 0,
  kCpl0 = 1u << 1,
  kEndsBlock = 1u << 2,
  kNo64 = 1u << 3,  // #UD in 64-bit mode
  kOnly64 = 1u << 4,
  kDefault64 = 1u << 5,  // operand size 64 by default in 64-bit mode (d64)
  kForce64 = 1u << 6,    // operand size always 64 there (f64)
  kMemOnly = 1u << 7,
  kRegOnly = 1u << 8,
  kFpu = 1u << 9,  // x87: #NM with CR0.EM or TS
  kMmx = 1u << 10,
  kSse = 1u << 11,
  kProtectedOnly = 1u << 12,  // #UD in real and virtual-8086 mode
  kString = 1u << 13,         // REP applies
  kIo = 1u << 14,
  kNoModRm = 1u << 15,
  kHelper = 1u << 16,        // tier B: not lifted
  kFpuNoWait = 1u << 17,     // x87 that does not report a pending error
  kNoRexB = 1u << 18,        // not with REX.B: 90 is NOP, 41 90 is XCHG R8, RAX
  kStackAddress = 1u << 19,  // PUSH, POP, CALL...: touches the stack
  kIgnore66 = 1u << 20,      // the operand-size prefix selects the row and is no size
  kRexW = 1u << 22,          // with REX.W only
  kStops = 1u << 21,         // transfers control: the block cannot go on behind it
  kAvx = 1u << 28,           // YMM state: #UD unless CR4.OSXSAVE and XCR0 allow it, #NM with CR0.TS
};

// The prefix that selects the row; NoRep: neither F2 nor F3 (the manual's NFx).
enum class Mandatory : uint8_t { Any, None, P66, F3, F2, NoRep };

// What a VEX row asks of VEX.W and VEX.L. By: the encoding's L is the operands' length, and chooses the
// handler.
enum class VexW : uint8_t { Any, W0, W1 };
enum class VexL : uint8_t { Any, L0, L1, By };

// Status flags. `read` and `written` are exactly what the template does: an instruction that may keep a flag
// (a shift by 0) also reads it. `undefined` is what the manual says; the template may write it or keep it.
struct FlagMasks {
  uint32_t read = 0, written = 0, undefined = 0;
};

// The memory operand of a vector instruction; no bytes: it has none.
struct MemoryShape {
  uint8_t bytes = 0;
  bool aligned = false;  // to its size, else #GP
};

class LiftModel;
using Lift = void (*)(LiftModel&);

struct Row {
  Map map = Map::OneByte;
  uint8_t opcode = 0;
  int8_t ext = -1;     // ModRM.reg, or the whole ModRM byte where rm_ext >= 0
  int16_t modrm = -1;  // exact ModRM byte (x87 register forms, 0F 01 C1...)
  Mandatory prefix = Mandatory::Any;
  const char* name = nullptr;
  uint32_t attrs = 0;
  FlagMasks flags;
  Feature feature = Feature::Always;
  std::array<Operand, 4> operands{};
  File rm_file = File::None, reg_file = File::None, v_file = File::None;
  VexW w = VexW::Any;
  VexL l = VexL::Any;
  Feature long_feature = Feature::Always;  // what VEX.L = 1 needs on top
  // By operand size (16, 32, 64 bits), or with VexL::By by length (128, 256 bits); then register or memory
  // form. Null where there is none.
  Handler exec[3][2] = {};
  MemoryShape memory[3] = {};  // of the memory form
  Lift lift[3][2] = {};        // null also where an operand is not lifted: tier B and vector registers

  bool has(RowAttr a) const { return (attrs & a) != 0; }
  bool has(Operand o) const {
    for (Operand mine : operands) {
      if (mine == o) return true;
    }
    return false;
  }
  // Where several rows fit, the most special one counts: an exact ModRM byte before a prefix before REX.
  unsigned rank() const {
    return (modrm >= 0 ? 4u : 0u) + (prefix != Mandatory::Any ? 2u : 0u) +
           (has(kNoRexB) || has(kRexW) ? 1u : 0u);
  }
  constexpr Row with(uint32_t more) const {
    Row r = *this;
    r.attrs |= more;
    return r;
  }
  constexpr Row reads(uint32_t f) const {
    Row r = *this;
    r.flags.read = f;
    return r;
  }
  constexpr Row writes(uint32_t f, uint32_t undefined = 0) const {
    Row r = *this;
    r.flags.written = f;
    r.flags.undefined = undefined;
    return r;
  }
  constexpr Row needs(Feature f) const {
    Row r = *this;
    r.feature = f;
    return r;
  }
  constexpr Row needs_for_256(Feature f) const {
    Row r = *this;
    r.long_feature = f;
    return r;
  }
  constexpr Row only(VexL length) const {
    Row r = *this;
    r.l = length;
    return r;
  }
  constexpr Row only(VexW width) const {
    Row r = *this;
    r.w = width;
    return r;
  }
  constexpr Row group(int reg) const {
    Row r = *this;
    r.ext = static_cast<int8_t>(reg);
    return r;
  }
  constexpr Row exact(int byte) const {
    Row r = *this;
    r.modrm = static_cast<int16_t>(byte);
    return r;
  }
  constexpr Row when(Mandatory p) const {
    Row r = *this;
    r.prefix = p;
    return r;
  }
  constexpr Row in(Map m) const {
    Row r = *this;
    r.map = m;
    return r;
  }
};

// The tables, one a file of cpu/isa/.
std::span<const Row> alu_rows();
std::span<const Row> move_rows();
std::span<const Row> shift_rows();
std::span<const Row> branch_rows();
std::span<const Row> string_rows();
std::span<const Row> system_rows();
std::span<const Row> x87_rows();
std::span<const Row> mmx_rows();
std::span<const Row> sse_rows();
std::span<const Row> sse3_rows();
std::span<const Row> sse4_rows();
std::span<const Row> crypto_rows();
std::span<const Row> avx_move_rows();
std::span<const Row> avx_float_rows();
std::span<const Row> avx_convert_rows();
std::span<const Row> avx_integer_rows();
std::span<const Row> avx_shuffle_rows();
std::span<const Row> fma_rows();
std::span<const Row> bmi_rows();
std::span<const Row> xsave_rows();

}  // namespace ilse::cpu
