// What the board tells its firmware about itself: the CMOS bytes that SeaBIOS reads and the first items of
// the firmware configuration device.
#include <algorithm>
#include <array>

#include "devices/board/acpi_tables.h"
#include "devices/board/pc.h"
#include "devices/board/pc_chips.h"
#include "devices/board/smbios_tables.h"

namespace ilse::dev {

namespace {

constexpr uint64_t kFourGib = 1ull << 32;

// Boot devices in the CMOS boot order.
uint8_t boot_code(char letter) {
  switch (letter) {
    case 'a': return 1;
    case 'c': return 2;
    case 'd': return 3;
    case 'n': return 4;
    default: return 0;
  }
}

void put(std::vector<uint8_t>& to, uint64_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) to.push_back(static_cast<uint8_t>(value >> (8 * i)));
}

}  // namespace

void Pc::set_cmos() {
  Mc146818& rtc = chips_->rtc;
  auto set16 = [&rtc](uint8_t index, uint64_t value) {
    rtc.set_cmos(index, static_cast<uint8_t>(value));
    rtc.set_cmos(static_cast<uint8_t>(index + 1), static_cast<uint8_t>(value >> 8));
  };
  uint64_t low = I440fx::low_ram_of(ram_.size()), high = ram_.size() - low;

  // Memory: KiB below 640 KiB; KiB above 1 MiB, up to 64 MiB; 64 KiB above 16 MiB; 64 KiB above 4 GiB.
  set16(0x15, 640);
  uint64_t extended = std::min<uint64_t>((low - std::min<uint64_t>(low, 1 << 20)) / 1024, 0xFFFF);
  set16(0x17, extended);
  set16(0x30, extended);
  set16(0x34, std::min<uint64_t>((low - std::min<uint64_t>(low, 16 << 20)) / 65536, 0xFFFF));
  set16(0x5B, high / 65536);
  rtc.set_cmos(0x5D, static_cast<uint8_t>(high / 65536 >> 16));
  rtc.set_cmos(0x5F, static_cast<uint8_t>(config_.cpus - 1));

  // Diskette drives; equipment: how many there are, FPU and PS/2 mouse.
  auto type = [this](size_t n) { return static_cast<unsigned>(config_.floppies[n].type); };
  unsigned drives = (type(0) != 0 ? 1 : 0) + (type(1) != 0 ? 1 : 0);
  rtc.set_cmos(0x10, static_cast<uint8_t>(type(0) << 4 | type(1)));
  rtc.set_cmos(0x14, static_cast<uint8_t>(0x06 | (drives != 0 ? (drives - 1) << 6 | 1 : 0)));

  // Two nibbles in 3Dh, the third in 38h, whose bit 0 skips the check of floppy boot signatures.
  std::array<uint8_t, 3> boot{};
  for (size_t i = 0; i < boot.size() && i < config_.boot_order.size(); ++i)
    boot[i] = boot_code(config_.boot_order[i]);
  rtc.set_cmos(0x3D, static_cast<uint8_t>(boot[0] | boot[1] << 4));
  rtc.set_cmos(0x38, static_cast<uint8_t>(boot[2] << 4));

  // How INT 13h translates each disk's geometry: not up to 1024 cylinders of 16 heads and 63 sectors, else by
  // LBA.
  unsigned translation = 0;
  for (unsigned i = 0; i < 4; ++i) {
    if (disk_sectors_[i] > 1024 * 16 * 63) translation |= 1u << (2 * i);
  }
  rtc.set_cmos(0x39, static_cast<uint8_t>(translation));
}

void Pc::fill_fw_cfg() {
  FwCfg& fw = chips_->fw_cfg;
  uint64_t low = I440fx::low_ram_of(ram_.size()), high = ram_.size() - low;
  fw.add_number(FwCfg::kRamSize, ram_.size(), 8);
  fw.add_number(FwCfg::kNoGraphic, config_.vga ? 0 : 1, 2);
  fw.add_number(FwCfg::kCpus, config_.cpus, 2);
  fw.add_number(FwCfg::kMaxCpus, config_.cpus, 2);
  fw.add_number(FwCfg::kBootMenu, config_.boot_menu ? 1 : 0, 2);
  fw.add_number(FwCfg::kBootDevice,
                static_cast<uint8_t>(config_.boot_order.empty() ? 0 : config_.boot_order[0]), 2);
  // IRQ 0 arrives at the I/O APIC's pin 2.
  fw.add_number(FwCfg::kIrq0Override, 1, 4);

  constexpr uint32_t kRam = 1;
  std::vector<uint8_t> e820;
  put(e820, 0, 8);
  put(e820, low, 8);
  put(e820, kRam, 4);
  if (high != 0) {
    put(e820, kFourGib, 8);
    put(e820, high, 8);
    put(e820, kRam, 4);
  }
  fw.add_file("etc/e820", std::move(e820));
  add_acpi_tables(fw, config_.cpus, config_.serial_ports, low);
  add_smbios_tables(fw, config_.cpus, ram_.size(), low);
  // Stay at the message when nothing boots, instead of trying again every minute.
  std::vector<uint8_t> forever;
  put(forever, 0xFFFFFFFF, 4);
  fw.add_file("etc/boot-fail-wait", std::move(forever));
}

}  // namespace ilse::dev
