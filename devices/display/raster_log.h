// The registers that a frame was drawn with, where the guest changed them while the beam was on its way: for
// split palettes, moving borders and all that demos and games do between two lines. A picture of the last
// whole frame is then drawn with each line's own registers. No part of the state: what it holds is over.
#pragma once

#include <cstdint>
#include <vector>

#include "devices/display/vga_registers.h"
#include "memory/types.h"

namespace ilse::dev {

// The registers for each line of a frame.
class Raster {
 public:
  // All lines alike.
  explicit Raster(const VgaRegisters& regs) : last_(&regs) {}

  const VgaRegisters& first() const { return part(0); }
  const VgaRegisters& at(unsigned line) const {
    size_t i = 0;
    while (parts_ != nullptr && i < parts_->size() && (*parts_)[i].end <= line) ++i;
    return part(i);
  }

 private:
  friend class RasterLog;
  // The lines before `end` that no part before it has.
  struct Part {
    unsigned end;
    VgaRegisters regs;
  };
  const VgaRegisters& part(size_t i) const {
    return parts_ != nullptr && i < parts_->size() ? (*parts_)[i].regs : *last_;
  }
  const std::vector<Part>* parts_ = nullptr;
  const VgaRegisters* last_;  // from the last part's end on
};

class RasterLog {
 public:
  // Before a register that shows changes, at `now`.
  void before_change(const VgaRegisters& regs, mem::VTime now);
  // The timing changes: lines have another meaning.
  void clear();

  // The frame to show at `now`, given the registers of the moment; they and the log have to stay.
  Raster raster(const VgaRegisters& regs, mem::VTime now) const;
  // Differs where the frames to show may: 0 when the registers of the moment are all there is.
  uint64_t id(const VgaRegisters& regs, mem::VTime now) const;

 private:
  struct Frame {
    uint64_t number = 0;
    bool closed = false;  // the last part reaches to the frame's end
    std::vector<Raster::Part> parts;
  };
  const Frame* shown(const VgaRegisters& regs, mem::VTime now) const;
  Frame current_, previous_;
};

}  // namespace ilse::dev
