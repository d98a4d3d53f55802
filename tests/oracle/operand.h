// The decoder's view of a case, and where its operand in memory lies.
#pragma once

#include <algorithm>
#include <cstdint>

#include "cpu/cpu.h"
#include "cpu/isa/decoder.h"
#include "oracle/native_case.h"

namespace ilse::oracle {

// The base that an address in segment `seg` is relative to; 64-bit code has only those of FS and GS.
inline std::uint64_t segment_base(const CaseState& c, unsigned seg) {
  if (c.mode == Mode::k64) return seg == kFs || seg == kGs ? c.base[seg] : 0;
  return c.base[seg];
}

// Of the ModRM operand, within its segment; of a gather without the indices.
inline std::uint64_t effective_address(const cpu::Insn& insn, const CaseState& c) {
  const auto value = [&](unsigned slot) {
    if (slot == cpu::kSlotBlock) return c.rip;
    return slot < 16 ? c.gpr[slot] : 0;
  };
  return (value(insn.base) + (value(insn.index) << insn.scale) +
          static_cast<std::uint64_t>(static_cast<std::int64_t>(insn.disp))) &
         insn.ea_mask;
}

}  // namespace ilse::oracle
