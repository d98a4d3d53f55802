// SSE and SSE2 on XMM registers: SDM vol. 2D, table A-3 and groups 12 to 14.
#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"
#include "cpu/sem/simd.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using namespace simd;
using enum SseRounds;

consteval Row in(Row r, Mandatory prefix, Feature f) {
  return r.in(Map::TwoByte).when(prefix).needs(f).with(kSse);
}
// By mandatory prefix: PS, PD, SS, SD forms.
consteval Row ps(Row r) { return in(r, Mandatory::None, Feature::Sse); }
consteval Row pd(Row r) { return in(r, Mandatory::P66, Feature::Sse2); }
consteval Row ss(Row r) { return in(r, Mandatory::F3, Feature::Sse); }
consteval Row sd(Row r) { return in(r, Mandatory::F2, Feature::Sse2); }
consteval Row f3(Row r) { return in(r, Mandatory::F3, Feature::Sse2); }

constexpr std::array kMoves{
    ps(row<MoveXmm, Vx, Wu>(0x10, "movups")),
    pd(row<MoveXmm, Vx, Wu>(0x10, "movupd")),
    ss(row<MoveScalar<uint32_t>, Vx, Wd>(0x10, "movss")),
    sd(row<MoveScalar<uint64_t>, Vx, Wq>(0x10, "movsd")),
    ps(row<MoveXmm, Wu, Vx>(0x11, "movups")),
    pd(row<MoveXmm, Wu, Vx>(0x11, "movupd")),
    ss(row<MoveScalar<uint32_t>, Wd, Vx>(0x11, "movss")),
    sd(row<MoveScalar<uint64_t>, Wq, Vx>(0x11, "movsd")),
    ps(row<LoadLow, Vx, Mq>(0x12, "movlps")),
    ps(row<Movhlps, Vx, Wx>(0x12, "movhlps").with(kRegOnly)),
    pd(row<LoadLow, Vx, Mq>(0x12, "movlpd")),
    ps(row<StoreLow, Mq, Vx>(0x13, "movlps")),
    pd(row<StoreLow, Mq, Vx>(0x13, "movlpd")),
    ps(row<LoadHigh, Vx, Mq>(0x16, "movhps")),
    ps(row<Movlhps, Vx, Wx>(0x16, "movlhps").with(kRegOnly)),
    pd(row<LoadHigh, Vx, Mq>(0x16, "movhpd")),
    ps(row<StoreHigh, Mq, Vx>(0x17, "movhps")),
    pd(row<StoreHigh, Mq, Vx>(0x17, "movhpd")),
    ps(row<MoveXmm, Vx, Wx>(0x28, "movaps")),
    pd(row<MoveXmm, Vx, Wx>(0x28, "movapd")),
    ps(row<MoveXmm, Wx, Vx>(0x29, "movaps")),
    pd(row<MoveXmm, Wx, Vx>(0x29, "movapd")),
    ps(row<MoveXmm, Mx, Vx>(0x2B, "movntps")),
    pd(row<MoveXmm, Mx, Vx>(0x2B, "movntpd")),
    pd(row<MoveXmm, Mx, Vx>(0xE7, "movntdq")),
    pd(row<MoveXmm, Vx, Wx>(0x6F, "movdqa")),
    f3(row<MoveXmm, Vx, Wu>(0x6F, "movdqu")),
    pd(row<MoveXmm, Wx, Vx>(0x7F, "movdqa")),
    f3(row<MoveXmm, Wu, Vx>(0x7F, "movdqu")),
    pd(row<MoveFromGpr, Vx, Ey>(0x6E, "movd")),
    pd(row<MoveToGpr, Ey, Vx>(0x7E, "movd")),
    f3(row<MoveQ, Vx, Wq>(0x7E, "movq")),
    pd(row<MoveQ, Wq, Vx>(0xD6, "movq")),
    ps(row<Mask<movmskps, 4>, Gd, Wx>(0x50, "movmskps").with(kRegOnly)),
    pd(row<Mask<movmskpd, 2>, Gd, Wx>(0x50, "movmskpd").with(kRegOnly)),
};

