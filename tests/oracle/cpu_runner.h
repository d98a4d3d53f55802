// The other side of the comparison: a case of native_case.h on the emulated processor. It runs in long mode
// at privilege 3, as under the host's kernel: the same windows at the same linear addresses and nothing else
// for the user, the same selectors, and an IDT whose handlers only stop.
#pragma once

#include <cstdint>
#include <memory>

#include "oracle/native_case.h"

namespace ilse::oracle {

class CpuRunner {
 public:
  // Windows have to lie below 1 MiB. Throws std::runtime_error otherwise.
  explicit CpuRunner(const Layout& layout);
  ~CpuRunner();
  CpuRunner(const CpuRunner&) = delete;
  CpuRunner& operator=(const CpuRunner&) = delete;

  // Runs `steps` instructions, where an iteration of a repeated string instruction counts as one, or up to a
  // fault. With `trap` EFLAGS.TF is set and ends the run after one, otherwise the instruction counter does.
  Result run(const Case& c, std::uint32_t steps, bool trap);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ilse::oracle
