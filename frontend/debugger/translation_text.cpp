#include "frontend/debugger/translation_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "cpu/block/block.h"
#include "cpu/isa/decoder.h"
#include "cpu/jit/micro_op_text.h"

namespace ilse::ui {

namespace {

std::string line(const char* format, auto... values) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, values...);
  return std::string(text.data()) + "\n";
}

unsigned bits_of(const cpu::Block& b) {
  const uint32_t code = b.mode & cpu::kModeCodeMask;
  return code == cpu::kModeCode64 ? 64 : code == cpu::kModeCode32 ? 32 : 16;
}

std::string host_text(std::span<const uint8_t> code, const Disassembler& capstone) {
  std::string text;
  while (!code.empty()) {
    const auto address = reinterpret_cast<uint64_t>(code.data());
    const auto d = capstone.decode(code, address, 64);
    text += line("        %llx  %s", static_cast<unsigned long long>(address), d.text.c_str());
    code = code.subspan(std::clamp<size_t>(d.length, 1, code.size()));
  }
  return text;
}

}  // namespace

std::string text_of(const cpu::jit::Translation& t, const mem::PhysMap& memory,
                    const Disassembler& capstone) {
  const cpu::Block& b = t.block;
  std::vector<uint8_t> bytes(b.bytes);
  const size_t first = std::min<size_t>(b.bytes, mem::kPageSize - (b.phys & 0xFFF));
  memory.peek_bytes({b.phys}, {bytes.data(), first}, {});
  if (first < bytes.size()) memory.peek_bytes({b.second}, {bytes.data() + first, bytes.size() - first}, {});

  std::string text = line("block %llx, physical %llx, mode %x: %u instructions, %zu bytes of host code",
                          static_cast<unsigned long long>(t.rip), static_cast<unsigned long long>(b.phys),
                          b.mode, unsigned{b.count}, t.host.size() + t.ways_out.size());
  auto host_of = [&](size_t k) { return k < t.parts.size() ? t.parts[k].host : t.host.size(); };
  text += "      entry\n" + host_text(t.host.first(host_of(0)), capstone);
  for (size_t k = 0; k < t.parts.size(); ++k) {
    const auto& part = t.parts[k];
    const cpu::Insn& i = b.insns[k];
    const auto d = capstone.decode(std::span(bytes).subspan(i.ip, i.len), t.rip + i.ip, bits_of(b));
    text += line("  %llx  %s%s", static_cast<unsigned long long>(t.rip + i.ip), d.text.c_str(),
                 part.native ? "" : "  (handler)");
    for (cpu::jit::Ref r = 0; r < part.list.size(); ++r) text += "      " + text_of(part.list, r) + "\n";
    text += host_text(t.host.subspan(part.host, host_of(k + 1) - part.host), capstone);
  }
  text += "      ways out\n" + host_text(t.ways_out, capstone);
  return text;
}

}  // namespace ilse::ui
