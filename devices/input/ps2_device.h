// What hangs on a PS/2 port: a device that takes bytes from the controller and has bytes for it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

#include "memory/types.h"

namespace ilse::dev {

using mem::VTime;

class Ps2Device {
 public:
  virtual ~Ps2Device() = default;
  // A byte from the controller.
  virtual void write(uint8_t byte, VTime now) = 0;
  virtual bool has_byte() const = 0;
  // The next byte for the controller; only when has_byte().
  virtual uint8_t take() = 0;

  // The controller's ear: called whenever the device has got something to send.
  void on_byte(std::function<void(VTime)> f) { on_byte_ = std::move(f); }

 protected:
  void byte_ready(VTime now) {
    if (on_byte_) on_byte_(now);
  }

 private:
  std::function<void(VTime)> on_byte_;
};

// A device's transmit buffer.
struct Ps2Queue {
  static constexpr size_t kSize = 32;
  std::array<uint8_t, kSize> data{};
  uint8_t head = 0;
  uint8_t count = 0;
  static constexpr std::array kNames{"data", "head", "count"};

  size_t room() const { return kSize - count; }
  bool empty() const { return count == 0; }
  // Drops the byte when there is no room.
  void push(uint8_t v) {
    if (room() == 0) return;
    data[(head + count) % kSize] = v;
    ++count;
  }
  uint8_t pop() {
    if (count == 0) return 0;
    uint8_t v = data[head % kSize];
    head = static_cast<uint8_t>((head + 1) % kSize);
    --count;
    return v;
  }
  uint8_t last() const { return count == 0 ? 0 : data[(head + count - 1u) % kSize]; }
  void clear() { head = count = 0; }
};

}  // namespace ilse::dev
