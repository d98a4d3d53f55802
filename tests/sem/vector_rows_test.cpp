// What surrounds the x87 and vector instructions: availability, alignment, faults that change nothing, #XM,
// #MF and FERR#, the MMX view of the x87 registers (Intel SDM vol. 3A, table 2-2, §2.5, §9.2, §13.1; vol. 1,
// §8.7). What the instructions compute is held against silicon in tests/oracle.
#include <catch2/catch.hpp>
#include <vector>

#include "sem/cpu_bench.h"

namespace ilse::test {
namespace {

using namespace cpu;
using Bytes = std::vector<uint8_t>;

constexpr uint64_t kData = CpuBench::kData;
constexpr Exception kGp{kGP, 0}, kUd{kUD, 0}, kNm{kNM, 0}, kMf{kMF, 0}, kXm{kXM, 0};

const Bytes kMovapsLoad{0x0F, 0x28, 0x06}, kMovapsStore{0x0F, 0x29, 0x06}, kMovupsLoad{0x0F, 0x10, 0x06},
    kMovupsStore{0x0F, 0x11, 0x06}, kPaddb{0x66, 0x0F, 0xFC, 0xC1}, kPaddbMmx{0x0F, 0xFC, 0xC1},
    kEmms{0x0F, 0x77}, kFld1{0xD9, 0xE8}, kFwait{0x9B}, kDivps{0x0F, 0x5E, 0xC1}, kFnstcw{0xD9, 0x3E};

TEST_CASE("128-bit operands have to be aligned but for the unaligned moves", "[sem][sse]") {
  CpuBench b;
  Cpu& c = b.cpu();
  b.put(kData + 8, uint64_t{0x1122334455667788});
  b.put(kData + 16, uint64_t{0x99AABBCCDDEEFF00});
  c.gpr[kRsi] = kData + 8;
  CHECK(b.run(kMovapsLoad) == kGp);
  CHECK(b.run(kMovapsStore) == kGp);
  CHECK(b.run(Bytes{0x66, 0x0F, 0xFC, 0x06}) == kGp);  // paddb
  CHECK(c.rip() == CpuBench::kCode);
  CHECK(b.run(kMovupsLoad) == std::nullopt);
  CHECK(c.xmm(0) == Xmm{0x1122334455667788, 0x99AABBCCDDEEFF00});
  CHECK(c.rip() == CpuBench::kCode + 3);
  c.gpr[kRsi] = kData + 32;
  CHECK(b.run(kMovapsStore) == std::nullopt);
  CHECK(b.get<uint64_t>(kData + 40) == 0x99AABBCCDDEEFF00);
  // Scalars may lie anywhere.
  c.gpr[kRsi] = kData + 9;
  CHECK(b.run(Bytes{0xF3, 0x0F, 0x10, 0x06}) == std::nullopt);  // movss
  CHECK(c.xmm(0) == Xmm{0x44556677, 0});
}

TEST_CASE("A 16-byte access may cross pages, and a fault on the second changes nothing", "[sem][sse]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.xmm(0) = {0x0123456789ABCDEF, 0xFEDCBA9876543210};
  for (unsigned before = 1; before < 16; ++before) {
    uint64_t at = kData + 0x1000 - before;
    c.gpr[kRsi] = at;
    Xmm saved = c.xmm(0);
    REQUIRE(b.run(kMovupsStore) == std::nullopt);
    CHECK(b.get<Xmm>(at) == saved);
    c.xmm(0) = {};
    REQUIRE(b.run(kMovupsLoad) == std::nullopt);
    CHECK(c.xmm(0) == saved);
    c.xmm(0) = {c.xmm(0).hi ^ before, c.xmm(0).lo + 1};
  }
  uint64_t end = kData + CpuBench::kDataSize;
  for (unsigned before = 1; before < 16; ++before) {
    uint64_t at = end - before;
    for (unsigned k = 0; k < before; ++k) b.ram()[at + k] = 0x5A;
    c.gpr[kRsi] = at;
    Xmm saved = c.xmm(0);
    CHECK(b.run(kMovupsStore) == Exception{kPFv, 6});
    CHECK(c.cr.cr2 == end);
    for (unsigned k = 0; k < before; ++k) CHECK(b.ram()[at + k] == 0x5A);
    CHECK(b.run(kMovupsLoad) == Exception{kPFv, 4});
    CHECK(c.cr.cr2 == end);
    CHECK(c.xmm(0) == saved);
  }
}

TEST_CASE("CR0.TS, CR0.EM and CR4.OSFXSR decide which units exist", "[sem][sse][x87]") {
  CpuBench b;
  Cpu& c = b.cpu();
  auto with = [&](uint64_t cr0, uint64_t without_cr4, const Bytes& code) {
    b.start(64);
    c.gpr[kRsi] = kData;
    c.cr.cr0 |= cr0;
    c.cr.cr4 &= ~without_cr4;
    c.update_mode();
    return b.run(code);
  };
  CHECK(with(kCr0Ts, 0, kPaddb) == kNm);
  CHECK(with(kCr0Ts, 0, kPaddbMmx) == kNm);
  CHECK(with(kCr0Ts, 0, kFld1) == kNm);
  CHECK(with(kCr0Ts, 0, kFnstcw) == kNm);
  CHECK(with(kCr0Ts, 0, kFwait) == kNm);  // MP is set
  CHECK(with(kCr0Em, 0, kPaddb) == kUd);
  CHECK(with(kCr0Em, 0, kPaddbMmx) == kUd);
  CHECK(with(kCr0Em, 0, kFld1) == kNm);
  CHECK(with(kCr0Em, 0, kFwait) == std::nullopt);
  CHECK(with(0, kCr4Osfxsr, kPaddb) == kUd);
  CHECK(with(0, kCr4Osfxsr, kPaddbMmx) == std::nullopt);
  CHECK(with(0, kCr4Osfxsr, kEmms) == std::nullopt);
  b.start(64);
  c.cr.cr0 = (c.cr.cr0 | kCr0Ts) & ~static_cast<uint64_t>(kCr0Mp);
  c.update_mode();
  CHECK(b.run(kFwait) == std::nullopt);
}

TEST_CASE("Instructions of a unit that the model lacks are undefined", "[sem][sse][x87]") {
  CpuBench mmx("max,-sse,-sse2");
  CHECK(mmx.run(kPaddbMmx) == std::nullopt);
  CHECK(mmx.run(kDivps) == kUd);
  CHECK(mmx.run(Bytes{0x0F, 0xE0, 0xC1}) == kUd);  // pavgb mm came with SSE
  CpuBench sse("max,-sse2");
  CHECK(sse.run(kDivps) == std::nullopt);
  CHECK(sse.run(kPaddb) == kUd);
  CHECK(sse.run(Bytes{0x0F, 0xD4, 0xC1}) == kUd);  // paddq mm came with SSE2
}

TEST_CASE("An unmasked SIMD exception is #XM and leaves the destination", "[sem][sse]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.xmm(0) = {0x3F8000003F800000, 0x3F8000003F800000};
  c.xmm(1) = {};
  c.mxcsr = 0x1F80 & ~(mxcsr::kZE << mxcsr::kMaskShift);
  CHECK(b.run(kDivps) == kXm);
  CHECK(c.mxcsr == (0x1D80 | mxcsr::kZE));
  CHECK(c.xmm(0).lo == 0x3F8000003F800000);
  CHECK(c.rip() == CpuBench::kCode);

  b.start(64);
  c.cr.cr4 &= ~static_cast<uint64_t>(kCr4Osxmmexcpt);
  c.mxcsr = 0x1D80;
  c.xmm(0).lo = 0x3F8000003F800000;
  CHECK(b.run(kDivps) == kUd);

  b.start(64);
  c.xmm(0) = {0x3F8000003F800000, 0x3F8000003F800000};
  CHECK(b.run(kDivps) == std::nullopt);
  CHECK(c.xmm(0).lo == 0x7F8000007F800000);
  CHECK(c.mxcsr == (0x1F80 | mxcsr::kZE));
}

// FLDCW of a word that unmasks division by zero, FLD1, FLDZ, FDIVP.
const Bytes kDivideByZero{0xD9, 0x2E, 0xD9, 0xE8, 0xD9, 0xEE, 0xDE, 0xF9};

TEST_CASE("An x87 error is reported by the next waiting instruction", "[sem][x87]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.gpr[kRsi] = kData;
  b.put(kData, uint16_t{0x037B});
  REQUIRE(b.run(kDivideByZero, 4) == std::nullopt);
  CHECK(c.fpu.pending());
  CHECK(c.fpu.fip == CpuBench::kCode + 6);
  CHECK(c.fpu.fop == 0x6F9);
  CHECK(b.run(kFnstcw) == std::nullopt);  // does not wait
  CHECK(b.run(kFwait) == kMf);
  CHECK(b.run(kFld1) == kMf);
  CHECK(b.run(kPaddbMmx) == kMf);
  CHECK(b.run(kEmms) == kMf);
  CHECK(c.rip() == CpuBench::kCode);
  CHECK(b.run(Bytes{0xDB, 0xE2}) == std::nullopt);  // fnclex
  CHECK(b.run(kFwait) == std::nullopt);
}

TEST_CASE("Without CR0.NE an x87 error is FERR#, and the processor waits for an interrupt", "[sem][x87]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.cr.cr0 &= ~static_cast<uint64_t>(kCr0Ne);
  c.update_mode();
  c.gpr[kRsi] = kData;
  b.put(kData, uint16_t{0x037B});
  REQUIRE(b.run(kDivideByZero, 4) == std::nullopt);
  CHECK_FALSE(b.board.ferr);
  CHECK(b.run(kFwait, 10) == std::nullopt);
  CHECK(b.board.ferr);
  CHECK(b.exit == RunExit::Halted);
  CHECK(c.rip() == CpuBench::kCode);
  // The board answers with IGNNE#: the instruction runs.
  c.pending.activity = Activity::Running;
  c.set_ignne(true);
  CHECK(b.run(kFwait) == std::nullopt);
  CHECK(c.rip() == CpuBench::kCode + 1);
  CHECK(b.run(Bytes{0xDB, 0xE2}) == std::nullopt);  // fnclex
  CHECK_FALSE(b.board.ferr);
}

TEST_CASE("MMX instructions fill the x87 stack, EMMS empties it, a fault leaves it", "[sem][mmx]") {
  CpuBench b;
  Cpu& c = b.cpu();
  REQUIRE(b.run(kFld1) == std::nullopt);
  CHECK(c.fpu.top == 7);
  CHECK(c.fpu.tag == 0x80);
  c.gpr[kRsi] = kData + CpuBench::kDataSize;
  CHECK(b.run(Bytes{0x0F, 0x6F, 0x06}) == Exception{kPFv, 4});  // movq mm0, [rsi]
  CHECK(c.fpu.tag == 0x80);
  c.gpr[kRsi] = kData;
  b.put(kData, uint64_t{0x0102030405060708});
  REQUIRE(b.run(Bytes{0x0F, 0x6F, 0x06}) == std::nullopt);
  CHECK(c.fpu.top == 0);
  CHECK(c.fpu.tag == 0xFF);
  CHECK(c.fpu.st[0] == F80{0x0102030405060708, 0xFFFF});
  REQUIRE(b.run(kEmms) == std::nullopt);
  CHECK(c.fpu.tag == 0);
}

TEST_CASE("MASKMOVDQU stores the chosen bytes and asks for the pages of all", "[sem][sse]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.xmm(1) = {0x1716151413121110, 0x1F1E1D1C1B1A1918};
  c.xmm(2) = {0x8000008000800000, 0x0000000000000080};
  uint64_t at = kData + CpuBench::kDataSize - 16;
  c.gpr[kRdi] = at;
  REQUIRE(b.run(Bytes{0x66, 0x0F, 0xF7, 0xCA}) == std::nullopt);
  CHECK(b.get<uint64_t>(at) == 0x1700001400120000);
  CHECK(b.ram()[at + 8] == 0x18);
  CHECK(b.ram()[at + 9] == 0);
  // The upper eight bytes come first, whatever the mask says.
  c.gpr[kRdi] = at + 7;
  CHECK(b.run(Bytes{0x66, 0x0F, 0xF7, 0xCA}) == Exception{kPFv, 6});
  CHECK(c.cr.cr2 == at + 16);
  c.gpr[kRdi] = kData - 0x2000;
  c.xmm(2) = {};
  CHECK(b.run(Bytes{0x66, 0x0F, 0xF7, 0xCA}) == Exception{kPFv, 6});
  CHECK(c.cr.cr2 == kData - 0x2000 + 8);
}

TEST_CASE("An 80-bit store across a page has stored its eight bytes when the two fault", "[sem][x87]") {
  CpuBench b;
  Cpu& c = b.cpu();
  REQUIRE(b.run(kFld1) == std::nullopt);
  uint64_t end = kData + CpuBench::kDataSize;
  c.gpr[kRsi] = end - 9;
  CHECK(b.run(Bytes{0xDB, 0x3E}) == Exception{kPFv, 6});  // fstp m80
  CHECK(c.cr.cr2 == end);
  CHECK(b.get<uint64_t>(end - 9) == 0x8000000000000000);
  CHECK(c.fpu.top == 7);
  c.gpr[kRsi] = end - 7;
  CHECK(b.run(Bytes{0xDB, 0x3E}) == Exception{kPFv, 6});
  CHECK(b.get<uint64_t>(end - 9) == 0x8000000000000000);
}

TEST_CASE("FXSAVE looks at four bytes, then at alignment, then at the last byte", "[sem][sse]") {
  CpuBench b;
  Cpu& c = b.cpu();
  const Bytes kFxsave{0x0F, 0xAE, 0x06}, kFxsaveStack{0x0F, 0xAE, 0x45, 0x00};
  c.gpr[kRbp] = 0xAE6FD9A4089E6E05;
  CHECK(b.run(kFxsaveStack) == Exception{kSS, 0});
  c.gpr[kRbp] = 0x7FFFFFFFFFF1;
  CHECK(b.run(kFxsaveStack) == kGp);
  c.gpr[kRbp] = 0x7FFFFFFFFFF0;
  CHECK(b.run(kFxsaveStack) == Exception{kSS, 0});
  c.gpr[kRsi] = kData + CpuBench::kDataSize - 256;
  CHECK(b.run(kFxsave) == Exception{kPFv, 6});
  CHECK(c.cr.cr2 == c.gpr[kRsi] + 511);
}

TEST_CASE("PE beside an unmasked overflow or underflow is of a result without limits", "[sem][sse]") {
  constexpr uint32_t kOverflowOn = 0x1F80 & ~0x400u, kUnderflowOn = 0x1F80 & ~0x800u, kOe = 8, kUe = 16,
                     kPe = 32;
  struct {
    uint8_t opcode;
    uint32_t a, b, mxcsr, flags;
  } const kCases[] = {
      {0x59, 0x7F000000, 0x40800000, kOverflowOn, kOe},  // mulss 2^127 * 4: exact
      {0x59, 0x7F000001, 0x40800001, kOverflowOn, kOe | kPe},
      {0x59, 0x00800000, 0x3E800000, kUnderflowOn, kUe},  // 2^-126 / 4
      {0x59, 0x00800003, 0x3E800000, kUnderflowOn, kUe},  // inexact as a denormal only
      {0x59, 0x00800003, 0x3E800001, kUnderflowOn, kUe | kPe},
      {0x58, 0x7F7FFFFF, 0x7F7FFFFF, kOverflowOn, kOe},  // addss: a doubling
      {0x58, 0x7F7FFFFF, 0x7F000002, kOverflowOn, kOe | kPe},
      {0x5E, 0x7F000000, 0x3E800000, kOverflowOn, kOe},  // divss
      {0x5E, 0x7F000000, 0x3E800001, kOverflowOn, kOe | kPe},
  };
  for (const auto& t : kCases) {
    CpuBench b;
    Cpu& c = b.cpu();
    c.xmm(0).lo = t.a;
    c.xmm(1).lo = t.b;
    c.mxcsr = t.mxcsr;
    INFO(std::hex << unsigned{t.opcode} << " " << t.a << " " << t.b);
    CHECK(b.run(Bytes{0xF3, 0x0F, t.opcode, 0xC1}) == kXm);
    CHECK((c.mxcsr & 0x3F) == t.flags);
    CHECK(c.xmm(0).lo == t.a);
  }
}

}  // namespace
}  // namespace ilse::test
