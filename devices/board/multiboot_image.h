// A multiboot kernel (Multiboot Specification 0.6.96): a 32-bit ELF executable or any image whose header
// gives its addresses, with modules, command line and the information structure that it is entered with.
#pragma once

#include "devices/board/kernel_boot.h"

namespace ilse::dev {

mem::Result<KernelBoot> prepare_multiboot(const BoardConfig& config, uint64_t low_ram);

}  // namespace ilse::dev
