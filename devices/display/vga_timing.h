// Where the beam is: the CRTC's counters as a function of virtual time, for the retrace bits of Input Status
// 1 and for blinking. Nothing is counted, so that it costs nothing while nobody looks.
#pragma once

#include "devices/display/vga_registers.h"
#include "memory/types.h"

namespace ilse::dev {

struct BeamPosition {
  unsigned line = 0;              // 0 is the topmost that is displayed
  bool blank = false;             // horizontal or vertical: not showing memory
  bool vertical_retrace = false;  // within the sync pulse
  uint64_t frame = 0;             // frames since power-on at the current timing
};

BeamPosition beam_position(const VgaRegisters& regs, mem::VTime now);

// 0..3, a step every 8 frames: the cursor shows in even phases, blinking characters in phases 0 and 1.
unsigned blink_phase(const VgaRegisters& regs, mem::VTime now);
// When the next phase begins.
mem::VTime next_blink(const VgaRegisters& regs, mem::VTime now);

}  // namespace ilse::dev
