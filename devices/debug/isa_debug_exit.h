// QEMU's isa-debug-exit: a write ends the machine with a status that the guest chooses, never 0. Its ports
// (iobase, iosize) are the board's to map.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "memory/bus.h"

namespace ilse::dev {

class IsaDebugExit : public mem::PortDevice {
 public:
  // Called with the exit code (value << 1) | 1; the host's exit status takes its low 8 bits.
  using Exit = std::function<void(uint32_t code)>;

  explicit IsaDebugExit(Exit exit) : exit_(std::move(exit)) {}

  // Any offset, widths 1, 2, 4. It has no state; reads give zero.
  uint32_t port_read(uint16_t, unsigned, mem::VTime) override { return 0; }
  void port_write(uint16_t, unsigned, uint32_t value, mem::VTime) override { exit_(value << 1 | 1); }
  uint32_t port_peek(uint16_t, unsigned, mem::VTime) const override { return 0; }

 private:
  Exit exit_;
};

}  // namespace ilse::dev
