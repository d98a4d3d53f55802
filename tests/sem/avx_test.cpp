// What surrounds AVX and XSAVE and a user-mode comparison cannot show: what allows them, by processor model,
// XCR0 and CR0; XSETBV's rules; formats and init optimisation of the XSAVE area (Intel SDM vol. 1, chapter 13
// and 14.3; vol. 2, table 2-18 and XSAVE). Results are held against silicon in tests/oracle.
#include <catch2/catch.hpp>
#include <vector>

#include "cpu/isa/decoder.h"
#include "sem/cpu_bench.h"

namespace ilse::test {
namespace {

using namespace cpu;
using Bytes = std::vector<uint8_t>;

constexpr uint64_t kData = CpuBench::kData;
constexpr Exception kGp{kGP, 0}, kUd{kUD, 0}, kNm{kNM, 0};

const Bytes kVpaddb{0xC5, 0xF1, 0xFC, 0xC1}, kVaddps256{0xC5, 0xF4, 0x58, 0xC1},
    kVpaddb256{0xC5, 0xF5, 0xFC, 0xC1}, kVzeroupper{0xC5, 0xF8, 0x77}, kAndn{0xC4, 0xE2, 0x70, 0xF2, 0xC1},
    kPaddb{0x66, 0x0F, 0xFC, 0xC1}, kXsave{0x0F, 0xAE, 0x26}, kXsaveopt{0x0F, 0xAE, 0x36},
    kXsavec{0x0F, 0xC7, 0x26}, kXrstor{0x0F, 0xAE, 0x2E}, kXsaves{0x0F, 0xC7, 0x2E},
    kXrstors{0x0F, 0xC7, 0x1E}, kXgetbv{0x0F, 0x01, 0xD0}, kXsetbv{0x0F, 0x01, 0xD1}, kCpuid{0x0F, 0xA2};
constexpr uint64_t kAll = kXcr0X87 | kXcr0Sse | kXcr0Avx;

void allow(Cpu& c, uint64_t xcr0 = kAll) {
  c.cr.cr4 |= kCr4Osxsave;
  c.cr.xcr0 = xcr0;
  c.update_mode();
}
void supervisor(Cpu& c) {
  for (unsigned s : {kCs, kSs}) c.seg[s].attr &= static_cast<uint16_t>(~kSegDpl);
  c.update_mode();
}
void set_mask(Cpu& c, uint64_t mask) {
  c.gpr[kRax] = mask;
  c.gpr[kRdx] = mask >> 32;
}

TEST_CASE("AVX needs CR4.OSXSAVE and XCR0, also in code that has run before", "[sem][avx]") {
  CpuBench b;
  Cpu& c = b.cpu();
  CHECK(b.run(kVpaddb) == kUd);
  allow(c);
  CHECK(b.run(kVpaddb) == std::nullopt);
  CHECK(b.run(kVaddps256) == std::nullopt);
  allow(c, kXcr0X87 | kXcr0Sse);
  CHECK(b.run(kVpaddb) == kUd);
  CHECK(b.run(kVzeroupper) == kUd);
  allow(c);
  c.cr.cr0 |= kCr0Ts;
  c.update_mode();
  CHECK(b.run(kVpaddb) == kNm);
  c.cr.cr0 = (c.cr.cr0 & ~uint64_t{kCr0Ts}) | kCr0Em;
  c.cr.cr4 &= ~uint64_t{kCr4Osfxsr};
  c.update_mode();
  CHECK(b.run(kVpaddb) == std::nullopt);  // EM and OSFXSR are the legacy forms' affair
  CHECK(b.run(kPaddb) == kUd);
}

TEST_CASE("VEX-encoded instructions on general registers need nothing of that, but protected mode",
          "[sem][bmi]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.cr.cr0 |= kCr0Ts;
  c.update_mode();
  c.gpr[kRcx] = 0x0F0F;
  CHECK(b.run(kAndn) == std::nullopt);
  CHECK(c.gpr[kRax] == 0);
  Insn insn;
  const Model max = *find_model("max");
  Bytes bytes = kAndn;
  bytes.resize(kMaxInsnBytes);
  for (uint32_t mode : {+kModeCode16, kModeCode16 | kModeProtected | kModeV86}) {
    REQUIRE(decode(bytes.data(), kMaxInsnBytes, mode, max, 0, insn) == DecodeStatus::Ok);
    CHECK(insn.fn == &raise_ud);
  }
}

TEST_CASE("A model without a feature does not know its instructions", "[sem][avx]") {
  struct {
    const char* model;
    const Bytes& code;
    bool there;
  } const kCases[] = {
      {"x86-64-v2", kVpaddb, false},          {"x86-64-v3", kVpaddb, true},
      {"x86-64-v3,-avx2", kVpaddb256, false}, {"x86-64-v3,-avx2", kVpaddb, true},
      {"x86-64-v3", kVpaddb256, true},        {"max,-bmi1", kAndn, false},
      {"max,-xsavec", kXsavec, false},        {"max,-xsave", kXsave, false},
  };
  for (const auto& t : kCases) {
    CpuBench b(t.model);
    allow(b.cpu());
    b.cpu().gpr[kRsi] = kData;
    INFO(t.model);
    CHECK(b.run(t.code) == (t.there ? std::nullopt : std::optional(kUd)));
  }
}

TEST_CASE("VEX clears the upper half, legacy SSE keeps it", "[sem][avx]") {
  CpuBench b;
  Cpu& c = b.cpu();
  allow(c);
  c.ymm[0].lane[1] = {1, 2};
  CHECK(b.run(kPaddb) == std::nullopt);
  CHECK(c.ymm[0].lane[1] == Xmm{1, 2});
  CHECK(b.run(kVpaddb) == std::nullopt);
  CHECK(c.ymm[0].lane[1] == Xmm{});
}

TEST_CASE("A 32-byte access may cross pages, and a fault on the second changes nothing", "[sem][avx]") {
  CpuBench b;
  Cpu& c = b.cpu();
  allow(c);
  const Bytes kLoad{0xC5, 0xFE, 0x6F, 0x06}, kStore{0xC5, 0xFE, 0x7F, 0x06}, kAligned{0xC5, 0xFD, 0x6F, 0x06};
  const Ymm value{{Xmm{0x0123456789ABCDEF, 0xFEDCBA9876543210}, Xmm{0x1122334455667788, 0x99AABBCCDDEEFF00}}};
  const uint64_t end = kData + CpuBench::kDataSize;
  for (unsigned before = 1; before < 32; ++before) {
    c.ymm[0] = value;
    c.gpr[kRsi] = kData + 0x1000 - before;
    REQUIRE(b.run(kStore) == std::nullopt);
    c.ymm[0] = {};
    REQUIRE(b.run(kLoad) == std::nullopt);
    CHECK(c.ymm[0] == value);
    c.gpr[kRsi] = end - before;
    const auto byte = b.get<uint8_t>(end - before);
    CHECK(b.run(kStore) == Exception{kPFv, 6});
    CHECK(c.cr.cr2 == end);
    CHECK(b.get<uint8_t>(end - before) == byte);
    CHECK(b.run(kLoad) == Exception{kPFv, 4});
    CHECK(c.ymm[0] == value);
  }
  c.gpr[kRsi] = kData + 16;
  CHECK(b.run(kAligned) == kGp);
}

TEST_CASE("XSETBV: privilege, known components, AVX only with SSE, x87 always", "[sem][xsave]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.gpr[kRcx] = 0;
  set_mask(c, kAll);
  CHECK(b.run(kXsetbv) == kUd);
  allow(c, kXcr0X87);
  CHECK(b.run(kXsetbv) == kGp);
  supervisor(c);
  auto set = [&](uint64_t value, uint32_t which = 0) {
    supervisor(c);
    c.gpr[kRcx] = which;
    set_mask(c, value);
    return b.run(kXsetbv);
  };
  CHECK(set(kAll) == std::nullopt);
  CHECK(c.cr.xcr0 == kAll);
  CHECK(set(kXcr0X87) == std::nullopt);
  CHECK(c.cr.xcr0 == kXcr0X87);
  CHECK(set(0) == kGp);
  CHECK(set(kXcr0Sse) == kGp);
  CHECK(set(kXcr0X87 | kXcr0Avx) == kGp);
  CHECK(set(kAll | 8) == kGp);
  CHECK(set(kAll | 1ull << 40) == kGp);
  CHECK(set(kAll, 1) == kGp);
  CHECK(c.cr.xcr0 == kXcr0X87);
}

TEST_CASE("XGETBV tells XCR0, and of it what is in use", "[sem][xsave]") {
  CpuBench b;
  Cpu& c = b.cpu();
  CHECK(b.run(kXgetbv) == kUd);
  allow(c);
  c.gpr[kRcx] = 0;
  c.gpr[kRdx] = c.gpr[kRax] = ~0ull;
  CHECK(b.run(kXgetbv) == std::nullopt);
  CHECK(c.gpr[kRax] == kAll);
  CHECK(c.gpr[kRdx] == 0);
  c.gpr[kRcx] = 1;
  CHECK(b.run(kXgetbv) == std::nullopt);
  CHECK(c.gpr[kRax] == 0);
  c.ymm[3].lane[1].hi = 1;
  CHECK(b.run(kXgetbv) == std::nullopt);
  CHECK(c.gpr[kRax] == kXcr0Avx);
  c.gpr[kRcx] = 2;
  CHECK(b.run(kXgetbv) == kGp);
}

TEST_CASE("CPUID tells OSXSAVE and the size of what is enabled", "[sem][xsave]") {
  CpuBench b;
  Cpu& c = b.cpu();
  auto cpuid = [&](uint32_t leaf, uint32_t subleaf) {
    c.gpr[kRax] = leaf;
    c.gpr[kRcx] = subleaf;
    REQUIRE(b.run(kCpuid) == std::nullopt);
  };
  cpuid(1, 0);
  CHECK((c.gpr[kRcx] >> 26 & 3) == 1);
  cpuid(0xD, 0);
  CHECK(c.gpr[kRbx] == 576);
  allow(c);
  cpuid(1, 0);
  CHECK((c.gpr[kRcx] >> 26 & 3) == 3);
  cpuid(0xD, 0);
  CHECK(c.gpr[kRax] == (kAll | kXcr0Pkru));
  CHECK(c.gpr[kRbx] == 832);
  CHECK(c.gpr[kRcx] == 840);
  cpuid(0xD, 1);
  CHECK(c.gpr[kRax] == 0xF);
  cpuid(0xD, 2);
  CHECK(c.gpr[kRax] == 256);
  CHECK(c.gpr[kRbx] == 576);
}

struct XsaveBench : CpuBench {
  XsaveBench() {
    allow(cpu());
    cpu().gpr[kRsi] = kData;
    cpu().ymm[1] = {{Xmm{1, 2}, Xmm{3, 4}}};
    set_mask(cpu(), ~0ull);
    for (unsigned k = 0; k < 1024; k += 8) put(kData + k, ~uint64_t{0});
    for (unsigned k = 512; k < 576; k += 8) put(kData + k, uint64_t{0});
  }
  uint64_t word(unsigned offset) const { return get<uint64_t>(kData + offset); }
};

TEST_CASE("XSAVE writes what is asked for; XSAVEOPT leaves out what is initial", "[sem][xsave]") {
  for (bool optimised : {false, true}) {
    XsaveBench b;
    b.put(kData + 512, uint64_t{0x8000000000000001});
    REQUIRE(b.run(optimised ? kXsaveopt : kXsave) == std::nullopt);
    CHECK(b.word(512) == (0x8000000000000000 | kXcr0Sse | kXcr0Avx));
    CHECK(b.word(520) == 0);
    CHECK(b.word(176) == 1);
    CHECK(b.word(576 + 16) == 3);
    CHECK(b.get<uint32_t>(kData + 24) == 0x1F80);
    CHECK((b.get<uint16_t>(kData) == 0x037F) == !optimised);
    CHECK(b.word(832) == ~uint64_t{0});
  }
  XsaveBench b;
  set_mask(b.cpu(), kXcr0Avx);
  REQUIRE(b.run(kXsave) == std::nullopt);
  CHECK(b.word(176) == ~uint64_t{0});
  CHECK(b.get<uint32_t>(kData + 24) == 0x1F80);
  CHECK(b.word(576 + 16) == 3);
}

TEST_CASE("XSAVEC writes the compacted format, XRSTOR takes either", "[sem][xsave]") {
  XsaveBench b;
  Cpu& c = b.cpu();
  const auto before = c.ymm;
  REQUIRE(b.run(kXsavec) == std::nullopt);
  CHECK(b.word(512) == (kXcr0Sse | kXcr0Avx));
  CHECK(b.word(520) == (1ull << 63 | kAll));
  CHECK(b.get<uint16_t>(kData) == 0xFFFF);  // x87 is initial
  CHECK(b.word(576 + 16) == 3);
  c.ymm.fill({{Xmm{9, 9}, Xmm{9, 9}}});
  c.fpu.fld_constant(X87Constant::kOne);
  c.mxcsr = 0x7F80;
  REQUIRE(b.run(kXrstor) == std::nullopt);
  CHECK(c.ymm == before);
  CHECK(c.fpu.empty(0));
  CHECK(c.mxcsr == 0x1F80);
}

TEST_CASE("XRSTOR: components that are absent become initial, others are kept", "[sem][xsave]") {
  XsaveBench b;
  Cpu& c = b.cpu();
  b.put(kData + 24, uint32_t{0x1FA0});
  set_mask(c, kXcr0Avx);
  REQUIRE(b.run(kXrstor) == std::nullopt);
  CHECK(c.ymm[1].lane[0] == Xmm{1, 2});
  CHECK(c.ymm[1].lane[1] == Xmm{});
  CHECK(c.mxcsr == 0x1FA0);
}

TEST_CASE("XRSTOR refuses a bad header, and changes nothing", "[sem][xsave]") {
  struct {
    uint64_t bv, comp, third;
    bool good;
  } const kCases[] = {
      {7, 0, 0, true},
      {8, 0, 0, false},
      {0, 7, 0, false},
      {0, 0, 1, false},
      {3, 1ull << 63 | 7, 0, true},
      {4, 1ull << 63 | 3, 0, false},
      {0, 1ull << 63 | 8, 0, false},
      {0, 1ull << 63 | 7, 1, false},
  };
  for (const auto& t : kCases) {
    XsaveBench b;
    b.put(kData + 24, uint32_t{0x1F80});
    b.put(kData + 512, t.bv);
    b.put(kData + 520, t.comp);
    b.put(kData + 528, t.third);
    INFO(std::hex << t.bv << " " << t.comp << " " << t.third);
    CHECK(b.run(kXrstor) == (t.good ? std::nullopt : std::optional(kGp)));
    if (!t.good) CHECK(b.cpu().ymm[1].lane[0] == Xmm{1, 2});
  }
  XsaveBench b;
  CHECK(b.run(kXrstor) == kGp);  // MXCSR
  b.cpu().gpr[kRsi] = kData + 32;
  CHECK(b.run(kXsave) == kGp);
  b.cpu().gpr[kRsi] = kData + CpuBench::kDataSize - 576;
  CHECK(b.run(kXsave) == Exception{kPFv, 6});
}

TEST_CASE("XSAVES and XRSTORS are the supervisor's", "[sem][xsave]") {
  XsaveBench b;
  Cpu& c = b.cpu();
  CHECK(b.run(kXsaves) == kGp);
  CHECK(b.run(kXrstors) == kGp);
  supervisor(c);
  REQUIRE(b.run(kXsaves) == std::nullopt);
  CHECK(b.word(520) == (1ull << 63 | kAll));
  c.ymm[1] = {};
  REQUIRE(b.run(kXrstors) == std::nullopt);
  CHECK(c.ymm[1].lane[1] == Xmm{3, 4});
  b.put(kData + 512, uint64_t{0});
  b.put(kData + 520, uint64_t{0});
  CHECK(b.run(kXrstors) == kGp);  // the standard format
}

TEST_CASE("A gather keeps what it has when an element faults", "[sem][avx]") {
  CpuBench b;
  Cpu& c = b.cpu();
  allow(c);
  const Bytes kGather{0xC4, 0xE2, 0x71, 0x90, 0x04, 0x16};  // vpgatherdd xmm0, [rsi + xmm2], xmm1
  c.gpr[kRsi] = kData;
  b.put(kData + 4, uint32_t{0x1234});
  c.ymm[0] = {{Xmm{1, 2}, Xmm{3, 4}}};
  c.ymm[1] = {{Xmm{~0ull, ~0ull}, Xmm{5, 6}}};
  c.xmm(2) = {0x00100000'00000004, 0x00000004'00000004};
  CHECK(b.run(kGather) == Exception{kPFv, 4});
  CHECK(c.cr.cr2 == kData + 0x100000);
  CHECK(c.ymm[0] == Ymm{{Xmm{0x1234, 2}, Xmm{}}});
  CHECK(c.ymm[1] == Ymm{{Xmm{0xFFFFFFFF00000000, ~0ull}, Xmm{}}});
  c.xmm(2).lo = 4ull << 32 | 4;
  CHECK(b.run(kGather) == std::nullopt);
  CHECK(c.ymm[0] == Ymm{{Xmm{0x1234ull << 32 | 0x1234, 0x1234ull << 32 | 0x1234}, Xmm{}}});
  CHECK(c.ymm[1] == Ymm{});
  const Bytes kSame{0xC4, 0xE2, 0x79, 0x90, 0x04, 0x16};  // the mask is the destination
  CHECK(b.run(kSame) == kUd);
}

}  // namespace
}  // namespace ilse::test
