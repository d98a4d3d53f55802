// pvpanic on ISA (port 0x505): the guest's kernel says that it has panicked. The register is the one of
// QEMU's docs/specs/pvpanic.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "memory/bus.h"
#include "memory/event_log.h"

namespace ilse::dev {

class Pvpanic : public mem::PortDevice {
 public:
  enum Event : uint8_t { kPanicked = 1, kCrashLoaded = 2 };
  using Handler = std::function<void(uint8_t events)>;

  // `handler` gets the known event bits of each write that has any.
  Pvpanic(mem::EventLog& log, Handler handler) : log_(log), handler_(std::move(handler)) {}

  // One port, width 1. Reads give the events that are known. It has no state.
  uint32_t port_read(uint16_t, unsigned, mem::VTime) override { return kPanicked | kCrashLoaded; }
  void port_write(uint16_t, unsigned, uint32_t value, mem::VTime) override;
  uint32_t port_peek(uint16_t, unsigned, mem::VTime) const override { return kPanicked | kCrashLoaded; }

 private:
  mem::EventLog& log_;
  Handler handler_;
};

}  // namespace ilse::dev
