// The table of options: what parse_options() obeys and what --help prints.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/options/options.h"

namespace ilse::ui {

// What options leave behind until the last one is read, where they depend on each other.
struct Draft {
  Options options;
  struct Drive {
    DriveOption drive;
    std::optional<unsigned> index;
    std::string origin;  // the option, for messages
  };
  std::vector<Drive> drives;
  std::map<std::string, CharTarget> chardevs;
  // Options that name a character device may come before it is defined.
  struct CharUse {
    std::string option;
    std::string text;
  };
  std::vector<CharUse> serial;
  std::optional<CharUse> debugcon, firmware_log;
  std::optional<CharUse> isa_debugcon;  // -device isa-debugcon, whose port may come from -global
  std::optional<uint64_t> isa_debugcon_port;
  bool nographic = false;
  std::optional<ClockMode> clock;
};

struct OptionRow {
  std::string_view name;
  std::string_view argument;  // as --help shows it; empty: none
  std::string_view help;      // empty: accepted, but not shown
  // `value` is empty without an argument. The error lacks the option's name.
  mem::Result<void> (*apply)(Draft& draft, const std::string& value);
};

struct OptionGroup {
  std::string_view title;
  std::span<const OptionRow> rows;
};

std::span<const OptionGroup> option_groups();

// The groups' tables: machine, devices, and session.
std::span<const OptionRow> machine_options();
std::span<const OptionRow> drive_options();
std::span<const OptionRow> device_options();
std::span<const OptionRow> session_options();
std::span<const OptionRow> debug_options();

// "none", "null", "stdio", "mon:stdio", "file:PATH", or the name of a -chardev.
mem::Result<CharTarget> parse_char_target(const Draft& draft, const std::string& text);

}  // namespace ilse::ui
