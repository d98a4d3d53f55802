#include "cpu/cpuid.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace ilse::cpu {

namespace {

using enum Feature;

constexpr FeatureSet k486{Always, Fpu, Cpuid};
constexpr FeatureSet kPentium = k486 | FeatureSet{Vme, De, Pse, Tsc, Msr, Mce, Cx8, Apic};
constexpr FeatureSet kPentium3 =
    kPentium | FeatureSet{Pae, Sep, Mtrr, Pge, Mca, Cmov, Pat, Pse36, Mmx, Fxsr, Sse, Nopl};
constexpr FeatureSet kX8664 = kPentium3 | FeatureSet{Sse2, Clflush, Syscall, Nx, Lm};
constexpr FeatureSet kX8664V2 = kX8664 | FeatureSet{Cx16, LahfLm, Popcnt, Sse3, Ssse3, Sse41, Sse42};
constexpr FeatureSet kX8664V3 =
    kX8664V2 | FeatureSet{Lzcnt, Movbe, Bmi1, Bmi2, F16c, Fma, Xsave, Xsaveopt, Avx, Avx2};
constexpr FeatureSet kMax =
    kX8664V3 | FeatureSet{Page1g,  Rdtscp, Pcid,   Fsgsbase, Invpcid,    Erms, SpecCtrl, ArchCapabilities,
                          Adx,     Rdrand, Rdseed, Rdpid,    Clflushopt, Clwb, Cldemote, Prefetchw,
                          Umip,    Smep,   Smap,   Pku,      Pclmulqdq,  Aes,  Sha,      Xsavec,
                          Xgetbv1, Xsaves, X2apic};

struct Entry {
  std::string_view name;
  FeatureSet features;
  uint32_t signature;
  std::string_view brand;
};
constexpr std::array kModels{
    Entry{"486", k486, 0x0480, ""},
    Entry{"pentium", kPentium, 0x0543, ""},
    Entry{"pentium3", kPentium3, 0x0673, ""},
    Entry{"x86-64", kX8664, 0x0663, "Ilse virtual x86-64 processor"},
    Entry{"x86-64-v2", kX8664V2, 0x000106A5, "Ilse virtual x86-64-v2 processor"},
    Entry{"x86-64-v3", kX8664V3, 0x000306C3, "Ilse virtual x86-64-v3 processor"},
    Entry{"max", kMax, 0x000806F8, "Ilse virtual processor"},
};
constexpr auto kModelNames = [] {
  std::array<std::string_view, kModels.size()> names;
  for (size_t k = 0; k < names.size(); ++k) names[k] = kModels[k].name;
  return names;
}();

constexpr auto kB = FeatureInfo::kEbx, kC = FeatureInfo::kEcx, kD = FeatureInfo::kEdx, kA = FeatureInfo::kEax;
constexpr uint32_t kExtended = 0x80000001;
constexpr std::array kFeatures{
    FeatureInfo{Fpu, "fpu", {}, 1, kD, 0},
    FeatureInfo{Vme, "vme", {}, 1, kD, 1},
    FeatureInfo{De, "de", {}, 1, kD, 2},
    FeatureInfo{Pse, "pse", {}, 1, kD, 3},
    FeatureInfo{Tsc, "tsc", {}, 1, kD, 4},
    FeatureInfo{Msr, "msr", {}, 1, kD, 5},
    FeatureInfo{Pae, "pae", {}, 1, kD, 6},
    FeatureInfo{Mce, "mce", {Msr}, 1, kD, 7},
    FeatureInfo{Cx8, "cx8", {}, 1, kD, 8},
    FeatureInfo{Apic, "apic", {}, 1, kD, 9},
    FeatureInfo{Sep, "sep", {Msr}, 1, kD, 11},
    FeatureInfo{Mtrr, "mtrr", {Msr}, 1, kD, 12},
    FeatureInfo{Pge, "pge", {}, 1, kD, 13},
    FeatureInfo{Mca, "mca", {Mce}, 1, kD, 14},
    FeatureInfo{Cmov, "cmov", {}, 1, kD, 15},
    FeatureInfo{Pat, "pat", {Msr}, 1, kD, 16},
    FeatureInfo{Pse36, "pse36", {Pse}, 1, kD, 17},
    FeatureInfo{Clflush, "clflush", {}, 1, kD, 19, "clfsh"},
    FeatureInfo{Mmx, "mmx", {Fpu}, 1, kD, 23},
    FeatureInfo{Fxsr, "fxsr", {Fpu}, 1, kD, 24},
    FeatureInfo{Sse, "sse", {Fxsr, Mmx}, 1, kD, 25},
    FeatureInfo{Sse2, "sse2", {Sse}, 1, kD, 26},
    FeatureInfo{Sse3, "sse3", {Sse2}, 1, kC, 0, "pni"},
    FeatureInfo{Pclmulqdq, "pclmulqdq", {Sse2}, 1, kC, 1},
    FeatureInfo{Ssse3, "ssse3", {Sse3}, 1, kC, 9},
    FeatureInfo{Fma, "fma", {Avx}, 1, kC, 12},
    FeatureInfo{Sse41, "sse4.1", {Ssse3}, 1, kC, 19},
    FeatureInfo{Sse42, "sse4.2", {Sse41}, 1, kC, 20},
    FeatureInfo{Aes, "aes", {Sse2}, 1, kC, 25},
    FeatureInfo{Xsave, "xsave", {Fxsr}, 1, kC, 26},
    FeatureInfo{Avx, "avx", {Xsave, Sse42}, 1, kC, 28},
    FeatureInfo{F16c, "f16c", {Avx}, 1, kC, 29},
    FeatureInfo{Cx16, "cx16", {Lm, Cx8}, 1, kC, 13},
    FeatureInfo{Pcid, "pcid", {Lm}, 1, kC, 17},
    FeatureInfo{X2apic, "x2apic", {Apic, Msr}, 1, kC, 21},
    FeatureInfo{Movbe, "movbe", {}, 1, kC, 22},
    FeatureInfo{Popcnt, "popcnt", {}, 1, kC, 23},
    FeatureInfo{Rdrand, "rdrand", {}, 1, kC, 30},
    FeatureInfo{Fsgsbase, "fsgsbase", {Lm}, 7, kB, 0},
    FeatureInfo{Bmi1, "bmi1", {}, 7, kB, 3},
    FeatureInfo{Avx2, "avx2", {Avx}, 7, kB, 5},
    FeatureInfo{Bmi2, "bmi2", {}, 7, kB, 8},
    FeatureInfo{Sha, "sha-ni", {Sse2}, 7, kB, 29, "sha"},
    FeatureInfo{Smep, "smep", {}, 7, kB, 7},
    FeatureInfo{Erms, "erms", {}, 7, kB, 9},
    FeatureInfo{Invpcid, "invpcid", {}, 7, kB, 10},
    FeatureInfo{Rdseed, "rdseed", {}, 7, kB, 18},
    FeatureInfo{Adx, "adx", {}, 7, kB, 19},
    FeatureInfo{Smap, "smap", {}, 7, kB, 20},
    FeatureInfo{Clflushopt, "clflushopt", {Clflush}, 7, kB, 23},
    FeatureInfo{Clwb, "clwb", {Clflush}, 7, kB, 24},
    FeatureInfo{Umip, "umip", {}, 7, kC, 2},
    FeatureInfo{Pku, "pku", {Lm, Xsave}, 7, kC, 3},
    FeatureInfo{La57, "la57", {Lm}, 7, kC, 16},
    FeatureInfo{Rdpid, "rdpid", {Msr}, 7, kC, 22},
    FeatureInfo{Cldemote, "cldemote", {Nopl}, 7, kC, 25},
    FeatureInfo{SpecCtrl, "spec-ctrl", {Msr}, 7, kD, 26},
    FeatureInfo{ArchCapabilities, "arch-capabilities", {Msr}, 7, kD, 29},
    FeatureInfo{LahfLm, "lahf-lm", {Lm}, kExtended, kC, 0},
    FeatureInfo{Lzcnt, "abm", {}, kExtended, kC, 5, "lzcnt"},
    FeatureInfo{Prefetchw, "3dnowprefetch", {}, kExtended, kC, 8, "prefetchw"},
    FeatureInfo{Syscall, "syscall", {Lm}, kExtended, kD, 11},
    FeatureInfo{Nx, "nx", {Pae}, kExtended, kD, 20},
    FeatureInfo{Page1g, "pdpe1gb", {Lm}, kExtended, kD, 26},
    FeatureInfo{Rdtscp, "rdtscp", {Tsc}, kExtended, kD, 27},
    FeatureInfo{Lm, "lm", {Pae, Msr}, kExtended, kD, 29},
    FeatureInfo{Nopl, "nopl", {}},
    FeatureInfo{Xsaveopt, "xsaveopt", {Xsave}, 0xD, kA, 0},
    FeatureInfo{Xsavec, "xsavec", {Xsave}, 0xD, kA, 1},
    FeatureInfo{Xgetbv1, "xgetbv1", {Xsave}, 0xD, kA, 2},
    FeatureInfo{Xsaves, "xsaves", {Xsavec}, 0xD, kA, 3},
};

const FeatureInfo& info_of(Feature f) {
  for (const FeatureInfo& i : kFeatures) {
    if (i.feature == f) return i;
  }
  static constexpr FeatureInfo kNone{Always, "", {}};
  return kNone;
}

void add(FeatureSet& set, Feature f) {
  set.add(f);
  for (const FeatureInfo& i : kFeatures) {
    if (info_of(f).needs.has(i.feature) && !set.has(i.feature)) add(set, i.feature);
  }
}
void remove(FeatureSet& set, Feature f) {
  set.remove(f);
  for (const FeatureInfo& i : kFeatures) {
    if (i.needs.has(f) && set.has(i.feature)) remove(set, i.feature);
  }
}

bool same_name(std::string_view a, std::string_view b) {
  auto plain = [](char c) { return c == '_' || c == '.' ? '-' : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return plain(x) == plain(y); });
}

