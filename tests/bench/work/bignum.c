// Numbers of many words: schoolbook multiplication and a chain of adds with carry, in the
// machine's own word, as a bignum library does it.
#include "bench.h"

#ifdef __x86_64__
typedef uint64_t Word;
typedef unsigned __int128 DoubleWord;
#define ADC "adcq"
#else
typedef uint32_t Word;
typedef uint64_t DoubleWord;
#define ADC "adcl"
#endif

enum { kWords = 64, kWordBits = 8 * sizeof(Word) };

static void fill(Word* number, uint32_t seed) {
  for (int i = 0; i < kWords; i++) {
    number[i] = next_random(&seed);
    for (unsigned bits = 16; bits < kWordBits; bits += 16) number[i] = number[i] << 16 ^ next_random(&seed);
  }
}

static NOINLINE Word multiply_add(Word* to, const Word* from, Word factor) {
  Word carry = 0;
  for (int i = 0; i < kWords; i++) {
    DoubleWord t = (DoubleWord)from[i] * factor + to[i] + carry;
    to[i] = (Word)t;
    carry = (Word)(t >> kWordBits);
  }
  return carry;
}

uint64_t unit_bignum(void) {
  Word a[kWords], b[kWords], product[2 * kWords];
  fill(a, 1);
  fill(b, 2);
  for (int repeat = 0; repeat < 1200; repeat++) {
    for (int i = 0; i < 2 * kWords; i++) product[i] = 0;
    for (int i = 0; i < kWords; i++) product[i + kWords] = multiply_add(product + i, a, b[i]);
    for (int i = 0; i < kWords; i++) a[i] = product[i + kWords / 2] | 1;
  }
  uint64_t hash = 0;
  for (int i = 0; i < kWords; i++) hash = mix(hash, a[i]);
  return hash;
}

// to += from over kWords words; the loop's own instructions leave the carry alone.
static NOINLINE void add_with_carry(Word* to, const Word* from) {
  Word t;
  unsigned count = kWords / 4;
  __asm__ volatile(
      "clc\n"
      "1:\n\t"
      "mov (%[from]), %[t]\n\t" ADC
      " %[t], (%[to])\n\t"
      "mov %c[w](%[from]), %[t]\n\t" ADC
      " %[t], %c[w](%[to])\n\t"
      "mov 2*%c[w](%[from]), %[t]\n\t" ADC
      " %[t], 2*%c[w](%[to])\n\t"
      "mov 3*%c[w](%[from]), %[t]\n\t" ADC
      " %[t], 3*%c[w](%[to])\n\t"
      "lea 4*%c[w](%[from]), %[from]\n\t"
      "lea 4*%c[w](%[to]), %[to]\n\t"
      "dec %[count]\n\t"
      "jnz 1b"
      : [to] "+r"(to), [from] "+r"(from), [count] "+r"(count), [t] "=&r"(t)
      : [w] "i"(sizeof(Word))
      : "memory", "cc");
}

uint64_t unit_adc(void) {
  Word a[kWords], b[kWords];
  fill(a, 3);
  fill(b, 4);
  for (int repeat = 0; repeat < 60000; repeat++) {
    add_with_carry(a, b);
    b[repeat % kWords] ^= a[0];
  }
  uint64_t hash = 0;
  for (int i = 0; i < kWords; i++) hash = mix(hash, a[i]);
  return hash;
}
