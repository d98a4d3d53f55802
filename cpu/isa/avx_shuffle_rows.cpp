// AVX and AVX2 shuffles, packs, blends, permutations, widening moves, string comparison; SDM vol. 2D, tables
//
#include "cpu/fpu/simd_avx.h"
#include "cpu/fpu/simd_ssse3.h"
#include "cpu/isa/rows.h"
#include "cpu/isa/vex_letters.h"
#include "cpu/sem/simd_more.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using namespace simd;

// 128 bits came with AVX, 256 bits with AVX2.
consteval Row op(Row r) {
  return r.in(Map::Vex).when(Mandatory::P66).needs(Feature::Avx).needs_for_256(Feature::Avx2).with(kAvx);
}
consteval Row in38(Row r) { return op(r).in(Map::Vex38); }
consteval Row in3a(Row r) { return op(r).in(Map::Vex3A); }

constexpr std::array kPacks{
    op(row<Packed<punpcklbw>, Vl, Hl, Wl>(0x60, "vpunpcklbw")),
    op(row<Packed<punpcklwd>, Vl, Hl, Wl>(0x61, "vpunpcklwd")),
    op(row<Packed<punpckldq>, Vl, Hl, Wl>(0x62, "vpunpckldq")),
    op(row<Packed<packsswb>, Vl, Hl, Wl>(0x63, "vpacksswb")),
    op(row<Packed<packuswb>, Vl, Hl, Wl>(0x67, "vpackuswb")),
    op(row<Packed<punpckhbw>, Vl, Hl, Wl>(0x68, "vpunpckhbw")),
    op(row<Packed<punpckhwd>, Vl, Hl, Wl>(0x69, "vpunpckhwd")),
    op(row<Packed<punpckhdq>, Vl, Hl, Wl>(0x6A, "vpunpckhdq")),
    op(row<Packed<packssdw>, Vl, Hl, Wl>(0x6B, "vpackssdw")),
    op(row<Packed<punpcklqdq>, Vl, Hl, Wl>(0x6C, "vpunpcklqdq")),
    op(row<Packed<punpckhqdq>, Vl, Hl, Wl>(0x6D, "vpunpckhqdq")),
    in38(row<Packed<packusdw>, Vl, Hl, Wl>(0x2B, "vpackusdw")),
    in38(row<Packed<pshufb<Xmm>>, Vl, Hl, Wl>(0x00, "vpshufb")),
};

constexpr std::array kShuffles{
    op(row<Shuffle<pshufd>, Vl, Wl, Ib>(0x70, "vpshufd")),
    op(row<Shuffle<pshufhw>, Vl, Wl, Ib>(0x70, "vpshufhw")).when(Mandatory::F3),
    op(row<Shuffle<pshuflw>, Vl, Wl, Ib>(0x70, "vpshuflw")).when(Mandatory::F2),
    in3a(row<Shuffle2<palignr<Xmm>>, Vl, Hl, Wl, Ib>(0x0F, "vpalignr")),
    in3a(row<Shuffle2<blend<uint16_t>>, Vl, Hl, Wl, Ib>(0x0E, "vpblendw")),
    in3a(row<PackedTernary<blend_by_sign<uint8_t>>, Vl, Hl, Wl, Ll>(0x4C, "vpblendvb")).only(VexW::W0),
    in3a(row<Shuffle2<blend<uint32_t>, 4>, Vl, Hl, Wl, Ib>(0x02, "vpblendd"))
        .needs(Feature::Avx2)
        .only(VexW::W0),
};

