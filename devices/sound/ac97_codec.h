// An AC'97 codec with variable rates (Audio Codec '97 Component Specification, revision 2.1, chapter 5): 64
// registers of 16 bits. It answers as a STAC9700, which every driver knows.
#pragma once

#include <array>
#include <cstdint>

#include "devices/sound/volume.h"
#include "memory/state_visitor.h"

namespace ilse::dev {

class Ac97Codec {
 public:
  static constexpr uint32_t kFixedRate = 48'000;

  void reset();
  // `reg` is even, 0..7Eh.
  uint16_t read(uint8_t reg) const { return s_.registers[reg / 2 % 64]; }
  void write(uint8_t reg, uint16_t value);

  // Hz.
  uint32_t dac_rate() const { return rate(0x2C); }
  uint32_t adc_rate() const { return rate(0x32); }
  struct Pair {
    uint32_t left, right;  // 16.16 fixed point
  };
  // Of what the digital converter plays.
  Pair volume() const;

  void visit_state(mem::StateVisitor& v);

 private:
  struct State {
    std::array<uint16_t, 64> registers{};
    static constexpr std::array kNames{"registers"};
  };
  uint32_t rate(uint8_t reg) const;

  State s_;
};

}  // namespace ilse::dev
