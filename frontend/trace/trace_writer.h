// Writes what the processor does as text, a line an instruction. format.md has the format.
#pragma once

#include <cstdint>
#include <cstdio>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/cpu.h"
#include "frontend/debugger/disassembler.h"
#include "frontend/trace/register_file.h"

namespace ilse::ui {

class TraceWriter final : public cpu::Observer {
 public:
  using Output = std::function<void(std::string_view)>;
  struct Filter {
    uint64_t count_from = 0;  // instruction counts: from, and up to but not including
    uint64_t count_to = UINT64_MAX;
    uint64_t address_first = 0;  // linear, both included
    uint64_t address_last = UINT64_MAX;
  };
  TraceWriter(Output output, Filter filter, unsigned processors);

  // For each processor: the line with the state that the trace starts from, and the one that it ends with.
  void begin(const cpu::Cpu& cpu);
  void end(const cpu::Cpu& cpu);

  bool before(cpu::Cpu& cpu, const cpu::Insn& insn) override;
  void memory(uint64_t linear, mem::PhysAddr phys, unsigned width, cpu::Access a, uint64_t value) override;
  void interrupt(cpu::Cpu& cpu, uint8_t vector, cpu::Cause cause, std::optional<uint32_t> error) override;
  void triple_fault(cpu::Cpu& cpu) override;

  // Accesses that a line lists; further ones are counted only.
  static constexpr unsigned kMaxAccesses = 32;

 private:
  bool wanted(uint64_t count, uint64_t linear) const;
  // Ends the line being made, of whichever processor.
  void finish();
  void start_line(const cpu::Cpu& cpu, std::string_view mode, std::string_view bytes, std::string_view text);
  void show_state(const cpu::Cpu& cpu);
  void state_line(const cpu::Cpu& cpu, std::string_view kind, std::string_view registers);

  Output output_;
  Filter filter_;
  Disassembler disassembler_;
  std::vector<RegisterFile> shown_;  // by processor, as the lines so far leave them
  const cpu::Cpu* of_ = nullptr;     // whose line is being made
  std::string line_;                 // its first five columns; empty: none
  std::string accesses_;
  unsigned access_count_ = 0;
  bool wide_ = false;
};

// "r16", "v16", "p16", "p32", "c16", "c32", "l64"; r32 is real mode with a 32-bit code segment.
std::string_view mode_name(const cpu::Cpu& cpu);
// "#PF"; empty for vectors without a name.
std::string_view vector_name(uint8_t vector);

}  // namespace ilse::ui
