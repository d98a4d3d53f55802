// A run of decoded instructions that is entered at its first and left after its last: the unit that both
// engines cache (DESIGN.md §2).
#pragma once

#include <cstdint>

#include "cpu/isa/insn.h"

namespace ilse::cpu {

namespace jit {
struct Code;
}

// Every mode bit that the meaning of the bytes, or their handlers, depend on.
enum ModeBits : uint32_t {
  kModeCode16 = 0,
  kModeCode32 = 1,
  kModeCode64 = 2,
  kModeCodeMask = 3,
  kModeStackShift = 2,  // 0: SP, 1: ESP, 2: RSP
  kModeStackMask = 3u << 2,
  kModeCplShift = 4,
  kModeCplMask = 3u << 4,
  kModeFlatData = 1u << 6,  // DS, ES and SS have base 0 and limit 4 GiB, writable
  kModeFlatCode = 1u << 7,  // CS likewise
  kModeV86 = 1u << 8,
  kModeProtected = 1u << 9,
  kModeNoFpu = 1u << 10,        // CR0.EM or TS: x87 raises #NM
  kModeNoWait = 1u << 11,       // CR0.MP and TS: WAIT raises #NM
  kModeNoSse = 1u << 12,        // CR0.EM or not CR4.OSFXSR: SSE raises #UD
  kModeSseNm = 1u << 13,        // CR0.TS: SSE and MMX raise #NM
  kModeMmxUd = 1u << 14,        // CR0.EM: MMX raises #UD
  kModeAlign = 1u << 15,        // alignment is checked
  kModeSingle = 1u << 16,       // blocks of one instruction: stepping, tracing, TF, breakpoints
  kModeNoAvx = 1u << 17,        // CR4.OSXSAVE or XCR0 do not allow it: AVX raises #UD
  kModeSseUnmasked = 1u << 20,  // MXCSR lets SIMD exceptions through
};

struct Block {
  uint64_t phys = 0;  // of the first byte
  uint32_t mode = 0;
  uint16_t count = 0;  // instructions
  uint16_t bytes = 0;
  bool valid = false;
  bool cached = false;            // false: scratch, gone after one run
  bool old = false;               // has a translation, or had one
  const Block* origin = nullptr;  // of a scratch copy: the block that it is the beginning of
  Block* link[2] = {};            // successors in the same page: not taken, taken
  uint32_t page[2] = {~0u, ~0u};  // RAM pages that it touches
  uint32_t chunks[2] = {};        // the 128-byte chunks of each
  Insn* insns = nullptr;          // count, then an end marker
  uint64_t second = ~0ull;        // physical page of the bytes beyond the first page
  // The translating engine's: the first instruction's own handler while another stands in for it, runs until
  // translation, the translation, and where computed jumps enter it (with their target in RCX).
  Handler first = nullptr;
  uint16_t heat = 0;
  jit::Code* code = nullptr;
  const uint8_t* entry = nullptr;
};

}  // namespace ilse::cpu
