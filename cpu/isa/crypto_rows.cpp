// AES-NI, PCLMULQDQ and the SHA extensions, legacy and VEX forms: SDM vol. 2D, tables.
#include "cpu/fpu/crypto.h"
#include "cpu/isa/rows.h"
#include "cpu/isa/vex_letters.h"
#include "cpu/sem/simd_more.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using namespace simd;

consteval Row legacy(Row r, Map map, Feature f) { return r.in(map).when(Mandatory::P66).needs(f).with(kSse); }
consteval Row aes(Row r) { return legacy(r, Map::Map38, Feature::Aes); }
consteval Row sha(Row r) { return legacy(r, Map::Map38, Feature::Sha).when(Mandatory::None); }
// Of these there is only a 128-bit VEX form; it needs AVX beside what the legacy form needs.
consteval Row vex(Row r, Map map, Feature f) {
  return r.in(map).when(Mandatory::P66).needs(f).with(kAvx).only(VexL::L0);
}
consteval Row vaes(Row r) { return vex(r, Map::Vex38, Feature::Aes); }

constexpr std::array kRows{
    aes(row<PackedUnary<aesimc>, Vx, Wx>(0xDB, "aesimc")),
    aes(row<Packed<aesenc>, Vx, Wx>(0xDC, "aesenc")),
    aes(row<Packed<aesenclast>, Vx, Wx>(0xDD, "aesenclast")),
    aes(row<Packed<aesdec>, Vx, Wx>(0xDE, "aesdec")),
    aes(row<Packed<aesdeclast>, Vx, Wx>(0xDF, "aesdeclast")),
    legacy(row<Shuffle<aeskeygenassist>, Vx, Wx, Ib>(0xDF, "aeskeygenassist"), Map::Map3A, Feature::Aes),
    legacy(row<Shuffle2<pclmulqdq>, Vx, Wx, Ib>(0x44, "pclmulqdq"), Map::Map3A, Feature::Pclmulqdq),
    vaes(row<PackedUnary<aesimc>, Vo, Wo>(0xDB, "vaesimc")),
    vaes(row<Packed<aesenc>, Vo, Ho, Wo>(0xDC, "vaesenc")),
    vaes(row<Packed<aesenclast>, Vo, Ho, Wo>(0xDD, "vaesenclast")),
    vaes(row<Packed<aesdec>, Vo, Ho, Wo>(0xDE, "vaesdec")),
    vaes(row<Packed<aesdeclast>, Vo, Ho, Wo>(0xDF, "vaesdeclast")),
    vex(row<Shuffle<aeskeygenassist>, Vo, Wo, Ib>(0xDF, "vaeskeygenassist"), Map::Vex3A, Feature::Aes),
    vex(row<Shuffle2<pclmulqdq>, Vo, Ho, Wo, Ib>(0x44, "vpclmulqdq"), Map::Vex3A, Feature::Pclmulqdq),
    sha(row<Packed<sha1nexte>, Vx, Wx>(0xC8, "sha1nexte")),
    sha(row<Packed<sha1msg1>, Vx, Wx>(0xC9, "sha1msg1")),
    sha(row<Packed<sha1msg2>, Vx, Wx>(0xCA, "sha1msg2")),
    sha(row<PackedTernary<sha256rnds2>, Vx, Wx, XMM0>(0xCB, "sha256rnds2")),
    sha(row<Packed<sha256msg1>, Vx, Wx>(0xCC, "sha256msg1")),
    sha(row<Packed<sha256msg2>, Vx, Wx>(0xCD, "sha256msg2")),
    sha(row<Shuffle2<sha1rnds4>, Vx, Wx, Ib>(0xCC, "sha1rnds4")).in(Map::Map3A),
};

}  // namespace

std::span<const Row> crypto_rows() { return kRows; }

}  // namespace ilse::cpu
