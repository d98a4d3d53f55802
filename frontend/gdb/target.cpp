#include "frontend/gdb/target.h"

#include <cstring>

#include "frontend/debugger/disassembler.h"

namespace ilse::gdb {

namespace {

// GDB's order of the segment registers.
constexpr std::pair<const char*, uint8_t> kSegments[] = {{"cs", cpu::kCs}, {"ss", cpu::kSs},
                                                         {"ds", cpu::kDs}, {"es", cpu::kEs},
                                                         {"fs", cpu::kFs}, {"gs", cpu::kGs}};

constexpr std::string_view kFlagsType =
    "<flags id=\"ilse_eflags\" size=\"4\">"
    "<field name=\"CF\" start=\"0\" end=\"0\"/><field name=\"\" start=\"1\" end=\"1\"/>"
    "<field name=\"PF\" start=\"2\" end=\"2\"/><field name=\"AF\" start=\"4\" end=\"4\"/>"
    "<field name=\"ZF\" start=\"6\" end=\"6\"/><field name=\"SF\" start=\"7\" end=\"7\"/>"
    "<field name=\"TF\" start=\"8\" end=\"8\"/><field name=\"IF\" start=\"9\" end=\"9\"/>"
    "<field name=\"DF\" start=\"10\" end=\"10\"/><field name=\"OF\" start=\"11\" end=\"11\"/>"
    "<field name=\"NT\" start=\"14\" end=\"14\"/><field name=\"RF\" start=\"16\" end=\"16\"/>"
    "<field name=\"VM\" start=\"17\" end=\"17\"/><field name=\"AC\" start=\"18\" end=\"18\"/>"
    "<field name=\"VIF\" start=\"19\" end=\"19\"/><field name=\"VIP\" start=\"20\" end=\"20\"/>"
    "<field name=\"ID\" start=\"21\" end=\"21\"/></flags>";

constexpr std::string_view kVectorTypes =
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/><vector id=\"v2d\" type=\"ieee_double\" "
    "count=\"2\"/>"
    "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/><vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
    "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/><vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
    "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/><field name=\"v2_double\" type=\"v2d\"/>"
    "<field name=\"v16_int8\" type=\"v16i8\"/><field name=\"v8_int16\" type=\"v8i16\"/>"
    "<field name=\"v4_int32\" type=\"v4i32\"/><field name=\"v2_int64\" type=\"v2i64\"/>"
    "<field name=\"uint128\" type=\"uint128\"/></union>";

uint64_t pc_base(const cpu::Cpu& cpu) { return cpu.code64() ? 0 : cpu.seg[cpu::kCs].base; }

uint64_t control_register(const cpu::Cpu& cpu, unsigned n) {
  switch (n) {
    case 0: return cpu.cr.cr0;
    case 2: return cpu.cr.cr2;
    case 3: return cpu.cr.cr3;
    default: return cpu.cr.cr4;
  }
}

// fctrl, fstat, ftag, fiseg, fioff, foseg, fooff, fop.
uint32_t x87_register(const cpu::X87& f, unsigned n) {
  switch (n) {
    case 0: return f.cw;
    case 1: return f.status_word();
    case 2: return f.full_tag_word();
    case 3: return f.fcs;
    case 4: return static_cast<uint32_t>(f.fip);
    case 5: return f.fds;
    case 6: return static_cast<uint32_t>(f.fdp);
    default: return f.fop;
  }
}

void set_x87_register(cpu::X87& f, unsigned n, uint32_t v) {
  auto low = static_cast<uint16_t>(v);
  switch (n) {
    case 0: f.fldcw(low); break;
    case 1: f.set_status_word(low); break;
    case 2: f.set_full_tag_word(low); break;
    case 3: f.fcs = low; break;
    case 4: f.fip = v; break;
    case 5: f.fds = low; break;
    case 6: f.fdp = v; break;
    default: f.fop = low & 0x7FF; break;
  }
}

}  // namespace

void Target::add(std::string_view name, Kind kind, unsigned index, unsigned bits, std::string_view type,
                 std::string_view group) {
  registers_.push_back({kind, index, bits / 8});
  auto attribute = [this](const char* key, std::string_view value) {
    xml_.append(" ").append(key).append("=\"").append(value).append("\"");
  };
  xml_ += "<reg";
  attribute("name", name);
  attribute("bitsize", std::to_string(bits));
  attribute("type", type);
  if (!group.empty()) attribute("group", group);
  xml_ += "/>";
}

Target::Target(Arch arch) : arch_(arch) {
  bool wide = arch == Arch::X86_64;
  unsigned bits = wide ? 64 : 32;
  std::string_view integer = wide ? "int64" : "int32";
  const char* name = wide ? "i386:x86-64" : arch == Arch::I386 ? "i386" : "i8086";
  xml_ = "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target><architecture>";
  xml_.append(name).append("</architecture><feature name=\"org.gnu.gdb.i386.core\">").append(kFlagsType);
  // The 64-bit description has its own order of the first eight.
  static constexpr std::pair<const char*, unsigned> kWide[] = {{"ax", 0}, {"bx", 3}, {"cx", 1}, {"dx", 2},
                                                               {"si", 6}, {"di", 7}, {"bp", 5}, {"sp", 4}};
  static constexpr std::pair<const char*, unsigned> kNarrow[] = {{"ax", 0}, {"cx", 1}, {"dx", 2}, {"bx", 3},
                                                                 {"sp", 4}, {"bp", 5}, {"si", 6}, {"di", 7}};
  for (auto [n, index] : wide ? kWide : kNarrow) {
    std::string_view type = index == 4 || index == 5 ? "data_ptr" : integer;
    std::string full(wide ? "r" : "e");
    add(full.append(n), Kind::Gpr, index, bits, type);
  }
  auto numbered = [](const char* prefix, unsigned k) {
    return std::string(prefix).append(std::to_string(k));
  };
  for (unsigned k = 8; wide && k < 16; ++k) add(numbered("r", k), Kind::Gpr, k, 64, integer);
  add(wide ? "rip" : "eip", Kind::Pc, 0, bits, "code_ptr");
  add("eflags", Kind::Flags, 0, 32, "ilse_eflags");
  for (auto [n, index] : kSegments) add(n, Kind::Selector, index, 32, "int32");
  for (unsigned k = 0; k < 8; ++k) add(numbered("st", k), Kind::St, k, 80, "i387_ext");
  static constexpr const char* kX87[] = {"fctrl", "fstat", "ftag", "fiseg", "fioff", "foseg", "fooff", "fop"};
  for (unsigned k = 0; k < 8; ++k) add(kX87[k], Kind::X87, k, 32, "int", "float");
  xml_.append("</feature><feature name=\"org.gnu.gdb.i386.sse\">").append(kVectorTypes);
  for (unsigned k = 0; k < (wide ? 16u : 8u); ++k) add(numbered("xmm", k), Kind::Xmm, k, 128, "vec128");
  add("mxcsr", Kind::Mxcsr, 0, 32, "int", "vector");
  xml_ += "</feature>";
  xml_ += "<feature name=\"org.gnu.gdb.i386.avx\">";
  for (unsigned k = 0; k < (wide ? 16u : 8u); ++k)
    add(numbered("ymm", k).append("h"), Kind::YmmHigh, k, 128, "uint128");
  xml_ += "</feature>";
  if (wide) {
    xml_ += "<feature name=\"org.gnu.gdb.i386.segments\">";
    add("fs_base", Kind::Base, cpu::kFs, 64, "int");
    add("gs_base", Kind::Base, cpu::kGs, 64, "int");
    xml_ += "</feature>";
  }
  xml_ += "<feature name=\"org.ilse.i386.system\">";
  auto system = [&](const char* n, Kind kind, unsigned index) {
    add(n, kind, index, bits, integer, "system");
  };
  if (wide) system("k_gs_base", Kind::KernelGs, 0);
  system("cr0", Kind::Cr, 0);
  system("cr2", Kind::Cr, 2);
  system("cr3", Kind::Cr, 3);
  system("cr4", Kind::Cr, 4);
  if (wide) system("cr8", Kind::Cr8, 0);
  if (wide) system("efer", Kind::Efer, 0);
  for (auto [n, index] : kSegments) {
    if (wide && index >= cpu::kFs) continue;
    system((std::string(n) + "_base").c_str(), Kind::Base, index);
  }
  xml_ += "</feature></target>";
}

std::string Target::read(cpu::Cpu& cpu, unsigned number) const {
  if (number >= registers_.size()) return {};
  const Register& r = registers_[number];
  uint64_t v[2] = {};
  switch (r.kind) {
    case Kind::Gpr: v[0] = cpu.gpr[r.index]; break;
    case Kind::Pc: v[0] = ui::code_linear(cpu, cpu.rip()); break;
    case Kind::Flags: v[0] = cpu.eflags(); break;
    case Kind::Selector: v[0] = cpu.seg[r.index].selector; break;
    case Kind::St:
      v[0] = cpu.fpu.reg(r.index).mant;
      v[1] = cpu.fpu.reg(r.index).se;
      break;
    case Kind::X87: v[0] = x87_register(cpu.fpu, r.index); break;
    case Kind::Xmm:
      v[0] = cpu.xmm(r.index).lo;
      v[1] = cpu.xmm(r.index).hi;
      break;
    case Kind::YmmHigh:
      v[0] = cpu.ymm[r.index].lane[1].lo;
      v[1] = cpu.ymm[r.index].lane[1].hi;
      break;
    case Kind::Mxcsr: v[0] = cpu.mxcsr; break;
    case Kind::Base: v[0] = cpu.seg[r.index].base; break;
    case Kind::KernelGs: v[0] = cpu.msr.kernel_gs_base; break;
    case Kind::Cr: v[0] = control_register(cpu, r.index); break;
    case Kind::Cr8: v[0] = cpu.board().cr8(cpu.id()); break;
    case Kind::Efer: v[0] = cpu.cr.efer; break;
  }
  return {reinterpret_cast<const char*>(v), r.bytes};
}

std::string Target::read_all(cpu::Cpu& cpu) const {
  std::string out;
  for (unsigned k = 0; k < count(); ++k) out += read(cpu, k);
  return out;
}

bool Target::write(cpu::Cpu& cpu, unsigned number, std::string_view bytes) const {
  if (number >= registers_.size()) return false;
  const Register& r = registers_[number];
  if (bytes.size() < r.bytes) return false;
  uint64_t v[2] = {};
  std::memcpy(v, bytes.data(), r.bytes);
  switch (r.kind) {
    case Kind::Gpr: cpu.gpr[r.index] = v[0]; return true;
    case Kind::Pc: {
      uint64_t ip = v[0] - pc_base(cpu);
      cpu.set_rip(cpu.code64() ? ip : ip & 0xFFFFFFFF);
      return true;
    }
    case Kind::Flags: {
      // VM says how every segment register is to be read: not to be flipped from outside.
      auto flags = static_cast<uint32_t>(v[0]) & ~static_cast<uint32_t>(cpu::kVM);
      cpu.set_eflags(flags | (cpu.system_flags & cpu::kVM));
      return true;
    }
    case Kind::Selector: {
      if (cpu.protected_mode() && !cpu.v86()) return cpu.seg[r.index].selector == static_cast<uint16_t>(v[0]);
      cpu.seg[r.index].selector = static_cast<uint16_t>(v[0]);
      cpu.seg[r.index].base = (v[0] & 0xFFFF) << 4;
      cpu.update_mode();
      return true;
    }
    case Kind::St: cpu.fpu.reg(r.index) = {v[0], static_cast<uint16_t>(v[1])}; return true;
    case Kind::X87: set_x87_register(cpu.fpu, r.index, static_cast<uint32_t>(v[0])); return true;
    case Kind::Xmm: cpu.xmm(r.index) = {v[0], v[1]}; return true;
    case Kind::YmmHigh: cpu.ymm[r.index].lane[1] = {v[0], v[1]}; return true;
    case Kind::Mxcsr: cpu.mxcsr = static_cast<uint32_t>(v[0]) & cpu::mxcsr::kWritable; return true;
    case Kind::Base:
      if (!cpu.code64() || r.index < cpu::kFs) return cpu.seg[r.index].base == v[0];
      cpu.seg[r.index].base = v[0];
      return true;
    case Kind::KernelGs: cpu.msr.kernel_gs_base = v[0]; return true;
    default: return read(cpu, number) == bytes.substr(0, r.bytes);
  }
}

void Target::write_all(cpu::Cpu& cpu, std::string_view bytes) const {
  for (unsigned k = 0; k < count() && bytes.size() >= registers_[k].bytes; ++k) {
    // Only what is different: writing a selector back in real mode would lose an unreal segment's base.
    std::string_view value = bytes.substr(0, registers_[k].bytes);
    if (read(cpu, k) != value) write(cpu, k, value);
    bytes.remove_prefix(registers_[k].bytes);
  }
}

}  // namespace ilse::gdb
