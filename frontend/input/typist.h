// Types a text on the guest's keyboard (US layout), a key at a time and no faster than the guest takes them:
// for "paste text as keystrokes".
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <vector>

#include "devices/core/door.h"
#include "memory/types.h"

namespace ilse::ui {

class Typist {
 public:
  // A key and the next one are at least this far apart, in virtual time.
  static constexpr uint64_t kPeriod = 8'000'000;  // nanoseconds

  // Any thread. What a US keyboard has no key for is left out; the number of characters that were.
  size_t type(std::string_view utf8);
  void stop();
  bool busy() const;

  // Machine thread: the events of the next key, pressed and released, or none. `idle`: the keyboard has
  // nothing left to send.
  std::vector<dev::OutsideEvent> next(bool idle, mem::VTime now);

 private:
  struct Key {
    uint8_t usage;
    bool shift;
  };
  mutable std::mutex mutex_;
  std::deque<Key> keys_;
  mem::VTime earliest_{};
};

}  // namespace ilse::ui
