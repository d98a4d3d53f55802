// Direct kernel boot: what the board makes of Linux and multiboot images, whole and hostile.
#include "devices/board/kernel_boot.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>
#include <random>

#include "devices/board/little_endian.h"

using namespace ilse::dev;

namespace {

constexpr uint64_t kMib = 1 << 20;

// A bzImage of `setup_sects` sectors after the first and 100 paragraphs of kernel.
std::vector<uint8_t> linux_image(unsigned setup_sects = 3) {
  std::vector<uint8_t> k(((setup_sects == 0 ? 4 : setup_sects) + 1) * 512 + 1600, 0x90);
  std::fill_n(k.begin() + 0x1F1, 0x300 - 0x1F1, uint8_t{0});
  k[0x1F1] = static_cast<uint8_t>(setup_sects);
  set_le(k, 0x1F4, 100, 4);
  set_le(k, 0x1FE, 0xAA55, 2);
  set_le(k, 0x202, 0x53726448, 4);
  set_le(k, 0x206, 0x020F, 2);
  k[0x211] = 1;
  set_le(k, 0x22C, 0x7FFFFFFF, 4);
  set_le(k, 0x238, 2047, 4);
  set_le(k, 0x260, 8 * kMib, 4);
  return k;
}

// A kernel whose header gives its own addresses: loaded whole to 1 MiB, 4 KiB with its bss.
std::vector<uint8_t> multiboot_image() {
  std::vector<uint8_t> k(1024, 0x90);
  uint32_t flags = 0x10003;
  size_t at = 0;
  for (uint32_t v : {0x1BADB002u, flags, 0u - 0x1BADB002u - flags, 0x100040u, 0x100000u, 0x100400u, 0x101000u,
                     0x100080u}) {
    set_le(k, 0x40 + at, v, 4);
    at += 4;
  }
  return k;
}

std::vector<uint8_t> multiboot_elf(uint8_t elf_class = 1) {
  std::vector<uint8_t> k(1024, 0x90);
  set_le(k, 0, 0x464C457F, 4);
  k[4] = elf_class;
  k[5] = 1;
  set_le(k, 18, 3, 2);
  set_le(k, 24, 0x200010, 4);  // entry
  set_le(k, 28, 52, 4);
  set_le(k, 42, 32, 2);
  set_le(k, 44, 1, 2);
  size_t at = 52;
  for (uint32_t v : {1u, 256u, 0xC0200000u, 0x200000u, 512u, 8192u, 7u, 4096u}) {
    set_le(k, at, v, 4);
    at += 4;
  }
  set_le(k, 128, 0x1BADB002, 4);
  set_le(k, 132, 0, 4);
  set_le(k, 136, 0u - 0x1BADB002u, 4);
  return k;
}

ilse::mem::Result<KernelBoot> prepare(std::vector<uint8_t> kernel, uint64_t ram = 64 * kMib) {
  BoardConfig c;
  c.kernel = std::move(kernel);
  return prepare_kernel(c, ram);
}
std::string error(std::vector<uint8_t> kernel, uint64_t ram = 64 * kMib) {
  auto r = prepare(std::move(kernel), ram);
  return r ? "" : r.error().message;
}
const std::vector<uint8_t>& item(const KernelBoot& b, uint16_t key) {
  auto it = std::find_if(b.items.begin(), b.items.end(), [key](const auto& i) { return i.first == key; });
  REQUIRE(it != b.items.end());
  return it->second;
}
uint32_t number(const KernelBoot& b, uint16_t key) { return get32(item(b, key), 0); }
std::string text(std::span<const uint8_t> bytes, size_t at) {
  REQUIRE(at < bytes.size());
  return reinterpret_cast<const char*>(bytes.data() + at);
}

}  // namespace

