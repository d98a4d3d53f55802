// Intel 82441FX (i440FX PMC), function 0 of slot 0: which of RAM, ROM and PCI answers in the first megabyte
// (PAM, 82441FX datasheet section 3.2.15), SMRAM (section 3.2.20) and where RAM lies.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "devices/pci/pci_device.h"
#include "memory/phys_map.h"
#include "memory/ram.h"

namespace ilse::dev {

class I440fx : public PciDevice {
 public:
  // `bios` is the firmware's image (64 KiB..16 MiB, a multiple of 64 KiB), which ends at 4 GiB; its last 128
  // KiB are seen at E0000h-FFFFFh too. `low_ram` bytes of RAM lie at 0, the rest at 4 GiB. The spans and
  // references must outlive this.
  I440fx(mem::PhysMap& map, mem::Ram& ram, std::span<const uint8_t> bios, uint64_t low_ram);

  // What decodes A0000h-BFFFFh when SMRAM is closed.
  void set_vga_window(mem::MmioDevice& display);
  // SMIACT#: the processor that is running now is in system management mode.
  void set_smm(bool active);

  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

  // RAM below 4 GiB on this board for a machine with `ram` bytes.
  static uint64_t low_ram_of(uint64_t ram);

 protected:
  void config_written(uint8_t reg, unsigned width, mem::VTime now) override;

 private:
  static constexpr unsigned kPamRegions = 13;
  void update_map();

  mem::PhysMap& map_;
  // Layers over RAM: what PCI has in each PAM region, which is ROM or nothing.
  std::array<int, kPamRegions> pam_{};
  int vga_ = -1;
  bool smm_ = false;
};

}  // namespace ilse::dev
