// The processor models that -cpu offers: what CPUID reports and which instructions exist (Intel SDM vol. 2A,
// CPUID). One feature set decides both, so that they cannot disagree.
#pragma once

#include <array>
#include <cstdint>
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
  Bmi1,
  Avx2,
  Bmi2,
  Sha,
  Xsaveopt,
  Xsavec,
  Xgetbv1,
  Xsaves,
  Count
};

struct CpuidResult {
  uint32_t eax = 0, ebx = 0, ecx = 0, edx = 0;
};

struct Model {
  std::string name;
  uint64_t features = 0;   // a bit per Feature
  uint32_t signature = 0;  // leaf 1 EAX: family, model, stepping
  std::string brand;
  uint8_t phys_bits = 40;

  // The bits of XCR0 that it may set.
  uint64_t xcr0_bits() const { return has(Feature::Avx) ? 7 : has(Feature::Sse) ? 3 : 1; }
  bool has(Feature f) const { return (features >> static_cast<unsigned>(f) & 1) != 0; }
  // `id` is the processor's APIC id, `count` how many there are. The leaf's dynamic bits (OSXSAVE, APIC
  // enabled) are the caller's.
  CpuidResult cpuid(uint32_t leaf, uint32_t subleaf, unsigned id, unsigned count) const;
};

// Accepts NAME[,+feature][,-feature]...; the error lists the models, or the nearest feature.
mem::Result<Model> find_model(std::string_view spec);
std::span<const std::string_view> model_names();

}  // namespace ilse::cpu
