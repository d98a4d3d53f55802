#include "frontend/trace/register_file.h"

#include <cstdio>
#include <utility>

#include "cpu/cpu.h"

namespace ilse::ui {

namespace {

constexpr unsigned kFlagsGroup = 16;

constexpr std::pair<uint32_t, const char*> kFlagNames[] = {
    {cpu::kCF, "CF"}, {cpu::kPF, "PF"},   {cpu::kAF, "AF"}, {cpu::kZF, "ZF"}, {cpu::kSF, "SF"},
    {cpu::kTF, "TF"}, {cpu::kIF, "IF"},   {cpu::kDF, "DF"}, {cpu::kOF, "OF"}, {cpu::kIOPL, "IOPL"},
    {cpu::kNT, "NT"}, {cpu::kRF, "RF"},   {cpu::kVM, "VM"}, {cpu::kAC, "AC"}, {cpu::kVIF, "VIF"},
    {cpu::kID, "ID"}, {cpu::kVIP, "VIP"},
};

void append_hex(std::string& out, uint64_t v) {
  char text[20];
  int n = std::snprintf(text, sizeof text, "%llx", static_cast<unsigned long long>(v));
  out.append(text, static_cast<size_t>(n));
}

}  // namespace

const std::array<RegisterFile::Group, 93>& RegisterFile::groups() {
  static const auto kGroups = [] {
    std::array<Group, 93> g;
    unsigned at = 0, value = 0;
    auto add = [&](std::string name, unsigned count) {
      g[at++] = {std::move(name), value, count};
      value += count;
    };
    for (const char* n : {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11",
                          "r12", "r13", "r14", "r15", "eflags"})
      add(n, 1);
    for (const char* n : {"es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"}) add(n, 4);
    for (const char* n : {"gdtr", "idtr"}) add(n, 2);
    for (const char* n : {"cr0", "cr2", "cr3", "cr4", "efer"}) add(n, 1);
    for (unsigned k = 0; k < 8; ++k) add("dr" + std::to_string(k), 1);
    for (const char* n :
         {"star", "lstar", "cstar", "fmask", "kernel_gs_base", "sysenter_cs", "sysenter_esp", "sysenter_eip"})
      add(n, 1);
    for (unsigned k = 0; k < 16; ++k) add("xmm" + std::to_string(k), 2);
    for (unsigned k = 0; k < 16; ++k) add("ymmh" + std::to_string(k), 2);
    add("mxcsr", 1);
    for (unsigned k = 0; k < 8; ++k) add("fpr" + std::to_string(k), 2);
    for (const char* n : {"fcw", "fsw", "ftop", "ftag"}) add(n, 1);
    return g;
  }();
  return kGroups;
}

RegisterFile RegisterFile::of(const cpu::Cpu& cpu) {
  RegisterFile f;
  uint64_t* p = f.v_.data();
  for (unsigned k = 0; k < 16; ++k) *p++ = cpu.gpr[k];
  *p++ = cpu.eflags();
  auto segment = [&p](const cpu::Segment& s) {
    *p++ = s.selector;
    *p++ = s.base;
    *p++ = s.limit;
    *p++ = s.attr;
  };
  for (const cpu::Segment& s : cpu.seg) segment(s);
  segment(cpu.ldtr);
  segment(cpu.tr);
  for (const cpu::DescriptorTable* t : {&cpu.gdtr, &cpu.idtr}) {
    *p++ = t->base;
    *p++ = t->limit;
  }
  for (uint64_t v : {cpu.cr.cr0, cpu.cr.cr2, cpu.cr.cr3, cpu.cr.cr4, cpu.cr.efer}) *p++ = v;
  for (uint64_t v : cpu.cr.dr) *p++ = v;
  const cpu::Msrs& m = cpu.msr;
  for (uint64_t v :
       {m.star, m.lstar, m.cstar, m.fmask, m.kernel_gs_base, m.sysenter_cs, m.sysenter_esp, m.sysenter_eip})
    *p++ = v;
  for (unsigned lane : {0u, 1u}) {
    for (const cpu::Ymm& y : cpu.ymm) {
      *p++ = y.lane[lane].hi;
      *p++ = y.lane[lane].lo;
    }
  }
  *p++ = cpu.mxcsr;
  for (const cpu::F80& r : cpu.fpu.st) {
    *p++ = r.se;
    *p++ = r.mant;
  }
  for (uint64_t v :
       {uint64_t{cpu.fpu.cw}, uint64_t{cpu.fpu.sw}, uint64_t{cpu.fpu.top}, uint64_t{cpu.fpu.tag}})
    *p++ = v;
  return f;
}

void RegisterFile::print(std::string& out, const Group& g, bool wide) const {
  if (!out.empty()) out += ' ';
  if (g.first < 8 && !wide && v_[g.first] <= 0xFFFFFFFF) {
    out += 'e';
    out.append(g.name, 1, std::string::npos);
  } else {
    out += g.name;
  }
  for (unsigned k = 0; k < g.count; ++k) {
    out += k == 0 ? '=' : '/';
    append_hex(out, v_[g.first + k]);
  }
}

std::string RegisterFile::changes_since(const RegisterFile& before, bool wide) const {
  std::string out;
  if (*this == before) return out;
  for (const Group& g : groups()) {
    bool same = true;
    for (unsigned k = g.first; k < g.first + g.count; ++k) same = same && v_[k] == before.v_[k];
    if (same) continue;
    print(out, g, wide);
    if (g.first != kFlagsGroup) continue;
    out += '[';
    uint64_t changed = v_[kFlagsGroup] ^ before.v_[kFlagsGroup];
    for (auto [bit, name] : kFlagNames) {
      if ((changed & bit) == 0) continue;
      out += (v_[kFlagsGroup] & bit) != 0 ? '+' : '-';
      out += name;
    }
    out += ']';
  }
  return out;
}

std::string RegisterFile::all() const {
  std::string out;
  for (const Group& g : groups()) print(out, g, true);
  return out;
}

}  // namespace ilse::ui
