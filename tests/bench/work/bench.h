// The benchmark program's classes: each is a fixed amount of work (a unit) that yields the
// same checksum every time it runs, on every machine. A machine's speed in a class is how
// many units it does in a second, so a slow machine may run fewer of them.
#pragma once

#include <stdint.h>

typedef struct {
  const char* name;
  const char* group;
  void (*setup)(void);     // once, not timed; may be null
  uint64_t (*unit)(void);  // one unit of work; returns its checksum
} BenchClass;

#define NOINLINE __attribute__((noinline, noclone))

// A linear congruential generator (Numerical Recipes' constants): data that is the same everywhere.
static inline uint32_t next_random(uint32_t* state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

// One step of a 64-bit FNV-like hash.
static inline uint64_t mix(uint64_t hash, uint64_t value) { return (hash ^ value) * 0x100000001b3ull; }

// Memory from the kernel in 4 KiB pages, whatever its policy on large ones; ends the program on failure.
void* map_pages(uint64_t bytes, int executable);
void fail(const char* what) __attribute__((noreturn));

uint64_t unit_alu(void);
uint64_t unit_dhrystone(void);
void setup_sort(void);
uint64_t unit_sieve(void);
uint64_t unit_quicksort(void);
uint64_t unit_divide(void);
uint64_t unit_compress(void);
uint64_t unit_atomic(void);
void setup_compress(void);

void setup_sha256(void);
uint64_t unit_sha256(void);
void setup_aes(void);
uint64_t unit_aes(void);
void setup_crc(void);
uint64_t unit_crc(void);

uint64_t unit_bignum(void);
uint64_t unit_adc(void);

uint64_t unit_recursion(void);
void setup_indirect(void);
uint64_t unit_indirect(void);
uint64_t unit_bytecode(void);

void setup_matrix(void);
uint64_t unit_matrix(void);
void setup_sse(void);
uint64_t unit_sse_scalar(void);
uint64_t unit_packed_float(void);
uint64_t unit_packed_int(void);
uint64_t unit_sse_copy(void);
uint64_t unit_x87(void);
uint64_t unit_x87_transcendental(void);

void setup_rep(void);
uint64_t unit_rep_movs(void);
uint64_t unit_rep_stos(void);
void setup_chase(void);
uint64_t unit_chase(void);

void set_file_directory(const char* directory);
uint64_t unit_syscall(void);
uint64_t unit_page_fault(void);
uint64_t unit_pipe(void);
uint64_t unit_fork_exec(void);
uint64_t unit_file(void);
uint64_t unit_signal(void);

void setup_code(void);
uint64_t unit_smc_hot(void);
uint64_t unit_smc_jit(void);
uint64_t unit_smc_data(void);
