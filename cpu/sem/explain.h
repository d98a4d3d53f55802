// The instruction's meaning as text, for traces, the debugger and lessons (DESIGN.md §1), for example
// "eax <- eax + mem32[rbx+0x8]; flags OSZAPC". It is the lifted form put into words, so that it cannot say
// anything else than what the engines do. Effects are in order; the right-hand sides are values from before
// the instruction.
#pragma once

#include <string>

#include "cpu/isa/insn.h"

namespace ilse::cpu {

// Empty for an instruction that is not lifted (tier B, vector registers, undefined opcodes).
std::string explain(const Insn& insn);

}  // namespace ilse::cpu
