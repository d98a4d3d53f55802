// Firmware of a few bytes for tests of the session: 64 KiB whose reset vector jumps to the given code at
// F000:0000, in real mode.
#pragma once

#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "frontend/options/options.h"

namespace ilse::ui::test {

using Code = std::vector<uint8_t>;

inline Code operator+(Code a, const Code& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// mov dx, port; mov al, value; out dx, al
inline Code out8(uint16_t port, uint8_t value) {
  return {0xBA, static_cast<uint8_t>(port), static_cast<uint8_t>(port >> 8), 0xB0, value, 0xEE};
}
// mov dx, port; mov eax, value; out dx, eax
inline Code out32(uint16_t port, uint32_t value) {
  Code c{0xBA, static_cast<uint8_t>(port), static_cast<uint8_t>(port >> 8), 0x66, 0xB8};
  for (unsigned i = 0; i < 4; ++i) c.push_back(static_cast<uint8_t>(value >> (8 * i)));
  return c + Code{0x66, 0xEF};
}
inline const Code kJumpToSelf{0xEB, 0xFE};
inline const Code kCliHalt{0xFA, 0xF4, 0xEB, 0xFD};
inline Code debug_exit(uint8_t value) { return out8(0xF4, value) + kCliHalt; }

// A file that goes with the test.
struct TempFile {
  std::string path;
  TempFile() {
    char name[] = "/tmp/ilse-test-XXXXXX";
    int fd = mkstemp(name);
    REQUIRE(fd >= 0);
    close(fd);
    path = name;
  }
  ~TempFile() { std::remove(path.c_str()); }
  TempFile(const TempFile&) = delete;
  TempFile& operator=(const TempFile&) = delete;
  std::string text() const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

struct TinyGuest {
  TempFile bios;
  explicit TinyGuest(const Code& code) {
    std::vector<uint8_t> image(64 * 1024, 0xF4);
    std::copy(code.begin(), code.end(), image.begin());
    const Code reset{0xEA, 0x00, 0x00, 0x00, 0xF0};  // jmp F000:0000
    std::copy(reset.begin(), reset.end(), image.begin() + 0xFFF0);
    std::ofstream out(bios.path, std::ios::binary);
    out.write(reinterpret_cast<const char*>(image.data()), static_cast<std::streamsize>(image.size()));
    REQUIRE(out.good());
  }
  // Headless, repeatable, with isa-debug-exit at F4h, and no longer than 20 seconds.
  Options options(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words{"run",
                                   "-bios",
                                   bios.path,
                                   "-m",
                                   "16",
                                   "-vga",
                                   "none",
                                   "-display",
                                   "none",
                                   "--clock",
                                   "instructions",
                                   "-device",
                                   "isa-debug-exit,iobase=0xf4,iosize=4",
                                   "--max-seconds",
                                   "20"};
    words.insert(words.end(), more.begin(), more.end());
    auto o = parse_options(words, {});
    INFO((o ? "" : o.error().message));
    REQUIRE(o);
    return *o;
  }
};

}  // namespace ilse::ui::test
