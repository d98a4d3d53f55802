// MMX, and what SSE and SSE2 added to it: SDM vol. 2D, table A-3 without a mandatory prefix, groups 12 to 14.
#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"
#include "cpu/sem/simd.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using namespace simd;

consteval Row mmx(Row r) { return r.in(Map::TwoByte).when(Mandatory::None).needs(Feature::Mmx).with(kMmx); }
consteval Row sse(Row r) { return mmx(r).needs(Feature::Sse); }
consteval Row sse2(Row r) { return mmx(r).needs(Feature::Sse2); }

constexpr std::array kArithmetic{
    mmx(row<OnMmx<PackedMmx<punpcklbw>>, Pq, Qd>(0x60, "punpcklbw")),
    mmx(row<OnMmx<PackedMmx<punpcklwd>>, Pq, Qd>(0x61, "punpcklwd")),
    mmx(row<OnMmx<PackedMmx<punpckldq>>, Pq, Qd>(0x62, "punpckldq")),
    mmx(row<OnMmx<PackedMmx<packsswb>>, Pq, Qq>(0x63, "packsswb")),
    mmx(row<OnMmx<PackedMmx<pcmpgtb>>, Pq, Qq>(0x64, "pcmpgtb")),
    mmx(row<OnMmx<PackedMmx<pcmpgtw>>, Pq, Qq>(0x65, "pcmpgtw")),
    mmx(row<OnMmx<PackedMmx<pcmpgtd>>, Pq, Qq>(0x66, "pcmpgtd")),
    mmx(row<OnMmx<PackedMmx<packuswb>>, Pq, Qq>(0x67, "packuswb")),
    mmx(row<OnMmx<PackedMmx<punpckhbw>>, Pq, Qq>(0x68, "punpckhbw")),
    mmx(row<OnMmx<PackedMmx<punpckhwd>>, Pq, Qq>(0x69, "punpckhwd")),
    mmx(row<OnMmx<PackedMmx<punpckhdq>>, Pq, Qq>(0x6A, "punpckhdq")),
    mmx(row<OnMmx<PackedMmx<packssdw>>, Pq, Qq>(0x6B, "packssdw")),
    mmx(row<OnMmx<PackedMmx<pcmpeqb>>, Pq, Qq>(0x74, "pcmpeqb")),
    mmx(row<OnMmx<PackedMmx<pcmpeqw>>, Pq, Qq>(0x75, "pcmpeqw")),
    mmx(row<OnMmx<PackedMmx<pcmpeqd>>, Pq, Qq>(0x76, "pcmpeqd")),
    mmx(row<OnMmx<PackedMmx<psrlw>>, Pq, Qq>(0xD1, "psrlw")),
    mmx(row<OnMmx<PackedMmx<psrld>>, Pq, Qq>(0xD2, "psrld")),
    mmx(row<OnMmx<PackedMmx<psrlq>>, Pq, Qq>(0xD3, "psrlq")),
    sse2(row<OnMmx<PackedMmx<paddq>>, Pq, Qq>(0xD4, "paddq")),
    mmx(row<OnMmx<PackedMmx<pmullw>>, Pq, Qq>(0xD5, "pmullw")),
    mmx(row<OnMmx<PackedMmx<psubusb>>, Pq, Qq>(0xD8, "psubusb")),
    mmx(row<OnMmx<PackedMmx<psubusw>>, Pq, Qq>(0xD9, "psubusw")),
    sse(row<OnMmx<PackedMmx<pminub>>, Pq, Qq>(0xDA, "pminub")),
    mmx(row<OnMmx<PackedMmx<pand>>, Pq, Qq>(0xDB, "pand")),
    mmx(row<OnMmx<PackedMmx<paddusb>>, Pq, Qq>(0xDC, "paddusb")),
    mmx(row<OnMmx<PackedMmx<paddusw>>, Pq, Qq>(0xDD, "paddusw")),
    sse(row<OnMmx<PackedMmx<pmaxub>>, Pq, Qq>(0xDE, "pmaxub")),
    mmx(row<OnMmx<PackedMmx<pandn>>, Pq, Qq>(0xDF, "pandn")),
    sse(row<OnMmx<PackedMmx<pavgb>>, Pq, Qq>(0xE0, "pavgb")),
    mmx(row<OnMmx<PackedMmx<psraw>>, Pq, Qq>(0xE1, "psraw")),
    mmx(row<OnMmx<PackedMmx<psrad>>, Pq, Qq>(0xE2, "psrad")),
    sse(row<OnMmx<PackedMmx<pavgw>>, Pq, Qq>(0xE3, "pavgw")),
    sse(row<OnMmx<PackedMmx<pmulhuw>>, Pq, Qq>(0xE4, "pmulhuw")),
    mmx(row<OnMmx<PackedMmx<pmulhw>>, Pq, Qq>(0xE5, "pmulhw")),
    mmx(row<OnMmx<PackedMmx<psubsb>>, Pq, Qq>(0xE8, "psubsb")),
    mmx(row<OnMmx<PackedMmx<psubsw>>, Pq, Qq>(0xE9, "psubsw")),
    sse(row<OnMmx<PackedMmx<pminsw>>, Pq, Qq>(0xEA, "pminsw")),
    mmx(row<OnMmx<PackedMmx<por>>, Pq, Qq>(0xEB, "por")),
    mmx(row<OnMmx<PackedMmx<paddsb>>, Pq, Qq>(0xEC, "paddsb")),
    mmx(row<OnMmx<PackedMmx<paddsw>>, Pq, Qq>(0xED, "paddsw")),
    sse(row<OnMmx<PackedMmx<pmaxsw>>, Pq, Qq>(0xEE, "pmaxsw")),
    mmx(row<OnMmx<PackedMmx<pxor>>, Pq, Qq>(0xEF, "pxor")),
    mmx(row<OnMmx<PackedMmx<psllw>>, Pq, Qq>(0xF1, "psllw")),
    mmx(row<OnMmx<PackedMmx<pslld>>, Pq, Qq>(0xF2, "pslld")),
    mmx(row<OnMmx<PackedMmx<psllq>>, Pq, Qq>(0xF3, "psllq")),
    sse2(row<OnMmx<PackedMmx<pmuludq>>, Pq, Qq>(0xF4, "pmuludq")),
    mmx(row<OnMmx<PackedMmx<pmaddwd>>, Pq, Qq>(0xF5, "pmaddwd")),
    sse(row<OnMmx<PackedMmx<psadbw>>, Pq, Qq>(0xF6, "psadbw")),
    mmx(row<OnMmx<PackedMmx<psubb>>, Pq, Qq>(0xF8, "psubb")),
    mmx(row<OnMmx<PackedMmx<psubw>>, Pq, Qq>(0xF9, "psubw")),
    mmx(row<OnMmx<PackedMmx<psubd>>, Pq, Qq>(0xFA, "psubd")),
    sse2(row<OnMmx<PackedMmx<psubq>>, Pq, Qq>(0xFB, "psubq")),
    mmx(row<OnMmx<PackedMmx<paddb>>, Pq, Qq>(0xFC, "paddb")),
    mmx(row<OnMmx<PackedMmx<paddw>>, Pq, Qq>(0xFD, "paddw")),
    mmx(row<OnMmx<PackedMmx<paddd>>, Pq, Qq>(0xFE, "paddd")),
};

