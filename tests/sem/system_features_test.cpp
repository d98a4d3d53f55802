// What CR4 keeps from programs or from the system itself: SMEP, SMAP, UMIP; and the small instructions of the
// later processors whose results the host cannot judge (Intel SDM vol. 3A, sections 2.5 and 4.6; vol. 2).
#include <catch2/catch.hpp>
#include <vector>

#include "sem/cpu_bench.h"

namespace ilse::test {
namespace {

using namespace cpu;
using Bytes = std::vector<uint8_t>;

constexpr uint64_t kData = CpuBench::kData;
constexpr uint64_t kSystemCode = 0x320000;  // a page that is the system's
constexpr Exception kGp{kGP, 0}, kUd{kUD, 0};
const Bytes kLoad{0x48, 0x8B, 0x06}, kStore{0x48, 0x89, 0x06};  // mov rax, [rsi]; mov [rsi], rax

struct SystemBench : CpuBench {
  explicit SystemBench(std::string_view model = "max") : CpuBench(model) {
    for (Segment& s : cpu().seg) s.attr &= static_cast<uint16_t>(~kSegDpl);
    cpu().update_mode();
    cpu().gpr[kRsp] = 0x330000;
    cpu().gpr[kRsi] = kData;
  }
  std::optional<Exception> system(const Bytes& code, unsigned n = 1) { return run(code, n, kSystemCode); }
  void cr4(uint64_t bits) {
    cpu().cr.cr4 |= bits;
    cpu().flush_tlb();
    cpu().update_mode();
  }
};

TEST_CASE("SMEP: the system does not execute a program's pages", "[sem][smep]") {
  SystemBench b;
  CHECK(b.run(Bytes{0x90}) == std::nullopt);
  b.cr4(kCr4Smep);
  CHECK(b.run(Bytes{0x90}) == Exception{kPFv, 0x11});
  CHECK(b.system(Bytes{0x90}) == std::nullopt);
}

TEST_CASE("SMAP: the system reaches a program's pages with AC only", "[sem][smap]") {
  SystemBench b;
  Cpu& c = b.cpu();
  const Bytes kStac{0x0F, 0x01, 0xCB}, kClac{0x0F, 0x01, 0xCA};
  CHECK(b.system(kLoad) == std::nullopt);
  b.cr4(kCr4Smap);
  CHECK(b.system(kLoad) == Exception{kPFv, 1});
  CHECK(b.system(kStore) == Exception{kPFv, 3});
  CHECK(b.system(kStac) == std::nullopt);
  CHECK((c.eflags() & kAC) != 0);
  CHECK(b.system(kLoad) == std::nullopt);
  CHECK(b.system(kStore) == std::nullopt);
  CHECK(b.system(kClac) == std::nullopt);
  // What was let through does not stay so.
  CHECK(b.system(kLoad) == Exception{kPFv, 1});
  // Within one block too: STAC, load, CLAC, load.
  Bytes all = kStac;
  all.insert(all.end(), kLoad.begin(), kLoad.end());
  all.insert(all.end(), kClac.begin(), kClac.end());
  all.insert(all.end(), kLoad.begin(), kLoad.end());
  CHECK(b.system(all, 4) == Exception{kPFv, 1});
  CHECK(c.rip() == kSystemCode + 9);
  // Its own pages are always there.
  c.gpr[kRsi] = 0x328000;
  CHECK(b.system(kLoad) == std::nullopt);
}

TEST_CASE("SMAP: a descriptor table in a program's page is out of reach even with AC", "[sem][smap]") {
  SystemBench b;
  Cpu& c = b.cpu();
  b.put(kData + 0x10, uint64_t{0x00CF93000000FFFF});
  c.gdtr = {kData, 0x1F};
  c.gpr[kRax] = 0x10;
  const Bytes kMovDs{0x8E, 0xD8};
  c.set_eflags(kAC | 2);
  CHECK(b.system(kMovDs) == std::nullopt);
  b.cr4(kCr4Smap);
  // The handler's own segment is in that table: a double fault, then shutdown.
  b.system(kMovDs);
  CHECK(c.pending.activity == Activity::Shutdown);
}

TEST_CASE("STAC and CLAC are the system's alone", "[sem][smap]") {
  CpuBench b;
  CHECK(b.run(Bytes{0x0F, 0x01, 0xCB}) == kUd);
  CHECK(b.run(Bytes{0x0F, 0x01, 0xCA}) == kUd);
}

TEST_CASE("PKU: a protection key forbids writing, or any access, to data", "[sem][pku]") {
  CpuBench b;
  Cpu& c = b.cpu();
  const Bytes kRdpkru{0x0F, 0x01, 0xEE}, kWrpkru{0x0F, 0x01, 0xEF};
  c.gpr[kRsi] = kData;
  c.gpr[kRcx] = 0;
  CHECK(b.run(kRdpkru) == kUd);
  CHECK(b.run(kWrpkru) == kUd);
  c.cr.cr4 |= kCr4Pke;
  auto write = [&](uint64_t value) {
    c.gpr[kRcx] = c.gpr[kRdx] = 0;
    c.gpr[kRax] = value;
    return b.run(kWrpkru);
  };
  CHECK(b.run(kStore) == std::nullopt);
  REQUIRE(write(2) == std::nullopt);
  CHECK(b.run(kLoad) == std::nullopt);
  CHECK(b.run(kStore) == Exception{kPFv, 0x27});
  REQUIRE(write(1) == std::nullopt);
  CHECK(b.run(kLoad) == Exception{kPFv, 0x25});
  REQUIRE(write(0x12345678'FFFFFFFC) == std::nullopt);
  CHECK(b.run(kStore) == std::nullopt);
  c.gpr[kRcx] = 0;
  REQUIRE(b.run(kRdpkru) == std::nullopt);
  CHECK(c.gpr[kRax] == 0xFFFFFFFC);
  c.gpr[kRcx] = 1;
  CHECK(b.run(kRdpkru) == kGp);
  CHECK(b.run(kWrpkru) == kGp);
}

TEST_CASE("PKU: PKRU is the last component of an XSAVE area", "[sem][pku][xsave]") {
  CpuBench b;
  Cpu& c = b.cpu();
  const Bytes kXsave{0x0F, 0xAE, 0x26}, kXsavec{0x0F, 0xC7, 0x26}, kXrstor{0x0F, 0xAE, 0x2E};
  c.cr.cr4 |= kCr4Osxsave;
  c.gpr[kRsi] = kData;
  c.gpr[kRdx] = 0;
  for (uint64_t xcr0 : {0x201, 0x207}) {
    for (const Bytes& code : {kXsave, kXsavec}) {
      const bool compacted = code == kXsavec;
      const uint64_t at = compacted && xcr0 == 0x201 ? 576 : 832;
      c.cr.xcr0 = c.gpr[kRax] = xcr0;
      for (unsigned k = 0; k < 64; k += 8) b.put(kData + 512 + k, uint64_t{0});
      b.put(kData + 24, uint32_t{0x1F80});
      c.set_pkru(0x5554);
      REQUIRE(b.run(code) == std::nullopt);
      CHECK((b.get<uint64_t>(kData + 512) & 0x200) != 0);
      CHECK(b.get<uint64_t>(kData + at) == 0x5554);
      c.set_pkru(0);
      REQUIRE(b.run(kXrstor) == std::nullopt);
      CHECK(c.cr.pkru == 0x5554);
      b.put(kData + 512, uint64_t{0});
      REQUIRE(b.run(kXrstor) == std::nullopt);
      CHECK(c.cr.pkru == 0);
    }
  }
}

TEST_CASE("UMIP: programs do not learn where the system's tables are", "[sem][umip]") {
  const Bytes kCodes[] = {{0x0F, 0x01, 0x06},   // sgdt
                          {0x0F, 0x01, 0x0E},   // sidt
                          {0x0F, 0x00, 0xC0},   // sldt
                          {0x0F, 0x00, 0xC8},   // str
                          {0x0F, 0x01, 0xE0}};  // smsw
  for (const Bytes& code : kCodes) {
    CpuBench b;
    b.cpu().gpr[kRsi] = kData;
    CHECK(b.run(code) == std::nullopt);
    b.cpu().cr.cr4 |= kCr4Umip;
    CHECK(b.run(code) == kGp);
    SystemBench system;
    system.cr4(kCr4Umip);
    CHECK(system.system(code) == std::nullopt);
  }
}

TEST_CASE("RDRAND and RDSEED give numbers from the processor's state", "[sem][random]") {
  CpuBench a, b;
  const Bytes kRdrand{0x48, 0x0F, 0xC7, 0xF0}, kRdseed{0x0F, 0xC7, 0xF9}, kRdrand16{0x66, 0x0F, 0xC7, 0xF0};
  std::vector<uint64_t> seen;
  for (unsigned k = 0; k < 50; ++k) {
    a.cpu().set_eflags(kZF | kSF | kOF | kAF | kPF | 2);
    REQUIRE(a.run(kRdrand) == std::nullopt);
    REQUIRE(b.run(kRdrand) == std::nullopt);
    CHECK((a.cpu().eflags() & kOSZAPC) == kCF);
    CHECK(a.cpu().gpr[kRax] == b.cpu().gpr[kRax]);
    for (uint64_t v : seen) CHECK(v != a.cpu().gpr[kRax]);
    seen.push_back(a.cpu().gpr[kRax]);
  }
  a.cpu().gpr[kRax] = ~0ull;
  REQUIRE(a.run(kRdrand16) == std::nullopt);
  CHECK(a.cpu().gpr[kRax] >> 16 == 0xFFFFFFFFFFFF);
  a.cpu().gpr[kRcx] = ~0ull;
  REQUIRE(a.run(kRdseed) == std::nullopt);
  CHECK(a.cpu().gpr[kRcx] >> 32 == 0);
  CpuBench other;
  other.cpu().random = 2;
  REQUIRE(other.run(kRdrand) == std::nullopt);
  CHECK(other.cpu().gpr[kRax] != seen[0]);
}

TEST_CASE("RDPID and RDTSCP read IA32_TSC_AUX", "[sem]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.msr.tsc_aux = 0x12345;
  c.gpr[kRax] = ~0ull;
  REQUIRE(b.run(Bytes{0xF3, 0x0F, 0xC7, 0xF8}) == std::nullopt);
  CHECK(c.gpr[kRax] == 0x12345);
  REQUIRE(b.run(Bytes{0x0F, 0x01, 0xF9}) == std::nullopt);
  CHECK(c.gpr[kRcx] == 0x12345);
}

TEST_CASE("CLFLUSH and its kin fault as a load of a byte and change nothing", "[sem]") {
  for (const Bytes& code :
       {Bytes{0x0F, 0xAE, 0x3E}, Bytes{0x66, 0x0F, 0xAE, 0x3E}, Bytes{0x66, 0x0F, 0xAE, 0x36}}) {
    CpuBench b;
    Cpu& c = b.cpu();
    c.gpr[kRsi] = kData + 1;
    CHECK(b.run(code) == std::nullopt);
    c.gpr[kRsi] = 0x5000;
    CHECK(b.run(code) == Exception{kPFv, 4});
    c.gpr[kRsi] = 0x800000000000;
    CHECK(b.run(code) == kGp);
  }
  // CLDEMOTE and the prefetches do not even do that.
  CpuBench b;
  b.cpu().gpr[kRsi] = 0x5000;
  for (const Bytes& code : {Bytes{0x0F, 0x1C, 0x06}, Bytes{0x0F, 0x0D, 0x0E}, Bytes{0x0F, 0x18, 0x0E}})
    CHECK(b.run(code) == std::nullopt);
}

TEST_CASE("INVPCID checks its type and descriptor", "[sem]") {
  SystemBench b;
  Cpu& c = b.cpu();
  const Bytes kInvpcid{0x66, 0x0F, 0x38, 0x82, 0x06};
  c.gpr[kRsi] = 0x328000;
  auto with = [&](uint64_t type, uint64_t pcid, uint64_t address) {
    c.gpr[kRax] = type;
    b.put(0x328000, pcid);
    b.put(0x328008, address);
    return b.system(kInvpcid);
  };
  for (uint64_t type : {0, 1, 2, 3}) CHECK(with(type, 0, 0) == std::nullopt);
  CHECK(with(4, 0, 0) == kGp);
  CHECK(with(2, 0x1000, 0) == kGp);
  CHECK(with(0, 0, 0x800000000000) == kGp);
  CHECK(with(1, 0, 0x800000000000) == std::nullopt);
  CHECK(with(1, 5, 0) == kGp);
  b.cr4(kCr4Pcide);
  CHECK(with(1, 5, 0) == std::nullopt);
}

TEST_CASE("SALC, ICEBP and ENDBR", "[sem]") {
  CpuBench b;
  Cpu& c = b.cpu();
  CHECK(b.run(Bytes{0xD6}) == kUd);  // in 64-bit code
  CHECK(b.run(Bytes{0xF3, 0x0F, 0x1E, 0xFA}) == std::nullopt);
  CHECK(b.run(Bytes{0xF3, 0x0F, 0x1E, 0xFB}) == std::nullopt);
  CHECK(b.run(Bytes{0xF1}) == Exception{kDB, 0});
  CHECK(c.rip() == CpuBench::kCode + 1);
  b.start(32);
  c.set_eflags(kCF | 2);
  REQUIRE(b.run(Bytes{0xD6}) == std::nullopt);
  CHECK((c.gpr[kRax] & 0xFF) == 0xFF);
}

}  // namespace
}  // namespace ilse::test
