// One decoded instruction, as the engines run it: small, position-independent and resolved as far as the
// bytes and the mode allow.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ilse::cpu {

class Cpu;
struct Insn;
struct Row;

// Runs the instruction and, through it, its successors. Returns null when the dispatcher has to act.
using Handler = const Insn* (*)(Cpu&, const Insn*);

// Register slots of the file: 16 general registers, a constant zero for an absent base or index, and the
// address of the running block, from which RIP-relative operands and return addresses are formed.
inline constexpr uint8_t kSlotZero = 16;
inline constexpr uint8_t kSlotBlock = 17;
inline constexpr size_t kSlots = 18;

enum class Rep : uint8_t { None, Rep, Repne };  // F3, F2

enum VexBits : uint8_t { kVexPresent = 1, kVexL = 2, kVexW = 4 };

struct Insn {
  Handler fn = nullptr;
  const Row* row = nullptr;
  uint64_t imm = 0;      // sign- or zero-extended as the operand letter says
  uint64_t ea_mask = 0;  // address size: 16, 32 or 64 ones; of a relative branch: operand size
  int32_t disp = 0;      // RIP-relative: from the start of the block
  uint16_t ip = 0;       // offset of the first byte from the block's start
  uint16_t left = 0;     // instructions of the block from this one on, itself included
  uint8_t len = 0;       // bytes
  uint8_t base = kSlotZero, index = kSlotZero, scale = 0;
  uint8_t rm = 0, reg = 0;  // byte offsets into the register file, or numbers of other registers
  uint8_t seg = 0;          // SegIndex of the memory operand
  bool flat = true;         // that segment needs neither base nor limit
  uint8_t imm2 = 0;         // ENTER's nesting level; a gather's index register
  uint8_t op_size = 4;      // 2, 4 or 8
  uint8_t addr_size = 4;    // 2, 4 or 8
  Rep rep = Rep::None;
  bool lock = false;
  bool mem = false;  // the ModRM operand is in memory
  uint8_t modrm = 0;
  uint8_t opcode = 0;
  bool has_66 = false;
  uint8_t stack_size = 4;  // width of the stack pointer: 2, 4 or 8
  uint16_t far_selector = 0;
  uint8_t vvvv = 0;  // VEX: like rm and reg, of the register that VEX.vvvv names
  uint8_t vex = 0;   // of enum VexBits; 0 without a VEX prefix
};

static_assert(sizeof(Insn) == 64, "an instruction is one cache line");

}  // namespace ilse::cpu
