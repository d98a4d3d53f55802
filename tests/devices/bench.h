// The bench on which one chip is tested without a processor: virtual time, an I/O bus, a little RAM, and
// lines that remember every change with its time.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "devices/core/char_sink.h"
#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "memory/event_log.h"
#include "memory/io_bus.h"
#include "memory/phys_map.h"
#include "memory/ram.h"

namespace ilse::dev::test {

using mem::VTime;

// The end of any number of wires; pin numbers are the test's own. A pin that was never driven is low.
class LineRecorder : public LineSink {
 public:
  struct Event {
    VTime at;
    int pin;
    bool level;
    bool operator==(const Event&) const = default;
  };
  explicit LineRecorder(const Scheduler& scheduler, const VTime& now) : scheduler_(scheduler), now_(now) {}

  IrqLine line(int pin) { return {*this, pin}; }
  void set_line(int pin, bool level) override {
    if (levels_[pin] == level) return;
    levels_[pin] = level;
    events_.push_back({std::max(now_, scheduler_.now()), pin, level});
  }
  bool level(int pin) const {
    auto it = levels_.find(pin);
    return it != levels_.end() && it->second;
  }
  unsigned rises(int pin) const {
    unsigned n = 0;
    for (const Event& e : events_) n += e.pin == pin && e.level;
    return n;
  }
  const std::map<int, bool>& levels() const { return levels_; }
  const std::vector<Event>& events() const { return events_; }
  void clear() { events_.clear(); }

 private:
  const Scheduler& scheduler_;
  const VTime& now_;
  std::map<int, bool> levels_;
  std::vector<Event> events_;
};

class StringSink : public CharSink {
 public:
  void put(uint8_t byte) override { text.push_back(static_cast<char>(byte)); }
  std::string text;
};

struct Bench {
  static constexpr uint64_t kRamSize = 1 << 20;  // at physical address 0

  Bench() {
    map.add({.region = mem::PhysMap::ram_region(0, kRamSize, ram, 0)});
    map.commit();
  }

  VTime now{};
  mem::EventLog log;
  Scheduler scheduler;
  mem::IoBus io{log};
  mem::Ram ram = std::move(*mem::Ram::create(kRamSize));
  mem::PhysMap map{ram, log};
  LineRecorder lines{scheduler, now};
  StringSink sink;

  // Lets virtual time pass; timers run at their deadlines.
  void advance_to(VTime to) {
    scheduler.advance(to);
    now = to;
  }
  void advance(uint64_t ns) { advance_to(now + ns); }

  void out8(uint16_t port, uint32_t v) { io.write(port, 1, v & 0xFF, now); }
  void out16(uint16_t port, uint32_t v) { io.write(port, 2, v & 0xFFFF, now); }
  void out32(uint16_t port, uint32_t v) { io.write(port, 4, v, now); }
  uint8_t in8(uint16_t port) { return static_cast<uint8_t>(io.read(port, 1, now)); }
  uint16_t in16(uint16_t port) { return static_cast<uint16_t>(io.read(port, 2, now)); }
  uint32_t in32(uint16_t port) { return io.read(port, 4, now); }
  uint8_t peek8(uint16_t port) const { return static_cast<uint8_t>(io.peek(port, 1, now)); }
};

}  // namespace ilse::dev::test
