// The CRC32 instruction's sum: bit-reversed polynomial 11EDC6F41h (Intel SDM vol. 2, CRC32).
#pragma once

#include <array>
#include <cstdint>

namespace ilse::cpu::sem {

inline constexpr auto kCrcTable = [] {
  std::array<uint32_t, 256> t{};
  for (uint32_t k = 0; k < 256; ++k) {
    uint32_t v = k;
    for (int bit = 0; bit < 8; ++bit) v = v >> 1 ^ ((v & 1) != 0 ? 0x82F63B78u : 0u);
    t[k] = v;
  }
  return t;
}();

inline uint32_t crc32(uint32_t sum, uint64_t data, unsigned bytes) {
  for (unsigned k = 0; k < bytes; ++k) sum = sum >> 8 ^ kCrcTable[(sum ^ data >> 8 * k) & 0xFF];
  return sum;
}

}  // namespace ilse::cpu::sem
