#include "frontend/debugger/prompt.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>

#include "frontend/debugger/guest_memory.h"
#include "frontend/debugger/interrupt_key.h"
#include "frontend/debugger/report.h"
#include "frontend/jit_report.h"
#include "frontend/registers_text.h"

namespace ilse::ui {

namespace {

constexpr uint64_t kSlice = 1'000'000;

constexpr std::string_view kHelp =
    "s [N]                 run N instructions\n"
    "n, p                  the same, but over a CALL, INT or REP\n"
    "c                     continue; Ctrl-C stops\n"
    "lb, b ADDR            breakpoint at a linear address\n"
    "vb SEL:OFF            at an offset while CS holds the selector\n"
    "pb ADDR               at a physical address\n"
    "watch r|w|a ADDR [N]  stop behind a read, write, either of N bytes\n"
    "info b                breakpoints; d, bpe, bpd N: delete, enable, disable\n"
    "info jit              counters of the translating engine\n"
    "bt [N]                frames along RBP\n"
    "cpu N                 the commands are about processor N\n"
    "trace on|off          print each instruction as it runs\n"
    "q                     quit\n";

std::string hex(uint64_t v) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(v));
  return text;
}

const char* kind_name(Breakpoint::Kind k) {
  switch (k) {
    case Breakpoint::Kind::Linear: return "lb";
    case Breakpoint::Kind::Virtual: return "vb";
    case Breakpoint::Kind::Physical: return "pb";
    case Breakpoint::Kind::Read: return "watch r";
    case Breakpoint::Kind::Write: return "watch w";
    default: return "watch a";
  }
}

}  // namespace

Prompt::Prompt(Machine& machine, Output output, std::function<bool()> interrupted)
    : machine_(machine),
      output_(std::move(output)),
      interrupted_(std::move(interrupted)),
      breakpoints_(machine),
      selected_(machine.cpu().id()) {}

Prompt::~Prompt() = default;

std::string Prompt::here() {
  cpu::Cpu& cpu = this->cpu();
  std::string out = machine_.processors() > 1 ? "cpu" + std::to_string(selected_) + " (" : "(";
  out.append(std::to_string(machine_.instructions())).append(") ").append(mode_name(cpu)).append(" ");
  return out + disassembly_text(cpu, disassembler_, code_linear(cpu, cpu.rip()), 1);
}

bool Prompt::go(uint64_t steps) {
  breakpoints_.step(steps, selected_);
  breakpoints_.resume();
  MachineExit exit = MachineExit::None;
  while (exit == MachineExit::None && !(interrupted_ && interrupted_())) exit = machine_.run(kSlice);
  breakpoints_.step(0);
  selected_ = machine_.cpu().id();
  const Breakpoints::Stop& why = breakpoints_.stop();
  if (exit == MachineExit::Stopped && !why.what.temporary) {
    if (why.reason == Breakpoints::Stop::Reason::Breakpoint) {
      say(std::string("breakpoint ").append(std::to_string(why.what.id)).append("\n"));
    } else if (why.reason == Breakpoints::Stop::Reason::Watchpoint) {
      say(std::string("watchpoint ")
              .append(std::to_string(why.what.id))
              .append(" at ")
              .append(hex(why.address)) +
          "\n");
    }
  }
  if (exit != MachineExit::None && exit != MachineExit::Stopped) {
    exit_ = exit;
    if (exit == MachineExit::TripleFault) say(triple_fault_text(cpu()));
    say("the machine has ended\n");
    return false;
  }
  say(here());
  return true;
}

