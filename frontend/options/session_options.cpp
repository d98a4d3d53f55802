// Options about the session: display, clock, limits, and the tools for looking inside.
#include <charconv>

#include "frontend/options/option_table.h"
#include "frontend/options/words.h"

namespace ilse::ui {

namespace {

using mem::Error;
using mem::Result;

Result<void> display(Draft& d, const std::string& value) {
  std::string kind = value.substr(0, value.find(','));
  if (kind == "sdl") {
    d.options.display = DisplayKind::Sdl;
  } else if (kind == "terminal" || kind == "curses") {
    d.options.display = DisplayKind::Terminal;
  } else if (kind == "none") {
    d.options.display = DisplayKind::None;
  } else {
    constexpr std::string_view kWords[] = {"sdl", "terminal", "none"};
    return Error{"it is sdl, terminal or none" + nearest_hint(kind, kWords)};
  }
  return {};
}

Result<void> nographic(Draft& d, const std::string&) {
  d.nographic = true;
  return {};
}

Result<void> monitor(Draft& d, const std::string& value) {
  if (value != "none" && value != "stdio" && value != "null" && value != "mon:stdio")
    return Error{"the prompt is on stdio or none"};
  d.options.monitor_stdio = value == "stdio" || value == "mon:stdio";
  return {};
}

Result<void> name(Draft& d, const std::string& value) {
  for (const auto& [key, text] : split_suboptions(value)) {
    if (text.empty()) {
      d.options.name = key;
    } else if (key == "guest") {
      d.options.name = text;
    }
  }
  return {};
}

Result<void> engine(Draft& d, const std::string& value) {
  if (value != "interp" && value != "jit") return Error{"it is interp or jit"};
  d.options.translate = value == "jit";
  d.options.engine_given = true;
  return {};
}

Result<void> clock(Draft& d, const std::string& value) {
  if (value != "host" && value != "instructions") return Error{"it is host or instructions"};
  d.clock = value == "host" ? ClockMode::Host : ClockMode::Instructions;
  return {};
}

template <uint64_t Options::*member>
Result<void> count(Draft& d, const std::string& value) {
  auto n = parse_size(value, 1);
  bool decimal = false;
  // 5k and 5K are 1024 each for memory; counts are people's thousands.
  if (!value.empty() && value.find_first_of("kKmMgGtT") == value.size() - 1) {
    n = parse_number(value.substr(0, value.size() - 1));
    decimal = true;
  }
  if (n && decimal) {
    uint64_t unit = 1000;
    auto suffix = static_cast<char>(value.back() & ~0x20);
    for (char c : std::string_view("MGT")) {
      if (suffix == 'K') break;
      unit *= 1000;
      if (suffix == c) break;
    }
    n = *n <= UINT64_MAX / unit ? std::optional(*n * unit) : std::nullopt;
  }
  if (!n || *n == 0) return Error{"not a number of instructions (1 or more; 5M is five million)"};
  d.options.*member = *n;
  return {};
}

template <uint64_t Options::*member, uint64_t first, uint64_t last>
Result<void> number_between(Draft& d, const std::string& value) {
  auto n = parse_number(value);
  if (!n || *n < first || *n > last)
    return Error{"not a number from " + std::to_string(first) + " to " + std::to_string(last)};
  d.options.*member = *n;
  return {};
}

Result<void> seconds(Draft& d, const std::string& value) {
  double s = 0;
  auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), s);
  if (error != std::errc{} || end != value.data() + value.size() || !(s > 0) || s > 1e9)
    return Error{"not a number of seconds"};
  d.options.max_seconds = s;
  return {};
}

Result<void> screenshot(Draft& d, const std::string& value) {
  if (value.empty()) return Error{"the name is empty"};
  d.options.screenshot = value;
  return {};
}

Result<void> gdb(Draft& d, const std::string& value) {
  auto target = parse_tcp(value);
  if (!target) return target.error();
  d.options.gdb = target->host + ":" + std::to_string(target->port);
  return {};
}

Result<void> gdb_default(Draft& d, const std::string&) { return gdb(d, "tcp::1234"); }

Result<void> stopped(Draft& d, const std::string&) {
  d.options.start_stopped = true;
  return {};
}

Result<void> log_items(Draft& d, const std::string& value) {
  constexpr std::string_view kItems[] = {"int", "cpu_reset", "guest_errors", "unimp"};
  std::vector<std::string> items;
  for (const auto& [item, text] : split_suboptions(value)) {
    bool known = false;
    for (std::string_view k : kItems) known = known || k == item;
    if (item == "in_asm" || item == "exec" || item == "cpu" || item == "op" || item == "out_asm" ||
        item == "nochain")
      return Error{"'" + item + "': instructions are logged by `ilse trace`"};
    if (!known)
      return Error{"there is no '" + item + "'; there are int, cpu_reset, guest_errors, unimp" +
                   nearest_hint(item, kItems)};
    items.push_back(item);
  }
  d.options.log_items = std::move(items);
  return {};
}

Result<void> print(Draft& d, const std::string&) {
  d.options.print_config = true;
  return {};
}

