#include "devices/irq/io_apic.h"

namespace ilse::dev {

namespace {
// Registers behind the window.
constexpr uint8_t kId = 0, kVersion = 1, kArbitration = 2, kTable = 0x10;
constexpr uint64_t kSelect = 0x00, kWindow = 0x10;
constexpr uint32_t kVersionValue = 0x11 | (IoApic::kPins - 1) << 16;

// Redirection entry.
constexpr uint64_t kLogical = 1 << 11, kRemoteIrr = 1 << 14, kLevel = 1 << 15, kMasked = 1 << 16;
constexpr uint64_t kReadOnly = 1 << 12 | kRemoteIrr;
constexpr uint64_t kEntryBits = 0xFF00'0000'0001'FFFF;
}  // namespace

IoApic::IoApic(ApicBus& bus, uint8_t id) : bus_(bus), initial_id_(id) { reset(ResetKind::PowerOn); }

void IoApic::reset(ResetKind) {
  // The inputs stay with who drives them.
  uint32_t level = state_.level;
  state_ = {};
  state_.id = initial_id_;
  state_.level = level;
  state_.entry.fill(kMasked);
}

void IoApic::service(unsigned pin) {
  uint64_t& e = state_.entry[pin];
  if ((e & kMasked) != 0 || ((e & kLevel) != 0 && (e & kRemoteIrr) != 0)) return;
  ApicMessage m;
  m.destination = ApicMessage::destination8(static_cast<uint8_t>(e >> 56));
  m.logical = (e & kLogical) != 0;
  m.mode = static_cast<ApicMode>(e >> 8 & 7);
  m.vector = static_cast<uint8_t>(e);
  m.level_triggered = (e & kLevel) != 0;
  if (m.level_triggered) e |= kRemoteIrr;
  if (!bus_.send(m)) e &= ~kRemoteIrr;
}

void IoApic::set_line(int pin, bool level) {
  if (pin < 0 || pin >= static_cast<int>(kPins)) return;
  uint32_t bit = 1u << pin;
  bool rises = level && (state_.level & bit) == 0;
  state_.level = level ? state_.level | bit : state_.level & ~bit;
  // An edge at a masked pin is lost (section 3.2.4, interrupt mask).
  if (rises) service(static_cast<unsigned>(pin));
}

void IoApic::end_of_interrupt(uint8_t vector) {
  for (unsigned pin = 0; pin < kPins; ++pin) {
    uint64_t& e = state_.entry[pin];
    if ((e & kRemoteIrr) == 0 || static_cast<uint8_t>(e) != vector) continue;
    e &= ~kRemoteIrr;
    if ((state_.level >> pin & 1) != 0) service(pin);
  }
}

uint32_t IoApic::read_register() const {
  uint8_t r = state_.select;
  if (r >= kTable && r < kTable + 2 * kPins) {
    return static_cast<uint32_t>(state_.entry[(r - kTable) / 2u] >> (r % 2 * 32));
  }
  switch (r) {
    case kId:
    case kArbitration: return static_cast<uint32_t>(state_.id) << 24;
    case kVersion: return kVersionValue;
    default: return 0;
  }
}

void IoApic::write_register(uint32_t value) {
  uint8_t r = state_.select;
  if (r == kId) state_.id = value >> 24 & 0x0F;
  if (r < kTable || r >= kTable + 2 * kPins) return;
  unsigned pin = (r - kTable) / 2u, shift = r % 2 * 32;
  uint64_t& e = state_.entry[pin];
  uint64_t written = (0xFFFFFFFFull << shift) & kEntryBits & ~kReadOnly;
  e = (e & ~written) | (static_cast<uint64_t>(value) << shift & written);
  // Remote IRR means nothing for an edge, and software clears it by switching there and back.
  if ((e & kLevel) == 0) {
    e &= ~kRemoteIrr;
  } else if ((state_.level >> pin & 1) != 0) {
    service(pin);
  }
}

uint64_t IoApic::mmio_peek(uint64_t offset, unsigned, mem::VTime) const {
  unsigned shift = 8 * (offset & 3);
  switch (offset & 0xFC) {
    case kSelect: return state_.select >> shift;
    case kWindow: return read_register() >> shift;
    default: return 0;
  }
}
uint64_t IoApic::mmio_read(uint64_t offset, unsigned width, mem::VTime now) {
  return mmio_peek(offset, width, now);
}
void IoApic::mmio_write(uint64_t offset, unsigned width, uint64_t value, mem::VTime) {
  if ((offset & 0xFF) == kSelect) state_.select = static_cast<uint8_t>(value);
  if ((offset & 0xFF) == kWindow && width >= 4) write_register(static_cast<uint32_t>(value));
}

void IoApic::visit_state(mem::StateVisitor& v) { v("io-apic", state_); }

}  // namespace ilse::dev