TEST_CASE("Direct boot: the option ROMs are sound") {
  for (auto image : {linux_image(), multiboot_image()}) {
    auto b = prepare(image);
    REQUIRE(b);
    const auto& rom = b->rom;
    CHECK(get16(rom, 0) == 0xAA55);
    CHECK(rom[2] * 512u == rom.size());
    CHECK(std::accumulate(rom.begin(), rom.end(), 0u) % 256 == 0);
    size_t pnp = get16(rom, 0x1A);
    CHECK(text(rom, pnp).substr(0, 4) == "$PnP");
    CHECK(std::accumulate(rom.begin() + static_cast<ptrdiff_t>(pnp),
                          rom.begin() + static_cast<ptrdiff_t>(pnp) + 32, 0u) %
              256 ==
          0);
    CHECK(get16(rom, pnp + 0x1A) != 0);  // boot entry vector
    CHECK(get16(rom, pnp + 0x1A) < rom.size());
  }
}

TEST_CASE("Linux: places and header fields") {
  BoardConfig c;
  c.kernel = linux_image();
  c.initrd.assign(5000, 0x42);
  c.append = "console=ttyS0 vga=0x317 quiet";
  auto b = prepare_kernel(c, 64 * kMib);
  REQUIRE(b);
  CHECK(b->rom_name == "genroms/linuxboot.bin");
  CHECK(number(*b, KernelBoot::kKernelAddr) == 0x100000);
  CHECK(number(*b, KernelBoot::kKernelSize) == 1600);
  CHECK(item(*b, KernelBoot::kKernelData).size() == 1600);
  uint32_t initrd = number(*b, KernelBoot::kInitrdAddr);
  CHECK(initrd % 4096 == 0);
  CHECK(initrd + 5000 <= 64 * kMib - kFirmwareMemory);
  CHECK(initrd + 5000 + 4096 > 64 * kMib - kFirmwareMemory);
  CHECK(text(item(*b, KernelBoot::kCmdlineData), 0) == c.append);
  CHECK(number(*b, KernelBoot::kCmdlineSize) == c.append.size() + 1);

  const auto& setup = item(*b, KernelBoot::kSetupData);
  CHECK(setup.size() == 4 * 512);
  CHECK(number(*b, KernelBoot::kSetupSize) == setup.size());
  CHECK(setup[0x210] == 0xFF);
  CHECK(setup[0x211] == 0x81);
  CHECK(get16(setup, 0x1FA) == 0x317);
  CHECK(get32(setup, 0x218) == initrd);
  CHECK(get32(setup, 0x21C) == 5000);
  CHECK(get32(setup, 0x228) == number(*b, KernelBoot::kCmdlineAddr));
  // Setup, heap and stack end before the command line.
  CHECK(number(*b, KernelBoot::kSetupAddr) + get16(setup, 0x224) + 0x200 <=
        number(*b, KernelBoot::kCmdlineAddr));
}

TEST_CASE("Linux: the video mode of the command line") {
  auto mode = [](const std::string& append) {
    BoardConfig c;
    c.kernel = linux_image();
    c.append = append;
    auto b = prepare_kernel(c, 64 * kMib);
    REQUIRE(b);
    return get16(item(*b, KernelBoot::kSetupData), 0x1FA);
  };
  CHECK(mode("") == 0xFFFF);
  CHECK(mode("vga=ext") == 0xFFFE);
  CHECK(mode("a vga=ask") == 0xFFFD);
  CHECK(mode("vga=791 b") == 791);
  CHECK(mode("novga=791") == 0xFFFF);
  CHECK(mode("vga=") == 0xFFFF);
}

TEST_CASE("Linux: old headers") {
  auto zero = prepare(linux_image(0));
  REQUIRE(zero);
  CHECK(item(*zero, KernelBoot::kSetupData).size() == 5 * 512);

  auto low = linux_image();
  low[0x211] = 0;
  set_le(low, 0x206, 0x0203, 2);
  set_le(low, 0x1F4, 0xFFFF0064, 4);  // the high half is not the size's
  auto b = prepare(low);
  REQUIRE(b);
  CHECK(number(*b, KernelBoot::kKernelAddr) == 0x10000);
  CHECK(number(*b, KernelBoot::kSetupAddr) == 0x90000);

  auto ancient = linux_image();
  set_le(ancient, 0x206, 0x0201, 2);
  CHECK(error(ancient).find("2.1") != std::string::npos);
}

