// SSE3 and SSSE3: SDM vol. 2D, tables.
#include "cpu/fpu/simd_ssse3.h"
#include "cpu/fpu/sse_horizontal.h"
#include "cpu/isa/rows.h"
#include "cpu/sem/simd_more.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using namespace simd;
using enum SseRounds;

using Mu = M<XmmMemUnaligned>;

consteval Row sse3(Row r, Mandatory prefix) {
  return r.in(Map::TwoByte).when(prefix).needs(Feature::Sse3).with(kSse);
}
consteval Row p66(Row r) { return sse3(r, Mandatory::P66); }
consteval Row f2(Row r) { return sse3(r, Mandatory::F2); }
consteval Row f3(Row r) { return sse3(r, Mandatory::F3); }

constexpr std::array kSse3{
    f2(row<PackedUnary<movddup>, Vx, Wq>(0x12, "movddup")),
    f3(row<PackedUnary<movsldup>, Vx, Wx>(0x12, "movsldup")),
    f3(row<PackedUnary<movshdup>, Vx, Wx>(0x16, "movshdup")),
    p66(row<FloatingOf<addpd, kPackedDouble, evens_pd, odds_pd>, Vx, Wx>(0x7C, "haddpd")),
    f2(row<FloatingOf<addps, kPackedSingle, evens_ps, odds_ps>, Vx, Wx>(0x7C, "haddps")),
    p66(row<FloatingOf<subpd, kPackedDouble, evens_pd, odds_pd>, Vx, Wx>(0x7D, "hsubpd")),
    f2(row<FloatingOf<subps, kPackedSingle, evens_ps, odds_ps>, Vx, Wx>(0x7D, "hsubps")),
    p66(row<FloatingOf<addpd, kPackedDouble, addsub_left, addsubpd_right>, Vx, Wx>(0xD0, "addsubpd")),
    f2(row<FloatingOf<addps, kPackedSingle, addsub_left, addsubps_right>, Vx, Wx>(0xD0, "addsubps")),
    f2(row<MoveXmm, Vx, Mu>(0xF0, "lddqu")),
};

// Each has an MMX and an XMM form.
consteval Row xmm(Row r, Map map) { return r.in(map).when(Mandatory::P66).needs(Feature::Ssse3).with(kSse); }
consteval Row mmx(Row r, Map map) { return r.in(map).when(Mandatory::None).needs(Feature::Ssse3).with(kMmx); }
template <Xmm (*kXmm)(const Xmm&, const Xmm&), uint64_t (*kMmx)(uint64_t, uint64_t)>
consteval auto both(uint8_t opcode, const char* name) {
  return std::array{xmm(row<Packed<kXmm>, Vx, Wx>(opcode, name), Map::Map38),
                    mmx(row<OnMmx<PackedMmx<kMmx>>, Pq, Qq>(opcode, name), Map::Map38)};
}
template <Xmm (*kXmm)(const Xmm&), uint64_t (*kMmx)(uint64_t)>
consteval auto unary(uint8_t opcode, const char* name) {
  return std::array{xmm(row<PackedUnary<kXmm>, Vx, Wx>(opcode, name), Map::Map38),
                    mmx(row<OnMmx<UnaryMmx<kMmx>>, Pq, Qq>(opcode, name), Map::Map38)};
}

constexpr auto kSsse3 = concat(
    both<pshufb<Xmm>, pshufb<uint64_t>>(0x00, "pshufb"), both<phaddw<Xmm>, phaddw<uint64_t>>(0x01, "phaddw"),
    both<phaddd<Xmm>, phaddd<uint64_t>>(0x02, "phaddd"),
    both<phaddsw<Xmm>, phaddsw<uint64_t>>(0x03, "phaddsw"),
    both<pmaddubsw<Xmm>, pmaddubsw<uint64_t>>(0x04, "pmaddubsw"),
    both<phsubw<Xmm>, phsubw<uint64_t>>(0x05, "phsubw"), both<phsubd<Xmm>, phsubd<uint64_t>>(0x06, "phsubd"),
    both<phsubsw<Xmm>, phsubsw<uint64_t>>(0x07, "phsubsw"),
    both<psignb<Xmm>, psignb<uint64_t>>(0x08, "psignb"), both<psignw<Xmm>, psignw<uint64_t>>(0x09, "psignw"),
    both<psignd<Xmm>, psignd<uint64_t>>(0x0A, "psignd"),
    both<pmulhrsw<Xmm>, pmulhrsw<uint64_t>>(0x0B, "pmulhrsw"),
    unary<pabsb<Xmm>, pabsb<uint64_t>>(0x1C, "pabsb"), unary<pabsw<Xmm>, pabsw<uint64_t>>(0x1D, "pabsw"),
    unary<pabsd<Xmm>, pabsd<uint64_t>>(0x1E, "pabsd"),
    std::array{xmm(row<Shuffle2<palignr<Xmm>>, Vx, Wx, Ib>(0x0F, "palignr"), Map::Map3A),
               mmx(row<OnMmx<ShuffleMmx<palignr<uint64_t>>>, Pq, Qq, Ib>(0x0F, "palignr"), Map::Map3A)});

constexpr auto kRows = concat(kSse3, kSsse3);

}  // namespace

std::span<const Row> sse3_rows() { return kRows; }

}  // namespace ilse::cpu
