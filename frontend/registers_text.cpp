#include "frontend/registers_text.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <string_view>

namespace ilse::ui {

namespace {

std::string format(const char* pattern, ...) __attribute__((format(printf, 1, 2)));
std::string format(const char* pattern, ...) {
  std::array<char, 256> text{};
  va_list args;
  va_start(args, pattern);
  std::vsnprintf(text.data(), text.size(), pattern, args);
  va_end(args);
  return text.data();
}

using Wide = unsigned long long;

}  // namespace

std::string event_name(uint8_t vector) {
  constexpr std::array<std::string_view, 20> kNames{"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD",
                                                    "#NM", "#DF", "",    "#TS", "#NP", "#SS", "#GP",
                                                    "#PF", "",    "#MF", "#AC", "#MC", "#XM"};
  if (vector < kNames.size() && !kNames[vector].empty()) return std::string(kNames[vector]);
  return format("vector 0x%02x", vector);
}

std::string registers_text(const cpu::Cpu& c) {
  constexpr std::array<const char*, 16> kWide{"RAX", "RCX", "RDX", "RBX", "RSP", "RBP", "RSI", "RDI",
                                              "R8 ", "R9 ", "R10", "R11", "R12", "R13", "R14", "R15"};
  constexpr std::array<unsigned, 16> kOrder{0, 3, 1, 2, 6, 7, 5, 4, 8, 9, 10, 11, 12, 13, 14, 15};
  bool wide = c.long_mode();
  std::string out;
  for (unsigned i = 0; i < (wide ? 16u : 8u); ++i) {
    unsigned n = kOrder[i];
    out += wide ? format("%s=%016llx", kWide[n], static_cast<Wide>(c.gpr[n]))
                : format("E%.2s=%08x", kWide[n] + 1, static_cast<uint32_t>(c.gpr[n]));
    out += i % 4 == 3 ? "\n" : " ";
  }
  uint32_t f = c.eflags();
  constexpr std::string_view kLetters = "CPAZSTIDO";
  constexpr std::array<unsigned, 9> kBits{0, 2, 4, 6, 7, 8, 9, 10, 11};
  std::string letters;
  for (size_t i = kBits.size(); i-- > 0;) letters += (f >> kBits[i] & 1) != 0 ? kLetters[i] : '-';
  bool halted = c.pending.activity != cpu::Activity::Running;
  out += wide ? format("RIP=%016llx ", static_cast<Wide>(c.rip()))
              : format("EIP=%08x ", static_cast<uint32_t>(c.rip()));
  out += format("EFL=%08x [%s] CPL=%u HLT=%d\n", f, letters.c_str(), c.cpl(), halted ? 1 : 0);
  constexpr std::array<const char*, 6> kSegments{"ES", "CS", "SS", "DS", "FS", "GS"};
  auto segment = [&](const char* name, const cpu::Segment& s) {
    out += format("%s =%04x %0*llx %08x attr %04x\n", name, s.selector, wide ? 16 : 8,
                  static_cast<Wide>(s.base), s.limit, s.attr);
  };
  for (unsigned i = 0; i < 6; ++i) segment(kSegments[i], c.seg[i]);
  segment("LDT", c.ldtr);
  segment("TR", c.tr);
  auto table = [&](const char* name, const cpu::DescriptorTable& t) {
    out += format("%s=     %0*llx %08x\n", name, wide ? 16 : 8, static_cast<Wide>(t.base), t.limit);
  };
  table("GDT", c.gdtr);
  table("IDT", c.idtr);
  out += format("CR0=%08llx CR2=%016llx CR3=%016llx CR4=%08llx\n", static_cast<Wide>(c.cr.cr0),
                static_cast<Wide>(c.cr.cr2), static_cast<Wide>(c.cr.cr3), static_cast<Wide>(c.cr.cr4));
  out += format("DR6=%08llx DR7=%08llx EFER=%016llx\n", static_cast<Wide>(c.cr.dr[6]),
                static_cast<Wide>(c.cr.dr[7]), static_cast<Wide>(c.cr.efer));
  return out;
}

std::string delivery_text(const cpu::Delivery& d) {
  std::string out = d.cause == cpu::Cause::Exception  ? event_name(d.vector)
                    : d.cause == cpu::Cause::Nmi      ? "NMI"
                    : d.cause == cpu::Cause::External ? format("interrupt 0x%02x", d.vector)
                                                      : format("INT 0x%02x", d.vector);
  if (d.error) out += format(" error 0x%x", *d.error);
  out += format(" at %04x:%llx", d.cs, static_cast<Wide>(d.rip));
  if (d.cause == cpu::Cause::Exception && d.vector == cpu::kPFv)
    out += format(", CR2 %llx", static_cast<Wide>(d.cr2));
  out += format(", stack %04x:%llx", d.ss, static_cast<Wide>(d.rsp));
  return out;
}

std::string triple_fault_text(const cpu::Cpu& c) {
  const cpu::DeliveryLog& log = c.deliveries;
  uint64_t kept = std::min<uint64_t>(log.total, cpu::DeliveryLog::kSize), first = 0;
  // The chain begins with the last one that is not nested in another.
  for (uint64_t back = 1; back <= kept; ++back) {
    first = back;
    if (!log.ring[(log.total - back) % cpu::DeliveryLog::kSize].nested) break;
  }
  std::string out = format("triple fault after %llu instructions\n", static_cast<Wide>(c.retired));
  for (uint64_t back = first; back > 0; --back) {
    const cpu::Delivery& d = log.ring[(log.total - back) % cpu::DeliveryLog::kSize];
    out += "  " + delivery_text(d) +
           (back > 1 ? ", which could not be delivered:" : ", which could not either: shutdown") + "\n";
  }
  return out + registers_text(c);
}

}  // namespace ilse::ui
