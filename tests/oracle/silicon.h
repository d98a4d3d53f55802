// Which silicon the host is. Where the manual leaves something open Ilse does what the reference silicon does
// (UNDEFINED.md), on every host; a host of another make is compared in what the manual says alone.
#pragma once

#include <cpuid.h>

namespace ilse::oracle {

// CPUID leaf 0: EBX, EDX and ECX spell the vendor.
inline bool host_is_reference() {
  unsigned top = 0, b = 0, c = 0, d = 0;
  return __get_cpuid(0, &top, &b, &c, &d) != 0 && b == signature_INTEL_ebx && c == signature_INTEL_ecx &&
         d == signature_INTEL_edx;
}

}  // namespace ilse::oracle
