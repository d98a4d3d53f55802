// One IDE channel: the ports of the command and control blocks, two positions on a cable, and the interrupt
// line. ATA/ATAPI-7 volume 2, clause 7 (registers) and 7.16 (a single drive).
#pragma once

#include <array>
#include <memory>
#include <string>

#include "devices/core/irq_line.h"
#include "devices/disk/ide_drive.h"
#include "memory/bus.h"

namespace ilse::dev {

class BusMaster;

// As a port device it is the command block: 8 ports, accesses up to 4 bytes wide.
class IdeChannel : public mem::PortDevice, public IdeCable {
 public:
  explicit IdeChannel(IrqLine irq) : control_(*this), irq_(irq) {}

  // One port: device control when written, alternate status when read.
  mem::PortDevice& control_block() { return control_; }

  void attach(unsigned position, std::unique_ptr<IdeDrive> drive);
  IdeDrive* drive(unsigned position) { return drives_[position & 1].get(); }
  void set_bus_master(BusMaster& master) { master_ = &master; }

  uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

  void intrq_changed() override;
  void dma_requested(VTime now) override;
  bool has_other_drive(bool device1) const override { return drives_[device1 ? 0 : 1] != nullptr; }
  // The bus master's start bit was set.
  void dma_started(VTime now);

  // Commands that were written since power-on, for a lamp; not part of the state.
  uint64_t commands() const { return commands_; }

  void hardware_reset(VTime now);
  void visit_state(mem::StateVisitor& v);

 private:
  class ControlBlock : public mem::PortDevice {
   public:
    explicit ControlBlock(IdeChannel& channel) : channel_(channel) {}
    uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

   private:
    IdeChannel& channel_;
  };
  struct State {
    uint8_t control = 0;  // device control register
    uint8_t device = 0;   // the last write to the device register, seen by both drives
    bool line = false;    // INTRQ after nIEN
    static constexpr std::array kNames{"control", "device", "line"};
  };
  static constexpr uint8_t kNien = 0x02, kSrst = 0x04, kHob = 0x80, kDev = 0x10;

  IdeDrive* selected() const { return drives_[(s_.device & kDev) != 0].get(); }
  uint8_t status() const;
  uint8_t read_byte(unsigned offset) const;
  void write_byte(unsigned offset, uint8_t value, VTime now);
  void write_control(uint8_t value, VTime now);

  ControlBlock control_;
  State s_;
  std::array<std::unique_ptr<IdeDrive>, 2> drives_;
  BusMaster* master_ = nullptr;
  IrqLine irq_;
  uint64_t commands_ = 0;
};

}  // namespace ilse::dev
