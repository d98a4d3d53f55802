// SSE4.1 and SSE4.2: SDM vol. 2D, tables.
#include "cpu/fpu/simd_sse41.h"
#include "cpu/fpu/sse_horizontal.h"
#include "cpu/isa/rows.h"
#include "cpu/sem/bits.h"
#include "cpu/sem/simd_more.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using namespace simd;
using enum SseRounds;

consteval Row in38(Row r) { return r.in(Map::Map38).when(Mandatory::P66).needs(Feature::Sse41).with(kSse); }
consteval Row in3a(Row r) { return in38(r).in(Map::Map3A); }
consteval Row sse42(Row r) { return r.needs(Feature::Sse42); }

constexpr std::array kInteger{
    in38(row<PackedTernary<blend_by_sign<uint8_t>>, Vx, Wx, XMM0>(0x10, "pblendvb")),
    in38(row<PackedTernary<blend_by_sign<uint32_t>>, Vx, Wx, XMM0>(0x14, "blendvps")),
    in38(row<PackedTernary<blend_by_sign<uint64_t>>, Vx, Wx, XMM0>(0x15, "blendvpd")),
    in38(row<TestToFlags<~0ull>, Vx, Wx>(0x17, "ptest")).writes(kOSZAPC),
    in38(row<PackedUnary<widened<int16_t, int8_t>>, Vx, Wq>(0x20, "pmovsxbw")),
    in38(row<PackedUnary<widened<int32_t, int8_t>>, Vx, Wd>(0x21, "pmovsxbd")),
    in38(row<PackedUnary<widened<int64_t, int8_t>>, Vx, Ww>(0x22, "pmovsxbq")),
    in38(row<PackedUnary<widened<int32_t, int16_t>>, Vx, Wq>(0x23, "pmovsxwd")),
    in38(row<PackedUnary<widened<int64_t, int16_t>>, Vx, Wd>(0x24, "pmovsxwq")),
    in38(row<PackedUnary<widened<int64_t, int32_t>>, Vx, Wq>(0x25, "pmovsxdq")),
    in38(row<Packed<pmuldq>, Vx, Wx>(0x28, "pmuldq")),
    in38(row<Packed<pcmpeqq>, Vx, Wx>(0x29, "pcmpeqq")),
    in38(row<MoveXmm, Vx, Mx>(0x2A, "movntdqa")),
    in38(row<Packed<packusdw>, Vx, Wx>(0x2B, "packusdw")),
    in38(row<PackedUnary<widened<uint16_t, uint8_t>>, Vx, Wq>(0x30, "pmovzxbw")),
    in38(row<PackedUnary<widened<uint32_t, uint8_t>>, Vx, Wd>(0x31, "pmovzxbd")),
    in38(row<PackedUnary<widened<uint64_t, uint8_t>>, Vx, Ww>(0x32, "pmovzxbq")),
    in38(row<PackedUnary<widened<uint32_t, uint16_t>>, Vx, Wq>(0x33, "pmovzxwd")),
    in38(row<PackedUnary<widened<uint64_t, uint16_t>>, Vx, Wd>(0x34, "pmovzxwq")),
    in38(row<PackedUnary<widened<uint64_t, uint32_t>>, Vx, Wq>(0x35, "pmovzxdq")),
    sse42(in38(row<Packed<pcmpgtq>, Vx, Wx>(0x37, "pcmpgtq"))),
    in38(row<Packed<minimum<int8_t>>, Vx, Wx>(0x38, "pminsb")),
    in38(row<Packed<minimum<int32_t>>, Vx, Wx>(0x39, "pminsd")),
    in38(row<Packed<minimum<uint16_t>>, Vx, Wx>(0x3A, "pminuw")),
    in38(row<Packed<minimum<uint32_t>>, Vx, Wx>(0x3B, "pminud")),
    in38(row<Packed<maximum<int8_t>>, Vx, Wx>(0x3C, "pmaxsb")),
    in38(row<Packed<maximum<int32_t>>, Vx, Wx>(0x3D, "pmaxsd")),
    in38(row<Packed<maximum<uint16_t>>, Vx, Wx>(0x3E, "pmaxuw")),
    in38(row<Packed<maximum<uint32_t>>, Vx, Wx>(0x3F, "pmaxud")),
    in38(row<Packed<pmulld>, Vx, Wx>(0x40, "pmulld")),
    in38(row<PackedUnary<phminposuw>, Vx, Wx>(0x41, "phminposuw")),
    in3a(row<Shuffle2<blend<uint32_t>>, Vx, Wx, Ib>(0x0C, "blendps")),
    in3a(row<Shuffle2<blend<uint64_t>>, Vx, Wx, Ib>(0x0D, "blendpd")),
    in3a(row<Shuffle2<blend<uint16_t>>, Vx, Wx, Ib>(0x0E, "pblendw")),
    in3a(row<Shuffle2<mpsadbw>, Vx, Wx, Ib>(0x42, "mpsadbw")),
    in3a(row<Extract<uint8_t>, Ed, Vx, Ib>(0x14, "pextrb").with(kRegOnly)),
    in3a(row<Extract<uint8_t>, Mb, Vx, Ib>(0x14, "pextrb")),
    in3a(row<Pextrw, Ed, Vx, Ib>(0x15, "pextrw").with(kRegOnly)),
    in3a(row<Pextrw, Mw, Vx, Ib>(0x15, "pextrw")),
    in3a(row<Extract<void>, Ey, Vx, Ib>(0x16, "pextrd")),
    in3a(row<Extract<uint32_t>, Ed, Vx, Ib>(0x17, "extractps")),
    in3a(row<Insert<uint8_t>, Vx, Ed, Ib>(0x20, "pinsrb").with(kRegOnly)),
    in3a(row<Insert<uint8_t>, Vx, Mb, Ib>(0x20, "pinsrb")),
    in3a(row<Insertps, Vx, Wd, Ib>(0x21, "insertps")),
    in3a(row<Insert<void>, Vx, Ey, Ib>(0x22, "pinsrd")),
};

