// Code that is written while it runs: a loop that patches itself, a stream of small functions
// written, called and overwritten, and data that shares a page with the code that uses it.
// The bytes mean the same in 32-bit and 64-bit code.
#include <string.h>

#include "bench.h"

enum { kCodeSize = 256 * 1024 };
static uint8_t* code;

void setup_code(void) {
  if (!code) code = map_pages(kCodeSize, 1);
}

// Calls code with EAX = a, ECX = c, EDX = d and an address in RDI; EAX comes back.
static uint32_t call_code(const void* function, uint32_t a, uint32_t c, uint32_t d, void* address) {
#ifdef __x86_64__
  __asm__ volatile("sub $128, %%rsp\n\tcall *%[f]\n\tadd $128, %%rsp"
                   : "+a"(a), "+c"(c), "+d"(d)
                   : [f] "r"(function), "D"(address)
                   : "memory", "cc");
#else
  __asm__ volatile("call *%[f]"
                   : "+a"(a), "+c"(c), "+d"(d)
                   : [f] "r"(function), "D"(address)
                   : "memory", "cc");
#endif
  return a;
}

uint64_t unit_smc_hot(void) {
  static const uint8_t kLoop[] = {
      0x89, 0x0f,           // mov [edi], ecx     writes the constant of the next instruction
      0xba, 0,    0, 0, 0,  // mov edx, constant
      0x01, 0xd0,           // add eax, edx
      0xff, 0xc9,           // dec ecx
      0x75, 0xf3,           // jnz to the start
      0xc3,                 // ret
  };
  memcpy(code, kLoop, sizeof kLoop);
  return call_code(code, 0, 100000, 0, code + 3);
}

static uint8_t* put_constant(uint8_t* at, uint8_t opcode, uint32_t constant) {
  *at++ = opcode;
  memcpy(at, &constant, sizeof constant);
  return at + sizeof constant;
}

// Eight operations on EAX with constants from the seed, in a loop of eight turns.
static uint8_t* write_function(uint8_t* at, uint32_t* seed) {
  static const uint8_t kOperations[] = {0x05, 0x2d, 0x35, 0x05};  // add, sub, xor, add eax, constant
  at = put_constant(at, 0xb9, 8);                                 // mov ecx, 8
  uint8_t* loop = at;
  for (int i = 0; i < 8; i++) at = put_constant(at, kOperations[next_random(seed) & 3], next_random(seed));
  *at++ = 0xff, *at++ = 0xc9;                          // dec ecx
  *at++ = 0x75, *at = (uint8_t)(loop - at - 1), at++;  // jnz loop
  *at++ = 0xc3;                                        // ret
  return at;
}

uint64_t unit_smc_jit(void) {
  enum { kFunctions = 512, kSpace = 64 };
  uint32_t seed = 31, sum = 0;
  for (int repeat = 0; repeat < 4; repeat++) {
    for (int i = 0; i < kFunctions; i++) {
      uint8_t* function = code + 4096 + (uint64_t)i * kSpace;
      write_function(function, &seed);
      for (uint32_t call = 0; call < 12; call++) sum = call_code(function, sum + call, 0, 0, 0);
    }
    for (int i = 0; i < kFunctions; i++) sum = call_code(code + 4096 + (uint64_t)i * kSpace, sum, 0, 0, 0);
  }
  return sum;
}

uint64_t unit_smc_data(void) {
  static const uint8_t kLoop[] = {
      0xff, 0x07,        // inc dword [edi]
      0x03, 0x07,        // add eax, [edi]
      0x31, 0x47, 0x04,  // xor [edi + 4], eax
      0xff, 0xc9,        // dec ecx
      0x75, 0xf5,        // jnz to the start
      0xc3,              // ret
  };
  enum { kDataOffset = 2048 };
  memcpy(code, kLoop, sizeof kLoop);
  memset(code + kDataOffset, 0, 64);
  uint32_t sum = call_code(code, 0, 200000, 0, code + kDataOffset);
  uint32_t other;
  memcpy(&other, code + kDataOffset + 4, sizeof other);
  return mix(sum, other);
}
