// Runs instructions on the host's own processor, which is the reference for results, flags and
// faults of user-mode code in all three widths. Linux on x86-64 with FSGSBASE only. The code runs in a
// child process that has nothing but the layout's windows below 4 GiB and whose system calls
// from there are stopped, so that whatever an instruction does costs at most that child.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "oracle/native_case.h"

namespace ilse::oracle {

// True for code that must not be tried: its first instruction is a system call (SYSCALL,
// SYSENTER, INT 0x80), or one that the host's kernel may emulate instead of the processor
// (SGDT, SIDT, SLDT, STR, SMSW under UMIP). Such a case gives Outcome::kRejected.
bool native_rejects(std::span<const std::uint8_t> code, Mode mode);

// True if the first instruction may lock the bus: a LOCK prefix, or XCHG with memory. Linux answers such an
// access across a cache line (64 bytes) by slowing the process down, by seconds (sysctl
// kernel.split_lock_mitigate), so that the case may end as Outcome::kTimeout: cases are better made without.
bool native_locks(std::span<const std::uint8_t> code, Mode mode);

class NativeRunner {
 public:
  // Throws std::runtime_error with the reason when the host can't do it or the layout is bad: a window
  // that is unaligned, empty, overlapping, below 64 KiB, not below 4 GiB, or 1 MiB in all.
  // A case that has not ended after `time_limit_ms` to twice that (an endless loop) gives Outcome::kTimeout.
  explicit NativeRunner(Layout layout, int time_limit_ms = 5000);
  ~NativeRunner();
  NativeRunner(const NativeRunner&) = delete;
  NativeRunner& operator=(const NativeRunner&) = delete;

  // Each case starts from the layout's background. Throws std::runtime_error for a case that does
  // not fit the layout (code or memory outside of the windows).
  std::vector<Result> run(std::span<const Case> cases);
  Result run(const Case& one) { return run(std::span(&one, 1)).front(); }

  // How many child processes died or hung so far.
  unsigned restarts() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ilse::oracle
