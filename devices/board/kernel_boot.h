// Direct kernel boot: takes the image that the user named apart into what one of our option ROMs
// (roms/linuxboot.S, roms/multiboot.S) loads and enters. The ROM reads it as configuration items, with the
// keys of QEMU's docs/specs/fw_cfg, and the firmware runs the ROM as its first boot device.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "devices/board/config.h"
#include "memory/result.h"

namespace ilse::dev {

class FwCfg;

struct KernelBoot {
  enum Key : uint16_t {
    kKernelAddr = 0x07,
    kKernelSize = 0x08,
    kInitrdAddr = 0x0A,
    kInitrdSize = 0x0B,
    kKernelEntry = 0x10,
    kKernelData = 0x11,
    kInitrdData = 0x12,
    kCmdlineAddr = 0x13,
    kCmdlineSize = 0x14,
    kCmdlineData = 0x15,
    kSetupAddr = 0x16,
    kSetupSize = 0x17,
    kSetupData = 0x18,
  };
  std::string rom_name;  // a file name of the configuration device
  std::vector<uint8_t> rom;
  std::vector<std::pair<uint16_t, std::vector<uint8_t>>> items;

  void add(Key key, std::vector<uint8_t> bytes) { items.emplace_back(key, std::move(bytes)); }
  void add(Key key, uint32_t number);
};

// Memory at the end of RAM below 4 GiB that the firmware keeps for its tables: no kernel or RAM disk goes
// there.
constexpr uint64_t kFirmwareMemory = 256 * 1024;

// True if the image has a multiboot header; the files of -initrd are then modules.
bool is_multiboot(std::span<const uint8_t> image);

// Takes config's kernel apart for a machine with `low_ram` bytes of RAM from address 0. Fails with a message
// when it is no kernel, is damaged, or does not fit.
mem::Result<KernelBoot> prepare_kernel(const BoardConfig& config, uint64_t low_ram);

// An option ROM whose checksums are right.
std::vector<uint8_t> finished_rom(std::span<const uint8_t> rom);

// Gives the items, the ROM and the boot order that starts it to the firmware.
void add_kernel_boot(FwCfg& fw, KernelBoot boot);

}  // namespace ilse::dev
