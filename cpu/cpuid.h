// The processor models that -cpu offers: what CPUID reports and which instructions exist (Intel SDM vol. 2A,
// CPUID). One feature set decides both, so that they cannot disagree.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "memory/result.h"

namespace ilse::cpu {

enum class Feature : uint8_t {
  Always,
  Fpu,
  Vme,
  De,
  Pse,
  Tsc,
  Msr,
  Pae,
  Mce,
  Cx8,
  Apic,
  Sep,
  Mtrr,
  Pge,
  Mca,
  Cmov,
  Pat,
  Pse36,
  Clflush,
  Mmx,
  Fxsr,
  Sse,
  Sse2,
  Syscall,
  Nx,
  Page1g,
  Rdtscp,
  Lm,
  LahfLm,
  Pcid,
  Fsgsbase,
  Invpcid,
  Cx16,
  Nopl,
  Erms,
  SpecCtrl,
  ArchCapabilities,
  Cpuid,
  X2apic,
  Popcnt,
  Lzcnt,
  Bmi1,
  Movbe,
  Adx,
  Rdrand,
  Rdseed,
  Rdpid,
  Clflushopt,
  Clwb,
  Cldemote,
  Prefetchw,
  Umip,
  Smep,
  Smap,
  Pku,
  La57,
  Sse3,
  Pclmulqdq,
  Ssse3,
  Fma,
  Sse41,
  Sse42,
  Aes,
  Xsave,
  Avx,
  F16c,
  Avx2,
  Bmi2,
  Sha,
  Xsaveopt,
  Xsavec,
  Xgetbv1,
  Xsaves,
  Count
};

class FeatureSet {
 public:
  constexpr FeatureSet() = default;
  constexpr FeatureSet(std::initializer_list<Feature> list) {
    for (Feature f : list) add(f);
  }
  constexpr bool has(Feature f) const { return (words_[index(f) / 64] >> index(f) % 64 & 1) != 0; }
  constexpr void add(Feature f) { words_[index(f) / 64] |= 1ull << index(f) % 64; }
  constexpr void remove(Feature f) { words_[index(f) / 64] &= ~(1ull << index(f) % 64); }
  friend constexpr FeatureSet operator|(FeatureSet a, const FeatureSet& b) {
    for (size_t k = 0; k < a.words_.size(); ++k) a.words_[k] |= b.words_[k];
    return a;
  }
  bool operator==(const FeatureSet&) const = default;

 private:
  static constexpr size_t index(Feature f) { return static_cast<size_t>(f); }
  std::array<uint64_t, (static_cast<size_t>(Feature::Count) + 63) / 64> words_{};
};

// Bytes of an XSAVE area of these components, in the standard format.
constexpr uint32_t xsave_size(uint64_t components) {
  return (components & 1u << 9) != 0 ? 840 : (components & 1u << 2) != 0 ? 832 : 576;
}

struct CpuidResult {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

// A feature as -cpu and CPUID know it.
struct FeatureInfo {
  enum Register : uint8_t { kEax, kEbx, kEcx, kEdx };
  Feature feature;
  std::string_view name;  // '_' and '.' are as good as '-'
  FeatureSet needs;       // goes with any of these
  uint32_t leaf = 0;      // 0: CPUID does not tell
  Register reg = kEdx;
  uint8_t bit = 0;
  std::string_view alias = {};
};
std::span<const FeatureInfo> feature_table();
std::optional<Feature> find_feature(std::string_view name);
// NAME of +NAME, -NAME, NAME=on and NAME=off.
std::string_view feature_word(std::string_view item);

struct Model {
  std::string name;
  FeatureSet features;
  uint32_t signature = 0;  // leaf 1 EAX: family, model, stepping
  std::string brand;
  uint8_t phys_bits = 40;

  // The bits of XCR0 that it may set.
  uint64_t xcr0_bits() const {
    return (has(Feature::Avx) ? 7 : has(Feature::Sse) ? 3 : 1) | (has(Feature::Pku) ? 1u << 9 : 0);
  }
  bool has(Feature f) const { return features.has(f); }
  // `id` is the processor's APIC id, `count` how many there are: cores of one package, or from before there
  // were cores, packages. The leaf's dynamic bits (OSXSAVE, APIC enabled) are the caller's.
  CpuidResult cpuid(uint32_t leaf, uint32_t subleaf, unsigned id, unsigned count) const;
};

// Accepts NAME[,+feature][,-feature][,feature=on|off]..., from left to right. With a feature come those that
// it needs, and those that need it go with it. The error lists the models, or names the nearest feature.
mem::Result<Model> find_model(std::string_view spec);
std::span<const std::string_view> model_names();

}  // namespace ilse::cpu
