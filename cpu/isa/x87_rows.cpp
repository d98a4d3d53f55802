// x87: SDM vol. 2D, tables.
#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"
#include "cpu/sem/x87.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
using MemRow = letters::Mem;

consteval Row x87(Row r) { return r.with(kFpu).needs(Feature::Fpu); }
consteval Row no_wait(Row r) { return x87(r).with(kFpuNoWait); }
consteval Row regs(Row r, int group) { return x87(r).group(group).with(kRegOnly); }
consteval Row with_cmov(Row r) { return r.needs(Feature::Cmov); }

constexpr std::array kControl{
    helper<wait>(0x9B, "fwait").needs(Feature::Fpu),
    x87(helper<fldcw, MemRow>(0xD9, "fldcw").group(5)),
    x87(helper<fldenv, MemRow>(0xD9, "fldenv").group(4)),
    x87(helper<frstor, MemRow>(0xDD, "frstor").group(4)),
    x87(helper<fnop>(0xD9, "fnop").exact(0xD0)),
    no_wait(helper<fnstenv, MemRow>(0xD9, "fnstenv").group(6)),
    no_wait(helper<fnstcw, MemRow>(0xD9, "fnstcw").group(7)),
    no_wait(helper<fnsave, MemRow>(0xDD, "fnsave").group(6)),
    no_wait(helper<fnstsw, MemRow>(0xDD, "fnstsw").group(7)),
    no_wait(helper<fnstsw_ax>(0xDF, "fnstsw").exact(0xE0)),
    no_wait(helper<fnclex>(0xDB, "fnclex").exact(0xE2)),
    no_wait(helper<fninit>(0xDB, "fninit").exact(0xE3)),
    // What the 8087 and 80287 had to do here is nothing now.
    no_wait(row<Nop>(0xDB, "fneni").exact(0xE0)),
    no_wait(row<Nop>(0xDB, "fndisi").exact(0xE1)),
    no_wait(row<Nop>(0xDB, "fnsetpm").exact(0xE4)),
};

// --- arithmetic and comparison -----------------------------------------------------------------------------
constexpr const char* kNames[2][8] = {
    {"fadd", "fmul", "fcom", "fcomp", "fsub", "fsubr", "fdiv", "fdivr"},
    {"fiadd", "fimul", "ficom", "ficomp", "fisub", "fisubr", "fidiv", "fidivr"}};
constexpr const char* kPopNames[8] = {"faddp",  "fmulp", "fcomp",  "fcompp",
                                      "fsubrp", "fsubp", "fdivrp", "fdivp"};

template <X87Arith kOp, X87Format kFormat>
void arith_memory(X87& f, uint64_t bits) {
  if constexpr (kOp == X87Arith::kCom || kOp == X87Arith::kComPop) {
    f.fcom_mem<kFormat>(bits, kOp == X87Arith::kComPop);
  } else {
    f.arith_mem<kOp, kFormat>(bits);
  }
}
template <X87Arith kOp>
void arith_to_st0(X87& f, unsigned i) {
  if constexpr (kOp == X87Arith::kCom || kOp == X87Arith::kComPop) {
    f.fcom(i, kOp == X87Arith::kComPop ? 1 : 0);
  } else {
    f.arith<kOp>(0, i);
  }
}
// In DC and DE the reversed operations have each other's places.
template <X87Arith kOp, bool kPop>
void arith_to_sti(X87& f, unsigned i) {
  constexpr auto kCode = static_cast<unsigned>(kOp);
  f.arith<static_cast<X87Arith>(kCode >= 4 ? kCode ^ 1 : kCode)>(i, 0, kPop);
}

template <class Memory, X87Format kFormat, size_t... K>
consteval auto memory_forms(const char* const (&names)[8], std::index_sequence<K...>) {
  return std::array{x87(row<FpuMemory<&arith_memory<static_cast<X87Arith>(K), kFormat>>, Memory>(
                            static_cast<uint8_t>(kFormat), names[K])
                            .group(K))...};
}
template <size_t... K>
consteval auto to_st0(std::index_sequence<K...>) {
  return std::array{
      regs(row<FpuRegister<&arith_to_st0<static_cast<X87Arith>(K)>>>(0xD8, kNames[0][K]), K)...};
}
template <bool kPop, size_t... K>
consteval auto to_sti(uint8_t opcode, std::index_sequence<K...>) {
  return std::array{regs(row<FpuRegister<&arith_to_sti<static_cast<X87Arith>(K), kPop>>>(
                             opcode, kPop ? kPopNames[K] : kNames[0][K < 4 ? K : K ^ 1]),
                         K)...};
}
constexpr auto kEight = std::make_index_sequence<8>{};
using NoCompare = std::index_sequence<0, 1, 4, 5, 6, 7>;

