// AVX and AVX2 moves: whole registers, elements, masks, broadcasts, gathers; SDM vol. 2D, tables.
#include "cpu/fpu/simd_avx.h"
#include "cpu/isa/rows.h"
#include "cpu/isa/vex_letters.h"
#include "cpu/sem/helpers.h"
#include "cpu/sem/simd_more.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using namespace simd;
using MemRow = letters::Mem;

consteval Row avx(Row r, Mandatory p) { return r.in(Map::Vex).when(p).needs(Feature::Avx).with(kAvx); }
consteval Row ps(Row r) { return avx(r, Mandatory::None); }
consteval Row pd(Row r) { return avx(r, Mandatory::P66); }
consteval Row ss(Row r) { return avx(r, Mandatory::F3); }
consteval Row sd(Row r) { return avx(r, Mandatory::F2); }
consteval Row in38(Row r) { return pd(r).in(Map::Vex38); }
consteval Row in3a(Row r) { return pd(r).in(Map::Vex3A); }
consteval Row l0(Row r) { return r.only(VexL::L0); }
consteval Row l1(Row r) { return r.only(VexL::L1); }
consteval Row w0(Row r) { return r.only(VexW::W0); }
consteval Row w1(Row r) { return r.only(VexW::W1); }
consteval Row avx2(Row r) { return r.needs(Feature::Avx2); }

constexpr std::array kWhole{
    ps(row<MoveXmm, Vl, Wl>(0x10, "vmovups")),
    pd(row<MoveXmm, Vl, Wl>(0x10, "vmovupd")),
    ps(row<MoveXmm, Wl, Vl>(0x11, "vmovups")),
    pd(row<MoveXmm, Wl, Vl>(0x11, "vmovupd")),
    ps(row<MoveXmm, Vl, Wla>(0x28, "vmovaps")),
    pd(row<MoveXmm, Vl, Wla>(0x28, "vmovapd")),
    ps(row<MoveXmm, Wla, Vl>(0x29, "vmovaps")),
    pd(row<MoveXmm, Wla, Vl>(0x29, "vmovapd")),
    ps(row<MoveXmm, Mla, Vl>(0x2B, "vmovntps")),
    pd(row<MoveXmm, Mla, Vl>(0x2B, "vmovntpd")),
    pd(row<MoveXmm, Mla, Vl>(0xE7, "vmovntdq")),
    pd(row<MoveXmm, Vl, Wla>(0x6F, "vmovdqa")),
    ss(row<MoveXmm, Vl, Wl>(0x6F, "vmovdqu")),
    pd(row<MoveXmm, Wla, Vl>(0x7F, "vmovdqa")),
    ss(row<MoveXmm, Wl, Vl>(0x7F, "vmovdqu")),
    sd(row<MoveXmm, Vl, Ml>(0xF0, "vlddqu")),
    in38(row<MoveXmm, Vl, Mla>(0x2A, "vmovntdqa")).needs_for_256(Feature::Avx2),
    l0(ps(row<ClearVectors<false>>(0x77, "vzeroupper"))),
    l1(ps(row<ClearVectors<true>>(0x77, "vzeroall"))),
    l0(ps(helper<ldmxcsr, MemRow>(0xAE, "vldmxcsr").group(2))),
    l0(ps(helper<stmxcsr, MemRow>(0xAE, "vstmxcsr").group(3))),
};

constexpr std::array kElements{
    ss(row<MoveScalar<uint32_t>, Vo, Wod>(0x10, "vmovss").with(kMemOnly)),
    ss(row<MoveScalar<uint32_t>, Vo, Ho, Wo>(0x10, "vmovss").with(kRegOnly)),
    sd(row<MoveScalar<uint64_t>, Vo, Woq>(0x10, "vmovsd").with(kMemOnly)),
    sd(row<MoveScalar<uint64_t>, Vo, Ho, Wo>(0x10, "vmovsd").with(kRegOnly)),
    ss(row<MoveScalar<uint32_t>, Wod, Vo>(0x11, "vmovss").with(kMemOnly)),
    ss(row<MoveScalar<uint32_t>, Wo, Ho, Vo>(0x11, "vmovss").with(kRegOnly)),
    sd(row<MoveScalar<uint64_t>, Woq, Vo>(0x11, "vmovsd").with(kMemOnly)),
    sd(row<MoveScalar<uint64_t>, Wo, Ho, Vo>(0x11, "vmovsd").with(kRegOnly)),
    l0(ps(row<LoadLow, Vo, Ho, Mq>(0x12, "vmovlps"))),
    l0(ps(row<Movhlps, Vo, Ho, Wo>(0x12, "vmovhlps").with(kRegOnly))),
    l0(pd(row<LoadLow, Vo, Ho, Mq>(0x12, "vmovlpd"))),
    l0(ps(row<StoreLow, Mq, Vo>(0x13, "vmovlps"))),
    l0(pd(row<StoreLow, Mq, Vo>(0x13, "vmovlpd"))),
    l0(ps(row<LoadHigh, Vo, Ho, Mq>(0x16, "vmovhps"))),
    l0(ps(row<Movlhps, Vo, Ho, Wo>(0x16, "vmovlhps").with(kRegOnly))),
    l0(pd(row<LoadHigh, Vo, Ho, Mq>(0x16, "vmovhpd"))),
    l0(ps(row<StoreHigh, Mq, Vo>(0x17, "vmovhps"))),
    l0(pd(row<StoreHigh, Mq, Vo>(0x17, "vmovhpd"))),
    sd(row<PackedUnary<movddup>, Vl, Wdup>(0x12, "vmovddup")),
    ss(row<PackedUnary<movsldup>, Vl, Wl>(0x12, "vmovsldup")),
    ss(row<PackedUnary<movshdup>, Vl, Wl>(0x16, "vmovshdup")),
    l0(pd(row<MoveFromGpr, Vo, Ey>(0x6E, "vmovd"))),
    l0(pd(row<MoveToGpr, Ey, Vo>(0x7E, "vmovd"))),
    l0(ss(row<MoveQ, Vo, Woq>(0x7E, "vmovq"))),
    l0(pd(row<MoveQ, Woq, Vo>(0xD6, "vmovq"))),
    l0(pd(row<Pinsrw, Vo, Ho, Ew, Ib>(0xC4, "vpinsrw"))),
    l0(pd(row<Pextrw, Gd, Wo, Ib>(0xC5, "vpextrw").with(kRegOnly))),
    l0(in3a(row<Extract<uint8_t>, Ed, Vo, Ib>(0x14, "vpextrb").with(kRegOnly))),
    l0(in3a(row<Extract<uint8_t>, Mb, Vo, Ib>(0x14, "vpextrb"))),
    l0(in3a(row<Pextrw, Ed, Vo, Ib>(0x15, "vpextrw").with(kRegOnly))),
    l0(in3a(row<Pextrw, Mw, Vo, Ib>(0x15, "vpextrw"))),
    l0(in3a(row<Extract<void>, Ey, Vo, Ib>(0x16, "vpextrd"))),
    l0(in3a(row<Extract<uint32_t>, Ed, Vo, Ib>(0x17, "vextractps"))),
    l0(in3a(row<Insert<uint8_t>, Vo, Ho, Ed, Ib>(0x20, "vpinsrb").with(kRegOnly))),
    l0(in3a(row<Insert<uint8_t>, Vo, Ho, Mb, Ib>(0x20, "vpinsrb"))),
    l0(in3a(row<Insertps, Vo, Ho, Wod, Ib>(0x21, "vinsertps"))),
    l0(in3a(row<Insert<void>, Vo, Ho, Ey, Ib>(0x22, "vpinsrd"))),
};