constexpr std::array kShifts{
    mmx(row<OnMmx<PackedMmx<psrlw>>, Qq, Ib>(0x71, "psrlw").group(2).with(kRegOnly)),
    mmx(row<OnMmx<PackedMmx<psraw>>, Qq, Ib>(0x71, "psraw").group(4).with(kRegOnly)),
    mmx(row<OnMmx<PackedMmx<psllw>>, Qq, Ib>(0x71, "psllw").group(6).with(kRegOnly)),
    mmx(row<OnMmx<PackedMmx<psrld>>, Qq, Ib>(0x72, "psrld").group(2).with(kRegOnly)),
    mmx(row<OnMmx<PackedMmx<psrad>>, Qq, Ib>(0x72, "psrad").group(4).with(kRegOnly)),
    mmx(row<OnMmx<PackedMmx<pslld>>, Qq, Ib>(0x72, "pslld").group(6).with(kRegOnly)),
    mmx(row<OnMmx<PackedMmx<psrlq>>, Qq, Ib>(0x73, "psrlq").group(2).with(kRegOnly)),
    mmx(row<OnMmx<PackedMmx<psllq>>, Qq, Ib>(0x73, "psllq").group(6).with(kRegOnly)),
};

constexpr std::array kMoves{
    mmx(row<OnMmx<MoveMmx>, Pq, Ey>(0x6E, "movd")),
    mmx(row<OnMmx<MoveMmx>, Ey, Pq>(0x7E, "movd")),
    mmx(row<OnMmx<MoveMmx>, Pq, Qq>(0x6F, "movq")),
    mmx(row<OnMmx<MoveMmx>, Qq, Pq>(0x7F, "movq")),
    sse(row<OnMmx<MoveMmx>, Mq, Pq>(0xE7, "movntq")),
    sse(row<OnMmx<Pshufw>, Pq, Qq, Ib>(0x70, "pshufw")),
    sse(row<OnMmx<Pinsrw>, Pq, Ew, Ib>(0xC4, "pinsrw")),
    sse(row<OnMmx<Pextrw>, Gd, Qq, Ib>(0xC5, "pextrw").with(kRegOnly)),
    sse(row<OnMmx<PmovmskbMmx>, Gd, Qq>(0xD7, "pmovmskb").with(kRegOnly)),
    sse(helper<maskmovq, Pq, Qq>(0xF7, "maskmovq", kRegOnly)),
    mmx(row<Emms>(0x77, "emms")),
};

constexpr auto kRows = concat(kArithmetic, kShifts, kMoves);

}  // namespace

std::span<const Row> mmx_rows() { return kRows; }

}  // namespace ilse::cpu
