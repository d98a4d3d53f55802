// The process in which guest code runs natively: sets itself up for a layout, then runs batches
// of cases until its parent is gone.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "oracle/native_case.h"

namespace ilse::oracle {

inline constexpr std::size_t kMaxLayoutBytes = 1U << 20;

// Shared between the two processes. The results of a case always fit an empty buffer: at worst
// every other byte of the layout has changed.
struct Batch {
  std::uint32_t count;              // cases in `cases`
  std::atomic<std::uint32_t> done;  // results in `results` that are complete
  std::array<std::uint8_t, std::size_t{4} << 20> cases;
  std::array<std::uint8_t, std::size_t{16} << 20> results;
};

// `channel`: the parent writes a byte for each batch; a byte comes back when the batch is done or
// `results` is full, and one at the start: 1 if the host can do it, else 0.
[[noreturn]] void native_child_main(const Layout& layout, Batch& batch, int channel);

}  // namespace ilse::oracle