constexpr std::array kMasks{
    ps(row<Mask<movmskps, 4>, Gd, Wl>(0x50, "vmovmskps").with(kRegOnly)),
    pd(row<Mask<movmskpd, 2>, Gd, Wl>(0x50, "vmovmskpd").with(kRegOnly)),
    pd(row<Mask<pmovmskb>, Gd, Wl>(0xD7, "vpmovmskb").with(kRegOnly)).needs_for_256(Feature::Avx2),
    l0(pd(helper<maskmovdqu, Vo, Wo>(0xF7, "vmaskmovdqu", kRegOnly))),
    w0(in38(helper<vmaskmov_load, Vo, Ho, MemRow>(0x2C, "vmaskmovps"))),
    w0(in38(helper<vmaskmov_load, Vo, Ho, MemRow>(0x2D, "vmaskmovpd"))),
    w0(in38(helper<vmaskmov_store, MemRow, Ho, Vo>(0x2E, "vmaskmovps"))),
    w0(in38(helper<vmaskmov_store, MemRow, Ho, Vo>(0x2F, "vmaskmovpd"))),
    avx2(in38(helper<vmaskmov_load, Vo, Ho, MemRow>(0x8C, "vpmaskmovd"))),
    avx2(in38(helper<vmaskmov_store, MemRow, Ho, Vo>(0x8E, "vpmaskmovd"))),
    avx2(in38(helper<vgather, Vo, VSIB, Ho>(0x90, "vpgatherdd"))),
    avx2(in38(helper<vgather, Vo, VSIB, Ho>(0x91, "vpgatherqd"))),
    avx2(in38(helper<vgather, Vo, VSIB, Ho>(0x92, "vgatherdps"))),
    avx2(in38(helper<vgather, Vo, VSIB, Ho>(0x93, "vgatherqps"))),
};

constexpr std::array kBroadcasts{
    w0(in38(row<Broadcast<uint32_t>, Vl, Wod>(0x18, "vbroadcastss").with(kMemOnly))),
    w0(avx2(in38(row<Broadcast<uint32_t>, Vl, Wo>(0x18, "vbroadcastss").with(kRegOnly)))),
    w0(l1(in38(row<Broadcast<uint64_t>, Vy, Woq>(0x19, "vbroadcastsd").with(kMemOnly)))),
    w0(l1(avx2(in38(row<Broadcast<uint64_t>, Vy, Wo>(0x19, "vbroadcastsd").with(kRegOnly))))),
    w0(l1(in38(row<BroadcastLane, Vy, Wo>(0x1A, "vbroadcastf128").with(kMemOnly)))),
    w0(l1(avx2(in38(row<BroadcastLane, Vy, Wo>(0x5A, "vbroadcasti128").with(kMemOnly))))),
    w0(avx2(in38(row<Broadcast<uint8_t>, Vl, Wob>(0x78, "vpbroadcastb")))),
    w0(avx2(in38(row<Broadcast<uint16_t>, Vl, Wow>(0x79, "vpbroadcastw")))),
    w0(avx2(in38(row<Broadcast<uint32_t>, Vl, Wod>(0x58, "vpbroadcastd")))),
    w0(avx2(in38(row<Broadcast<uint64_t>, Vl, Woq>(0x59, "vpbroadcastq")))),
};

constexpr auto kRows = concat(kWhole, kElements, kMasks, kBroadcasts);

}  // namespace

std::span<const Row> avx_move_rows() { return kRows; }

}  // namespace ilse::cpu
