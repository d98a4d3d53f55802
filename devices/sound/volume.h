// Attenuation in steps of a number of decibels, as 16.16 fixed point.
#pragma once

#include <cstdint>

namespace ilse::dev {

inline constexpr uint32_t kUnityVolume = 1 << 16;

// `factor`: one step, 0.16 fixed point.
constexpr uint32_t attenuated(unsigned steps, uint32_t factor) {
  uint64_t v = kUnityVolume;
  for (unsigned i = 0; i < steps && v != 0; ++i) v = v * factor >> 16;
  return static_cast<uint32_t>(v);
}
inline constexpr uint32_t kStep2Db = 52057, kStep1_5Db = 55142;

constexpr uint32_t multiply(uint32_t a, uint32_t b) { return static_cast<uint32_t>(uint64_t{a} * b >> 16); }

}  // namespace ilse::dev