constexpr auto kArithmetic = concat(memory_forms<Md, X87Format::kM32>(kNames[0], kEight),
                                    memory_forms<Mq, X87Format::kM64>(kNames[0], kEight),
                                    memory_forms<Md, X87Format::kI32>(kNames[1], kEight),
                                    memory_forms<Mw, X87Format::kI16>(kNames[1], kEight), to_st0(kEight),
                                    to_sti<false>(0xDC, NoCompare{}), to_sti<true>(0xDE, NoCompare{}));

constexpr std::array kCompare{
    x87(row<FpuRegister<[](X87& f, unsigned) { f.fcom(1, 2); }>>(0xDE, "fcompp").exact(0xD9)),
    x87(row<FpuRegister<[](X87& f, unsigned) { f.fucom(1, 2); }>>(0xDA, "fucompp").exact(0xE9)),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fucom(i); }>>(0xDD, "fucom"), 4),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fucom(i, 1); }>>(0xDD, "fucomp"), 5),
    with_cmov(regs(row<FcompareToFlags<&X87::fucomi, false>>(0xDB, "fucomi"), 5)).writes(kOSZAPC),
    with_cmov(regs(row<FcompareToFlags<&X87::fcomi, false>>(0xDB, "fcomi"), 6)).writes(kOSZAPC),
    with_cmov(regs(row<FcompareToFlags<&X87::fucomi, true>>(0xDF, "fucomip"), 5)).writes(kOSZAPC),
    with_cmov(regs(row<FcompareToFlags<&X87::fcomi, true>>(0xDF, "fcomip"), 6)).writes(kOSZAPC),
    x87(row<Fpu<&X87::ftst>>(0xD9, "ftst").exact(0xE4)),
    x87(row<Fpu<&X87::fxam>>(0xD9, "fxam").exact(0xE5)),
    // Not in the manual, but in every processor: other names of FCOM and FCOMP.
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fcom(i); }>>(0xDC, "fcom2"), 2),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fcom(i, 1); }>>(0xDC, "fcomp3"), 3),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fcom(i, 1); }>>(0xDE, "fcomp5"), 2),
};

// --- moves
// ---------------------------------------------------------------------------------------------------
template <X87Load kOp>
using Load = FpuMemory<[](X87& f, uint64_t bits) { f.fld_mem<kOp>(bits); }>;
template <X87Store kOp, bool kPop>
using StoreInteger = FpuStore<[](const X87& f) { return f.fist<kOp>(kPop); }>;
template <bool kPop>
using StoreSingle = FpuStore<[](const X87& f) { return f.fst_m32(kPop); }>;
template <bool kPop>
using StoreDouble = FpuStore<[](const X87& f) { return f.fst_m64(kPop); }>;

// Another FSTP, which pops an empty register without complaint.
void fstp1(X87& f, unsigned i) {
  if (f.empty(0)) {
    f.fincstp();
  } else {
    f.fst(i, true);
  }
}

