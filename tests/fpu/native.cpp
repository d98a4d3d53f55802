// Writes and runs the oracle's machine code: see native.h.
#include "fpu/native.h"

#include <sys/mman.h>

#include <stdexcept>

namespace fpu_test {

namespace {
constexpr size_t kCodeSize = 4096;
}

Native::Native(const std::vector<uint8_t>& instruction) {
  std::vector<uint8_t> code{0x51};                    // push rcx
  code.insert(code.end(), {0x48, 0x0F, 0xAE, 0x0F});  // fxrstor64 [rdi]
  code.insert(code.end(), {0x48, 0x8B, 0x01});        // mov rax, [rcx]
  code.insert(code.end(), instruction.begin(), instruction.end());
  code.insert(code.end(), {0x48, 0x0F, 0xAE, 0x02});  // fxsave64 [rdx]
  code.insert(code.end(),
              {0x9C, 0x41, 0x58, 0x59, 0x48, 0x89, 0x01});        // pushfq; pop r8; pop rcx; mov [rcx], rax
  code.insert(code.end(), {0xDB, 0xE3, 0x4C, 0x89, 0xC0, 0xC3});  // fninit; mov rax, r8; ret
  code_ = mmap(nullptr, kCodeSize, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (code_ == MAP_FAILED) throw std::runtime_error("no executable memory for the oracle");
  std::memcpy(code_, code.data(), code.size());
}

Native::~Native() { munmap(code_, kCodeSize); }

uint64_t Native::run(const FxArea& in, Operand& operand, FxArea& out, uint64_t* rax) const {
  using Code = uint64_t (*)(const void*, void*, void*, uint64_t*);
  Code code = nullptr;
  std::memcpy(&code, &code_, sizeof code);
  uint64_t spare = 0;
  uint32_t mxcsr = 0;
  asm volatile("stmxcsr %0" : "=m"(mxcsr));
  const uint64_t flags =
      code(in.bytes.data(), operand.bytes.data(), out.bytes.data(), rax != nullptr ? rax : &spare);
  asm volatile("ldmxcsr %0" : : "m"(mxcsr));
  return flags;
}

}  // namespace fpu_test
