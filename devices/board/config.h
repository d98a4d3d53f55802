// What a machine is made of, as plain data: filled in by the frontend, which opened the files, and read by
// the board. Nothing here touches the host.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "devices/disk/floppy_format.h"
#include "devices/disk/image/block_device.h"

namespace ilse::dev {

struct DriveConfig {
  enum class Media : uint8_t { Disk, Cdrom };
  std::unique_ptr<BlockDevice> image;  // null: an empty CD-ROM drive
  Media media = Media::Disk;
  unsigned index = 0;  // IDE: 0, 1 primary master and slave, 2, 3 secondary
  std::string serial;  // as IDENTIFY gives it; empty: made up from the index
  std::string name;    // of what is inside, for people
};

struct FloppyConfig {
  FloppyType type = FloppyType::None;  // no drive
  std::unique_ptr<BlockDevice> image;  // one that fits() the drive; null: empty
  std::string name;
};

// A file for a multiboot kernel.
struct BootModule {
  std::string command_line;  // its name and arguments
  std::vector<uint8_t> bytes;
};

struct BoardConfig {
  uint64_t ram_mib = 128;
  unsigned cpus = 1;
  // Whether SMIs reach the processor. If not, the firmware finds SMM as set up already and leaves it alone.
  bool smm = true;
  // Frequency of the time-stamp counter, which counts from power-on.
  uint64_t tsc_hz = 1'000'000'000;
  // Of the RTC at power-on, seconds since 1970-01-01 00:00 as the guest is to read it.
  int64_t rtc_epoch_seconds = 0;

  std::vector<uint8_t> bios;     // image that ends at 4 GiB
  std::vector<uint8_t> vgabios;  // expansion ROM of the display; empty: none
  bool vga = true;
  // What the monitor likes best, in pixels.
  unsigned monitor_width = 1024;
  unsigned monitor_height = 768;

  std::vector<DriveConfig> drives;
  std::array<FloppyConfig, 2> floppies;  // A and B
  std::string boot_order = "cad";        // a floppy, c disk, d CD-ROM, n network
  bool boot_menu = false;

  // Direct boot: the kernel's image, its initial RAM disk and its command line. Empty: none. A multiboot
  // kernel (is_multiboot() in kernel_boot.h) gets modules, its initial RAM disk the first of them, and its
  // own name before the command line.
  std::vector<uint8_t> kernel;
  std::string kernel_name = "kernel";
  std::vector<uint8_t> initrd;
  std::vector<BootModule> modules;
  std::string append;

  struct DebugExit {
    bool present = false;
    uint16_t iobase = 0x501;
    uint16_t iosize = 2;
  };
  DebugExit debug_exit;
  bool debugcon = true;            // port E9h
  bool firmware_debugcon = false;  // port 402h, where SeaBIOS writes its log if it finds the port
  bool pvpanic = false;
  bool pci_testdev = false;
  bool sb16 = false;  // at 220h, 330h and 388h, interrupt 5, DMA 1 and 5 until the guest says otherwise
  bool ac97 = false;
  unsigned serial_ports = 2;  // COM1 and COM2

  static constexpr uint64_t kMaxRamMib = 256 * 1024;
  static constexpr unsigned kMaxCpus = 64;
  static constexpr unsigned kMaxSerialPorts = 2;
};

}  // namespace ilse::dev
