// What a chip shows to the processor's two buses. Offsets are relative to where the board put the
// chip; a chip never knows its own address.
#pragma once

#include <cstdint>

#include "memory/types.h"

namespace ilse::mem {

// Registers in the I/O space. `width` is 1, 2 or 4 bytes and never more than what the board declared
// when it mapped the device: IoBus splits wider accesses. Upper bits of a narrow value are zero.
class PortDevice {
 public:
  virtual ~PortDevice() = default;
  virtual uint32_t port_read(uint16_t offset, unsigned width, VTime now) = 0;
  virtual void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) = 0;
  // What port_read would give, with no side effect, for debuggers.
  virtual uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const = 0;
};

// Registers in the memory space. `width` is 1, 2, 4 or 8 bytes; an access never crosses the region's
// end nor an 8-byte boundary.
class MmioDevice {
 public:
  virtual ~MmioDevice() = default;
  virtual uint64_t mmio_read(uint64_t offset, unsigned width, VTime now) = 0;
  virtual void mmio_write(uint64_t offset, unsigned width, uint64_t value, VTime now) = 0;
  virtual uint64_t mmio_peek(uint64_t offset, unsigned width, VTime now) const = 0;
};

}  // namespace ilse::mem
