#include "devices/board/multiboot_image.h"

#include <algorithm>
#include <array>
#include <optional>

#include "devices/board/embedded.h"
#include "devices/board/little_endian.h"

namespace ilse::dev {

namespace {

using Bytes = std::span<const uint8_t>;

// Header (section 3.1): within the first 8 KiB, 4-aligned.
constexpr uint32_t kMagic = 0x1BADB002;
constexpr size_t kSearch = 8192;
constexpr uint32_t kMustKnow = 0xFFFF, kPageAligned = 1 << 0, kMemoryInfo = 1 << 1, kVideo = 1 << 2,
                   kAddresses = 1 << 16;

// Information structure (section 3.3).
constexpr size_t kInfoSize = 88;
constexpr uint32_t kHasMemory = 1 << 0, kHasCmdline = 1 << 2, kHasModules = 1 << 3, kHasMmap = 1 << 6,
                   kHasLoaderName = 1 << 9;
constexpr size_t kCmdline = 16, kModsCount = 20, kModsAddr = 24, kMmapAddr = 48, kLoaderName = 64;
constexpr size_t kModuleSize = 16;

// The structure, its strings and the memory map, which the ROM fills in, lie below 640 KiB.
constexpr uint32_t kInfoAt = 0x10000, kInfoEnd = 0x80000, kMmapRoom = 0x1000;
constexpr uint32_t kOneMib = 1 << 20, kPage = 4096;
constexpr uint64_t kMaxImage = 256u << 20;

// Memory contents to be, from `base` on.
struct Image {
  uint32_t base = 0;
  uint32_t entry = 0;
  std::vector<uint8_t> bytes;
};

std::optional<size_t> find_header(Bytes image) {
  for (size_t at = 0; at + 12 <= std::min(image.size(), kSearch); at += 4) {
    if (get32(image, at) == kMagic && get32(image, at) + get32(image, at + 4) + get32(image, at + 8) == 0)
      return at;
  }
  return {};
}

std::string hex(uint64_t v) {
  std::string s;
  do s.insert(s.begin(), "0123456789abcdef"[v & 15]);
  while ((v >>= 4) != 0);
  return "0x" + s;
}

mem::Error bad(const std::string& what) { return {"multiboot kernel: " + what}; }

// Whether [base, end) may be loaded; a message if not.
std::string why_not(uint64_t base, uint64_t end, uint64_t top) {
  if (base < kOneMib) return "wants to be at " + hex(base) + ", below 1 MiB";
  if (end > top) return "reaches to " + hex(end) + ", memory to " + hex(top);
  if (end - base > kMaxImage)
    return "takes " + std::to_string((end - base) >> 20) + " MiB, at most 256 are loaded";
  return {};
}

// Section 3.1.3: the header's own addresses.
mem::Result<Image> load_by_header(Bytes file, size_t header, uint64_t top) {
  uint64_t header_at = get32(file, header + 12), load = get32(file, header + 16),
           load_end = get32(file, header + 20), bss_end = get32(file, header + 24);
  if (load > header_at || header_at - load > header)
    return bad("load address " + hex(load) + " is before the file");
  uint64_t offset = header - (header_at - load);
  if (load_end == 0) load_end = load + (file.size() - offset);
  if (load_end < load || load_end - load > file.size() - offset) return bad("is truncated");
  uint64_t end = std::max(bss_end, load_end);
  if (std::string why = why_not(load, end, top); !why.empty()) return bad(why);
  Image image{static_cast<uint32_t>(load), get32(file, header + 28), {}};
  image.bytes.resize(end - load);
  std::copy_n(file.begin() + static_cast<ptrdiff_t>(offset), load_end - load, image.bytes.begin());
  return image;
}

// ELF, program headers by physical address.
mem::Result<Image> load_elf(Bytes file, uint64_t top) {
  constexpr uint32_t kElfMagic = 0x464C457F;
  constexpr uint8_t kClass32 = 1, kClass64 = 2, kLittle = 1;
  constexpr uint16_t k386 = 3;
  constexpr uint32_t kLoad = 1;
  if (get32(file, 0) != kElfMagic) return bad("neither an ELF file nor addresses in its header");
  if (get8(file, 4) == kClass64)
    return bad("a 64-bit ELF file, which multiboot does not know: give a 32-bit one");
  if (get8(file, 4) != kClass32 || get8(file, 5) != kLittle || get16(file, 18) != k386)
    return bad("an ELF file, but not of a 32-bit x86");
  uint64_t table = get32(file, 28), entry_size = get16(file, 42), count = get16(file, 44);
  if (count == 0 || entry_size < 32 || table > file.size() || count * entry_size > file.size() - table)
    return bad("an ELF file with no whole program header table");

  struct Segment {
    uint64_t offset, at, in_file, in_memory;
  };
  std::vector<Segment> segments;
  uint64_t low = UINT64_MAX, high = 0;
  for (uint64_t p = table; p < table + count * entry_size; p += entry_size) {
    Segment s{get32(file, p + 4), get32(file, p + 12), get32(file, p + 16), get32(file, p + 20)};
    if (get32(file, p) != kLoad || s.in_memory == 0) continue;
    if (s.offset > file.size() || s.in_file > file.size() - s.offset) return bad("is truncated");
    if (s.in_file > s.in_memory) return bad("a segment's file size is over its memory size");
    segments.push_back(s);
    low = std::min(low, s.at);
    high = std::max(high, s.at + s.in_memory);
  }
  if (segments.empty()) return bad("an ELF file with nothing to load");
  if (std::string why = why_not(low, high, top); !why.empty()) return bad(why);
  Image image{static_cast<uint32_t>(low), get32(file, 24), {}};
  image.bytes.resize(high - low);
  for (const Segment& s : segments) {
    std::copy_n(file.begin() + static_cast<ptrdiff_t>(s.offset), s.in_file,
                image.bytes.begin() + static_cast<ptrdiff_t>(s.at - low));
  }
  return image;
}

}  // namespace

bool is_multiboot(Bytes image) { return find_header(image).has_value(); }

mem::Result<KernelBoot> prepare_multiboot(const BoardConfig& config, uint64_t low_ram) {
  Bytes file = config.kernel;
  auto header = find_header(file);
  if (!header) return bad("no header");
  uint32_t flags = get32(file, *header + 4);
  if (uint32_t unknown = flags & kMustKnow & ~(kPageAligned | kMemoryInfo | kVideo); unknown != 0)
    return bad("requires features " + hex(unknown) + ", which are not known");
  uint64_t top = low_ram - std::min(low_ram, kFirmwareMemory);
  auto loaded = (flags & kAddresses) != 0 ? load_by_header(file, *header, top) : load_elf(file, top);
  if (!loaded) return loaded.error();
  Image& image = *loaded;

  // Modules follow the kernel, each on pages of its own.
  std::vector<uint8_t> list;
  std::vector<std::string> strings;
  auto add_module = [&](const std::string& command_line, Bytes bytes) {
    uint64_t at = image.base + image.bytes.size();
    at = (at + kPage - 1) / kPage * kPage;
    if (at > top || bytes.size() > top - at) return false;
    image.bytes.resize(at - image.base);
    image.bytes.insert(image.bytes.end(), bytes.begin(), bytes.end());
    put_le(list, at, 4);
    put_le(list, at + bytes.size(), 4);
    put_le(list, strings.size(), 4);  // which becomes its address
    put_le(list, 0, 4);
    strings.push_back(command_line);
    return true;
  };
  if (!config.initrd.empty() && !add_module("initrd", config.initrd)) return bad("no memory for its module");
  for (const BootModule& m : config.modules) {
    if (!add_module(m.command_line, m.bytes)) return bad("no memory for its module " + m.command_line);
  }
  size_t modules = strings.size();
  strings.push_back(config.append.empty() ? config.kernel_name : config.kernel_name + " " + config.append);
  strings.emplace_back("ilse");

  std::vector<uint8_t> info(kInfoSize);
  info.insert(info.end(), list.begin(), list.end());
  std::vector<uint32_t> string_at;
  for (const std::string& s : strings) {
    string_at.push_back(static_cast<uint32_t>(kInfoAt + info.size()));
    info.insert(info.end(), s.begin(), s.end());
    info.push_back(0);
  }
  info.resize((info.size() + 15) / 16 * 16);
  if (kInfoAt + info.size() + kMmapRoom > kInfoEnd) return bad("too many modules, or too long command lines");

  for (size_t i = 0; i < modules; ++i) set_le(info, kInfoSize + i * kModuleSize + 8, string_at[i], 4);
  set_le(info, 0, kHasMemory | kHasCmdline | kHasModules | kHasMmap | kHasLoaderName, 4);
  set_le(info, kCmdline, string_at[modules], 4);
  set_le(info, kModsCount, modules, 4);
  set_le(info, kModsAddr, kInfoAt + kInfoSize, 4);
  set_le(info, kMmapAddr, kInfoAt + info.size(), 4);
  set_le(info, kLoaderName, string_at[modules + 1], 4);

  KernelBoot boot;
  boot.rom_name = "genroms/multiboot.bin";
  boot.rom = finished_rom(embedded::multiboot);
  boot.add(KernelBoot::kKernelEntry, image.entry);
  boot.add(KernelBoot::kKernelAddr, image.base);
  boot.add(KernelBoot::kKernelSize, static_cast<uint32_t>(image.bytes.size()));
  boot.add(KernelBoot::kKernelData, std::move(image.bytes));
  boot.add(KernelBoot::kInitrdAddr, kInfoAt);
  boot.add(KernelBoot::kInitrdSize, static_cast<uint32_t>(info.size()));
  boot.add(KernelBoot::kInitrdData, std::move(info));
  return boot;
}

}  // namespace ilse::dev
