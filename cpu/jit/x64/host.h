// What the host's processor has.
#pragma once

#include "cpu/cpuid.h"

namespace ilse::cpu::jit {

// Whether it has the instructions of the guest's feature.
bool host_has(Feature f);

}  // namespace ilse::cpu::jit
