// Numbers in byte images, little-endian. Reading past the end gives zeros, so that a parser of a hostile file
// need only check what it uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace ilse::dev {

inline uint64_t get_le(std::span<const uint8_t> from, uint64_t at, unsigned width) {
  uint64_t v = 0;
  for (unsigned i = 0; i < width; ++i) {
    if (at < from.size() && from.size() - at > i) v |= static_cast<uint64_t>(from[at + i]) << (8 * i);
  }
  return v;
}
inline uint8_t get8(std::span<const uint8_t> from, uint64_t at) {
  return static_cast<uint8_t>(get_le(from, at, 1));
}
inline uint16_t get16(std::span<const uint8_t> from, uint64_t at) {
  return static_cast<uint16_t>(get_le(from, at, 2));
}
inline uint32_t get32(std::span<const uint8_t> from, uint64_t at) {
  return static_cast<uint32_t>(get_le(from, at, 4));
}

// `at` + `width` must lie within.
inline void set_le(std::span<uint8_t> to, size_t at, uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) to[at + i] = static_cast<uint8_t>(value >> (8 * i));
}
inline void put_le(std::vector<uint8_t>& to, uint64_t value, unsigned width) {
  for (unsigned i = 0; i < width; ++i) to.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace ilse::dev
