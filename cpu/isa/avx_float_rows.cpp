// AVX floating point: arithmetic, comparison, logic; SDM vol. 2D, tables. The meanings are those
// of the legacy forms; the first source is VEX.vvvv's.
#include "cpu/isa/rows.h"
#include "cpu/isa/vex_letters.h"
#include "cpu/sem/simd_more.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using namespace simd;
using enum SseRounds;

consteval Row avx(Row r, Mandatory p) { return r.in(Map::Vex).when(p).needs(Feature::Avx).with(kAvx); }
consteval Row ps(Row r) { return avx(r, Mandatory::None); }
consteval Row pd(Row r) { return avx(r, Mandatory::P66); }
consteval Row ss(Row r) { return avx(r, Mandatory::F3); }
consteval Row sd(Row r) { return avx(r, Mandatory::F2); }
consteval Row in38(Row r) { return pd(r).in(Map::Vex38).only(VexW::W0); }
consteval Row in3a(Row r) { return pd(r).in(Map::Vex3A); }

template <XmmBinary PS, XmmBinary PD, XmmBinary SS, XmmBinary SD>
consteval auto rounding(uint8_t opcode, const char* const (&names)[4]) {
  return std::array{ps(row<Floating<PS, kPackedSingle>, Vl, Hl, Wl>(opcode, names[0])),
                    pd(row<Floating<PD, kPackedDouble>, Vl, Hl, Wl>(opcode, names[1])),
                    ss(row<Floating<SS, kScalarSingle>, Vo, Ho, Wd>(opcode, names[2])),
                    sd(row<Floating<SD, kScalarDouble>, Vo, Ho, Wq>(opcode, names[3]))};
}
template <XmmBinary PS, XmmBinary PD, XmmBinary SS, XmmBinary SD>
consteval auto choosing(uint8_t opcode, const char* const (&names)[4]) {
  return std::array{ps(row<Floating<PS, kNothing>, Vl, Hl, Wl>(opcode, names[0])),
                    pd(row<Floating<PD, kNothing>, Vl, Hl, Wl>(opcode, names[1])),
                    ss(row<Floating<SS, kNothing>, Vo, Ho, Wd>(opcode, names[2])),
                    sd(row<Floating<SD, kNothing>, Vo, Ho, Wq>(opcode, names[3]))};
}
// ANDPS and so on: the same for both types.
template <XmmBinary F>
consteval auto either(uint8_t opcode, const char* single, const char* twice) {
  return std::array{ps(row<Packed<F>, Vl, Hl, Wl>(opcode, single)),
                    pd(row<Packed<F>, Vl, Hl, Wl>(opcode, twice))};
}

constexpr auto kArithmetic =
    concat(rounding<addps, addpd, addss, addsd>(0x58, {"vaddps", "vaddpd", "vaddss", "vaddsd"}),
           rounding<mulps, mulpd, mulss, mulsd>(0x59, {"vmulps", "vmulpd", "vmulss", "vmulsd"}),
           rounding<subps, subpd, subss, subsd>(0x5C, {"vsubps", "vsubpd", "vsubss", "vsubsd"}),
           rounding<divps, divpd, divss, divsd>(0x5E, {"vdivps", "vdivpd", "vdivss", "vdivsd"}),
           choosing<minps, minpd, minss, minsd>(0x5D, {"vminps", "vminpd", "vminss", "vminsd"}),
           choosing<maxps, maxpd, maxss, maxsd>(0x5F, {"vmaxps", "vmaxpd", "vmaxss", "vmaxsd"}),
           either<pand>(0x54, "vandps", "vandpd"), either<pandn>(0x55, "vandnps", "vandnpd"),
           either<por>(0x56, "vorps", "vorpd"), either<pxor>(0x57, "vxorps", "vxorpd"));

