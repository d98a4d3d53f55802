// Moves of elements: packs, unpacks, shuffles, byte shifts, masks, insertion and extraction
// (Intel SDM vol. 2). MMX forms are the uint64_t overloads. Immediates are bytes as encoded; bits that the
// manual ignores are ignored here.
#pragma once

#include "cpu/fpu/xmm.h"

namespace ilse::cpu::simd {

// -- Packs with saturation.
inline Xmm packsswb(const Xmm& a, const Xmm& b) { return guest(_mm_packs_epi16(host(a), host(b))); }
inline Xmm packssdw(const Xmm& a, const Xmm& b) { return guest(_mm_packs_epi32(host(a), host(b))); }
inline Xmm packuswb(const Xmm& a, const Xmm& b) { return guest(_mm_packus_epi16(host(a), host(b))); }
inline uint64_t packsswb(uint64_t a, uint64_t b) { return packsswb(Xmm{a, b}, Xmm{}).lo; }
inline uint64_t packssdw(uint64_t a, uint64_t b) { return packssdw(Xmm{a, b}, Xmm{}).lo; }
inline uint64_t packuswb(uint64_t a, uint64_t b) { return packuswb(Xmm{a, b}, Xmm{}).lo; }

// -- Unpacks.
inline Xmm punpcklbw(const Xmm& a, const Xmm& b) { return guest(_mm_unpacklo_epi8(host(a), host(b))); }
inline Xmm punpckhbw(const Xmm& a, const Xmm& b) { return guest(_mm_unpackhi_epi8(host(a), host(b))); }
inline Xmm punpcklwd(const Xmm& a, const Xmm& b) { return guest(_mm_unpacklo_epi16(host(a), host(b))); }
inline Xmm punpckhwd(const Xmm& a, const Xmm& b) { return guest(_mm_unpackhi_epi16(host(a), host(b))); }
inline Xmm punpckldq(const Xmm& a, const Xmm& b) { return guest(_mm_unpacklo_epi32(host(a), host(b))); }
inline Xmm punpckhdq(const Xmm& a, const Xmm& b) { return guest(_mm_unpackhi_epi32(host(a), host(b))); }
inline Xmm punpcklqdq(const Xmm& a, const Xmm& b) { return guest(_mm_unpacklo_epi64(host(a), host(b))); }
inline Xmm punpckhqdq(const Xmm& a, const Xmm& b) { return guest(_mm_unpackhi_epi64(host(a), host(b))); }
inline uint64_t punpcklbw(uint64_t a, uint64_t b) { return punpcklbw(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t punpckhbw(uint64_t a, uint64_t b) { return punpcklbw(Xmm{a, 0}, Xmm{b, 0}).hi; }
inline uint64_t punpcklwd(uint64_t a, uint64_t b) { return punpcklwd(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t punpckhwd(uint64_t a, uint64_t b) { return punpcklwd(Xmm{a, 0}, Xmm{b, 0}).hi; }
inline uint64_t punpckldq(uint64_t a, uint64_t b) { return punpckldq(Xmm{a, 0}, Xmm{b, 0}).lo; }
inline uint64_t punpckhdq(uint64_t a, uint64_t b) { return punpckldq(Xmm{a, 0}, Xmm{b, 0}).hi; }
inline Xmm unpcklps(const Xmm& a, const Xmm& b) { return punpckldq(a, b); }
inline Xmm unpckhps(const Xmm& a, const Xmm& b) { return punpckhdq(a, b); }
inline Xmm unpcklpd(const Xmm& a, const Xmm& b) { return punpcklqdq(a, b); }
inline Xmm unpckhpd(const Xmm& a, const Xmm& b) { return punpckhqdq(a, b); }

// -- Shuffles.
inline Xmm shufps(const Xmm& a, const Xmm& b, uint8_t imm) {
  Xmm r;
  r.put<uint32_t>(0, a.get<uint32_t>(imm & 3));
  r.put<uint32_t>(1, a.get<uint32_t>((imm >> 2) & 3));
  r.put<uint32_t>(2, b.get<uint32_t>((imm >> 4) & 3));
  r.put<uint32_t>(3, b.get<uint32_t>(imm >> 6));
  return r;
}
inline Xmm shufpd(const Xmm& a, const Xmm& b, uint8_t imm) {
  return {(imm & 1) != 0 ? a.hi : a.lo, (imm & 2) != 0 ? b.hi : b.lo};
}
inline Xmm pshufd(const Xmm& b, uint8_t imm) { return shufps(b, b, imm); }
inline uint64_t pshufw(uint64_t b, uint8_t imm) {
  uint64_t r = 0;
  for (unsigned i = 0; i < 4; ++i) r |= ((b >> (16 * ((imm >> (2 * i)) & 3))) & 0xFFFF) << (16 * i);
  return r;
}
inline Xmm pshuflw(const Xmm& b, uint8_t imm) { return {pshufw(b.lo, imm), b.hi}; }
inline Xmm pshufhw(const Xmm& b, uint8_t imm) { return {b.lo, pshufw(b.hi, imm)}; }

// -- Elements doubled: MOVDDUP, MOVSLDUP, MOVSHDUP.
inline Xmm movddup(const Xmm& b) { return {b.lo, b.lo}; }
inline Xmm movsldup(const Xmm& b) { return shufps(b, b, 0xA0); }
inline Xmm movshdup(const Xmm& b) { return shufps(b, b, 0xF5); }

// -- Whole-register shifts by bytes.
inline Xmm psrldq(const Xmm& a, uint8_t bytes) {
  if (bytes == 0) return a;
  if (bytes > 15) return {};
  const unsigned n = bytes * 8u;
  if (n >= 64) return {a.hi >> (n - 64), 0};
  return {a.lo >> n | a.hi << (64 - n), a.hi >> n};
}
inline Xmm pslldq(const Xmm& a, uint8_t bytes) {
  if (bytes == 0) return a;
  if (bytes > 15) return {};
  const unsigned n = bytes * 8u;
  if (n >= 64) return {0, a.lo << (n - 64)};
  return {a.lo << n, a.hi << n | a.lo >> (64 - n)};
}

// -- Single words and sign masks.
inline Xmm pinsrw(Xmm a, uint32_t value, uint8_t imm) {
  a.put<uint16_t>(imm & 7, static_cast<uint16_t>(value));
  return a;
}
inline uint64_t pinsrw(uint64_t a, uint32_t value, uint8_t imm) {
  const unsigned at = 16u * (imm & 3);
  return (a & ~(uint64_t{0xFFFF} << at)) | uint64_t{value & 0xFFFF} << at;
}
inline uint32_t pextrw(const Xmm& a, uint8_t imm) { return a.get<uint16_t>(imm & 7); }
inline uint32_t pextrw(uint64_t a, uint8_t imm) { return (a >> (16u * (imm & 3))) & 0xFFFF; }
inline uint32_t pmovmskb(const Xmm& a) { return static_cast<uint32_t>(_mm_movemask_epi8(host(a))); }
inline uint32_t pmovmskb(uint64_t a) { return pmovmskb(Xmm{a, 0}); }
inline uint32_t movmskps(const Xmm& a) {
  return static_cast<uint32_t>(_mm_movemask_ps(_mm_castsi128_ps(host(a))));
}
inline uint32_t movmskpd(const Xmm& a) { return static_cast<uint32_t>(a.lo >> 63 | (a.hi >> 63) << 1); }

// MASKMOVDQU and MASKMOVQ: bit i of pmovmskb(mask) says whether byte i is stored; when it is 0 the
// instruction writes nothing. This is the blend for a caller that has read the destination.
inline Xmm maskmov(const Xmm& memory, const Xmm& data, const Xmm& mask) {
  const __m128i select = _mm_cmplt_epi8(host(mask), _mm_setzero_si128());
  return guest(_mm_or_si128(_mm_and_si128(select, host(data)), _mm_andnot_si128(select, host(memory))));
}
inline uint64_t maskmov(uint64_t memory, uint64_t data, uint64_t mask) {
  return maskmov(Xmm{memory, 0}, Xmm{data, 0}, Xmm{mask, 0}).lo;
}

}  // namespace ilse::cpu::simd
