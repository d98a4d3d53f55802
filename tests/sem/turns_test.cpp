// Where a run ends, and what processors that share a block cache see of each other's code.
#include <array>
#include <catch2/catch.hpp>
#include <cstring>

#include "tests/sem/cpu_bench.h"

using namespace ilse;
using namespace ilse::test;

namespace {

// Two processors in 32-bit protected mode, flat, without paging, over one RAM and one block cache.
class Pair {
 public:
  Pair() : ram_(std::move(*mem::Ram::create(1 << 20))), map_(ram_, log_), io_(log_), blocks(ram_) {
    map_.add({mem::PhysMap::ram_region(0, 1 << 20, ram_, 0)});
    map_.commit();
    for (unsigned k = 0; k < 2; ++k) {
      processors_[k] =
          std::make_unique<cpu::Cpu>(k, *cpu::find_model("max"), map_, io_, board_, time_, &blocks);
      cpu::Cpu& c = *processors_[k];
      c.pending.activity = cpu::Activity::Running;
      c.cr.cr0 = cpu::kCr0Pe | cpu::kCr0Et;
      constexpr uint16_t kData =
          cpu::kSegPresent | cpu::kSegS | cpu::kSegAccessed | cpu::kSegWritable | cpu::kSegBig;
      for (cpu::Segment& s : c.seg) s = {0, 0xFFFFFFFF, 0x10, kData};
      c.seg[cpu::kCs].attr |= cpu::kSegCode;
      c.update_mode();
    }
  }
  // Puts code where no store is looked for, as a loader would before anything ran there.
  void put(uint64_t at, std::initializer_list<uint8_t> code) {
    std::copy(code.begin(), code.end(), ram_.data() + at);
  }
  uint64_t run(unsigned n, uint64_t at, uint64_t instructions) {
    processors_[n]->set_rip(at);
    processors_[n]->pending.activity = cpu::Activity::Running;
    processors_[n]->run(instructions);
    return processors_[n]->gpr[cpu::kRax];
  }

 private:
  mem::EventLog log_;
  mem::Ram ram_;
  mem::PhysMap map_;
  mem::IoBus io_;
  NullBoard board_;
  StillTime time_;

 public:
  cpu::BlockCache blocks;

 private:
  std::array<std::unique_ptr<cpu::Cpu>, 2> processors_;
};

constexpr uint64_t kTarget = 0x3000, kWriter = 0x5000, kOther = 0x6000, kThird = 0x7000;

// mov eax, value; hlt
void put_target(Pair& p, uint8_t value) { p.put(kTarget, {0xB8, value, 0, 0, 0, 0xF4}); }
// mov byte [kTarget + 1], value
void put_writer(Pair& p, uint8_t value) { p.put(kWriter, {0xC6, 0x05, 0x01, 0x30, 0, 0, value}); }

}  // namespace

TEST_CASE("turns: PAUSE ends the run behind itself when others want to run", "[turns]") {
  CpuBench b;
  // pause; inc eax; inc eax; inc eax
  const uint8_t code[] = {0xF3, 0x90, 0xFF, 0xC0, 0xFF, 0xC0, 0xFF, 0xC0};
  b.cpu().share(true);
  b.run(code, 4);
  CHECK(b.cpu().retired == 1);
  CHECK(b.cpu().rip() == CpuBench::kCode + 2);
  CHECK(b.cpu().take_yield());
  CHECK_FALSE(b.cpu().take_yield());
  b.cpu().share(false);
  b.run(code, 4);
  CHECK(b.cpu().retired == 5);
  CHECK_FALSE(b.cpu().take_yield());
}

TEST_CASE("turns: an interrupt behind a branch does not become the branch's target", "[turns]") {
  CpuBench b;
  cpu::Cpu& c = b.cpu();
  for (cpu::Segment& s : c.seg) s.attr = static_cast<uint16_t>(s.attr & ~cpu::kSegDpl);
  c.seg[cpu::kCs].selector = 8;
  c.seg[cpu::kSs].selector = 0;
  c.update_mode();
  // test eax, eax; jz +6; 6 bytes; inc esi; hlt
  const uint8_t code[] = {0x85, 0xC0, 0x74, 0x06, 0, 0, 0, 0, 0, 0, 0xFF, 0xC6, 0xF4};
  // inc ebx; iretq, in the same page
  const uint8_t handler[] = {0xFF, 0xC3, 0x48, 0xCF};
  constexpr uint64_t kHandler = CpuBench::kCode + 0x100;
  b.put_bytes(CpuBench::kCode, code);
  b.put_bytes(kHandler, handler);
  b.put<uint64_t>(CpuBench::kData + 2 * 16,
                  (kHandler & 0xFFFF) | 8 << 16 | 0x8E00ull << 32 | (kHandler >> 16) << 48);
  c.idtr = {CpuBench::kData, 0xFF};
  c.set_rip(CpuBench::kCode);
  c.run(2);
  REQUIRE(c.rip() == CpuBench::kCode + 10);
  c.pulse_nmi();
  c.run(3);
  CHECK(c.gpr[cpu::kRbx] == 1);
  CHECK(c.gpr[cpu::kRsi] == 1);
  c.set_rip(CpuBench::kCode);
  c.run(10);
  CHECK(c.gpr[cpu::kRbx] == 1);
  CHECK(c.gpr[cpu::kRsi] == 2);
}

TEST_CASE("turns: one processor rewrites what the other has run", "[turns]") {
  Pair p;
  put_target(p, 1);
  put_writer(p, 2);
  CHECK(p.run(0, kTarget, 1) == 1);
  p.run(1, kWriter, 1);
  CHECK(p.run(0, kTarget, 1) == 2);
}

TEST_CASE("turns: a page that comes to hold code is write-slow for every processor", "[turns]") {
  Pair p;
  put_target(p, 1);
  put_writer(p, 1);
  p.run(1, kWriter, 1);  // its TLB has the page now, for fast stores
  CHECK(p.run(0, kTarget, 1) == 1);
  put_target(p, 1);
  // The same store again, from the same block: nothing is looked up anew.
  p.put(kOther, {0xC6, 0x05, 0x01, 0x30, 0, 0, 9});
  p.run(1, kOther, 1);
  CHECK(p.run(0, kTarget, 1) == 9);
}

TEST_CASE("turns: blocks that went with the whole cache are not entered", "[turns]") {
  Pair p;
  put_target(p, 1);
  // mov edx, kTarget; jmp edx: found by its address once it has been there
  p.put(kOther, {0xBA, 0, 0x30, 0, 0, 0xFF, 0xE2});
  // The same to kWriter: mov eax, 7; hlt
  p.put(kThird, {0xBA, 0, 0x50, 0, 0, 0xFF, 0xE2});
  p.put(kWriter, {0xB8, 7, 0, 0, 0, 0xF4});
  CHECK(p.run(0, kOther, 3) == 1);
  p.blocks.reset();
  // What the other builds now is where those blocks were.
  CHECK(p.run(1, kThird, 3) == 7);
  p.run(1, kOther, 2);
  CHECK(p.run(0, kOther, 9) == 1);
}
