// The windows and registers that this folder's tests start from: code at 0x20000 and data at
// 0x40000, stack in its upper part, so that every mode can reach both.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>

#include <catch2/catch.hpp>

#include "oracle/native.h"
#include "oracle/values.h"

namespace ilse::oracle {

inline constexpr std::uint64_t kCodeAddress = 0x20000;
inline constexpr std::uint64_t kDataAddress = 0x40000;
inline constexpr std::uint64_t kDataSize = 0x4000;

inline Layout test_layout() {
  Random random(1);
  std::vector<std::uint8_t> data(kDataSize);
  for (auto& byte : data) byte = static_cast<std::uint8_t>(random.next());
  return {{kCodeAddress, std::vector<std::uint8_t>(0x1000, 0x90), false, true},
          {kDataAddress, data, true, true}};
}

// Code in the code window; every register zero but the stack pointer. In 16-bit code CS lies
// over the code window and the other segments over the data window.
inline Case test_case(Mode mode, std::vector<std::uint8_t> code) {
  Case c;
  c.mode = mode;
  c.code = std::move(code);
  if (mode == Mode::k16) {
    c.base = {kDataAddress, kCodeAddress, kDataAddress, kDataAddress, kDataAddress, kDataAddress};
    c.rip = 0x100;
    c.gpr[kRsp] = kDataSize - 0x800;
  } else {
    c.rip = kCodeAddress + 0x100;
    c.gpr[kRsp] = kDataAddress + kDataSize - 0x800;
  }
  return c;
}

// No value, and a warning in the test's output, where the host or its sandbox can't run code natively.
inline std::unique_ptr<NativeRunner> test_runner() {
  try {
    return std::make_unique<NativeRunner>(test_layout());
  } catch (const std::runtime_error& error) {
    WARN("skipped: " << error.what());
    return nullptr;
  }
}

}  // namespace ilse::oracle
