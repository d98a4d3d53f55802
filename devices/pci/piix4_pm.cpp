#include "devices/pci/piix4_pm.h"

#include "memory/types.h"

namespace ilse::dev {

using mem::VTime;

namespace {

// Configuration registers.
constexpr uint8_t kPmBase = 0x40, kDeviceActivityB = 0x58, kPmMisc = 0x80, kSmbusBase = 0x90,
                  kSmbusConfig = 0xD2;
constexpr uint8_t kApmcEnableReg = kDeviceActivityB + 3;
constexpr uint8_t kApmcEnable = 2;

// PM1 status and enable.
constexpr uint16_t kTimer = 1 << 0, kGlobal = 1 << 5, kPowerButton = 1 << 8, kRtc = 1 << 10;
constexpr uint16_t kStatusBits = 0x8D31, kEnableBits = kTimer | kGlobal | kPowerButton | kRtc;
constexpr uint16_t kSciEnable = 1 << 0, kSleepEnable = 1 << 13, kSleepType = 7 << 10;
// Values of the sleep type field; this chip's soft-off is 0.
constexpr uint16_t kSoftOff = 0;

// Blocks in the PM I/O window.
constexpr unsigned kPm1Status = 0, kPm1Enable = 2, kPm1Control = 4, kPmTimer = 8, kGlobalControl = 0x28;
constexpr unsigned kPmPorts = 64, kSmbusPorts = 16;
constexpr uint32_t kSmiEnable = 1;
constexpr uint8_t kAcpiEnable = 0xF1, kAcpiDisable = 0xF0;

constexpr unsigned kTimerBits = 24;

// SMBus host interface.
constexpr unsigned kHostStatus = 0, kSlaveStatus = 1, kHostControl = 2;
constexpr uint8_t kHostStart = 0x40, kDeviceError = 0x04;

uint64_t ticks(VTime now) { return mem::muldiv(now.ns, Piix4Pm::kTimerHz, mem::kSecond); }
uint64_t half_periods(VTime now) { return ticks(now) >> (kTimerBits - 1); }

uint8_t byte_of(uint64_t value, unsigned n) { return static_cast<uint8_t>(value >> (8 * n)); }
uint16_t with_byte(uint16_t value, unsigned n, uint8_t b) {
  return static_cast<uint16_t>((value & ~(0xFF << (8 * n))) | b << (8 * n));
}

PciIdentity identity() {
  PciIdentity id;
  id.vendor = 0x8086;
  id.device = 0x7113;
  id.revision = 3;
  id.class_code = 0x068000;
  return id;
}

}  // namespace

Piix4Pm::Piix4Pm(Scheduler& scheduler, IrqLine sci, bool smm)
    : PciDevice("piix4-pm", identity()),
      pm_(*this, &Piix4Pm::pm_read, &Piix4Pm::pm_write),
      smbus_(*this, &Piix4Pm::smbus_read, &Piix4Pm::smbus_write),
      apm_(*this, &Piix4Pm::apm_read, &Piix4Pm::apm_write),
      gpe0_(*this, &Piix4Pm::gpe_read, &Piix4Pm::gpe_write),
      pm_window_(kPmPorts, pm_, 4),
      smbus_window_(kSmbusPorts, smbus_, 1),
      scheduler_(scheduler),
      sci_(sci),
      smm_(smm),
      overflow_(scheduler, "acpi-pm-timer", [this](VTime t) { update_sci(t); }) {
  define16(pci::kStatus, 0x0280, 0);
  use_interrupt_pin(1);
  define16(kPmBase, 0x0001, 0xFFC0);
  for (uint8_t reg = 0x44; reg < kPmMisc; ++reg) define(reg, 0, 0xFF);
  if (!smm_) define(kApmcEnableReg, kApmcEnable, 0xFF);
  define(kPmMisc, 0, 0x01);
  define16(kSmbusBase, 0x0001, 0xFFF0);
  define(kSmbusConfig, 0, 0x0F);
  for (uint8_t reg = kSmbusConfig + 1; reg < kSmbusConfig + 5; ++reg) define(reg, 0, 0xFF);
}

uint32_t Piix4Pm::Ports::port_peek(uint16_t offset, unsigned width, VTime now) const {
  uint32_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    value |= static_cast<uint32_t>((chip_.*read_)(static_cast<uint16_t>(offset + i), now)) << (8 * i);
  }
  return value;
}
uint32_t Piix4Pm::Ports::port_read(uint16_t offset, unsigned width, VTime now) {
  return port_peek(offset, width, now);
}
void Piix4Pm::Ports::port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) {
  for (unsigned i = 0; i < width; ++i)
    (chip_.*write_)(static_cast<uint16_t>(offset + i), byte_of(value, i), now);
}

uint16_t Piix4Pm::pm1_status(VTime now) const {
  bool overflowed = half_periods(now) > state_.half_periods_seen;
  return overflowed ? state_.pm1_status | kTimer : state_.pm1_status;
}

uint8_t Piix4Pm::pm_read(uint16_t offset, VTime now) const {
  unsigned n = offset & 3;
  switch (offset & ~3u) {
    case kPm1Status: return n < 2 ? byte_of(pm1_status(now), n) : byte_of(state_.pm1_enable, n - 2);
    case kPm1Control: return n < 2 ? byte_of(state_.pm1_control, n) : 0;
    case kPmTimer: return n < 3 ? byte_of(ticks(now), n) : 0;
    case kGlobalControl: return byte_of(state_.global_control, n);
    default: return 0;
  }
}