bool Prompt::step_over() {
  cpu::Cpu& cpu = this->cpu();
  uint64_t pc = code_linear(cpu, cpu.rip());
  std::array<uint8_t, 15> code{};
  size_t n = peek_linear(cpu, pc, code);
  auto t = disassembler_.decode({code.data(), n}, cpu.rip(), code_bits(cpu));
  bool over = false;
  for (std::string_view word : {"call", "lcall", "int", "rep", "loop"})
    over = over || t.text.starts_with(word);
  if (!over || t.length == 0) return go(1);
  Breakpoint b;
  b.address = pc + t.length;
  b.temporary = true;
  b.processor = selected_;
  unsigned id = breakpoints_.add(b);
  bool alive = go(0);
  breakpoints_.remove(id);
  return alive;
}

bool Prompt::set_breakpoint(Breakpoint::Kind kind, std::string_view address) {
  cpu::Cpu& cpu = this->cpu();
  Breakpoint b;
  b.kind = kind;
  std::optional<uint64_t> at;
  if (kind == Breakpoint::Kind::Virtual) {
    size_t colon = std::min(address.find(':'), address.size());
    auto selector = parse_address(cpu, address.substr(0, colon));
    if (selector && colon < address.size()) at = parse_address(cpu, address.substr(colon + 1));
    if (selector) b.selector = static_cast<uint16_t>(*selector);
  } else {
    at = parse_address(cpu, address);
  }
  if (!at) {
    say("no such address\n");
    return true;
  }
  b.address = *at;
  say(std::string("breakpoint ").append(std::to_string(breakpoints_.add(b))).append("\n"));
  return true;
}

bool Prompt::change_breakpoint(std::string_view what, std::string_view number) {
  unsigned id = 0;
  std::from_chars(number.data(), number.data() + number.size(), id);
  Breakpoint* b = breakpoints_.find(id);
  if (b == nullptr) {
    say("no such breakpoint\n");
  } else if (what == "d" || what == "del" || what == "delete") {
    breakpoints_.remove(id);
  } else {
    b->enabled = what == "bpe";
  }
  return true;
}

void Prompt::list_breakpoints() {
  for (const Breakpoint& b : breakpoints_.list()) {
    std::string line = std::to_string(b.id);
    line.append(" ").append(kind_name(b.kind)).append(" ");
    if (b.kind == Breakpoint::Kind::Virtual) line.append(hex(b.selector)).append(":");
    line.append(hex(b.address)).append(b.enabled ? "" : " disabled").append(", hit ");
    say(line.append(std::to_string(b.hits)).append(" times\n"));
  }
}

void Prompt::select(std::string_view number) {
  unsigned n = 0;
  auto r = std::from_chars(number.data(), number.data() + number.size(), n);
  if (r.ec != std::errc() || n >= machine_.processors()) {
    say("no such processor\n");
    return;
  }
  selected_ = n;
  say(here());
}

void Prompt::backtrace() {
  cpu::Cpu& cpu = this->cpu();
  size_t width = code_bits(cpu) / 8;
  uint64_t mask = width == 8 ? ~0ull : (1ull << (8 * width)) - 1;
  uint64_t stack = code_bits(cpu) == 64 ? 0 : cpu.seg[cpu::kSs].base;
  uint64_t bp = cpu.gpr[cpu::kRbp] & mask;
  say(here());
  for (unsigned k = 0; k < 16 && bp != 0; ++k) {
    uint64_t frame[2] = {};
    for (size_t n = 0; n < 2; ++n) {
      if (peek_linear(cpu, stack + bp + n * width, {reinterpret_cast<uint8_t*>(&frame[n]), width}) != width)
        return;
    }
    say(std::string("  ").append(hex(frame[1])).append(" frame ").append(hex(bp)).append("\n"));
    if (frame[0] <= bp) break;
    bp = frame[0];
  }
}

