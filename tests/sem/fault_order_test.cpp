// What is checked first, and what is left behind, where an instruction can fault in several ways: as measured
// on silicon (tests/oracle compares it at random; these are the rare ones).
#include <catch2/catch.hpp>
#include <vector>

#include "sem/cpu_bench.h"

namespace ilse::test {
namespace {

using namespace cpu;
using Bytes = std::vector<uint8_t>;

constexpr uint64_t kData = CpuBench::kData, kUpper = 0x1234567800000000, kNowhere = 0x5000;
constexpr Exception kGp{kGP, 0};

TEST_CASE("REP with 32-bit addresses cuts its registers before the first iteration", "[sem][string]") {
  struct {
    Bytes code;
    bool cuts_si, cuts_di;
  } const kCases[] = {
      {{0xF3, 0x67, 0xA4}, true, true},    // movs
      {{0xF3, 0x67, 0xAA}, false, true},   // stos
      {{0xF3, 0x67, 0xA6}, false, false},  // cmps
      {{0xF3, 0x67, 0xAE}, false, false},  // scas
      {{0xF3, 0x67, 0xAC}, false, false},  // lods
  };
  for (const auto& t : kCases) {
    for (uint64_t count : {0, 3}) {
      CpuBench b;
      Cpu& c = b.cpu();
      c.gpr[kRcx] = kUpper | count;
      c.gpr[kRsi] = c.gpr[kRdi] = kUpper | kNowhere;
      INFO(std::hex << unsigned{t.code[2]} << " count " << count);
      CHECK(b.run(t.code).has_value() == (count != 0));
      CHECK(c.gpr[kRcx] == count);
      CHECK(c.gpr[kRsi] == (t.cuts_si ? kNowhere : kUpper | kNowhere));
      CHECK(c.gpr[kRdi] == (t.cuts_di ? kNowhere : kUpper | kNowhere));
    }
  }
  // Without REP a fault leaves them alone.
  CpuBench b;
  b.cpu().gpr[kRsi] = b.cpu().gpr[kRdi] = kUpper | kNowhere;
  CHECK(b.run(Bytes{0x67, 0xA4}) == Exception{kPFv, 4});
  CHECK(b.cpu().gpr[kRsi] == (kUpper | kNowhere));
}

TEST_CASE("An operand that wraps at 4 GiB is #GP but in a flat segment", "[sem]") {
  CpuBench b;
  Cpu& c = b.cpu();
  const Bytes kLoad{0x65, 0x8B, 0x02};  // mov eax, gs:[edx]
  b.start(32);
  c.gpr[kRdx] = 0xFFFFFFFD;
  CHECK(b.run(kLoad) == Exception{kPFv, 4});
  CHECK(c.cr.cr2 == 0xFFFFFFFD);
  c.seg[kGs].base = kData;
  c.update_mode();
  CHECK(b.run(kLoad) == kGp);
}

TEST_CASE("An operand whose end is not canonical is #GP before any page is asked for", "[sem]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.gpr[kRax] = 0x7FFFFFFFFFFA;
  CHECK(b.run(Bytes{0x48, 0x8B, 0x00}) == kGp);           // mov rax, [rax]
  CHECK(b.run(Bytes{0x48, 0x89, 0x00}) == kGp);           // mov [rax], rax
  CHECK(b.run(Bytes{0x48, 0xD1, 0x20}) == kGp);           // shl qword [rax], 1
  CHECK(b.run(Bytes{0x0F, 0x10, 0x00}) == kGp);           // movups xmm0, [rax]
  CHECK(b.run(Bytes{0x8B, 0x00}) == Exception{kPFv, 4});  // mov eax, [rax]
}

TEST_CASE("BOUND reads the lower limit, compares, then reads the upper", "[sem]") {
  CpuBench b;
  Cpu& c = b.cpu();
  const Bytes kBound{0x62, 0x02};  // bound eax, [edx]
  b.start(32);
  c.gpr[kRdx] = kData + CpuBench::kDataSize - 4;
  b.put(c.gpr[kRdx], uint32_t{10});
  c.gpr[kRax] = 5;
  CHECK(b.run(kBound) == Exception{kBR, 0});
  c.gpr[kRax] = 15;
  CHECK(b.run(kBound) == Exception{kPFv, 4});
  // Each limit has to be aligned by itself.
  c.set_eflags(kAC | 2);
  c.gpr[kRdx] = kData + 4;
  b.put(kData + 4, uint64_t{0x7FFFFFFF00000000});
  CHECK(b.run(kBound) == std::nullopt);
  c.gpr[kRdx] = kData + 2;
  CHECK(b.run(kBound) == Exception{kACv, 0});
}

TEST_CASE("MOVSXD with an operand-size prefix reads two bytes", "[sem]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.gpr[kRdx] = kData + CpuBench::kDataSize - 2;
  b.put(c.gpr[kRdx], uint16_t{0x8001});
  c.gpr[kRax] = ~0ull;
  CHECK(b.run(Bytes{0x66, 0x63, 0x02}) == std::nullopt);
  CHECK(c.gpr[kRax] == 0xFFFFFFFFFFFF8001);
}

TEST_CASE("An instruction of more than 15 bytes is #GP, whatever it is", "[sem][decoder]") {
  CpuBench b;
  Cpu& c = b.cpu();
  auto prefixed = [](unsigned n, const Bytes& tail) {
    Bytes code(n, 0x66);
    code.insert(code.end(), tail.begin(), tail.end());
    return code;
  };
  CHECK(b.run(prefixed(14, {0x90})) == std::nullopt);
  CHECK(c.rip() == CpuBench::kCode + 15);
  CHECK(b.run(prefixed(15, {0x90})) == kGp);
  CHECK(c.rip() == CpuBench::kCode);
  CHECK(b.run(prefixed(11, {0x81, 0xC1, 1, 0})) == std::nullopt);  // add cx, 1
  CHECK(b.run(prefixed(12, {0x81, 0xC1, 1, 0})) == kGp);
  CHECK(b.run(prefixed(14, {0x0F, 0x0B})) == kGp);  // #UD would come later
}

TEST_CASE("LOCK is for read-modify-write in memory", "[sem][decoder]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.gpr[kRsi] = kData;
  constexpr Exception kUd{kUD, 0};
  CHECK(b.run(Bytes{0xF0, 0x01, 0x06}) == std::nullopt);        // add
  CHECK(b.run(Bytes{0xF0, 0x0F, 0xC7, 0x0E}) == std::nullopt);  // cmpxchg8b
  CHECK(b.run(Bytes{0xF0, 0x01, 0xC1}) == kUd);                 // a register
  CHECK(b.run(Bytes{0xF0, 0x39, 0x06}) == kUd);                 // cmp
  CHECK(b.run(Bytes{0xF0, 0x89, 0x06}) == kUd);                 // mov
  CHECK(b.run(Bytes{0xF0, 0x90}) == kUd);
  CHECK(b.run(Bytes{0xF0, 0xA4}) == kUd);  // movs
}

TEST_CASE("Of several prefixes of a group the last counts, and REX only right before the opcode",
          "[sem][decoder]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.gpr[kRsi] = kData;
  c.seg[kFs].base = 0x10;
  c.seg[kGs].base = 0x20;
  b.put(kData + 0x10, uint32_t{0xF5});
  b.put(kData + 0x20, uint32_t{0x65});
  REQUIRE(b.run(Bytes{0x64, 0x65, 0x8B, 0x06}) == std::nullopt);
  CHECK(c.gpr[kRax] == 0x65);
  REQUIRE(b.run(Bytes{0x65, 0x64, 0x8B, 0x06}) == std::nullopt);
  CHECK(c.gpr[kRax] == 0xF5);
  c.gpr[kRcx] = 0x80;
  REQUIRE(b.run(Bytes{0xF2, 0xF3, 0x0F, 0xB8, 0xC1}) == std::nullopt);  // popcnt
  CHECK(c.gpr[kRax] == 1);
  CHECK(b.run(Bytes{0xF3, 0xF2, 0x0F, 0xB8, 0xC1}) == Exception{kUD, 0});
  c.gpr[kRax] = 0xFFFFFFFF00000001;
  REQUIRE(b.run(Bytes{0x48, 0x66, 0xFF, 0xC0}) == std::nullopt);  // inc ax: REX is not last
  CHECK(c.gpr[kRax] == 0xFFFFFFFF00000002);
  c.gpr[9] = 5;
  REQUIRE(b.run(Bytes{0x48, 0x41, 0xFF, 0xC1}) == std::nullopt);  // inc r9d: the last REX
  CHECK(c.gpr[9] == 6);
}

TEST_CASE("A handler that faults for ever does not hold the processor", "[sem]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.reset(true);
  c.seg[kCs].base = 0;
  c.idtr = {0, 0x3FF};
  c.gpr[kRsp] = 0x9000;
  c.update_mode();
  b.put(4 * kUD, uint32_t{0x7000});
  b.put_bytes(0x7000, Bytes{0x0F, 0x0B});  // ud2
  c.set_rip(0x7000);
  CHECK(c.run(1000) == RunExit::Slice);
  CHECK(c.retired == 1000);
  // Nor one that is beyond its segment, so that nothing of it is run.
  c.seg[kCs].limit = 0x6FFF;
  c.update_mode();
  b.put(4 * kGP, uint32_t{0x7000});
  CHECK(c.run(1000) == RunExit::Slice);
  CHECK(c.retired == 2000);
}

}  // namespace
}  // namespace ilse::test
