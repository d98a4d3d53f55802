// Keeps two programs from writing one image: open-file-description locks on single bytes, by the layout that
// QEMU uses (docs/ "image locking"), so that each sees the other. A byte at 100 + n is held by who uses
// permission n, a byte at 200 + n by who cannot stand others using it; n is 0 consistent read, 1 write,
// 3 resize.
#pragma once

#include <string>

#include "memory/result.h"

namespace ilse::dev {

// Holds until the descriptor is closed. Where the file system has no locks it succeeds without one.
mem::Result<void> lock_image(int fd, bool writer, const std::string& path);

}  // namespace ilse::dev
