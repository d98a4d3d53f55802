// Integers of every width, floats and doubles with exactly rounded results, long double, strings, sorting, recursion,
// jumps and signals, compiled at several levels of optimization.
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state = 88172645463325252u;
static uint64_t number(void) {
  state ^= state << 13;
  state ^= state >> 7;
  return state ^= state << 17;
}

static int compare(const void* a, const void* b) {
  const int64_t x = *(const int64_t*)a, y = *(const int64_t*)b;
  return (x > y) - (x < y);
}

static unsigned ackermann(unsigned m, unsigned n) {
  return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static sigjmp_buf back;
static void caught(int signal) { siglongjmp(back, signal); }

int main(void) {
  enum { kCount = 100000 };
  static int64_t values[kCount];
  static int16_t small[kCount];
  static uint8_t bytes[kCount];
  for (int i = 0; i < kCount; i++) {
    values[i] = (int64_t)number();
    small[i] = (int16_t)number();
    bytes[i] = (uint8_t)number();
  }
  uint64_t mix = 0;
  for (int i = 1; i < kCount; i++) {
    const int64_t divisor = (values[i - 1] >> (i % 60)) | 1;
    mix += (uint64_t)(values[i] / (divisor == -1 ? 3 : divisor)) ^ (uint64_t)(values[i] % 1000003);
    mix = (mix << 7 | mix >> 57) + (uint64_t)__builtin_popcountll((uint64_t)values[i]) + (uint64_t)__builtin_ctzll(divisor);
  }
  printf("%016llx\n", (unsigned long long)mix);
  int32_t sums[4] = {0};
  for (int i = 0; i < kCount; i++) {
    sums[0] += small[i] * small[kCount - 1 - i] >> 8;
    sums[1] += abs(small[i]) > 1000 ? bytes[i] : -bytes[i];
    sums[2] ^= bytes[i] * 257 + small[i];
    sums[3] += (bytes[i] + bytes[(i + 1) % kCount] + 1) >> 1;
  }
  printf("%d %d %d %d\n", sums[0], sums[1], sums[2], sums[3]);
  qsort(values, kCount, sizeof *values, compare);
  printf("%lld %lld %lld\n", (long long)values[0], (long long)values[kCount / 2], (long long)values[kCount - 1]);
  static double a[64][64], b[64][64], c[64][64];
  for (int i = 0; i < 64; i++)
    for (int j = 0; j < 64; j++) a[i][j] = (double)(i * j % 17) - 8, b[i][j] = (double)(i + 3 * j) / 8;
  for (int i = 0; i < 64; i++)
    for (int j = 0; j < 64; j++)
      for (int k = 0; k < 64; k++) c[i][j] += a[i][k] * b[k][j];
  // Exact in doubles, so that no order of additions matters.
  double trace = 0;
  for (int i = 0; i < 64; i++) trace += c[i][i];
  printf("%a\n", trace);
  long double wide = 1;
  for (int i = 1; i < 60; i++) wide = wide * 3 / 2 + (long double)1 / 1048576;
  printf("%La %La\n", wide, sqrtl(wide));
  printf("%.15Lf %.15Lf %.15Lf\n", sinl(1.25L), logl(3.5L), powl(1.5L, 7.25L));
  printf("%a %a %d %d\n", sqrt(2.0), fmod(1e10, 3.7), (int)lrint(2.5), (int)floor(-0.5));
  float single = 0;
  volatile float step = 0.1F;
  for (int i = 0; i < 1000; i++) single = (float)(single + step);
  printf("%a\n", (double)(float)(int)(single * 1024));
  char text[4096] = "";
  for (int i = 0; i < 500; i++) snprintf(text + strlen(text), sizeof text - strlen(text), "%d,", i * i % 997);
  int tokens = 0;
  for (char* token = strtok(text, ","); token; token = strtok(NULL, ",")) tokens += atoi(token);
  printf("%d %u\n", tokens, ackermann(2, 300));
  signal(SIGFPE, caught);
  signal(SIGSEGV, caught);
  volatile int zero = 0;
  volatile int* nowhere = NULL;
  volatile int first = sigsetjmp(back, 1);
  if (!first) zero = 1 / zero;
  volatile int second = sigsetjmp(back, 1);
  if (!second) *nowhere = 1;
  printf("%d %d\n", first, second);
  return 0;
}
