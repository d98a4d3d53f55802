// The debug console of Bochs and its successors: a port (0xE9) whose reads say that it is there and whose
// writes are characters.
#pragma once

#include <cstdint>

#include "devices/core/char_sink.h"
#include "memory/bus.h"

namespace ilse::dev {

class Debugcon : public mem::PortDevice {
 public:
  static constexpr uint8_t kPresent = 0xE9;

  explicit Debugcon(CharSink& out) : out_(out) {}

  // One port, width 1. It has no state.
  uint32_t port_read(uint16_t, unsigned, mem::VTime) override { return kPresent; }
  void port_write(uint16_t, unsigned, uint32_t value, mem::VTime) override {
    out_.put(static_cast<uint8_t>(value));
  }
  uint32_t port_peek(uint16_t, unsigned, mem::VTime) const override { return kPresent; }

 private:
  CharSink& out_;
};

}  // namespace ilse::dev
