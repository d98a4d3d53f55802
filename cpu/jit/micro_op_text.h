// Micro-operations for people to read: dumps and reports of the translator's work.
#pragma once

#include <span>
#include <string>

#include "cpu/jit/micro_op.h"

namespace ilse::cpu::jit {

// The operation at position `at` of its list: "%2 = Add.32 %0 %1 writes OSZAPC".
std::string text_of(std::span<const MicroOp> list, Ref at);

}  // namespace ilse::cpu::jit
