// A machine's state as a file: `savevm FILE` at the prompt, `-loadvm FILE` at the start.
//
// The file is a line that names the format, three numbers (little-endian, 8 bytes: the length of the
// configuration, the length of the state, XXH64 of both), the options that make the machine what it is, and
// what StateVisitor saves. It is written beside its place and takes it when it is whole and on the disk:
// whatever ends Ilse meanwhile, there is the former file or the new one.
//
// Disks are in it as what was written to them since the start, so they have to be there with -snapshot.
#pragma once

#include <string>

#include "frontend/machine.h"
#include "frontend/options/options.h"
#include "memory/result.h"

namespace ilse::ui {

// Machine thread, between slices. Errors begin with the file's name.
mem::Result<void> save_snapshot(Machine& machine, const Options& options, const std::string& path);
// Into a machine that has not run yet; after an error it is not to be run.
mem::Result<void> load_snapshot(Machine& machine, const Options& options, const std::string& path);

}  // namespace ilse::ui
