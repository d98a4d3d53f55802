// What the debugger's prompt and the GDB server's monitor commands show of the machine, as text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/debugger/disassembler.h"
#include "frontend/machine.h"

namespace ilse::ui {

std::string general_text(const cpu::Cpu& cpu);
std::string segments_text(const cpu::Cpu& cpu);
std::string control_text(const cpu::Cpu& cpu);
// `count` instructions from `linear` on, a line each.
std::string disassembly_text(cpu::Cpu& cpu, const Disassembler& d, uint64_t linear, unsigned count);

// A line a processor: what it does and where it is; a star at the selected one.
std::string processors_text(Machine& machine, unsigned selected);

// A command that only shows, of the selected processor: see monitor_help(). Empty when it is none.
std::string monitor_command(Machine& machine, unsigned selected, const Disassembler& d,
                            std::string_view text);
std::string monitor_help();

// Words between spaces.
std::vector<std::string_view> words_of(std::string_view text);
// 0x10, 10h, 16; SEL:OFF outside protected mode is SEL * 16 + OFF. A register's name gives its value.
std::optional<uint64_t> parse_address(const cpu::Cpu& cpu, std::string_view text);

}  // namespace ilse::ui
