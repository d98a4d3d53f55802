// The ways in which guest.S keeps its processor busy.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace ilse::control {

struct Way {
  const char* name;
  uint8_t number;
  bool timer;  // with interrupts on, from the 8254
};

inline constexpr Way kWays[] = {
    {"to_self", 0, true}, {"if=0", 0, false},   {"linked", 1, true},   {"one_block", 2, true},
    {"stos", 3, true},    {"movs", 4, true},    {"lods", 5, true},     {"calls", 6, true},
    {"storm", 7, true},   {"refault", 8, true}, {"halt", 9, true},     {"rewrite", 10, true},
    {"dead", 11, false},  {"reload", 12, true}, {"triple", 13, false}, {"ports", 14, true},
    {"shadow", 15, true},
};

// A file with the guest's firmware, set to one of them; the caller removes it.
inline std::string image(const std::string& guest, uint8_t way, bool timer) {
  std::ifstream in(guest, std::ios::binary);
  std::vector<char> bytes{std::istreambuf_iterator<char>(in), {}};
  bytes.at(0xFF00) = static_cast<char>(way);
  bytes.at(0xFF01) = timer ? 1 : 0;
  char name[] = "/tmp/ilse-control-XXXXXX";
  const int fd = mkstemp(name);
  if (fd >= 0) close(fd);
  std::ofstream out(name, std::ios::binary);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  return name;
}

}  // namespace ilse::control
