// x87: SDM vol. 2D, tables.
#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using MemRow = letters::Mem;

consteval Row x87(Row r) { return r.with(kFpu).needs(Feature::Fpu); }
consteval Row no_wait(Row r) { return x87(r).with(kFpuNoWait); }

constexpr std::array kControl{
    helper<wait>(0x9B, "fwait").needs(Feature::Fpu),
    x87(helper<fldcw, MemRow>(0xD9, "fldcw").group(5)),
    no_wait(helper<fnstcw, MemRow>(0xD9, "fnstcw").group(7)),
    no_wait(helper<fnstsw, MemRow>(0xDD, "fnstsw").group(7)),
    no_wait(helper<fnstsw_ax>(0xDF, "fnstsw").exact(0xE0)),
    no_wait(helper<fnclex>(0xDB, "fnclex").exact(0xE2)),
    no_wait(helper<fninit>(0xDB, "fninit").exact(0xE3)),
};

constexpr auto kRows = concat(kControl);

}  // namespace

std::span<const Row> x87_rows() { return kRows; }

}  // namespace ilse::cpu
