#include "cpu/cpuid.h"

#include <cstring>
#include <vector>

namespace ilse::cpu {

namespace {

using enum Feature;

constexpr uint64_t bit(Feature f) { return 1ull << static_cast<unsigned>(f); }
template <class... F>
constexpr uint64_t set_of(F... f) {
  return (0ull | ... | bit(f));
}

constexpr uint64_t k486 = set_of(Always, Fpu, Cpuid);
constexpr uint64_t kPentium = k486 | set_of(Vme, De, Pse, Tsc, Msr, Mce, Cx8, Apic);
constexpr uint64_t kPentium3 =
    kPentium | set_of(Pae, Sep, Mtrr, Pge, Mca, Cmov, Pat, Pse36, Mmx, Fxsr, Sse, Nopl);
constexpr uint64_t kX8664 = kPentium3 | set_of(Sse2, Clflush, Syscall, Nx, Lm);
constexpr uint64_t kVector = set_of(Sse3, Ssse3, Sse41, Sse42, Pclmulqdq, Aes, Sha, Xsave, Xsaveopt, Xsavec,
                                    Xgetbv1, Xsaves, Avx, F16c, Fma, Avx2, Bmi1, Bmi2);
constexpr uint64_t kMax =
    kX8664 | kVector |
    set_of(LahfLm, Page1g, Rdtscp, Pcid, Fsgsbase, Invpcid, Cx16, Erms, SpecCtrl, ArchCapabilities);

struct Entry {
  std::string_view name;
  uint64_t features;
  uint32_t signature;
  std::string_view brand;
};
constexpr std::array kModels{
    Entry{"486", k486, 0x0480, ""},
    Entry{"pentium", kPentium, 0x0543, ""},
    Entry{"pentium3", kPentium3, 0x0673, ""},
    Entry{"x86-64", kX8664, 0x0663, "Ilse virtual x86-64 processor"},
    Entry{"max", kMax, 0x000806F8, "Ilse virtual processor"},
};
constexpr std::array<std::string_view, 5> kModelNames{"486", "pentium", "pentium3", "x86-64", "max"};

struct FeatureName {
  std::string_view name;
  Feature feature;
};
constexpr std::array kFeatureNames{
    FeatureName{"fpu", Fpu},
    FeatureName{"vme", Vme},
    FeatureName{"de", De},
    FeatureName{"pse", Pse},
    FeatureName{"tsc", Tsc},
    FeatureName{"msr", Msr},
    FeatureName{"pae", Pae},
    FeatureName{"mce", Mce},
    FeatureName{"cx8", Cx8},
    FeatureName{"apic", Apic},
    FeatureName{"sep", Sep},
    FeatureName{"mtrr", Mtrr},
    FeatureName{"pge", Pge},
    FeatureName{"mca", Mca},
    FeatureName{"cmov", Cmov},
    FeatureName{"pat", Pat},
    FeatureName{"pse36", Pse36},
    FeatureName{"clflush", Clflush},
    FeatureName{"mmx", Mmx},
    FeatureName{"fxsr", Fxsr},
    FeatureName{"sse", Sse},
    FeatureName{"sse2", Sse2},
    FeatureName{"syscall", Syscall},
    FeatureName{"nx", Nx},
    FeatureName{"pdpe1gb", Page1g},
    FeatureName{"rdtscp", Rdtscp},
    FeatureName{"lm", Lm},
    FeatureName{"lahf_lm", LahfLm},
    FeatureName{"pcid", Pcid},
    FeatureName{"fsgsbase", Fsgsbase},
    FeatureName{"invpcid", Invpcid},
    FeatureName{"cx16", Cx16},
    FeatureName{"nopl", Nopl},
    FeatureName{"erms", Erms},
    FeatureName{"spec-ctrl", SpecCtrl},
    FeatureName{"arch-capabilities", ArchCapabilities},
    FeatureName{"sse3", Sse3},
    FeatureName{"pclmulqdq", Pclmulqdq},
    FeatureName{"ssse3", Ssse3},
    FeatureName{"fma", Fma},
    FeatureName{"sse4.1", Sse41},
    FeatureName{"sse4.2", Sse42},
    FeatureName{"aes", Aes},
    FeatureName{"xsave", Xsave},
    FeatureName{"avx", Avx},
    FeatureName{"f16c", F16c},
    FeatureName{"bmi1", Bmi1},
    FeatureName{"avx2", Avx2},
    FeatureName{"bmi2", Bmi2},
    FeatureName{"sha-ni", Sha},
    FeatureName{"xsaveopt", Xsaveopt},
    FeatureName{"xsavec", Xsavec},
    FeatureName{"xgetbv1", Xgetbv1},
    FeatureName{"xsaves", Xsaves},
};

uint32_t text4(const char* s) {
  uint32_t v;
  std::memcpy(&v, s, 4);
  return v;
}

}  // namespace

std::span<const std::string_view> model_names() { return kModelNames; }

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
    if (item.size() < 2 || (item[0] != '+' && item[0] != '-')) {
      return mem::Error{"-cpu: '" + std::string(item) + "' is not +FEATURE or -FEATURE"};
    }
    uint64_t found = 0;
    for (const FeatureName& f : kFeatureNames) {
      if (f.name == item.substr(1)) found = bit(f.feature);
    }
    if (found == 0) return mem::Error{"-cpu: no feature '" + std::string(item.substr(1)) + "'"};
    m.features = item[0] == '+' ? m.features | found : m.features & ~found;
  }
  return m;
}

