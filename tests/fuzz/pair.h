// Two processors with a small board each, one interpreting and one translating, that run the same bytes from
// the same state: what the fuzzers run. An input is a header (mode, control bits, seeds) and code; every byte
// string is one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace ilse::test {

inline constexpr size_t kFuzzHeader = 16;
inline constexpr size_t kFuzzCode = 240;  // bytes at most; what is beyond is ignored

class FuzzPair {
 public:
  FuzzPair();
  ~FuzzPair();
  // Runs one input, in bounded time. What differs between the engines, as lines; "" if nothing does.
  std::string run(std::span<const uint8_t> input);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ilse::test
