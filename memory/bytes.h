// Numbers of 1, 2, 4 or 8 bytes in memory, little-endian as the host is. The width is tested, not passed on:
// a copy of unknown length is a call.
#pragma once

#include <cstdint>
#include <cstring>

namespace ilse::mem {

inline uint64_t load_bytes(const uint8_t* at, unsigned width) {
  auto load = [at]<class T>(T v) -> uint64_t {
    std::memcpy(&v, at, sizeof v);
    return v;
  };
  switch (width) {
    case 1: return *at;
    case 2: return load(uint16_t{});
    case 4: return load(uint32_t{});
    default: return load(uint64_t{});
  }
}

inline void store_bytes(uint8_t* at, unsigned width, uint64_t value) {
  auto store = [at]<class T>(T v) { std::memcpy(at, &v, sizeof v); };
  switch (width) {
    case 1: *at = static_cast<uint8_t>(value); break;
    case 2: store(static_cast<uint16_t>(value)); break;
    case 4: store(static_cast<uint32_t>(value)); break;
    default: store(value);
  }
}

}  // namespace ilse::mem
