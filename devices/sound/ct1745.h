// The mixer chip of the Sound Blaster 16, a CT1745 ("Sound Blaster Series Hardware Programming Guide",
// chapter 4): an index and a data register, volumes, and the card's interrupt and DMA settings.
#pragma once

#include <array>
#include <cstdint>

#include "devices/sound/volume.h"
#include "memory/state_visitor.h"

namespace ilse::dev {

class Ct1745 {
 public:
  static constexpr uint8_t kIrqSelect = 0x80, kDmaSelect = 0x81, kIrqStatus = 0x82;

  struct Pair {
    uint32_t left, right;  // 16.16 fixed point, master volume included
  };

  void reset();
  void set_index(uint8_t index) { s_.index = index; }
  uint8_t index() const { return s_.index; }
  // Of the register that is selected; the interrupt status is the card's.
  uint8_t read() const;
  void write(uint8_t value);
  uint8_t reg(uint8_t index) const { return s_.registers[index]; }

  Pair voice() const { return pair(0x32); }
  Pair synthesizer() const { return pair(0x34); }

  void visit_state(mem::StateVisitor& v) { v("mixer", s_); }

 private:
  struct State {
    uint8_t index = 0;
    std::array<uint8_t, 256> registers{};
    static constexpr std::array kNames{"index", "registers"};
  };
  Pair pair(uint8_t left) const;

  State s_;
};

}  // namespace ilse::dev
