// The board's ACPI tables (ACPI specification 2.0, chapter 5), and the script by which the firmware puts them
// into memory (QEMU's docs/specs/fw_cfg and SeaBIOS's romfile loader): allocate the files, add the files'
// addresses to the pointers in them, add up the checksums.
#pragma once

#include <cstdint>

namespace ilse::dev {

class FwCfg;

// Commands of the script: each entry is 128 bytes.
struct AcpiLoader {
  static constexpr uint32_t kAllocate = 1, kAddPointer = 2, kAddChecksum = 3;
  static constexpr unsigned kEntrySize = 128, kNameSize = 56;
};

// For a board with that many processors (APIC IDs 0 up) and serial ports, and `low_ram` bytes of RAM below 4
// GiB.
void add_acpi_tables(FwCfg& fw, unsigned cpus, unsigned serial_ports, uint64_t low_ram);

}  // namespace ilse::dev
