// A Linux kernel image (bzImage, zImage) made ready for its 16-bit entry, by the boot protocol (Linux,
// Documentation/arch/x86/boot.rst), version 2.02 and later.
#pragma once

#include "devices/board/kernel_boot.h"

namespace ilse::dev {

mem::Result<KernelBoot> prepare_linux(const BoardConfig& config, uint64_t low_ram);

}  // namespace ilse::dev