constexpr std::array kInteger{
    pd(row<Packed<punpcklbw>, Vx, Wx>(0x60, "punpcklbw")),
    pd(row<Packed<punpcklwd>, Vx, Wx>(0x61, "punpcklwd")),
    pd(row<Packed<punpckldq>, Vx, Wx>(0x62, "punpckldq")),
    pd(row<Packed<packsswb>, Vx, Wx>(0x63, "packsswb")),
    pd(row<Packed<pcmpgtb>, Vx, Wx>(0x64, "pcmpgtb")),
    pd(row<Packed<pcmpgtw>, Vx, Wx>(0x65, "pcmpgtw")),
    pd(row<Packed<pcmpgtd>, Vx, Wx>(0x66, "pcmpgtd")),
    pd(row<Packed<packuswb>, Vx, Wx>(0x67, "packuswb")),
    pd(row<Packed<punpckhbw>, Vx, Wx>(0x68, "punpckhbw")),
    pd(row<Packed<punpckhwd>, Vx, Wx>(0x69, "punpckhwd")),
    pd(row<Packed<punpckhdq>, Vx, Wx>(0x6A, "punpckhdq")),
    pd(row<Packed<packssdw>, Vx, Wx>(0x6B, "packssdw")),
    pd(row<Packed<pcmpeqb>, Vx, Wx>(0x74, "pcmpeqb")),
    pd(row<Packed<pcmpeqw>, Vx, Wx>(0x75, "pcmpeqw")),
    pd(row<Packed<pcmpeqd>, Vx, Wx>(0x76, "pcmpeqd")),
    pd(row<Packed<psrlw>, Vx, Wx>(0xD1, "psrlw")),
    pd(row<Packed<psrld>, Vx, Wx>(0xD2, "psrld")),
    pd(row<Packed<psrlq>, Vx, Wx>(0xD3, "psrlq")),
    pd(row<Packed<paddq>, Vx, Wx>(0xD4, "paddq")),
    pd(row<Packed<pmullw>, Vx, Wx>(0xD5, "pmullw")),
    pd(row<Packed<psubusb>, Vx, Wx>(0xD8, "psubusb")),
    pd(row<Packed<psubusw>, Vx, Wx>(0xD9, "psubusw")),
    pd(row<Packed<pminub>, Vx, Wx>(0xDA, "pminub")),
    pd(row<Packed<pand>, Vx, Wx>(0xDB, "pand")),
    pd(row<Packed<paddusb>, Vx, Wx>(0xDC, "paddusb")),
    pd(row<Packed<paddusw>, Vx, Wx>(0xDD, "paddusw")),
    pd(row<Packed<pmaxub>, Vx, Wx>(0xDE, "pmaxub")),
    pd(row<Packed<pandn>, Vx, Wx>(0xDF, "pandn")),
    pd(row<Packed<pavgb>, Vx, Wx>(0xE0, "pavgb")),
    pd(row<Packed<psraw>, Vx, Wx>(0xE1, "psraw")),
    pd(row<Packed<psrad>, Vx, Wx>(0xE2, "psrad")),
    pd(row<Packed<pavgw>, Vx, Wx>(0xE3, "pavgw")),
    pd(row<Packed<pmulhuw>, Vx, Wx>(0xE4, "pmulhuw")),
    pd(row<Packed<pmulhw>, Vx, Wx>(0xE5, "pmulhw")),
    pd(row<Packed<psubsb>, Vx, Wx>(0xE8, "psubsb")),
    pd(row<Packed<psubsw>, Vx, Wx>(0xE9, "psubsw")),
    pd(row<Packed<pminsw>, Vx, Wx>(0xEA, "pminsw")),
    pd(row<Packed<por>, Vx, Wx>(0xEB, "por")),
    pd(row<Packed<paddsb>, Vx, Wx>(0xEC, "paddsb")),
    pd(row<Packed<paddsw>, Vx, Wx>(0xED, "paddsw")),
    pd(row<Packed<pmaxsw>, Vx, Wx>(0xEE, "pmaxsw")),
    pd(row<Packed<pxor>, Vx, Wx>(0xEF, "pxor")),
    pd(row<Packed<psllw>, Vx, Wx>(0xF1, "psllw")),
    pd(row<Packed<pslld>, Vx, Wx>(0xF2, "pslld")),
    pd(row<Packed<psllq>, Vx, Wx>(0xF3, "psllq")),
    pd(row<Packed<pmuludq>, Vx, Wx>(0xF4, "pmuludq")),
    pd(row<Packed<pmaddwd>, Vx, Wx>(0xF5, "pmaddwd")),
    pd(row<Packed<psadbw>, Vx, Wx>(0xF6, "psadbw")),
    pd(row<Packed<psubb>, Vx, Wx>(0xF8, "psubb")),
    pd(row<Packed<psubw>, Vx, Wx>(0xF9, "psubw")),
    pd(row<Packed<psubd>, Vx, Wx>(0xFA, "psubd")),
    pd(row<Packed<psubq>, Vx, Wx>(0xFB, "psubq")),
    pd(row<Packed<paddb>, Vx, Wx>(0xFC, "paddb")),
    pd(row<Packed<paddw>, Vx, Wx>(0xFD, "paddw")),
    pd(row<Packed<paddd>, Vx, Wx>(0xFE, "paddd")),
    pd(row<Packed<punpcklqdq>, Vx, Wx>(0x6C, "punpcklqdq")),
    pd(row<Packed<punpckhqdq>, Vx, Wx>(0x6D, "punpckhqdq")),
    pd(row<PackedShift<psrlw>, Wx, Ib>(0x71, "psrlw").group(2).with(kRegOnly)),
    pd(row<PackedShift<psraw>, Wx, Ib>(0x71, "psraw").group(4).with(kRegOnly)),
    pd(row<PackedShift<psllw>, Wx, Ib>(0x71, "psllw").group(6).with(kRegOnly)),
    pd(row<PackedShift<psrld>, Wx, Ib>(0x72, "psrld").group(2).with(kRegOnly)),
    pd(row<PackedShift<psrad>, Wx, Ib>(0x72, "psrad").group(4).with(kRegOnly)),
    pd(row<PackedShift<pslld>, Wx, Ib>(0x72, "pslld").group(6).with(kRegOnly)),
    pd(row<PackedShift<psrlq>, Wx, Ib>(0x73, "psrlq").group(2).with(kRegOnly)),
    pd(row<PackedShift<psllq>, Wx, Ib>(0x73, "psllq").group(6).with(kRegOnly)),
    pd(row<ByteShift<psrldq>, Wx, Ib>(0x73, "psrldq").group(3).with(kRegOnly)),
    pd(row<ByteShift<pslldq>, Wx, Ib>(0x73, "pslldq").group(7).with(kRegOnly)),
    pd(row<Shuffle<pshufd>, Vx, Wx, Ib>(0x70, "pshufd")),
    f3(row<Shuffle<pshufhw>, Vx, Wx, Ib>(0x70, "pshufhw")),
    sd(row<Shuffle<pshuflw>, Vx, Wx, Ib>(0x70, "pshuflw")),
    pd(row<Pinsrw, Vx, Ew, Ib>(0xC4, "pinsrw")),
    pd(row<Pextrw, Gd, Wx, Ib>(0xC5, "pextrw").with(kRegOnly)),
    pd(row<Mask<pmovmskb>, Gd, Wx>(0xD7, "pmovmskb").with(kRegOnly)),
    pd(helper<maskmovdqu, Vx, Wx>(0xF7, "maskmovdqu", kRegOnly)),
    f3(row<OnMmx<Movq2dq>, Vx, Qq>(0xD6, "movq2dq").with(kRegOnly)),
    sd(row<OnMmx<Movdq2q>, Pq, Wx>(0xD6, "movdq2q").with(kRegOnly)),
};

