// Checks that stay on in release builds (DESIGN.md §5): a broken invariant of ours, never something
// that a guest or a user can cause.
#pragma once

namespace ilse::mem {
[[noreturn]] void check_failed(const char* file, int line, const char* condition, const char* why);
}

#define ILSE_CHECK(condition, why) \
  ((condition) ? void() : ::ilse::mem::check_failed(__FILE__, __LINE__, #condition, why))
