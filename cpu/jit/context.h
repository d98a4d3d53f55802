// What translated code keeps in the processor beside the architectural state, while it runs: scratch, no part
// of any snapshot.
#pragma once

#include <array>
#include <cstdint>

#include "cpu/flags.h"

namespace ilse::cpu::jit {

struct Context {
  // The status flags as LAHF and SETO give them: AH in the high byte, OF in bit 0.
  uint64_t flags = 0;
  uint64_t page = 0;                 // linear address of the page that the running block begins in
  std::array<uint64_t, 4> addend{};  // of accesses that were checked together: host address - linear address
  uint64_t spill = 0;
  std::array<std::array<uint64_t, 4>, 3> lanes{};  // a gather's indices, mask and result
  uint64_t linear = 0;                             // of an access that missed in the TLB; where it goes then
  uint64_t target_rip = 0;                         // of a computed jump under way
  const uint8_t* target = nullptr;                 // where that goes
  uint64_t target_page = 0;                        // `page` there, in code that is not flat
  uint32_t edge = 0;     // where translated code was left for want of a successor: Engine's number of it
  bool faulted = false;  // an access has, and the fault is noted
};

inline uint64_t to_host_flags(uint32_t f) {
  return (f & (kCF | kPF | kAF | kZF | kSF)) << 8 | 2u << 8 | ((f & kOF) != 0 ? 1u : 0u);
}
inline uint32_t from_host_flags(uint64_t h) {
  return (static_cast<uint32_t>(h >> 8) & (kCF | kPF | kAF | kZF | kSF)) | ((h & 1) != 0 ? +kOF : 0u);
}

}  // namespace ilse::cpu::jit
