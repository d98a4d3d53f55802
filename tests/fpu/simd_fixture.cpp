// See simd_fixture.h.
#include "fpu/simd_fixture.h"

#include <signal.h>
#include <ucontext.h>

#include <cstdio>

#include "fpu/x87_fixture.h"

namespace fpu_test {

using namespace ilse::cpu;

namespace {

constexpr uint64_t kCompareFlags = 0x45;

uint64_t random_element(Random& rng, SimdOperands operands) {
  switch (operands) {
    case SimdOperands::kSingle: return random_f32(rng) | uint64_t{random_f32(rng)} << 32;
    case SimdOperands::kDouble: return random_f64(rng);
    case SimdOperands::kShiftCount: return rng() % 8 == 0 ? rng() : rng() % 70;
    case SimdOperands::kInteger: break;
  }
  // Extremes make saturation.
  uint64_t v = rng();
  if (rng() % 3 == 0) {
    static constexpr uint8_t kExtremes[] = {0x00, 0x7F, 0x80, 0xFF};
    for (unsigned i = 0; i < 8; ++i) {
      if (rng() % 2 == 0) v = (v & ~(uint64_t{0xFF} << 8 * i)) | uint64_t{kExtremes[rng() % 4]} << 8 * i;
    }
  }
  return v;
}

SimdState random_simd(Random& rng, SimdOperands operands) {
  SimdState s;
  const SimdOperands data = operands == SimdOperands::kShiftCount ? SimdOperands::kInteger : operands;
  s.x0 = {random_element(rng, data), random_element(rng, data)};
  s.x1 = {random_element(rng, operands), random_element(rng, operands)};
  if (rng() % 16 == 0) s.x1 = s.x0;
  s.m0 = random_element(rng, data);
  s.m1 = random_element(rng, operands);
  s.rax = random_operand(rng, 8);
  for (unsigned i = 0; i < s.memory.bytes.size(); i += 8) s.memory.put(rng(), i);
  return s;
}

FxArea area_of(const SimdState& s, uint32_t control) {
  X87 x;
  x.fninit();
  x.mmx_touch();
  x.set_mmx(0, s.m0);
  x.set_mmx(1, s.m1);
  FxArea area = to_area(x);
  std::memcpy(area.bytes.data() + 24, &control, 4);
  std::memcpy(area.bytes.data() + 160, &s.x0, 16);
  std::memcpy(area.bytes.data() + 176, &s.x1, 16);
  return area;
}

uint32_t control_of(const FxArea& area) {
  uint32_t v = 0;
  std::memcpy(&v, area.bytes.data() + 24, 4);
  return v;
}

SimdState state_of(const FxArea& area) {
  SimdState s;
  std::memcpy(&s.x0, area.bytes.data() + 160, 16);
  std::memcpy(&s.x1, area.bytes.data() + 176, 16);
  std::memcpy(&s.m0, area.bytes.data() + 32, 8);
  std::memcpy(&s.m1, area.bytes.data() + 48, 8);
  return s;
}

bool same(const SimdState& a, const SimdState& b) {
  return a.x0 == b.x0 && a.x1 == b.x1 && a.m0 == b.m0 && a.m1 == b.m1 && a.rax == b.rax &&
         a.memory.bytes == b.memory.bytes;
}

std::string describe(const char* who, const SimdState& s, uint32_t control) {
  char line[256];
  const auto ul = [](uint64_t v) { return static_cast<unsigned long>(v); };
  std::snprintf(line, sizeof line,
                "%s: xmm0 %016lx%016lx xmm1 %016lx%016lx mm0 %016lx mm1 %016lx rax %lx mxcsr %x\n", who,
                ul(s.x0.hi), ul(s.x0.lo), ul(s.x1.hi), ul(s.x1.lo), ul(s.m0), ul(s.m1), ul(s.rax), control);
  return line;
}

// What the kernel saw when the oracle's instruction raised #XM; the handler masks and goes on.
volatile sig_atomic_t g_faults = 0;
volatile uint32_t g_fault_mxcsr = 0;

void on_sigfpe(int, siginfo_t*, void* context) {
  auto* fp = static_cast<ucontext_t*>(context)->uc_mcontext.fpregs;
  g_faults = 1;
  g_fault_mxcsr = fp->mxcsr;
  fp->mxcsr |= mxcsr::kMasks;
}

class FaultCatcher {
 public:
  FaultCatcher() {
    struct sigaction action {};
    action.sa_sigaction = on_sigfpe;
    action.sa_flags = SA_SIGINFO;
    sigaction(SIGFPE, &action, &old_);
  }
  ~FaultCatcher() { sigaction(SIGFPE, &old_, nullptr); }
  FaultCatcher(const FaultCatcher&) = delete;
  FaultCatcher& operator=(const FaultCatcher&) = delete;

