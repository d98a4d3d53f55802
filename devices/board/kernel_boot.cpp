#include "devices/board/kernel_boot.h"

#include <numeric>

#include "devices/board/fw_cfg.h"
#include "devices/board/linux_image.h"
#include "devices/board/little_endian.h"
#include "devices/board/multiboot_image.h"
#include "memory/check.h"

namespace ilse::dev {

namespace {

constexpr size_t kPnpPointer = 0x1A, kPnpSize = 32, kPnpChecksum = 9;

// Makes the bytes' sum 0 by the one at `at`.
void balance(std::span<uint8_t> bytes, size_t at) {
  bytes[at] = 0;
  auto sum = std::accumulate(bytes.begin(), bytes.end(), 0u);
  bytes[at] = static_cast<uint8_t>(-sum);
}

}  // namespace

void KernelBoot::add(Key key, uint32_t number) {
  std::vector<uint8_t> bytes;
  put_le(bytes, number, 4);
  add(key, std::move(bytes));
}

mem::Result<KernelBoot> prepare_kernel(const BoardConfig& config, uint64_t low_ram) {
  return is_multiboot(config.kernel) ? prepare_multiboot(config, low_ram) : prepare_linux(config, low_ram);
}

std::vector<uint8_t> finished_rom(std::span<const uint8_t> rom) {
  std::vector<uint8_t> out(rom.begin(), rom.end());
  size_t pnp = get16(out, kPnpPointer);
  ILSE_CHECK(pnp + kPnpSize < out.size(), "an option ROM without a Plug and Play header");
  balance(std::span(out).subspan(pnp, kPnpSize), kPnpChecksum);
  balance(out, out.size() - 1);
  return out;
}

void add_kernel_boot(FwCfg& fw, KernelBoot boot) {
  for (auto& [key, bytes] : boot.items) fw.add_item(key, std::move(bytes));
  std::string order = "/rom@" + boot.rom_name;
  fw.add_file("bootorder", {order.c_str(), order.c_str() + order.size() + 1});
  fw.add_file(boot.rom_name, std::move(boot.rom));
}

}  // namespace ilse::dev
