// Runs one lifted instruction on a Cpu, operation by operation, by the definitions in cpu/jit/micro_op.h and
// nothing of ExecModel's: the second opinion on what an instruction does. Memory and segmentation go through
// the Cpu's slow paths.
#pragma once

#include <optional>

#include "cpu/cpu.h"
#include "isa/lifted.h"

namespace ilse::test {

struct Result {
  bool faulted = false;
  std::optional<uint64_t> target;  // of a branch or jump
};

Result evaluate(const MicroOps& list, cpu::Cpu& c, const cpu::Insn& insn);

}  // namespace ilse::test
