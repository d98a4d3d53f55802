#include "frontend/options/options.h"

#include <algorithm>
#include <array>

#include "cpu/cpuid.h"
#include "frontend/exit_status.h"
#include "frontend/options/option_table.h"
#include "frontend/options/words.h"

namespace ilse::ui {

namespace {

using mem::Error;
using mem::Result;

const OptionRow* find_row(std::string_view name) {
  for (const OptionGroup& g : option_groups()) {
    for (const OptionRow& r : g.rows) {
      if (r.name == name) return &r;
    }
  }
  return nullptr;
}

Error unknown(const std::string& word, std::string_view name) {
  auto names = option_names();
  return Error{word + ": no such option" + nearest_hint(name, names, "-")};
}

// Drives without an index take the first free place.
Result<void> place_drives(Draft& d) {
  std::array<const Draft::Drive*, 4> taken{};
  for (Draft::Drive& drive : d.drives) {
    if (!drive.index) continue;
    const Draft::Drive*& place = taken[*drive.index];
    if (place != nullptr) {
      return Error{drive.origin + ": IDE drive " + std::to_string(*drive.index) + " is already taken by " +
                   place->origin};
    }
    place = &drive;
  }
  for (Draft::Drive& drive : d.drives) {
    if (drive.index) continue;
    // CD-ROMs look from the secondary channel on.
    for (unsigned n = 0; n < 4 && !drive.index; ++n) {
      unsigned at = drive.drive.cdrom ? (n + 2) % 4 : n;
      if (taken[at] == nullptr) drive.index = at;
    }
    if (!drive.index) return Error{drive.origin + ": there are only four IDE drives"};
    taken[*drive.index] = &drive;
  }
  for (Draft::Drive& drive : d.drives) {
    drive.drive.index = *drive.index;
    d.options.drives.push_back(drive.drive);
  }
  std::sort(d.options.drives.begin(), d.options.drives.end(),
            [](const DriveOption& a, const DriveOption& b) { return a.index < b.index; });
  return {};
}

Result<void> connect_chars(Draft& d) {
  Options& o = d.options;
  auto resolve = [&](const Draft::CharUse& use, CharTarget* to) -> Result<void> {
    auto t = parse_char_target(d, use.text);
    if (!t) return Error{use.option + ": " + t.error().message};
    *to = *t;
    return {};
  };
  if (d.serial.empty() && d.nographic && !o.monitor_stdio) d.serial.push_back({"-nographic", "stdio"});
  for (const Draft::CharUse& use : d.serial) {
    o.serial.emplace_back();
    if (auto ok = resolve(use, &o.serial.back()); !ok) return ok;
  }
  while (o.serial.size() < dev::BoardConfig::kMaxSerialPorts) o.serial.emplace_back();
  // -debugcon is at the port that -global says.
  if (d.isa_debugcon) (d.isa_debugcon_port == 0x402 ? d.firmware_log : d.debugcon) = d.isa_debugcon;
  if (d.debugcon) {
    if (auto ok = resolve(*d.debugcon, &o.debugcon); !ok) return ok;
  }
  if (d.firmware_log) {
    if (auto ok = resolve(*d.firmware_log, &o.firmware_log); !ok) return ok;
  }
  return {};
}

Result<void> settle_display(Draft& d, const Environment& environment) {
  Options& o = d.options;
  bool stdio = o.monitor_stdio || std::any_of(o.serial.begin(), o.serial.end(), [](const CharTarget& t) {
                 return t.kind == CharTarget::Kind::Stdio;
               });
  bool written =
      stdio || o.debugcon.kind == CharTarget::Kind::Stdio || o.firmware_log.kind == CharTarget::Kind::Stdio;
  if (d.nographic && o.display == DisplayKind::Automatic) o.display = DisplayKind::None;
  if (o.display == DisplayKind::Automatic) {
    if (o.command != Command::Run || !o.vga) {
      o.display = DisplayKind::None;
    } else if (environment.display) {
      o.display = DisplayKind::Sdl;
    } else {
      o.display = environment.terminal && !written ? DisplayKind::Terminal : DisplayKind::None;
    }
  }
  if (o.display == DisplayKind::Terminal && written)
    return Error{"-display terminal: the terminal is already used for stdio"};
  if (std::count_if(o.serial.begin(), o.serial.end(),
                    [](const CharTarget& t) { return t.kind == CharTarget::Kind::Stdio; }) > 1)
    return Error{"-serial stdio: only one serial port can have it"};
  return {};
}

Result<void> settle(Draft& d, const Environment& environment) {
  Options& o = d.options;
  if (auto ok = place_drives(d); !ok) return ok;
  // Of sound cards too what people expect, unless they choose.
  if (o.defaults && !o.sb16 && !o.ac97) o.sb16 = o.ac97 = true;
  if (o.defaults && o.floppies.empty()) o.floppies.push_back({});
  std::sort(o.floppies.begin(), o.floppies.end(),
            [](const DriveOption& a, const DriveOption& b) { return a.index < b.index; });
  if (auto ok = connect_chars(d); !ok) return ok;
  if (auto ok = settle_display(d, environment); !ok) return ok;
  if (o.sound.kind == SoundTarget::Kind::Automatic)
    o.sound.kind = o.display == DisplayKind::Sdl ? SoundTarget::Kind::Sdl : SoundTarget::Kind::None;
  o.clock = d.clock.value_or(o.command == Command::Run ? ClockMode::Host : ClockMode::Instructions);
  // A run that is to be repeatable cannot begin at today's date.
  if (o.rtc.empty()) o.rtc = o.clock == ClockMode::Host ? "utc" : "2026-01-01T00:00:00";
  if (o.kernel.empty() && !o.initrd.empty()) return Error{"-initrd: needs -kernel"};
  if (o.kernel.empty() && !o.append.empty()) return Error{"-append: needs -kernel"};
  if (o.command == Command::Lockstep && o.clock == ClockMode::Host)
    return Error{"lockstep: two machines cannot follow the host's clock (-clock instructions)"};
  if (!o.vga && !o.screenshot.empty()) return Error{"-screenshot: there is no display card (-vga none)"};
  if (o.command == Command::Trace && o.trace.output.empty() && !o.print_config)
    return Error{"trace: -o FILE is missing (- is standard output)"};
  return {};
}

}  // namespace

std::span<const OptionGroup> option_groups() {
  static const std::array<OptionGroup, 5> kGroups{{
      {"The machine", machine_options()},
      {"Drives", drive_options()},
      {"Devices", device_options()},
      {"The session", session_options()},
      {"Looking inside", debug_options()},
  }};
  return kGroups;
}

std::vector<std::string_view> option_names() {
  std::vector<std::string_view> names;
  for (const OptionGroup& g : option_groups()) {
    for (const OptionRow& r : g.rows) names.push_back(r.name);
  }
  return names;
}

mem::Result<Options> parse_options(std::span<const std::string> arguments, const Environment& environment) {
  Draft d;
  size_t i = 0;
  if (!arguments.empty() && !arguments[0].starts_with('-')) {
    constexpr std::array<std::string_view, 6> kCommands{"run",      "trace", "debug",
                                                        "lockstep", "help",  "version"};
    constexpr std::array kMeaning{Command::Run,      Command::Trace, Command::Debug,
                                  Command::Lockstep, Command::Help,  Command::Version};
    auto found = std::find(kCommands.begin(), kCommands.end(), arguments[0]);
    if (found == kCommands.end())
      return Error{arguments[0] + ": no such command; it is run, trace, debug or lockstep" +
                   nearest_hint(arguments[0], kCommands)};
    d.options.command = kMeaning[static_cast<size_t>(found - kCommands.begin())];
    ++i;
  } else if (arguments.empty()) {
    d.options.command = Command::Help;
  }
  for (; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (!word.starts_with('-') || word == "-") {
      // QEMU's rule: a lone file is the first hard disk.
      auto ok = find_row("hda")->apply(d, word);
      if (!ok) return Error{"'" + word + "': " + ok.error().message};
      continue;
    }
    std::string name = word.substr(word.starts_with("--") ? 2 : 1);
    std::optional<std::string> value;
    if (auto equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const OptionRow* row = find_row(name);
    if (row == nullptr) return unknown(word, name);
    std::string shown = word.substr(0, word.find('='));
    if (row->apply == nullptr) {
      d.options.command = name == "version" ? Command::Version : Command::Help;
      return d.options;
    }
    if (row->argument.empty() && value) return Error{shown + ": takes no value"};
    if (!row->argument.empty() && !value) {
      if (i + 1 == arguments.size())
        return Error{shown + ": needs a value (" + std::string(row->argument) + ")"};
      value = arguments[++i];
    }
    auto ok = row->apply(d, value.value_or(""));
    if (value) shown.append(" ").append(*value);
    if (!ok) return Error{shown + ": " + ok.error().message};
    if (d.options.command == Command::CpuHelp) return d.options;
  }
  if (d.options.command == Command::Help || d.options.command == Command::Version) return d.options;
  if (auto ok = settle(d, environment); !ok) return ok.error();
  return d.options;
}

std::string cpu_help_text() {
  std::string out = "Processor models (-cpu NAME[,+FEATURE][,-FEATURE]...)\n ";
  for (std::string_view m : cpu::model_names()) out.append(" ").append(m);
  out += "\n\nFeatures\n";
  std::string line;
  for (const cpu::FeatureInfo& f : cpu::feature_table()) {
    if (line.size() + f.name.size() > 78) {
      out += line + "\n";
      line.clear();
    }
    line.append(line.empty() ? "  " : " ").append(f.name);
  }
  return out + line + "\n";
}

std::string help_text() {
  std::string out =
      "usage: ilse run   [OPTION]...            runs a PC in a window, a terminal, or neither\n"
      "       ilse trace [OPTION]... -o FILE    writes what the processor does, line by line\n"
      "       ilse debug [OPTION]...            a prompt, or with -gdb a server for gdb\n"
      "       ilse lockstep [OPTION]...         both engines side by side, until they differ\n"
      "\n"
      "Options have one dash or two, and QEMU's spellings where QEMU has them.\n";
  constexpr size_t kColumn = 30;
  for (const OptionGroup& g : option_groups()) {
    out.append("\n").append(g.title).append("\n");
    for (const OptionRow& r : g.rows) {
      if (r.help.empty()) continue;
      std::string line = "  -";
      line += r.name;
      if (!r.argument.empty()) line += ' ';
      line += r.argument;
      line.resize(std::max(kColumn, line.size() + 1), ' ');
      out += line + std::string(r.help) + "\n";
    }
  }
  out += "\nProcessor models\n ";
  for (std::string_view m : cpu::model_names()) out.append(" ").append(m);
  out +=
      "\n\nKeys: in the window Ctrl+Alt+G releases the mouse, +S saves a screenshot, +F full screen, +P "
      "pauses,\n"
      "+R resets. In the terminal Ctrl-A x ends Ilse, Ctrl-A c switches to the prompt, Ctrl-A h helps.\n"
      "\nExit status\n";
  auto status = [&](int code, const char* text) {
    std::string line(2, ' ');
    line += std::to_string(code);
    line.resize(8, ' ');
    out += line + text + "\n";
  };
  status(kExitPowerOff, "the guest powered off, rebooted with -no-reboot, or the user ended Ilse");
  status(kExitBadInput, "an option or a file is wrong, or the host lacks something");
  out += "  odd     isa-debug-exit: the guest's (value << 1) | 1, of which the host keeps 8 bits\n";
  status(kExitTripleFault, "triple fault, with -no-reboot");
  status(kExitPanic, "the guest's kernel panicked (pvpanic)");
  status(kExitInstructions, "--max-instructions was reached");
  status(kExitSeconds, "--max-seconds was reached");
  status(kExitAsleep, "the processor is halted and nothing can wake it");
  status(kExitInternal, "a fault in Ilse itself");
  status(kExitSignal, "and the signal's number: a signal ended Ilse");
  return out;
}

}  // namespace ilse::ui
