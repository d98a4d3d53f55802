// AVX and F16C conversions; SDM vol. 2D, tables.
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
consteval Row f16c(Row r, Map m) { return pd(r).in(m).needs(Feature::F16c).only(VexW::W0); }

constexpr std::array kRows{
    ss(row<FromInteger<cvtsi2ss, cvtsi2ss, kNothing>, Vo, Ho, Ey>(0x2A, "vcvtsi2ss")),
    sd(row<FromInteger<cvtsi2sd, cvtsi2sd, kNothing>, Vo, Ho, Ey>(0x2A, "vcvtsi2sd")),
    ss(row<ToInteger<cvttss2si32, cvttss2si64>, Gy, Wd>(0x2C, "vcvttss2si")),
    sd(row<ToInteger<cvttsd2si32, cvttsd2si64>, Gy, Wq>(0x2C, "vcvttsd2si")),
    ss(row<ToInteger<cvtss2si32, cvtss2si64>, Gy, Wd>(0x2D, "vcvtss2si")),
    sd(row<ToInteger<cvtsd2si32, cvtsd2si64>, Gy, Wq>(0x2D, "vcvtsd2si")),
    ps(row<FloatingWiden<cvtps2pd>, Vl, Wlh>(0x5A, "vcvtps2pd")),
    pd(row<FloatingNarrow<cvtpd2ps, kPackedSingle>, Vo, Wl>(0x5A, "vcvtpd2ps")),
    ss(row<Floating<cvtss2sd, kNothing>, Vo, Ho, Wd>(0x5A, "vcvtss2sd")),
    sd(row<Floating<cvtsd2ss, kScalarSingle>, Vo, Ho, Wq>(0x5A, "vcvtsd2ss")),
    ps(row<FloatingUnary<cvtdq2ps, kNothing>, Vl, Wl>(0x5B, "vcvtdq2ps")),
    pd(row<FloatingUnary<cvtps2dq, kNothing>, Vl, Wl>(0x5B, "vcvtps2dq")),
    ss(row<FloatingUnary<cvttps2dq, kNothing>, Vl, Wl>(0x5B, "vcvttps2dq")),
    pd(row<FloatingNarrow<cvttpd2dq, kNothing>, Vo, Wl>(0xE6, "vcvttpd2dq")),
    ss(row<FloatingWiden<cvtdq2pd>, Vl, Wlh>(0xE6, "vcvtdq2pd")),
    sd(row<FloatingNarrow<cvtpd2dq, kNothing>, Vo, Wl>(0xE6, "vcvtpd2dq")),
    f16c(row<FloatingWiden<cvtph2ps>, Vl, Whalf>(0x13, "vcvtph2ps"), Map::Vex38),
    f16c(row<Vcvtps2ph, WhalfOut, Vl, Ib>(0x1D, "vcvtps2ph"), Map::Vex3A),
};

}  // namespace

std::span<const Row> avx_convert_rows() { return kRows; }

}  // namespace ilse::cpu