TEST_CASE("Linux: the RAM disk stays below the header's limit") {
  BoardConfig c;
  c.kernel = linux_image();
  set_le(c.kernel, 0x22C, 0x1FFFFFF, 4);
  c.initrd.assign(4096, 1);
  auto b = prepare_kernel(c, 3072 * kMib);
  REQUIRE(b);
  CHECK(number(*b, KernelBoot::kInitrdAddr) == 0x1FFF000);
  set_le(c.kernel, 0x22C, 0xFFFFFFFF, 4);
  b = prepare_kernel(c, 3072 * kMib);
  REQUIRE(b);
  CHECK(number(*b, KernelBoot::kInitrdAddr) == 3072 * kMib - kFirmwareMemory - 4096);
  set_le(c.kernel, 0x22C, 0, 4);
  CHECK_FALSE(prepare_kernel(c, 3072 * kMib));
}

TEST_CASE("Linux: what is no kernel, damaged or too large is refused") {
  CHECK(error({1, 2, 3}).find("not a kernel") == 0);
  CHECK(error(std::vector<uint8_t>(100000, 0)).find("not a kernel") == 0);
  auto k = linux_image();
  k.resize(k.size() - 64);
  CHECK(error(k).find("truncated") != std::string::npos);
  k.resize(1000);
  CHECK(error(k).find("truncated") != std::string::npos);
  k = linux_image();
  set_le(k, 0x1F4, 0xFFFFFFFF, 4);
  CHECK(error(k).find("truncated") != std::string::npos);
  CHECK(error(linux_image(255)).find("setup sectors") != std::string::npos);
  k = linux_image();
  set_le(k, 0x260, 0xFFFFFFFF, 4);
  CHECK(error(k).find("memory") != std::string::npos);
  CHECK(error(linux_image(), 1 * kMib).find("memory") != std::string::npos);

  BoardConfig c;
  c.kernel = linux_image();
  c.initrd.resize(60 * kMib);
  auto r = prepare_kernel(c, 64 * kMib);
  REQUIRE_FALSE(r);
  CHECK(r.error().message.find("RAM disk") != std::string::npos);
  c.initrd.clear();
  c.append.assign(2048, 'x');
  r = prepare_kernel(c, 64 * kMib);
  REQUIRE_FALSE(r);
  CHECK(r.error().message.find("2047") != std::string::npos);
}

TEST_CASE("Multiboot: addresses in the header, modules, information structure") {
  BoardConfig c;
  c.kernel = multiboot_image();
  REQUIRE(is_multiboot(c.kernel));
  c.kernel_name = "k.elf";
  c.append = "one two";
  c.modules.push_back({"mod1 x y", std::vector<uint8_t>(10, 0x11)});
  c.modules.push_back({"mod2", std::vector<uint8_t>(5000, 0x22)});
  auto b = prepare_kernel(c, 64 * kMib);
  REQUIRE(b);
  CHECK(b->rom_name == "genroms/multiboot.bin");
  CHECK(number(*b, KernelBoot::kKernelEntry) == 0x100080);
  CHECK(number(*b, KernelBoot::kKernelAddr) == 0x100000);
  const auto& data = item(*b, KernelBoot::kKernelData);
  CHECK(data.size() == number(*b, KernelBoot::kKernelSize));
  CHECK(data.size() == 0x2000 + 5000);
  CHECK(data[0x3FF] == 0x90);
  CHECK(data[0x400] == 0);
  CHECK(data[0x1000] == 0x11);
  CHECK(data[0x2000] == 0x22);

  const auto& info = item(*b, KernelBoot::kInitrdData);
  uint32_t at = number(*b, KernelBoot::kInitrdAddr);
  CHECK(get32(info, 0) == 0x24D);
  CHECK(text(info, get32(info, 16) - at) == "k.elf one two");
  CHECK(get32(info, 20) == 2);
  uint32_t mods = get32(info, 24) - at;
  CHECK(get32(info, mods) == 0x101000);
  CHECK(get32(info, mods + 4) == 0x10100A);
  CHECK(text(info, get32(info, mods + 8) - at) == "mod1 x y");
  CHECK(get32(info, mods + 16) == 0x102000);
  CHECK(get32(info, mods + 20) == 0x102000 + 5000);
  CHECK(text(info, get32(info, mods + 24) - at) == "mod2");
  CHECK(get32(info, 44) == 0);  // the ROM adds up the map
  CHECK(get32(info, 48) >= at + info.size());
  CHECK(text(info, get32(info, 64) - at) == "ilse");
}

