// MMX and SSE2 integer operations and shuffles against the host's own instructions.
#include <catch2/catch.hpp>

#include "cpu/fpu/sse.h"
#include "fpu/simd_fixture.h"

using namespace ilse::cpu;
using namespace ilse::cpu::simd;
using namespace fpu_test;

namespace {

constexpr unsigned kRounds = 3000;

// The encodings have register operands 0 (destination) and 1 (source).
struct Row {
  const char* name;
  uint8_t opcode;
  Xmm (*xmm)(const Xmm&, const Xmm&);
  uint64_t (*mmx)(uint64_t, uint64_t);
};

constexpr Row kBinary[] = {
    {"paddb", 0xFC, paddb, paddb},
    {"paddw", 0xFD, paddw, paddw},
    {"paddd", 0xFE, paddd, paddd},
    {"paddq", 0xD4, paddq, paddq},
    {"paddsb", 0xEC, paddsb, paddsb},
    {"paddsw", 0xED, paddsw, paddsw},
    {"paddusb", 0xDC, paddusb, paddusb},
    {"paddusw", 0xDD, paddusw, paddusw},
    {"psubb", 0xF8, psubb, psubb},
    {"psubw", 0xF9, psubw, psubw},
    {"psubd", 0xFA, psubd, psubd},
    {"psubq", 0xFB, psubq, psubq},
    {"psubsb", 0xE8, psubsb, psubsb},
    {"psubsw", 0xE9, psubsw, psubsw},
    {"psubusb", 0xD8, psubusb, psubusb},
    {"psubusw", 0xD9, psubusw, psubusw},
    {"pmullw", 0xD5, pmullw, pmullw},
    {"pmulhw", 0xE5, pmulhw, pmulhw},
    {"pmulhuw", 0xE4, pmulhuw, pmulhuw},
    {"pmuludq", 0xF4, pmuludq, pmuludq},
    {"pmaddwd", 0xF5, pmaddwd, pmaddwd},
    {"psadbw", 0xF6, psadbw, psadbw},
    {"pavgb", 0xE0, pavgb, pavgb},
    {"pavgw", 0xE3, pavgw, pavgw},
    {"pminub", 0xDA, pminub, pminub},
    {"pmaxub", 0xDE, pmaxub, pmaxub},
    {"pminsw", 0xEA, pminsw, pminsw},
    {"pmaxsw", 0xEE, pmaxsw, pmaxsw},
    {"pcmpeqb", 0x74, pcmpeqb, pcmpeqb},
    {"pcmpeqw", 0x75, pcmpeqw, pcmpeqw},
    {"pcmpeqd", 0x76, pcmpeqd, pcmpeqd},
    {"pcmpgtb", 0x64, pcmpgtb, pcmpgtb},
    {"pcmpgtw", 0x65, pcmpgtw, pcmpgtw},
    {"pcmpgtd", 0x66, pcmpgtd, pcmpgtd},
    {"pand", 0xDB, pand, pand},
    {"pandn", 0xDF, pandn, pandn},
    {"por", 0xEB, por, por},
    {"pxor", 0xEF, pxor, pxor},
    {"packsswb", 0x63, packsswb, packsswb},
    {"packssdw", 0x6B, packssdw, packssdw},
    {"packuswb", 0x67, packuswb, packuswb},
    {"punpcklbw", 0x60, punpcklbw, punpcklbw},
    {"punpcklwd", 0x61, punpcklwd, punpcklwd},
    {"punpckldq", 0x62, punpckldq, punpckldq},
    {"punpckhbw", 0x68, punpckhbw, punpckhbw},
    {"punpckhwd", 0x69, punpckhwd, punpckhwd},
    {"punpckhdq", 0x6A, punpckhdq, punpckhdq},
};

constexpr Row kShifts[] = {
    {"psllw", 0xF1, psllw, psllw}, {"pslld", 0xF2, pslld, pslld}, {"psllq", 0xF3, psllq, psllq},
    {"psrlw", 0xD1, psrlw, psrlw}, {"psrld", 0xD2, psrld, psrld}, {"psrlq", 0xD3, psrlq, psrlq},
    {"psraw", 0xE1, psraw, psraw}, {"psrad", 0xE2, psrad, psrad},
};

void check_rows(std::span<const Row> rows, SimdOperands operands) {
  uint64_t seed = 1000;
  for (const Row& row : rows) {
    INFO(row.name);
    const auto xmm = row.xmm;
    const auto mmx = row.mmx;
    CHECK(differs({row.name,
                   {0x66, 0x0F, row.opcode, 0xC1},
                   operands,
                   [xmm](SimdState& s) { s.x0 = xmm(s.x0, s.x1); }},
                  kRounds, seed++) == "");
    CHECK(differs(
              {row.name, {0x0F, row.opcode, 0xC1}, operands, [mmx](SimdState& s) { s.m0 = mmx(s.m0, s.m1); }},
              kRounds, seed++) == "");
  }
}

void check(const std::vector<SimdCase>& cases, unsigned rounds = kRounds) {
  uint64_t seed = 2000;
  for (const SimdCase& c : cases) {
    INFO(c.name);
    CHECK(differs(c, rounds, seed++) == "");
  }
}

}  // namespace

