#include "frontend/trace/trace_writer.h"

#include <algorithm>
#include <array>

#include "frontend/debugger/guest_memory.h"

namespace ilse::ui {

namespace {

template <class... A>
std::string format(const char* f, A... a) {
  char text[160];
  int n = std::snprintf(text, sizeof text, f, a...);
  return {text, std::min<size_t>(static_cast<size_t>(n), sizeof text - 1)};
}

void pad(std::string& s, size_t width) {
  if (s.size() < width) s.append(width - s.size(), ' ');
}

std::string_view cause_name(cpu::Cause c) {
  switch (c) {
    case cpu::Cause::Exception: return "exception";
    case cpu::Cause::External: return "external";
    case cpu::Cause::Software: return "software";
    case cpu::Cause::SoftwareOne: return "int1";
    default: return "nmi";
  }
}

}  // namespace

std::string_view mode_name(const cpu::Cpu& cpu) {
  unsigned bits = code_bits(cpu);
  if (bits == 64) return "l64";
  if (!cpu.protected_mode()) return bits == 16 ? "r16" : "r32";
  if (cpu.v86()) return "v16";
  if (cpu.long_mode()) return bits == 16 ? "c16" : "c32";
  return bits == 16 ? "p16" : "p32";
}

std::string_view vector_name(uint8_t vector) {
  static constexpr std::array<std::string_view, 20> kNames{"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD",
                                                           "#NM", "#DF", "",    "#TS", "#NP", "#SS", "#GP",
                                                           "#PF", "",    "#MF", "#AC", "#MC", "#XM"};
  return vector < kNames.size() ? kNames[vector] : std::string_view{};
}

TraceWriter::TraceWriter(Output output, Filter filter, unsigned processors)
    : output_(std::move(output)), filter_(filter), shown_(processors) {}

bool TraceWriter::wanted(uint64_t count, uint64_t linear) const {
  return count >= filter_.count_from && count < filter_.count_to && linear >= filter_.address_first &&
         linear <= filter_.address_last;
}

void TraceWriter::start_line(const cpu::Cpu& cpu, std::string_view mode, std::string_view bytes,
                             std::string_view text) {
  of_ = &cpu;
  line_ = format("%10llu", static_cast<unsigned long long>(cpu.count()));
  if (shown_.size() > 1) line_.insert(0, format("%u:", cpu.id()));
  line_ += '\t';
  line_ += mode;
  line_ += '\t';
  auto ip = static_cast<unsigned long long>(cpu.rip());
  line_ += cpu.code64() ? format("%016llx", ip) : format("%04x:%08llx", cpu.seg[cpu::kCs].selector, ip);
  line_ += '\t';
  size_t column = line_.size();
  line_ += bytes;
  pad(line_, column + 20);
  line_ += '\t';
  column = line_.size();
  line_ += text;
  pad(line_, column + 36);
  accesses_.clear();
  access_count_ = 0;
}

void TraceWriter::finish() {
  if (line_.empty()) return;
  RegisterFile now = RegisterFile::of(*of_);
  line_ += '\t';
  line_ += now.changes_since(shown_[of_->id()], wide_);
  line_ += '\t';
  line_ += accesses_;
  if (access_count_ > kMaxAccesses) line_ += format(" +%u", access_count_ - kMaxAccesses);
  line_ += '\n';
  output_(line_);
  line_.clear();
  shown_[of_->id()] = now;
}

void TraceWriter::state_line(const cpu::Cpu& cpu, std::string_view kind, std::string_view registers) {
  start_line(cpu, kind, "", "");
  line_ += '\t';
  line_ += registers;
  line_ += "\t\n";
  output_(line_);
  line_.clear();
}

// What changed while no line was written.
void TraceWriter::show_state(const cpu::Cpu& cpu) {
  RegisterFile now = RegisterFile::of(cpu);
  RegisterFile& shown = shown_[cpu.id()];
  if (now == shown) return;
  state_line(cpu, "state", now.changes_since(shown, wide_));
  shown = now;
}

void TraceWriter::begin(const cpu::Cpu& cpu) {
  shown_[cpu.id()] = RegisterFile::of(cpu);
  state_line(cpu, "state", shown_[cpu.id()].all());
}

void TraceWriter::end(const cpu::Cpu& cpu) {
  finish();
  state_line(cpu, "end", RegisterFile::of(cpu).all());
}

bool TraceWriter::before(cpu::Cpu& cpu, const cpu::Insn& insn) {
  finish();
  uint64_t linear = code_linear(cpu, cpu.rip());
  if (!wanted(cpu.count(), linear)) return true;
  wide_ = cpu.code64();
  show_state(cpu);
  std::array<uint8_t, 16> code{};
  size_t length = std::min<size_t>(insn.len, code.size());
  length = peek_linear(cpu, linear, {code.data(), length});
  std::string bytes;
  for (size_t k = 0; k < length; ++k) bytes += format("%02x", code[k]);
  start_line(cpu, mode_name(cpu), bytes,
             disassembler_.decode({code.data(), length}, cpu.rip(), code_bits(cpu)).text);
  return true;
}

void TraceWriter::memory(uint64_t linear, mem::PhysAddr, unsigned width, cpu::Access a, uint64_t value) {
  if (line_.empty() || ++access_count_ > kMaxAccesses) return;
  if (!accesses_.empty()) accesses_ += ' ';
  if (width < 8) value &= (1ull << (8 * width)) - 1;
  accesses_ += format("%c%u:%llx=%llx", a == cpu::Access::Write ? 'W' : 'R', width,
                      static_cast<unsigned long long>(linear), static_cast<unsigned long long>(value));
}

void TraceWriter::interrupt(cpu::Cpu& cpu, uint8_t vector, cpu::Cause cause, std::optional<uint32_t> error) {
  finish();
  if (!wanted(cpu.count(), code_linear(cpu, cpu.rip()))) return;
  wide_ = cpu.code64();
  show_state(cpu);
  std::string text = format("vector=%02x cause=", vector);
  text += cause_name(cause);
  if (cause == cpu::Cause::Exception) {
    text += " name=";
    text += vector_name(vector);
  }
  if (error) text += format(" error=%x", *error);
  if (cause == cpu::Cause::Exception && vector == cpu::kPFv) {
    text += format(" cr2=%llx", static_cast<unsigned long long>(cpu.cr.cr2));
  }
  start_line(cpu, "event", "", text);
}

void TraceWriter::triple_fault(cpu::Cpu& cpu) {
  finish();
  start_line(cpu, "event", "", "cause=triple-fault");
}

}  // namespace ilse::ui
