// AVX and AVX2 integer arithmetic, logic and shifts; SDM vol. 2D, tables. The meanings are those
// of the legacy forms; the first source is VEX.vvvv's.
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

constexpr std::array kArithmetic{
    op(row<Packed<pcmpgtb>, Vl, Hl, Wl>(0x64, "vpcmpgtb")),
    op(row<Packed<pcmpgtw>, Vl, Hl, Wl>(0x65, "vpcmpgtw")),
    op(row<Packed<pcmpgtd>, Vl, Hl, Wl>(0x66, "vpcmpgtd")),
    op(row<Packed<pcmpeqb>, Vl, Hl, Wl>(0x74, "vpcmpeqb")),
    op(row<Packed<pcmpeqw>, Vl, Hl, Wl>(0x75, "vpcmpeqw")),
    op(row<Packed<pcmpeqd>, Vl, Hl, Wl>(0x76, "vpcmpeqd")),
    op(row<Packed<psrlw>, Vl, Hl, Wo>(0xD1, "vpsrlw")),
    op(row<Packed<psrld>, Vl, Hl, Wo>(0xD2, "vpsrld")),
    op(row<Packed<psrlq>, Vl, Hl, Wo>(0xD3, "vpsrlq")),
    op(row<Packed<paddq>, Vl, Hl, Wl>(0xD4, "vpaddq")),
    op(row<Packed<pmullw>, Vl, Hl, Wl>(0xD5, "vpmullw")),
    op(row<Packed<psubusb>, Vl, Hl, Wl>(0xD8, "vpsubusb")),
    op(row<Packed<psubusw>, Vl, Hl, Wl>(0xD9, "vpsubusw")),
    op(row<Packed<pminub>, Vl, Hl, Wl>(0xDA, "vpminub")),
    op(row<Packed<pand>, Vl, Hl, Wl>(0xDB, "vpand")),
    op(row<Packed<paddusb>, Vl, Hl, Wl>(0xDC, "vpaddusb")),
    op(row<Packed<paddusw>, Vl, Hl, Wl>(0xDD, "vpaddusw")),
    op(row<Packed<pmaxub>, Vl, Hl, Wl>(0xDE, "vpmaxub")),
    op(row<Packed<pandn>, Vl, Hl, Wl>(0xDF, "vpandn")),
    op(row<Packed<pavgb>, Vl, Hl, Wl>(0xE0, "vpavgb")),
    op(row<Packed<psraw>, Vl, Hl, Wo>(0xE1, "vpsraw")),
    op(row<Packed<psrad>, Vl, Hl, Wo>(0xE2, "vpsrad")),
    op(row<Packed<pavgw>, Vl, Hl, Wl>(0xE3, "vpavgw")),
    op(row<Packed<pmulhuw>, Vl, Hl, Wl>(0xE4, "vpmulhuw")),
    op(row<Packed<pmulhw>, Vl, Hl, Wl>(0xE5, "vpmulhw")),
    op(row<Packed<psubsb>, Vl, Hl, Wl>(0xE8, "vpsubsb")),
    op(row<Packed<psubsw>, Vl, Hl, Wl>(0xE9, "vpsubsw")),
    op(row<Packed<pminsw>, Vl, Hl, Wl>(0xEA, "vpminsw")),
    op(row<Packed<por>, Vl, Hl, Wl>(0xEB, "vpor")),
    op(row<Packed<paddsb>, Vl, Hl, Wl>(0xEC, "vpaddsb")),
    op(row<Packed<paddsw>, Vl, Hl, Wl>(0xED, "vpaddsw")),
    op(row<Packed<pmaxsw>, Vl, Hl, Wl>(0xEE, "vpmaxsw")),
    op(row<Packed<pxor>, Vl, Hl, Wl>(0xEF, "vpxor")),
    op(row<Packed<psllw>, Vl, Hl, Wo>(0xF1, "vpsllw")),
    op(row<Packed<pslld>, Vl, Hl, Wo>(0xF2, "vpslld")),
    op(row<Packed<psllq>, Vl, Hl, Wo>(0xF3, "vpsllq")),
    op(row<Packed<pmuludq>, Vl, Hl, Wl>(0xF4, "vpmuludq")),
    op(row<Packed<pmaddwd>, Vl, Hl, Wl>(0xF5, "vpmaddwd")),
    op(row<Packed<psadbw>, Vl, Hl, Wl>(0xF6, "vpsadbw")),
    op(row<Packed<psubb>, Vl, Hl, Wl>(0xF8, "vpsubb")),
    op(row<Packed<psubw>, Vl, Hl, Wl>(0xF9, "vpsubw")),
    op(row<Packed<psubd>, Vl, Hl, Wl>(0xFA, "vpsubd")),
    op(row<Packed<psubq>, Vl, Hl, Wl>(0xFB, "vpsubq")),
    op(row<Packed<paddb>, Vl, Hl, Wl>(0xFC, "vpaddb")),
    op(row<Packed<paddw>, Vl, Hl, Wl>(0xFD, "vpaddw")),
    op(row<Packed<paddd>, Vl, Hl, Wl>(0xFE, "vpaddd")),
};

