#include "devices/timer/hpet.h"

#include <algorithm>
#include <string>

namespace ilse::dev {

using mem::VTime;

namespace {

// Registers.
constexpr uint64_t kCapabilities = 0x000, kConfig = 0x010, kStatus = 0x020, kCounter = 0x0F0,
                   kTimerBase = 0x100;
constexpr uint64_t kTimerStride = 0x20, kTimerConfig = 0x00, kTimerComparator = 0x08;

constexpr uint64_t kFemtosecondsPerTick = Hpet::kTickNs * 1'000'000;
constexpr uint64_t kCapabilityBits = kFemtosecondsPerTick << 32 | 0x8086ull << 16 |
                                     1 << 15 /* legacy route */ | 1 << 13 /* 64 bits */ |
                                     (Hpet::kTimers - 1) << 8 | 1 /* revision */;

// General configuration.
constexpr uint64_t kRun = 1, kLegacyRoute = 2;

// Timer configuration.
constexpr uint64_t kLevel = 1 << 1, kInterrupt = 1 << 2, kPeriodic = 1 << 3, kPeriodicCapable = 1 << 4,
                   kWide = 1 << 5, kSetValue = 1 << 6, k32Bit = 1 << 8, kRoute = 0x1F << 9;
// Pins of the I/O APIC that nothing else drives.
constexpr uint64_t kRoutes = 0x00FF0000;
constexpr uint64_t kTimerReadOnly = kPeriodicCapable | kWide | kRoutes << 32;

// The shortest time between interrupts of a periodic timer; faster ones merge.
constexpr uint64_t kShortestPeriod = 1000 / Hpet::kTickNs;
// Further away than this is never: 365 years.
constexpr uint64_t kFarAway = 1ull << 60;

unsigned route(uint64_t config) { return config >> 9 & 0x1F; }
uint64_t range(uint64_t config) { return (config & k32Bit) != 0 ? 0xFFFFFFFF : ~0ull; }
// A match shows in nothing but the comparator.
bool silent(uint64_t config) { return (config & (kInterrupt | kLevel)) == 0; }
// From one match to the next that counts.
uint64_t step(uint64_t period) { return period == 0 ? 0 : (kShortestPeriod + period - 1) / period * period; }

}  // namespace

Hpet::Hpet(Scheduler& scheduler, LineSink& io_apic, LineSink& legacy) : io_apic_(io_apic), legacy_(legacy) {
  for (unsigned n = 0; n < kTimers; ++n) {
    alarms_[n] =
        std::make_unique<Timer>(scheduler, "hpet-" + std::to_string(n), [this, n](VTime t) { fire(n, t); });
    state_.timers[n].config = kTimerReadOnly;
  }
}

uint64_t Hpet::counter(VTime now) const {
  if (!running() || now < state_.since) return state_.counter;
  return state_.counter + (now - state_.since) / kTickNs;
}

// --- Lines

void Hpet::drive(unsigned n, bool level) {
  if (legacy() && n < 2) {
    legacy_.set_line(n == 0 ? 0 : 8, level);
    return;
  }
  unsigned pin = route(state_.timers[n].config);
  if ((kRoutes >> pin & 1) != 0) io_apic_.set_line(static_cast<int>(pin), level);
}

bool Hpet::asserted(unsigned n) const {
  uint64_t config = state_.timers[n].config;
  return (state_.status >> n & 1) != 0 && (config & kLevel) != 0 && (config & kInterrupt) != 0;
}

// --- Comparators

Hpet::Comparator Hpet::caught_up(const Comparator& t, VTime now) const {
  Comparator c = t;
  const uint64_t at = counter(now), by = step(t.period);
  if (!running() || !silent(t.config) || by == 0 || at < t.match) return c;
  const uint64_t matches = (at - t.match) / by + 1;
  c.match += matches * by;
  c.comparator = (c.comparator + matches * by) & range(c.config);
  return c;
}

void Hpet::arm(unsigned n, VTime now, bool matches_now) {
  Comparator& t = state_.timers[n];
  t.match = ~0ull;
  if (!running() || (silent(t.config) && (t.config & kPeriodic) == 0)) {
    alarms_[n]->cancel();
    return;
  }
  uint64_t at = counter(now);
  uint64_t delta = (t.comparator - at) & range(t.config);
  // A match that has just been served comes again when the counter has gone round.
  if (delta == 0 && !matches_now) delta = (t.config & k32Bit) != 0 ? 1ull << 32 : ~0ull;
  if (delta > kFarAway) {
    alarms_[n]->cancel();
    return;
  }
  if (silent(t.config)) {
    t.match = at + delta;
    alarms_[n]->cancel();
    return;
  }
  VTime deadline = state_.since + (at - state_.counter + delta) * kTickNs;
  alarms_[n]->set(std::max(deadline, now));
}

void Hpet::fire(unsigned n, VTime deadline) {
  Comparator& t = state_.timers[n];
  if ((t.config & kPeriodic) != 0) t.comparator = (t.comparator + step(t.period)) & range(t.config);
  if ((t.config & kLevel) != 0) state_.status |= 1u << n;
  if ((t.config & kInterrupt) != 0) {
    drive(n, true);
    if ((t.config & kLevel) == 0) drive(n, false);
  }
  arm(n, deadline, false);
}

// --- Registers

uint64_t Hpet::read_register(uint64_t reg, VTime now) const {
  switch (reg) {
    case kCapabilities: return kCapabilityBits;
    case kConfig: return state_.config;
    case kStatus: return state_.status;
    case kCounter: return counter(now);
    default: break;
  }
  if (reg < kTimerBase || reg >= kTimerBase + kTimers * kTimerStride) return 0;
  const Comparator t = caught_up(state_.timers[(reg - kTimerBase) / kTimerStride], now);
  switch ((reg - kTimerBase) % kTimerStride) {
    case kTimerConfig: return t.config;
    case kTimerComparator: return t.comparator;
    default: return 0;
  }
}

void Hpet::write_config(uint64_t value, VTime now) {
  bool was_legacy = legacy();
  std::array<bool, kTimers> level{};
  for (unsigned n = 0; n < kTimers; ++n) {
    level[n] = asserted(n);
    if (level[n]) drive(n, false);
  }
  for (Comparator& t : state_.timers) t = caught_up(t, now);
  uint64_t count = counter(now);
  state_.config = value & (kRun | kLegacyRoute);
  state_.counter = count;
  state_.since = now;
  if (legacy() != was_legacy && on_legacy_route_) on_legacy_route_(legacy());
  for (unsigned n = 0; n < kTimers; ++n) {
    if (level[n]) drive(n, true);
    arm(n, now, false);
  }
}

void Hpet::write_timer(unsigned n, uint64_t reg, uint64_t value, uint64_t mask, VTime now) {
  Comparator& t = state_.timers[n];
  t = caught_up(t, now);
  bool was_asserted = asserted(n);
  if (reg == kTimerConfig) {
    if (was_asserted) drive(n, false);
    uint64_t writable = mask & (kLevel | kInterrupt | kPeriodic | kSetValue | k32Bit | kRoute);
    uint64_t config = (t.config & ~writable) | (value & writable);
    // A route that is not offered does not stick.
    if ((kRoutes >> route(config) & 1) == 0) config &= ~kRoute;
    t.config = config;
    t.comparator &= range(config);
    t.period &= range(config);
    if (asserted(n)) drive(n, true);
    arm(n, now, false);
  } else if (reg == kTimerComparator) {
    bool periodic = (t.config & kPeriodic) != 0;
    if (!periodic || (t.config & kSetValue) != 0) {
      t.comparator = ((t.comparator & ~mask) | (value & mask)) & range(t.config);
    }
    if (periodic) t.period = ((t.period & ~mask) | (value & mask)) & range(t.config);
    t.config &= ~kSetValue;
    arm(n, now, true);
  }
}

void Hpet::write_register(uint64_t reg, uint64_t value, uint64_t mask, VTime now) {
  switch (reg) {
    case kConfig: write_config((state_.config & ~mask) | (value & mask), now); return;
    case kStatus:
      for (unsigned n = 0; n < kTimers; ++n) {
        if ((value & mask & 1u << n) == 0) continue;
        if (asserted(n)) drive(n, false);
        state_.status &= ~(1ull << n);
      }
      return;
    case kCounter:
      for (Comparator& t : state_.timers) t = caught_up(t, now);
      state_.counter = (counter(now) & ~mask) | (value & mask);
      state_.since = now;
      for (unsigned n = 0; n < kTimers; ++n) arm(n, now, true);
      return;
    default: break;
  }
  if (reg < kTimerBase || reg >= kTimerBase + kTimers * kTimerStride) return;
  uint64_t at = reg - kTimerBase;
  write_timer(static_cast<unsigned>(at / kTimerStride), at % kTimerStride, value, mask, now);
}

uint64_t Hpet::mmio_peek(uint64_t offset, unsigned, VTime now) const {
  return read_register(offset & ~7ull, now) >> (8 * (offset & 7));
}
uint64_t Hpet::mmio_read(uint64_t offset, unsigned width, VTime now) { return mmio_peek(offset, width, now); }
void Hpet::mmio_write(uint64_t offset, unsigned width, uint64_t value, VTime now) {
  unsigned shift = 8 * (offset & 7);
  uint64_t ones = width == 8 ? ~0ull : (1ull << (8 * width)) - 1;
  write_register(offset & ~7ull, value << shift, ones << shift, now);
}

void Hpet::reset(ResetKind) {
  for (unsigned n = 0; n < kTimers; ++n) {
    if (asserted(n)) drive(n, false);
    alarms_[n]->cancel();
  }
  bool was_legacy = legacy();
  state_ = {};
  for (Comparator& t : state_.timers) t.config = kTimerReadOnly;
  if (was_legacy && on_legacy_route_) on_legacy_route_(false);
}

void Hpet::visit_state(mem::StateVisitor& v) {
  v("hpet", state_);
  if (!v.loading()) return;
  if (on_legacy_route_) on_legacy_route_(legacy());
  for (unsigned n = 0; n < kTimers; ++n) {
    if (asserted(n)) drive(n, true);
  }
}

}  // namespace ilse::dev
