// Two machines from the same start, one interpreting and one translating, side by side (DESIGN.md §3): their
// processors are compared every so many instructions and everything else now and then. A difference is
// searched for again from the last state that was the same, down to the instruction behind which it appears,
// and shown with what the translator made of the block.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "frontend/machine.h"
#include "memory/result.h"

namespace ilse::ui {

class Lockstep {
 public:
  // Another machine with the same parts; `settings`: of its translating engine.
  using Maker = std::function<mem::Result<std::unique_ptr<Machine>>(const cpu::jit::Settings& settings)>;
  struct Job {
    uint64_t every = 1'000'000;  // instructions between two comparisons of the processors
    unsigned whole = 64;         // comparisons between two of everything
    cpu::jit::Settings settings;
    std::function<void(const std::string&)> print;
  };
  Lockstep(Machine& interpreting, Maker maker, Job job)
      : a_(interpreting), maker_(std::move(maker)), job_(std::move(job)) {}

  // Until the guest ends, `interrupted` says so, or the two differ. The error of a difference is one line.
  mem::Result<MachineExit> run(const std::function<bool()>& interrupted);

 private:
  bool same_processors();
  bool same();
  void keep();
  mem::Result<void> keep_at(uint64_t count, uint64_t bad);
  mem::Result<void> search(uint64_t good, uint64_t bad, const std::function<bool()>& interrupted);
  class Recorder;
  mem::Result<bool> differs_at(uint64_t count, Recorder* recorder);

  Machine& a_;
  std::unique_ptr<Machine> b_;
  Maker maker_;
  Job job_;
  std::vector<uint8_t> kept_;  // the last whole state that was the same
  uint64_t kept_at_ = 0;
};

}  // namespace ilse::ui
