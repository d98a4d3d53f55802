// The status flags CF, PF, AF, ZF, SF and OF as a lazy pair: the sign-extended result of the last
// flag-setting operation and its carries (Intel SDM vol. 1, §3.4.3.1). An operation stores two words; each
// flag is computed when somebody asks.
//
// aux:  bit 31  carry out of the result's top bit (CF)
//       bit 30  carry into the top bit (OF = bit 31 ^ bit 30)
//       bits 15:8  XORed into the result's low byte before parity is taken
//       bit 3   carry out of bit 3 (AF)
//       bit 0   XORed into the sign
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace ilse::cpu {

enum FlagBits : uint32_t {
  kCF = 1u << 0,
  kPF = 1u << 2,
  kAF = 1u << 4,
  kZF = 1u << 6,
  kSF = 1u << 7,
  kTF = 1u << 8,
  kIF = 1u << 9,
  kDF = 1u << 10,
  kOF = 1u << 11,
  kIOPL = 3u << 12,
  kNT = 1u << 14,
  kRF = 1u << 16,
  kVM = 1u << 17,
  kAC = 1u << 18,
  kVIF = 1u << 19,
  kVIP = 1u << 20,
  kID = 1u << 21,
  kOSZAPC = kCF | kPF | kAF | kZF | kSF | kOF,
  kOSZAP = kOSZAPC & ~kCF,
  kSZAPC = kOSZAPC & ~kOF,
};

// What condition code 0..15 of Jcc, SETcc and CMOVcc looks at.
constexpr uint32_t condition_flags(unsigned code) {
  constexpr uint32_t kBy[8] = {kOF, kCF, kZF, kCF | kZF, kSF, kPF, kSF | kOF, kZF | kSF | kOF};
  return kBy[code / 2 & 7];
}

struct LazyFlags {
  uint64_t result = 1;
  uint32_t aux = 0;

  bool cf() const { return static_cast<int32_t>(aux) < 0; }
  bool of() const { return ((aux ^ aux << 1) >> 31) != 0; }
  bool af() const { return (aux >> 3 & 1) != 0; }
  bool zf() const { return result == 0; }
  bool sf() const { return ((result >> 63) ^ (aux & 1)) != 0; }
  bool pf() const { return (std::popcount(static_cast<uint8_t>(result ^ (aux >> 8))) & 1) == 0; }

  uint32_t get() const {
    return (cf() ? kCF : 0u) | (pf() ? kPF : 0u) | (af() ? kAF : 0u) | (zf() ? kZF : 0u) | (sf() ? kSF : 0u) |
           (of() ? kOF : 0u);
  }
  void set(uint32_t flags) {
    bool z = (flags & kZF) != 0, c = (flags & kCF) != 0, o = (flags & kOF) != 0;
    result = z ? 0 : 1;
    // The low byte of result has even parity when it is 0, odd when it is 1.
    bool even = (flags & kPF) != 0;
    uint32_t parity = even == z ? 0u : 1u;
    aux = (c ? 1u << 31 : 0u) | (c != o ? 1u << 30 : 0u) | parity << 8 | ((flags & kAF) != 0 ? 8u : 0u) |
          ((flags & kSF) != 0 ? 1u : 0u);
  }
  void merge(uint32_t flags, uint32_t mask) { set((get() & ~mask) | (flags & mask)); }
  void set_cf(bool c) {
    // Keeps OF = bit 31 ^ bit 30.
    if (c != cf()) aux ^= 3u << 30;
  }
  // OF and CF alone, as rotates do.
  void set_of_cf(bool o, bool c) {
    aux = (aux & ~(3u << 30)) | (c ? 1u << 31 : 0u) | (c != o ? 1u << 30 : 0u);
  }
};

// Moves the carries of a T-wide operation to where `aux` keeps them.
template <class T>
constexpr uint32_t pack_carries(T carries) {
  if constexpr (sizeof(T) == 4) {
    return carries & (3u << 30 | 8u);
  } else if constexpr (sizeof(T) == 8) {
    return (static_cast<uint32_t>(carries >> 32) & 3u << 30) | (static_cast<uint32_t>(carries) & 8u);
  } else {
    constexpr unsigned shift = 32 - 8 * sizeof(T);
    return (static_cast<uint32_t>(carries) << shift & 3u << 30) | (carries & 8u);
  }
}

template <class T>
constexpr uint64_t sign_extend(T v) {
  return static_cast<uint64_t>(static_cast<int64_t>(static_cast<std::make_signed_t<T>>(v)));
}

}  // namespace ilse::cpu
