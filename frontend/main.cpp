// Where `ilse` starts: the command line, then a session.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string>
#include <vector>

#include "frontend/exit_status.h"
#include "frontend/options/options.h"
#include "frontend/session.h"

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
    case ui::Command::Trace: return fail("trace: not in this version");
    case ui::Command::Debug: return fail("debug: not in this version");
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
