// What the machine says of itself by the System Management BIOS reference specification 2.8: the structures,
// and the entry point that the firmware places with them.
#pragma once

#include <cstdint>

namespace ilse::dev {

class FwCfg;

// `ram` bytes in all, `low_ram` of them from address 0 and the others from 4 GiB.
void add_smbios_tables(FwCfg& fw, unsigned cpus, uint64_t ram, uint64_t low_ram);

}  // namespace ilse::dev
