// The rows of the opcode table that the host cannot judge in user mode, each with the reason. Rows that are
// privileged are compared all the same: their fault at privilege 3 is.
#pragma once

#include <array>
#include <string_view>

#include "cpu/isa/row.h"

namespace ilse::oracle {

struct RowException {
  std::string_view name;
  std::string_view reason;
};

inline constexpr std::string_view kUmip = "UMIP: the host's kernel emulates it";
inline constexpr std::string_view kKeys = "CR4.PKE is as the host's kernel wants it: tests/asm/pku.S";
inline constexpr std::string_view kFarTransfer =
    "needs selectors of the host's kernel in memory or immediate";
inline constexpr std::string_view kIdentity = "tells what processor or what time it is";
inline constexpr std::string_view kChance = "gives a random number: tests/sem";
inline constexpr std::string_view kEntry = "enters the host's kernel";
inline constexpr std::string_view kOwnFunction =
    "computed by ourselves, the same on every host: compared with tolerance in tests/fpu";

inline constexpr std::array kRowExceptions{
    RowException{"sgdt", kUmip},           RowException{"sidt", kUmip},
    RowException{"sldt", kUmip},           RowException{"str", kUmip},
    RowException{"smsw", kUmip},           RowException{"ljmp", kFarTransfer},
    RowException{"lcall", kFarTransfer},   RowException{"retf", kFarTransfer},
    RowException{"iret", kFarTransfer},    RowException{"cpuid", kIdentity},
    RowException{"rdtsc", kIdentity},      RowException{"rdtscp", kIdentity},
    RowException{"rdpid", kIdentity},      RowException{"xgetbv", kIdentity},
    RowException{"rdrand", kChance},       RowException{"rdseed", kChance},
    RowException{"rdpmc", kIdentity},      RowException{"syscall", kEntry},
    RowException{"sysenter", kEntry},      RowException{"f2xm1", kOwnFunction},
    RowException{"fyl2x", kOwnFunction},   RowException{"fyl2xp1", kOwnFunction},
    RowException{"fptan", kOwnFunction},   RowException{"fpatan", kOwnFunction},
    RowException{"fsin", kOwnFunction},    RowException{"fcos", kOwnFunction},
    RowException{"fsincos", kOwnFunction}, RowException{"rdpkru", kKeys},
    RowException{"wrpkru", kKeys},
};

// Empty: the row is compared.
inline std::string_view why_not_compared(const cpu::Row& row) {
  for (const RowException& e : kRowExceptions) {
    if (e.name == row.name) return e.reason;
  }
  return {};
}

}  // namespace ilse::oracle