constexpr std::array kShiftsByImmediate{
    op(row<PackedShift<psrlw>, Hl, Wl, Ib>(0x71, "vpsrlw").group(2).with(kRegOnly)),
    op(row<PackedShift<psraw>, Hl, Wl, Ib>(0x71, "vpsraw").group(4).with(kRegOnly)),
    op(row<PackedShift<psllw>, Hl, Wl, Ib>(0x71, "vpsllw").group(6).with(kRegOnly)),
    op(row<PackedShift<psrld>, Hl, Wl, Ib>(0x72, "vpsrld").group(2).with(kRegOnly)),
    op(row<PackedShift<psrad>, Hl, Wl, Ib>(0x72, "vpsrad").group(4).with(kRegOnly)),
    op(row<PackedShift<pslld>, Hl, Wl, Ib>(0x72, "vpslld").group(6).with(kRegOnly)),
    op(row<PackedShift<psrlq>, Hl, Wl, Ib>(0x73, "vpsrlq").group(2).with(kRegOnly)),
    op(row<PackedShift<psllq>, Hl, Wl, Ib>(0x73, "vpsllq").group(6).with(kRegOnly)),
    op(row<ByteShift<psrldq>, Hl, Wl, Ib>(0x73, "vpsrldq").group(3).with(kRegOnly)),
    op(row<ByteShift<pslldq>, Hl, Wl, Ib>(0x73, "vpslldq").group(7).with(kRegOnly)),
};

// With SSSE3 and SSE4's.
constexpr std::array kMore{
    in38(row<Packed<pmuldq>, Vl, Hl, Wl>(0x28, "vpmuldq")),
    in38(row<Packed<pcmpeqq>, Vl, Hl, Wl>(0x29, "vpcmpeqq")),
    in38(row<Packed<pcmpgtq>, Vl, Hl, Wl>(0x37, "vpcmpgtq")),
    in38(row<Packed<minimum<int8_t>>, Vl, Hl, Wl>(0x38, "vpminsb")),
    in38(row<Packed<minimum<int32_t>>, Vl, Hl, Wl>(0x39, "vpminsd")),
    in38(row<Packed<minimum<uint16_t>>, Vl, Hl, Wl>(0x3A, "vpminuw")),
    in38(row<Packed<minimum<uint32_t>>, Vl, Hl, Wl>(0x3B, "vpminud")),
    in38(row<Packed<maximum<int8_t>>, Vl, Hl, Wl>(0x3C, "vpmaxsb")),
    in38(row<Packed<maximum<int32_t>>, Vl, Hl, Wl>(0x3D, "vpmaxsd")),
    in38(row<Packed<maximum<uint16_t>>, Vl, Hl, Wl>(0x3E, "vpmaxuw")),
    in38(row<Packed<maximum<uint32_t>>, Vl, Hl, Wl>(0x3F, "vpmaxud")),
    in38(row<Packed<pmulld>, Vl, Hl, Wl>(0x40, "vpmulld")),
    in38(row<Packed<phaddw<Xmm>>, Vl, Hl, Wl>(0x01, "vphaddw")),
    in38(row<Packed<phaddd<Xmm>>, Vl, Hl, Wl>(0x02, "vphaddd")),
    in38(row<Packed<phaddsw<Xmm>>, Vl, Hl, Wl>(0x03, "vphaddsw")),
    in38(row<Packed<pmaddubsw<Xmm>>, Vl, Hl, Wl>(0x04, "vpmaddubsw")),
    in38(row<Packed<phsubw<Xmm>>, Vl, Hl, Wl>(0x05, "vphsubw")),
    in38(row<Packed<phsubd<Xmm>>, Vl, Hl, Wl>(0x06, "vphsubd")),
    in38(row<Packed<phsubsw<Xmm>>, Vl, Hl, Wl>(0x07, "vphsubsw")),
    in38(row<Packed<psignb<Xmm>>, Vl, Hl, Wl>(0x08, "vpsignb")),
    in38(row<Packed<psignw<Xmm>>, Vl, Hl, Wl>(0x09, "vpsignw")),
    in38(row<Packed<psignd<Xmm>>, Vl, Hl, Wl>(0x0A, "vpsignd")),
    in38(row<Packed<pmulhrsw<Xmm>>, Vl, Hl, Wl>(0x0B, "vpmulhrsw")),
    in38(row<PackedUnary<pabsb<Xmm>>, Vl, Wl>(0x1C, "vpabsb")),
    in38(row<PackedUnary<pabsw<Xmm>>, Vl, Wl>(0x1D, "vpabsw")),
    in38(row<PackedUnary<pabsd<Xmm>>, Vl, Wl>(0x1E, "vpabsd")),
    in38(row<PackedUnary<phminposuw>, Vo, Wo>(0x41, "vphminposuw")).only(VexL::L0),
    in38(row<TestToFlags<~0ull>, Vl, Wl>(0x17, "vptest").writes(kOSZAPC)).needs_for_256(Feature::Avx),
    in3a(row<Shuffle2<mpsadbw, 3>, Vl, Hl, Wl, Ib>(0x42, "vmpsadbw")),
};

consteval Row avx2(Row r, VexW w) { return in38(r).needs(Feature::Avx2).only(w); }
constexpr std::array kShiftsByElement{
    avx2(row<Packed<shift_right_each<uint32_t>>, Vl, Hl, Wl>(0x45, "vpsrlvd"), VexW::W0),
    avx2(row<Packed<shift_right_each<uint64_t>>, Vl, Hl, Wl>(0x45, "vpsrlvq"), VexW::W1),
    avx2(row<Packed<shift_sign_each>, Vl, Hl, Wl>(0x46, "vpsravd"), VexW::W0),
    avx2(row<Packed<shift_left_each<uint32_t>>, Vl, Hl, Wl>(0x47, "vpsllvd"), VexW::W0),
    avx2(row<Packed<shift_left_each<uint64_t>>, Vl, Hl, Wl>(0x47, "vpsllvq"), VexW::W1),
};

constexpr auto kRows = concat(kArithmetic, kShiftsByImmediate, kMore, kShiftsByElement);

}  // namespace

std::span<const Row> avx_integer_rows() { return kRows; }

}  // namespace ilse::cpu
