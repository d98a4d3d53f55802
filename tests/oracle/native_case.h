// What a native run takes and gives: one instruction (or a short sequence) with the complete
// user-visible state before and after it. Both sides of a comparison, the host's processor and
// the emulated one, are described by these types (Intel SDM vol. 1 ch. 3, vol. 1 ch. 13 for the
// XSAVE image).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace ilse::oracle {

// The width of the code segment: 16- and 32-bit code runs in compatibility mode.
enum class Mode : std::uint8_t { k16, k32, k64 };

// How a run ends when nothing faults.
enum class End : std::uint8_t {
  kStep,        // after one instruction, by EFLAGS.TF (which the instruction can see, e.g. PUSHF)
  kBreakpoint,  // at an INT3 that the runner places behind the code; TF stays as the case has it
};

enum class Outcome : std::uint8_t {
  kCompleted,  // the instruction retired and RIP left it, or the sequence reached its end
  kStepLimit,  // step_limit single steps done and RIP is still at the start (REP, JMP to itself)
  kFault,      // vector, error_code and cr2 say which
  kSyscall,    // the code asked the host's kernel for something and was stopped
  kRejected,   // never ran: see native_rejects()
  kCrashed,    // the process that ran it died; nothing else in the result is meaningful
  kTimeout,    // it did not end within the runner's time limit; likewise
};

// General registers are indexed by their encoding: RAX RCX RDX RBX RSP RBP RSI RDI R8..R15.
enum Gpr : std::uint8_t { kRax, kRcx, kRdx, kRbx, kRsp, kRbp, kRsi, kRdi };

// Segment registers by their encoding.
enum Sreg : std::uint8_t { kEs, kCs, kSs, kDs, kFs, kGs };

inline constexpr std::uint64_t kCf = 1U << 0, kPf = 1U << 2, kAf = 1U << 4, kZf = 1U << 6, kSf = 1U << 7,
                               kTf = 1U << 8, kIf = 1U << 9, kDf = 1U << 10, kOf = 1U << 11, kNt = 1U << 14,
                               kRf = 1U << 16, kAc = 1U << 18, kId = 1U << 21;
inline constexpr std::uint64_t kStatusFlags = kCf | kPf | kAf | kZf | kSf | kOf;
// What a case may set. IF reads as 1 and IOPL as 0 throughout, and user code can change neither.
inline constexpr std::uint64_t kUserFlags = kStatusFlags | kTf | kDf | kNt | kAc | kId;

// The standard-format XSAVE area up to and including the AVX component.
struct XsaveImage {
  struct Lane {
    std::array<std::uint64_t, 2> word{};
    bool operator==(const Lane&) const = default;
  };
  std::uint16_t fcw = 0x37f;
  std::uint16_t fsw = 0;
  std::uint8_t ftw = 0;  // abridged: bit n is set when physical register n is not empty
  std::uint8_t reserved0 = 0;
  std::uint16_t fop = 0;
  std::uint64_t fip = 0;
  std::uint64_t fdp = 0;
  std::uint32_t mxcsr = 0x1f80;
  std::uint32_t mxcsr_mask = 0;
  std::array<Lane, 8> st{};  // ST(i): significand, then sign and exponent in the low 16 bits
  std::array<Lane, 16> xmm{};
  std::array<Lane, 6> reserved1{};
  std::uint64_t xstate_bv = 7;
  std::uint64_t xcomp_bv = 0;
  std::array<std::uint64_t, 6> reserved2{};
  std::array<Lane, 16> ymm_high{};
};
static_assert(sizeof(XsaveImage) == 832);

// Bytes at a linear address.
struct MemoryRun {
  std::uint64_t address = 0;
  std::vector<std::uint8_t> bytes;
  bool operator==(const MemoryRun&) const = default;
};

struct CaseState {
  Mode mode = Mode::k64;
  End end = End::kStep;
  std::uint32_t step_limit = 1;         // single steps at most; matters to REP forms only
  std::uint64_t rip = 0;                // offset in CS; in linear memory below 4 GiB
  std::uint64_t flags = 0;              // kUserFlags
  std::array<std::uint64_t, 16> gpr{};  // 16- and 32-bit code: the low halves of the first eight;
                                        // 16-bit code starts with the upper half of ESP zero
  std::array<std::uint64_t, 6> base{};  // 64-bit code: FS and GS only
  XsaveImage fx{};
};

struct Case : CaseState {
  std::vector<std::uint8_t> code;  // placed at CS:rip
  std::vector<MemoryRun> memory;   // over the layout's background
};

struct ResultState {
  Outcome outcome = Outcome::kCrashed;
  std::uint8_t vector = 0;
  std::uint32_t error_code = 0;
  std::uint32_t steps = 0;
  std::uint64_t cr2 = 0;    // page faults only
  std::uint64_t rip = 0;    // a fault's own instruction; behind the instruction for #BP, #OF by INTO, #DB
  std::uint64_t flags = 0;  // without TF, IF and RF
  std::array<std::uint64_t, 16> gpr{};  // cut to the mode's width
  std::array<std::uint16_t, 6> selector{};
  std::uint64_t fs_base = 0;
  std::uint64_t gs_base = 0;
  XsaveImage fx{};
};

struct Result : ResultState {
  std::vector<MemoryRun> changes;  // maximal runs of bytes that differ from before, by address
};

// A piece of guest memory that exists in every case of a runner: page-aligned, all of it
// readable. Everything else below 4 GiB is unmapped.
struct Window {
  std::uint64_t address = 0;
  std::vector<std::uint8_t> background;  // its size is the window's, a multiple of 4096
  bool writable = true;
  bool executable = false;
};
using Layout = std::vector<Window>;

// The selectors that a case starts with: the host kernel's flat ones (CS 0x23 or 0x33, data 0x2b,
// null for the data segments of 64-bit code), or local descriptors where a base calls for it:
// limit 64 KiB in 16-bit code, 4 GiB in 32-bit code.
inline std::array<std::uint16_t, 6> initial_selectors(const CaseState& state) {
  if (state.mode == Mode::k64) return {0, 0x33, 0x2b, 0, 0, 0};
  std::array<std::uint16_t, 6> selector{};
  for (unsigned i = 0; i < 6; ++i) {
    if (state.mode == Mode::k16) {
      selector[i] = static_cast<std::uint16_t>(i << 3 | 7);
    } else if (state.base[i] != 0) {
      selector[i] = static_cast<std::uint16_t>((i + 8) << 3 | 7);
    } else {
      selector[i] = i == kCs ? 0x23 : 0x2b;
    }
  }
  return selector;
}

// The maximal runs of bytes in which `after` differs from `before`, appended to `out`.
inline void append_changes(std::uint64_t address, const std::uint8_t* before, const std::uint8_t* after,
                           std::size_t size, std::vector<MemoryRun>& out) {
  for (std::size_t i = 0; i < size;) {
    if (before[i] == after[i]) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < size && before[end] != after[end]) ++end;
    out.push_back({address + i, {after + i, after + end}});
    i = end;
  }
}

}  // namespace ilse::oracle
