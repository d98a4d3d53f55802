#include "devices/irq/local_apic.h"

#include <algorithm>
#include <bit>

namespace ilse::dev {

using mem::VTime;

namespace {

// Registers by number: offset / 16, and MSR 800h + number.
enum Register : unsigned {
  kId = 0x02,
  kVersion = 0x03,
  kTpr = 0x08,
  kApr = 0x09,
  kPpr = 0x0A,
  kEoi = 0x0B,
  kLdr = 0x0D,
  kDfr = 0x0E,
  kSvr = 0x0F,
  kIsr = 0x10,
  kTmr = 0x18,
  kIrr = 0x20,
  kEsr = 0x28,
  kIcrLow = 0x30,
  kIcrHigh = 0x31,
  kLvtFirst = 0x32,
  kLvtLast = 0x37,
  kInitialCount = 0x38,
  kCurrentCount = 0x39,
  kDivide = 0x3E,
  kSelfIpi = 0x3F,
};
constexpr uint32_t kVersionValue = 0x14 | 5 << 16;  // integrated APIC with six local vectors
constexpr uint32_t kFirstMsr = 0x800;

// Local vector table.
constexpr uint32_t kLvtRemoteIrr = 1 << 14, kLvtLevel = 1 << 15, kLvtMasked = 1 << 16;
constexpr unsigned kPeriodic = 1, kDeadline = 2;  // timer modes, bits 18:17
constexpr std::array<uint32_t, 6> kLvtBits{0x700FF, 0x107FF, 0x107FF, 0x1A7FF, 0x1A7FF, 0x100FF};

constexpr uint32_t kSoftwareEnable = 0x100, kSvrBits = 0x1FF;
constexpr uint32_t kFlatModel = 0xF0000000;
// Interrupt command register.
constexpr uint64_t kIcrLevel = 1 << 14, kIcrTrigger = 1 << 15, kIcrLogical = 1 << 11,
                   kIcrBits = 0xCCFFF & ~0x1000u;

// Error status.
constexpr uint32_t kSendIllegalVector = 1 << 5, kReceiveIllegalVector = 1 << 6, kIllegalRegister = 1 << 7;
constexpr unsigned kFirstLegalVector = 16;

constexpr uint64_t kAddressBits = 0x000FFFFFFFFFF000;
// Shortest time between two interrupts of the periodic timer: faster ones merge in the IRR anyway.
constexpr uint64_t kShortestPeriodNs = 1000;

int highest(const std::array<uint32_t, 8>& map) {
  for (int i = 7; i >= 0; --i) {
    if (map[static_cast<size_t>(i)] != 0) return 32 * i + 31 - std::countl_zero(map[static_cast<size_t>(i)]);
  }
  return -1;
}
void set_bit(std::array<uint32_t, 8>& map, unsigned n, bool value) {
  uint32_t bit = 1u << (n & 31);
  map[n / 32] = value ? map[n / 32] | bit : map[n / 32] & ~bit;
}
bool get_bit(const std::array<uint32_t, 8>& map, unsigned n) { return (map[n / 32] >> (n & 31) & 1) != 0; }

unsigned timer_mode(uint32_t lvt) { return lvt >> 17 & 3; }
ApicMode mode_of(uint32_t v) { return static_cast<ApicMode>(v >> 8 & 7); }

}  // namespace

LocalApic::LocalApic(unsigned id, ApicBus& bus, Scheduler& scheduler, uint64_t tsc_hz)
    : id_(id),
      name_("local-apic-" + std::to_string(id)),
      bus_(bus),
      tsc_hz_(tsc_hz),
      timer_(scheduler, name_ + "-timer", [this](VTime t) { timer_expired(t); }) {
  bus_.add(*this);
  reset(ResetKind::PowerOn);
}

void LocalApic::attach(mem::ProcessorPins* pins) {
  pins_ = pins;
  update_intr();
}

void LocalApic::clear_registers() {
  uint64_t base = state_.base;
  auto lint = state_.lint;
  state_ = {};
  state_.base = base;
  state_.lint = lint;
  state_.destination_format = 0xFFFFFFFF;
  state_.spurious = 0xFF;
  state_.lvt.fill(kLvtMasked);
  // Virtual wire mode of the bootstrap processor (MultiProcessor specification 1.4, section 3.6.2.2).
  if ((base & kBaseBsp) != 0) state_.lvt[kLvtLint0] = static_cast<uint32_t>(ApicMode::ExtInt) << 8;
  timer_.cancel();
}

void LocalApic::reset(ResetKind) {
  state_.base = kDefaultBase | kBaseEnable | (id_ == 0 ? kBaseBsp : 0);
  init();
}
void LocalApic::init() {
  clear_registers();
  update_intr();
}

void LocalApic::visit_state(mem::StateVisitor& v) {
  v(name_, state_);
  if (v.loading()) update_intr();
}

// --- What the processor sees of priorities and vectors (SDM 11.8.3, 11.8.4)

uint8_t LocalApic::processor_priority() const {
  int serviced = std::max(highest(state_.isr), 0);
  return (state_.tpr >> 4) >= (serviced >> 4) ? state_.tpr : static_cast<uint8_t>(serviced & 0xF0);
}

bool LocalApic::ext_int() const {
  if (!state_.lint[kLint0]) return false;
  // Disabled, the pin is the processor's INTR.
  if (!enabled()) return true;
  uint32_t lvt = state_.lvt[kLvtLint0];
  return (lvt & kLvtMasked) == 0 && mode_of(lvt) == ApicMode::ExtInt;
}

void LocalApic::update_intr() {
  if (pins_ == nullptr) return;
  int wanted = highest(state_.irr);
  bool fixed = enabled() && wanted >= 0 && (wanted >> 4) > (processor_priority() >> 4);
  pins_->set_intr(fixed || ext_int());
}

std::optional<uint8_t> LocalApic::acknowledge() {
  int wanted = highest(state_.irr);
  if (enabled() && wanted >= 0 && (wanted >> 4) > (processor_priority() >> 4)) {
    set_bit(state_.irr, static_cast<unsigned>(wanted), false);
    set_bit(state_.isr, static_cast<unsigned>(wanted), true);
    update_intr();
    return static_cast<uint8_t>(wanted);
  }
  if (ext_int() || !enabled()) return std::nullopt;
  return static_cast<uint8_t>(state_.spurious);
}

void LocalApic::write_tpr(uint8_t value) {
  state_.tpr = value;
  update_intr();
}

void LocalApic::end_of_interrupt() {
  int serviced = highest(state_.isr);
  if (serviced < 0) return;
  auto vector = static_cast<uint8_t>(serviced);
  set_bit(state_.isr, vector, false);
  if (get_bit(state_.tmr, vector)) {
    for (Lvt pin : {kLvtLint0, kLvtLint1}) {
      uint32_t& lvt = state_.lvt[pin];
      if ((lvt & kLvtRemoteIrr) == 0 || static_cast<uint8_t>(lvt) != vector) continue;
      lvt &= ~kLvtRemoteIrr;
      if (state_.lint[pin - kLvtLint0]) raise_lvt(pin);
    }
    bus_.end_of_interrupt(vector);
  }
  update_intr();
}

// --- Interrupts that arrive

bool LocalApic::addressed_by(const ApicMessage& m) const {
  if (!enabled()) return false;
  if (m.destination == ApicMessage::kEverybody) return true;
  if (!m.logical) return m.destination == id_;
  if (x2apic()) {
    // Cluster in the upper half, a bit per processor in the lower.
    return m.destination >> 16 == id_ >> 4 && (m.destination & 1u << (id_ & 15)) != 0;
  }
  uint32_t own = state_.logical_destination >> 24;
  if (state_.destination_format >= kFlatModel) return (own & m.destination) != 0;
  return (own >> 4) == (m.destination >> 4 & 15) && (own & m.destination & 15) != 0;
}

void LocalApic::accept(const ApicMessage& m) {
  switch (m.mode) {
    case ApicMode::Fixed:
    case ApicMode::LowestPriority:
      if (software_enabled()) request(m.vector, m.level_triggered);
      break;
    case ApicMode::Smi:
      if (pins_ != nullptr) pins_->pulse_smi();
      break;
    case ApicMode::Nmi:
      if (pins_ != nullptr) pins_->pulse_nmi();
      break;
    case ApicMode::Init:
      init();
      if (pins_ != nullptr) pins_->pulse_init();
      break;
    case ApicMode::StartUp:
      if (pins_ != nullptr) pins_->start_up(m.vector);
      break;
    // On this board the 8259 is wired to LINT0, not to the I/O APIC.
    case ApicMode::ExtInt:
    case ApicMode::Reserved: break;
  }
}

void LocalApic::request(uint8_t vector, bool level_triggered) {
  if (vector < kFirstLegalVector) {
    error(kReceiveIllegalVector);
    return;
  }
  set_bit(state_.irr, vector, true);
  set_bit(state_.tmr, vector, level_triggered);
  update_intr();
}

void LocalApic::raise_lvt(Lvt which) {
  uint32_t& lvt = state_.lvt[which];
  if ((lvt & kLvtMasked) != 0) return;
  bool pin = which == kLvtLint0 || which == kLvtLint1;
  ApicMessage m;
  m.vector = static_cast<uint8_t>(lvt);
  m.mode = which == kLvtTimer || which == kLvtError ? ApicMode::Fixed : mode_of(lvt);
  m.level_triggered = pin && m.mode == ApicMode::Fixed && (lvt & kLvtLevel) != 0;
  if (m.level_triggered) {
    if ((lvt & kLvtRemoteIrr) != 0) return;
    lvt |= kLvtRemoteIrr;
  }
  if (m.mode != ApicMode::StartUp) accept(m);
}

void LocalApic::set_line(int pin, bool level) {
  if (pin != kLint0 && pin != kLint1) return;
  bool& line = state_.lint[static_cast<size_t>(pin)];
  if (line == level) return;
  line = level;
  if (level && enabled()) raise_lvt(pin == kLint0 ? kLvtLint0 : kLvtLint1);
  if (level && !enabled() && pin == kLint1 && pins_ != nullptr) pins_->pulse_nmi();
  update_intr();
}

void LocalApic::error(uint32_t bit) {
  state_.error_pending |= bit;
  uint32_t lvt = state_.lvt[kLvtError];
  // An illegal vector here would be an error in turn.
  if (static_cast<uint8_t>(lvt) >= kFirstLegalVector) raise_lvt(kLvtError);
}

// --- Interrupts that go out (SDM 11.6.1)

void LocalApic::send_ipi() {
  uint64_t icr = state_.icr;
  ApicMessage m;
  m.mode = mode_of(static_cast<uint32_t>(icr));
  m.vector = static_cast<uint8_t>(icr);
  m.logical = (icr & kIcrLogical) != 0;
  m.destination = x2apic() ? static_cast<uint32_t>(icr >> 32)
                           : ApicMessage::destination8(static_cast<uint8_t>(icr >> 56));
  // INIT level de-assert did something for discrete APICs only.
  if (m.mode == ApicMode::Init && (icr & kIcrLevel) == 0 && (icr & kIcrTrigger) != 0) return;
  bool fixed = m.mode == ApicMode::Fixed || m.mode == ApicMode::LowestPriority;
  if (fixed && m.vector < kFirstLegalVector) {
    error(kSendIllegalVector);
    return;
  }
  switch (icr >> 18 & 3) {
    case 0: bus_.send(m, this); break;
    case 1: accept(m); break;
    case 2:
      bus_.send_to_others(*this, m);
      accept(m);
      break;
    default: bus_.send_to_others(*this, m); break;
  }
}

// --- The timer (SDM 11.5.4)

unsigned LocalApic::timer_divisor() const {
  unsigned code = (state_.divide & 3) | (state_.divide >> 1 & 4);
  return 1u << ((code + 1) & 7);
}

uint32_t LocalApic::current_count(VTime now) const {
  if (state_.start_count == 0 || now < state_.timer_start) return state_.start_count;
  uint64_t elapsed = (now - state_.timer_start) / timer_divisor();
  if (elapsed < state_.start_count) return state_.start_count - static_cast<uint32_t>(elapsed);
  if (timer_mode(state_.lvt[kLvtTimer]) != kPeriodic || state_.initial_count == 0) return 0;
  return state_.initial_count - static_cast<uint32_t>((elapsed - state_.start_count) % state_.initial_count);
}

void LocalApic::arm_timer(VTime now) {
  if (timer_mode(state_.lvt[kLvtTimer]) == kDeadline) {
    bool reachable = state_.tsc_deadline / tsc_hz_ < UINT64_MAX / mem::kSecond;
    bool armed = state_.tsc_deadline != 0 && reachable;
    timer_.set(armed ? std::max(now, VTime{mem::muldiv_up(state_.tsc_deadline, mem::kSecond, tsc_hz_)})
                     : mem::kNever);
    return;
  }
  uint64_t ns = static_cast<uint64_t>(state_.start_count) * timer_divisor();
  timer_.set(ns != 0 ? state_.timer_start + ns : mem::kNever);
}

void LocalApic::timer_expired(VTime deadline) {
  unsigned mode = timer_mode(state_.lvt[kLvtTimer]);
  if (mode == kDeadline) {
    state_.tsc_deadline = 0;
  } else if (mode == kPeriodic && state_.initial_count != 0) {
    uint64_t period = static_cast<uint64_t>(state_.initial_count) * timer_divisor();
    // Several short periods at once; the count runs on as if each had been seen.
    uint64_t periods = (kShortestPeriodNs + period - 1) / period;
    state_.timer_start = deadline + (periods - 1) * period;
    state_.start_count = state_.initial_count;
    arm_timer(deadline);
  } else {
    state_.start_count = 0;
  }
  raise_lvt(kLvtTimer);
}

void LocalApic::set_tsc_deadline(uint64_t value, VTime now) {
  if (timer_mode(state_.lvt[kLvtTimer]) != kDeadline) return;
  state_.tsc_deadline = value;
  arm_timer(now);
}

// --- Registers

void LocalApic::write_lvt(Lvt which, uint32_t value, VTime now) {
  uint32_t& lvt = state_.lvt[which];
  unsigned old_mode = timer_mode(lvt);
  uint32_t count = which == kLvtTimer ? current_count(now) : 0;
  lvt = (lvt & kLvtRemoteIrr) | (value & kLvtBits[which] & ~kLvtRemoteIrr);
  if (!software_enabled()) lvt |= kLvtMasked;
  if ((lvt & kLvtLevel) == 0) lvt &= ~kLvtRemoteIrr;
  if (which == kLvtTimer && timer_mode(lvt) != old_mode) {
    // To and from TSC deadline mode the timer stops; between the others it counts on.
    bool deadline = old_mode == kDeadline || timer_mode(lvt) == kDeadline;
    state_.tsc_deadline = 0;
    state_.timer_start = now;
    state_.start_count = deadline ? 0 : count;
    arm_timer(now);
  }
  if (which == kLvtLint0 || which == kLvtLint1) {
    // A level-triggered pin that is unmasked while asserted is seen now.
    if (state_.lint[which - kLvtLint0] && (lvt & kLvtLevel) != 0) raise_lvt(which);
    update_intr();
  }
}

uint32_t LocalApic::read_register(unsigned index, VTime now) const {
  if (index >= kIsr && index < kIsr + 8) return state_.isr[index - kIsr];
  if (index >= kTmr && index < kTmr + 8) return state_.tmr[index - kTmr];
  if (index >= kIrr && index < kIrr + 8) return state_.irr[index - kIrr];
  if (index >= kLvtFirst && index <= kLvtLast) return state_.lvt[index - kLvtFirst];
  switch (index) {
    case kId: return x2apic() ? id_ : id_ << 24;
    case kVersion: return kVersionValue;
    case kTpr: return state_.tpr;
    case kApr:
    case kPpr: return processor_priority();
    case kLdr: return x2apic() ? id_ >> 4 << 16 | 1u << (id_ & 15) : state_.logical_destination;
    case kDfr: return state_.destination_format;
    case kSvr: return state_.spurious;
    case kEsr: return state_.error_status;
    case kIcrLow: return static_cast<uint32_t>(state_.icr);
    case kIcrHigh: return static_cast<uint32_t>(state_.icr >> 32);
    case kInitialCount: return state_.initial_count;
    case kCurrentCount: return current_count(now);
    case kDivide: return state_.divide;
    default: return 0;
  }
}

void LocalApic::write_register(unsigned index, uint32_t value, VTime now) {
  if (index >= kLvtFirst && index <= kLvtLast) {
    write_lvt(static_cast<Lvt>(index - kLvtFirst), value, now);
    return;
  }
  switch (index) {
    case kTpr: write_tpr(static_cast<uint8_t>(value)); break;
    case kEoi: end_of_interrupt(); break;
    case kLdr: state_.logical_destination = value & 0xFF000000; break;
    case kDfr: state_.destination_format = value | 0x0FFFFFFF; break;
    case kSvr:
      state_.spurious = value & kSvrBits;
      if (!software_enabled()) {
        for (uint32_t& lvt : state_.lvt) lvt |= kLvtMasked;
      }
      update_intr();
      break;
    case kEsr:
      state_.error_status = state_.error_pending;
      state_.error_pending = 0;
      break;
    case kIcrLow:
      state_.icr = (state_.icr & 0xFFFFFFFF00000000) | (value & kIcrBits);
      send_ipi();
      break;
    case kIcrHigh:
      state_.icr = (state_.icr & 0xFFFFFFFF) | static_cast<uint64_t>(value & 0xFF000000) << 32;
      break;
    case kInitialCount:
      if (timer_mode(state_.lvt[kLvtTimer]) == kDeadline) break;
      state_.initial_count = state_.start_count = value;
      state_.timer_start = now;
      arm_timer(now);
      break;
    case kDivide: {
      uint32_t count = current_count(now);
      state_.divide = value & 0x0B;
      if (timer_mode(state_.lvt[kLvtTimer]) == kDeadline) break;
      state_.start_count = count;
      state_.timer_start = now;
      arm_timer(now);
      break;
    }
    case kId:
    case kVersion:
    case kCurrentCount: break;
    default: error(kIllegalRegister); break;
  }
}

uint64_t LocalApic::mmio_peek(uint64_t offset, unsigned width, VTime now) const {
  if (x2apic()) return ~0ull;
  uint64_t low = offset & 15;
  if (low >= 4 || low + width > 8) return 0;
  return static_cast<uint64_t>(read_register(static_cast<unsigned>(offset >> 4 & 0xFF), now)) >> (8 * low);
}
uint64_t LocalApic::mmio_read(uint64_t offset, unsigned width, VTime now) {
  return mmio_peek(offset, width, now);
}
void LocalApic::mmio_write(uint64_t offset, unsigned width, uint64_t value, VTime now) {
  // Registers are doublewords at multiples of 16; anything narrower or between is undefined and does nothing.
  if (x2apic() || (offset & 15) != 0 || width < 4) return;
  write_register(static_cast<unsigned>(offset >> 4 & 0xFF), static_cast<uint32_t>(value), now);
}

// --- The processor's MSRs (SDM 11.4.4, 11.12)

bool LocalApic::set_base(uint64_t value, VTime) {
  constexpr uint64_t kModes = kBaseEnable | kBaseX2apic;
  if ((value & ~(kAddressBits | kModes | kBaseBsp)) != 0) return false;
  uint64_t before = state_.base & kModes, after = value & kModes;
  bool legal = after == before || after == 0 || (before == 0 && after == kBaseEnable) ||
               (before == kBaseEnable && after == kModes);
  if (!legal) return false;
  state_.base = (value & ~kBaseBsp) | (state_.base & kBaseBsp);
  if (before != 0 && after == 0) clear_registers();
  update_intr();
  return true;
}

std::optional<uint64_t> LocalApic::msr_read(uint32_t msr, VTime now) {
  unsigned index = msr - kFirstMsr;
  if (!x2apic() || msr < kFirstMsr || index > kSelfIpi) return std::nullopt;
  switch (index) {
    case kIcrLow: return state_.icr;
    case kId:
    case kVersion:
    case kTpr:
    case kPpr:
    case kLdr:
    case kSvr:
    case kEsr:
    case kInitialCount:
    case kCurrentCount:
    case kDivide: break;
    default:
      const bool bitmap = index >= kIsr && index < kIrr + 8;
      const bool lvt = index >= kLvtFirst && index <= kLvtLast;
      if (!bitmap && !lvt) return std::nullopt;
  }
  return read_register(index, now);
}

bool LocalApic::msr_write(uint32_t msr, uint64_t value, VTime now) {
  unsigned index = msr - kFirstMsr;
  if (!x2apic() || msr < kFirstMsr || index > kSelfIpi) return false;
  if (index == kIcrLow) {
    state_.icr = value & (0xFFFFFFFF00000000 | kIcrBits);
    send_ipi();
    return true;
  }
  if (value >> 32 != 0) return false;
  switch (index) {
    case kSelfIpi: request(static_cast<uint8_t>(value), false); return true;
    case kEoi:
    case kEsr:
      if (value != 0) return false;
      break;
    case kTpr:
    case kSvr:
    case kInitialCount:
    case kDivide: break;
    default:
      if (index < kLvtFirst || index > kLvtLast) return false;
      break;
  }
  write_register(index, static_cast<uint32_t>(value), now);
  return true;
}

}  // namespace ilse::dev