// The four forms of an operation that rounds.
template <XmmBinary PS, XmmBinary PD, XmmBinary SS, XmmBinary SD>
consteval auto rounding(uint8_t opcode, const char* const (&names)[4]) {
  return std::array{ps(row<Floating<PS, kPackedSingle>, Vx, Wx>(opcode, names[0])),
                    pd(row<Floating<PD, kPackedDouble>, Vx, Wx>(opcode, names[1])),
                    ss(row<Floating<SS, kScalarSingle>, Vx, Wd>(opcode, names[2])),
                    sd(row<Floating<SD, kScalarDouble>, Vx, Wq>(opcode, names[3]))};
}
// Minimum and maximum.
template <XmmBinary PS, XmmBinary PD, XmmBinary SS, XmmBinary SD>
consteval auto choosing(uint8_t opcode, const char* const (&names)[4]) {
  return std::array{ps(row<Floating<PS, kNothing>, Vx, Wx>(opcode, names[0])),
                    pd(row<Floating<PD, kNothing>, Vx, Wx>(opcode, names[1])),
                    ss(row<Floating<SS, kNothing>, Vx, Wd>(opcode, names[2])),
                    sd(row<Floating<SD, kNothing>, Vx, Wq>(opcode, names[3]))};
}

constexpr auto kArithmetic =
    concat(rounding<addps, addpd, addss, addsd>(0x58, {"addps", "addpd", "addss", "addsd"}),
           rounding<mulps, mulpd, mulss, mulsd>(0x59, {"mulps", "mulpd", "mulss", "mulsd"}),
           rounding<subps, subpd, subss, subsd>(0x5C, {"subps", "subpd", "subss", "subsd"}),
           rounding<divps, divpd, divss, divsd>(0x5E, {"divps", "divpd", "divss", "divsd"}),
           choosing<minps, minpd, minss, minsd>(0x5D, {"minps", "minpd", "minss", "minsd"}),
           choosing<maxps, maxpd, maxss, maxsd>(0x5F, {"maxps", "maxpd", "maxss", "maxsd"}));

