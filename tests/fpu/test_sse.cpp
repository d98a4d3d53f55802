// SSE and SSE2 floating point against the host's own instructions: values, MXCSR flags, EFLAGS, in every
// rounding mode with and without DAZ and FTZ; and unmasked exceptions against the host's SIGFPE.
#include <catch2/catch.hpp>

#include "cpu/fpu/sse.h"
#include "fpu/simd_fixture.h"

using namespace ilse::cpu;
using namespace ilse::cpu::simd;
using namespace fpu_test;

namespace {

constexpr unsigned kRounds = 20000;
constexpr auto kF32 = SimdOperands::kSingle, kF64 = SimdOperands::kDouble, kInt = SimdOperands::kInteger;

void check(const std::vector<SimdCase>& cases, unsigned rounds = kRounds) {
  uint64_t seed = 3000;
  for (const SimdCase& c : cases) {
    INFO(c.name);
    CHECK(differs(c, rounds, seed++) == "");
  }
}

std::vector<SimdCase> arithmetic() {
  return {
      {"addps",
       {0x0F, 0x58, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = addps(s.x0, s.x1); },
       SseRounds::kPackedSingle},
      {"addpd",
       {0x66, 0x0F, 0x58, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = addpd(s.x0, s.x1); },
       SseRounds::kPackedDouble},
      {"addss",
       {0xF3, 0x0F, 0x58, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = addss(s.x0, s.x1); },
       SseRounds::kScalarSingle},
      {"addsd",
       {0xF2, 0x0F, 0x58, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = addsd(s.x0, s.x1); },
       SseRounds::kScalarDouble},
      {"mulps",
       {0x0F, 0x59, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = mulps(s.x0, s.x1); },
       SseRounds::kPackedSingle},
      {"mulpd",
       {0x66, 0x0F, 0x59, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = mulpd(s.x0, s.x1); },
       SseRounds::kPackedDouble},
      {"mulss",
       {0xF3, 0x0F, 0x59, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = mulss(s.x0, s.x1); },
       SseRounds::kScalarSingle},
      {"mulsd",
       {0xF2, 0x0F, 0x59, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = mulsd(s.x0, s.x1); },
       SseRounds::kScalarDouble},
      {"subps",
       {0x0F, 0x5C, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = subps(s.x0, s.x1); },
       SseRounds::kPackedSingle},
      {"subpd",
       {0x66, 0x0F, 0x5C, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = subpd(s.x0, s.x1); },
       SseRounds::kPackedDouble},
      {"subss",
       {0xF3, 0x0F, 0x5C, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = subss(s.x0, s.x1); },
       SseRounds::kScalarSingle},
      {"subsd",
       {0xF2, 0x0F, 0x5C, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = subsd(s.x0, s.x1); },
       SseRounds::kScalarDouble},
      {"minps",
       {0x0F, 0x5D, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = minps(s.x0, s.x1); },
       SseRounds::kNothing},
      {"minpd",
       {0x66, 0x0F, 0x5D, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = minpd(s.x0, s.x1); },
       SseRounds::kNothing},
      {"minss",
       {0xF3, 0x0F, 0x5D, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = minss(s.x0, s.x1); },
       SseRounds::kNothing},
      {"minsd",
       {0xF2, 0x0F, 0x5D, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = minsd(s.x0, s.x1); },
       SseRounds::kNothing},
      {"divps",
       {0x0F, 0x5E, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = divps(s.x0, s.x1); },
       SseRounds::kPackedSingle},
      {"divpd",
       {0x66, 0x0F, 0x5E, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = divpd(s.x0, s.x1); },
       SseRounds::kPackedDouble},
      {"divss",
       {0xF3, 0x0F, 0x5E, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = divss(s.x0, s.x1); },
       SseRounds::kScalarSingle},
      {"divsd",
       {0xF2, 0x0F, 0x5E, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = divsd(s.x0, s.x1); },
       SseRounds::kScalarDouble},
      {"maxps",
       {0x0F, 0x5F, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = maxps(s.x0, s.x1); },
       SseRounds::kNothing},
      {"maxpd",
       {0x66, 0x0F, 0x5F, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = maxpd(s.x0, s.x1); },
       SseRounds::kNothing},
      {"maxss",
       {0xF3, 0x0F, 0x5F, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = maxss(s.x0, s.x1); },
       SseRounds::kNothing},
      {"maxsd",
       {0xF2, 0x0F, 0x5F, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = maxsd(s.x0, s.x1); },
       SseRounds::kNothing},
      {"sqrtps", {0x0F, 0x51, 0xC1}, kF32, [](SimdState& s) { s.x0 = sqrtps(s.x1); }},
      {"sqrtpd", {0x66, 0x0F, 0x51, 0xC1}, kF64, [](SimdState& s) { s.x0 = sqrtpd(s.x1); }},
      {"sqrtss", {0xF3, 0x0F, 0x51, 0xC1}, kF32, [](SimdState& s) { s.x0 = sqrtss(s.x0, s.x1); }},
      {"sqrtsd", {0xF2, 0x0F, 0x51, 0xC1}, kF64, [](SimdState& s) { s.x0 = sqrtsd(s.x0, s.x1); }},
  };
}

std::vector<SimdCase> conversions() {
  return {
      {"cvtdq2ps",
       {0x0F, 0x5B, 0xC1},
       kInt,
       [](SimdState& s) { s.x0 = cvtdq2ps(s.x1); },
       SseRounds::kNothing},
      {"cvtps2dq",
       {0x66, 0x0F, 0x5B, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = cvtps2dq(s.x1); },
       SseRounds::kNothing},
      {"cvttps2dq",
       {0xF3, 0x0F, 0x5B, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = cvttps2dq(s.x1); },
       SseRounds::kNothing},
      {"cvtdq2pd",
       {0xF3, 0x0F, 0xE6, 0xC1},
       kInt,
       [](SimdState& s) { s.x0 = cvtdq2pd(s.x1); },
       SseRounds::kNothing},
      {"cvtpd2dq",
       {0xF2, 0x0F, 0xE6, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = cvtpd2dq(s.x1); },
       SseRounds::kNothing},
      {"cvttpd2dq",
       {0x66, 0x0F, 0xE6, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = cvttpd2dq(s.x1); },
       SseRounds::kNothing},
      {"cvtps2pd",
       {0x0F, 0x5A, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = cvtps2pd(s.x1); },
       SseRounds::kNothing},
      {"cvtpd2ps",
       {0x66, 0x0F, 0x5A, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = cvtpd2ps(s.x1); },
       SseRounds::kPackedSingle},
      {"cvtss2sd",
       {0xF3, 0x0F, 0x5A, 0xC1},
       kF32,
       [](SimdState& s) { s.x0 = cvtss2sd(s.x0, s.x1); },
       SseRounds::kNothing},
      {"cvtsd2ss",
       {0xF2, 0x0F, 0x5A, 0xC1},
       kF64,
       [](SimdState& s) { s.x0 = cvtsd2ss(s.x0, s.x1); },
       SseRounds::kScalarSingle},
      {"cvtsi2ss r32",
       {0xF3, 0x0F, 0x2A, 0xC0},
       kInt,
       [](SimdState& s) { s.x0 = cvtsi2ss(s.x0, static_cast<uint32_t>(s.rax)); }},
      {"cvtsi2ss r64",
       {0xF3, 0x48, 0x0F, 0x2A, 0xC0},
       kInt,
       [](SimdState& s) { s.x0 = cvtsi2ss(s.x0, s.rax); }},
      {"cvtss2si r32", {0xF3, 0x0F, 0x2D, 0xC1}, kF32, [](SimdState& s) { s.rax = cvtss2si32(s.x1); }},
      {"cvtss2si r64", {0xF3, 0x48, 0x0F, 0x2D, 0xC1}, kF32, [](SimdState& s) { s.rax = cvtss2si64(s.x1); }},
      {"cvttss2si r32", {0xF3, 0x0F, 0x2C, 0xC1}, kF32, [](SimdState& s) { s.rax = cvttss2si32(s.x1); }},
      {"cvttss2si r64",
       {0xF3, 0x48, 0x0F, 0x2C, 0xC1},
       kF32,
       [](SimdState& s) { s.rax = cvttss2si64(s.x1); }},
      {"cvtsi2sd r32",
       {0xF2, 0x0F, 0x2A, 0xC0},
       kInt,
       [](SimdState& s) { s.x0 = cvtsi2sd(s.x0, static_cast<uint32_t>(s.rax)); }},
      {"cvtsi2sd r64",
       {0xF2, 0x48, 0x0F, 0x2A, 0xC0},
       kInt,
       [](SimdState& s) { s.x0 = cvtsi2sd(s.x0, s.rax); }},
      {"cvtsd2si r32", {0xF2, 0x0F, 0x2D, 0xC1}, kF64, [](SimdState& s) { s.rax = cvtsd2si32(s.x1); }},
      {"cvtsd2si r64", {0xF2, 0x48, 0x0F, 0x2D, 0xC1}, kF64, [](SimdState& s) { s.rax = cvtsd2si64(s.x1); }},
      {"cvttsd2si r32", {0xF2, 0x0F, 0x2C, 0xC1}, kF64, [](SimdState& s) { s.rax = cvttsd2si32(s.x1); }},
      {"cvttsd2si r64",
       {0xF2, 0x48, 0x0F, 0x2C, 0xC1},
       kF64,
       [](SimdState& s) { s.rax = cvttsd2si64(s.x1); }},
      {"cvtpi2ps", {0x0F, 0x2A, 0xC1}, kInt, [](SimdState& s) { s.x0 = cvtpi2ps(s.x0, s.m1); }},
      {"cvtpi2pd", {0x66, 0x0F, 0x2A, 0xC1}, kInt, [](SimdState& s) { s.x0 = cvtpi2pd(s.m1); }},
      {"cvtps2pi", {0x0F, 0x2D, 0xC1}, kF32, [](SimdState& s) { s.m0 = cvtps2pi(s.x1); }},
      {"cvttps2pi", {0x0F, 0x2C, 0xC1}, kF32, [](SimdState& s) { s.m0 = cvttps2pi(s.x1); }},
      {"cvtpd2pi", {0x66, 0x0F, 0x2D, 0xC1}, kF64, [](SimdState& s) { s.m0 = cvtpd2pi(s.x1); }},
      {"cvttpd2pi", {0x66, 0x0F, 0x2C, 0xC1}, kF64, [](SimdState& s) { s.m0 = cvttpd2pi(s.x1); }},
  };
}

std::vector<SimdCase> comparisons() {
  std::vector<SimdCase> cases;
  for (unsigned p = 0; p < 8; ++p) {
    const auto imm = static_cast<uint8_t>(p);
    const std::string n = std::to_string(p);
    cases.push_back({"cmpps " + n, {0x0F, 0xC2, 0xC1, imm}, kF32, [imm](SimdState& s) {
                       s.x0 = cmpps(s.x0, s.x1, imm);
                     }});
    cases.push_back({"cmppd " + n, {0x66, 0x0F, 0xC2, 0xC1, imm}, kF64, [imm](SimdState& s) {
                       s.x0 = cmppd(s.x0, s.x1, imm);
                     }});
    cases.push_back({"cmpss " + n, {0xF3, 0x0F, 0xC2, 0xC1, imm}, kF32, [imm](SimdState& s) {
                       s.x0 = cmpss(s.x0, s.x1, imm);
                     }});
    cases.push_back({"cmpsd " + n, {0xF2, 0x0F, 0xC2, 0xC1, imm}, kF64, [imm](SimdState& s) {
                       s.x0 = cmpsd(s.x0, s.x1, imm);
                     }});
  }
  cases.push_back(
      {"ucomiss", {0x0F, 0x2E, 0xC1}, kF32, [](SimdState& s) { s.set_flags(ucomiss(s.x0, s.x1)); }});
  cases.push_back(
      {"comiss", {0x0F, 0x2F, 0xC1}, kF32, [](SimdState& s) { s.set_flags(comiss(s.x0, s.x1)); }});
  cases.push_back(
      {"ucomisd", {0x66, 0x0F, 0x2E, 0xC1}, kF64, [](SimdState& s) { s.set_flags(ucomisd(s.x0, s.x1)); }});
  cases.push_back(
      {"comisd", {0x66, 0x0F, 0x2F, 0xC1}, kF64, [](SimdState& s) { s.set_flags(comisd(s.x0, s.x1)); }});
  return cases;
}

}  // namespace

