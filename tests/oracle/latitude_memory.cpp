// Rules for accesses to memory: which of several faults comes, what it names and what it leaves behind
// (SDM vol. 3A, 6.9: within a class of exceptions the order is the implementation's).
#include <array>

#include "oracle/latitude.h"
#include "oracle/operand.h"

namespace ilse::oracle {
namespace {

constexpr unsigned kXsaveArea = 512 + 64 + 256;

bool names_xsave(const Compared& k) { return k.named_from("xsave") || k.named_from("xrstor"); }
bool within(std::uint64_t address, std::uint64_t start, std::uint64_t size) { return address - start < size; }

// An operand that goes on behind 4 GiB: outside of its segment, or on page 0 (SDM vol. 3A, 5.3 leaves it to
// the implementation where the limit is FFFFFFFFh).
void around_4_gib(const Compared& k, Result& native) {
  constexpr std::uint64_t kLast = 0xffffffff - 32;
  if (k.c.mode == Mode::k64 || !memory_fault(native) || !memory_fault(k.emulated)) return;
  const auto last = [](std::uint64_t a) { return (a & 0xffffffff) > kLast; };
  const bool string = k.row.has(cpu::kString) && (last(k.emulated.gpr[kRsi]) || last(k.emulated.gpr[kRdi]));
  const bool crosses =
      k.emulated.vector == 14 ? last(k.emulated.cr2) : string || (k.insn.mem && last(k.address()));
  if (crosses && (native.vector == 12 || native.vector == 13)) take_fault(native, k.emulated);
}

// An offset that is not canonical and an FS or GS base that makes it so: the reference looks at the linear
// address (SDM vol. 1, 3.3.7.1), Zen at the offset too.
void canonical_by_base(const Compared& k, Result& native) {
  if (k.c.mode != Mode::k64 || !k.insn.mem || !memory_fault(native) || !memory_fault(k.emulated)) return;
  const auto canonical = [](std::uint64_t a) { return a + (1ULL << 47) < 1ULL << 48; };
  const std::uint64_t offset = k.address() - segment_base(k.c, k.insn.seg);
  if (canonical(k.address()) && !canonical(offset) && native.vector == 13) take_fault(native, k.emulated);
}

// CMPS of two operands that are both bad: which is read first.
void first_of_two(const Compared& k, Result& native) {
  if (!k.named("cmps") || !memory_fault(native) || !memory_fault(k.emulated)) return;
  const std::uint64_t mask = k.insn.addr_size == 8 ? ~0ULL : (1ULL << 8 * k.insn.addr_size) - 1;
  const auto names = [&](const Result& r, Gpr index, unsigned segment) {
    const std::uint64_t linear = (k.emulated.gpr[index] & mask) + segment_base(k.c, segment);
    return r.vector == 14 && within(r.cr2, linear, 8);
  };
  const bool first = native.vector != 14 || names(native, kRsi, k.insn.seg);
  const bool second = k.emulated.vector != 14 || names(k.emulated, kRdi, kEs);
  if (first && second) take_fault(native, k.emulated);
}

// Alignment checking of vectors that need not be aligned: left to the implementation (SDM vol. 3A, 6.15,
// #AC). Where it is done it may come in place of any other fault.
void vector_alignment(const Compared& k, Result& native) {
  const bool vector = k.row.has(cpu::kSse) || k.row.has(cpu::kAvx) || cpu::is_vex(k.row.map);
  const bool checked = native.outcome == Outcome::kFault && native.vector == 17 && (k.c.flags & kAc) != 0;
  if (vector && checked && k.insn.mem && k.address() % 16 != 0) native = k.emulated;
}

// An x87 store whose value raises an unmasked exception stores nothing: whether its address is looked at.
void store_that_is_none(const Compared& k, Result& native) {
  constexpr std::uint16_t kEs = 0x80;
  const bool none = k.row.has(cpu::kFpu) && k.insn.mem && !k.faults() && (k.emulated.fx.fsw & kEs) != 0;
  if (none && memory_fault(native)) native = k.emulated;
}

// FSTP m80 and FBSTP over the end of a page: the reference has stored the part before it.
void half_of_80_bits(const Compared& k, Result& native) {
  const bool faults = native.outcome == Outcome::kFault && native.vector == 14 && k.faults();
  const bool stores = k.named("fbstp") || (k.named("fstp") && k.row.opcode == 0xdb);
  if (faults && stores) take_bytes(native, k.emulated, k.address(), 10);
}

// A store of MMX that faults: whether the x87 state has gone over to MMX before (SDM vol. 1, 9.5).
void mmx_before_the_fault(const Compared& k, Result& native) {
  if (!k.row.has(cpu::kMmx) || !memory_fault(native) || !memory_fault(k.emulated)) return;
  native.fx.fsw = k.emulated.fx.fsw;
  native.fx.ftw = k.emulated.fx.ftw;
  native.fx.st = k.emulated.fx.st;
}

// The pointers FOP, FIP and FDP, which AMD saves only while an exception is pending (its manual, FXSAVE), and
// MXCSR_MASK, which has bit 17 there, for MXCSR.MM.
void x87_pointers_and_mask(const Compared& k, Result& native) {
  if (!(k.named_from("fxsave") || k.named_from("xsave")) || k.emulated.outcome != Outcome::kCompleted) return;
  if (native.outcome != Outcome::kCompleted) return;
  take_bytes(native, k.emulated, k.address() + 30, 1);
  constexpr std::uint16_t kEs = 0x80;
  if ((k.c.fx.fsw & kEs) != 0) return;
  take_bytes(native, k.emulated, k.address() + 6, 18);
}

// The parts of an XSAVE area are looked at in an order of the model's own: which byte a page fault names, and
// whether alignment (#GP, or #AC where it is checked) or the segment comes first.
void xsave_area(const Compared& k, Result& native) {
  if (!names_xsave(k) || !memory_fault(native) || !memory_fault(k.emulated)) return;
  if (native.vector == 14 && k.emulated.vector == 14) {
    // 16-bit addresses wrap or not.
    const auto within_area = [&](const Result& r) {
      return ((r.cr2 - k.address()) & k.insn.ea_mask) < kXsaveArea;
    };
    const bool inside = within_area(native) && within_area(k.emulated);
    if (inside) take_fault(native, k.emulated);
  } else if (native.vector == 13 && k.address() % 64 != 0) {
    take_fault(native, k.emulated);
  }
}

constexpr std::array kRules{
    Latitude{"operand around 4 GiB", around_4_gib},
    Latitude{"offset made canonical by its base", canonical_by_base},
    Latitude{"which operand of CMPS faults", first_of_two},
    Latitude{"alignment checking of vectors", vector_alignment},
    Latitude{"address of an x87 store that stores nothing", store_that_is_none},
    Latitude{"first part of an 80-bit store that faults", half_of_80_bits},
    Latitude{"x87 state behind an MMX store that faults", mmx_before_the_fault},
    Latitude{"x87 pointers and MXCSR_MASK", x87_pointers_and_mask},
    Latitude{"order within an XSAVE area", xsave_area},
};

}  // namespace

std::span<const Latitude> memory_latitudes() { return kRules; }

}  // namespace ilse::oracle