template <uint64_t TraceOptions::*member>
Result<void> trace_count(Draft& d, const std::string& value) {
  auto n = parse_number(value);
  if (!n) return Error{"not an instruction count"};
  d.options.trace.*member = *n;
  return {};
}

Result<void> trace_range(Draft& d, const std::string& value) {
  auto dash = value.find('-');
  auto first = parse_number(value.substr(0, dash));
  auto last = dash == std::string::npos ? first : parse_number(value.substr(dash + 1));
  if (!first || !last || *last < *first) return Error{"not an address range (0x7c00-0x7dff)"};
  d.options.trace.range_first = first;
  d.options.trace.range_last = last;
  return {};
}

constexpr OptionRow kSession[] = {
    {"display", "KIND", "sdl window, terminal, or none (default: a window if there is a display)", display},
    {"nographic", "", "no display; the serial port and the prompt on standard input and output", nographic},
    {"curses", "", "", [](Draft& d, const std::string&) { return display(d, "terminal"); }},
    {"sdl", "", "", [](Draft& d, const std::string&) { return display(d, "sdl"); }},
    {"monitor", "stdio|none", "the prompt's place", monitor},
    {"name", "NAME", "the window's title", name},
    {"screenshot", "FILE.png", "writes the screen to a PNG file at the end", screenshot},
    {"clock", "MODE", "host: virtual time follows the host's (run); instructions: it is exactly repeatable",
     clock},
    {"engine", "jit|interp", "the processor's engine (default: jit; interp if the host forbids that)",
     engine},
    {"jit-cache", "MIB", "memory for translated code, 1 to 1024 (default: 64)",
     number_between<&Options::jit_cache_mib, 1, 1024>},
    {"jit-hot", "N", "runs of a block before it is translated, 1 to 10000 (default: 40)",
     number_between<&Options::jit_hot, 1, 10000>},
    {"loadvm", "FILE", "starts from a snapshot that savevm has written, with the options of then",
     [](Draft& d, const std::string& v) -> Result<void> {
       if (v.empty()) return Error{"the name is empty"};
       d.options.loadvm = v;
       return {};
     }},
    {"max-instructions", "N", "ends with status 8 after N instructions", count<&Options::max_instructions>},
    {"max-seconds", "S", "ends with status 10 after S seconds of the host's time", seconds},
    {"hash-every", "N", "prints `hash COUNT HEX` of the machine's state every N instructions",
     count<&Options::hash_every>},
    {"print-config", "", "prints the complete options of this run and ends", print},
    {"help", "", "this text", nullptr},
    {"h", "", "", nullptr},
    {"version", "", "prints the version", nullptr},
};

constexpr OptionRow kDebug[] = {
    {"gdb", "tcp::PORT", "serves gdb's remote protocol; also [HOST:]PORT", gdb},
    {"s", "", "short for -gdb tcp::1234", gdb_default},
    {"S", "", "does not start the processor: waits for gdb or the prompt", stopped},
    {"d", "ITEM,...", "logs int, cpu_reset, guest_errors, unimp", log_items},
    {"D", "FILE", "where -d goes (default: standard error)",
     [](Draft& d, const std::string& v) -> Result<void> {
       if (v.empty()) return Error{"the name is empty"};
       d.options.log_file = v;
       return {};
     }},
    {"every", "N", "lockstep: compares the processors every N instructions (default: 1M)",
     count<&Options::every>},
    {"jit-dump", "FILE", "writes translated blocks: guest's instructions, micro-operations, host's code",
     [](Draft& d, const std::string& v) -> Result<void> {
       if (v.empty()) return Error{"the name is empty"};
       d.options.jit_dump = v;
       return {};
     }},
    {"perf-map", "", "writes /tmp/perf-PID.map, by which perf names translated blocks",
     [](Draft& d, const std::string&) -> Result<void> {
       d.options.perf_map = true;
       return {};
     }},
    {"o", "FILE", "trace: where to; - is standard output",
     [](Draft& d, const std::string& v) -> Result<void> {
       if (v.empty()) return Error{"the name is empty"};
       d.options.trace.output = v;
       return {};
     }},
    {"start", "N", "trace: from this instruction count on", trace_count<&TraceOptions::start>},
    {"stop", "N", "trace: up to this instruction count", trace_count<&TraceOptions::stop>},
    {"range", "A-B", "trace: only instructions at these linear addresses", trace_range},
};

}  // namespace

std::span<const OptionRow> session_options() { return kSession; }
std::span<const OptionRow> debug_options() { return kDebug; }

mem::Result<TcpTarget> parse_tcp(std::string_view text) {
  std::string_view rest = text;
  if (rest.starts_with("tcp:")) rest.remove_prefix(4);
  rest = rest.substr(0, rest.find(','));
  auto colon = rest.rfind(':');
  TcpTarget t;
  if (colon != std::string_view::npos) {
    t.host = rest.substr(0, colon);
    rest.remove_prefix(colon + 1);
  }
  auto port = parse_number(rest);
  if (!port || *port == 0 || *port > 65535)
    return Error{"not a port: it is tcp::PORT or [HOST:]PORT, with 1 to 65535"};
  t.port = static_cast<uint16_t>(*port);
  return t;
}

}  // namespace ilse::ui
