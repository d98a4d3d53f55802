// A guest written as assembly that halts with a result in RAX, and the check that both engines give it,
// however its run is cut into slices.
#pragma once

#include <xbyak/xbyak.h>

#include <functional>

#include "jit/bench.h"

namespace ilse::test {

// 64-bit code from kCode on that leaves its result in RAX and halts.
class Guest : public Xbyak::CodeGenerator {
 public:
  Guest() : CodeGenerator(kCodeSize) { setDefaultJmpNEAR(true); }
  uint64_t address() const { return kCode + getSize(); }
  void fill_to(uint64_t offset) {
    while (getSize() < offset) nop();
  }
};

using Between = std::function<void(Bench&, unsigned slice)>;

Program program_of(const Xbyak::CodeGenerator& g, unsigned privilege = 0);
// `between`: called after each slice.
void run_to_halt(Bench& b, const Program& p, unsigned slice, const Between& between = {});
// Both engines, the translating one from the first run of a block on and as usual.
void check(const Guest& g, uint64_t result, const Between& between = {});

}  // namespace ilse::test
