#include "cpu/jit/x64/host.h"

#include <xbyak/xbyak_util.h>

namespace ilse::cpu::jit {

bool host_has(Feature f) {
  using Host = Xbyak::util::Cpu;
  static const Host host;
  switch (f) {
    case Feature::Always:
    case Feature::Mmx:
    case Feature::Sse:
    case Feature::Sse2: return true;
    case Feature::Sse3: return host.has(Host::tSSE3);
    case Feature::Ssse3: return host.has(Host::tSSSE3);
    case Feature::Sse41: return host.has(Host::tSSE41);
    case Feature::Sse42: return host.has(Host::tSSE42);
    case Feature::Aes: return host.has(Host::tAESNI);
    case Feature::Pclmulqdq: return host.has(Host::tPCLMULQDQ);
    case Feature::Sha: return host.has(Host::tSHA);
    case Feature::Popcnt: return host.has(Host::tPOPCNT);
    case Feature::Lzcnt: return host.has(Host::tLZCNT);
    case Feature::Bmi1: return host.has(Host::tBMI1);
    case Feature::Bmi2: return host.has(Host::tBMI2);
    case Feature::Adx: return host.has(Host::tADX);
    case Feature::Avx: return host.has(Host::tAVX);
    case Feature::Avx2: return host.has(Host::tAVX2);
    case Feature::Fma: return host.has(Host::tFMA);
    case Feature::F16c: return host.has(Host::tF16C);
    default: return false;
  }
}

}  // namespace ilse::cpu::jit
