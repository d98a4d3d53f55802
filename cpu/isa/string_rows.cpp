// String instructions: SDM vol. 2D, table A-2. REP commits after each iteration;
// with a count of zero it keeps the flags.
#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu {
namespace {

using namespace sem;

constexpr std::array kRows{
    helper<movs>(0xA4, "movs", kString),
    helper<movs>(0xA5, "movs", kString),
    helper<cmps>(0xA6, "cmps", kString).reads(kOSZAPC).writes(kOSZAPC),
    helper<cmps>(0xA7, "cmps", kString).reads(kOSZAPC).writes(kOSZAPC),
    helper<stos>(0xAA, "stos", kString),
    helper<stos>(0xAB, "stos", kString),
    helper<lods>(0xAC, "lods", kString),
    helper<lods>(0xAD, "lods", kString),
    helper<scas>(0xAE, "scas", kString).reads(kOSZAPC).writes(kOSZAPC),
    helper<scas>(0xAF, "scas", kString).reads(kOSZAPC).writes(kOSZAPC),
    helper<ins>(0x6C, "ins", kString | kIo | kEndsBlock),
    helper<ins>(0x6D, "ins", kString | kIo | kEndsBlock),
    helper<outs>(0x6E, "outs", kString | kIo | kEndsBlock),
    helper<outs>(0x6F, "outs", kString | kIo | kEndsBlock),
};

}  // namespace

std::span<const Row> string_rows() { return kRows; }

}  // namespace ilse::cpu
