// Rules for MMX, SSE and AVX instructions (SDM vol. 1, 4.8.3.5 and vol. 2).
#include <algorithm>
#include <array>

#include "oracle/latitude.h"

namespace ilse::oracle {
namespace {

// SHA extensions: the SDM wants an operand aligned to 16 bytes, Zen does not.
void sha_alignment(const Compared& k, Result& native) {
  const bool misaligned = k.insn.mem && k.address() % 16 != 0;
  if (k.named_from("sha") && misaligned && k.faults() && k.emulated.vector == 13) native = k.emulated;
}

// A masked store that faults: which byte of the operand is named, and whether bytes that are not written are
// asked for (SDM vol. 2B, MASKMOVDQU: left to the implementation with a mask of zeroes).
void masked_store(const Compared& k, Result& native) {
  constexpr unsigned kBytes = 32;
  const bool masked = k.named("maskmovq") || k.named("maskmovdqu") || k.named("vmaskmovdqu") ||
                      k.named_from("vmaskmov") || k.named_from("vpmaskmov");
  if (!masked || !memory_fault(k.emulated)) return;
  if (memory_fault(native)) {
    take_fault(native, k.emulated);
  } else if (k.emulated.vector == 12 || k.emulated.vector == 13) {
    const std::uint64_t limit = k.c.mode == Mode::k16 ? 0xffff : 0xffffffff;
    const std::uint64_t start = k.address() - k.c.base[k.insn.seg];
    if (start + kBytes > limit) native = k.emulated;
  }
}

// A gather that stops midway: the reference has made each element of the mask all ones or zeroes and cleared
// both registers beyond the vector; Zen clears the mask of those elements that are done and does the rest at
// the end (SDM vol. 2, VGATHERDPS: of the mask only signs count).
void gather_midway(const Compared& k, Result& native) {
  if (!k.row.has(cpu::Operand::Vsib) || native.outcome == Outcome::kCompleted) return;
  const unsigned element = (k.insn.vex & cpu::kVexW) != 0 ? 64 : 32;
  const unsigned index = (k.row.opcode & 1) != 0 ? 64 : 32;
  const unsigned length = (k.insn.vex & cpu::kVexL) != 0 ? 256 : 128;
  const unsigned used = length / std::max(element, index) * element;
  const std::uint64_t signs = element == 64 ? 1ULL << 63 : 1ULL << 63 | 1ULL << 31;
  for (unsigned w = 0; w < 4; ++w) {
    const auto word = [w](auto& fx, unsigned n) -> auto& {
      return (w < 2 ? fx.xmm : fx.ymm_high)[n].word[w & 1];
    };
    auto& mask = word(native.fx, k.insn.vvvv);
    const std::uint64_t reference = word(k.emulated.fx, k.insn.vvvv);
    const bool beyond = 64 * w >= used;
    if (beyond || ((mask ^ reference) & signs) == 0) mask = reference;
    if (beyond) word(native.fx, k.insn.reg) = word(k.emulated.fx, k.insn.reg);
  }
}

// VCVTPS2PH to memory: flags of a conversion whose store faults, and which exception comes first.
void narrowing_store(const Compared& k, Result& native) {
  if (!k.named("vcvtps2ph") || !k.insn.mem || !memory_fault(native) || !k.faults()) return;
  native.fx.mxcsr = k.emulated.fx.mxcsr;
  if (k.emulated.vector == 19) take_fault(native, k.emulated);
}

bool is_nan(std::uint64_t value, bool is_double) {
  if (is_double) return (value & ~(1ULL << 63)) > 0x7ff0000000000000;
  return (value & 0x7fffffff) > 0x7f800000;
}

// DPPS and DPPD sum up in an order of the model's own: which of several NaNs is the result.
void nan_of_dot_product(const Compared& k, Result& native) {
  const bool is_double = k.named("dppd") || k.named("vdppd");
  if (!is_double && !k.named("dpps") && !k.named("vdpps")) return;
  const auto take = [is_double](XsaveImage::Lane& to, const XsaveImage::Lane& from) {
    const unsigned bits = is_double ? 64 : 32;
    const std::uint64_t element = is_double ? ~0ULL : 0xffffffff;
    for (unsigned at = 0; at < 128; at += bits) {
      std::uint64_t& word = to.word[at / 64];
      const std::uint64_t other = from.word[at / 64] >> at % 64 & element;
      const bool both = is_nan(word >> at % 64 & element, is_double) && is_nan(other, is_double);
      if (both) word = (word & ~(element << at % 64)) | other << at % 64;
    }
  };
  take(native.fx.xmm[k.insn.reg], k.emulated.fx.xmm[k.insn.reg]);
  take(native.fx.ymm_high[k.insn.reg], k.emulated.fx.ymm_high[k.insn.reg]);
}

// VPINSRD and VPEXTRD with VEX.W outside of 64-bit code, an encoding that the SDM marks as not encodable: W
// is ignored, or #UD.
void quadword_outside_64_bit(const Compared& k, Result& native) {
  const bool moves = k.named("vpinsrd") || k.named("vpextrd");
  const bool wide = k.c.mode != Mode::k64 && (k.insn.vex & cpu::kVexW) != 0;
  if (moves && wide && native.outcome == Outcome::kFault && native.vector == 6) native = k.emulated;
}

constexpr std::array kRules{
    Latitude{"alignment of SHA operands", sha_alignment},
    Latitude{"faults of masked stores", masked_store},
    Latitude{"registers of a gather midway", gather_midway},
    Latitude{"MXCSR behind VCVTPS2PH that faults", narrowing_store},
    Latitude{"which NaN of DPPS, DPPD", nan_of_dot_product},
    Latitude{"VPINSRD, VPEXTRD with VEX.W outside 64-bit code", quadword_outside_64_bit},
};

}  // namespace

std::span<const Latitude> vector_latitudes() { return kRules; }

}  // namespace ilse::oracle