TEST_CASE("Multiboot: ELF by physical addresses") {
  auto b = prepare(multiboot_elf());
  REQUIRE(b);
  CHECK(number(*b, KernelBoot::kKernelAddr) == 0x200000);
  CHECK(number(*b, KernelBoot::kKernelEntry) == 0x200010);
  const auto& data = item(*b, KernelBoot::kKernelData);
  CHECK(data.size() == 8192);
  CHECK(data[511] == 0x90);
  CHECK(data[512] == 0);
  CHECK(error(multiboot_elf(2)).find("64-bit") != std::string::npos);
}

TEST_CASE("Multiboot: hostile headers are refused") {
  auto with = [](std::vector<uint8_t> k, size_t at, uint32_t v) {
    set_le(k, at, v, 4);
    return k;
  };
  auto elf = multiboot_elf();
  CHECK_FALSE(prepare(with(elf, 28, 0xFFFFFFF0)));       // program headers
  CHECK_FALSE(prepare(with(elf, 44, 0xFFFF)));           // their count
  CHECK_FALSE(prepare(with(elf, 44, 0)));                // none
  CHECK_FALSE(prepare(with(elf, 52 + 4, 0xFFFFFFFF)));   // offset
  CHECK_FALSE(prepare(with(elf, 52 + 12, 0xFFFFFFFF)));  // address
  CHECK_FALSE(prepare(with(elf, 52 + 12, 0x8000)));      // below 1 MiB
  CHECK_FALSE(prepare(with(elf, 52 + 16, 0xFFFFFFFF)));  // size in the file
  CHECK_FALSE(prepare(with(elf, 52 + 16, 9000)));        // over the size in memory
  CHECK_FALSE(prepare(with(elf, 52 + 20, 0xFFFFFFFF)));  // size in memory
  CHECK_FALSE(prepare(with(elf, 0, 0)));

  auto header = multiboot_image();
  CHECK_FALSE(prepare(with(header, 0x40 + 12, 0)));  // header address
  CHECK_FALSE(prepare(with(header, 0x40 + 12, 0xFFFFFFFF)));
  CHECK_FALSE(prepare(with(header, 0x40 + 16, 0)));           // load address
  CHECK_FALSE(prepare(with(header, 0x40 + 20, 0xFFFFFFFF)));  // load end
  CHECK_FALSE(prepare(with(header, 0x40 + 20, 0x80000)));
  CHECK_FALSE(prepare(with(header, 0x40 + 24, 0xFFFFFFFF)));  // bss end
  // A feature that the kernel must have and nobody knows.
  set_le(header, 0x44, 0x10010, 4);
  set_le(header, 0x48, 0u - 0x1BADB002u - 0x10010u, 4);
  CHECK(error(header).find("0x10") != std::string::npos);
}

TEST_CASE("Direct boot: any damage to an image is an error or a kernel, never a crash") {
  std::mt19937 random(1);
  for (const auto& image : {linux_image(), multiboot_image(), multiboot_elf()}) {
    for (int i = 0; i < 3000; ++i) {
      auto k = image;
      for (int n = 0; n < 3; ++n) {
        size_t at = random() % std::min<size_t>(k.size(), 0x270);
        k[at] = random() % 2 == 0 ? 0xFF : static_cast<uint8_t>(random());
      }
      if (random() % 4 == 0) k.resize(random() % k.size());
      auto b = prepare(k, 8 * kMib);
      if (b) CHECK(number(*b, KernelBoot::kKernelAddr) + number(*b, KernelBoot::kKernelSize) <= 8 * kMib);
    }
  }
}
