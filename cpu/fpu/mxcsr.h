// MXCSR: the guest's rounding, DAZ and FTZ on the host while guest code runs, the sticky flags back
// afterwards, and SIMD exceptions that the guest has unmasked (Intel SDM vol. 1, 10.2.3 and 11.5).
//
// How a caller uses it:
// - Around a run of guest code it holds an MxcsrScope made from the guest's MXCSR; LDMXCSR, FXRSTOR and the
//   like call load(). STMXCSR, FXSAVE and the end of the run call collect() first: until then new
//   flags are in the host's register only. Inside a scope nothing but guest operations may
//   compute in floating point; a call out to code that does goes inside an MxcsrPause.
// - While all exceptions are masked (sse_all_masked: a property of the block) an operation is a plain call.
// - Otherwise it goes through sse_checked(), which says whether to raise #XM (#UD without
//   CR4.OSXMMEXCPT) before anything is written.
#pragma once

#include <cstdint>
#include <type_traits>

#include "cpu/fpu/xmm.h"

namespace ilse::cpu {

namespace mxcsr {
inline constexpr uint32_t kIE = 0x01, kDE = 0x02, kZE = 0x04, kOE = 0x08, kUE = 0x10, kPE = 0x20;
inline constexpr uint32_t kFlags = 0x3F, kPreComputation = kIE | kDE | kZE;
inline constexpr uint32_t kDaz = 0x0040, kMasks = 0x1F80, kRounding = 0x6000, kFtz = 0x8000;
inline constexpr int kMaskShift = 7;
inline constexpr uint32_t kReset = 0x1F80;
inline constexpr uint32_t kWritable = 0xFFFF;  // MXCSR_MASK of FXSAVE; other bits in LDMXCSR are #GP

inline uint32_t read_host() {
  uint32_t v = 0;
  asm volatile("stmxcsr %0" : "=m"(v));
  return v;
}
inline void write_host(uint32_t v) { asm volatile("ldmxcsr %0" : : "m"(v)); }
}  // namespace mxcsr

inline bool sse_all_masked(uint32_t guest) { return (guest & mxcsr::kMasks) == mxcsr::kMasks; }

class MxcsrScope {
 public:
  explicit MxcsrScope(uint32_t guest) : saved_(mxcsr::read_host()) { load(guest); }
  ~MxcsrScope() { mxcsr::write_host(saved_); }
  MxcsrScope(const MxcsrScope&) = delete;
  MxcsrScope& operator=(const MxcsrScope&) = delete;

  static void load(uint32_t guest) { mxcsr::write_host((guest & mxcsr::kWritable) | mxcsr::kMasks); }
  static void collect(uint32_t& guest) { guest |= mxcsr::read_host() & mxcsr::kFlags; }

 private:
  uint32_t saved_;
};

class MxcsrPause {
 public:
  MxcsrPause() : saved_(mxcsr::read_host()) { mxcsr::write_host(mxcsr::kReset); }
  ~MxcsrPause() { mxcsr::write_host(saved_); }
  MxcsrPause(const MxcsrPause&) = delete;
  MxcsrPause& operator=(const MxcsrPause&) = delete;

 private:
  uint32_t saved_;
};

// The elements of a result that an operation rounds, where a tiny one is an underflow. Comparisons, minima,
// and conversions to integers or to wider values have none.
enum class SseRounds : uint8_t {
  kNothing,
  kScalarSingle,
  kPackedSingle,
  kScalarDouble,
  kPackedDouble,
  kPackedHalf
};

bool sse_has_tiny(const Xmm& v, SseRounds rounds);
inline bool sse_has_tiny(const Ymm& v, SseRounds rounds) {
  return sse_has_tiny(v.lane[0], rounds) || sse_has_tiny(v.lane[1], rounds);
}

template <class T>
struct SseOutcome {
  T value;         // to be written if not fault
  uint32_t mxcsr;  // the guest's MXCSR with the new flags, to be written in either case
  bool fault;
};

// Runs op() under the guest's MXCSR with no flags, and finds what it would have raised. Beside an unmasked OE
// or UE, PE is as for the masked result: sse_inexact.h knows better.
template <class Op>
auto sse_checked(uint32_t guest, SseRounds rounds, Op op) -> SseOutcome<decltype(op())> {
  using namespace mxcsr;
  const uint32_t host = read_host();
  const uint32_t masked = (guest >> kMaskShift) & kFlags;
  uint32_t control = ((guest & kWritable) | kMasks) & ~kFlags;
  // Unmasked underflow switches flush-to-zero off, and exact tiny results count as well.
  if ((masked & kUE) == 0) control &= ~kFtz;
  write_host(control);
  auto value = op();
  uint32_t flags = read_host() & kFlags;
  write_host(host);
  if constexpr (std::is_same_v<decltype(value), Xmm> || std::is_same_v<decltype(value), Ymm>) {
    if ((masked & kUE) == 0 && sse_has_tiny(value, rounds)) flags |= kUE;
  }
  if ((flags & ~masked & kPreComputation) != 0) flags &= kPreComputation;
  return {value, guest | flags, (flags & ~masked) != 0};
}

}  // namespace ilse::cpu
