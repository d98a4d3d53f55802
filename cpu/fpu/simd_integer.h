// MMX and SSE2 integer operations (Intel SDM vol. 2, under each name): a function is an instruction,
// op(destination, source). Xmm overloads are the 128-bit forms, uint64_t ones the MMX forms. The wide
// forms to come (AVX2) are the same on each 128-bit half.
#pragma once

#include "cpu/fpu/xmm.h"

namespace ilse::cpu::simd {

// -- Addition and subtraction: wrapping, signed saturation, unsigned saturation.
inline Xmm paddb(const Xmm& a, const Xmm& b) { return guest(_mm_add_epi8(host(a), host(b))); }
inline Xmm paddw(const Xmm& a, const Xmm& b) { return guest(_mm_add_epi16(host(a), host(b))); }
inline Xmm paddd(const Xmm& a, const Xmm& b) { return guest(_mm_add_epi32(host(a), host(b))); }
inline Xmm paddq(const Xmm& a, const Xmm& b) { return guest(_mm_add_epi64(host(a), host(b))); }
inline Xmm paddsb(const Xmm& a, const Xmm& b) { return guest(_mm_adds_epi8(host(a), host(b))); }
inline Xmm paddsw(const Xmm& a, const Xmm& b) { return guest(_mm_adds_epi16(host(a), host(b))); }
inline Xmm paddusb(const Xmm& a, const Xmm& b) { return guest(_mm_adds_epu8(host(a), host(b))); }
inline Xmm paddusw(const Xmm& a, const Xmm& b) { return guest(_mm_adds_epu16(host(a), host(b))); }
inline Xmm psubb(const Xmm& a, const Xmm& b) { return guest(_mm_sub_epi8(host(a), host(b))); }
inline Xmm psubw(const Xmm& a, const Xmm& b) { return guest(_mm_sub_epi16(host(a), host(b))); }
inline Xmm psubd(const Xmm& a, const Xmm& b) { return guest(_mm_sub_epi32(host(a), host(b))); }
inline Xmm psubq(const Xmm& a, const Xmm& b) { return guest(_mm_sub_epi64(host(a), host(b))); }
inline Xmm psubsb(const Xmm& a, const Xmm& b) { return guest(_mm_subs_epi8(host(a), host(b))); }
inline Xmm psubsw(const Xmm& a, const Xmm& b) { return guest(_mm_subs_epi16(host(a), host(b))); }
inline Xmm psubusb(const Xmm& a, const Xmm& b) { return guest(_mm_subs_epu8(host(a), host(b))); }
inline Xmm psubusw(const Xmm& a, const Xmm& b) { return guest(_mm_subs_epu16(host(a), host(b))); }

// -- Multiplication, averages, extremes.
inline Xmm pmullw(const Xmm& a, const Xmm& b) { return guest(_mm_mullo_epi16(host(a), host(b))); }
inline Xmm pmulhw(const Xmm& a, const Xmm& b) { return guest(_mm_mulhi_epi16(host(a), host(b))); }
inline Xmm pmulhuw(const Xmm& a, const Xmm& b) { return guest(_mm_mulhi_epu16(host(a), host(b))); }
inline Xmm pmuludq(const Xmm& a, const Xmm& b) { return guest(_mm_mul_epu32(host(a), host(b))); }
inline Xmm pmaddwd(const Xmm& a, const Xmm& b) { return guest(_mm_madd_epi16(host(a), host(b))); }
inline Xmm psadbw(const Xmm& a, const Xmm& b) { return guest(_mm_sad_epu8(host(a), host(b))); }
inline Xmm pavgb(const Xmm& a, const Xmm& b) { return guest(_mm_avg_epu8(host(a), host(b))); }
inline Xmm pavgw(const Xmm& a, const Xmm& b) { return guest(_mm_avg_epu16(host(a), host(b))); }
inline Xmm pminub(const Xmm& a, const Xmm& b) { return guest(_mm_min_epu8(host(a), host(b))); }
inline Xmm pmaxub(const Xmm& a, const Xmm& b) { return guest(_mm_max_epu8(host(a), host(b))); }
inline Xmm pminsw(const Xmm& a, const Xmm& b) { return guest(_mm_min_epi16(host(a), host(b))); }
inline Xmm pmaxsw(const Xmm& a, const Xmm& b) { return guest(_mm_max_epi16(host(a), host(b))); }

// -- Comparison: all ones or all zeros an element.
inline Xmm pcmpeqb(const Xmm& a, const Xmm& b) { return guest(_mm_cmpeq_epi8(host(a), host(b))); }
inline Xmm pcmpeqw(const Xmm& a, const Xmm& b) { return guest(_mm_cmpeq_epi16(host(a), host(b))); }
inline Xmm pcmpeqd(const Xmm& a, const Xmm& b) { return guest(_mm_cmpeq_epi32(host(a), host(b))); }
inline Xmm pcmpgtb(const Xmm& a, const Xmm& b) { return guest(_mm_cmpgt_epi8(host(a), host(b))); }
inline Xmm pcmpgtw(const Xmm& a, const Xmm& b) { return guest(_mm_cmpgt_epi16(host(a), host(b))); }
inline Xmm pcmpgtd(const Xmm& a, const Xmm& b) { return guest(_mm_cmpgt_epi32(host(a), host(b))); }

// -- Logic; ANDPS, XORPD and so on are these too.
inline Xmm pand(const Xmm& a, const Xmm& b) { return guest(_mm_and_si128(host(a), host(b))); }
inline Xmm pandn(const Xmm& a, const Xmm& b) { return guest(_mm_andnot_si128(host(a), host(b))); }
inline Xmm por(const Xmm& a, const Xmm& b) { return guest(_mm_or_si128(host(a), host(b))); }
inline Xmm pxor(const Xmm& a, const Xmm& b) { return guest(_mm_xor_si128(host(a), host(b))); }

// -- Shifts by the low 64 bits of count; an immediate count is Xmm{imm, 0}.
inline Xmm psllw(const Xmm& a, const Xmm& count) { return guest(_mm_sll_epi16(host(a), host(count))); }
inline Xmm pslld(const Xmm& a, const Xmm& count) { return guest(_mm_sll_epi32(host(a), host(count))); }
inline Xmm psllq(const Xmm& a, const Xmm& count) { return guest(_mm_sll_epi64(host(a), host(count))); }
inline Xmm psrlw(const Xmm& a, const Xmm& count) { return guest(_mm_srl_epi16(host(a), host(count))); }
inline Xmm psrld(const Xmm& a, const Xmm& count) { return guest(_mm_srl_epi32(host(a), host(count))); }
inline Xmm psrlq(const Xmm& a, const Xmm& count) { return guest(_mm_srl_epi64(host(a), host(count))); }
inline Xmm psraw(const Xmm& a, const Xmm& count) { return guest(_mm_sra_epi16(host(a), host(count))); }
inline Xmm psrad(const Xmm& a, const Xmm& count) { return guest(_mm_sra_epi32(host(a), host(count))); }

// -- The MMX forms of all of these.
inline uint64_t paddb(uint64_t a, uint64_t b) { return paddb(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t paddw(uint64_t a, uint64_t b) { return paddw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t paddd(uint64_t a, uint64_t b) { return paddd(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t paddq(uint64_t a, uint64_t b) { return paddq(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t paddsb(uint64_t a, uint64_t b) { return paddsb(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t paddsw(uint64_t a, uint64_t b) { return paddsw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t paddusb(uint64_t a, uint64_t b) { return paddusb(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t paddusw(uint64_t a, uint64_t b) { return paddusw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psubb(uint64_t a, uint64_t b) { return psubb(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psubw(uint64_t a, uint64_t b) { return psubw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psubd(uint64_t a, uint64_t b) { return psubd(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psubq(uint64_t a, uint64_t b) { return psubq(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psubsb(uint64_t a, uint64_t b) { return psubsb(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psubsw(uint64_t a, uint64_t b) { return psubsw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psubusb(uint64_t a, uint64_t b) { return psubusb(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psubusw(uint64_t a, uint64_t b) { return psubusw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pmullw(uint64_t a, uint64_t b) { return pmullw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pmulhw(uint64_t a, uint64_t b) { return pmulhw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pmulhuw(uint64_t a, uint64_t b) { return pmulhuw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pmuludq(uint64_t a, uint64_t b) { return pmuludq(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pmaddwd(uint64_t a, uint64_t b) { return pmaddwd(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psadbw(uint64_t a, uint64_t b) { return psadbw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pavgb(uint64_t a, uint64_t b) { return pavgb(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pavgw(uint64_t a, uint64_t b) { return pavgw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pminub(uint64_t a, uint64_t b) { return pminub(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pmaxub(uint64_t a, uint64_t b) { return pmaxub(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pminsw(uint64_t a, uint64_t b) { return pminsw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pmaxsw(uint64_t a, uint64_t b) { return pmaxsw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pcmpeqb(uint64_t a, uint64_t b) { return pcmpeqb(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pcmpeqw(uint64_t a, uint64_t b) { return pcmpeqw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pcmpeqd(uint64_t a, uint64_t b) { return pcmpeqd(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pcmpgtb(uint64_t a, uint64_t b) { return pcmpgtb(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pcmpgtw(uint64_t a, uint64_t b) { return pcmpgtw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pcmpgtd(uint64_t a, uint64_t b) { return pcmpgtd(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pand(uint64_t a, uint64_t b) { return pand(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pandn(uint64_t a, uint64_t b) { return pandn(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t por(uint64_t a, uint64_t b) { return por(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t pxor(uint64_t a, uint64_t b) { return pxor(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t psllw(uint64_t a, uint64_t count) { return psllw(Xmm{a, 0}, Xmm{count, 0}).lo; }
inline uint64_t pslld(uint64_t a, uint64_t count) { return pslld(Xmm{a, 0}, Xmm{count, 0}).lo; }
inline uint64_t psllq(uint64_t a, uint64_t count) { return psllq(Xmm{a, 0}, Xmm{count, 0}).lo; }
inline uint64_t psrlw(uint64_t a, uint64_t count) { return psrlw(Xmm{a, 0}, Xmm{count, 0}).lo; }
inline uint64_t psrld(uint64_t a, uint64_t count) { return psrld(Xmm{a, 0}, Xmm{count, 0}).lo; }
inline uint64_t psrlq(uint64_t a, uint64_t count) { return psrlq(Xmm{a, 0}, Xmm{count, 0}).lo; }
inline uint64_t psraw(uint64_t a, uint64_t count) { return psraw(Xmm{a, 0}, Xmm{count, 0}).lo; }
inline uint64_t psrad(uint64_t a, uint64_t count) { return psrad(Xmm{a, 0}, Xmm{count, 0}).lo; }

}  // namespace ilse::cpu::simd
