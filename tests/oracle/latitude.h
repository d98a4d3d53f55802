// What silicon other than the reference may do differently from it: the manual leaves it open, or the two
// vendors' manuals differ. Each rule takes over from the emulated result what is open in this case, and
// nothing else; what then still differs is an error. UNDEFINED.md says what was measured.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "cpu/isa/insn.h"
#include "cpu/isa/row.h"
#include "oracle/native_case.h"

namespace ilse::oracle {

struct Compared {
  const cpu::Row& row;
  const cpu::Insn& insn;
  const Case& c;
  const Result& emulated;

  bool named(std::string_view name) const { return name == row.name; }
  bool named_from(std::string_view start) const { return std::string_view(row.name).starts_with(start); }
  bool faults() const { return emulated.outcome == Outcome::kFault; }
  // The linear address of the operand in memory; of a masked store by rDI too.
  std::uint64_t address() const;
};

struct Latitude {
  std::string_view name;  // what is open, for the count of cases
  void (*grant)(const Compared& k, Result& native);
};

std::span<const Latitude> integer_latitudes();
std::span<const Latitude> memory_latitudes();
std::span<const Latitude> vector_latitudes();

// The rules by which the results come to agree; none if they differ all the same.
std::vector<std::string_view> excuses(const Case& c, const Result& native, const Result& emulated);

// The status flags that the manual leaves undefined after `insn`.
std::uint64_t undefined_flags(const Compared& k);

// Exceptions by vector that an access to memory raises: #SS, #GP, #PF and #AC.
inline bool memory_fault(const Result& r) {
  return r.outcome == Outcome::kFault &&
         (r.vector == 12 || r.vector == 13 || r.vector == 14 || r.vector == 17);
}
inline void take_fault(Result& native, const Result& emulated) {
  native.vector = emulated.vector;
  native.error_code = emulated.error_code;
  native.cr2 = emulated.cr2;
}
// What `emulated` has changed in these bytes of memory, and no other change there.
void take_bytes(Result& native, const Result& emulated, std::uint64_t address, std::uint64_t size);

}  // namespace ilse::oracle