CpuidResult Model::cpuid(uint32_t leaf, uint32_t subleaf, unsigned id, unsigned count) const {
  CpuidResult r;
  bool is64 = has(Lm);
  auto put = [this](uint32_t& reg, Feature f, unsigned b) { reg |= has(f) ? 1u << b : 0u; };
  uint32_t max_basic = has(Xsave)                                   ? 0xD
                       : has(Invpcid) || has(Fsgsbase) || has(Erms) ? 7
                       : has(Sse2)                                  ? 4
                       : has(Mmx)                                   ? 2
                                                                    : 1;
  uint32_t max_extended = !brand.empty() ? 0x80000008 : 0x80000000;
  if (leaf >= 0x80000000 ? leaf > max_extended : leaf > max_basic)
    leaf = leaf >= 0x40000000 && leaf < 0x50000000 ? leaf : max_basic;
  switch (leaf) {
    case 0: r = {max_basic, text4("Genu"), text4("ntel"), text4("ineI")}; break;
    case 1:
      r.eax = signature;
      r.ebx = id << 24 | count << 16 | (has(Clflush) ? 8u << 8 : 0u);
      put(r.edx, Fpu, 0), put(r.edx, Vme, 1), put(r.edx, De, 2), put(r.edx, Pse, 3), put(r.edx, Tsc, 4);
      put(r.edx, Msr, 5), put(r.edx, Pae, 6), put(r.edx, Mce, 7), put(r.edx, Cx8, 8), put(r.edx, Apic, 9);
      put(r.edx, Sep, 11), put(r.edx, Mtrr, 12), put(r.edx, Pge, 13), put(r.edx, Mca, 14),
          put(r.edx, Cmov, 15);
      put(r.edx, Pat, 16), put(r.edx, Pse36, 17), put(r.edx, Clflush, 19), put(r.edx, Mmx, 23);
      put(r.edx, Fxsr, 24), put(r.edx, Sse, 25), put(r.edx, Sse2, 26);
      if (count > 1) r.edx |= 1u << 28;
      put(r.ecx, Cx16, 13), put(r.ecx, Pcid, 17);
      put(r.ecx, Sse3, 0), put(r.ecx, Pclmulqdq, 1), put(r.ecx, Ssse3, 9), put(r.ecx, Fma, 12);
      put(r.ecx, Sse41, 19), put(r.ecx, Sse42, 20), put(r.ecx, Aes, 25), put(r.ecx, Xsave, 26);
      put(r.ecx, Avx, 28), put(r.ecx, F16c, 29);
      break;
    case 2:
      r.eax = 0x00000001;
      r.edx = 0x002C307D;
      break;
    case 4:
      // L1 data and code 32 KiB 8-way, L2 2 MiB 16-way, lines of 64 bytes.
      if (subleaf == 0) r = {0x00000121, 7u << 22 | 63, 63, 0};
      if (subleaf == 1) r = {0x00000122, 7u << 22 | 63, 63, 0};
      if (subleaf == 2) r = {0x00000143, 15u << 22 | 63, 2047, 0};
      break;
    case 7:
      if (subleaf == 0) r.ebx = 1u << 6 | 1u << 13;  // x87: FDP on errors only, FCS and FDS always 0
      if (subleaf == 0) put(r.ebx, Fsgsbase, 0), put(r.ebx, Erms, 9), put(r.ebx, Invpcid, 10);
      if (subleaf == 0) put(r.ebx, Bmi1, 3), put(r.ebx, Avx2, 5), put(r.ebx, Bmi2, 8), put(r.ebx, Sha, 29);
      if (subleaf == 0) put(r.edx, SpecCtrl, 26), put(r.edx, ArchCapabilities, 29);
      break;
    case 0xD:
      // The area: 512 bytes as FXSAVE's, a header of 64 bytes, 256 bytes of AVX state. What depends on XCR0
      // is the caller's.
      if (subleaf == 0) r = {static_cast<uint32_t>(xcr0_bits()), 0, has(Avx) ? 832u : 576u, 0};
      if (subleaf == 1)
        put(r.eax, Xsaveopt, 0), put(r.eax, Xsavec, 1), put(r.eax, Xgetbv1, 2), put(r.eax, Xsaves, 3);
      if (subleaf == 2 && has(Avx)) r = {256, 576, 0, 0};
      break;
    case 0x80000000: r.eax = max_extended; break;
    case 0x80000001:
      r.eax = 0;
      put(r.ecx, LahfLm, 0);
      if (is64) put(r.edx, Syscall, 11);
      put(r.edx, Nx, 20), put(r.edx, Page1g, 26), put(r.edx, Rdtscp, 27), put(r.edx, Lm, 29);
      break;
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
    case 0x80000008: r.eax = phys_bits | (is64 ? 48u : 32u) << 8; break;
    default: break;
  }
  return r;
}

}  // namespace ilse::cpu