constexpr std::array kOther{
    ps(row<FloatingUnary<sqrtps, kNothing>, Vl, Wl>(0x51, "vsqrtps")),
    pd(row<FloatingUnary<sqrtpd, kNothing>, Vl, Wl>(0x51, "vsqrtpd")),
    ss(row<Floating<sqrtss, kNothing>, Vo, Ho, Wd>(0x51, "vsqrtss")),
    sd(row<Floating<sqrtsd, kNothing>, Vo, Ho, Wq>(0x51, "vsqrtsd")),
    ps(row<FloatingUnary<rsqrtps, kNothing>, Vl, Wl>(0x52, "vrsqrtps")),
    ss(row<Floating<rsqrtss, kNothing>, Vo, Ho, Wd>(0x52, "vrsqrtss")),
    ps(row<FloatingUnary<rcpps, kNothing>, Vl, Wl>(0x53, "vrcpps")),
    ss(row<Floating<rcpss, kNothing>, Vo, Ho, Wd>(0x53, "vrcpss")),
    ps(row<Packed<unpcklps>, Vl, Hl, Wl>(0x14, "vunpcklps")),
    pd(row<Packed<unpcklpd>, Vl, Hl, Wl>(0x14, "vunpcklpd")),
    ps(row<Packed<unpckhps>, Vl, Hl, Wl>(0x15, "vunpckhps")),
    pd(row<Packed<unpckhpd>, Vl, Hl, Wl>(0x15, "vunpckhpd")),
    ps(row<Shuffle2<shufps>, Vl, Hl, Wl, Ib>(0xC6, "vshufps")),
    pd(row<Shuffle2<shufpd, 2>, Vl, Hl, Wl, Ib>(0xC6, "vshufpd")),
    pd(row<FloatingOf<addpd, kPackedDouble, evens_pd, odds_pd>, Vl, Hl, Wl>(0x7C, "vhaddpd")),
    sd(row<FloatingOf<addps, kPackedSingle, evens_ps, odds_ps>, Vl, Hl, Wl>(0x7C, "vhaddps")),
    pd(row<FloatingOf<subpd, kPackedDouble, evens_pd, odds_pd>, Vl, Hl, Wl>(0x7D, "vhsubpd")),
    sd(row<FloatingOf<subps, kPackedSingle, evens_ps, odds_ps>, Vl, Hl, Wl>(0x7D, "vhsubps")),
    pd(row<FloatingOf<addpd, kPackedDouble, addsub_left, addsubpd_right>, Vl, Hl, Wl>(0xD0, "vaddsubpd")),
    sd(row<FloatingOf<addps, kPackedSingle, addsub_left, addsubps_right>, Vl, Hl, Wl>(0xD0, "vaddsubps")),
    in3a(row<FloatingUnaryImm<round_packed<uint32_t>>, Vl, Wl, Ib>(0x08, "vroundps")),
    in3a(row<FloatingUnaryImm<round_packed<uint64_t>>, Vl, Wl, Ib>(0x09, "vroundpd")),
    in3a(row<FloatingImm<round_low<uint32_t>>, Vo, Ho, Wd, Ib>(0x0A, "vroundss")),
    in3a(row<FloatingImm<round_low<uint64_t>>, Vo, Ho, Wq, Ib>(0x0B, "vroundsd")),
    in3a(row<DotProduct<uint32_t>, Vl, Hl, Wl, Ib>(0x40, "vdpps")),
    in3a(row<DotProduct<uint64_t>, Vo, Ho, Wo, Ib>(0x41, "vdppd")).only(VexL::L0),
    in3a(row<Shuffle2<blend<uint32_t>, 4>, Vl, Hl, Wl, Ib>(0x0C, "vblendps")),
    in3a(row<Shuffle2<blend<uint64_t>, 2>, Vl, Hl, Wl, Ib>(0x0D, "vblendpd")),
    in3a(row<PackedTernary<blend_by_sign<uint32_t>>, Vl, Hl, Wl, Ll>(0x4A, "vblendvps")).only(VexW::W0),
    in3a(row<PackedTernary<blend_by_sign<uint64_t>>, Vl, Hl, Wl, Ll>(0x4B, "vblendvpd")).only(VexW::W0),
};

constexpr std::array kComparisons{
    ps(row<FloatingImm<compare<cmpps>, kNothing, 31>, Vl, Hl, Wl, Ib>(0xC2, "vcmpps")),
    pd(row<FloatingImm<compare<cmppd>, kNothing, 31>, Vl, Hl, Wl, Ib>(0xC2, "vcmppd")),
    ss(row<FloatingImm<compare_low<cmpss, uint32_t>, kNothing, 31>, Vo, Ho, Wd, Ib>(0xC2, "vcmpss")),
    sd(row<FloatingImm<compare_low<cmpsd, uint64_t>, kNothing, 31>, Vo, Ho, Wq, Ib>(0xC2, "vcmpsd")),
    ps(row<CompareToFlags<ucomiss>, Vo, Wd>(0x2E, "vucomiss").writes(kOSZAPC)),
    pd(row<CompareToFlags<ucomisd>, Vo, Wq>(0x2E, "vucomisd").writes(kOSZAPC)),
    ps(row<CompareToFlags<comiss>, Vo, Wd>(0x2F, "vcomiss").writes(kOSZAPC)),
    pd(row<CompareToFlags<comisd>, Vo, Wq>(0x2F, "vcomisd").writes(kOSZAPC)),
    in38(row<TestToFlags<0x8000000080000000>, Vl, Wl>(0x0E, "vtestps").writes(kOSZAPC)),
    in38(row<TestToFlags<1ull << 63>, Vl, Wl>(0x0F, "vtestpd").writes(kOSZAPC)),
};

constexpr auto kRows = concat(kArithmetic, kOther, kComparisons);

}  // namespace

std::span<const Row> avx_float_rows() { return kRows; }

}  // namespace ilse::cpu
