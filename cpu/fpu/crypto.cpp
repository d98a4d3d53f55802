#include "cpu/fpu/crypto.h"

#include "cpu/fpu/simd_elements.h"

namespace ilse::cpu::simd {

namespace {

// --- AES: bytes of GF(2^8) modulo x^8 + x^4 + x^3 + x + 1; byte r + 4 c of the state is row r of column c
// ---
constexpr uint8_t times(uint8_t a, uint8_t b) {
  unsigned r = 0, x = a;
  for (unsigned k = 0; k < 8; ++k) {
    if ((b >> k & 1) != 0) r ^= x;
    x = x << 1 ^ ((x & 0x80) != 0 ? 0x11Bu : 0u);
  }
  return static_cast<uint8_t>(r);
}
constexpr uint8_t inverse(uint8_t a) {
  uint8_t r = 1;  // a to the 254th
  for (unsigned k = 0; k < 7; ++k) {
    a = times(a, a);
    r = times(r, a);
  }
  return r;
}

struct Tables {
  std::array<uint8_t, 256> box{}, back{};
  // A column of the state after SubBytes and MixColumns of one byte in row 0, and of the inverse of both.
  std::array<uint32_t, 256> mixed{}, unmixed{};
  std::array<uint32_t, 256> unmix_only{};
};
constexpr uint32_t column(uint8_t v, const std::array<uint8_t, 4>& by) {
  uint32_t r = 0;
  for (unsigned k = 0; k < 4; ++k) r |= uint32_t{times(v, by[k])} << (8 * k);
  return r;
}
constexpr Tables make_tables() {
  Tables t;
  constexpr std::array<uint8_t, 4> kMix{2, 1, 1, 3}, kUnmix{14, 9, 13, 11};
  for (unsigned k = 0; k < 256; ++k) {
    const auto v = static_cast<uint8_t>(k);
    const uint8_t i = inverse(v);
    const uint8_t s = static_cast<uint8_t>(i ^ std::rotl(i, 1) ^ std::rotl(i, 2) ^ std::rotl(i, 3) ^
                                           std::rotl(i, 4) ^ 0x63);
    t.box[k] = s;
    t.back[s] = v;
    t.mixed[k] = column(s, kMix);
    t.unmixed[s] = column(v, kUnmix);
    t.unmix_only[k] = column(v, kUnmix);
  }
  return t;
}
constexpr Tables kAes = make_tables();

using Bytes = Elements<uint8_t, Xmm>;
using Words = Elements<uint32_t, Xmm>;

// ShiftRows moves row r by r columns to the left, its inverse to the right.
constexpr unsigned shifted(unsigned row, unsigned col) { return row + 4 * ((col + row) & 3); }
constexpr unsigned unshifted(unsigned row, unsigned col) { return row + 4 * ((col - row) & 3); }

template <unsigned (*kFrom)(unsigned, unsigned)>
Xmm round(const Xmm& state, const Xmm& key, const std::array<uint32_t, 256>& table) {
  const Bytes s = elements<uint8_t>(state);
  Words r = elements<uint32_t>(key);
  for (unsigned c = 0; c < 4; ++c) {
    for (unsigned row = 0; row < 4; ++row)
      r[c] ^= std::rotl(table[s[kFrom(row, c)]], 8 * static_cast<int>(row));
  }
  return packed<Xmm>(r);
}
template <unsigned (*kFrom)(unsigned, unsigned)>
Xmm last_round(const Xmm& state, const Xmm& key, const std::array<uint8_t, 256>& box) {
  const Bytes s = elements<uint8_t>(state);
  Bytes r = elements<uint8_t>(key);
  for (unsigned c = 0; c < 4; ++c) {
    for (unsigned row = 0; row < 4; ++row) r[row + 4 * c] ^= box[s[kFrom(row, c)]];
  }
  return packed<Xmm>(r);
}

uint32_t substituted(uint32_t v) {
  uint32_t r = 0;
  for (unsigned k = 0; k < 32; k += 8) r |= uint32_t{kAes.box[v >> k & 0xFF]} << k;
  return r;
}

}  // namespace

Xmm aesenc(const Xmm& state, const Xmm& key) { return round<shifted>(state, key, kAes.mixed); }
Xmm aesenclast(const Xmm& state, const Xmm& key) { return last_round<shifted>(state, key, kAes.box); }
Xmm aesdec(const Xmm& state, const Xmm& key) { return round<unshifted>(state, key, kAes.unmixed); }
Xmm aesdeclast(const Xmm& state, const Xmm& key) { return last_round<unshifted>(state, key, kAes.back); }

Xmm aesimc(const Xmm& key) {
  const Bytes s = elements<uint8_t>(key);
  Words r{};
  for (unsigned c = 0; c < 4; ++c) {
    for (unsigned row = 0; row < 4; ++row)
      r[c] ^= std::rotl(kAes.unmix_only[s[row + 4 * c]], 8 * static_cast<int>(row));
  }
  return packed<Xmm>(r);
}
Xmm aeskeygenassist(const Xmm& key, uint8_t round_constant) {
  const Words k = elements<uint32_t>(key);
  const uint32_t a = substituted(k[1]), b = substituted(k[3]);
  return packed<Xmm>(Words{a, std::rotr(a, 8) ^ round_constant, b, std::rotr(b, 8) ^ round_constant});
}

// Four bits of b at a time.
Xmm pclmulqdq(const Xmm& a, const Xmm& b, uint8_t imm) {
  __extension__ using U128 = unsigned __int128;
  const U128 x = (imm & 1) != 0 ? a.hi : a.lo;
  const uint64_t y = (imm & 16) != 0 ? b.hi : b.lo;
  std::array<U128, 16> multiple{};
  for (unsigned k = 1; k < 16; ++k) multiple[k] = (multiple[k >> 1] << 1) ^ ((k & 1) != 0 ? x : 0);
  U128 r = 0;
  for (int at = 60; at >= 0; at -= 4) r = r << 4 ^ multiple[y >> at & 15];
  return {static_cast<uint64_t>(r), static_cast<uint64_t>(r >> 64)};
}

// --- SHA: the manual's names; element 3 is the first of a group -------------------------------------------

Xmm sha1rnds4(const Xmm& a, const Xmm& b, uint8_t function) {
  constexpr std::array<uint32_t, 4> kConstant{0x5A827999, 0x6ED9EBA1, 0x8F1BBCDC, 0xCA62C1D6};
  const Words x = elements<uint32_t>(a), w = elements<uint32_t>(b);
  uint32_t A = x[3], B = x[2], C = x[1], D = x[0], E = 0;
  const unsigned kind = function & 3;
  for (int k = 3; k >= 0; --k) {
    const uint32_t f = kind == 0 ? (B & C) ^ (~B & D) : kind == 2 ? (B & C) ^ (B & D) ^ (C & D) : B ^ C ^ D;
    const uint32_t next = f + std::rotl(A, 5) + w[static_cast<size_t>(k)] + E + kConstant[kind];
    E = D;
    D = C;
    C = std::rotl(B, 30);
    B = A;
    A = next;
  }
  return packed<Xmm>(Words{D, C, B, A});
}
Xmm sha1nexte(const Xmm& a, const Xmm& b) {
  Words r = elements<uint32_t>(b);
  r[3] += std::rotl(elements<uint32_t>(a)[3], 30);
  return packed<Xmm>(r);
}
Xmm sha1msg1(const Xmm& a, const Xmm& b) {
  const Words x = elements<uint32_t>(a), y = elements<uint32_t>(b);
  return packed<Xmm>(Words{y[2] ^ x[0], y[3] ^ x[1], x[0] ^ x[2], x[1] ^ x[3]});
}
Xmm sha1msg2(const Xmm& a, const Xmm& b) {
  const Words x = elements<uint32_t>(a), y = elements<uint32_t>(b);
  const uint32_t w16 = std::rotl(x[3] ^ y[2], 1);
  return packed<Xmm>(
      Words{std::rotl(x[0] ^ w16, 1), std::rotl(x[1] ^ y[0], 1), std::rotl(x[2] ^ y[1], 1), w16});
}
Xmm sha256rnds2(const Xmm& a, const Xmm& b, const Xmm& message) {
  const Words cdgh = elements<uint32_t>(a), abef = elements<uint32_t>(b), wk = elements<uint32_t>(message);
  uint32_t A = abef[3], B = abef[2], C = cdgh[3], D = cdgh[2], E = abef[1], F = abef[0], G = cdgh[1],
           H = cdgh[0];
  for (unsigned k = 0; k < 2; ++k) {
    const uint32_t t =
        H + (std::rotr(E, 6) ^ std::rotr(E, 11) ^ std::rotr(E, 25)) + ((E & F) ^ (~E & G)) + wk[k];
    const uint32_t s =
        (std::rotr(A, 2) ^ std::rotr(A, 13) ^ std::rotr(A, 22)) + ((A & B) ^ (A & C) ^ (B & C));
    H = G;
    G = F;
    F = E;
    E = D + t;
    D = C;
    C = B;
    B = A;
    A = t + s;
  }
  return packed<Xmm>(Words{F, E, B, A});
}
Xmm sha256msg1(const Xmm& a, const Xmm& b) {
  const Words x = elements<uint32_t>(a);
  auto s0 = [](uint32_t v) { return std::rotr(v, 7) ^ std::rotr(v, 18) ^ v >> 3; };
  return packed<Xmm>(
      Words{x[0] + s0(x[1]), x[1] + s0(x[2]), x[2] + s0(x[3]), x[3] + s0(elements<uint32_t>(b)[0])});
}
Xmm sha256msg2(const Xmm& a, const Xmm& b) {
  const Words x = elements<uint32_t>(a), y = elements<uint32_t>(b);
  auto s1 = [](uint32_t v) { return std::rotr(v, 17) ^ std::rotr(v, 19) ^ v >> 10; };
  const uint32_t w16 = x[0] + s1(y[2]), w17 = x[1] + s1(y[3]);
  return packed<Xmm>(Words{w16, w17, x[2] + s1(w16), x[3] + s1(w17)});
}

}  // namespace ilse::cpu::simd