constexpr std::array kFloating{
    ps(row<FloatingUnary<sqrtps, kNothing>, Vx, Wx>(0x51, "sqrtps")),
    pd(row<FloatingUnary<sqrtpd, kNothing>, Vx, Wx>(0x51, "sqrtpd")),
    ss(row<Floating<sqrtss, kNothing>, Vx, Wd>(0x51, "sqrtss")),
    sd(row<Floating<sqrtsd, kNothing>, Vx, Wq>(0x51, "sqrtsd")),
    ps(row<FloatingUnary<rsqrtps, kNothing>, Vx, Wx>(0x52, "rsqrtps")),
    ss(row<Floating<rsqrtss, kNothing>, Vx, Wd>(0x52, "rsqrtss")),
    ps(row<FloatingUnary<rcpps, kNothing>, Vx, Wx>(0x53, "rcpps")),
    ss(row<Floating<rcpss, kNothing>, Vx, Wd>(0x53, "rcpss")),
    ps(row<Packed<pand>, Vx, Wx>(0x54, "andps")),
    pd(row<Packed<pand>, Vx, Wx>(0x54, "andpd")),
    ps(row<Packed<pandn>, Vx, Wx>(0x55, "andnps")),
    pd(row<Packed<pandn>, Vx, Wx>(0x55, "andnpd")),
    ps(row<Packed<por>, Vx, Wx>(0x56, "orps")),
    pd(row<Packed<por>, Vx, Wx>(0x56, "orpd")),
    ps(row<Packed<pxor>, Vx, Wx>(0x57, "xorps")),
    pd(row<Packed<pxor>, Vx, Wx>(0x57, "xorpd")),
    ps(row<Packed<unpcklps>, Vx, Wx>(0x14, "unpcklps")),
    pd(row<Packed<unpcklpd>, Vx, Wx>(0x14, "unpcklpd")),
    ps(row<Packed<unpckhps>, Vx, Wx>(0x15, "unpckhps")),
    pd(row<Packed<unpckhpd>, Vx, Wx>(0x15, "unpckhpd")),
    ps(row<Shuffle2<shufps>, Vx, Wx, Ib>(0xC6, "shufps")),
    pd(row<Shuffle2<shufpd>, Vx, Wx, Ib>(0xC6, "shufpd")),
    ps(row<FloatingImm<compare<cmpps>, kNothing, 7>, Vx, Wx, Ib>(0xC2, "cmpps")),
    pd(row<FloatingImm<compare<cmppd>, kNothing, 7>, Vx, Wx, Ib>(0xC2, "cmppd")),
    ss(row<FloatingImm<compare_low<cmpss, uint32_t>, kNothing, 7>, Vx, Wd, Ib>(0xC2, "cmpss")),
    sd(row<FloatingImm<compare_low<cmpsd, uint64_t>, kNothing, 7>, Vx, Wq, Ib>(0xC2, "cmpsd")),
    ps(row<CompareToFlags<ucomiss>, Vx, Wd>(0x2E, "ucomiss").writes(kOSZAPC)),
    pd(row<CompareToFlags<ucomisd>, Vx, Wq>(0x2E, "ucomisd").writes(kOSZAPC)),
    ps(row<CompareToFlags<comiss>, Vx, Wd>(0x2F, "comiss").writes(kOSZAPC)),
    pd(row<CompareToFlags<comisd>, Vx, Wq>(0x2F, "comisd").writes(kOSZAPC)),
};

