// The registers as GDB sees them: one target description for a whole session, 64-bit when the processor model
// has long mode (i386:x86-64) and 32-bit (i386) otherwise, whatever mode the processor is in.
//
// The PC is a linear address: CS.base + IP outside 64-bit code. So breakpoints, disassembly and symbols are
// right in real mode too; IP is the difference to cs_base.
//
// GDB disassembles by architecture, and i386:x86-64 has no 16-bit flavour. For a session in real mode,
// `monitor arch i8086`, `disconnect`, `target remote` give a 32-bit description with architecture i8086;
// `monitor arch auto` goes back. `monitor u` disassembles rightly in every mode without that.
//
// Features: core, sse and segments as GDB knows them (binutils-gdb, gdb/features/i386), and
// org.ilse.i386.system with the control registers and segment bases, of type int64/int32 in group "system".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cpu/cpu.h"

namespace ilse::gdb {

enum class Arch : uint8_t { X86_64, I386, I8086 };

class Target {
 public:
  explicit Target(Arch arch);

  Arch arch() const { return arch_; }
  std::string_view xml() const { return xml_; }
  unsigned count() const { return static_cast<unsigned>(registers_.size()); }
  // Little-endian bytes; empty for a number that does not exist.
  std::string read(cpu::Cpu& cpu, unsigned number) const;
  std::string read_all(cpu::Cpu& cpu) const;
  // False: no such register, too few bytes, or a register that cannot be set (segment bases outside 64-bit
  // code, control registers).
  bool write(cpu::Cpu& cpu, unsigned number, std::string_view bytes) const;
  void write_all(cpu::Cpu& cpu, std::string_view bytes) const;

 private:
  enum class Kind : uint8_t {
    Gpr,
    Pc,
    Flags,
    Selector,
    St,
    X87,
    Xmm,
    YmmHigh,
    Mxcsr,
    Base,
    KernelGs,
    Cr,
    Cr8,
    Efer
  };
  struct Register {
    Kind kind;
    unsigned index;
    unsigned bytes;
  };
  void add(std::string_view name, Kind kind, unsigned index, unsigned bits, std::string_view type,
           std::string_view group = {});

  Arch arch_;
  std::vector<Register> registers_;
  std::string xml_;
};

}  // namespace ilse::gdb
