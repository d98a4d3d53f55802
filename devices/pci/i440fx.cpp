#include "devices/pci/i440fx.h"

#include <algorithm>

#include "memory/check.h"

namespace ilse::dev {

namespace {

// Registers.
constexpr uint8_t kPam0 = 0x59, kSmram = 0x72;
constexpr uint8_t kOpen = 0x40, kClosed = 0x20, kLock = 0x10, kEnable = 0x08;
constexpr uint8_t kPamRead = 1, kPamWrite = 2;

// Layers of the address map, above PCI's.
constexpr int kRamPriority = 0, kRomPriority = 1, kVgaPriority = 2;

constexpr uint64_t kFourGib = 1ull << 32;
constexpr uint64_t kVgaBase = 0xA0000, kVgaSize = 0x20000;

struct Range {
  uint64_t base, size;
};
// PAM region 0 is F0000h-FFFFFh (high nibble of register 59h), the others are 16 KiB from C0000h up.
constexpr Range pam_range(unsigned region) {
  return region == 0 ? Range{0xF0000, 0x10000} : Range{0xC0000 + (region - 1) * 0x4000ull, 0x4000};
}
// The attribute nibble of a region within the registers.
constexpr uint8_t pam_register(unsigned region) { return static_cast<uint8_t>(kPam0 + (region + 1) / 2); }
constexpr unsigned pam_shift(unsigned region) { return region % 2 == 0 ? 4 : 0; }

mem::Region hole(uint64_t base, uint64_t size) {
  mem::Region r;
  r.base = base;
  r.size = size;
  return r;
}

PciIdentity identity() {
  PciIdentity id;
  id.vendor = 0x8086;
  id.device = 0x1237;
  id.revision = 2;
  id.class_code = 0x060000;
  return id;
}

}  // namespace

I440fx::I440fx(mem::PhysMap& map, mem::Ram& ram, std::span<const uint8_t> bios, uint64_t low_ram)
    : PciDevice("i440fx", identity()), map_(map) {
  ILSE_CHECK(bios.size() >= 0x10000 && bios.size() <= 16u << 20 && bios.size() % 0x10000 == 0,
             "firmware size");
  define16(pci::kCommand, 0x0006, 0x0100);
  define16(pci::kStatus, 0x0280, 0);
  for (unsigned i = 0; i < 7; ++i) define(static_cast<uint8_t>(kPam0 + i), 0, i == 0 ? 0x30 : 0x33);
  define(kSmram, 0x02, kOpen | kClosed | kLock | kEnable);

  map_.add({mem::PhysMap::ram_region(0, low_ram, ram, 0), kRamPriority});
  if (ram.size() > low_ram) {
    map_.add({mem::PhysMap::ram_region(kFourGib, ram.size() - low_ram, ram, low_ram), kRamPriority});
  }
  map_.add({mem::PhysMap::rom_region(kFourGib - bios.size(), bios.size(), bios.data()), kRomPriority});
  uint64_t alias = std::min<uint64_t>(bios.size(), 0x20000), first = 0x100000 - alias;
  for (unsigned i = 0; i < kPamRegions; ++i) {
    auto [base, size] = pam_range(i);
    bool rom = base >= first;
    const uint8_t* host = rom ? bios.data() + bios.size() - alias + (base - first) : nullptr;
    pam_[i] = map_.add({rom ? mem::PhysMap::rom_region(base, size, host) : hole(base, size), kRomPriority});
  }
  vga_ = map_.add({hole(kVgaBase, kVgaSize), kVgaPriority});
  update_map();
}

void I440fx::set_vga_window(mem::MmioDevice& display) {
  map_.layer(vga_).region = mem::PhysMap::mmio_region(kVgaBase, kVgaSize, display);
  map_.commit();
}

void I440fx::set_smm(bool active) {
  if (smm_ == active) return;
  smm_ = active;
  update_map();
}

uint64_t I440fx::low_ram_of(uint64_t ram) { return std::min<uint64_t>(ram, 3ull << 30); }

void I440fx::update_map() {
  for (unsigned i = 0; i < kPamRegions; ++i) {
    unsigned attributes = config8(pam_register(i)) >> pam_shift(i);
    auto& layer = map_.layer(pam_[i]);
    layer.reads = (attributes & kPamRead) == 0;
    layer.writes = (attributes & kPamWrite) == 0;
  }
  // D_CLS would hide SMRAM from data accesses only; fetches and data are not told apart here.
  uint8_t smram = config8(kSmram);
  bool ram_shows = (smram & kEnable) != 0 && ((smram & kOpen) != 0 || smm_);
  map_.layer(vga_).enabled = !ram_shows;
  map_.commit();
}

void I440fx::config_written(uint8_t reg, unsigned width, mem::VTime) {
  bool pam = reg + width > kPam0 && reg < kPam0 + 7;
  bool smram = reg <= kSmram && kSmram < reg + width;
  if (!pam && !smram) return;
  if (smram && (config8(kSmram) & kLock) != 0) {
    set_config8(kSmram, config8(kSmram) & ~kOpen);
    set_writable(kSmram, kClosed);
  }
  update_map();
}

void I440fx::reset(ResetKind kind) {
  PciDevice::reset(kind);
  set_writable(kSmram, kOpen | kClosed | kLock | kEnable);
  smm_ = false;
  update_map();
}

void I440fx::visit_state(mem::StateVisitor& v) {
  v.begin("i440fx", 1);
  PciDevice::visit_state(v);
  v("smm", smm_);
  v.end();
  if (!v.loading()) return;
  bool locked = (config8(kSmram) & kLock) != 0;
  set_writable(kSmram, locked ? kClosed : kOpen | kClosed | kLock | kEnable);
  update_map();
}

}  // namespace ilse::dev
