// The game control adapter, which a Sound Blaster brings along: two joysticks with two axes and two buttons
// each (IBM, Technical Reference Options and Adapters, "Game Control Adapter"). An axis is a resistor that
// says how long a one-shot runs: a write fires all four, and the guest counts until their bits are 0.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "memory/bus.h"

namespace ilse::dev {

class GamePort final : public Device, public mem::PortDevice {
 public:
  static constexpr uint16_t kFirstPort = 0x200, kPortCount = 8;
  static constexpr unsigned kSticks = 2;

  // x and y from 0 (left, away) to FFFFh; buttons: bits 0 and 1, and 2 and 3 of the first stick where there
  // is no second.
  struct Stick {
    bool plugged = false;
    uint8_t buttons = 0;
    uint16_t x = 0, y = 0;
    static constexpr std::array kNames{"plugged", "buttons", "x", "y"};
  };
  void set(unsigned n, const Stick& stick) { state_.sticks[n % kSticks] = stick; }

  uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;

  std::string_view name() const override { return "gameport"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    std::array<Stick, kSticks> sticks{};
    std::array<mem::VTime, 2 * kSticks>
        until{};  // the end of each one-shot: x and y of the first stick, of the second
    static constexpr std::array kNames{"sticks", "until"};
  };
  State state_;
};

}  // namespace ilse::dev
