#include "frontend/debugger/report.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdarg>
#include <cstdio>
#include <cstring>

#include "cpu/isa/decoder.h"
#include "cpu/sem/explain.h"
#include "frontend/debugger/guest_memory.h"
#include "frontend/trace/trace_writer.h"

namespace ilse::ui {

namespace {

constexpr std::array<const char*, 16> kGprNames{"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                                "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr std::array<const char*, 6> kSegNames{"es", "cs", "ss", "ds", "fs", "gs"};

using Ull = unsigned long long;

[[gnu::format(printf, 1, 2)]] std::string format(const char* f, ...) {
  char text[256];
  va_list args;
  va_start(args, f);
  int n = std::vsnprintf(text, sizeof text, f, args);
  va_end(args);
  return {text, std::min<size_t>(static_cast<size_t>(std::max(n, 0)), sizeof text - 1)};
}

std::string segment_line(const char* name, const cpu::Segment& s) {
  return format("%-4s %04x base %016llx limit %08x attr %04x %s\n", name, s.selector,
                static_cast<Ull>(s.base), s.limit, s.attr, s.present() ? "" : "not present");
}

uint64_t peek(cpu::Cpu& cpu, uint64_t linear, unsigned width) {
  uint64_t v = 0;
  peek_linear(cpu, linear, {reinterpret_cast<uint8_t*>(&v), width});
  return v;
}

std::string gdt_text(cpu::Cpu& cpu) {
  std::string out = format("gdtr base %llx limit %x\n", static_cast<Ull>(cpu.gdtr.base), cpu.gdtr.limit);
  for (unsigned at = 0; at + 7 <= cpu.gdtr.limit; at += 8) {
    uint64_t d = peek(cpu, cpu.gdtr.base + at, 8);
    if (d == 0) continue;
    uint64_t base = (d >> 16 & 0xFFFFFF) | (d >> 56) << 24;
    uint64_t limit = (d & 0xFFFF) | (d >> 32 & 0xF0000);
    if ((d >> 55 & 1) != 0) limit = limit << 12 | 0xFFF;
    out += format("%04x: base %08llx limit %08llx %s type %x dpl %u%s%s%s\n", at, static_cast<Ull>(base),
                  static_cast<Ull>(limit),
                  (d >> 44 & 1) == 0   ? "system"
                  : (d >> 43 & 1) != 0 ? "code"
                                       : "data",
                  static_cast<unsigned>(d >> 40 & 15), static_cast<unsigned>(d >> 45 & 3),
                  (d >> 47 & 1) != 0 ? " present" : "", (d >> 53 & 1) != 0 ? " long" : "",
                  (d >> 54 & 1) != 0 ? " 32-bit" : "");
  }
  return out;
}

std::string idt_text(cpu::Cpu& cpu) {
  std::string out = format("idtr base %llx limit %x\n", static_cast<Ull>(cpu.idtr.base), cpu.idtr.limit);
  unsigned width = !cpu.protected_mode() ? 4 : cpu.long_mode() ? 16 : 8;
  for (unsigned v = 0; v < 256 && (v + 1) * width - 1 <= cpu.idtr.limit; ++v) {
    uint64_t at = cpu.idtr.base + v * width;
    uint64_t d = peek(cpu, at, width == 4 ? 4 : 8);
    if (d == 0) continue;
    if (width == 4) {
      out +=
          format("%02x: %04x:%04x\n", v, static_cast<unsigned>(d >> 16), static_cast<unsigned>(d & 0xFFFF));
      continue;
    }
    uint64_t offset = (d & 0xFFFF) | (d >> 32 & 0xFFFF0000);
    if (width == 16) offset |= peek(cpu, at + 8, 4) << 32;
    out += format("%02x: %04x:%llx type %x dpl %u%s\n", v, static_cast<unsigned>(d >> 16 & 0xFFFF),
                  static_cast<Ull>(offset), static_cast<unsigned>(d >> 40 & 15),
                  static_cast<unsigned>(d >> 45 & 3), (d >> 47 & 1) != 0 ? "" : " not present");
  }
  return out;
}

std::string page_text(const cpu::Cpu& cpu, uint64_t linear) {
  auto phys = cpu.translate_peek(linear);
  if (!phys) return format("%llx: not mapped\n", static_cast<Ull>(linear));
  return format("%llx: physical %llx\n", static_cast<Ull>(linear), static_cast<Ull>(*phys));
}

// GDB's x/NFU: count, format (x d u o t a c s i), unit (b h w g).
std::string examine(cpu::Cpu& cpu, const Disassembler& d, std::string_view spec, uint64_t at, bool physical) {
  unsigned count = 0, unit = 4;
  char kind = 'x';
  while (!spec.empty() && spec[0] >= '0' && spec[0] <= '9') {
    count = std::min(count * 10 + static_cast<unsigned>(spec[0] - '0'), 4096u);
    spec.remove_prefix(1);
  }
  count = std::max(count, 1u);
  for (char c : spec) {
    switch (c) {
      case 'b': unit = 1; break;
      case 'h': unit = 2; break;
      case 'w': unit = 4; break;
      case 'g': unit = 8; break;
      case 'x':
      case 'd':
      case 'u':
      case 'o':
      case 't':
      case 'c':
      case 'i': kind = c; break;
      default: return format("unknown format '%c'\n", c);
    }
  }
  if (kind == 'i') {
    if (physical) return "instructions are examined at linear addresses: x/i\n";
    return disassembly_text(cpu, d, at, count);
  }
  if (kind == 'c') unit = 1;
  std::string out;
  for (unsigned k = 0; k < count; ++k, at += unit) {
    uint64_t v = 0;
    std::span<uint8_t> bytes(reinterpret_cast<uint8_t*>(&v), unit);
    if (k % (16 / unit) == 0) out += format("%s%llx:", k == 0 ? "" : "\n", static_cast<Ull>(at));
    if (physical) {
      peek_physical(cpu, at, bytes);
    } else if (peek_linear(cpu, at, bytes) != unit) {
      return out + " not mapped\n";
    }
    int64_t s = static_cast<int64_t>(v << (64 - 8 * unit)) >> (64 - 8 * unit);
    switch (kind) {
      case 'd': out += format(" %lld", static_cast<long long>(s)); break;
      case 'u': out += format(" %llu", static_cast<Ull>(v)); break;
      case 'o': out += format(" 0%llo", static_cast<Ull>(v)); break;
      case 'c':
        out +=
            v >= 32 && v < 127 ? format(" '%c'", static_cast<char>(v)) : format(" %llu", static_cast<Ull>(v));
        break;
      case 't':
        out += ' ';
        for (unsigned b = 8 * unit; b-- > 0;) out += (v >> b & 1) != 0 ? '1' : '0';
        break;
      default: out += format(" 0x%0*llx", static_cast<int>(2 * unit), static_cast<Ull>(v)); break;
    }
  }
  return out + "\n";
}

}  // namespace

std::string general_text(const cpu::Cpu& cpu) {
  std::string out;
  for (unsigned k = 0; k < 16; ++k) {
    out += format("%-3s %016llx%s", kGprNames[k], static_cast<Ull>(cpu.gpr[k]), k % 4 == 3 ? "\n" : "  ");
  }
  uint32_t f = cpu.eflags();
  out += format("rip %016llx  eflags %08x [", static_cast<Ull>(cpu.rip()), f);
  static constexpr std::pair<uint32_t, const char*> kNames[] = {
      {cpu::kOF, " OF"}, {cpu::kDF, " DF"}, {cpu::kIF, " IF"}, {cpu::kTF, " TF"}, {cpu::kSF, " SF"},
      {cpu::kZF, " ZF"}, {cpu::kAF, " AF"}, {cpu::kPF, " PF"}, {cpu::kCF, " CF"}};
  for (auto [bit, name] : kNames) out += (f & bit) != 0 ? name : "";
  out += " ] mode ";
  out += mode_name(cpu);
  return out + format(" cpl %u\n", cpu.cpl());
}

std::string segments_text(const cpu::Cpu& cpu) {
  std::string out;
  for (unsigned k = 0; k < 6; ++k) out += segment_line(kSegNames[k], cpu.seg[k]);
  out += segment_line("ldtr", cpu.ldtr) + segment_line("tr", cpu.tr);
  out += format("gdtr base %llx limit %x\n", static_cast<Ull>(cpu.gdtr.base), cpu.gdtr.limit);
  return out + format("idtr base %llx limit %x\n", static_cast<Ull>(cpu.idtr.base), cpu.idtr.limit);
}

std::string control_text(const cpu::Cpu& cpu) {
  return format("cr0 %08llx  cr2 %llx  cr3 %llx  cr4 %llx  efer %llx\n", static_cast<Ull>(cpu.cr.cr0),
                static_cast<Ull>(cpu.cr.cr2), static_cast<Ull>(cpu.cr.cr3), static_cast<Ull>(cpu.cr.cr4),
                static_cast<Ull>(cpu.cr.efer));
}

std::string disassembly_text(cpu::Cpu& cpu, const Disassembler& d, uint64_t linear, unsigned count) {
  std::string out;
  const uint64_t base = code_linear(cpu, cpu.rip()) - cpu.rip();
  for (unsigned k = 0; k < count; ++k) {
    std::array<uint8_t, 15> code{};
    if (!cpu.long_mode()) linear &= 0xFFFFFFFF;
    size_t n = peek_linear(cpu, linear, code);
    if (n == 0) return out + format("%llx: not mapped\n", static_cast<Ull>(linear));
    auto t = d.decode({code.data(), n}, linear - base, code_bits(cpu));
    unsigned length = std::max(t.length, 1u);
    out += format("%016llx: ", static_cast<Ull>(linear));
    for (unsigned b = 0; b < length; ++b) out += format("%02x", code[b]);
    out.append(2 * (length < 11 ? 11 - length : 0), ' ');
    out += t.text;
    out += '\n';
    linear += length;
  }
  return out;
}

// What the instructions from `linear` on do, from the same source as the engine.
std::string explanation_text(cpu::Cpu& cpu, const Disassembler& d, uint64_t linear, unsigned count) {
  std::string out;
  for (unsigned k = 0; k < count; ++k) {
    std::string line = disassembly_text(cpu, d, linear, 1);
    std::array<uint8_t, cpu::kMaxInsnBytes> code{};
    cpu::Insn insn;
    auto n = static_cast<unsigned>(peek_linear(cpu, linear, code));
    if (cpu::decode(code.data(), n, cpu.mode(), cpu.model(), 0, insn) != cpu::DecodeStatus::Ok)
      return out + line;
    std::string text = cpu::explain(insn);
    out.append(line).append("  ").append(text.empty() ? "(no words for it)" : text).append("\n");
    linear += insn.len;
  }
  return out;
}

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    size_t start = text.find_first_not_of(" \t");
    if (start == std::string_view::npos) break;
    text.remove_prefix(start);
    size_t end = std::min(text.find_first_of(" \t"), text.size());
    out.push_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

std::optional<uint64_t> parse_address(const cpu::Cpu& cpu, std::string_view text) {
  if (size_t colon = text.find(':'); colon != std::string_view::npos) {
    auto selector = parse_address(cpu, text.substr(0, colon)),
         offset = parse_address(cpu, text.substr(colon + 1));
    if (!selector || !offset) return std::nullopt;
    if (!cpu.protected_mode() || cpu.v86()) return (*selector & 0xFFFF) * 16 + *offset;
    for (const cpu::Segment& s : cpu.seg) {
      if (s.selector == *selector) return s.base + *offset;
    }
    return std::nullopt;
  }
  if (text.starts_with("$") || text.starts_with("%")) text.remove_prefix(1);
  if (text == "pc") return code_linear(cpu, cpu.rip());
  if (text == "rip" || text == "eip" || text == "ip") return cpu.rip();
  for (size_t k = 0; k < 16; ++k) {
    std::string_view name = kGprNames[k];
    if (text == name) return cpu.gpr[k];
    if (k < 8 && text.size() == 3 && text[0] == 'e' && text.substr(1) == name.substr(1))
      return cpu.gpr[k] & 0xFFFFFFFF;
  }
  for (size_t k = 0; k < 6; ++k) {
    if (text == kSegNames[k]) return cpu.seg[k].selector;
  }
  int radix = 10;
  if (text.starts_with("0x") || text.starts_with("0X")) {
    radix = 16;
    text.remove_prefix(2);
  } else if (text.size() > 1 && (text.ends_with("h") || text.ends_with("H"))) {
    radix = 16;
    text.remove_suffix(1);
  }
  uint64_t v = 0;
  auto r = std::from_chars(text.data(), text.data() + text.size(), v, radix);
  if (text.empty() || r.ec != std::errc() || r.ptr != text.data() + text.size()) return std::nullopt;
  return v;
}

std::string processors_text(Machine& machine, unsigned selected) {
  std::string out;
  for (unsigned k = 0; k < machine.processors(); ++k) {
    const cpu::Cpu& c = machine.cpu(k);
    static constexpr std::array kActivities{"running", "halted", "shut down", "waits for SIPI"};
    out += format("%c CPU #%u: %s, %s cpl %u at %04x:%llx\n", k == selected ? '*' : ' ', k,
                  kActivities[static_cast<size_t>(c.pending.activity)], std::string(mode_name(c)).c_str(),
                  c.cpl(), c.seg[cpu::kCs].selector, static_cast<Ull>(c.rip()));
  }
  return out;
}

std::string monitor_command(Machine& machine, unsigned selected, const Disassembler& d,
                            std::string_view text) {
  cpu::Cpu& cpu = machine.cpu(selected);
  auto w = words_of(text);
  if (w.empty()) return {};
  auto address = [&](size_t n, uint64_t otherwise) {
    return n < w.size() ? parse_address(cpu, w[n]) : std::optional<uint64_t>(otherwise);
  };
  const uint64_t pc = code_linear(cpu, cpu.rip());
  static const std::string kNoAddress = "no such address\n";
  if (w[0] == "info" || w[0] == "i") {
    std::string_view what = w.size() > 1 ? w[1] : "";
    if (what == "registers" || what == "r" || what == "reg" || what == "cpu")
      return general_text(cpu) + segments_text(cpu) + control_text(cpu);
    if (what == "cpus") return processors_text(machine, selected);
    if (what == "idt") return idt_text(cpu);
    if (what == "gdt") return gdt_text(cpu);
    if (what == "page" || what == "tab" || what == "mem") {
      auto at = address(2, pc);
      return at ? page_text(cpu, *at) : kNoAddress;
    }
    return {};
  }
  if (w[0] == "r" || w[0] == "reg" || w[0] == "regs") return general_text(cpu);
  if (w[0] == "sreg") return segments_text(cpu);
  if (w[0] == "creg") return control_text(cpu);
  if (w[0] == "page") {
    auto at = address(1, pc);
    return at ? page_text(cpu, *at) : kNoAddress;
  }
  const bool explained = w[0] == "e" || w[0] == "explain" || w[0].starts_with("e/");
  if (explained || w[0] == "u" || w[0].starts_with("u/")) {
    auto at = address(1, pc);
    unsigned count = explained ? 1 : 8;
    std::string_view n = w[0].size() > 2 && w[0][1] == '/' ? w[0].substr(2) : w.size() > 2 ? w[2] : "";
    if (!n.empty()) std::from_chars(n.data(), n.data() + n.size(), count);
    if (!at) return kNoAddress;
    auto show = explained ? explanation_text : disassembly_text;
    return show(cpu, d, *at, std::clamp(count, 1u, 4096u));
  }
  bool physical = w[0] == "xp" || w[0].starts_with("xp/");
  if (physical || w[0] == "x" || w[0].starts_with("x/")) {
    auto at = address(1, pc);
    if (!at) return kNoAddress;
    size_t slash = w[0].find('/');
    return examine(cpu, d, slash == std::string_view::npos ? "" : w[0].substr(slash + 1), *at, physical);
  }
  return {};
}

std::string monitor_help() {
  return "r, sreg, creg         general, segment, control registers\n"
         "info registers|idt|gdt  all registers; the tables\n"
         "info cpus             the processors\n"
         "info page [ADDR]      where a linear address is mapped\n"
         "x/NFU ADDR            memory, linear: N, format x d u o t c i, unit b h w g\n"
         "xp/NFU ADDR           memory, physical\n"
         "u [ADDR [N]]          disassemble\n"
         "e [ADDR [N]]          explain: what the instruction reads, does and writes\n";
}

}  // namespace ilse::ui
