#include "devices/timer/i8254_counter.h"

#include <algorithm>

namespace ilse::dev {

namespace {
uint32_t from_bcd(uint32_t v) {
  return (v & 15) + 10 * (v >> 4 & 15) + 100 * (v >> 8 & 15) + 1000 * (v >> 12 & 15);
}
uint32_t to_bcd(uint32_t v) { return v % 10 | v / 10 % 10 << 4 | v / 100 % 10 << 8 | v / 1000 % 10 << 12; }
}  // namespace

// A period of 1 is not allowed in modes 2 and 3 and counts as 2.
uint32_t I8254Counter::period() const { return periodic() ? std::max(reload, 2u) : reload; }

uint16_t I8254Counter::visible() const {
  uint32_t v = count % modulus();
  return static_cast<uint16_t>(bcd ? to_bcd(v) : v);
}

// In modes 1 and 5 the gate is a trigger only.
bool I8254Counter::running() const { return counting && (gate || mode == 1 || mode == 5); }

void I8254Counter::load() {
  load_next = false;
  null_count = false;
  counting = true;
  armed = true;
  count = period();
  switch (mode) {
    case 0:
    case 1: out = false; break;
    case 3:
      odd = (count & 1) != 0;
      count &= ~1u;
      out = true;
      break;
    default: out = true; break;
  }
}

// Clocks until something other than counting down happens.
uint64_t I8254Counter::clocks_to_event() const {
  if (!running()) return kNoEdge;
  if (mode == 2) return out && count > 1 ? count - 1 : 1;
  if (mode == 3) return out && odd ? count / 2 + 1 : std::max(count / 2, 1u);
  if (strobe() && !out) return 1;
  return armed ? std::max(count, 1u) : kNoEdge;
}

// The last of those clocks.
void I8254Counter::event() {
  if (mode == 2) {
    if (out) {
      count = 1;
      out = false;
    } else {
      load();
    }
  } else if (mode == 3) {
    bool level = !out;
    load();
    out = level;
  } else if (strobe() && !out) {
    out = true;
    count = (count + modulus() - 1) % modulus();
  } else {
    count = 0;
    armed = false;
    out = !strobe();
  }
}

void I8254Counter::run(uint64_t clocks) {
  while (clocks > 0) {
    if (load_next) {
      load();
      --clocks;
      continue;
    }
    if (!running()) return;
    bool cycle_start = out && count == (period() & ~(mode == 3 ? 1u : 0u)) && !null_count;
    if (periodic() && cycle_start && clocks >= period()) {
      clocks %= period();
      continue;
    }
    uint64_t next = clocks_to_event();
    if (clocks >= next) {
      event();
      clocks -= next;
      continue;
    }
    uint32_t down = static_cast<uint32_t>(clocks % modulus());
    if (mode == 3) {
      count = count >= 2 * down ? count - 2 * down : 0;
    } else {
      count = count >= down ? count - down : count + modulus() - down;
    }
    return;
  }
}

uint64_t I8254Counter::clocks_to_edge() const {
  if (!load_next) return clocks_to_event();
  I8254Counter next = *this;
  next.load();
  if (next.out != out) return 1;
  uint64_t more = next.clocks_to_event();
  return more == kNoEdge ? kNoEdge : more + 1;
}

void I8254Counter::write_control(uint8_t control) {
  access = static_cast<Access>(control >> 4 & 3);
  mode = control >> 1 & 7;
  if (mode > 5) mode &= 3;
  bcd = (control & 1) != 0;
  out = mode != 0;
  reload = 0;
  counting = armed = load_next = false;
  null_count = true;
  write_high = read_high = latched = status_latched = false;
}

void I8254Counter::write_count(uint8_t low, uint8_t high) {
  uint32_t v = low | static_cast<uint32_t>(high) << 8;
  if (bcd) v = from_bcd(v);
  reload = v == 0 ? modulus() : std::min(v, modulus());
  null_count = true;
  if (mode == 0) {
    out = false;
    load_next = true;
  } else if (mode == 4 || (periodic() && !counting)) {
    load_next = true;
  }
}

void I8254Counter::write_byte(uint8_t v) {
  switch (access) {
    case Access::Low: write_count(v, 0); break;
    case Access::High: write_count(0, v); break;
    case Access::LowHigh:
      if (write_high) {
        write_count(reload_low, v);
      } else {
        reload_low = v;
        if (mode == 0) {
          counting = false;
          load_next = false;
          out = false;
        }
      }
      write_high = !write_high;
      break;
  }
}

uint8_t I8254Counter::read_byte() {
  if (status_latched) {
    status_latched = false;
    return status_latch;
  }
  // A bus cycle takes longer than a clock: no program reads a count that it wrote before it is loaded. Time
  // here may not have moved between the two, and Linux's quick TSC calibration gives up when it then sees the
  // old count.
  I8254Counter settled = *this;
  if (load_next) settled.load();
  uint16_t v = latched ? latch : settled.visible();
  bool high = access == Access::High || (access == Access::LowHigh && read_high);
  if (access == Access::LowHigh) read_high = !read_high;
  if (access != Access::LowHigh || high) latched = false;
  return static_cast<uint8_t>(high ? v >> 8 : v);
}

void I8254Counter::latch_count() {
  if (latched) return;
  latched = true;
  latch = visible();
}

void I8254Counter::latch_status() {
  if (status_latched) return;
  status_latched = true;
  status_latch = static_cast<uint8_t>((out ? 0x80 : 0) | (null_count ? 0x40 : 0) |
                                      static_cast<unsigned>(access) << 4 | mode << 1 | (bcd ? 1 : 0));
}

void I8254Counter::set_gate(bool level) {
  if (level == gate) return;
  gate = level;
  if (level) {
    if (mode != 0 && mode != 4 && reload != 0) load_next = true;
  } else if (periodic()) {
    out = true;
  }
}

}  // namespace ilse::dev
