#include "devices/pci/piix3.h"

namespace ilse::dev {

namespace {
constexpr uint8_t kPirqRoute = 0x60;  // PIRQRCA..PIRQRCD
constexpr uint8_t kRouteDisabled = 0x80;
constexpr uint8_t kResetCpu = 4, kSystemReset = 2;

// Interrupts that the router can drive: not the timer, keyboard, cascade, RTC and FPU.
constexpr uint16_t kRoutable = 0b1101'1110'1111'1000;

PciIdentity identity() {
  PciIdentity id;
  id.vendor = 0x8086;
  id.device = 0x7000;
  id.class_code = 0x060100;
  id.multifunction = true;
  return id;
}
}  // namespace

Piix3::Piix3(const std::array<IrqLine, 16>& isa_irqs) : PciDevice("piix3", identity()), isa_irqs_(isa_irqs) {
  // The bridge always masters and decodes.
  define16(pci::kCommand, 0x0007, 0x0108);
  define16(pci::kStatus, 0x0200, 0);
  define(0x4C, 0x4D, 0xFF);  // ISA I/O recovery timer
  define16(0x4E, 0x0003, 0x0FFF);
  for (uint8_t i = 0; i < 4; ++i) define(static_cast<uint8_t>(kPirqRoute + i), kRouteDisabled, 0x8F);
  define(0x69, 0x02, 0xFE);  // top of memory
  define16(0x6A, 0, 0x8011);
  define(0x70, 0x80, 0xEF);
  define(0x76, 0x0C, 0x8F);
  define(0x77, 0x0C, 0x8F);
  define16(0x78, 0x0002, 0xFFFF);
  define(0x80, 0, 0x7F);     // APIC base relocation
  define(0xA0, 0x08, 0x1F);  // SMI control
  define16(0xA2, 0, 0xFF);
  define16(0xA4, 0, 0xFFFF);
  define16(0xA6, 0, 0xFFFF);
  define(0xA8, 0x0F, 0xFF);
  define16(0xAA, 0, 0xFF);
  define(0xAC, 0, 0xFF);
  define(0xAE, 0, 0xFF);
}

void Piix3::drive() {
  uint16_t levels = 0;
  for (uint8_t i = 0; i < 4; ++i) {
    uint8_t route = config8(static_cast<uint8_t>(kPirqRoute + i));
    if (state_.pirq[i] && (route & kRouteDisabled) == 0)
      levels = static_cast<uint16_t>(levels | 1u << (route & 15));
  }
  levels &= kRoutable;
  for (unsigned irq = 0; irq < 16; ++irq) {
    if ((kRoutable >> irq & 1) != 0) isa_irqs_[irq].set((levels >> irq & 1) != 0);
  }
}

void Piix3::set_line(int pin, bool level) {
  bool& pirq = state_.pirq[static_cast<size_t>(pin) & 3];
  if (pirq == level) return;
  pirq = level;
  drive();
}

void Piix3::config_written(uint8_t reg, unsigned width, mem::VTime) {
  if (reg + width > kPirqRoute && reg < kPirqRoute + 4) drive();
}

uint32_t Piix3::port_peek(uint16_t, unsigned, mem::VTime) const { return state_.reset_control; }
uint32_t Piix3::port_read(uint16_t offset, unsigned width, mem::VTime now) {
  return port_peek(offset, width, now);
}
void Piix3::port_write(uint16_t, unsigned, uint32_t value, mem::VTime) {
  state_.reset_control = value & kSystemReset;
  if ((value & kResetCpu) != 0 && on_reset_request_) on_reset_request_();
}

void Piix3::reset(ResetKind kind) {
  // The wires stay with who drives them.
  auto pirq = state_.pirq;
  PciDevice::reset(kind);
  state_ = {};
  state_.pirq = pirq;
  drive();
}

void Piix3::visit_state(mem::StateVisitor& v) {
  v.begin("piix3", 1);
  PciDevice::visit_state(v);
  v("bridge", state_);
  v.end();
  if (v.loading()) drive();
}

}  // namespace ilse::dev
