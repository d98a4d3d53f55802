// Rules for general-purpose instructions: SDM vol. 2 and AMD's manual vol. 3 are both followed by their
// makers and differ, or both leave it open.
#include <array>

#include "oracle/latitude.h"

namespace ilse::oracle {
namespace {

bool completed(const Compared& k, const Result& native) {
  return native.outcome == Outcome::kCompleted && k.emulated.outcome == Outcome::kCompleted;
}

// Shifts and rotates whose count is 1, CL or an immediate; SHLD and SHRD.
bool shifts(const Compared& k) {
  const std::uint8_t op = k.row.opcode;
  if (k.row.map == cpu::Map::TwoByte) return k.named("shld") || k.named("shrd");
  const bool group = op == 0xc0 || op == 0xc1 || (op >= 0xd0 && op <= 0xd3);
  return k.row.map == cpu::Map::OneByte && group;
}
bool double_shift(const Compared& k) { return shifts(k) && k.row.map == cpu::Map::TwoByte; }

unsigned operand_bits(const Compared& k) {
  const bool byte = k.row.map == cpu::Map::OneByte && (k.row.opcode & 1) == 0;
  return byte ? 8 : 8U * k.insn.op_size;
}

unsigned shift_count(const Compared& k) {
  const std::uint8_t op = k.row.opcode;
  const bool by_one = !double_shift(k) && (op == 0xd0 || op == 0xd1);
  const bool by_cl = double_shift(k) ? (op & 1) != 0 : op == 0xd2 || op == 0xd3;
  const std::uint64_t count = by_one ? 1 : by_cl ? k.c.gpr[kRcx] : k.insn.imm;
  return static_cast<unsigned>(count & (operand_bits(k) == 64 ? 63 : 31));
}

std::uint64_t undefined_by_count(const Compared& k) {
  const unsigned count = shift_count(k), bits = operand_bits(k);
  if (count == 0) return 0;
  if (double_shift(k) && count > bits) return kStatusFlags;
  std::uint64_t flags = k.row.flags.undefined & (kAf | kOf | kCf);
  if (count == 1) flags &= ~kOf;
  // CF is the last bit shifted out: lost only where all are out.
  if (double_shift(k) || count < bits) flags &= ~kCf;
  return flags;
}

void undefined_status(const Compared& k, Result& native) {
  if (!completed(k, native)) return;
  const std::uint64_t flags = undefined_flags(k);
  native.flags = (native.flags & ~flags) | (k.emulated.flags & flags);
}

// SHLD and SHRD of 16 bits by more than 16.
void undefined_shift(const Compared& k, Result& native) {
  if (!completed(k, native) || !double_shift(k) || shift_count(k) <= operand_bits(k)) return;
  if (k.insn.mem) {
    take_bytes(native, k.emulated, k.address(), k.insn.op_size);
  } else {
    const std::uint64_t low = 0xffff;
    std::uint64_t& r = native.gpr[k.insn.rm / 8];
    r = (r & ~low) | (k.emulated.gpr[k.insn.rm / 8] & low);
  }
}

// SDM vol. 1, 6.3.7: in 64-bit mode the operand size of near branches is 64 and 66h is ignored. AMD's manual:
// it is 16 with 66h, for displacement, stack and RIP.
void near_branch_of_16_bits(const Compared& k, Result& native) {
  const bool branch = k.row.has(cpu::kForce64) && k.row.has(cpu::kEndsBlock);
  if (k.c.mode == Mode::k64 && branch && k.insn.has_66) native = k.emulated;
}

// SDM vol. 2A, 2.1.1: repeat prefixes of anything but string instructions are reserved. On Zen they are the
// condition of LOOPE and LOOPNE in place of the opcode's.
void repeated_loop(const Compared& k, Result& native) {
  const bool loop = k.named("loope") || k.named("loopne");
  if (loop && k.insn.rep != cpu::Rep::None) native = k.emulated;
}

// The flags of REP CMPS and SCAS that a trap or fault stops midway: the reference's are those from before the
// instruction, Zen's those of the last comparison.
void flags_midway(const Compared& k, Result& native) {
  const bool compares = k.named("cmps") || k.named("scas");
  const bool midway = native.outcome == Outcome::kStepLimit || native.outcome == Outcome::kFault;
  const bool kept = ((k.emulated.flags ^ k.c.flags) & kStatusFlags) == 0;
  if (compares && k.insn.rep != cpu::Rep::None && midway && kept) native.flags = k.emulated.flags;
}

// REP with 32-bit addresses in 64-bit code: whether a counter or index that does not change, as nothing was
// done, loses its upper half.
void unchanged_index(const Compared& k, Result& native) {
  const bool narrow = k.c.mode == Mode::k64 && k.insn.addr_size == 4;
  if (!k.row.has(cpu::kString) || k.insn.rep == cpu::Rep::None || !narrow) return;
  for (const unsigned n : {kRcx, kRsi, kRdi}) {
    const std::uint64_t was = k.c.gpr[n];
    if (native.gpr[n] == was && k.emulated.gpr[n] == (was & 0xffffffff)) native.gpr[n] = k.emulated.gpr[n];
  }
}

// LFS, LGS and LSS with REX.W: the offset has 64 bits in the SDM, AMD's manual ends at 32.
void far_pointer_of_64_bits(const Compared& k, Result& native) {
  const bool loads = k.named("lfs") || k.named("lgs") || k.named("lss");
  if (loads && k.insn.op_size == 8) native = k.emulated;
}

// PUSH of a segment register with 32 bits: the upper half of the slot is kept or zero (SDM vol. 2B, PUSH).
void pushed_selector(const Compared& k, Result& native) {
  const bool of_segment = k.row.map == cpu::Map::TwoByte || (k.row.opcode & 0xe7) == 0x06;
  if (!k.named("push") || !of_segment || k.insn.op_size != 4 || !completed(k, native)) return;
  const std::uint64_t base = k.c.mode == Mode::k64 ? 0 : k.c.base[kSs];
  const std::uint64_t stack = k.c.mode == Mode::k16 ? 0xffff : 0xffffffff;
  take_bytes(native, k.emulated, base + ((k.c.gpr[kRsp] - 2) & stack), 2);
}

// MOVSXD with 66h reads 16 bits (SDM vol. 2B) or 32 (AMD's manual vol. 3): seen at the end of a page.
void source_of_movsxd(const Compared& k, Result& native) {
  const bool narrow = k.named("movsxd") && k.insn.op_size == 2 && k.insn.mem;
  if (narrow && memory_fault(native) && !k.faults()) native = k.emulated;
}

// F3 90 with REX.B: PAUSE, or XCHG R8, RAX with a prefix that is ignored.
void pause_with_rex_b(const Compared& k, Result& native) {
  const std::uint8_t before = k.insn.len < 2 ? 0 : k.c.code[k.insn.len - 2U];
  if (k.named("pause") && k.c.mode == Mode::k64 && (before & 0xf1) == 0x41) native = k.emulated;
}

// 0F 0D with a register: reserved; no operation on the reference, #UD in AMD's manual vol. 3, PREFETCH.
void reserved_prefetch(const Compared& k, Result& native) {
  if (k.row.map != cpu::Map::TwoByte || k.row.opcode != 0x0d || k.insn.mem) return;
  if (native.outcome == Outcome::kFault && native.vector == 6) native = k.emulated;
}

// LOCK with MOV CR0 is CR8 on AMD (vol. 3, AltMovCr8), and #GP at privilege 3 where the reference has #UD.
// VERW takes it on Zen.
void locked(const Compared& k, Result& native) {
  const bool mov_cr = k.row.map == cpu::Map::TwoByte && (k.row.opcode == 0x20 || k.row.opcode == 0x22);
  if (!k.insn.lock || !k.faults() || k.emulated.vector != 6) return;
  if (mov_cr && native.outcome == Outcome::kFault && native.vector == 13) native = k.emulated;
  if (k.named("verw")) native = k.emulated;
}

// INT1: its trap tells of its own address, not of the next one. Seen under a hypervisor alone, which may have
// delivered it in the processor's place.
void int1_under_a_hypervisor(const Compared& k, Result& native) {
  if (k.named("int1") && native.rip == k.c.rip) native = k.emulated;
}

// BOUND reads its upper bound only if the lower one holds, or always.
void second_bound(const Compared& k, Result& native) {
  if (!k.named("bound") || !k.faults() || !memory_fault(native) || k.emulated.vector != 5) return;
  take_fault(native, k.emulated);
}

constexpr std::array kRules{
    Latitude{"flags that the manual leaves undefined", undefined_status},
    Latitude{"SHLD, SHRD of 16 bits by more", undefined_shift},
    Latitude{"near branches with 66h in 64-bit code", near_branch_of_16_bits},
    Latitude{"LOOPE, LOOPNE with a repeat prefix", repeated_loop},
    Latitude{"flags of REP CMPS, SCAS midway", flags_midway},
    Latitude{"upper halves of what REP leaves alone", unchanged_index},
    Latitude{"LFS, LGS, LSS with REX.W", far_pointer_of_64_bits},
    Latitude{"upper half of a pushed selector", pushed_selector},
    Latitude{"source of MOVSXD of 16 bits", source_of_movsxd},
    Latitude{"F3 90 with REX.B", pause_with_rex_b},
    Latitude{"0F 0D with a register", reserved_prefetch},
    Latitude{"LOCK where the manual forbids it", locked},
    Latitude{"INT1 under a hypervisor", int1_under_a_hypervisor},
    Latitude{"upper bound of BOUND", second_bound},
};

}  // namespace

std::uint64_t undefined_flags(const Compared& k) {
  return shifts(k) ? undefined_by_count(k) : k.row.flags.undefined & kStatusFlags;
}

std::span<const Latitude> integer_latitudes() { return kRules; }

}  // namespace ilse::oracle