uint32_t text4(const char* s) {
  uint32_t v;
  std::memcpy(&v, s, 4);
  return v;
}

}  // namespace

std::span<const std::string_view> model_names() { return kModelNames; }
std::span<const FeatureInfo> feature_table() { return kFeatures; }

std::optional<Feature> find_feature(std::string_view name) {
  for (const FeatureInfo& i : kFeatures) {
    if (same_name(name, i.name) || (!i.alias.empty() && same_name(name, i.alias))) return i.feature;
  }
  return std::nullopt;
}

mem::Result<Model> find_model(std::string_view spec) {
  auto comma = spec.find(',');
  std::string_view name = spec.substr(0, comma);
  if (name.empty() || name == "qemu64" || name == "host")
    name = name.empty() || name == "host" ? "max" : "x86-64";
  if (name == "qemu32") name = "pentium3";
  Model m;
  for (const Entry& e : kModels) {
    if (e.name == name) m = {std::string(e.name), e.features, e.signature, std::string(e.brand), 40};
  }
  if (m.name.empty()) {
    std::string all;
    for (auto n : kModelNames) all += (all.empty() ? "" : ", ") + std::string(n);
    return mem::Error{"-cpu " + std::string(name) + ": no such model; there are " + all};
  }
  while (comma != std::string_view::npos) {
    spec = spec.substr(comma + 1);
    comma = spec.find(',');
    std::string_view item = spec.substr(0, comma);
    bool on = item.starts_with('+') || item.ends_with("=on");
    if (!on && !item.starts_with('-') && !item.ends_with("=off"))
      return mem::Error{"-cpu: '" + std::string(item) + "' is not +FEATURE or -FEATURE"};
    std::string_view word = feature_word(item);
    auto feature = find_feature(word);
    if (!feature) return mem::Error{"-cpu: no feature '" + std::string(word) + "'"};
    if (on) {
      add(m.features, *feature);
    } else {
      remove(m.features, *feature);
    }
  }
  return m;
}

