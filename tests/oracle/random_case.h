// The half of a generated case that does not depend on the opcode table: registers, flags, x87 and SSE
// state for random code. Half of the registers that can address memory point into `data`, with room on
// both sides for displacements, so that memory operands of random encodings often hit.
#pragma once

#include "oracle/native_case.h"
#include "oracle/values.h"

namespace ilse::oracle {

// Linear memory that a case may address: in 16-bit code relative to the segment bases.
struct DataRange {
  std::uint64_t address = 0;
  std::uint64_t size = 0;  // at least 1 KiB
};

inline std::uint64_t data_pointer(Random& random, DataRange data) {
  const std::uint64_t offset = 256 + random.below(data.size - 512);
  return data.address + (random.one_in(4) ? offset : offset & ~15ULL);
}

inline XsaveImage random_fx(Random& random) {
  XsaveImage fx;
  if (random.one_in(4)) {
    fx.fcw = static_cast<std::uint16_t>(0x40 | (random.next() & 0xf3f));
    // Pending unmasked exceptions would fault at the next x87 instruction, whatever it is.
    fx.fsw = static_cast<std::uint16_t>((random.next() & 0x7f00) | (random.next() & 0x7f & fx.fcw));
    fx.mxcsr = static_cast<std::uint32_t>(random.next() & 0xffff);
  }
  // Denormals-are-zero, flush-to-zero and rounding, with every exception masked.
  if (random.one_in(2)) fx.mxcsr |= 0x1f80;
  fx.ftw = static_cast<std::uint8_t>(random.one_in(4) ? random.next() : 0xff);
  for (auto& st : fx.st) st = float80(random);
  for (auto& xmm : fx.xmm) xmm = vector_lane(random);
  for (auto& high : fx.ymm_high) high = vector_lane(random);
  return fx;
}

// Fills in gpr, flags and fx. The stack pointer lies in `data` and is aligned, mostly.
inline void randomize(Random& random, DataRange data, CaseState& c) {
  const unsigned count = c.mode == Mode::k64 ? 16 : 8;
  const unsigned bits = c.mode == Mode::k64 ? 64 : 32;
  if (c.mode == Mode::k16) data.address -= c.base[kDs];
  for (unsigned i = 0; i < count; ++i) {
    const bool pointer = i != kRax && i != kRcx && i != kRdx && random.one_in(2);
    c.gpr[i] = pointer ? data_pointer(random, data) : integer(random, bits);
    if (c.mode == Mode::k64 && random.one_in(64)) c.gpr[i] = canonical_edge(random);
    if (i == kRax && random.one_in(8)) c.gpr[i] = decimal(random, 32);
  }
  c.gpr[kRsp] = data_pointer(random, data);
  if (!random.one_in(16)) c.gpr[kRsp] &= ~15ULL;
  c.flags = status_flags(random) | (random.one_in(4) ? kDf : 0);
  c.fx = random_fx(random);
}

}  // namespace ilse::oracle