constexpr std::array kFloating{
    in3a(row<FloatingUnaryImm<round_packed<uint32_t>>, Vx, Wx, Ib>(0x08, "roundps")),
    in3a(row<FloatingUnaryImm<round_packed<uint64_t>>, Vx, Wx, Ib>(0x09, "roundpd")),
    in3a(row<FloatingImm<round_low<uint32_t>>, Vx, Wd, Ib>(0x0A, "roundss")),
    in3a(row<FloatingImm<round_low<uint64_t>>, Vx, Wq, Ib>(0x0B, "roundsd")),
    in3a(row<DotProduct<uint32_t>, Vx, Wx, Ib>(0x40, "dpps")),
    in3a(row<DotProduct<uint64_t>, Vx, Wx, Ib>(0x41, "dppd")),
};

constexpr std::array kStrings{
    sse42(in3a(row<CompareStrings<true>, XMM0, Vx, Wu, Ib>(0x60, "pcmpestrm"))).writes(kOSZAPC),
    sse42(in3a(row<CompareStrings<true>, Vx, Wu, Ib>(0x61, "pcmpestri"))).writes(kOSZAPC),
    sse42(in3a(row<CompareStrings<false>, XMM0, Vx, Wu, Ib>(0x62, "pcmpistrm"))).writes(kOSZAPC),
    sse42(in3a(row<CompareStrings<false>, Vx, Wu, Ib>(0x63, "pcmpistri"))).writes(kOSZAPC),
    row<Crc32, Gy, Eb>(0xF0, "crc32").in(Map::Map38).when(Mandatory::F2).needs(Feature::Sse42),
    row<Crc32, Gy, Ev>(0xF1, "crc32").in(Map::Map38).when(Mandatory::F2).needs(Feature::Sse42),
};

constexpr auto kRows = concat(kInteger, kFloating, kStrings);

}  // namespace

std::span<const Row> sse4_rows() { return kRows; }

}  // namespace ilse::cpu
