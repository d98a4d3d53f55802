// The VGA as a PCI function: vendor 1234h, device 1111h ("stdvga"), BAR0 the frame buffer, BAR2 the
// memory-mapped registers, and the VGA BIOS as expansion ROM. The legacy ports and the window at A0000h are
// wired by the board.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "devices/display/vga.h"
#include "devices/pci/pci_device.h"

namespace ilse::dev {

class VgaPci final : public PciDevice {
 public:
  // `rom` is the VGA BIOS image; without one the function has no expansion ROM.
  VgaPci(Vga& vga, std::vector<uint8_t> rom)
      : PciDevice("vga-pci", {.vendor = 0x1234, .device = 0x1111, .revision = 2, .class_code = 0x03'00'00}) {
    add_memory_bar(0, vga.frame_buffer(), true);
    add_memory_bar(2, Vga::kRegistersSize, vga.registers());
    if (!rom.empty()) add_rom_bar(std::move(rom));
  }
};

}  // namespace ilse::dev
