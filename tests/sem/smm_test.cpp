// System management mode: entry, the save area, RSM, and what is held back meanwhile (Intel SDM vol. 3C,
// chapter 31; AMD64 APM vol. 2, section 10.3).
#include <catch2/catch.hpp>
#include <vector>

#include "sem/cpu_bench.h"

namespace ilse::test {
namespace {

using namespace cpu;
using Bytes = std::vector<uint8_t>;

constexpr uint64_t kBase = 0x30000, kEntry = kBase + 0x8000;
constexpr Bytes::value_type kHlt = 0xF4;
const Bytes kRsm{0x0F, 0xAA}, kNops{0x90, 0x90, 0x90, 0x90};

// The supervisor's copy of the bench: privilege 0 in 64-bit code at an address that user code cannot reach.
constexpr uint64_t kSystemCode = 0x320000;
void enter_system(CpuBench& b) {
  Cpu& c = b.cpu();
  for (Segment& s : c.seg) s.attr &= static_cast<uint16_t>(~kSegDpl);
  c.seg[kCs].selector = 8;
  c.update_mode();
}

// Runs `n` instructions of the guest, then raises SMI and runs `m` more.
void with_smi(CpuBench& b, unsigned n, unsigned m) {
  if (n != 0) b.cpu().run(n);
  b.cpu().pulse_smi();
  b.cpu().run(m);
}

TEST_CASE("SMM: an SMI enters at SMBASE + 8000h in real mode with 4 GiB segments", "[sem][smm]") {
  CpuBench b;
  Cpu& c = b.cpu();
  b.put_bytes(CpuBench::kCode, kNops);
  b.put_bytes(kEntry, Bytes{kHlt});
  c.cr.cr0 |= kCr0Ts;
  c.update_mode();
  with_smi(b, 1, 1);
  CHECK(c.pending.smm);
  CHECK(b.board.smm);
  CHECK(c.pending.activity == Activity::Halted);
  CHECK(c.rip() == 0x8001);
  CHECK(c.seg[kCs].selector == 0x3000);
  CHECK(c.seg[kCs].base == kBase);
  for (const Segment& s : c.seg) CHECK(s.limit == 0xFFFFFFFF);
  CHECK((c.cr.cr0 & (kCr0Pe | kCr0Pg | kCr0Ts | kCr0Em)) == 0);
  CHECK(c.cr.cr4 == 0);
  CHECK(c.cr.efer == 0);
  CHECK(c.cr.dr[7] == 0x400);
  CHECK(c.eflags() == 2);
}

TEST_CASE("SMM: the AMD64 save area has the registers where firmware looks for them", "[sem][smm]") {
  CpuBench b;
  Cpu& c = b.cpu();
  b.put_bytes(CpuBench::kCode, kNops);
  b.put_bytes(kEntry, Bytes{kHlt});
  for (unsigned n = 0; n < 16; ++n) c.gpr[n] = 0x1111111111111111ull * n;
  uint64_t cr3 = c.cr.cr3, cr0 = c.cr.cr0, cr4 = c.cr.cr4;
  with_smi(b, 2, 1);
  auto q = [&](uint64_t offset) { return b.get<uint64_t>(kBase + offset); };
  CHECK(b.get<uint32_t>(kBase + 0xFEFC) == 0x00020064);
  CHECK(b.get<uint32_t>(kBase + 0xFF00) == kBase);
  CHECK(q(0xFF78) == CpuBench::kCode + 2);
  CHECK(q(0xFFF8) == 0);
  CHECK(q(0xFFF0) == 0x1111111111111111);
  CHECK(q(0xFFC0) == 0x7777777777777777);
  CHECK(q(0xFF80) == 0xFFFFFFFFFFFFFFFF);
  CHECK(q(0xFF50) == cr3);
  CHECK(q(0xFF58) == cr0);
  CHECK(q(0xFF48) == cr4);
  CHECK(q(0xFED0) == (kEferLme | kEferLma | kEferNx));
  CHECK(b.get<uint16_t>(kBase + 0xFE10) == 0x33);
  CHECK(b.get<uint16_t>(kBase + 0xFE12) == 0xA0FB);
}

TEST_CASE("SMM: RSM goes on where the SMI came, with everything as it was", "[sem][smm]") {
  for (const char* model : {"max", "pentium3"}) {
    INFO(model);
    CpuBench b(model);
    Cpu& c = b.cpu();
    if (!c.model().has(Feature::Lm)) {
      // Flat protected mode without paging.
      c.cr.cr0 = kCr0Pe | kCr0Et;
      c.cr.efer = 0;
      c.cr.cr4 = 0;
      c.seg[kCs].attr = kSegPresent | kSegS | kSegCode | kSegWritable | kSegAccessed | kSegBig | kSegGranular;
      for (uint8_t n : {kEs, kSs, kDs, kFs, kGs})
        c.seg[n].attr = kSegPresent | kSegS | kSegWritable | kSegAccessed | kSegBig | kSegGranular;
      c.update_mode();
    }
    b.put_bytes(CpuBench::kCode, Bytes{0x40, 0x90, 0xFF, 0xC0, 0x90});  // INC EAX or REX NOP; INC EAX
    b.put_bytes(kEntry, Bytes{0xB8, 0x34, 0x12, 0x0F, 0xAA});           // MOV AX, 1234h; RSM
    for (unsigned n = 0; n < 8; ++n) c.gpr[n] = 0x01010101 * (n + 1);
    c.set_eflags(kCF | kDF | kIF | 2);
    auto gpr = c.gpr;
    auto seg = c.seg;
    auto cr = c.cr;
    uint32_t flags = c.eflags();
    with_smi(b, 0, 2);
    CHECK_FALSE(c.pending.smm);
    CHECK_FALSE(b.board.smm);
    CHECK(c.rip() == CpuBench::kCode);
    CHECK(c.gpr == gpr);
    CHECK(c.eflags() == flags);
    CHECK(c.cr.cr0 == cr.cr0);
    CHECK(c.cr.cr3 == cr.cr3);
    CHECK(c.cr.cr4 == cr.cr4);
    CHECK(c.cr.efer == cr.efer);
    CHECK(c.cr.dr == cr.dr);
    for (unsigned n = 0; n < 6; ++n) {
      CHECK(c.seg[n].base == seg[n].base);
      CHECK(c.seg[n].limit == seg[n].limit);
      CHECK(c.seg[n].selector == seg[n].selector);
      CHECK(c.seg[n].attr == seg[n].attr);
    }
    uint64_t before = c.gpr[kRax];
    c.run(2);
    CHECK(c.gpr[kRax] > before);
  }
}

TEST_CASE("SMM: the handler moves SMBASE and changes registers through the save area", "[sem][smm]") {
  CpuBench b;
  Cpu& c = b.cpu();
  b.put_bytes(CpuBench::kCode, kNops);
  // MOV DWORD CS:[FF00h], 50000h; MOV DWORD CS:[FFF8h], 77h; RSM
  b.put_bytes(kEntry, Bytes{0x2E, 0x66, 0xC7, 0x06, 0x00, 0xFF, 0x00, 0x00, 0x05, 0x00, 0x2E,
                            0x66, 0xC7, 0x06, 0xF8, 0xFF, 0x77, 0x00, 0x00, 0x00, 0x0F, 0xAA});
  with_smi(b, 0, 3);
  CHECK(c.msr.smbase == 0x50000);
  CHECK(c.gpr[kRax] == 0x77);
  b.put_bytes(0x58000, Bytes{kHlt});
  with_smi(b, 1, 1);
  CHECK(c.seg[kCs].base == 0x50000);
  CHECK(c.pending.activity == Activity::Halted);
}

TEST_CASE("SMM: RSM outside of it is #UD", "[sem][smm]") {
  CpuBench b;
  CHECK(b.run(kRsm) == Exception{kUD, 0});
  enter_system(b);
  b.put_bytes(kSystemCode, kRsm);
  CHECK(b.run(kRsm, 1, kSystemCode) == Exception{kUD, 0});
}

TEST_CASE("SMM: SMI and NMI wait until RSM", "[sem][smm]") {
  CpuBench b;
  Cpu& c = b.cpu();
  b.put_bytes(CpuBench::kCode, kNops);
  b.put_bytes(kEntry, Bytes{0x90, 0x90, 0x90, 0x0F, 0xAA});
  with_smi(b, 0, 1);
  c.pulse_smi();
  c.pulse_nmi();
  c.run(2);
  CHECK(c.pending.smm);
  CHECK(c.rip() == 0x8003);
  c.run(1);  // RSM: the second SMI comes before the NMI
  CHECK(c.pending.smm);
  CHECK(c.pending.nmi);
  CHECK(c.rip() == 0x8000);
  CHECK(b.get<uint64_t>(kBase + 0xFF78) == CpuBench::kCode);
  c.run(4);
  CHECK_FALSE(c.pending.smm);
  CHECK_FALSE(c.pending.nmi);
}

TEST_CASE("SMM: INIT in SMM waits for RSM", "[sem][smm]") {
  CpuBench b;
  Cpu& c = b.cpu();
  b.put_bytes(CpuBench::kCode, kNops);
  b.put_bytes(kEntry, Bytes{0x90, 0x90, 0x0F, 0xAA});
  with_smi(b, 0, 1);
  c.pulse_init();
  c.run(1);
  CHECK(c.pending.smm);
  c.run(1);
  CHECK_FALSE(c.pending.smm);
  CHECK(c.seg[kCs].selector == 0xF000);
  CHECK(c.msr.smbase == kBase);
}

TEST_CASE("SMM: a halted processor wakes for an SMI and halts again after RSM", "[sem][smm]") {
  CpuBench b;
  Cpu& c = b.cpu();
  enter_system(b);
  b.put_bytes(kSystemCode, Bytes{kHlt, 0x90});
  b.put_bytes(kEntry, kRsm);
  c.set_rip(kSystemCode);
  c.run(1);
  REQUIRE(c.pending.activity == Activity::Halted);
  c.pulse_smi();
  CHECK(c.runnable());
  c.run(1);
  CHECK(c.pending.activity == Activity::Halted);
  CHECK(c.rip() == kSystemCode + 1);
  // Unless the handler says otherwise: MOV BYTE CS:[FEC9h], 0; RSM.
  b.put_bytes(kEntry, Bytes{0x2E, 0xC6, 0x06, 0xC9, 0xFE, 0x00, 0x0F, 0xAA});
  c.pulse_smi();
  c.run(2);
  CHECK(c.pending.activity == Activity::Running);
}

TEST_CASE("SMM: an SMI does not come between STI or MOV SS and the next instruction", "[sem][smm]") {
  CpuBench b;
  Cpu& c = b.cpu();
  enter_system(b);
  b.put_bytes(kSystemCode, Bytes{0xFB, 0x90, 0x90});
  b.put_bytes(kEntry, Bytes{kHlt});
  c.set_rip(kSystemCode);
  c.run(1);
  c.pulse_smi();
  c.run(2);
  CHECK(b.get<uint64_t>(kBase + 0xFF78) == kSystemCode + 2);
}

TEST_CASE("SMM: a processor that waits for its start-up message takes no SMI", "[sem][smm]") {
  CpuBench b;
  Cpu& c = b.cpu();
  c.pending.activity = Activity::WaitForSipi;
  with_smi(b, 0, 1);
  CHECK_FALSE(c.pending.smm);
  CHECK(c.pending.smi);
  b.put_bytes(kEntry, Bytes{kHlt});
  c.start_up(0x20);
  c.run(1);
  CHECK(c.pending.smm);
}

TEST_CASE("SMM: RSM to a state that cannot be is a shutdown", "[sem][smm]") {
  // MOV DWORD CS:[FF58h], 80000000h (PG without PE); CR4 with a reserved bit; each then RSM.
  for (const Bytes& code : {Bytes{0x2E, 0x66, 0xC7, 0x06, 0x58, 0xFF, 0x00, 0x00, 0x00, 0x80, 0x0F, 0xAA},
                            Bytes{0x2E, 0x66, 0xC7, 0x06, 0x48, 0xFF, 0x20, 0x00, 0x00, 0x80, 0x0F, 0xAA}}) {
    CpuBench b;
    b.put_bytes(CpuBench::kCode, kNops);
    b.put_bytes(kEntry, code);
    with_smi(b, 0, 2);
    CHECK(b.cpu().pending.activity == Activity::Shutdown);
  }
}

}  // namespace
}  // namespace ilse::test
