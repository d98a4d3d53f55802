// `ilse debug`: a prompt with the words of Bochs's debugger (its manual, chapter "Using the debugger") over
// the same breakpoints as the GDB server. Addresses: 0x hexadecimal, a trailing h, decimal, SEL:OFF, or a
// register.
#pragma once

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
  // `interrupted` is asked between slices of a running command, and ends it.
  Prompt(Machine& machine, Output output, std::function<bool()> interrupted = {});
  ~Prompt();
  Prompt(const Prompt&) = delete;
  Prompt& operator=(const Prompt&) = delete;

  // One line; an empty one repeats the last step. False: the user quits, or the machine has ended: see
  // exit().
  bool command(std::string_view line);
  // MachineExit::None while it has not ended.
  MachineExit exit() const { return exit_; }
  // Where execution stands: the instruction that comes next.
  std::string here();

 private:
  // Both: true while the machine lives.
  bool go(uint64_t steps);
  bool step_over();
  bool set_breakpoint(Breakpoint::Kind kind, std::string_view address);
  bool change_breakpoint(std::string_view what, std::string_view number);
  void list_breakpoints();
  void backtrace();
  void say(std::string_view text) { output_(text); }
  cpu::Cpu& cpu() { return machine_.cpu(selected_); }
  void select(std::string_view number);

  Machine& machine_;
  Output output_;
  std::function<bool()> interrupted_;
  Disassembler disassembler_;
  Breakpoints breakpoints_;
  std::unique_ptr<TraceWriter> trace_;
  std::string last_;
  unsigned selected_ = 0;  // processor
  MachineExit exit_ = MachineExit::None;
};

// The loop over standard input until q or its end. Gives what ended the machine, MachineExit::None for the
// user.
MachineExit run_prompt(Machine& machine);

}  // namespace ilse::ui
