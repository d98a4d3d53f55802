// Control flow: recursion, calls through pointers, a bytecode interpreter's jump table.
#include "bench.h"

static NOINLINE __attribute__((optimize("no-inline", "no-optimize-sibling-calls"))) uint32_t fibonacci(
    uint32_t n) {
  return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2);
}

static NOINLINE uint32_t ackermann(uint32_t m, uint32_t n) {
  if (m == 0) return n + 1;
  if (n == 0) return ackermann(m - 1, 1);
  return ackermann(m - 1, ackermann(m, n - 1));
}

uint64_t unit_recursion(void) { return mix(fibonacci(28), ackermann(2, 400)); }

typedef uint32_t (*Step)(uint32_t);
static NOINLINE uint32_t step0(uint32_t x) { return x + 1; }
static NOINLINE uint32_t step1(uint32_t x) { return x ^ 0x55; }
static NOINLINE uint32_t step2(uint32_t x) { return x * 3; }
static NOINLINE uint32_t step3(uint32_t x) { return x >> 1; }
static NOINLINE uint32_t step4(uint32_t x) { return x - 77; }
static NOINLINE uint32_t step5(uint32_t x) { return ~x; }
static NOINLINE uint32_t step6(uint32_t x) { return x << 3 | x >> 29; }
static NOINLINE uint32_t step7(uint32_t x) { return x + (x << 4); }

enum { kStepOrder = 4096 };
static Step steps[kStepOrder];

void setup_indirect(void) {
  static const Step kSteps[8] = {step0, step1, step2, step3, step4, step5, step6, step7};
  uint32_t seed = 9;
  for (int i = 0; i < kStepOrder; i++) steps[i] = kSteps[next_random(&seed) >> 4 & 7];
}

uint64_t unit_indirect(void) {
  uint32_t x = 1;
  for (int i = 0; i < 1500000; i++) x = steps[i % kStepOrder](x) + (uint32_t)i;
  return x;
}

// A register machine; each instruction is an operation and up to three register numbers or a constant.
typedef enum {
  kSet,
  kAdd,
  kSubtract,
  kMultiply,
  kXor,
  kShift,
  kAnd,
  kIfNot,
  kJump,
  kLoad,
  kStore,
  kHalt
} Operation;
typedef struct {
  uint8_t operation, a, b;
  int32_t c;
} Instruction;

// r0 counts from c down; r1 is a seed, r2 a sum, r4..r6 scratch.
static const Instruction kProgram[] = {
    {kSet, 0, 0, 120000},
    {kSet, 1, 0, 12345},
    {kSet, 2, 0, 0},
    {kSet, 3, 0, 1},
    {kSet, 7, 0, 1103515245},
    {kSet, 8, 0, 255},
    // loop:
    {kMultiply, 1, 1, 7},
    {kAdd, 1, 1, 3},
    {kShift, 4, 1, 7},
    {kAnd, 5, 4, 8},
    {kLoad, 6, 5, 0},
    {kAdd, 6, 6, 1},
    {kStore, 6, 5, 0},
    {kAnd, 4, 4, 3},
    {kIfNot, 4, 0, 2},
    {kXor, 2, 2, 6},
    {kJump, 0, 0, 1},
    {kAdd, 2, 2, 5},
    {kSubtract, 0, 0, 3},
    {kIfNot, 0, 0, 1},
    {kJump, 0, 0, -15},
    {kHalt, 0, 0, 0},
};

static NOINLINE uint32_t interpret(const Instruction* program) {
  uint32_t r[16] = {0};
  uint32_t memory[256] = {0};
  for (const Instruction* i = program;; i++) {
    switch ((Operation)i->operation) {
      case kSet: r[i->a] = (uint32_t)i->c; break;
      case kAdd: r[i->a] = r[i->b] + r[i->c]; break;
      case kSubtract: r[i->a] = r[i->b] - r[i->c]; break;
      case kMultiply: r[i->a] = r[i->b] * r[i->c]; break;
      case kXor: r[i->a] = r[i->b] ^ r[i->c]; break;
      case kShift: r[i->a] = r[i->b] >> i->c; break;
      case kAnd: r[i->a] = r[i->b] & r[i->c]; break;
      case kIfNot: i += r[i->a] ? 0 : i->c; break;
      case kJump: i += i->c; break;
      case kLoad: r[i->a] = memory[r[i->b] & 255]; break;
      case kStore: memory[r[i->b] & 255] = r[i->a]; break;
      case kHalt: return r[2];
    }
  }
}

uint64_t unit_bytecode(void) { return interpret(kProgram); }
