#include "frontend/trace/run_trace.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace ilse::ui {

namespace {
constexpr uint64_t kSlice = 4'000'000;

struct Closer {
  void operator()(std::FILE* f) const {
    if (f != stdout) std::fclose(f);
  }
};
}  // namespace

mem::Result<MachineExit> run_trace(Machine& machine, const TraceJob& job,
                                   const std::function<bool()>& interrupted) {
  std::unique_ptr<std::FILE, Closer> file(job.output == "-" ? stdout : std::fopen(job.output.c_str(), "w"));
  auto failed = [&] { return mem::Error{job.output + ": " + std::strerror(errno)}; };
  if (!file) return failed();
  bool bad = false;
  TraceWriter writer(
      [&](std::string_view text) {
        bad = bad || std::fwrite(text.data(), 1, text.size(), file.get()) != text.size();
      },
      job.filter, machine.processors());
  MachineExit exit = MachineExit::None;
  auto run_to = [&](uint64_t count) {
    while (exit == MachineExit::None && machine.instructions() < count && !bad) {
      if (interrupted && interrupted()) return;
      exit = machine.run(std::min(kSlice, count - machine.instructions()));
    }
  };
  run_to(job.filter.count_from);
  if (exit == MachineExit::None) {
    const unsigned n = machine.processors();
    for (unsigned k = 0; k < n; ++k) writer.begin(machine.cpu(k));
    for (unsigned k = 0; k < n; ++k) machine.cpu(k).observe(&writer);
    run_to(job.filter.count_to);
    for (unsigned k = 0; k < n; ++k) machine.cpu(k).observe(nullptr);
    for (unsigned k = 0; k < n; ++k) writer.end(machine.cpu(k));
  }
  if (std::fflush(file.get()) != 0 || bad) return failed();
  return exit;
}

}  // namespace ilse::ui