 private:
  struct sigaction old_ {};
};

}  // namespace

std::string differs(const SimdCase& c, unsigned rounds, uint64_t seed) {
  Random rng(seed);
  const Native native(c.code);
  for (unsigned n = 0; n < rounds; ++n) {
    const SimdState before = random_simd(rng, c.operands);
    const uint32_t control = mxcsr::kMasks |
                             (static_cast<uint32_t>(rng()) & (mxcsr::kRounding | mxcsr::kDaz | mxcsr::kFtz)) |
                             (rng() % 2 == 0 ? static_cast<uint32_t>(rng()) & mxcsr::kFlags : 0);
    FxArea out;
    Operand memory = before.memory;
    uint64_t rax = before.rax;
    const uint64_t eflags = native.run(area_of(before, control), memory, out, &rax);
    SimdState expected = state_of(out);
    expected.memory = memory;
    expected.rax = rax;

    SimdState after = before;
    after.eflags = eflags & kCompareFlags;
    uint32_t our_control = control;
    {
      const MxcsrScope scope(control);
      c.ours(after);
      MxcsrScope::collect(our_control);
    }
    if (same(after, expected) && our_control == control_of(out) && after.eflags == (eflags & kCompareFlags))
      continue;
    return c.name + " round " + std::to_string(n) + "\n" + describe("before", before, control) +
           describe("native", expected, control_of(out)) + describe("ours", after, our_control);
  }
  return {};
}

std::string differs_unmasked(const SimdCase& c, unsigned rounds, uint64_t seed) {
  Random rng(seed);
  const Native native(c.code);
  const FaultCatcher catcher;
  for (unsigned n = 0; n < rounds; ++n) {
    const SimdState before = random_simd(rng, c.operands);
    const auto control =
        static_cast<uint32_t>(rng()) & (mxcsr::kRounding | mxcsr::kDaz | mxcsr::kFtz | mxcsr::kMasks);
    FxArea out;
    Operand memory = before.memory;
    uint64_t rax = before.rax;
    g_faults = 0;
    native.run(area_of(before, control), memory, out, &rax);
    const bool expected_fault = g_faults != 0;
    const uint32_t expected_control = expected_fault ? g_fault_mxcsr : control_of(out);

    SimdState after = before;
    const auto outcome = sse_checked(control, c.rounds, [&] {
      c.ours(after);
      return after.x0;
    });
    SimdState expected = state_of(out);
    expected.memory = memory;
    expected.rax = rax;
    const bool value_same = expected_fault || same(after, expected);
    // The deviation that mxcsr.h owns up to.
    const uint32_t unmasked = expected_control & ~(control >> mxcsr::kMaskShift) & (mxcsr::kOE | mxcsr::kUE);
    const uint32_t ignore = expected_fault && unmasked != 0 ? mxcsr::kPE : 0;
    if (outcome.fault == expected_fault && (outcome.mxcsr | ignore) == (expected_control | ignore) &&
        value_same)
      continue;
    return c.name + " round " + std::to_string(n) + (expected_fault ? " faults" : " does not fault") +
           (outcome.fault ? ", ours does\n" : ", ours does not\n") + describe("before", before, control) +
           describe("native", expected, expected_control) + describe("ours", after, outcome.mxcsr);
  }
  return {};
}

}  // namespace fpu_test
