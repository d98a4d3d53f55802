// FMA3; SDM vol. 2D, table A-4: opcodes 96 to 9F, A6 to AF and B6 to BF.
#include "cpu/isa/rows.h"
#include "cpu/isa/vex_letters.h"
#include "cpu/sem/simd_more.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using enum FmaOrder;
using enum FmaSign;

consteval Row fma(Row r, VexW w) {
  return r.in(Map::Vex38).when(Mandatory::P66).needs(Feature::Fma).with(kAvx).only(w);
}
template <FmaOrder kOrder, FmaSign kSign>
consteval auto packed(uint8_t opcode, const char* single, const char* twice) {
  return std::array{fma(row<Fma<kOrder, kSign, uint32_t>, Vl, Hl, Wl>(opcode, single), VexW::W0),
                    fma(row<Fma<kOrder, kSign, uint64_t>, Vl, Hl, Wl>(opcode, twice), VexW::W1)};
}
template <FmaOrder kOrder, FmaSign kSign>
consteval auto scalar(uint8_t opcode, const char* single, const char* twice) {
  return std::array{fma(row<FmaScalar<kOrder, kSign, uint32_t>, Vo, Ho, Wd>(opcode, single), VexW::W0),
                    fma(row<FmaScalar<kOrder, kSign, uint64_t>, Vo, Ho, Wq>(opcode, twice), VexW::W1)};
}

constexpr auto kRows = concat(packed<k132, AddSub>(0x96, "vfmaddsub132ps", "vfmaddsub132pd"),
                              packed<k132, SubAdd>(0x97, "vfmsubadd132ps", "vfmsubadd132pd"),
                              packed<k132, Add>(0x98, "vfmadd132ps", "vfmadd132pd"),
                              scalar<k132, Add>(0x99, "vfmadd132ss", "vfmadd132sd"),
                              packed<k132, Sub>(0x9A, "vfmsub132ps", "vfmsub132pd"),
                              scalar<k132, Sub>(0x9B, "vfmsub132ss", "vfmsub132sd"),
                              packed<k132, NegativeAdd>(0x9C, "vfnmadd132ps", "vfnmadd132pd"),
                              scalar<k132, NegativeAdd>(0x9D, "vfnmadd132ss", "vfnmadd132sd"),
                              packed<k132, NegativeSub>(0x9E, "vfnmsub132ps", "vfnmsub132pd"),
                              scalar<k132, NegativeSub>(0x9F, "vfnmsub132ss", "vfnmsub132sd"),
                              packed<k213, AddSub>(0xA6, "vfmaddsub213ps", "vfmaddsub213pd"),
                              packed<k213, SubAdd>(0xA7, "vfmsubadd213ps", "vfmsubadd213pd"),
                              packed<k213, Add>(0xA8, "vfmadd213ps", "vfmadd213pd"),
                              scalar<k213, Add>(0xA9, "vfmadd213ss", "vfmadd213sd"),
                              packed<k213, Sub>(0xAA, "vfmsub213ps", "vfmsub213pd"),
                              scalar<k213, Sub>(0xAB, "vfmsub213ss", "vfmsub213sd"),
                              packed<k213, NegativeAdd>(0xAC, "vfnmadd213ps", "vfnmadd213pd"),
                              scalar<k213, NegativeAdd>(0xAD, "vfnmadd213ss", "vfnmadd213sd"),
                              packed<k213, NegativeSub>(0xAE, "vfnmsub213ps", "vfnmsub213pd"),
                              scalar<k213, NegativeSub>(0xAF, "vfnmsub213ss", "vfnmsub213sd"),
                              packed<k231, AddSub>(0xB6, "vfmaddsub231ps", "vfmaddsub231pd"),
                              packed<k231, SubAdd>(0xB7, "vfmsubadd231ps", "vfmsubadd231pd"),
                              packed<k231, Add>(0xB8, "vfmadd231ps", "vfmadd231pd"),
                              scalar<k231, Add>(0xB9, "vfmadd231ss", "vfmadd231sd"),
                              packed<k231, Sub>(0xBA, "vfmsub231ps", "vfmsub231pd"),
                              scalar<k231, Sub>(0xBB, "vfmsub231ss", "vfmsub231sd"),
                              packed<k231, NegativeAdd>(0xBC, "vfnmadd231ps", "vfnmadd231pd"),
                              scalar<k231, NegativeAdd>(0xBD, "vfnmadd231ss", "vfnmadd231sd"),
                              packed<k231, NegativeSub>(0xBE, "vfnmsub231ps", "vfnmsub231pd"),
                              scalar<k231, NegativeSub>(0xBF, "vfnmsub231ss", "vfnmsub231sd"));

}  // namespace

std::span<const Row> fma_rows() { return kRows; }

}  // namespace ilse::cpu
