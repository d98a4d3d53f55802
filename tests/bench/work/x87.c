// The x87: a loop of 80-bit arithmetic, and the transcendental instructions.
#include <string.h>

#include "bench.h"

uint64_t unit_x87(void) {
  long double x = 1.0L, y = 0.25L, sum = 0;
  for (int i = 1; i <= 400000; i++) {
    x = x * 0.9990234375L + (long double)i * 0.001L;
    y = (y + x) * 0.5L - y * 0.125L;
    sum += x - y;
    if (!(i & 7)) sum += x / (y + 3.0L);
  }
  uint64_t mantissa;
  memcpy(&mantissa, &sum, sizeof mantissa);
  return mantissa;
}

// The last bits of these instructions' results are not specified, so results are rounded to
// 24 binary digits after the point before they are summed.
static inline uint64_t rounded(long double x) {
  return (uint64_t)(int64_t)(x * 16777216.0L + (x < 0 ? -0.5L : 0.5L));
}

uint64_t unit_x87_transcendental(void) {
  uint64_t sum = 0;
  for (int i = 0; i < 16000; i++) {
    long double angle = (long double)i * 0.00037L, sine, cosine, tangent, arc, logarithm, power, one;
    __asm__("fsin" : "=t"(sine) : "0"(angle));
    __asm__("fcos" : "=t"(cosine) : "0"(angle));
    __asm__("fptan" : "=t"(one), "=u"(tangent) : "0"(angle * 0.125L));
    __asm__("fpatan" : "=t"(arc) : "0"(cosine + 2.0L), "u"(sine) : "st(1)");
    __asm__("fyl2x" : "=t"(logarithm) : "0"(angle + 1.0L), "u"(one) : "st(1)");
    __asm__("f2xm1" : "=t"(power) : "0"(sine * 0.5L));
    sum = mix(sum, rounded(sine) + 3 * rounded(cosine) + 5 * rounded(tangent));
    sum = mix(sum, rounded(arc) + 3 * rounded(logarithm) + 5 * rounded(power));
  }
  return sum;
}
