// PCMPESTRI, PCMPESTRM, PCMPISTRI, PCMPISTRM (Intel SDM vol. 1, §12.10.4; vol. 2B, §4.1).
#pragma once

#include "cpu/fpu/xmm.h"

namespace ilse::cpu::simd {

struct StringComparison {
  uint32_t index = 0;  // xSTRI: goes to ECX
  Xmm mask;            // xSTRM: goes to XMM0
  bool cf = false, zf = false, sf = false, of = false;
};

// The lengths of the explicit forms are those of EAX and EDX, or RAX and RDX: their magnitudes count, up to
// the number of elements.
StringComparison compare_explicit(const Xmm& a, int64_t length_a, const Xmm& b, int64_t length_b,
                                  uint8_t imm);
// Those of the implicit forms end before the first zero.
StringComparison compare_implicit(const Xmm& a, const Xmm& b, uint8_t imm);

}  // namespace ilse::cpu::simd
