// Breakpoints, watchpoints and steps for the GDB server and the debugger's prompt. Guest memory is never
// patched: while there is something to watch the engine is the Observer of every processor. The pages with a
// breakpoint run instruction by instruction, those with a watchpoint are accessed on the slow path; the rest
// of the guest runs at full speed, and all of it where there is nothing to watch. A step watches all that one
// processor does, and the others go on meanwhile.
//
// Where execution stops:
// - a breakpoint: before the instruction. Going on from there does not hit it again.
// - a watchpoint: behind the instruction that made the access, before any interrupt is taken.
// - a step: before the next instruction that runs, wherever that is. As on hardware without a debugger,
// timers
//   and devices go on: after an interrupt or a fault that is the first instruction of its handler. A REP
//   instruction is one step, unless an interrupt divides it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "frontend/machine.h"

namespace ilse::ui {

struct Breakpoint {
  enum class Kind : uint8_t { Linear, Virtual, Physical, Read, Write, Access };
  Kind kind = Kind::Linear;
  uint64_t address = 0;   // linear, except Virtual (an offset) and Physical
  uint16_t selector = 0;  // of Virtual: CS has to hold it
  uint64_t length = 1;    // of watchpoints, in bytes
  bool enabled = true;
  bool temporary = false;             // gone when hit
  std::optional<unsigned> processor;  // of the code breakpoints: only there
  int tag = 0;                        // the owner's: GDB's Z type
  unsigned id = 0;
  uint64_t hits = 0;
};

class Breakpoints final : public cpu::Observer {
 public:
  explicit Breakpoints(Machine& machine) : machine_(machine) {}
  ~Breakpoints() override { release(); }
  Breakpoints(const Breakpoints&) = delete;
  Breakpoints& operator=(const Breakpoints&) = delete;

  unsigned add(Breakpoint b);  // its id, from 1
  bool remove(unsigned id);
  bool remove(Breakpoint::Kind kind, uint64_t address, uint64_t length, int tag);
  void clear() { list_.clear(); }
  Breakpoint* find(unsigned id);
  const std::vector<Breakpoint>& list() const { return list_; }

  // Stop after this many instructions of one processor; 0: no step.
  void step(uint64_t instructions, unsigned processor = 0) {
    steps_ = instructions;
    stepping_ = processor;
  }
  // Hears everything that the processor tells an observer, while attached; null: nobody.
  void tell(cpu::Observer* other) { other_ = other; }

  // To be called before the guest goes on after a stop: attaches to the processors or leaves them.
  void resume();
  void release();

  // Why Machine::run() said Stopped; the processor is Machine::cpu().
  struct Stop {
    enum class Reason : uint8_t { None, Step, Breakpoint, Watchpoint };
    Reason reason = Reason::None;
    Breakpoint what;       // as it was when hit
    uint64_t address = 0;  // linear, of the access
  };
  const Stop& stop() const { return stop_; }

  bool everywhere(const cpu::Cpu& cpu) const override {
    return other_ != nullptr || (steps_ != 0 && stepping_ == cpu.id());
  }
  bool wants_code(const cpu::Cpu& cpu, uint64_t linear, uint64_t phys) const override;
  bool wants_data(const cpu::Cpu& cpu, uint64_t linear) const override;
  bool before(cpu::Cpu& cpu, const cpu::Insn& insn) override;
  void after(cpu::Cpu& cpu) override;
  void memory(uint64_t linear, mem::PhysAddr phys, unsigned width, cpu::Access a, uint64_t value) override;
  void interrupt(cpu::Cpu& cpu, uint8_t vector, cpu::Cause cause, std::optional<uint32_t> error) override;
  void triple_fault(cpu::Cpu& cpu) override;

 private:
  bool hit(cpu::Cpu& cpu, uint64_t linear);

  Machine& machine_;
  std::vector<Breakpoint> list_;
  unsigned next_id_ = 1;
  uint64_t steps_ = 0;
  unsigned stepping_ = 0;
  uint64_t done_ = 0;  // instructions since resume(), of the processor that is stepped
  // Of the processor that had stopped, until it has run its next instruction or taken an interrupt.
  struct Resumed {
    unsigned processor;
    uint64_t linear;
  };
  std::optional<Resumed> resumed_;
  Stop stop_;
  cpu::Observer* other_ = nullptr;
};

}  // namespace ilse::ui
