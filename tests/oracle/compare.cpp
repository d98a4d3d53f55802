#include "oracle/compare.h"

#include <capstone/capstone.h>

#include <iomanip>
#include <sstream>

namespace ilse::oracle {
namespace {

constexpr const char* kNames[16] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr unsigned kPageFault = 14, kGeneralProtection = 13;

// Linux tells user mode that the pages beyond its own are present; the last one below the kernel's half is.
std::uint32_t error_code(const Result& r) {
  constexpr std::uint64_t kUserEnd = 0x7ffffffff000;
  const bool beyond = r.vector == kPageFault && r.cr2 >= kUserEnd;
  return beyond ? r.error_code | 1 : r.error_code;
}

bool several_parts(const Case& c) {
  for (std::size_t i = 0; i + 1 < c.code.size(); ++i) {
    const std::uint8_t op = c.code[i], modrm = c.code[i + 1];
    if ((op == 0xd9 || op == 0xdd) && modrm < 0xc0 && (modrm & 0x28) == 0x20) return true;
  }
  return false;
}

bool near_call(const Case& c) {
  for (std::size_t i = 0; i < c.code.size(); ++i) {
    if (c.code[i] == 0xe8) return true;
    if (c.code[i] == 0xff) return i + 1 < c.code.size() && (c.code[i + 1] >> 3 & 7) == 2;
  }
  return false;
}

class Table {
 public:
  void line(const std::string& name, std::uint64_t before, std::uint64_t native, std::uint64_t emulated) {
    out_ << "  " << std::left << std::setw(8) << name << std::right << std::hex << std::setw(18) << before
         << std::setw(18) << native << std::setw(18) << emulated << (native != emulated ? "  <--" : "")
         << "\n";
  }
  std::ostringstream& out() { return out_; }

