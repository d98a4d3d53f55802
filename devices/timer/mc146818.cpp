#include "devices/timer/mc146818.h"

#include <algorithm>
#include <chrono>

namespace ilse::dev {

namespace {
enum Register : uint8_t {
  kSeconds = 0x00,
  kSecondsAlarm,
  kMinutes,
  kMinutesAlarm,
  kHours,
  kHoursAlarm,
  kWeekday,
  kDay,
  kMonth,
  kYear,
  kA,
  kB,
  kC,
  kD,
  kCentury = 0x32,
};
constexpr uint8_t kUip = 0x80;  // A
constexpr uint8_t kSet = 0x80;  // B
constexpr uint8_t kPie = 0x40;
constexpr uint8_t kAie = 0x20;
constexpr uint8_t kUie = 0x10;
constexpr uint8_t kSqwe = 0x08;
constexpr uint8_t kBinary = 0x04;
constexpr uint8_t k24Hours = 0x02;
constexpr uint8_t kIrqf = 0x80;   // C; PF, AF and UF are where B has their enables
constexpr uint8_t kValid = 0x80;  // D

constexpr uint64_t kClockHz = 32768;
// The update-in-progress bit rises 244 us before an update cycle of 1984 us (data sheet, "Update Cycle").
constexpr uint64_t kUipTime = 244'000 + 1'984'000;
constexpr uint64_t kHalfSecond = mem::kSecond / 2;
constexpr uint64_t kDay_s = 86400;

using Ram = std::array<uint8_t, 256>;

unsigned decode(const Ram& ram, uint8_t v) {
  return (ram[kB] & kBinary) != 0 ? v : (v >> 4) * 10u + (v & 15);
}
uint8_t encode(const Ram& ram, unsigned v) {
  return static_cast<uint8_t>((ram[kB] & kBinary) != 0 ? v : v / 10 << 4 | v % 10);
}
unsigned decode_hours(const Ram& ram, uint8_t v) {
  if ((ram[kB] & k24Hours) != 0) return decode(ram, v);
  unsigned h = decode(ram, v & 0x7F) % 12;
  return (v & 0x80) != 0 ? h + 12 : h;
}
uint8_t encode_hours(const Ram& ram, unsigned h) {
  if ((ram[kB] & k24Hours) != 0) return encode(ram, h);
  return static_cast<uint8_t>(encode(ram, h % 12 == 0 ? 12 : h % 12) | (h >= 12 ? 0x80 : 0));
}

// The registers as seconds since 1970. What is no date counts as the nearest one that is.
int64_t read_date(const Ram& ram) {
  using namespace std::chrono;
  unsigned y = std::min(decode(ram, ram[kCentury]), 99u) * 100 + std::min(decode(ram, ram[kYear]), 99u);
  unsigned m = std::clamp(decode(ram, ram[kMonth]), 1u, 12u);
  year_month ym = year(static_cast<int>(y)) / month(m);
  unsigned d = std::clamp(decode(ram, ram[kDay]), 1u, static_cast<unsigned>((ym / last).day()));
  int64_t days = sys_days(ym / day(d)).time_since_epoch().count();
  return days * static_cast<int64_t>(kDay_s) + std::min(decode_hours(ram, ram[kHours]), 23u) * 3600 +
         std::min(decode(ram, ram[kMinutes]), 59u) * 60 + std::min(decode(ram, ram[kSeconds]), 59u);
}
void write_date(Ram& ram, int64_t seconds) {
  using namespace std::chrono;
  auto days = floor<std::chrono::days>(sys_seconds(std::chrono::seconds(seconds)));
  year_month_day date(days);
  auto of_day =
      static_cast<unsigned>(seconds - days.time_since_epoch().count() * static_cast<int64_t>(kDay_s));
  auto y = static_cast<unsigned>(std::clamp(static_cast<int>(date.year()), 0, 9999));
  ram[kSeconds] = encode(ram, of_day % 60);
  ram[kMinutes] = encode(ram, of_day / 60 % 60);
  ram[kHours] = encode_hours(ram, of_day / 3600);
  ram[kWeekday] = encode(ram, weekday(days).c_encoding() + 1);  // 1 is Sunday
  ram[kDay] = encode(ram, static_cast<unsigned>(date.day()));
  ram[kMonth] = encode(ram, static_cast<unsigned>(date.month()));
  ram[kYear] = encode(ram, y % 100);
  ram[kCentury] = encode(ram, y / 100);
}

// Whether the alarm registers match a second of the day. Codes C0..FF match anything.
bool alarm_matches(const Ram& ram, unsigned of_day) {
  auto match = [](uint8_t alarm, uint8_t value) { return alarm >= 0xC0 || alarm == value; };
  return match(ram[kSecondsAlarm], encode(ram, of_day % 60)) &&
         match(ram[kMinutesAlarm], encode(ram, of_day / 60 % 60)) &&
         match(ram[kHoursAlarm], encode_hours(ram, of_day / 3600));
}
bool alarm_between(const Ram& ram, int64_t from, uint64_t seconds) {
  for (uint64_t i = 1; i <= std::min(seconds, kDay_s); ++i) {
    auto of_day = static_cast<unsigned>((static_cast<uint64_t>(from) + i) % kDay_s);
    if (alarm_matches(ram, of_day)) return true;
  }
  return false;
}

// The divider chain runs (DV = 010) and time is not being set.
bool divider_runs(const Ram& ram) { return (ram[kA] & 0x70) == 0x20; }
bool updates_run(const Ram& ram) { return divider_runs(ram) && (ram[kB] & kSet) == 0; }

// The periodic interrupt's period in 32768 Hz clocks, 0: none.
uint64_t period(const Ram& ram) {
  unsigned rate = ram[kA] & 15;
  if (rate == 0) return 0;
  return 1u << (rate <= 2 ? rate + 6 : rate - 1);
}
}  // namespace

Mc146818::Mc146818(Scheduler& scheduler, IrqLine irq, IrqLine nmi_mask, int64_t epoch_seconds)
    : irq_(irq),
      nmi_mask_(nmi_mask),
      epoch_seconds_(epoch_seconds),
      timer_(scheduler, "rtc", [this](VTime t) {
        settle(state_, t);
        update_irq();
        schedule(t);
      }) {
  reset(ResetKind::PowerOn);
}

void Mc146818::set_cmos(uint8_t index, uint8_t value) {
  if (index > kD && index != kCentury) state_.ram[index] = value;
}

int64_t Mc146818::seconds(VTime now) const {
  State s = state_;
  settle(s, now);
  return read_date(s.ram);
}

uint64_t Mc146818::updates_until(const State& s, VTime now) {
  return (now.ns + mem::kSecond - s.phase) / mem::kSecond;
}
uint64_t Mc146818::clocks_until(const State& s, VTime now) {
  return mem::muldiv(now.ns + mem::kSecond - s.phase, kClockHz, mem::kSecond);
}

// Brings date and flags to `now`.
void Mc146818::settle(State& s, VTime now) {
  uint64_t updates = std::max(updates_until(s, now), s.updates);
  uint64_t clocks = std::max(clocks_until(s, now), s.periods);
  if (uint64_t n = updates - s.updates; n != 0 && updates_run(s.ram)) {
    int64_t date = read_date(s.ram);
    s.ram[kC] |= kUie;
    if (alarm_between(s.ram, date, n)) s.ram[kC] |= kAie;
    write_date(s.ram, date + static_cast<int64_t>(n));
  }
  if (uint64_t p = period(s.ram); p != 0 && divider_runs(s.ram) && clocks / p != s.periods / p)
    s.ram[kC] |= kPie;
  s.updates = updates;
  s.periods = clocks;
}

void Mc146818::update_irq() {
  uint8_t& c = state_.ram[kC];
  bool active = (c & state_.ram[kB] & (kPie | kAie | kUie)) != 0;
  c = static_cast<uint8_t>((c & ~kIrqf) | (active ? kIrqf : 0));
  irq_.set(active);
}

// A timer only for what would raise the interrupt line next.
void Mc146818::schedule(VTime now) {
  const Ram& ram = state_.ram;
  VTime next = mem::kNever;
  uint8_t wanted = ram[kB] & static_cast<uint8_t>(~ram[kC]);
  if ((ram[kC] & kIrqf) == 0) {
    // The alarm is looked at once a second, by the update cycle.
    if ((wanted & (kUie | kAie)) != 0 && updates_run(ram)) {
      next = {state_.updates * mem::kSecond + state_.phase};
    }
    if (uint64_t p = period(ram); (wanted & kPie) != 0 && p != 0 && divider_runs(ram)) {
      uint64_t clock = (state_.periods / p + 1) * p;
      next =
          std::min(next, VTime{mem::muldiv_up(clock, mem::kSecond, kClockHz) - mem::kSecond + state_.phase});
    }
  }
  if (next != mem::kNever) next = std::max(next, now + 1);
  timer_.set(next);
}

uint8_t Mc146818::read_register(const State& s, uint8_t index, VTime now) {
  if (index != kA) return s.ram[index];
  uint8_t a = s.ram[kA] & static_cast<uint8_t>(~kUip);
  uint64_t to_update = mem::kSecond - (now.ns + mem::kSecond - s.phase) % mem::kSecond;
  return updates_run(s.ram) && to_update <= kUipTime ? a | kUip : a;
}

void Mc146818::write_register(uint8_t index, uint8_t value, VTime now) {
  Ram& ram = state_.ram;
  switch (index) {
    case kA: {
      bool ran = divider_runs(ram);
      ram[kA] = value & 0x7F;
      if (!ran && divider_runs(ram)) {
        // The first update follows the divider's release by half a second.
        state_.phase = (now.ns + kHalfSecond) % mem::kSecond;
        state_.updates = updates_until(state_, now);
        state_.periods = clocks_until(state_, now);
      }
      break;
    }
    case kB: ram[kB] = (value & kSet) != 0 ? value & static_cast<uint8_t>(~kUie) : value; break;
    case kC:
    case kD: return;
    default: ram[index] = value; break;
  }
  update_irq();
  schedule(now);
}

uint32_t Mc146818::port_peek(uint16_t offset, unsigned, VTime now) const {
  if ((offset & 1) == 0) return 0xFF;  // the index register cannot be read
  State s = state_;
  settle(s, now);
  if ((offset & 2) != 0) return s.ram[0x80 | s.index2];
  uint8_t value = read_register(s, s.index, now);
  if (s.index == kC) {
    bool active = (value & s.ram[kB] & (kPie | kAie | kUie)) != 0;
    value = static_cast<uint8_t>((value & ~kIrqf) | (active ? kIrqf : 0));
  }
  return value;
}

uint32_t Mc146818::port_read(uint16_t offset, unsigned width, VTime now) {
  uint32_t value = port_peek(offset, width, now);
  if ((offset & 3) == 1) {
    settle(state_, now);
    if (state_.index == kC) state_.ram[kC] = 0;
    update_irq();
    if (state_.index == kC) schedule(now);
  }
  return value;
}

void Mc146818::port_write(uint16_t offset, unsigned, uint32_t value, VTime now) {
  auto v = static_cast<uint8_t>(value);
  switch (offset & 3) {
    case 0:
      state_.index = v & 0x7F;
      state_.nmi_masked = (v & 0x80) != 0;
      nmi_mask_.set(state_.nmi_masked);
      break;
    case 1:
      settle(state_, now);
      write_register(state_.index, v, now);
      break;
    case 2: state_.index2 = v & 0x7F; break;
    default: state_.ram[0x80 | state_.index2] = v; break;
  }
}

void Mc146818::reset(ResetKind kind) {
  if (kind == ResetKind::PowerOn) {
    // RAM that the board has set stays: it is the battery's.
    state_.phase = 0;
    state_.updates = 1;
    state_.periods = kClockHz;
    state_.ram[kA] = 0x26;
    state_.ram[kB] = k24Hours;
    state_.ram[kD] = kValid;
    write_date(state_.ram, epoch_seconds_);
  }
  state_.index = state_.index2 = 0;
  state_.nmi_masked = false;
  state_.ram[kB] &= static_cast<uint8_t>(~(kPie | kAie | kUie | kSqwe));
  state_.ram[kC] = 0;
  irq_.set(false);
  nmi_mask_.set(false);
  timer_.cancel();
}

void Mc146818::visit_state(mem::StateVisitor& v) {
  v("rtc", state_);
  if (!v.loading()) return;
  // A damaged file must not lead outside the RAM, nor to a phase of more than a second.
  state_.index &= 0x7F;
  state_.index2 &= 0x7F;
  state_.phase %= mem::kSecond;
  irq_.set((state_.ram[kC] & kIrqf) != 0);
  nmi_mask_.set(state_.nmi_masked);
}

}  // namespace ilse::dev
