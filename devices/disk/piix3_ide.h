// The IDE function of the PIIX3: two channels at the compatible addresses, bus-master registers at BAR 4, and
// the timing registers. Intel 82371SB datasheet, 2.6 and 2.7; PCI device 8086:7010, function 1.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "devices/core/irq_line.h"
#include "devices/disk/ata_disk.h"
#include "devices/disk/atapi_cdrom.h"
#include "devices/disk/bus_master.h"
#include "devices/disk/ide_channel.h"
#include "devices/pci/pci_device.h"
#include "devices/pci/pci_host.h"

namespace ilse::dev {

// The function decodes its compatible ports itself (1F0h-1F7h, 3F6h; 170h-177h, 376h) while the PCI command
// register's I/O bit and the channel's IDETIM decode bit are set. It goes to slot 1, function 1 of the host.
class Piix3Ide : public PciDevice, private mem::PortDevice {
 public:
  Piix3Ide(Scheduler& scheduler, mem::PhysMap& map, IrqLine primary, IrqLine secondary);

  // Before the machine starts. `channel` 0 primary, 1 secondary; `position` 0 master, 1 slave; each place
  // takes one drive. The drive is the channel's and lives as long as this.
  AtaDisk& attach_disk(unsigned channel, unsigned position, std::unique_ptr<BlockDevice> image,
                       std::string serial);
  AtapiCdrom& attach_cdrom(unsigned channel, unsigned position);

  IdeChannel& channel(unsigned n) { return channels_[n & 1]; }

  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 protected:
  void config_written(uint8_t reg, unsigned width, mem::VTime now) override;

 private:
  // BAR 4: eight bytes a channel.
  uint32_t port_read(uint16_t offset, unsigned width, mem::VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, mem::VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, mem::VTime now) const override;
  void apply_config();

  Scheduler& scheduler_;
  std::array<IdeChannel, 2> channels_;
  std::array<BusMaster, 2> masters_;
  std::array<PortWindow, 2> command_windows_, control_windows_;
};

}  // namespace ilse::dev
