// Everything of one logical processor that the guest can observe (Intel SDM vol. 3A, chapter 2), as plain
// data: snapshots, hashes, debuggers and both engines see the same structs.
#pragma once

#include <array>
#include <cstdint>

#include "cpu/flags.h"

namespace ilse::cpu {

enum GprIndex : uint8_t { kRax, kRcx, kRdx, kRbx, kRsp, kRbp, kRsi, kRdi, kR8, kR15 = 15 };
enum SegIndex : uint8_t { kEs, kCs, kSs, kDs, kFs, kGs };

// Bits of Segment::attr: bits 8..15 and 20..23 of a descriptor's second doubleword, moved down by 8.
enum SegAttr : uint16_t {
  kSegType = 0x000F,
  kSegAccessed = 0x0001,
  kSegWritable = 0x0002,    // data; readable for code
  kSegExpandDown = 0x0004,  // data; conforming for code
  kSegCode = 0x0008,
  kSegS = 0x0010,  // code or data, not system
  kSegDpl = 0x0060,
  kSegPresent = 0x0080,
  kSegLong = 0x2000,
  kSegBig = 0x4000,  // D/B
  kSegGranular = 0x8000,
};

struct Segment {
  uint64_t base = 0;
  uint32_t limit = 0xFFFF;  // in bytes, granularity applied
  uint16_t selector = 0;
  uint16_t attr = 0;  // not present: unusable, any access is #GP or #SS

  unsigned dpl() const { return (attr & kSegDpl) >> 5; }
  bool present() const { return (attr & kSegPresent) != 0; }
  bool big() const { return (attr & kSegBig) != 0; }
  bool is_code() const { return (attr & (kSegCode | kSegS)) == (kSegCode | kSegS); }
  static constexpr std::array kNames{"base", "limit", "selector", "attr"};
};

struct DescriptorTable {
  uint64_t base = 0;
  uint16_t limit = 0xFFFF;
  static constexpr std::array kNames{"base", "limit"};
};

enum Cr0Bits : uint32_t {
  kCr0Pe = 1u << 0,
  kCr0Mp = 1u << 1,
  kCr0Em = 1u << 2,
  kCr0Ts = 1u << 3,
  kCr0Et = 1u << 4,
  kCr0Ne = 1u << 5,
  kCr0Wp = 1u << 16,
  kCr0Am = 1u << 18,
  kCr0Nw = 1u << 29,
  kCr0Cd = 1u << 30,
  kCr0Pg = 1u << 31,
};
enum Cr4Bits : uint32_t {
  kCr4Vme = 1u << 0,
  kCr4Pvi = 1u << 1,
  kCr4Tsd = 1u << 2,
  kCr4De = 1u << 3,
  kCr4Pse = 1u << 4,
  kCr4Pae = 1u << 5,
  kCr4Mce = 1u << 6,
  kCr4Pge = 1u << 7,
  kCr4Pce = 1u << 8,
  kCr4Osfxsr = 1u << 9,
  kCr4Osxmmexcpt = 1u << 10,
  kCr4Umip = 1u << 11,
  kCr4La57 = 1u << 12,
  kCr4Fsgsbase = 1u << 16,
  kCr4Pcide = 1u << 17,
  kCr4Osxsave = 1u << 18,
  kCr4Smep = 1u << 20,
  kCr4Smap = 1u << 21,
  kCr4Pke = 1u << 22,
};
enum Xcr0Bits : uint32_t { kXcr0X87 = 1u << 0, kXcr0Sse = 1u << 1, kXcr0Avx = 1u << 2, kXcr0Pkru = 1u << 9 };
enum EferBits : uint32_t { kEferSce = 1u << 0, kEferLme = 1u << 8, kEferLma = 1u << 10, kEferNx = 1u << 11 };

struct ControlRegisters {
  uint64_t cr0 = kCr0Et | kCr0Nw | kCr0Cd;
  uint64_t cr2 = 0;
  uint64_t cr3 = 0;
  uint64_t cr4 = 0;
  uint64_t efer = 0;
  uint64_t xcr0 = kXcr0X87;
  uint32_t pkru = 0;                // of each protection key: access disabled, writing disabled
  std::array<uint64_t, 4> pdpte{};  // PAE's four page-directory-pointer entries, loaded with CR3
  std::array<uint64_t, 8> dr{0, 0, 0, 0, 0, 0, 0xFFFF0FF0, 0x400};
  static constexpr std::array kNames{"cr0", "cr2", "cr3", "cr4", "efer", "xcr0", "pkru", "pdpte", "dr"};
};

struct Msrs {
  uint64_t star = 0, lstar = 0, cstar = 0, fmask = 0, kernel_gs_base = 0;
  uint64_t sysenter_cs = 0, sysenter_esp = 0, sysenter_eip = 0;
  uint64_t pat = 0x0007040600070406;
  uint64_t tsc_offset = 0;  // added to the virtual time stamp
  uint64_t tsc_aux = 0;
  uint64_t misc_enable = 1;
  uint64_t mtrr_def_type = 0;
  std::array<uint64_t, 16> mtrr_variable{};
  std::array<uint64_t, 11> mtrr_fixed{};
  uint64_t spec_ctrl = 0;
  uint64_t bios_sign = 0;
  uint64_t smbase = 0x30000;
  static constexpr std::array kNames{
      "star",          "lstar",         "cstar",      "fmask",      "kernel_gs_base", "sysenter_cs",
      "sysenter_esp",  "sysenter_eip",  "pat",        "tsc_offset", "tsc_aux",        "misc_enable",
      "mtrr_def_type", "mtrr_variable", "mtrr_fixed", "spec_ctrl",  "bios_sign",      "smbase"};
};

enum class Activity : uint8_t { Running, Halted, Shutdown, WaitForSipi };

// What is between two instructions: shadows, pending edges, sleep.
struct Pending {
  Activity activity = Activity::Running;
  bool shadow = false;     // STI or MOV SS: interrupts wait for one more instruction
  bool shadow_ss = false;  // MOV SS, POP SS: debug traps wait too
  bool nmi = false;
  bool nmi_blocked = false;  // from NMI delivery to IRET
  bool smi = false;
  bool init = false;
  bool intr = false;  // level of the INTR pin
  bool smm = false;
  bool a20 = true;
  bool ignne = false;
  bool sipi = false;
  uint8_t sipi_vector = 0;
  uint64_t debug_trap = 0;  // DR6 bits of traps due after the instruction
  static constexpr std::array kNames{"activity", "shadow", "shadow_ss",   "nmi",       "nmi_blocked",
                                     "smi",      "init",   "intr",        "smm",       "a20",
                                     "ignne",    "sipi",   "sipi_vector", "debug_trap"};
};

}  // namespace ilse::cpu