TEST_CASE("SIMD integer arithmetic, comparison, logic, packs and unpacks", "[simd]") {
  check_rows(kBinary, SimdOperands::kInteger);
}

TEST_CASE("SIMD shifts by a register, also beyond the width", "[simd]") {
  check_rows(kShifts, SimdOperands::kShiftCount);
}

TEST_CASE("SIMD shifts and shuffles by every immediate", "[simd]") {
  std::vector<SimdCase> cases;
  for (unsigned i = 0; i < 256; ++i) {
    const auto imm = static_cast<uint8_t>(i);
    const auto add = [&](std::vector<uint8_t> code, std::function<void(SimdState&)> ours) {
      code.push_back(imm);
      cases.push_back(
          {"immediate " + std::to_string(i), std::move(code), SimdOperands::kInteger, std::move(ours)});
    };
    add({0x66, 0x0F, 0x71, 0xD0}, [imm](SimdState& s) { s.x0 = psrlw(s.x0, Xmm{imm, 0}); });
    add({0x0F, 0x71, 0xD0}, [imm](SimdState& s) { s.m0 = psrlw(s.m0, imm); });
    add({0x66, 0x0F, 0x71, 0xE0}, [imm](SimdState& s) { s.x0 = psraw(s.x0, Xmm{imm, 0}); });
    add({0x0F, 0x71, 0xE0}, [imm](SimdState& s) { s.m0 = psraw(s.m0, imm); });
    add({0x66, 0x0F, 0x71, 0xF0}, [imm](SimdState& s) { s.x0 = psllw(s.x0, Xmm{imm, 0}); });
    add({0x0F, 0x71, 0xF0}, [imm](SimdState& s) { s.m0 = psllw(s.m0, imm); });
    add({0x66, 0x0F, 0x72, 0xD0}, [imm](SimdState& s) { s.x0 = psrld(s.x0, Xmm{imm, 0}); });
    add({0x0F, 0x72, 0xD0}, [imm](SimdState& s) { s.m0 = psrld(s.m0, imm); });
    add({0x66, 0x0F, 0x72, 0xE0}, [imm](SimdState& s) { s.x0 = psrad(s.x0, Xmm{imm, 0}); });
    add({0x0F, 0x72, 0xE0}, [imm](SimdState& s) { s.m0 = psrad(s.m0, imm); });
    add({0x66, 0x0F, 0x72, 0xF0}, [imm](SimdState& s) { s.x0 = pslld(s.x0, Xmm{imm, 0}); });
    add({0x0F, 0x72, 0xF0}, [imm](SimdState& s) { s.m0 = pslld(s.m0, imm); });
    add({0x66, 0x0F, 0x73, 0xD0}, [imm](SimdState& s) { s.x0 = psrlq(s.x0, Xmm{imm, 0}); });
    add({0x0F, 0x73, 0xD0}, [imm](SimdState& s) { s.m0 = psrlq(s.m0, imm); });
    add({0x66, 0x0F, 0x73, 0xF0}, [imm](SimdState& s) { s.x0 = psllq(s.x0, Xmm{imm, 0}); });
    add({0x0F, 0x73, 0xF0}, [imm](SimdState& s) { s.m0 = psllq(s.m0, imm); });
    add({0x66, 0x0F, 0x73, 0xD8}, [imm](SimdState& s) { s.x0 = psrldq(s.x0, imm); });
    add({0x66, 0x0F, 0x73, 0xF8}, [imm](SimdState& s) { s.x0 = pslldq(s.x0, imm); });
    add({0x66, 0x0F, 0x70, 0xC1}, [imm](SimdState& s) { s.x0 = pshufd(s.x1, imm); });
    add({0xF2, 0x0F, 0x70, 0xC1}, [imm](SimdState& s) { s.x0 = pshuflw(s.x1, imm); });
    add({0xF3, 0x0F, 0x70, 0xC1}, [imm](SimdState& s) { s.x0 = pshufhw(s.x1, imm); });
    add({0x0F, 0x70, 0xC1}, [imm](SimdState& s) { s.m0 = pshufw(s.m1, imm); });
    add({0x0F, 0xC6, 0xC1}, [imm](SimdState& s) { s.x0 = shufps(s.x0, s.x1, imm); });
    add({0x66, 0x0F, 0xC6, 0xC1}, [imm](SimdState& s) { s.x0 = shufpd(s.x0, s.x1, imm); });
    add({0x66, 0x0F, 0xC4, 0xC0},
        [imm](SimdState& s) { s.x0 = pinsrw(s.x0, static_cast<uint32_t>(s.rax), imm); });
    add({0x0F, 0xC4, 0xC0}, [imm](SimdState& s) { s.m0 = pinsrw(s.m0, static_cast<uint32_t>(s.rax), imm); });
    add({0x66, 0x0F, 0xC5, 0xC1}, [imm](SimdState& s) { s.rax = pextrw(s.x1, imm); });
    add({0x0F, 0xC5, 0xC1}, [imm](SimdState& s) { s.rax = pextrw(s.m1, imm); });
  }
  check(cases, 20);
}

