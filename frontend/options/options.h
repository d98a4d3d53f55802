// The command line as plain data. Spellings are QEMU's where QEMU has the option (DESIGN.md §6); what
// parse_options() gives is complete: every default is filled in, so that to_arguments() gives the whole run
// back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/machine.h"
#include "memory/result.h"

namespace ilse::ui {

enum class Command : uint8_t { Run, Trace, Debug, Lockstep, Help, Version, CpuHelp };
enum class DisplayKind : uint8_t { Automatic, Sdl, Terminal, None };

struct DriveOption {
  std::string file;  // empty: a drive for discs or diskettes that has none
  bool cdrom = false;
  unsigned index = 0;  // IDE: 0, 1 primary master and slave, 2, 3 secondary
  bool read_only = false;
  bool snapshot = false;
  std::string serial;
  bool operator==(const DriveOption&) const = default;
};

// Where characters go.
struct CharTarget {
  enum class Kind : uint8_t { None, Null, Stdio, File };
  Kind kind = Kind::Null;
  std::string path;
  bool operator==(const CharTarget&) const = default;
};

// Where sound goes. Automatic: to the host's sound card where there is a window.
struct SoundTarget {
  enum class Kind : uint8_t { Automatic, None, Sdl, Wav };
  Kind kind = Kind::Automatic;
  std::string path;
  bool operator==(const SoundTarget&) const = default;
};

struct TraceOptions {
  std::string output;  // -o; "-" is standard output
  uint64_t start = 0;  // instruction counts
  uint64_t stop = UINT64_MAX;
  std::optional<uint64_t> range_first;  // only instructions at these linear addresses
  std::optional<uint64_t> range_last;
  bool operator==(const TraceOptions&) const = default;
};

struct Options {
  Command command = Command::Run;

  uint64_t ram_mib = 128;
  unsigned cpus = 1;
  std::string cpu = "max";
  uint64_t seed = 1;
  bool smm = true;
  bool vga = true;
  unsigned screen_width = 1024, screen_height = 768;  // -g: what the monitor likes best, in pixels
  bool full_screen = false;
  std::vector<DriveOption> drives;
  std::vector<DriveOption> floppies;  // index 0 is A, 1 is B
  bool defaults = true;               // false: only the devices that options name
  std::string boot_order = "cad";
  bool boot_menu = false;
  std::string kernel, initrd, append;
  std::string bios;          // a path, or a name in the firmware's folders
  std::string firmware_dir;  // -L; empty: where Debian's packages put it
  std::string rtc;           // utc, localtime or a date
  bool snapshot = false;
  bool no_reboot = false;
  bool no_shutdown = false;
  dev::BoardConfig::DebugExit debug_exit;
  bool pvpanic = false;
  bool pci_testdev = false;
  bool sb16 = false, ac97 = false;
  SoundTarget sound;

  std::vector<CharTarget> serial;  // of each port, COM1 first
  CharTarget debugcon;             // port E9h
  CharTarget firmware_log;         // port 402h
  bool monitor_stdio = false;
  DisplayKind display = DisplayKind::Automatic;
  std::string name;
  std::string screenshot;

  bool translate = true;      // hot blocks, to host code; false: interpret only
  bool engine_given = false;  // else another will do where the host forbids translation
  uint64_t jit_cache_mib = 64;
  uint64_t jit_hot = cpu::jit::Settings{}.hot;  // runs of a block before it is translated
  std::string jit_dump;                         // where to write what was translated; empty: nowhere
  bool perf_map = false;
  ClockMode clock = ClockMode::Host;
  uint64_t max_instructions = UINT64_MAX;
  double max_seconds = 0;  // 0: no limit
  uint64_t hash_every = 0;

  std::string loadvm;  // a snapshot to start from; empty: power-on

  std::string gdb;  // "" none, else HOST:PORT, :PORT
  bool start_stopped = false;
  std::vector<std::string> log_items;  // -d
  std::string log_file;                // -D; empty: standard error
  TraceOptions trace;
  uint64_t every = 1'000'000;  // lockstep: instructions between comparisons
  bool print_config = false;
};

// What the defaults depend on.
struct Environment {
  bool display = false;   // a window can be expected to open
  bool terminal = false;  // standard input and output are terminals
};

// `arguments` without the program's name. The error is one line that starts with the option.
mem::Result<Options> parse_options(std::span<const std::string> arguments, const Environment& environment);

// Every option that makes the run what it is, one word each; parse_options() of it gives the same again.
std::vector<std::string> to_arguments(const Options& options);
// The same for people, an option a line, as a command that a shell accepts.
std::string print_config(const Options& options);

std::string help_text();
std::string cpu_help_text();  // -cpu help
std::vector<std::string_view> option_names();

// Splits "-gdb" targets: an empty host is the loopback address.
struct TcpTarget {
  std::string host;
  uint16_t port = 0;
};
mem::Result<TcpTarget> parse_tcp(std::string_view text);

}  // namespace ilse::ui