void Piix4Pm::pm_write(uint16_t offset, uint8_t value, VTime now) {
  unsigned n = offset & 1;
  switch (offset & ~1u) {
    case kPm1Status: {
      auto clear = static_cast<uint16_t>(value << (8 * n) & kStatusBits);
      state_.pm1_status = static_cast<uint16_t>(state_.pm1_status & ~clear);
      if ((clear & kTimer) != 0) state_.half_periods_seen = half_periods(now);
      update_sci(now);
      break;
    }
    case kPm1Enable:
      state_.pm1_enable = with_byte(state_.pm1_enable, n, value) & kEnableBits;
      update_sci(now);
      break;
    case kPm1Control:
      write_control(with_byte(state_.pm1_control, n, value));
      update_sci(now);
      break;
    case kGlobalControl:
    case kGlobalControl + 2: {
      unsigned shift = 8 * (offset & 3);
      state_.global_control = (state_.global_control & ~(0xFFu << shift)) | static_cast<uint32_t>(value)
                                                                                << shift;
      break;
    }
    default: break;
  }
}

void Piix4Pm::write_control(uint16_t value) {
  // Sleep enable is write-only; sleep states other than soft-off are not offered to the guest.
  bool sleep = (value & kSleepEnable) != 0;
  state_.pm1_control = static_cast<uint16_t>(value & ~kSleepEnable);
  if (sleep && (value & kSleepType) >> 10 == kSoftOff && on_power_off_) on_power_off_();
}

void Piix4Pm::update_sci(VTime now) {
  uint16_t status = pm1_status(now);
  bool event = (status & state_.pm1_enable & kEnableBits) != 0;
  for (size_t i = 0; i < state_.gpe_status.size(); ++i)
    event |= (state_.gpe_status[i] & state_.gpe_enable[i]) != 0;
  sci_.set(event && (state_.pm1_control & kSciEnable) != 0);

  bool wait = (state_.pm1_enable & kTimer) != 0 && (status & kTimer) == 0;
  if (wait) {
    uint64_t next = (half_periods(now) + 1) << (kTimerBits - 1);
    overflow_.set({mem::muldiv_up(next, mem::kSecond, kTimerHz)});
  } else {
    overflow_.cancel();
  }
}

void Piix4Pm::press_power_button(VTime now) {
  state_.pm1_status |= kPowerButton;
  update_sci(now);
}
bool Piix4Pm::button_enabled() const {
  return (state_.pm1_control & kSciEnable) != 0 && (state_.pm1_enable & kPowerButton) != 0;
}

uint8_t Piix4Pm::apm_read(uint16_t offset, VTime) const {
  return offset == 0 ? state_.apm_command : state_.apm_status;
}
void Piix4Pm::apm_write(uint16_t offset, uint8_t value, VTime now) {
  if (offset != 0) {
    state_.apm_status = value;
    return;
  }
  state_.apm_command = value;
  if (value == kAcpiEnable || value == kAcpiDisable) {
    bool on = value == kAcpiEnable;
    state_.pm1_control =
        static_cast<uint16_t>(on ? state_.pm1_control | kSciEnable : state_.pm1_control & ~kSciEnable);
    update_sci(now);
    return;
  }
  bool smi =
      smm_ && (config8(kApmcEnableReg) & kApmcEnable) != 0 && (state_.global_control & kSmiEnable) != 0;
  if (smi && on_smi_) on_smi_();
}

uint8_t Piix4Pm::gpe_read(uint16_t offset, VTime) const {
  return offset < 2 ? state_.gpe_status[offset] : state_.gpe_enable[offset & 1];
}
void Piix4Pm::gpe_write(uint16_t offset, uint8_t value, VTime now) {
  if (offset < 2) {
    state_.gpe_status[offset] = static_cast<uint8_t>(state_.gpe_status[offset] & ~value);
  } else {
    state_.gpe_enable[offset & 1] = value;
  }
  update_sci(now);
}

uint8_t Piix4Pm::smbus_read(uint16_t offset, VTime) const {
  return offset < state_.smbus.size() ? state_.smbus[offset] : 0;
}
void Piix4Pm::smbus_write(uint16_t offset, uint8_t value, VTime) {
  if (offset >= state_.smbus.size()) return;
  uint8_t& reg = state_.smbus[offset];
  if (offset == kHostStatus || offset == kSlaveStatus) {
    reg = static_cast<uint8_t>(reg & ~value);
  } else if (offset == kHostControl) {
    reg = static_cast<uint8_t>(value & ~kHostStart);
    // Nothing answers on this bus.
    if ((value & kHostStart) != 0) state_.smbus[kHostStatus] |= kDeviceError;
  } else {
    reg = value;
  }
}

void Piix4Pm::place_windows() {
  if (host() == nullptr) return;
  auto pm = static_cast<uint16_t>(config16(kPmBase) & 0xFFC0),
       smbus = static_cast<uint16_t>(config16(kSmbusBase) & 0xFFF0);
  pm_window_.place(host()->io(), pm != 0 && (config8(kPmMisc) & 1) != 0, pm);
  smbus_window_.place(host()->io(), smbus != 0 && (config8(kSmbusConfig) & 1) != 0, smbus);
}

void Piix4Pm::config_written(uint8_t reg, unsigned, VTime) {
  if (reg >= kPmBase) place_windows();
}

void Piix4Pm::reset(ResetKind kind) {
  PciDevice::reset(kind);
  state_ = {};
  state_.half_periods_seen = half_periods(scheduler_.now());
  place_windows();
  update_sci(scheduler_.now());
}

void Piix4Pm::visit_state(mem::StateVisitor& v) {
  v.begin("piix4-pm", 1);
  PciDevice::visit_state(v);
  v("acpi", state_);
  v.end();
  if (!v.loading()) return;
  place_windows();
  update_sci(scheduler_.now());
}

}  // namespace ilse::dev