constexpr std::array kWidening{
    in38(row<Widen<widened<int16_t, int8_t>, 2>, Vl, Wlh>(0x20, "vpmovsxbw")),
    in38(row<Widen<widened<int32_t, int8_t>, 4>, Vl, Wlq>(0x21, "vpmovsxbd")),
    in38(row<Widen<widened<int64_t, int8_t>, 8>, Vl, Wle>(0x22, "vpmovsxbq")),
    in38(row<Widen<widened<int32_t, int16_t>, 2>, Vl, Wlh>(0x23, "vpmovsxwd")),
    in38(row<Widen<widened<int64_t, int16_t>, 4>, Vl, Wlq>(0x24, "vpmovsxwq")),
    in38(row<Widen<widened<int64_t, int32_t>, 2>, Vl, Wlh>(0x25, "vpmovsxdq")),
    in38(row<Widen<widened<uint16_t, uint8_t>, 2>, Vl, Wlh>(0x30, "vpmovzxbw")),
    in38(row<Widen<widened<uint32_t, uint8_t>, 4>, Vl, Wlq>(0x31, "vpmovzxbd")),
    in38(row<Widen<widened<uint64_t, uint8_t>, 8>, Vl, Wle>(0x32, "vpmovzxbq")),
    in38(row<Widen<widened<uint32_t, uint16_t>, 2>, Vl, Wlh>(0x33, "vpmovzxwd")),
    in38(row<Widen<widened<uint64_t, uint16_t>, 4>, Vl, Wlq>(0x34, "vpmovzxwq")),
    in38(row<Widen<widened<uint64_t, uint32_t>, 2>, Vl, Wlh>(0x35, "vpmovzxdq")),
};

// The AVX ones are for floating point and have both lengths from the start.
consteval Row avx(Row r) { return r.needs_for_256(Feature::Avx).only(VexW::W0); }
consteval Row avx_256(Row r) { return avx(r).only(VexL::L1); }
consteval Row avx2_256(Row r) { return r.needs(Feature::Avx2).only(VexL::L1).only(VexW::W0); }

constexpr std::array kPermutations{
    avx(in38(row<Packed<permute_singles>, Vl, Hl, Wl>(0x0C, "vpermilps"))),
    avx(in38(row<Packed<permute_doubles>, Vl, Hl, Wl>(0x0D, "vpermilpd"))),
    avx(in3a(row<Shuffle<pshufd>, Vl, Wl, Ib>(0x04, "vpermilps"))),
    avx(in3a(row<Shuffle<permute_doubles_imm, 2>, Vl, Wl, Ib>(0x05, "vpermilpd"))),
    avx_256(in3a(row<PermuteLanes, Vy, Hy, Wy, Ib>(0x06, "vperm2f128"))),
    avx_256(in3a(row<InsertLane, Vy, Hy, Wo, Ib>(0x18, "vinsertf128"))),
    avx_256(in3a(row<ExtractLane, Wo, Vy, Ib>(0x19, "vextractf128"))),
    avx2_256(in3a(row<PermuteLanes, Vy, Hy, Wy, Ib>(0x46, "vperm2i128"))),
    avx2_256(in3a(row<InsertLane, Vy, Hy, Wo, Ib>(0x38, "vinserti128"))),
    avx2_256(in3a(row<ExtractLane, Wo, Vy, Ib>(0x39, "vextracti128"))),
    avx2_256(in38(row<PermuteDoublewords, Vy, Hy, Wy>(0x36, "vpermd"))),
    avx2_256(in38(row<PermuteDoublewords, Vy, Hy, Wy>(0x16, "vpermps"))),
    avx2_256(in3a(row<PermuteQuads, Vy, Wy, Ib>(0x00, "vpermq"))).only(VexW::W1),
    avx2_256(in3a(row<PermuteQuads, Vy, Wy, Ib>(0x01, "vpermpd"))).only(VexW::W1),
};

consteval Row string(Row r) { return in3a(r).only(VexL::L0).writes(kOSZAPC); }
constexpr std::array kStrings{
    string(row<CompareStrings<true>, VXMM0, Vo, Wo, Ib>(0x60, "vpcmpestrm")),
    string(row<CompareStrings<true>, Vo, Wo, Ib>(0x61, "vpcmpestri")),
    string(row<CompareStrings<false>, VXMM0, Vo, Wo, Ib>(0x62, "vpcmpistrm")),
    string(row<CompareStrings<false>, Vo, Wo, Ib>(0x63, "vpcmpistri")),
};

constexpr auto kRows = concat(kPacks, kShuffles, kWidening, kPermutations, kStrings);

}  // namespace

std::span<const Row> avx_shuffle_rows() { return kRows; }

}  // namespace ilse::cpu
