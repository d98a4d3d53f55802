#include "frontend/delivery_text.h"

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

}  // namespace ilse::ui
