// What the translator made of a block, side by side: the guest's instruction, its micro-operations, the host
// code, through Capstone.
#pragma once

#include <string>

#include "cpu/jit/settings.h"
#include "frontend/debugger/disassembler.h"
#include "memory/phys_map.h"

namespace ilse::ui {

// The block's instructions are read from `memory`. The host code is that of an x86-64 host.
std::string text_of(const cpu::jit::Translation& t, const mem::PhysMap& memory, const Disassembler& capstone);

}  // namespace ilse::ui
