// XSAVE and its kin; SDM vol. 2D, groups 7, 9 and 15.
#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using MemRow = letters::Mem;

consteval Row op(Row r, Feature f) { return r.in(Map::TwoByte).when(Mandatory::None).needs(f); }

constexpr std::array kRows{
    op(helper<xgetbv, Ev>(0x01, "xgetbv", kRegOnly).exact(0xD0), Feature::Xsave),
    op(helper<xsetbv, Ev>(0x01, "xsetbv", kRegOnly | kEndsBlock).exact(0xD1), Feature::Xsave),
    op(helper<xsave, MemRow>(0xAE, "xsave").group(4), Feature::Xsave),
    op(helper<xrstor, MemRow>(0xAE, "xrstor", kEndsBlock).group(5), Feature::Xsave),
    op(helper<xsaveopt, MemRow>(0xAE, "xsaveopt").group(6), Feature::Xsaveopt),
    op(helper<xrstors, MemRow>(0xC7, "xrstors", kCpl0 | kEndsBlock).group(3), Feature::Xsaves),
    op(helper<xsavec, MemRow>(0xC7, "xsavec").group(4), Feature::Xsavec),
    op(helper<xsaves, MemRow>(0xC7, "xsaves", kCpl0).group(5), Feature::Xsaves),
};

}  // namespace

std::span<const Row> xsave_rows() { return kRows; }

}  // namespace ilse::cpu
