// Where `ilse` starts: the command line, then a session.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include "frontend/board_setup.h"
#include "frontend/exit_status.h"
#include "frontend/lockstep/lockstep.h"
#include "frontend/options/options.h"
#include "frontend/session.h"
#include "frontend/trace/run_trace.h"

namespace {

using namespace ilse;

int fail(const std::string& message, int status = ui::kExitBadInput) {
  std::fprintf(stderr, "ilse: %s\n", message.c_str());
  return status;
}

ui::Environment host_environment() {
  ui::Environment e;
  e.display = std::getenv("DISPLAY") != nullptr || std::getenv("WAYLAND_DISPLAY") != nullptr;
  e.terminal = isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0;
  return e;
}

int run(const ui::Options& options) {
  auto session = ui::Session::create(options);
  if (!session) return fail(session.error().message);
  return (*session)->run();
}

int trace(const ui::Options& options) {
  auto session = ui::Session::create(options);
  if (!session) return fail(session.error().message);
  ui::TraceJob job;
  job.output = options.trace.output;
  job.filter.count_from = options.trace.start;
  job.filter.count_to = std::min(options.trace.stop, options.max_instructions);
  job.filter.address_first = options.trace.range_first.value_or(0);
  job.filter.address_last = options.trace.range_last.value_or(UINT64_MAX);
  return (*session)->run([&job](ui::Machine& machine, const std::function<bool()>& interrupted) {
    return ui::run_trace(machine, job, interrupted);
  });
}

int debug(const ui::Options& options) {
  if (!options.gdb.empty()) return run(options);
  bool taken = options.monitor_stdio || options.display != ui::DisplayKind::None;
  for (const ui::CharTarget& t : options.serial) taken = taken || t.kind == ui::CharTarget::Kind::Stdio;
  for (const ui::CharTarget* t : {&options.debugcon, &options.firmware_log})
    taken = taken || t->kind == ui::CharTarget::Kind::Stdio;
  if (taken)
    return fail("debug: the debugger's prompt has the terminal; send characters to file:PATH, or use -gdb");
  auto session = ui::Session::create(options);
  if (!session) return fail(session.error().message);
  return (*session)->run_debugger();
}

// The session's machine interprets; drives are not written to, and the terminal is for output only.
int lockstep(ui::Options options) {
  if (!options.loadvm.empty()) return fail("lockstep: -loadvm: both machines start at power-on");
  options.translate = false;
  options.snapshot = true;
  for (ui::DriveOption& d : options.drives) d.snapshot = !d.cdrom;
  for (ui::DriveOption& d : options.floppies) d.snapshot = true;
  auto one_way = [](ui::CharTarget& t) {
    if (t.kind == ui::CharTarget::Kind::Stdio) t = {ui::CharTarget::Kind::File, "/dev/stdout"};
  };
  for (ui::CharTarget& t : options.serial) one_way(t);
  one_way(options.debugcon);
  one_way(options.firmware_log);
  auto session = ui::Session::create(options);
  if (!session) return fail(session.error().message);
  auto maker = [options](const cpu::jit::Settings& settings) -> mem::Result<std::unique_ptr<ui::Machine>> {
    auto board = ui::set_up_board(options, 0);
    if (!board) return board.error();
    auto machine_options = ui::set_up_machine(options);
    if (!machine_options) return machine_options.error();
    machine_options->translate = true;
    machine_options->or_interpret = false;
    machine_options->jit = settings;
    return ui::Machine::create(std::move(*board), *machine_options);
  };
  return (*session)->run([&](ui::Machine& machine, const std::function<bool()>& interrupted) {
    ui::Lockstep job(machine, maker,
                     {.every = options.every,
                      .settings = machine.options().jit,
                      .print = [](const std::string& text) { std::fputs(text.c_str(), stderr); }});
    return job.run(interrupted);
  });
}

int start(const std::vector<std::string>& arguments) {
  auto options = ui::parse_options(arguments, host_environment());
  if (!options) return fail(options.error().message);
  if (options->command == ui::Command::Help) {
    std::fputs(ui::help_text().c_str(), stdout);
    return arguments.empty() ? ui::kExitBadInput : ui::kExitPowerOff;
  }
  if (options->command == ui::Command::CpuHelp) {
    std::fputs(ui::cpu_help_text().c_str(), stdout);
    return ui::kExitPowerOff;
  }
  if (options->command == ui::Command::Version) {
    std::puts("Ilse 0.1.0");
    return ui::kExitPowerOff;
  }
  if (options->print_config) {
    std::fputs(ui::print_config(*options).c_str(), stdout);
    return ui::kExitPowerOff;
  }
  switch (options->command) {
    case ui::Command::Trace: return trace(*options);
    case ui::Command::Debug: return debug(*options);
    case ui::Command::Lockstep: return lockstep(*options);
    default: return run(*options);
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return start({argv + 1, argv + argc});
  } catch (const std::exception& e) {
    return fail(std::string("internal error: ") + e.what(), ui::kExitInternal);
  }
}
