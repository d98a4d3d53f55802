// How the processor sees the VGA's planes through the window at A0000h: address decoding (odd/even,
// chain-4, the memory map), latches, and the graphics controller's read and write modes.
// IBM PS/2 Hardware Interface Technical Reference: Video Subsystem, "Graphics Controller", "Sequencer".
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "devices/display/vga_registers.h"

namespace ilse::dev {

// `offset` is from A0000h, below 20000h. `memory` is a power of two of at least 256 KiB. A read loads the
// latches of `regs`; what the memory map leaves out reads FFh and ignores writes. A write returns where in
// memory it was, or nothing: it reaches at most the four bytes there, or one in a packed-pixel mode.
uint8_t window_read(VgaRegisters& regs, std::span<const uint8_t> memory, uint32_t offset);
std::optional<size_t> window_write(const VgaRegisters& regs, std::span<uint8_t> memory, uint32_t offset,
                                   uint8_t value);

}  // namespace ilse::dev