constexpr std::array kMoves{
    x87(row<Load<X87Load::kM32>, Md>(0xD9, "fld").group(0)),
    x87(row<Load<X87Load::kM64>, Mq>(0xDD, "fld").group(0)),
    x87(helper<fld_m80, MemRow>(0xDB, "fld").group(5)),
    x87(row<Load<X87Load::kI16>, Mw>(0xDF, "fild").group(0)),
    x87(row<Load<X87Load::kI32>, Md>(0xDB, "fild").group(0)),
    x87(row<Load<X87Load::kI64>, Mq>(0xDF, "fild").group(5)),
    x87(helper<fbld, MemRow>(0xDF, "fbld").group(4)),
    x87(row<StoreSingle<false>, Md>(0xD9, "fst").group(2)),
    x87(row<StoreSingle<true>, Md>(0xD9, "fstp").group(3)),
    x87(row<StoreDouble<false>, Mq>(0xDD, "fst").group(2)),
    x87(row<StoreDouble<true>, Mq>(0xDD, "fstp").group(3)),
    x87(helper<fstp_m80, MemRow>(0xDB, "fstp").group(7)),
    x87(helper<fbstp, MemRow>(0xDF, "fbstp").group(6)),
    x87(row<StoreInteger<X87Store::kI16, false>, Mw>(0xDF, "fist").group(2)),
    x87(row<StoreInteger<X87Store::kI16, true>, Mw>(0xDF, "fistp").group(3)),
    x87(row<StoreInteger<X87Store::kI32, false>, Md>(0xDB, "fist").group(2)),
    x87(row<StoreInteger<X87Store::kI32, true>, Md>(0xDB, "fistp").group(3)),
    x87(row<StoreInteger<X87Store::kI64, true>, Mq>(0xDF, "fistp").group(7)),
    x87(row<StoreInteger<X87Store::kI16Truncate, true>, Mw>(0xDF, "fisttp").group(1)).needs(Feature::Sse3),
    x87(row<StoreInteger<X87Store::kI32Truncate, true>, Md>(0xDB, "fisttp").group(1)).needs(Feature::Sse3),
    x87(row<StoreInteger<X87Store::kI64Truncate, true>, Mq>(0xDD, "fisttp").group(1)).needs(Feature::Sse3),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fld(i); }>>(0xD9, "fld"), 0),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fxch(i); }>>(0xD9, "fxch"), 1),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fst(i); }>>(0xDD, "fst"), 2),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fst(i, true); }>>(0xDD, "fstp"), 3),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.ffree(i); }>>(0xDD, "ffree"), 0),
    x87(row<Fpu<&X87::fdecstp>>(0xD9, "fdecstp").exact(0xF6)),
    x87(row<Fpu<&X87::fincstp>>(0xD9, "fincstp").exact(0xF7)),
    with_cmov(regs(row<Fcmov<2>>(0xDA, "fcmovb"), 0)).reads(kCF),
    with_cmov(regs(row<Fcmov<4>>(0xDA, "fcmove"), 1)).reads(kZF),
    with_cmov(regs(row<Fcmov<6>>(0xDA, "fcmovbe"), 2)).reads(kCF | kZF),
    with_cmov(regs(row<Fcmov<10>>(0xDA, "fcmovu"), 3)).reads(kPF),
    with_cmov(regs(row<Fcmov<3>>(0xDB, "fcmovnb"), 0)).reads(kCF),
    with_cmov(regs(row<Fcmov<5>>(0xDB, "fcmovne"), 1)).reads(kZF),
    with_cmov(regs(row<Fcmov<7>>(0xDB, "fcmovnbe"), 2)).reads(kCF | kZF),
    with_cmov(regs(row<Fcmov<11>>(0xDB, "fcmovnu"), 3)).reads(kPF),
    // Other names of FXCH and FSTP, and FFREE with a pop.
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fxch(i); }>>(0xDD, "fxch4"), 1),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fxch(i); }>>(0xDF, "fxch7"), 1),
    regs(row<FpuRegister<&fstp1>>(0xD9, "fstp1"), 3),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fst(i, true); }>>(0xDF, "fstp8"), 2),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.fst(i, true); }>>(0xDF, "fstp9"), 3),
    regs(row<FpuRegister<[](X87& f, unsigned i) { f.ffree(i, true); }>>(0xDF, "ffreep"), 0),
};

// --- constants and functions
// -----------------------------------------------------------------------------------
template <size_t... K>
consteval auto constants(std::index_sequence<K...>) {
  constexpr const char* kConstantNames[] = {"fld1", "fldl2t", "fldl2e", "fldpi", "fldlg2", "fldln2", "fldz"};
  return std::array{
      x87(row<FpuRegister<[](X87& f, unsigned i) { f.fld_constant(static_cast<X87Constant>(i)); }>>(
              0xD9, kConstantNames[K])
              .exact(0xE8 + K))...};
}

template <void (X87::*F)()>
consteval Row function(int modrm, const char* name) {
  return x87(row<Fpu<F>>(0xD9, name).exact(modrm));
}
constexpr std::array kFunctions{
    function<&X87::fchs>(0xE0, "fchs"),       function<&X87::fabs>(0xE1, "fabs"),
    function<&X87::f2xm1>(0xF0, "f2xm1"),     function<&X87::fyl2x>(0xF1, "fyl2x"),
    function<&X87::fptan>(0xF2, "fptan"),     function<&X87::fpatan>(0xF3, "fpatan"),
    function<&X87::fxtract>(0xF4, "fxtract"), function<&X87::fprem1>(0xF5, "fprem1"),
    function<&X87::fprem>(0xF8, "fprem"),     function<&X87::fyl2xp1>(0xF9, "fyl2xp1"),
    function<&X87::fsqrt>(0xFA, "fsqrt"),     function<&X87::fsincos>(0xFB, "fsincos"),
    function<&X87::frndint>(0xFC, "frndint"), function<&X87::fscale>(0xFD, "fscale"),
    function<&X87::fsin>(0xFE, "fsin"),       function<&X87::fcos>(0xFF, "fcos"),
};

constexpr auto kRows =
    concat(kControl, kArithmetic, kCompare, kMoves, constants(std::make_index_sequence<7>{}), kFunctions);

}  // namespace

std::span<const Row> x87_rows() { return kRows; }

}  // namespace ilse::cpu
