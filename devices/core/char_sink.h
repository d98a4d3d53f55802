// Where a chip that sends characters (UART, debug console) puts them: a file, a terminal, a test's string.
#pragma once

#include <cstdint>

namespace ilse::dev {

class CharSink {
 public:
  virtual ~CharSink() = default;
  virtual void put(uint8_t byte) = 0;
};

}  // namespace ilse::dev
