#include "devices/disk/piix3_ide.h"

#include <utility>

#include "memory/check.h"

namespace ilse::dev {

namespace {

constexpr PciIdentity kIdentity{
    .vendor = 0x8086, .device = 0x7010, .revision = 0, .class_code = 0x010180};  // IDE, bus master

constexpr uint8_t kTiming = 0x40;       // IDETIM, 16 bits a channel
constexpr uint8_t kSlaveTiming = 0x44;  // SIDETIM
constexpr uint16_t kDecodeEnable = 0x8000;
constexpr unsigned kBusMasterBar = 4, kBusMasterPorts = 16;

constexpr std::array<uint16_t, 2> kCommandPorts{0x1F0, 0x170}, kControlPorts{0x3F6, 0x376};

}  // namespace

Piix3Ide::Piix3Ide(Scheduler& scheduler, mem::PhysMap& map, IrqLine primary, IrqLine secondary)
    : PciDevice("piix3-ide", kIdentity),
      scheduler_(scheduler),
      channels_{IdeChannel(primary), IdeChannel(secondary)},
      masters_{BusMaster(map, channels_[0]), BusMaster(map, channels_[1])},
      command_windows_{PortWindow(8, channels_[0], 4), PortWindow(8, channels_[1], 4)},
      control_windows_{PortWindow(1, channels_[0].control_block(), 1),
                       PortWindow(1, channels_[1].control_block(), 1)} {
  for (size_t i = 0; i < 2; ++i) {
    channels_[i].set_bus_master(masters_[i]);
    define16(static_cast<uint8_t>(kTiming + 2 * i), 0, 0xFFFF);
  }
  define(kSlaveTiming, 0, 0xFF);
  define16(pci::kStatus, 0x0280, 0);  // medium DEVSEL# timing, fast back-to-back
  add_io_bar(kBusMasterBar, kBusMasterPorts, *this);
}

AtaDisk& Piix3Ide::attach_disk(unsigned channel, unsigned position, std::unique_ptr<BlockDevice> image,
                               std::string serial) {
  ILSE_CHECK(channel < 2, "an IDE channel that does not exist");
  std::string name = "ide" + std::to_string(channel) + (position == 0 ? "-master" : "-slave");
  auto disk = std::make_unique<AtaDisk>(scheduler_, name, std::move(image), std::move(serial));
  AtaDisk& d = *disk;
  channels_[channel].attach(position, std::move(disk));
  return d;
}

AtapiCdrom& Piix3Ide::attach_cdrom(unsigned channel, unsigned position) {
  ILSE_CHECK(channel < 2, "an IDE channel that does not exist");
  std::string name = "ide" + std::to_string(channel) + (position == 0 ? "-master" : "-slave");
  auto drive = std::make_unique<AtapiCdrom>(scheduler_, name);
  AtapiCdrom& d = *drive;
  channels_[channel].attach(position, std::move(drive));
  return d;
}

void Piix3Ide::reset(ResetKind kind) {
  PciDevice::reset(kind);
  for (size_t i = 0; i < 2; ++i) {
    masters_[i].reset();
    channels_[i].hardware_reset(scheduler_.now());
  }
  apply_config();
}

void Piix3Ide::apply_config() {
  bool io = (config16(pci::kCommand) & pci::kCommandIo) != 0;
  for (size_t i = 0; i < 2; ++i) {
    bool decode = io && (config16(static_cast<uint8_t>(kTiming + 2 * i)) & kDecodeEnable) != 0;
    masters_[i].set_enabled(bus_master());
    if (host() == nullptr) continue;
    command_windows_[i].place(host()->io(), decode, kCommandPorts[i]);
    control_windows_[i].place(host()->io(), decode, kControlPorts[i]);
  }
}

void Piix3Ide::config_written(uint8_t reg, unsigned width, mem::VTime now) {
  PciDevice::config_written(reg, width, now);
  apply_config();
}

uint32_t Piix3Ide::port_peek(uint16_t offset, unsigned, mem::VTime) const {
  return masters_[offset >> 3 & 1].read(offset & 7);
}
uint32_t Piix3Ide::port_read(uint16_t offset, unsigned width, mem::VTime now) {
  return port_peek(offset, width, now);
}
void Piix3Ide::port_write(uint16_t offset, unsigned, uint32_t value, mem::VTime now) {
  masters_[offset >> 3 & 1].write(offset & 7, static_cast<uint8_t>(value), now);
}

void Piix3Ide::visit_state(mem::StateVisitor& v) {
  PciDevice::visit_state(v);
  v.begin("ide", 1);
  for (size_t i = 0; i < 2; ++i) {
    masters_[i].visit_state(v);
    channels_[i].visit_state(v);
  }
  v.end();
  if (v.loading()) apply_config();
}

}  // namespace ilse::dev
