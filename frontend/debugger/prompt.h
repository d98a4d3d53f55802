// `ilse debug`: a prompt with the words of Bochs's debugger (its manual, chapter "Using the debugger") over the same
// breakpoints as the GDB server. Addresses: 0x hexadecimal, a trailing h, decimal, SEL:OFF, or a register.
#pragma once

#include <atomic>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "frontend/debugger/breakpoints.h"
#include "frontend/debugger/disassembler.h"
#include "frontend/machine.h"
#include "frontend/trace/trace_writer.h"

namespace ilse::ui {

class Prompt {
 public:
  using Output = std::function<void(std::string_view)>;
  Prompt(Machine& machine, Output output);
  ~Prompt();
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

  // One line; an empty one repeats the last step. False: the user quits, or the machine has ended: see exit().
  bool command(std::string_view line);
  // MachineExit::None while it has not ended.
  MachineExit exit() const { return exit_; }
  // Ends a running command at the next slice; may be called from another thread or a signal handler.
  void interrupt() { interrupted_ = true; }
  // Where execution stands: the instruction that comes next.
  std::string here();

 private:
  bool go(uint64_t steps);
  bool step_over();
  bool set_breakpoint(Breakpoint::Kind kind, std::string_view address);
  bool change_breakpoint(std::string_view what, std::string_view number);
  void list_breakpoints();
  void backtrace();
  void say(std::string_view text) { output_(text); }

  Machine& machine_;
  Output output_;
  Disassembler disassembler_;
  Breakpoints breakpoints_;
  std::unique_ptr<TraceWriter> trace_;
  std::string last_;
  MachineExit exit_ = MachineExit::None;
  std::atomic<bool> interrupted_{false};
};

// The loop over standard input until q or its end. Gives what ended the machine, MachineExit::None for the user.
MachineExit run_prompt(Machine& machine);

}  // namespace ilse::ui
