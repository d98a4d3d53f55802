// One counter of an 8254: the counting element as a function of the number of clock pulses, so that
// any stretch of virtual time is crossed in one step. Intel data sheet 231164, "Mode Definitions".
#pragma once

#include <array>
#include <cstdint>

namespace ilse::dev {

struct I8254Counter {
  enum class Access : uint8_t { Low = 1, High = 2, LowHigh = 3 };
  static constexpr uint64_t kNoEdge = UINT64_MAX;

  uint8_t mode = 0;  // 0..5
  bool bcd = false;
  Access access = Access::LowHigh;
  bool gate = true;
  bool out = false;
  uint32_t count = 0;   // the counting element as a binary number; a full count is 0x10000 (10000 in BCD)
  uint32_t reload = 0;  // the count register as a number of clocks, 1..0x10000 (10000); 0: none written yet
  uint8_t reload_low = 0;   // the byte that waits for the other one
  bool counting = false;    // the element has been loaded and runs while the gate lets it
  bool armed = false;       // modes 0, 1, 4, 5: the terminal count has not been reached since the load
  bool odd = false;         // mode 3: this half-cycle began from an odd count
  bool load_next = false;   // the next clock loads the element
  bool null_count = true;   // the count register has not gone into the element yet
  bool write_high = false;  // the high byte is next
  bool read_high = false;
  bool latched = false;
  uint16_t latch = 0;
  bool status_latched = false;
  uint8_t status_latch = 0;
  static constexpr std::array kNames{"mode",    "bcd",       "access",         "gate",        "out",
                                     "count",   "reload",    "reload_low",     "counting",    "armed",
                                     "odd",     "load_next", "null_count",     "write_high",  "read_high",
                                     "latched", "latch",     "status_latched", "status_latch"};

  // Runs `clocks` clock pulses.
  void run(uint64_t clocks);
  // Clocks until OUT changes if nothing else happens; kNoEdge if it will not.
  uint64_t clocks_to_edge() const;

  void write_control(uint8_t control);
  void write_byte(uint8_t v);
  uint8_t read_byte();
  void latch_count();
  void latch_status();
  void set_gate(bool level);

 private:
  uint32_t modulus() const { return bcd ? 10000 : 0x10000; }
  bool strobe() const { return mode >= 4; }
  bool periodic() const { return mode == 2 || mode == 3; }
  bool running() const;
  uint32_t period() const;
  uint16_t visible() const;
  uint64_t clocks_to_event() const;
  void load();
  void event();
  void write_count(uint8_t low, uint8_t high);
};

}  // namespace ilse::dev