TEST_CASE("SIMD unpacks of quadwords and floats, sign masks", "[simd]") {
  check(
      {{"punpcklqdq",
        {0x66, 0x0F, 0x6C, 0xC1},
        SimdOperands::kInteger,
        [](SimdState& s) { s.x0 = punpcklqdq(s.x0, s.x1); }},
       {"punpckhqdq",
        {0x66, 0x0F, 0x6D, 0xC1},
        SimdOperands::kInteger,
        [](SimdState& s) { s.x0 = punpckhqdq(s.x0, s.x1); }},
       {"unpcklps",
        {0x0F, 0x14, 0xC1},
        SimdOperands::kInteger,
        [](SimdState& s) { s.x0 = unpcklps(s.x0, s.x1); }},
       {"unpckhps",
        {0x0F, 0x15, 0xC1},
        SimdOperands::kInteger,
        [](SimdState& s) { s.x0 = unpckhps(s.x0, s.x1); }},
       {"unpcklpd",
        {0x66, 0x0F, 0x14, 0xC1},
        SimdOperands::kInteger,
        [](SimdState& s) { s.x0 = unpcklpd(s.x0, s.x1); }},
       {"unpckhpd",
        {0x66, 0x0F, 0x15, 0xC1},
        SimdOperands::kInteger,
        [](SimdState& s) { s.x0 = unpckhpd(s.x0, s.x1); }},
       {"pmovmskb",
        {0x66, 0x0F, 0xD7, 0xC1},
        SimdOperands::kInteger,
        [](SimdState& s) { s.rax = pmovmskb(s.x1); }},
       {"pmovmskb mm",
        {0x0F, 0xD7, 0xC1},
        SimdOperands::kInteger,
        [](SimdState& s) { s.rax = pmovmskb(s.m1); }},
       {"movmskps", {0x0F, 0x50, 0xC1}, SimdOperands::kInteger, [](SimdState& s) { s.rax = movmskps(s.x1); }},
       {"movmskpd", {0x66, 0x0F, 0x50, 0xC1}, SimdOperands::kInteger, [](SimdState& s) {
          s.rax = movmskpd(s.x1);
        }}});
}

TEST_CASE("SIMD MASKMOVDQU and MASKMOVQ store the bytes whose mask bit is set", "[simd]") {
  // The implied address is RDI: lend it RSI around the instruction.
  check({{"maskmovdqu",
          {0x48, 0x87, 0xFE, 0x66, 0x0F, 0xF7, 0xC1, 0x48, 0x87, 0xFE},
          SimdOperands::kInteger,
          [](SimdState& s) {
            const Xmm r = maskmov(Xmm{s.memory.get<uint64_t>(), s.memory.get<uint64_t>(8)}, s.x0, s.x1);
            s.memory.put(r.lo);
            s.memory.put(r.hi, 8);
          }},
         {"maskmovq",
          {0x48, 0x87, 0xFE, 0x0F, 0xF7, 0xC1, 0x48, 0x87, 0xFE},
          SimdOperands::kInteger,
          [](SimdState& s) { s.memory.put(maskmov(s.memory.get<uint64_t>(), s.m0, s.m1)); }}});
}
