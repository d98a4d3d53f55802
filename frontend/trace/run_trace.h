// `ilse trace`: runs the machine and writes a trace of a part of it. What is before the first count
// runs at full speed, unobserved.
#pragma once

#include <functional>
#include <string>

#include "frontend/machine.h"
#include "frontend/trace/trace_writer.h"

namespace ilse::ui {

struct TraceJob {
  std::string output = "-";  // "-": standard output
  TraceWriter::Filter filter;
};

// Ends at filter.count_to, when the machine ends, or when `interrupted` (asked every few million
// instructions) says so. The error is a file that cannot be written. MachineExit::None: the end of the count,
// or interrupted.
mem::Result<MachineExit> run_trace(Machine& machine, const TraceJob& job,
                                   const std::function<bool()>& interrupted = {});

}  // namespace ilse::ui
