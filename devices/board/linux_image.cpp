#include "devices/board/linux_image.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "devices/board/embedded.h"
#include "devices/board/little_endian.h"

namespace ilse::dev {

namespace {

using Bytes = std::span<const uint8_t>;

// Offsets of the setup header.
constexpr size_t kSetupSects = 0x1F1, kSysSize = 0x1F4, kVidMode = 0x1FA, kBootFlag = 0x1FE, kHeader = 0x202,
                 kVersion = 0x206, kTypeOfLoader = 0x210, kLoadFlags = 0x211, kRamdiskImage = 0x218,
                 kRamdiskSize = 0x21C, kHeapEnd = 0x224, kCmdlinePtr = 0x228, kInitrdAddrMax = 0x22C,
                 kCmdlineMax = 0x238, kInitSize = 0x260, kHeaderEnd = 0x268;
constexpr uint32_t kHdrS = 0x53726448;
constexpr unsigned kSector = 512, kParagraph = 16;
constexpr uint8_t kLoadedHigh = 0x01, kCanUseHeap = 0x80;
constexpr uint8_t kUndefinedLoader = 0xFF;

// Where things go below 1 MiB. A kernel that is not loaded high has the 512 KiB from 10000h for itself.
struct Layout {
  uint32_t kernel, setup, cmdline;
};
constexpr Layout kHigh{0x100000, 0x10000, 0x20000}, kLow{0x10000, 0x90000, 0x9A000};
constexpr uint32_t kLowKernelEnd = 0x90000, kCmdlineRoom = 0x4000;
constexpr uint32_t kHeapMargin = 0x200;
constexpr uint32_t kPage = 4096;

// The header's value for the option vga= of the command line.
uint16_t video_mode(std::string_view cmdline) {
  constexpr uint16_t kNormal = 0xFFFF, kExtended = 0xFFFE, kAsk = 0xFFFD;
  constexpr std::string_view kOption = "vga=";
  uint16_t mode = kNormal;
  while (!cmdline.empty()) {
    std::string_view word = cmdline.substr(0, cmdline.find(' '));
    cmdline.remove_prefix(std::min(cmdline.size(), word.size() + 1));
    if (!word.starts_with(kOption)) continue;
    word.remove_prefix(kOption.size());
    if (word == "normal")
      mode = kNormal;
    else if (word == "ext")
      mode = kExtended;
    else if (word == "ask")
      mode = kAsk;
    else {
      int base = 10;
      if (word.starts_with("0x")) {
        word.remove_prefix(2);
        base = 16;
      }
      std::from_chars(word.data(), word.data() + word.size(), mode, base);
    }
  }
  return mode;
}

std::string kib(uint64_t bytes) { return std::to_string((bytes + 1023) / 1024) + " KiB"; }

}  // namespace

mem::Result<KernelBoot> prepare_linux(const BoardConfig& config, uint64_t low_ram) {
  Bytes image = config.kernel;
  if (image.size() < kHeaderEnd || get16(image, kBootFlag) != 0xAA55 || get32(image, kHeader) != kHdrS)
    return mem::Error{"not a kernel: neither a Linux boot header nor a multiboot header"};
  uint16_t version = get16(image, kVersion);
  if (version < 0x0202) {
    return mem::Error{"Linux kernel with boot protocol " + std::to_string(version >> 8) + "." +
                      std::to_string(version & 0xFF) + ": at least 2.2 is needed"};
  }

  // 0 means 4, as in the first kernels; the boot sector is not counted.
  unsigned sectors = get8(image, kSetupSects);
  size_t setup_size = ((sectors == 0 ? 4 : sectors) + 1) * size_t{kSector};
  bool high = (get8(image, kLoadFlags) & kLoadedHigh) != 0;
  const Layout& at = high ? kHigh : kLow;
  if (at.setup + setup_size + kHeapMargin > at.cmdline)
    return mem::Error{"Linux kernel with " + std::to_string(sectors) + " setup sectors: too many"};
  // Before 2.04 only the low half of the size field is sure.
  uint64_t sys_size = version >= 0x0204 ? get32(image, kSysSize) : get16(image, kSysSize);
  uint64_t whole = setup_size + (sys_size - (sys_size != 0)) * kParagraph + (sys_size != 0);
  if (image.size() <= setup_size || image.size() < whole) {
    return mem::Error{"Linux kernel is truncated: its header says " +
                      kib(std::max<uint64_t>(whole, setup_size)) + ", the file has " + kib(image.size())};
  }
  Bytes kernel = image.subspan(setup_size);

  uint64_t cmdline_max = version >= 0x0206 ? get32(image, kCmdlineMax) : 255;
  if (config.append.size() > std::min<uint64_t>(cmdline_max, kCmdlineRoom - 1)) {
    return mem::Error{"kernel command line of " + std::to_string(config.append.size()) +
                      " characters: at most " +
                      std::to_string(std::min<uint64_t>(cmdline_max, kCmdlineRoom - 1))};
  }

  // What the kernel needs before it can read its memory map.
  uint64_t needed =
      version >= 0x020A ? std::max<uint64_t>(kernel.size(), get32(image, kInitSize)) : kernel.size();
  uint64_t end = std::max<uint64_t>(at.kernel + needed, kHigh.kernel);
  uint64_t top = low_ram - std::min(low_ram, kFirmwareMemory);
  if (high ? end > top : at.kernel + kernel.size() > kLowKernelEnd) {
    return mem::Error{"Linux kernel needs " + kib(needed) + " of memory, there are " +
                      kib(high ? top - std::min<uint64_t>(top, at.kernel) : kLowKernelEnd - at.kernel)};
  }
  uint64_t initrd_max = version >= 0x0203 ? get32(image, kInitrdAddrMax) : 0x37FFFFFF;
  uint64_t initrd_top = std::min(top, initrd_max + 1);
  uint64_t initrd_at = 0;
  if (!config.initrd.empty()) {
    if (initrd_top < end || config.initrd.size() > initrd_top - end) {
      return mem::Error{"initial RAM disk of " + kib(config.initrd.size()) + ": there are " +
                        kib(initrd_top - std::min(initrd_top, end)) + " of memory for it"};
    }
    initrd_at = (initrd_top - config.initrd.size()) / kPage * kPage;
    if (initrd_at < end)
      return mem::Error{"initial RAM disk of " + kib(config.initrd.size()) + " does not fit"};
  }

  std::vector<uint8_t> setup(image.begin(), image.begin() + static_cast<ptrdiff_t>(setup_size));
  setup[kTypeOfLoader] = kUndefinedLoader;
  setup[kLoadFlags] = static_cast<uint8_t>(setup[kLoadFlags] | kCanUseHeap);
  set_le(setup, kHeapEnd, at.cmdline - at.setup - kHeapMargin, 2);
  set_le(setup, kVidMode, video_mode(config.append), 2);
  set_le(setup, kCmdlinePtr, at.cmdline, 4);
  set_le(setup, kRamdiskImage, initrd_at, 4);
  set_le(setup, kRamdiskSize, config.initrd.size(), 4);
  std::vector<uint8_t> cmdline(config.append.begin(), config.append.end());
  cmdline.push_back(0);

  KernelBoot boot;
  boot.rom_name = "genroms/linuxboot.bin";
  boot.rom = finished_rom(embedded::linuxboot);
  boot.add(KernelBoot::kKernelAddr, at.kernel);
  boot.add(KernelBoot::kKernelSize, static_cast<uint32_t>(kernel.size()));
  boot.add(KernelBoot::kKernelData, {kernel.begin(), kernel.end()});
  boot.add(KernelBoot::kInitrdAddr, static_cast<uint32_t>(initrd_at));
  boot.add(KernelBoot::kInitrdSize, static_cast<uint32_t>(config.initrd.size()));
  boot.add(KernelBoot::kInitrdData, config.initrd);
  boot.add(KernelBoot::kCmdlineAddr, at.cmdline);
  boot.add(KernelBoot::kCmdlineSize, static_cast<uint32_t>(cmdline.size()));
  boot.add(KernelBoot::kCmdlineData, std::move(cmdline));
  boot.add(KernelBoot::kSetupAddr, at.setup);
  boot.add(KernelBoot::kSetupSize, static_cast<uint32_t>(setup.size()));
  boot.add(KernelBoot::kSetupData, std::move(setup));
  return boot;
}

}  // namespace ilse::dev
