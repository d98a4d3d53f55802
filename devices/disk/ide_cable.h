// What a drive and its host adapter see of each other over the cable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "memory/types.h"

namespace ilse::dev {

// The host adapter's end: a drive calls it when a signal it drives has changed.
class IdeCable {
 public:
  virtual ~IdeCable() = default;
  virtual void intrq_changed() = 0;
  // DMARQ is asserted: the adapter calls the drive's run_dma() now or when it is started.
  virtual void dma_requested(mem::VTime now) = 0;
  // True when the other position on the cable has a drive.
  virtual bool has_other_drive(bool device1) const = 0;
};

// The bus master's end of a DMA transfer. Both functions return the bytes moved; fewer than asked for means
// that the adapter is not running in that direction or that its descriptors are used up.
class DmaMover {
 public:
  virtual ~DmaMover() = default;
  virtual size_t to_memory(std::span<const uint8_t> from, mem::VTime now) = 0;
  virtual size_t from_memory(std::span<uint8_t> to, mem::VTime now) = 0;
};

}  // namespace ilse::dev
