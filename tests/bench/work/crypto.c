// SHA-256 (FIPS 180-4), an AES-128 encryption by 32-bit tables (FIPS 197) and a table-driven
// CRC-32 (IEEE 802.3). Constants that a standard defines by a formula are computed here.
#include "bench.h"

enum { kMessageSize = 512 * 1024 };
static uint8_t message[kMessageSize];

static void fill_message(void) {
  uint32_t seed = 3;
  for (int i = 0; i < kMessageSize; i++) message[i] = (uint8_t)next_random(&seed);
}

static uint32_t sha_start[8], sha_round[64];

// The first 32 bits of the fraction of the square or cube root, by Newton's method.
static uint32_t root_fraction(int prime, int cube) {
  long double x = 2;
  for (int i = 0; i < 40; i++)
    x = cube ? x - (x * x * x - prime) / (3 * x * x) : x - (x * x - prime) / (2 * x);
  return (uint32_t)(uint64_t)((x - (long double)(int)x) * 4294967296.0L);
}

void setup_sha256(void) {
  fill_message();
  for (int found = 0, candidate = 2; found < 64; candidate++) {
    int prime = 1;
    for (int i = 2; i * i <= candidate; i++) prime &= candidate % i != 0;
    if (!prime) continue;
    if (found < 8) sha_start[found] = root_fraction(candidate, 0);
    sha_round[found++] = root_fraction(candidate, 1);
  }
}

static inline uint32_t rotate(uint32_t x, int n) { return x >> n | x << (32 - n); }

static NOINLINE void sha_block(uint32_t* h, const uint8_t* p) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; i++)
    w[i] =
        (uint32_t)p[4 * i] << 24 | (uint32_t)p[4 * i + 1] << 16 | (uint32_t)p[4 * i + 2] << 8 | p[4 * i + 3];
  for (int i = 16; i < 64; i++) {
    uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  for (int i = 0; i < 8; i++) v[i] = h[i];
  uint32_t a = v[0], b = v[1], c = v[2], d = v[3], e = v[4], f = v[5], g = v[6], k = v[7];
  for (int i = 0; i < 64; i++) {
    uint32_t t1 =
        k + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + sha_round[i] + w[i];
    uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    k = g, g = f, f = e, e = d + t1;
    d = c, c = b, b = a, a = t1 + t2;
  }
  h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e, h[5] += f, h[6] += g, h[7] += k;
}

// Whole blocks only: the padding is not what is measured.
uint64_t unit_sha256(void) {
  uint32_t h[8];
  for (int i = 0; i < 8; i++) h[i] = sha_start[i];
  for (int i = 0; i < kMessageSize; i += 64) sha_block(h, message + i);
  return (uint64_t)h[0] << 32 | h[7];
}

static uint8_t aes_sbox[256];
static uint32_t aes_table[4][256], aes_key[44];

static uint8_t gf_double(uint8_t x) { return (uint8_t)(x << 1 ^ (x & 0x80 ? 0x1b : 0)); }

static uint8_t gf_multiply(uint8_t a, uint8_t b) {
  uint8_t product = 0;
  for (; b; b >>= 1, a = gf_double(a))
    if (b & 1) product ^= a;
  return product;
}

static uint8_t sbox_of(uint8_t x) {
  uint8_t inverse = 0, result = 0x63;
  for (int y = 1; y < 256; y++)
    if (gf_multiply(x, (uint8_t)y) == 1) inverse = (uint8_t)y;
  for (int i = 0; i < 5; i++) result ^= (uint8_t)(inverse << i | inverse >> (8 - i));
  return result;
}

void setup_aes(void) {
  fill_message();
  for (int x = 0; x < 256; x++) {
    uint8_t s = aes_sbox[x] = sbox_of((uint8_t)x);
    uint32_t column =
        (uint32_t)gf_double(s) << 24 | (uint32_t)s << 16 | (uint32_t)s << 8 | (uint32_t)(gf_double(s) ^ s);
    for (int i = 0; i < 4; i++, column = rotate(column, 8)) aes_table[i][x] = column;
  }
  uint8_t round_constant = 1;
  for (uint32_t i = 0; i < 4; i++)
    aes_key[i] = (4 * i) << 24 | (4 * i + 1) << 16 | (4 * i + 2) << 8 | (4 * i + 3);
  for (int i = 4; i < 44; i++) {
    uint32_t t = aes_key[i - 1];
    if (i % 4 == 0) {
      t = t << 8 | t >> 24;
      t = (uint32_t)aes_sbox[t >> 24] << 24 | (uint32_t)aes_sbox[t >> 16 & 255] << 16 |
          (uint32_t)aes_sbox[t >> 8 & 255] << 8 | aes_sbox[t & 255];
      t ^= (uint32_t)round_constant << 24;
      round_constant = gf_double(round_constant);
    }
    aes_key[i] = aes_key[i - 4] ^ t;
  }
}

static inline uint32_t aes_mix(const uint32_t* s, int i) {
  return aes_table[0][s[i] >> 24] ^ aes_table[1][s[(i + 1) & 3] >> 16 & 255] ^
         aes_table[2][s[(i + 2) & 3] >> 8 & 255] ^ aes_table[3][s[(i + 3) & 3] & 255];
}

static inline uint32_t aes_last(const uint32_t* s, int i) {
  return (uint32_t)aes_sbox[s[i] >> 24] << 24 | (uint32_t)aes_sbox[s[(i + 1) & 3] >> 16 & 255] << 16 |
         (uint32_t)aes_sbox[s[(i + 2) & 3] >> 8 & 255] << 8 | aes_sbox[s[(i + 3) & 3] & 255];
}

static NOINLINE void aes_block(uint32_t* s) {
  uint32_t t[4];
  for (int i = 0; i < 4; i++) s[i] ^= aes_key[i];
  for (int round = 1; round < 10; round++) {
    for (int i = 0; i < 4; i++) t[i] = aes_mix(s, i) ^ aes_key[4 * round + i];
    for (int i = 0; i < 4; i++) s[i] = t[i];
  }
  for (int i = 0; i < 4; i++) t[i] = aes_last(s, i) ^ aes_key[40 + i];
  for (int i = 0; i < 4; i++) s[i] = t[i];
}

// Cipher block chaining from the FIPS 197 example's block over part of the message.
uint64_t unit_aes(void) {
  uint32_t s[4] = {0x00112233, 0x44556677, 0x8899aabb, 0xccddeeff};
  uint64_t hash = 0;
  aes_block(s);
  hash = mix(s[0], s[3]);
  for (int at = 0; at < kMessageSize; at += 16) {
    for (int i = 0; i < 4; i++) s[i] ^= message[at + 4 * i] * 0x01010101u;
    aes_block(s);
  }
  return mix(hash, (uint64_t)s[0] << 32 | s[1]);
}

static uint32_t crc_table[256];

void setup_crc(void) {
  fill_message();
  for (uint32_t i = 0; i < 256; i++) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; bit++) c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1;
    crc_table[i] = c;
  }
}

uint64_t unit_crc(void) {
  uint32_t crc = ~0u;
  for (int repeat = 0; repeat < 6; repeat++)
    for (int i = 0; i < kMessageSize; i++) crc = crc_table[(crc ^ message[i]) & 255] ^ crc >> 8;
  return ~crc;
}
