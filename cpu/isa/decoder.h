// Bytes to Insn: prefixes, opcode, ModRM, SIB, displacement and immediates, driven by the opcode table
// (Intel SDM vol. 2A, chapter 2; vol. 2D, appendix A).
#pragma once

#include <cstdint>

#include "cpu/block/block.h"
#include "cpu/cpuid.h"
#include "cpu/isa/insn.h"
#include "cpu/isa/row.h"

namespace ilse::cpu {

enum class DecodeStatus : uint8_t {
  Ok,        // `out` is complete; its handler may be one that raises #UD, #NM or #GP
  NeedMore,  // the bytes end inside the instruction
  TooLong,   // more than 15 bytes: #GP
};

inline constexpr unsigned kMaxInsnBytes = 15;

// `mode` is of enum ModeBits; `ip` is the instruction's offset from its block's start. Sets everything of
// `out` but `left`. `out.row` is null for an undefined opcode.
DecodeStatus decode(const uint8_t* bytes, unsigned available, uint32_t mode, const Model& model, uint16_t ip,
                    Insn& out);

// Every row of every table, for checks and generated tests.
template <class F>
void for_each_row(F f) {
  for (auto rows :
       {alu_rows(),         move_rows(),        shift_rows(),    branch_rows(),    string_rows(),
        system_rows(),      x87_rows(),         mmx_rows(),      sse_rows(),       sse3_rows(),
        sse4_rows(),        crypto_rows(),      avx_move_rows(), avx_float_rows(), avx_convert_rows(),
        avx_integer_rows(), avx_shuffle_rows(), fma_rows(),      bmi_rows(),       xsave_rows()}) {
    for (const Row& r : rows) f(r);
  }
}

// Handlers of instructions that only raise an exception.
const Insn* raise_ud(Cpu& c, const Insn* i);
const Insn* raise_gp(Cpu& c, const Insn* i);
const Insn* raise_nm(Cpu& c, const Insn* i);

}  // namespace ilse::cpu
