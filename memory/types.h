// The units that every layer shares: guest addresses and virtual time as distinct types, so that a
// physical address is never passed for a linear one, nor nanoseconds for instructions.
#pragma once

#include <compare>
#include <cstdint>

namespace ilse::mem {

// A guest physical address, as it appears on the processor's address pins (after A20 masking).
struct PhysAddr {
  uint64_t v = 0;
  auto operator<=>(const PhysAddr&) const = default;
  constexpr PhysAddr operator+(uint64_t n) const { return {v + n}; }
};

// Virtual time since power-on, in nanoseconds. Derived from retired instructions, never from the host.
struct VTime {
  uint64_t ns = 0;
  auto operator<=>(const VTime&) const = default;
  constexpr VTime operator+(uint64_t d) const { return {d > UINT64_MAX - ns ? UINT64_MAX : ns + d}; }
  constexpr uint64_t operator-(VTime o) const { return ns - o.ns; }
};

inline constexpr VTime kNever{UINT64_MAX};
inline constexpr uint64_t kSecond = 1'000'000'000;  // in VTime's unit

// a * b / c without overflow of the product; b and c are typically a frequency in Hz and kSecond.
constexpr uint64_t muldiv(uint64_t a, uint64_t b, uint64_t c) {
  __extension__ typedef unsigned __int128 Wide;
  return static_cast<uint64_t>(static_cast<Wide>(a) * b / c);
}
// The same, rounded up: the first time at which `a` ticks are complete.
constexpr uint64_t muldiv_up(uint64_t a, uint64_t b, uint64_t c) {
  __extension__ typedef unsigned __int128 Wide;
  return static_cast<uint64_t>((static_cast<Wide>(a) * b + c - 1) / c);
}

inline constexpr unsigned kPageBits = 12;
inline constexpr uint64_t kPageSize = 1u << kPageBits;

}  // namespace ilse::mem
