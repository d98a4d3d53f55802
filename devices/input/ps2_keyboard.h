// A PS/2 keyboard with 104 keys, as in IBM's PS/2 Hardware Interface Technical Reference, "Keyboard":
// scan-code sets 1, 2 and 3, typematic repeat, indicators.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/device.h"
#include "devices/core/scheduler.h"
#include "devices/input/ps2_device.h"

namespace ilse::dev {

class Ps2Keyboard : public Device, public Ps2Device {
 public:
  explicit Ps2Keyboard(Scheduler& scheduler);

  // A physical key by its USB HID usage (keyboard page: 0x04 is A, 0xE0 left Ctrl). Unknown usages and
  // repeats of a key that is down are ignored.
  void key(uint32_t usage, bool pressed, VTime now);
  // Indicators as the guest set them: bit 0 Scroll Lock, 1 Num Lock, 2 Caps Lock.
  uint8_t leds() const { return state_.leds; }

  void write(uint8_t byte, VTime now) override;
  bool has_byte() const override { return !state_.replies.empty() || !state_.keys.empty(); }
  uint8_t take() override;

  std::string_view name() const override { return "keyboard"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    Ps2Queue replies;  // to commands; they go before keys
    Ps2Queue keys;
    uint8_t scan_set = 2;
    bool scanning = true;
    uint8_t leds = 0;
    uint8_t typematic = 0x2B;  // as in command F3
    uint8_t command = 0;       // the command that waits for its parameter
    uint8_t last_sent = 0;
    bool in_sequence = false;        // the last byte sent was a prefix
    uint8_t repeat_key = 0;          // usage of the key that repeats, 0: none
    std::array<uint8_t, 32> down{};  // a bit for each usage
    static constexpr std::array kNames{"replies",     "keys",       "scan_set", "scanning",
                                       "leds",        "typematic",  "command",  "last_sent",
                                       "in_sequence", "repeat_key", "down"};
  };

  bool is_down(uint8_t usage) const;
  bool any_down(uint8_t usage, uint8_t other) const { return is_down(usage) || is_down(other); }
  void set_defaults();
  void start_over();
  void command(uint8_t byte);
  void parameter(uint8_t byte);
  void send_key(uint8_t usage, bool pressed);
  void repeat(VTime deadline);
  uint64_t repeat_delay() const;
  uint64_t repeat_period() const;

  State state_;
  Timer typematic_;
};

}  // namespace ilse::dev
