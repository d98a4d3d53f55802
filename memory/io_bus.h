// The 64 KiB I/O space. Unmapped ports read all ones and swallow writes, as on a board where nothing
// decodes the address.
#pragma once

#include <cstdint>
#include <vector>

#include "memory/bus.h"
#include "memory/event_log.h"

namespace ilse::mem {

class IoBus {
 public:
  explicit IoBus(EventLog& log);

  // Maps `count` ports from `base`; `max_width` is the widest access that the device takes, wider ones
  // are split. A later mapping covers an earlier one; unmap() of it uncovers the earlier one again.
  // `first_offset` is what the device sees for `base`. Returns a handle for unmap().
  int map(uint16_t base, unsigned count, PortDevice& device, unsigned max_width = 1,
          uint16_t first_offset = 0);
  void unmap(int handle);

  uint32_t read(uint16_t port, unsigned width, VTime now);
  void write(uint16_t port, unsigned width, uint32_t value, VTime now);
  uint32_t peek(uint16_t port, unsigned width, VTime now) const;

 private:
  struct Range {
    uint32_t base = 0;
    uint32_t count = 0;  // 0: unmapped
    PortDevice* device = nullptr;
    unsigned max_width = 1;
    uint16_t first_offset = 0;
  };
  const Range* find(uint16_t port, unsigned width) const;
  void paint();

  EventLog& log_;
  std::vector<Range> ranges_;
  std::vector<uint16_t> owner_;  // per port: index into ranges_ + 1, 0 for nobody
};

}  // namespace ilse::mem