constexpr std::array kConversions{
    ps(row<Cvtpi2ps, Vx, Qq>(0x2A, "cvtpi2ps")),
    pd(row<Cvtpi2pd, Vx, Qq>(0x2A, "cvtpi2pd")),
    ss(row<FromInteger<cvtsi2ss, cvtsi2ss, kNothing>, Vx, Ey>(0x2A, "cvtsi2ss")),
    sd(row<FromInteger<cvtsi2sd, cvtsi2sd, kNothing>, Vx, Ey>(0x2A, "cvtsi2sd")),
    ps(row<OnMmx<ToMmx<cvttps2pi>>, Pq, Wq>(0x2C, "cvttps2pi")),
    pd(row<OnMmx<ToMmx<cvttpd2pi>>, Pq, Wx>(0x2C, "cvttpd2pi")),
    ss(row<ToInteger<cvttss2si32, cvttss2si64>, Gy, Wd>(0x2C, "cvttss2si")),
    sd(row<ToInteger<cvttsd2si32, cvttsd2si64>, Gy, Wq>(0x2C, "cvttsd2si")),
    ps(row<OnMmx<ToMmx<cvtps2pi>>, Pq, Wq>(0x2D, "cvtps2pi")),
    pd(row<OnMmx<ToMmx<cvtpd2pi>>, Pq, Wx>(0x2D, "cvtpd2pi")),
    ss(row<ToInteger<cvtss2si32, cvtss2si64>, Gy, Wd>(0x2D, "cvtss2si")),
    sd(row<ToInteger<cvtsd2si32, cvtsd2si64>, Gy, Wq>(0x2D, "cvtsd2si")),
    in(row<FloatingUnary<cvtps2pd, kNothing>, Vx, Wq>(0x5A, "cvtps2pd"), Mandatory::None, Feature::Sse2),
    pd(row<FloatingUnary<cvtpd2ps, kPackedSingle>, Vx, Wx>(0x5A, "cvtpd2ps")),
    f3(row<Floating<cvtss2sd, kNothing>, Vx, Wd>(0x5A, "cvtss2sd")),
    sd(row<Floating<cvtsd2ss, kScalarSingle>, Vx, Wq>(0x5A, "cvtsd2ss")),
    in(row<FloatingUnary<cvtdq2ps, kNothing>, Vx, Wx>(0x5B, "cvtdq2ps"), Mandatory::None, Feature::Sse2),
    pd(row<FloatingUnary<cvtps2dq, kNothing>, Vx, Wx>(0x5B, "cvtps2dq")),
    f3(row<FloatingUnary<cvttps2dq, kNothing>, Vx, Wx>(0x5B, "cvttps2dq")),
    pd(row<FloatingUnary<cvttpd2dq, kNothing>, Vx, Wx>(0xE6, "cvttpd2dq")),
    f3(row<FloatingUnary<cvtdq2pd, kNothing>, Vx, Wq>(0xE6, "cvtdq2pd")),
    sd(row<FloatingUnary<cvtpd2dq, kNothing>, Vx, Wx>(0xE6, "cvtpd2dq")),
};

constexpr auto kRows = concat(kMoves, kInteger, kArithmetic, kFloating, kConversions);

}  // namespace

std::span<const Row> sse_rows() { return kRows; }

}  // namespace ilse::cpu