bool Prompt::command(std::string_view line) {
  std::string text(line);
  if (words_of(text).empty()) text = last_;
  auto w = words_of(text);
  if (w.empty()) return true;
  bool repeats = w[0] == "s" || w[0] == "n" || w[0] == "p" || w[0] == "step" || w[0] == "next";
  last_ = repeats ? text : "";
  std::string_view first = w.size() > 1 ? w[1] : "";
  if (w[0] == "q" || w[0] == "quit" || w[0] == "exit") return false;
  if (w[0] == "s" || w[0] == "step" || w[0] == "si") {
    auto n = first.empty() ? std::optional<uint64_t>(1) : parse_address(cpu(), first);
    return go(std::max<uint64_t>(n.value_or(1), 1));
  }
  if (w[0] == "n" || w[0] == "p" || w[0] == "next") return step_over();
  if (w[0] == "c" || w[0] == "cont" || w[0] == "continue") return go(0);
  if (w[0] == "lb" || w[0] == "b" || w[0] == "lbreak") return set_breakpoint(Breakpoint::Kind::Linear, first);
  if (w[0] == "vb" || w[0] == "vbreak") return set_breakpoint(Breakpoint::Kind::Virtual, first);
  if (w[0] == "pb" || w[0] == "pbreak") return set_breakpoint(Breakpoint::Kind::Physical, first);
  if (w[0] == "watch" && w.size() > 2) {
    auto at = parse_address(cpu(), w[2]);
    auto length = w.size() > 3 ? parse_address(cpu(), w[3]) : std::optional<uint64_t>(1);
    if (!at || !length || (first != "r" && first != "w" && first != "a")) {
      say("watch r|w|a ADDR [N]\n");
      return true;
    }
    Breakpoint b;
    b.kind = first == "r"   ? Breakpoint::Kind::Read
             : first == "w" ? Breakpoint::Kind::Write
                            : Breakpoint::Kind::Access;
    b.address = *at;
    b.length = *length;
    say(std::string("watchpoint ").append(std::to_string(breakpoints_.add(b))).append("\n"));
    return true;
  }
  if (w[0] == "info" && (first == "b" || first == "break")) {
    list_breakpoints();
    return true;
  }
  if (w[0] == "info" && first == "jit") {
    say(jit_text(machine_));
    return true;
  }
  if (w[0] == "d" || w[0] == "del" || w[0] == "delete" || w[0] == "bpe" || w[0] == "bpd")
    return change_breakpoint(w[0], first);
  if (w[0] == "cpu") {
    select(first);
    return true;
  }
  if (w[0] == "bt") {
    backtrace();
    return true;
  }
  if (w[0] == "trace") {
    if (first == "on") {
      trace_ = std::make_unique<TraceWriter>(output_, TraceWriter::Filter{}, machine_.processors());
      breakpoints_.tell(trace_.get());
      for (unsigned k = 0; k < machine_.processors(); ++k) trace_->begin(machine_.cpu(k));
    } else if (trace_) {
      for (unsigned k = 0; k < machine_.processors(); ++k) trace_->end(machine_.cpu(k));
      breakpoints_.tell(nullptr);
      trace_.reset();
    }
    return true;
  }
  if (w[0] == "help" || w[0] == "h" || w[0] == "?") {
    say(kHelp);
    say(monitor_help());
    return true;
  }
  std::string shown = monitor_command(machine_, selected_, disassembler_, text);
  say(shown.empty() ? "unknown command; try help\n" : shown);
  return true;
}

MachineExit run_prompt(Machine& machine) {
  InterruptKey key;
  Prompt prompt(
      machine, [](std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); },
      [&key] { return key.pressed(); });
  std::string first = prompt.here();
  std::fwrite(first.data(), 1, first.size(), stdout);
  std::string line;
  for (bool more = true; more;) {
    std::fputs("<ilse> ", stdout);
    std::fflush(stdout);
    line.clear();
    int c = 0;
    while ((c = std::getchar()) != EOF && c != '\n') line += static_cast<char>(c);
    if (c == EOF && line.empty()) break;
    key.pressed();  // a Ctrl-C at the prompt is not for the next command
    more = prompt.command(line);
  }
  std::fflush(stdout);
  return prompt.exit();
}

}  // namespace ilse::ui
