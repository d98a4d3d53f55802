// The guest's screen as a PNG file.
#pragma once

#include <string>

#include "devices/display/frame.h"
#include "memory/result.h"

namespace ilse::ui {

// Fails with "PATH: cause" and leaves no half-written file.
mem::Result<void> write_png(const dev::Frame& frame, const std::string& path);

// Writes to the first of PREFIX-1.png, PREFIX-2.png, ... that does not exist; returns its name.
mem::Result<std::string> write_numbered_png(const dev::Frame& frame, const std::string& prefix);

}  // namespace ilse::ui
