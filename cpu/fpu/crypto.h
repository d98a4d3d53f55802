// AES-NI, PCLMULQDQ and the SHA extensions in portable code (Intel SDM vol. 2, under each name; FIPS 197 and
// 180-4): op(destination, source).
#pragma once

#include "cpu/fpu/xmm.h"

namespace ilse::cpu::simd {

Xmm aesenc(const Xmm& state, const Xmm& key);
Xmm aesenclast(const Xmm& state, const Xmm& key);
Xmm aesdec(const Xmm& state, const Xmm& key);
Xmm aesdeclast(const Xmm& state, const Xmm& key);
Xmm aesimc(const Xmm& key);
Xmm aeskeygenassist(const Xmm& key, uint8_t round_constant);

// imm[0] and imm[4] choose the half of each operand.
Xmm pclmulqdq(const Xmm& a, const Xmm& b, uint8_t imm);

Xmm sha1rnds4(const Xmm& a, const Xmm& b, uint8_t function);
Xmm sha1nexte(const Xmm& a, const Xmm& b);
Xmm sha1msg1(const Xmm& a, const Xmm& b);
Xmm sha1msg2(const Xmm& a, const Xmm& b);
Xmm sha256rnds2(const Xmm& a, const Xmm& b, const Xmm& message);
Xmm sha256msg1(const Xmm& a, const Xmm& b);
Xmm sha256msg2(const Xmm& a, const Xmm& b);

}  // namespace ilse::cpu::simd
