// The way into guest code on the host's processor and back: a control block at a fixed address
// and the three pieces of assembly that use it. IRETQ loads CS:RIP, RFLAGS and SS:RSP for all
// three code widths (SDM vol. 2, IRET); every way out is a signal, whose frame holds the state.
#pragma once

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>

#include <ucontext.h>

#include "oracle/native_case.h"

namespace ilse::oracle {

// IRETQ to a 16-bit stack segment loads SP only: bits 31:16 of ESP stay those of the stack pointer
// that IRETQ popped from. The control block's address has them zero. It is out of reach of 32-bit code.
inline constexpr std::uint64_t kControlAddress = 0x7e00'0000'0000;
inline constexpr std::size_t kControlSize = 0x10000;
inline constexpr std::size_t kSignalStackSize = 0x20000;

struct Control {
  std::uint64_t host_rsp;
  std::uint64_t host_fs_base;
  std::uint64_t host_gs_base;
  siginfo_t* info;
  ucontext_t* context;
  std::uint64_t component_mask;              // XRSTOR's: x87, SSE and AVX where the host has it
  std::uint64_t load_bases;                  // not 0: FS and GS bases from below, else from the descriptors
  std::array<std::uint16_t, 4> selector_in;  // ES DS FS GS
  std::uint64_t fs_base_in;
  std::uint64_t gs_base_in;
  std::array<std::uint16_t, 4> selector_out;  // ES DS FS GS
  std::uint64_t fs_base_out;
  std::uint64_t gs_base_out;
  std::array<std::uint64_t, 3> pad;
  std::array<std::uint64_t, 16> gpr;
  std::uint64_t rip, cs, rflags, rsp, ss;  // what IRETQ pops
  alignas(64) XsaveImage fx;
};
static_assert(offsetof(Control, context) == 32 && offsetof(Control, selector_in) == 56 &&
              offsetof(Control, selector_out) == 80 && offsetof(Control, gs_base_out) == 96 &&
              offsetof(Control, gpr) == 128 && offsetof(Control, rip) == 256 && offsetof(Control, fx) == 320);

extern "C" {
// Loads the control block's state and runs it until a signal comes; then `context` and `info`
// point into the signal's frame, which stays intact until the next entry.
void ilse_native_enter();
// Goes on from the last signal's frame and the last selectors until the next signal.
void ilse_native_resume();
// The handler of every signal that guest code can raise. Leaves the frame on the signal stack
// and returns from ilse_native_enter or _resume, in the state the kernel starts handlers in:
// x87 and MXCSR at their defaults.
void ilse_native_signal(int signal, siginfo_t* info, void* context);
}

}  // namespace ilse::oracle
