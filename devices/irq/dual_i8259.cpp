#include "devices/irq/dual_i8259.h"

namespace ilse::dev {

namespace {
constexpr int kCascade = 2;
// IRQ 0, 1, 2, 8 and 13 are always edge-triggered.
constexpr uint8_t kMasterElcr = 0xF8;
constexpr uint8_t kSlaveElcr = 0xDE;
}  // namespace

DualI8259::DualI8259(IrqLine intr)
    : master_("pic.master", I8259::Role::Master, intr, kMasterElcr),
      slave_("pic.slave", I8259::Role::Slave, IrqLine(master_, kCascade), kSlaveElcr) {
  master_.connect_slave(slave_, kCascade);
}

void DualI8259::set_line(int irq, bool level) {
  if (irq < 0 || irq > 15 || irq == kCascade) return;
  if (irq < 8) {
    master_.set_line(irq, level);
  } else {
    slave_.set_line(irq - 8, level);
  }
}

void DualI8259::reset(ResetKind kind) {
  slave_.reset(kind);
  master_.reset(kind);
}

void DualI8259::visit_state(mem::StateVisitor& v) {
  // The master comes last: a slave that is loaded drives the master's IR2.
  v.begin("pic", 1);
  slave_.visit_state(v);
  master_.visit_state(v);
  v.end();
}

uint32_t DualI8259::Elcr::port_read(uint16_t offset, unsigned width, mem::VTime now) {
  return port_peek(offset, width, now);
}
uint32_t DualI8259::Elcr::port_peek(uint16_t offset, unsigned, mem::VTime) const {
  return (offset & 1) != 0 ? pic_.slave_.elcr() : pic_.master_.elcr();
}
void DualI8259::Elcr::port_write(uint16_t offset, unsigned, uint32_t value, mem::VTime) {
  ((offset & 1) != 0 ? pic_.slave_ : pic_.master_).set_elcr(static_cast<uint8_t>(value));
}

}  // namespace ilse::dev
