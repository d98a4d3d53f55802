// From options to a machine's parts: finds the firmware, opens the images, reads the kernel, and says in one
// line what is wrong with any of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "devices/board/config.h"
#include "frontend/options/options.h"
#include "memory/result.h"

namespace ilse::ui {

// `now` is the host's time in seconds since 1970, for a clock chip that starts at the present.
mem::Result<dev::BoardConfig> set_up_board(const Options& options, int64_t now);
mem::Result<Machine::Options> set_up_machine(const Options& options);

// The image of a drive; `overlay`: what the guest writes goes to a temporary file.
mem::Result<std::unique_ptr<dev::BlockDevice>> open_image(const DriveOption& drive, bool overlay);
// A diskette's, which must have a diskette's size.
mem::Result<std::unique_ptr<dev::BlockDevice>> open_diskette(const DriveOption& drive, bool overlay);

// A whole file. Fails with "PATH: cause" when it is missing, not a regular file, empty or larger than
// `limit`.
mem::Result<std::vector<uint8_t>> read_file(const std::string& path, uint64_t limit);

}  // namespace ilse::ui
