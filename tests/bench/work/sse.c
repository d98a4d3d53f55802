// SSE and SSE2: scalar double, packed single, packed integers. Compiled for SSE2 in both widths.
#include <emmintrin.h>
#include <string.h>

#include "bench.h"

enum { kFloats = 4096 };
static float floats[kFloats] __attribute__((aligned(16)));
static uint16_t words[kFloats] __attribute__((aligned(16)));

void setup_sse(void) {
  uint32_t seed = 17;
  for (int i = 0; i < kFloats; i++) {
    floats[i] = (float)(next_random(&seed) & 0xffff) / 256.0f + 0.5f;
    words[i] = (uint16_t)next_random(&seed);
  }
}

// Jacobi-like sums, a square root and a comparison a step.
uint64_t unit_sse_scalar(void) {
  double x = 1.0, y = 0.5, sum = 0;
  for (int i = 0; i < 500000; i++) {
    double t = (double)floats[i & (kFloats - 1)];
    x = x * 0.999 + t;
    y = y + x * 0.001 - t * y * 1e-4;
    if (x > 3000.0) x -= 1000.0;
    sum += x - y;
    if (!(i & 7)) sum += t / (y + 300.0);
    if (!(i & 15)) sum = _mm_cvtsd_f64(_mm_sqrt_sd(_mm_set_sd(0), _mm_set_sd(sum * sum + 1.0)));
  }
  uint64_t bits;
  memcpy(&bits, &sum, sizeof bits);
  return bits;
}

static uint64_t fold(__m128i v) {
  uint64_t half[2];
  _mm_storeu_si128((__m128i*)half, v);
  return mix(half[0], half[1]);
}

uint64_t unit_packed_float(void) {
  __m128 s0 = _mm_setzero_ps(), s1 = _mm_set1_ps(1.0f), s2 = _mm_set1_ps(2.0f), decay = _mm_set1_ps(0.75f);
  for (int repeat = 0; repeat < 800; repeat++) {
    for (int i = 0; i < kFloats; i += 8) {
      __m128 u = _mm_load_ps(floats + i), v = _mm_load_ps(floats + i + 4);
      s0 = _mm_add_ps(_mm_mul_ps(s0, decay), u);
      s1 = _mm_add_ps(_mm_mul_ps(s1, decay), v);
      s2 = _mm_max_ps(_mm_sub_ps(_mm_mul_ps(s2, decay), _mm_mul_ps(u, v)), _mm_shuffle_ps(u, v, 0x1b));
    }
  }
  return fold(_mm_castps_si128(_mm_add_ps(_mm_add_ps(s0, s1), s2)));
}

uint64_t unit_packed_int(void) {
  __m128i sum = _mm_setzero_si128(), other = _mm_set1_epi32(0x01234567);
  const __m128i kFactor = _mm_set1_epi16(0x3171);
  for (int repeat = 0; repeat < 2000; repeat++) {
    for (int i = 0; i < kFloats; i += 16) {
      __m128i u = _mm_load_si128((const __m128i*)(words + i));
      __m128i v = _mm_load_si128((const __m128i*)(words + i + 8));
      sum = _mm_add_epi32(sum, _mm_madd_epi16(u, v));
      other = _mm_xor_si128(_mm_mullo_epi16(_mm_add_epi16(other, u), kFactor), _mm_srli_epi32(v, 3));
      sum = _mm_add_epi8(_mm_shuffle_epi32(sum, 0x39), _mm_unpacklo_epi8(u, v));
    }
  }
  return mix(fold(sum), fold(other));
}
