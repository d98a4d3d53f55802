// What people can see of the translating engine: every translated block in a file, the map by which Linux's
// perf names them, and the counters.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "cpu/jit/settings.h"
#include "frontend/debugger/disassembler.h"
#include "frontend/machine.h"
#include "memory/result.h"

namespace ilse::ui {

class JitReport final : public cpu::jit::Listener {
 public:
  // `dump`: the file's name, or empty. The map is /tmp/perf-PID.map, where perf looks for it.
  static mem::Result<std::unique_ptr<JitReport>> open(const std::string& dump, bool perf_map);
  // Whose instructions are read. Before the machine runs.
  void listen(const mem::PhysMap& memory) { memory_ = &memory; }
  void translated(const cpu::jit::Translation& t) override;

 private:
  struct Closer {
    void operator()(std::FILE* f) const { std::fclose(f); }
  };
  using File = std::unique_ptr<std::FILE, Closer>;
  JitReport(File dump, File map) : dump_(std::move(dump)), map_(std::move(map)) {}

  File dump_, map_;
  const mem::PhysMap* memory_ = nullptr;
  Disassembler capstone_;
};

// The counters of a machine's engine, for `info jit`.
std::string jit_text(Machine& machine);

}  // namespace ilse::ui
