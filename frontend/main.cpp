// Where `ilse` starts: the command line, then a session.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "frontend/debugger/interrupt_key.h"
#include "frontend/debugger/prompt.h"
#include "frontend/exit_status.h"
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

// The status when a tool, and not the session, has run the machine.
int status_of(ui::Machine& machine, ui::MachineExit exit) {
  switch (exit) {
    case ui::MachineExit::DebugExit: return machine.status() & 0xFF;
    case ui::MachineExit::TripleFault: return ui::kExitTripleFault;
    case ui::MachineExit::Panic: return ui::kExitPanic;
    case ui::MachineExit::Asleep: return ui::kExitAsleep;
    default: return ui::kExitPowerOff;
  }
}

int trace(const ui::Options& options) {
  auto session = ui::Session::create(options);
  if (!session) return fail(session.error().message);
  const ui::TraceOptions& t = options.trace;
  ui::TraceJob job;
  if (!t.output.empty()) job.output = t.output;
  job.filter = {t.start, std::min(t.stop, options.max_instructions), t.range_first.value_or(0),
                t.range_last.value_or(UINT64_MAX)};
  ui::InterruptKey key;
  ui::Machine& machine = (*session)->machine();
  auto exit = ui::run_trace(machine, job, [&key] { return key.pressed(); });
  return exit ? status_of(machine, *exit) : fail(exit.error().message);
}

int debug(const ui::Options& options) {
  auto session = ui::Session::create(options);
  if (!session) return fail(session.error().message);
  ui::Machine& machine = (*session)->machine();
  return status_of(machine, ui::run_prompt(machine));
}

int start(const std::vector<std::string>& arguments) {
  auto options = ui::parse_options(arguments, host_environment());
  if (!options) return fail(options.error().message);
  if (options->command == ui::Command::Help) {
    std::fputs(ui::help_text().c_str(), stdout);
    return arguments.empty() ? ui::kExitBadInput : ui::kExitPowerOff;
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
    // With a GDB server the prompt is gdb's.
    case ui::Command::Debug: return options->gdb.empty() ? debug(*options) : run(*options);
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
