// What every chip of the machine is: a name, a reset, and one walk over its state.
#pragma once

#include <string_view>

#include "memory/state_visitor.h"

namespace ilse::dev {

// PowerOn clears everything; Hard is the RESET# pin (battery-backed and memory contents stay).
enum class ResetKind { PowerOn, Hard };

class Device {
 public:
  Device() = default;
  virtual ~Device() = default;
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  virtual std::string_view name() const = 0;
  virtual void reset(ResetKind kind) = 0;
  // Covers everything that the guest could ever observe. After a load (v.loading()) the device has
  // re-derived what it computes from the state and has driven its output lines again.
  virtual void visit_state(mem::StateVisitor& v) = 0;
};

}  // namespace ilse::dev
