#include "frontend/board_setup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "devices/board/kernel_boot.h"
#include "devices/disk/image/file.h"
#include "devices/disk/image/overlay_image.h"
#include "devices/disk/image/raw_image.h"
#include "devices/disk/image/truncation.h"
#include "frontend/options/words.h"

namespace ilse::ui {

namespace {

using mem::Error;
using mem::Result;

constexpr uint64_t kFirmwareLimit = 16 << 20, kKernelLimit = uint64_t{2} << 30;
constexpr std::array kFirmwareDirs{"/usr/share/seabios", "/usr/share/qemu"};

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

// `name` is a path, or the name of a file in the firmware's folders.
Result<std::vector<uint8_t>> read_firmware(const Options& o, const std::string& name) {
  if (name.find('/') != std::string::npos || (name == o.bios && exists(name)))
    return read_file(name, kFirmwareLimit);
  std::vector<std::string> dirs(kFirmwareDirs.begin(), kFirmwareDirs.end());
  if (!o.firmware_dir.empty()) dirs = {o.firmware_dir};
  std::string places;
  for (const std::string& dir : dirs) {
    std::string path = dir + "/" + name;
    if (exists(path)) return read_file(path, kFirmwareLimit);
    places += (places.empty() ? "" : " or ") + dir;
  }
  return Error{name + ": firmware not found in " + places +
               ": install Debian's package seabios, or give a file with -bios"};
}

// What -initrd names is one file for Linux, and FILE[ ARGUMENTS],... for a multiboot kernel.
Result<void> read_kernel(const Options& o, dev::BoardConfig& c) {
  if (o.kernel.empty()) return {};
  auto kernel = read_file(o.kernel, kKernelLimit);
  if (!kernel) return kernel.error();
  c.kernel = std::move(*kernel);
  c.kernel_name = o.kernel;
  if (o.initrd.empty()) return {};
  if (!dev::is_multiboot(c.kernel)) {
    auto initrd = read_file(o.initrd, kKernelLimit);
    if (!initrd) return initrd.error();
    c.initrd = std::move(*initrd);
    return {};
  }
  for (const auto& [key, value] : split_suboptions(o.initrd)) {
    std::string line = key;
    if (!value.empty()) line.append("=").append(value);
    auto bytes = read_file(line.substr(0, line.find(' ')), kKernelLimit);
    if (!bytes) return bytes.error();
    c.modules.push_back({line, std::move(*bytes)});
  }
  return {};
}

int64_t rtc_start(const std::string& base, int64_t now) {
  if (auto date = parse_date(base)) return *date;
  if (base != "localtime") return now;
  std::time_t t = now;
  std::tm local{};
  localtime_r(&t, &local);
  return now + local.tm_gmtoff;
}

// An image with, where it is asked for, a temporary file over it.
Result<std::unique_ptr<dev::BlockDevice>> layered(std::unique_ptr<dev::BlockDevice> device, bool overlay) {
  if (!overlay) return device;
  auto over = dev::OverlayImage::create(std::move(device));
  if (!over) return over.error();
  return std::unique_ptr<dev::BlockDevice>(std::move(*over));
}

Result<std::unique_ptr<dev::RawImage>> open_raw(const DriveOption& d, bool overlay) {
  return dev::RawImage::open(
      d.file, d.read_only || overlay ? dev::RawImage::Access::ReadOnly : dev::RawImage::Access::ReadWrite);
}

}  // namespace

Result<std::unique_ptr<dev::BlockDevice>> open_image(const DriveOption& d, bool overlay) {
  overlay = overlay && !d.cdrom;
  auto image = open_raw(d, overlay);
  if (!image) return image.error();
  auto whole = d.cdrom ? dev::check_cd_complete(**image) : dev::check_disk_complete(**image);
  if (!whole) return whole.error();
  return layered(std::move(*image), overlay);
}

Result<std::unique_ptr<dev::BlockDevice>> open_diskette(const DriveOption& d, bool overlay) {
  auto image = open_raw(d, overlay);
  if (!image) return image.error();
  if (!dev::floppy_format((*image)->sectors())) {
    return Error{d.file + ": no diskette: " + std::to_string((*image)->bytes()) +
                 " bytes, and the largest has 2949120"};
  }
  return layered(std::move(*image), overlay);
}

Result<std::vector<uint8_t>> read_file(const std::string& path, uint64_t limit) {
  auto error = [&](const std::string& cause) { return Error{path + ": " + cause}; };
  int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return error(std::strerror(errno));
  dev::File file(fd);
  struct stat st {};
  if (fstat(fd, &st) != 0) return error(std::strerror(errno));
  if (S_ISDIR(st.st_mode)) return error(std::strerror(EISDIR));
  if (!S_ISREG(st.st_mode)) return error("not a regular file");
  if (st.st_size == 0) return error("the file is empty");
  auto size = static_cast<uint64_t>(st.st_size);
  if (size > limit)
    return error("the file is too large: " + std::to_string(size) + " bytes, at most " +
                 std::to_string(limit));
  std::vector<uint8_t> bytes(size);
  if (int e = file.read(0, bytes)) return error(std::strerror(e));
  return bytes;
}

Result<Machine::Options> set_up_machine(const Options& o) {
  auto model = cpu::find_model(o.cpu);
  if (!model) return model.error();
  Machine::Options m;
  m.model = *model;
  m.clock = o.clock;
  m.no_reboot = o.no_reboot;
  m.max_instructions = o.max_instructions;
  m.translate = o.translate;
  m.or_interpret = !o.engine_given;
  m.jit.cache_bytes = o.jit_cache_mib << 20;
  m.jit.hot = static_cast<uint16_t>(o.jit_hot);
  m.hash_every = o.hash_every;
  m.seed = o.seed;
  return m;
}

Result<dev::BoardConfig> set_up_board(const Options& o, int64_t now) {
  dev::BoardConfig c;
  c.ram_mib = o.ram_mib;
  c.cpus = o.cpus;
  c.rtc_epoch_seconds = rtc_start(o.rtc, now);
  c.vga = o.vga;
  c.monitor_width = o.screen_width;
  c.monitor_height = o.screen_height;
  c.smm = o.smm;
  c.boot_order = o.boot_order;
  c.boot_menu = o.boot_menu;
  c.debug_exit = o.debug_exit;
  c.debugcon = o.debugcon.kind != CharTarget::Kind::None;
  c.firmware_debugcon = o.firmware_log.kind != CharTarget::Kind::None;
  c.pvpanic = o.pvpanic;
  c.pci_testdev = o.pci_testdev;
  c.sb16 = o.sb16;
  c.ac97 = o.ac97;
  c.append = o.append;

  auto bios = read_firmware(o, o.bios.empty() ? "bios-256k.bin" : o.bios);
  if (!bios) return bios.error();
  if (bios->size() < 64 * 1024 || bios->size() % (64 * 1024) != 0) {
    return Error{(o.bios.empty() ? "bios-256k.bin" : o.bios) + ": not firmware: " +
                 std::to_string(bios->size()) + " bytes, which is no multiple of 64 KiB"};
  }
  c.bios = std::move(*bios);
  if (o.vga) {
    auto vgabios = read_firmware(o, "vgabios-stdvga.bin");
    // Firmware of one's own may do without.
    if (vgabios) {
      c.vgabios = std::move(*vgabios);
    } else if (o.bios.empty()) {
      return vgabios.error();
    }
  }
  if (auto loaded = read_kernel(o, c); !loaded) return loaded.error();
  for (const DriveOption& d : o.drives) {
    dev::DriveConfig drive;
    drive.media = d.cdrom ? dev::DriveConfig::Media::Cdrom : dev::DriveConfig::Media::Disk;
    drive.index = d.index;
    drive.serial = d.serial;
    if (!d.file.empty()) {
      auto image = open_image(d, o.snapshot || d.snapshot);
      if (!image) return image.error();
      drive.image = std::move(*image);
      drive.name = d.file;
    }
    c.drives.push_back(std::move(drive));
  }
  for (const DriveOption& d : o.floppies) {
    dev::FloppyConfig& drive = c.floppies.at(d.index);
    // An empty drive is for any diskette of 3.5 inches.
    drive.type = dev::FloppyType::M2880;
    if (d.file.empty()) continue;
    auto image = open_diskette(d, o.snapshot || d.snapshot);
    if (!image) return image.error();
    drive.type = dev::drive_for(*dev::floppy_format((*image)->sectors()));
    drive.image = std::move(*image);
    drive.name = d.file;
  }
  return c;
}

}  // namespace ilse::ui
