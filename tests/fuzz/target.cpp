// The fuzz target (LLVM's interface, taken by libFuzzer and by driver.cpp): both engines run the input; a
// difference between them, a crash, a failed check or a hang is a finding.
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "fuzz/pair.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // One for all inputs: the arenas of a processor take longer to make than an input takes to run.
  static const auto pair = std::make_unique<ilse::test::FuzzPair>();
  const std::string difference = pair->run({data, size});
  if (difference.empty()) return 0;
  std::fprintf(stderr, "the engines differ\n%s", difference.c_str());
  std::abort();
}
