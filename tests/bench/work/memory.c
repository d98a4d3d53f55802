// Moving blocks of memory, and chasing pointers through more of it than the caches hold.
#include <emmintrin.h>

#include "bench.h"

enum { kBlock = 64 * 1024 };
static uint8_t* from;
static uint8_t* to;

void setup_rep(void) {
  uint32_t seed = 23;
  if (from) return;
  from = map_pages(kBlock, 0);
  to = map_pages(kBlock, 0);
  for (int i = 0; i < kBlock; i++) from[i] = (uint8_t)next_random(&seed);
}

static uint64_t sample(void) {
  uint64_t hash = 0;
  for (int i = 0; i < kBlock; i += 509) hash = mix(hash, to[i]);
  return hash;
}

#define REP(instruction, destination, source, count, value)                                      \
  do {                                                                                           \
    void* d_ = (destination);                                                                    \
    const void* s_ = (source);                                                                   \
    unsigned long c_ = (count);                                                                  \
    __asm__ volatile("rep " instruction : "+D"(d_), "+S"(s_), "+c"(c_) : "a"(value) : "memory"); \
  } while (0)

uint64_t unit_rep_movs(void) {
  for (int repeat = 0; repeat < 500; repeat++) {
    REP("movsb", to, from, kBlock, 0);
    REP("movsl", to + 64, from, kBlock / 4 - 16, 0);
    for (int i = 0; i < 8; i++) REP("movsb", to + 1000 * i, from + i, 200, 0);
  }
  return sample();
}

uint64_t unit_rep_stos(void) {
  for (int repeat = 0; repeat < 500; repeat++) {
    REP("stosb", to, 0, kBlock, repeat);
    REP("stosl", to, 0, kBlock / 4, (uint32_t)repeat * 0x01010101u);
    for (int i = 0; i < 8; i++) REP("stosb", to + 1000 * i, 0, 200, i);
  }
  return sample();
}

uint64_t unit_sse_copy(void) {
  for (int repeat = 0; repeat < 3000; repeat++) {
    for (int i = 0; i < kBlock; i += 64) {
      __m128i x0 = _mm_loadu_si128((const __m128i*)(from + i));
      __m128i x1 = _mm_loadu_si128((const __m128i*)(from + i + 16));
      __m128i x2 = _mm_loadu_si128((const __m128i*)(from + i + 32));
      __m128i x3 = _mm_loadu_si128((const __m128i*)(from + i + 48));
      _mm_storeu_si128((__m128i*)(to + i), x0);
      _mm_storeu_si128((__m128i*)(to + i + 16), x1);
      _mm_storeu_si128((__m128i*)(to + i + 32), x2);
      _mm_storeu_si128((__m128i*)(to + i + 48), x3);
    }
    __asm__ volatile("" : : : "memory");
  }
  return sample();
}

enum { kNodeSize = 64, kNodes = 32 * 1024 * 1024 / kNodeSize };
static uint8_t* nodes;

static uint32_t* node(uint32_t index) { return (uint32_t*)(nodes + (uint64_t)index * kNodeSize); }

// Sattolo's shuffle: one cycle through all the nodes.
void setup_chase(void) {
  uint32_t seed = 29;
  if (nodes) return;
  nodes = map_pages((uint64_t)kNodes * kNodeSize, 0);
  for (uint32_t i = 0; i < kNodes; i++) *node(i) = i;
  for (uint32_t i = kNodes - 1; i > 0; i--) {
    uint32_t j = next_random(&seed) % i, swap = *node(i);
    *node(i) = *node(j);
    *node(j) = swap;
  }
}

uint64_t unit_chase(void) {
  uint32_t at = 0, parity = 0;
  for (uint32_t i = 0; i < kNodes; i++) {
    at = *node(at);
    parity += at ^ i;
  }
  return mix(at, parity);
}
