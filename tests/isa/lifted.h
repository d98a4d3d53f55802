// What the tests of lifted rows share: lifting, and names for messages.
#pragma once

#include <cstdio>
#include <string>
#include <vector>

#include "cpu/isa/row.h"
#include "cpu/sem/lift_model.h"

namespace ilse::test {

using MicroOps = std::vector<cpu::jit::MicroOp>;

inline MicroOps lift(const cpu::Row& row, unsigned size, bool mem) {
  MicroOps list;
  cpu::LiftModel m(list);
  row.lift[size][mem ? 1 : 0](m);
  return list;
}

inline std::string describe(const cpu::Row& row, unsigned size, bool mem) {
  char text[96];
  std::snprintf(text, sizeof text, "%s, map %d opcode %02X ext %d, %d bits, %s", row.name,
                static_cast<int>(row.map), row.opcode, row.ext, 16 << size, mem ? "memory" : "register");
  return text;
}

// Calls f(row, size, mem) for each lifted form.
template <class F>
void for_each_lifted(const cpu::Row& row, F f) {
  for (unsigned size = 0; size < 3; ++size) {
    for (bool mem : {false, true}) {
      if (row.lift[size][mem ? 1 : 0] != nullptr) f(row, size, mem);
    }
  }
}

}  // namespace ilse::test