TEST_CASE("SSE arithmetic", "[sse]") { check(arithmetic()); }

TEST_CASE("SSE conversions", "[sse]") { check(conversions()); }

TEST_CASE("SSE comparisons", "[sse]") { check(comparisons()); }

TEST_CASE("SSE approximations are the host's", "[sse]") {
  check({{"rcpps", {0x0F, 0x53, 0xC1}, kF32, [](SimdState& s) { s.x0 = rcpps(s.x1); }},
         {"rcpss", {0xF3, 0x0F, 0x53, 0xC1}, kF32, [](SimdState& s) { s.x0 = rcpss(s.x0, s.x1); }},
         {"rsqrtps", {0x0F, 0x52, 0xC1}, kF32, [](SimdState& s) { s.x0 = rsqrtps(s.x1); }},
         {"rsqrtss", {0xF3, 0x0F, 0x52, 0xC1}, kF32, [](SimdState& s) { s.x0 = rsqrtss(s.x0, s.x1); }}});
}

TEST_CASE("SSE unmasked exceptions: fault and flags before anything is written", "[sse]") {
  uint64_t seed = 4000;
  for (const auto& group : {arithmetic(), conversions(), comparisons()}) {
    for (const SimdCase& c : group) {
      INFO(c.name);
      CHECK(differs_unmasked(c, 2000, seed++) == "");
    }
  }
}

TEST_CASE("MXCSR scope gives the guest's rounding, collects its flags, and puts the host's back", "[sse]") {
  const uint32_t before = mxcsr::read_host();
  uint32_t guest = 0x7F80 | mxcsr::kDE;  // toward zero
  Xmm third;
  {
    const MxcsrScope scope(guest);
    third = divss(Xmm{0x3F800000, 0}, Xmm{0x40400000, 0});
    {
      const MxcsrPause pause;
      CHECK(mxcsr::read_host() == mxcsr::kReset);
    }
    MxcsrScope::collect(guest);
  }
  CHECK(third.lo == 0x3EAAAAAA);
  CHECK(guest == (0x7F80 | mxcsr::kDE | mxcsr::kPE));
  CHECK(mxcsr::read_host() == before);
}