std::string_view feature_word(std::string_view item) {
  if (item.starts_with('+') || item.starts_with('-')) return item.substr(1);
  return item.substr(0, item.find('='));
}

CpuidResult Model::cpuid(uint32_t leaf, uint32_t subleaf, unsigned id, unsigned count) const {
  CpuidResult r;
  bool is64 = has(Lm);
  uint32_t max_basic = has(Xsave) ? 0xD : has(X2apic) ? 0xB : has(Sse2) ? 4 : has(Mmx) ? 2 : 1;
  uint32_t max_extended = !brand.empty() ? 0x80000008 : 0x80000000;
  for (const FeatureInfo& i : kFeatures) {
    uint32_t& max = i.leaf < 0x80000000 ? max_basic : max_extended;
    if (has(i.feature)) max = std::max(max, i.leaf);
  }
  // Processors from before leaf 4 have one core a package.
  const unsigned cores = max_basic >= 4 ? count : 1, id_bits = std::bit_width(cores - 1);
  if (leaf >= 0x80000000 ? leaf > max_extended : leaf > max_basic)
    leaf = leaf >= 0x40000000 && leaf < 0x50000000 ? leaf : max_basic;
  for (const FeatureInfo& i : kFeatures) {
    if (i.leaf != leaf || (leaf == 7 && subleaf != 0) || (leaf == 0xD && subleaf != 1) || !has(i.feature))
      continue;
    (i.reg == kA ? r.eax : i.reg == kB ? r.ebx : i.reg == kC ? r.ecx : r.edx) |= 1u << i.bit;
  }
  switch (leaf) {
    case 0: r = {max_basic, text4("Genu"), text4("ntel"), text4("ineI")}; break;
    case 1:
      r.eax = signature;
      r.ebx = id << 24 | cores << 16 | (has(Clflush) ? 8u << 8 : 0u);
      if (cores > 1) r.edx |= 1u << 28;
      break;
    case 2:
      r.eax = 0x00000001;
      r.edx = 0x002C307D;
      break;
    case 4:
      // L1 data and code 32 KiB 8-way, L2 2 MiB 16-way, lines of 64 bytes; each core has its own.
      if (subleaf == 0) r = {0x00000121, 7u << 22 | 63, 63, 0};
      if (subleaf == 1) r = {0x00000122, 7u << 22 | 63, 63, 0};
      if (subleaf == 2) r = {0x00000143, 15u << 22 | 63, 2047, 0};
      if (subleaf <= 2) r.eax |= ((1u << id_bits) - 1) << 26;
      break;
    case 7:
      if (subleaf == 0) r.ebx |= 1u << 6 | 1u << 13;  // x87: FDP on errors only, FCS and FDS always 0
      break;
    case 0xB: {
      // One thread a core; the cores of the package.
      if (!has(X2apic)) break;
      constexpr uint32_t kSmt = 1, kCore = 2;
      r.ecx = subleaf & 0xFF;
      r.edx = id;
      if (subleaf == 0) r = {0, 1, kSmt << 8, id};
      if (subleaf == 1) r = {id_bits, cores, kCore << 8 | 1, id};
      break;
    }
    case 0xD:
      // The area: 512 bytes as FXSAVE's, a header of 64 bytes, 256 bytes of AVX state, 8 of PKRU. What
      // depends on XCR0 is the caller's.
      if (!has(Xsave)) break;
      if (subleaf == 0) r = {static_cast<uint32_t>(xcr0_bits()), 0, xsave_size(xcr0_bits()), 0};
      if (subleaf == 2 && has(Avx)) r = {256, 576, 0, 0};
      if (subleaf == 9 && has(Pku)) r = {8, 832, 0, 0};
      break;
    case 0x80000000: r.eax = max_extended; break;
    case 0x80000002:
    case 0x80000003:
    case 0x80000004: {
      char text[48] = {};
      std::memcpy(text, brand.data(), std::min<size_t>(brand.size(), 47));
      const char* p = text + (leaf - 0x80000002) * 16;
      r = {text4(p), text4(p + 4), text4(p + 8), text4(p + 12)};
      break;
    }
    case 0x80000006: r.ecx = 2048u << 16 | 8u << 12 | 64; break;
    case 0x80000007:
      r.edx = 1u << 8;  // the time-stamp counter runs at a constant rate
      break;
    case 0x80000008: r.eax = phys_bits | (has(La57) ? 57u : is64 ? 48u : 32u) << 8; break;
    default: break;
  }
  return r;
}

}  // namespace ilse::cpu
