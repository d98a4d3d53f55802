// The whole computer: processors and board joined, and virtual time between them (DESIGN.md §3). One thread
// runs everything that the guest can see; what comes from outside waits at the board's door.
//
// Several processors take turns of a number of instructions; those that sleep are passed over. A turn also
// ends when its processor halts, when it has sent another one an interrupt, and at a PAUSE while others want
// to run. All count one sequence of instructions, and each instruction takes its share of an instruction's
// time, half of it while two processors run: so virtual time is the machine's, passes as it does for
// processors that run at once, and never goes back for a guest that compares the clocks of two of them. Turns
// are counted in instructions and are part of the state: one history, however run() is called.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cpu/cpu.h"
#include "cpu/jit/settings.h"
#include "devices/board/pc.h"
#include "memory/result.h"

namespace ilse::ui {

enum class ClockMode : uint8_t {
  Instructions,  // virtual time advances with instructions only; HLT jumps to the next timer
  Host,          // virtual time is steered towards the host's clock, one logged sample a slice
};

// Why run() came back.
enum class MachineExit : uint8_t {
  None,  // the limit of this call was reached; call again
  PowerOff,
  DebugExit,    // isa-debug-exit: status() is its value
  TripleFault,  // and the machine was told not to reboot
  Reboot,       // likewise, after an ordinary reset
  Panic,        // pvpanic
  Stopped,      // a debugger's Observer said so
  Asleep,       // halted with no timer and nothing to wake it
};

class Machine final : public cpu::TimeBase {
 public:
  static constexpr uint64_t kTurn = 4000;
  struct Options {
    cpu::Model model;
    ClockMode clock = ClockMode::Host;
    bool translate = false;       // hot blocks, to host code
    bool or_interpret = false;    // where the host forbids that; else it is an error
    std::string not_translating;  // set then: why
    cpu::jit::Settings jit;
    bool no_reboot = false;
    uint64_t max_instructions = UINT64_MAX;
    uint64_t hash_every = 0;  // instructions between state hashes; 0: none
    uint64_t turn = kTurn;    // instructions of a turn, where there are several processors
    uint64_t seed = 1;        // of the processor's random numbers
  };
  static mem::Result<std::unique_ptr<Machine>> create(dev::BoardConfig board, Options options);
  ~Machine() override;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  // Runs up to `instructions` more, or until something happens. Halted processors sleep through virtual time;
  // with the host's clock the caller waits: see idle_until().
  MachineExit run(uint64_t instructions);
  // Any thread: run() does nothing from now on, but for what waits at the door.
  void hold(bool held) { held_.store(held, std::memory_order_relaxed); }
  // For a signal's handler, on the thread of run(): hold(true), and a run() under way comes back soon. To be
  // repeated until it has (Cpu::kick).
  void kick() {
    hold(true);
    if (turn_.processor < cpus_.size()) cpus_[turn_.processor]->kick();
  }
  // Under the host's clock: sets the target that virtual time is steered towards, in nanoseconds since the
  // machine started. It arrives through the door like a key press.
  void clock_sample(uint64_t host_ns);
  // What the host's clock is to go on from, for a machine that was loaded.
  uint64_t host_time() const { return std::max(line_.host_target, now().ns); }
  // How many instructions virtual time needs for as long, at its present pace. A guest that has become faster
  // is to be sampled before it has run far ahead.
  uint64_t instructions_in(uint64_t ns) const { return instructions_until({now().ns + ns}); }
  // True when every processor is halted and virtual time has caught up with the host's: nothing to do until
  // the deadline that next_deadline() gives, or an outside event.
  bool idle() const { return idle_; }
  mem::VTime next_deadline();

  // Takes in everything that waits at the door.
  void drain_door();

  void reset(dev::ResetKind kind);
  mem::VTime now() const;
  mem::VTime time_at(uint64_t instructions) const override;
  // Of all processors.
  uint64_t instructions() const { return cpu().retired; }
  int status() const { return status_; }
  uint64_t hash();
  void visit_state(mem::StateVisitor& v);
  void on_hash(std::function<void(uint64_t count, uint64_t hash)> f) { on_hash_ = std::move(f); }
  // Prints the chain of faults of a triple fault, with registers.
  void on_triple_fault(std::function<void(const cpu::Cpu&)> f) { on_triple_fault_ = std::move(f); }
  void on_reset(std::function<void(dev::ResetKind)> f) { on_reset_ = std::move(f); }

  dev::Pc& board() { return *pc_; }
  unsigned processors() const { return static_cast<unsigned>(cpus_.size()); }
  cpu::Cpu& cpu(unsigned n) { return *cpus_.at(n); }
  // The one that runs, or that ran last.
  cpu::Cpu& cpu() { return *cpus_[turn_.processor]; }
  const cpu::Cpu& cpu() const { return *cpus_[turn_.processor]; }
  // A debugger's: only the processors whose bit is set get turns. No part of the state.
  void allow(uint64_t processors) { allowed_ = processors; }
  const Options& options() const { return options_; }

  // One instruction takes this long in virtual time.
  static constexpr uint64_t kNsPerInstruction = 4;
  // Virtual time that is off the host's is back in this time, in nanoseconds.
  static constexpr uint64_t kCatchUp = 50'000'000;

 private:
  explicit Machine(Options options) : options_(std::move(options)) {}
  MachineExit handle_requests();
  bool next_turn();
  void begin_turn();
  MachineExit sleep();

  // Virtual time is a line through (instructions, nanoseconds); sleeping and steering move the line.
  struct Line {
    uint64_t instructions = 0;
    uint64_t ns = 0;
    uint64_t scale = kNsPerInstruction << 16;  // nanoseconds per instruction, 16 fraction bits
    uint64_t host_target = 0;                  // the last sample of the host's clock
    uint64_t sampled_ns = 0;                   // the last one that told a speed
    uint64_t sampled_at = 0;                   // instructions then
    uint64_t slept = 0;                        // since then: 1
    static constexpr std::array kNames{"instructions", "ns",         "scale", "host_target",
                                       "sampled_ns",   "sampled_at", "slept"};
    static constexpr unsigned kVersion = 2;
  };
  struct Turn {
    uint32_t processor = 0;
    uint64_t left = 0;    // instructions
    bool shared = false;  // another wanted to run when it began
    static constexpr std::array kNames{"processor", "left", "shared"};
  };
  // Instructions, and nanoseconds of the host's or the guest's time, that tell a speed: a slice that somebody
  // cut short is mostly overhead.
  static constexpr uint64_t kMinSample = 10'000, kMinElapsed = 500'000;
  static constexpr unsigned kMaxSleeps = 1000;  // in one run()
  void rebase(uint64_t ns);
  void steer(uint64_t host_ns);
  uint64_t instructions_until(mem::VTime t) const;

  Options options_;
  Line line_;
  Turn turn_;
  uint64_t allowed_ = ~0ull;
  std::atomic<bool> held_{false};
  bool idle_ = false;
  int status_ = 0;
  uint64_t next_hash_ = UINT64_MAX;
  std::function<void(uint64_t, uint64_t)> on_hash_;
  std::function<void(const cpu::Cpu&)> on_triple_fault_;
  std::function<void(dev::ResetKind)> on_reset_;
  std::unique_ptr<dev::Pc> pc_;
  std::unique_ptr<cpu::BlockCache> blocks_;
  std::vector<std::unique_ptr<cpu::Cpu>> cpus_;
};

}  // namespace ilse::ui
