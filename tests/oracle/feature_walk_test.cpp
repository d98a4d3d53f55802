// Every feature that -cpu knows, on a processor with it and on one without: its CPUID bit, the instructions
// of its rows, the control-register bits and MSRs that it brings. Needs no native code; it is in this folder
// for the generator of encodings, so that a new row is walked by existing.
#include <algorithm>
#include <string>
#include <string_view>

#include "cpu/isa/decoder.h"
#include "cpu/sem/helpers.h"
#include "oracle/row_case.h"
#include "oracle/test_layout.h"
#include "sem/cpu_bench.h"

namespace ilse::oracle {
namespace {

using cpu::Feature;
using cpu::FeatureInfo;
using cpu::Model;
using cpu::Row;

Model model(const std::string& spec) {
  auto m = cpu::find_model(spec);
  REQUIRE(m);
  return *m;
}
Model with(const FeatureInfo& f) { return model("max,+" + std::string(f.name)); }
Model without(const FeatureInfo& f) { return model("max,+bmi1,-" + std::string(f.name)); }

bool cpuid_bit(const Model& m, const FeatureInfo& f) {
  cpu::CpuidResult r = m.cpuid(f.leaf, f.leaf == 0xD ? 1 : 0, 0, 1);
  uint32_t value = f.reg == FeatureInfo::kEax   ? r.eax
                   : f.reg == FeatureInfo::kEbx ? r.ebx
                   : f.reg == FeatureInfo::kEcx ? r.ecx
                                                : r.edx;
  return (value >> f.bit & 1) != 0;
}

TEST_CASE("features: CPUID tells of each, and of none that the model lacks", "[features]") {
  for (const FeatureInfo& f : cpu::feature_table()) {
    INFO(f.name);
    CHECK(with(f).has(f.feature));
    CHECK_FALSE(without(f).has(f.feature));
    if (f.leaf == 0) continue;
    CHECK(cpuid_bit(with(f), f));
    CHECK_FALSE(cpuid_bit(without(f), f));
  }
}

TEST_CASE("features: one brings those that it needs and takes along those that need it", "[features]") {
  Model m = model("max,-sse");
  for (Feature gone : {Feature::Sse, Feature::Sse2}) CHECK_FALSE(m.has(gone));
  CHECK(m.has(Feature::Mmx));
  m = model("486,+sse2");
  for (Feature come : {Feature::Sse, Feature::Mmx, Feature::Fxsr, Feature::Fpu}) CHECK(m.has(come));
  for (const FeatureInfo& f : cpu::feature_table()) {
    for (const FeatureInfo& other : cpu::feature_table()) {
      INFO(f.name << " and " << other.name);
      if (!f.needs.has(other.feature)) continue;
      CHECK(with(f).has(other.feature));
      CHECK_FALSE(without(other).has(f.feature));
    }
  }
  // From left to right, and QEMU's other spellings.
  CHECK(model("max,-sse,+sse2").has(Feature::Sse));
  CHECK_FALSE(model("max,sse2=off").has(Feature::Sse2));
  CHECK(model("486,lahf_lm=on").has(Feature::LahfLm));
  CHECK(model("486,+lzcnt").has(Feature::Lzcnt));
}

// One instruction of `code` at privilege 0, with what the model has switched on. True: #UD.
bool is_undefined(const Model& m, const Case& c) {
  test::CpuBench b(m);
  cpu::Cpu& p = b.cpu();
  b.start(c.mode == Mode::k64 ? 64 : 32);
  for (cpu::Segment& s : p.seg) s.attr &= static_cast<uint16_t>(~cpu::kSegDpl);
  p.cr.efer |= cpu::kEferSce;
  uint64_t off = cpu::kCr4La57 | cpu::kCr4Umip | cpu::kCr4Smep | cpu::kCr4Smap | cpu::kCr4Pcide |
                 cpu::kCr4Vme | cpu::kCr4Pvi;
  p.cr.cr4 |= cpu::sem::cr4_allowed(p) & ~off;
  p.cr.xcr0 = m.xcr0_bits();
  p.update_mode();
  const uint64_t stack = p.gpr[cpu::kRsp];
  std::copy(c.gpr.begin(), c.gpr.end(), p.gpr.begin());
  p.gpr[cpu::kRsp] = stack;
  auto e = b.run(c.code, 1, c.rip);
  return e == test::Exception{cpu::kUD, 0};
}

// Without the feature its prefix is ignored (SDM vol. 2, TZCNT and LZCNT).
bool falls_back(const Row& row) {
  const std::string_view name = row.name;
  return name == "tzcnt" || name == "lzcnt";
}

void walk(const FeatureInfo& f, const Row& row) {
  const Model on = with(f), off = without(f);
  Random random(row.opcode + 1);
  bool worked = false;
  for (unsigned attempt = 0; attempt < 60 && !worked; ++attempt) {
    const Mode mode =
        row.has(cpu::kNo64) || (attempt % 2 != 0 && !row.has(cpu::kOnly64)) ? Mode::k32 : Mode::k64;
    auto c = row_case(random, row, mode, on);
    // SYSCALL and SYSENTER are never made for the host.
    if (!c && row.has(cpu::kNoModRm)) c = test_case(mode, {0x0F, row.opcode});
    if (!c || is_undefined(on, *c)) continue;  // a LOCK prefix, for example
    worked = true;
    cpu::Insn insn;
    cpu::decode(c->code.data(), static_cast<unsigned>(c->code.size()), decoder_mode(mode), off, 0, insn);
    CHECK(insn.row != &row);
    if (falls_back(row)) {
      CHECK(insn.row != nullptr);
    } else {
      CHECK(is_undefined(off, *c));
    }
  }
  CHECK(worked);
}

TEST_CASE("features: an instruction is #UD without its feature and works with it", "[features]") {
  unsigned rows = 0;
  for (const FeatureInfo& f : cpu::feature_table()) {
    cpu::for_each_row([&](const Row& row) {
      if (row.feature != f.feature) return;
      INFO(f.name << ": " << row.name << " " << std::hex << unsigned{row.opcode});
      walk(f, row);
      ++rows;
    });
  }
  CHECK(rows > 400);
}

TEST_CASE("features: a row's feature is one that -cpu knows, or always there", "[features]") {
  cpu::for_each_row([&](const Row& row) {
    INFO(row.name);
    bool known = row.feature == Feature::Always || row.feature == Feature::Cpuid;
    for (const FeatureInfo& f : cpu::feature_table()) known = known || f.feature == row.feature;
    CHECK(known);
  });
}

TEST_CASE("features: bits of CR4 and EFER and MSRs come with theirs", "[features]") {
  struct Gate {
    Feature feature;
    uint64_t cr4;
    uint32_t msr;
  };
  using namespace cpu;
  static constexpr Gate kGates[] = {
      {Feature::Vme, kCr4Vme, 0},
      {Feature::Tsc, kCr4Tsd, 0},
      {Feature::De, kCr4De, 0},
      {Feature::Pse, kCr4Pse, 0},
      {Feature::Mce, kCr4Mce, 0},
      {Feature::Pge, kCr4Pge, 0},
      {Feature::Umip, kCr4Umip, 0},
      {Feature::Smep, kCr4Smep, 0},
      {Feature::Smap, kCr4Smap, 0},
      {Feature::Pku, kCr4Pke, 0},
      {Feature::Fsgsbase, kCr4Fsgsbase, 0},
      {Feature::Pcid, kCr4Pcide, 0},
      {Feature::Sep, 0, 0x174},
      {Feature::Mtrr, 0, 0x2FF},
      {Feature::Pat, 0, 0x277},
      {Feature::Apic, 0, 0x1B},
      {Feature::SpecCtrl, 0, 0x48},
      {Feature::ArchCapabilities, 0, 0x10A},
      {Feature::Lm, 0, 0xC0000082},
  };
  for (const Gate& g : kGates) {
    for (bool present : {true, false}) {
      const FeatureInfo* f = nullptr;
      for (const FeatureInfo& i : feature_table()) f = i.feature == g.feature ? &i : f;
      INFO(f->name << (present ? " there" : " not there"));
      test::CpuBench b(present ? with(*f) : without(*f));
      Cpu& c = b.cpu();
      for (Segment& s : c.seg) s.attr &= static_cast<uint16_t>(~kSegDpl);
      c.update_mode();
      std::optional<test::Exception> e;
      if (g.cr4 != 0) {
        c.gpr[kRax] = c.cr.cr4 | g.cr4;
        e = b.run(std::vector<uint8_t>{0x0F, 0x22, 0xE0});  // mov cr4, rax
      } else {
        c.gpr[kRcx] = g.msr;
        e = b.run(std::vector<uint8_t>{0x0F, 0x32});  // rdmsr
      }
      if (present) {
        CHECK(e == std::nullopt);
      } else {
        CHECK(e == test::Exception{kGP, 0});
      }
    }
  }
}

// It cannot change where the bench runs, in long mode: tests/asm/la57.S changes it.
TEST_CASE("features: CR4.LA57 comes with la57", "[features]") {
  test::CpuBench off("max"), on("max,+la57");
  CHECK((cpu::sem::cr4_allowed(off.cpu()) & cpu::kCr4La57) == 0);
  CHECK((cpu::sem::cr4_allowed(on.cpu()) & cpu::kCr4La57) != 0);
}

TEST_CASE("features: the psABI's levels are what they say", "[features]") {
  for (const char* level : {"x86-64", "x86-64-v2", "x86-64-v3", "max"}) {
    Model m = model(level);
    INFO(level);
    for (Feature f : {Feature::Cmov, Feature::Cx8, Feature::Fpu, Feature::Fxsr, Feature::Mmx,
                      Feature::Syscall, Feature::Sse, Feature::Sse2})
      CHECK(m.has(f));
    const bool v2 = m.name != "x86-64", v3 = v2 && m.name != "x86-64-v2";
    for (Feature f : {Feature::Cx16, Feature::LahfLm, Feature::Popcnt}) CHECK(m.has(f) == v2);
    for (Feature f : {Feature::Lzcnt, Feature::Movbe}) CHECK(m.has(f) == v3);
  }
}

}  // namespace
}  // namespace ilse::oracle