 private:
  std::ostringstream out_;
};

std::string text_of(const Case& c) {
  std::ostringstream out;
  out << std::hex << std::setfill('0');
  for (const std::uint8_t b : c.code) out << std::setw(2) << unsigned{b} << ' ';
  csh handle = 0;
  const cs_mode mode = c.mode == Mode::k16 ? CS_MODE_16 : c.mode == Mode::k32 ? CS_MODE_32 : CS_MODE_64;
  if (cs_open(CS_ARCH_X86, mode, &handle) != CS_ERR_OK) return out.str();
  cs_insn* insn = nullptr;
  const std::size_t n = cs_disasm(handle, c.code.data(), c.code.size(), c.rip, 1, &insn);
  if (n != 0) {
    out << " " << insn->mnemonic << " " << insn->op_str;
    cs_free(insn, n);
  }
  cs_close(&handle);
  return out.str();
}

void memory(std::ostringstream& out, const char* who, const std::vector<MemoryRun>& runs) {
  out << "  memory, " << who << ":";
  for (const MemoryRun& r : runs) {
    out << " [" << r.address << "]";
    for (const std::uint8_t b : r.bytes)
      out << ' ' << std::setfill('0') << std::setw(2) << unsigned{b} << std::setfill(' ');
  }
  out << "\n";
}

}  // namespace

bool comparable(const Result& native) {
  return native.outcome == Outcome::kCompleted || native.outcome == Outcome::kStepLimit ||
         native.outcome == Outcome::kFault;
}

std::string difference(const Case& c, const Result& native, const Result& emulated) {
  std::string what;
  const auto check = [&what](bool equal, const char* name) {
    if (!equal) what += std::string(what.empty() ? "" : ", ") + name;
  };
  check(native.outcome == emulated.outcome, "outcome");
  // The parts of an x87 environment or state (D9 /4 and /6, DD /4 and /6) are checked one by one, in an order
  // of their own: which of two faults comes is not compared.
  // So is a near CALL whose push and whose target are both bad: silicon pushes first, the engines check
  // first.
  const bool either = several_parts(c) || (near_call(c) && emulated.vector == kGeneralProtection);
  if (native.outcome == Outcome::kFault && !either) {
    check(native.vector == emulated.vector, "vector");
    check(error_code(native) == error_code(emulated), "error code");
    check(native.cr2 == emulated.cr2, "cr2");
  }
  check(native.rip == emulated.rip, "rip");
  check(native.flags == emulated.flags, "flags");
  check(native.gpr == emulated.gpr, "registers");
  // On the way back to the host's user mode null selectors lose their RPL.
  const auto null_as_zero = [](auto selectors) {
    for (auto& s : selectors) s = s < 4 ? 0 : s;
    return selectors;
  };
  check(null_as_zero(native.selector) == null_as_zero(emulated.selector), "selectors");
  if (c.mode == Mode::k64)
    check(native.fs_base == emulated.fs_base && native.gs_base == emulated.gs_base, "bases");
  // Silicon stores the return address of a near CALL before it checks the target; below the stack pointer of
  // a faulting instruction nobody looks, and the engines check before they store.
  const bool call = native.outcome == Outcome::kFault && native.vector == kGeneralProtection && near_call(c);
  check(call || native.changes == emulated.changes, "memory");
  check(native.fx.fcw == emulated.fx.fcw, "fcw");
  check(native.fx.fsw == emulated.fx.fsw, "fsw");
  check(native.fx.ftw == emulated.fx.ftw, "ftw");
  check(native.fx.mxcsr == emulated.fx.mxcsr, "mxcsr");
  check(native.fx.st == emulated.fx.st, "st");
  check(native.fx.xmm == emulated.fx.xmm, "xmm");
  check(native.fx.ymm_high == emulated.fx.ymm_high, "ymm");
  return what;
}

std::string report(const std::string& name, const Case& c, const Result& native, const Result& emulated) {
  Table t;
  auto& out = t.out();
  out << name << " in "
      << (c.mode == Mode::k16   ? 16
          : c.mode == Mode::k32 ? 32
                                : 64)
      << "-bit code: " << text_of(c) << "\n  differ in: " << difference(c, native, emulated) << "\n";
  out << "                      before            native          emulated\n";
  t.line("outcome", 0, static_cast<unsigned>(native.outcome), static_cast<unsigned>(emulated.outcome));
  t.line("vector", 0, native.vector, emulated.vector);
  t.line("error", 0, native.error_code, emulated.error_code);
  t.line("cr2", 0, native.cr2, emulated.cr2);
  t.line("rip", c.rip, native.rip, emulated.rip);
  t.line("flags", c.flags, native.flags, emulated.flags);
  for (unsigned i = 0; i < (c.mode == Mode::k64 ? 16U : 8U); ++i) {
    t.line(kNames[i], c.gpr[i], native.gpr[i], emulated.gpr[i]);
  }
  for (unsigned i = 0; i < 6; ++i) {
    if (c.base[i] != 0) t.line("base" + std::to_string(i), c.base[i], 0, 0);
  }
  t.line("fcw", c.fx.fcw, native.fx.fcw, emulated.fx.fcw);
  t.line("fsw", c.fx.fsw, native.fx.fsw, emulated.fx.fsw);
  t.line("ftw", c.fx.ftw, native.fx.ftw, emulated.fx.ftw);
  t.line("mxcsr", c.fx.mxcsr, native.fx.mxcsr, emulated.fx.mxcsr);
  const auto lanes = [&t](const std::string& prefix, const auto& b, const auto& n, const auto& e) {
    for (std::size_t i = 0; i < n.size(); ++i) {
      if (n[i] == e[i] && n[i] == b[i]) continue;
      for (unsigned w = 0; w < 2; ++w) {
        t.line(prefix + std::to_string(i) + (w == 0 ? "l" : "h"), b[i].word[w], n[i].word[w], e[i].word[w]);
      }
    }
  };
  lanes("st", c.fx.st, native.fx.st, emulated.fx.st);
  lanes("xmm", c.fx.xmm, native.fx.xmm, emulated.fx.xmm);
  lanes("ymm", c.fx.ymm_high, native.fx.ymm_high, emulated.fx.ymm_high);
  memory(out, "native", native.changes);
  memory(out, "emulated", emulated.changes);
  return out.str();
}

}  // namespace ilse::oracle
