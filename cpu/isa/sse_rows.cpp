// SSE and SSE2 on XMM registers: SDM vol. 2D, table A-3 and groups 12 to 14.
#include "cpu/isa/rows.h"
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
    ps(row<Mask<movmskps>, Gd, Wx>(0x50, "movmskps").with(kRegOnly)),
    pd(row<Mask<movmskpd>, Gd, Wx>(0x50, "movmskpd").with(kRegOnly)),
};

constexpr auto kRows = concat(kMoves);

}  // namespace

std::span<const Row> sse_rows() { return kRows; }

}  // namespace ilse::cpu
