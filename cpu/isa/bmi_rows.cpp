// BMI1 and BMI2, as far as they are VEX-encoded; SDM vol. 2D, tables, group 17.
#include "cpu/isa/rows.h"
#include "cpu/isa/vex_letters.h"
#include "cpu/sem/bits.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;

consteval Row in(Row r, Map m, Mandatory p, Feature f) { return r.in(m).when(p).needs(f).only(VexL::L0); }
consteval Row bmi1(Row r) { return in(r, Map::Vex38, Mandatory::None, Feature::Bmi1); }
consteval Row bmi2(Row r, Mandatory p) { return in(r, Map::Vex38, p, Feature::Bmi2); }
consteval Row flags(Row r) { return r.writes(kOSZAPC, kAF | kPF); }

constexpr std::array kRows{
    flags(bmi1(row<Andn, Gy, By, Ey>(0xF2, "andn"))),
    flags(bmi1(row<OfLowestBit<LowestBit::Reset>, By, Ey>(0xF3, "blsr").group(1))),
    flags(bmi1(row<OfLowestBit<LowestBit::Mask>, By, Ey>(0xF3, "blsmsk").group(2))),
    flags(bmi1(row<OfLowestBit<LowestBit::Isolate>, By, Ey>(0xF3, "blsi").group(3))),
    flags(bmi1(row<Bextr, Gy, Ey, By>(0xF7, "bextr"))),
    flags(bmi2(row<Bzhi, Gy, Ey, By>(0xF5, "bzhi"), Mandatory::None)),
    bmi2(row<Pext, Gy, By, Ey>(0xF5, "pext"), Mandatory::F3),
    bmi2(row<Pdep, Gy, By, Ey>(0xF5, "pdep"), Mandatory::F2),
    bmi2(row<Mulx, Gy, By, Ey>(0xF6, "mulx"), Mandatory::F2),
    bmi2(row<Shlx, Gy, Ey, By>(0xF7, "shlx"), Mandatory::P66),
    bmi2(row<Sarx, Gy, Ey, By>(0xF7, "sarx"), Mandatory::F3),
    bmi2(row<Shrx, Gy, Ey, By>(0xF7, "shrx"), Mandatory::F2),
    bmi2(row<Rorx, Gy, Ey, Ib>(0xF0, "rorx"), Mandatory::F2).in(Map::Vex3A),
};

}  // namespace

std::span<const Row> bmi_rows() { return kRows; }

}  // namespace ilse::cpu
