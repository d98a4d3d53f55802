// The bus-master registers of one IDE channel and the walk over its physical region descriptors. Intel
// 82371SB (PIIX3) datasheet, 2.7 and "Programming Interface for Bus Master IDE Controller", revision 1.0.
#pragma once

#include <array>
#include <cstdint>

#include "devices/disk/ide_cable.h"
#include "memory/phys_map.h"
#include "memory/state_visitor.h"

namespace ilse::dev {

class IdeChannel;

class BusMaster : public DmaMover {
 public:
  BusMaster(mem::PhysMap& map, IdeChannel& channel) : map_(map), channel_(channel) {}

  // Offsets 0-7 of the channel's block, a byte at a time: command, status, and the descriptor table pointer.
  uint8_t read(unsigned offset) const;
  void write(unsigned offset, uint8_t value, mem::VTime now);
  void reset() { s_ = {}; }

  // Bus Master Enable of the PCI command register.
  void set_enabled(bool enabled) { enabled_ = enabled; }
  // The channel's interrupt line rose.
  void interrupt() { s_.status |= kInterrupt; }
  bool active() const { return (s_.status & kActive) != 0; }

  size_t to_memory(std::span<const uint8_t> from, mem::VTime now) override;
  size_t from_memory(std::span<uint8_t> to, mem::VTime now) override;

  void visit_state(mem::StateVisitor& v) { v("bus_master", s_); }

 private:
  static constexpr uint8_t kStart = 0x01, kToMemory = 0x08;                                   // command
  static constexpr uint8_t kActive = 0x01, kError = 0x02, kInterrupt = 0x04, kDrives = 0x60;  // status

  struct State {
    uint8_t command = 0;
    uint8_t status = 0;
    uint32_t table = 0;
    uint32_t next = 0;       // address of the next descriptor
    uint32_t address = 0;    // of the current region
    uint32_t remaining = 0;  // bytes left in it
    bool last = false;       // it is the table's last
    static constexpr std::array kNames{"command", "status", "table", "next", "address", "remaining", "last"};
  };

  // Loads the next descriptor when the current region is used up.
  void region(mem::VTime now);
  template <class F>
  size_t move(size_t size, bool to_memory, mem::VTime now, F f);

  State s_;
  mem::PhysMap& map_;
  IdeChannel& channel_;
  bool enabled_ = false;
};

}  // namespace ilse::dev
