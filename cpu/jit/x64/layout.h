// Where translated code finds things: host registers and displacements. RBP points kBias bytes into the
// processor, so that the register file is within reach of short displacements.
#pragma once

#include <array>
#include <cstdint>

#include "cpu/isa/insn.h"

namespace ilse::cpu::jit {

inline constexpr int32_t kBias = 128;

// Displacements from RBP.
struct Layout {
  int32_t gpr = 0, budget = 0, block = 0, tlb = 0, asid = 0, jumps = 0, jump_mask = 0, jump_tag = 0, seg = 0;
  int32_t system_flags = 0, events = 0, kernel_gs_base = 0;
  int32_t xmm = 0, xmm_stride = 0;
  int32_t st = 0, cw = 0, sw = 0, top = 0, tag = 0, fip = 0;  // of the x87
  bool exchange16 = false;                                    // the guest has CMPXCHG16B
  int32_t flags = 0, page = 0, spill = 0, lanes = 0, linear = 0, addend = 0, target_rip = 0, target = 0,
          target_page = 0, edge = 0;  // of the Context
};

// The host register that holds each guest register while translated code runs, by the host's numbers; 0xFF:
// it stays in memory. RAX, RCX and RDX are scratch. Compilers use R10, R11 and R13 to R15 least.
inline constexpr uint8_t kInMemory = 0xFF;
inline constexpr std::array<uint8_t, 16> kHostOf{
    3, 6, 7, 8, 9, 10, 11, 12, 13, 14, kInMemory, kInMemory, 15, kInMemory, kInMemory, kInMemory};

}  // namespace ilse::cpu::jit
