// What the GDB server answers: GDB's remote protocol (GDB manual, appendix "Remote Protocol") over a Machine,
// without sockets. Lives in the machine's thread; packets come in while the guest is stopped, or between its
// slices.
//
// - Processor N is thread N + 1. All stop together. `vCont;s:1;c` steps a thread while the others run; a
// thread
//   without an action (GDB's scheduler-locking) stands still, and the guest's clock goes on.
// - The target description: target.h.
// - Breakpoints (Z0, Z1) and watchpoints (Z2, Z3, Z4) are by linear address; breakpoints.h says where they
// stop.
// - Memory (m, M, X) is linear under the current paging, or physical after `maintenance packet
// Qqemu.PhyMemMode:1` or
//   `monitor phys on`. Reading has no side effects on devices.
// - A step lets interrupts in, as hardware does. `maintenance packet Qqemu.sstep=0x7` (QEMU's NOIRQ bit, 2)
// holds
//   external interrupts off during each single step; that moves the interrupt by an instruction, so it is not
//   the default.
// - `monitor stop-at COUNT`: the next continue stops when so many instructions have retired, at full speed.
// - D lets the guest go on alone, k ends Ilse; a lost connection takes its breakpoints along, and changes
// nothing else.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "frontend/debugger/breakpoints.h"
#include "frontend/debugger/disassembler.h"
#include "frontend/gdb/packet.h"
#include "frontend/gdb/target.h"
#include "frontend/machine.h"

namespace ilse::gdb {

class Stub {
 public:
  Stub(ui::Machine& machine, bool stopped);

  // Where packets go; set anew with each connection.
  void connect(PacketLayer* link);
  // A packet's contents.
  void packet(std::string_view text);
  // The byte 03, or a user's pause.
  void interrupt();
  // How much of a slice of this many instructions may run.
  uint64_t slice(uint64_t instructions) const;
  // What Machine::run() said, after each slice.
  void ran(ui::MachineExit exit);

  bool stopped() const { return stopped_; }
  bool killed() const { return killed_; }
  ui::Breakpoints& breakpoints() { return breakpoints_; }

 private:
  enum class Signal : uint8_t { Int = 2, Trap = 5 };
  void reply(std::string_view text);
  cpu::Cpu& cpu() { return machine_.cpu(thread_); }
  // `stepped`: the processor to step; `allowed`: a bit for each that may run.
  void resume(std::optional<unsigned> stepped, uint64_t allowed);
  void report(Signal signal);
  std::string stop_reply() const;
  std::string query(std::string_view text);
  std::string set(std::string_view text);
  std::string xfer(std::string_view text) const;
  std::string read_memory(std::string_view text);
  std::string write_memory(std::string_view text, bool binary);
  std::string breakpoint(std::string_view text, bool insert);
  std::string move(std::string_view text, bool with_signal, bool step);
  std::string vcont(std::string_view text);
  std::string select(std::string_view text);
  std::string threads() const;
  // A thread-id: kAll, kAny or a processor.
  static constexpr int kAll = -2, kAny = -1;
  std::optional<int> thread(std::string_view text) const;
  std::string monitor(std::string_view text);
  Arch automatic_arch() const;

  ui::Machine& machine_;
  ui::Breakpoints breakpoints_;
  ui::Disassembler disassembler_;
  Target target_;
  PacketLayer* link_ = nullptr;
  unsigned thread_ = 0;  // Hg: the processor that the packets are about
  bool stopped_;
  bool killed_ = false;
  bool waiting_ = false;  // the other side waits for a stop reply
  bool physical_ = false;
  bool swbreak_ = false, hwbreak_ = false;
  unsigned sstep_ = 1;
  uint64_t stop_at_ = UINT64_MAX;  // instruction count
  Signal signal_ = Signal::Trap;
  ui::Breakpoints::Stop why_;
};

}  // namespace ilse::gdb
