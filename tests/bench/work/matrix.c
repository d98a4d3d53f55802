// Matrix multiplication in double precision: SSE2 in 64-bit code, x87 in 32-bit code. The
// elements are small multiples of 1/16, so that every sum is exact whatever the unit.
#include "bench.h"

enum { kSize = 128 };
static double a[kSize][kSize], b[kSize][kSize], product[kSize][kSize];

void setup_matrix(void) {
  uint32_t seed = 13;
  for (int i = 0; i < kSize; i++) {
    for (int j = 0; j < kSize; j++) {
      a[i][j] = (int)(next_random(&seed) % 2001 - 1000) / 16.0;
      b[i][j] = (int)(next_random(&seed) % 2001 - 1000) / 16.0;
    }
  }
}

uint64_t unit_matrix(void) {
  uint64_t hash = 0;
  for (int repeat = 0; repeat < 4; repeat++) {
    a[0][0] = repeat;
    for (int i = 0; i < kSize; i++) {
      for (int j = 0; j < kSize; j++) {
        double sum = 0;
        for (int k = 0; k < kSize; k++) sum += a[i][k] * b[k][j];
        product[i][j] = sum;
      }
    }
    for (int i = 0; i < kSize; i++) hash = mix(hash, (uint64_t)(int64_t)(product[i][i] * 256));
  }
  return hash;
}
