// Finds tiny results (Intel SDM vol. 1, 4.9.1.5): see mxcsr.h.
#include "cpu/fpu/mxcsr.h"

namespace ilse::cpu {

namespace {

bool tiny16(uint16_t v) { return (v & 0x7C00) == 0 && (v & 0x03FF) != 0; }
bool tiny32(uint32_t v) { return (v & 0x7F800000) == 0 && (v & 0x007FFFFF) != 0; }
bool tiny64(uint64_t v) { return (v & 0x7FF0000000000000) == 0 && (v & 0x000FFFFFFFFFFFFF) != 0; }

}  // namespace

bool sse_has_tiny(const Xmm& v, SseRounds rounds) {
  switch (rounds) {
    case SseRounds::kNothing: return false;
    case SseRounds::kScalarSingle: return tiny32(v.get<uint32_t>(0));
    case SseRounds::kPackedSingle:
      for (unsigned i = 0; i < 4; ++i) {
        if (tiny32(v.get<uint32_t>(i))) return true;
      }
      return false;
    case SseRounds::kScalarDouble: return tiny64(v.lo);
    case SseRounds::kPackedHalf:
      for (unsigned i = 0; i < 8; ++i) {
        if (tiny16(v.get<uint16_t>(i))) return true;
      }
      return false;
    case SseRounds::kPackedDouble: return tiny64(v.lo) || tiny64(v.hi);
  }
  return false;
}

}  // namespace ilse::cpu
