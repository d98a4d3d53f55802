// Random programs in the interpreter and in translated code, side by side: registers, flags, memory, faults
// and instruction counts agree after every slice. ILSE_JIT_INSTRUCTIONS sets how many instructions each mode
// runs (default: a sample), ILSE_JIT_SEED where the programs start, ILSE_JIT_MODE one mode ("64-3",
// "16-0"...).
#include <catch2/catch.hpp>
#include <cstdlib>
#include <map>
#include <string>

#include "cpu/jit/engine.h"
#include "frontend/debugger/translation_text.h"
#include "jit/bench.h"

using namespace ilse;
using namespace ilse::test;

namespace {

uint64_t number(const char* variable, uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

// Keeps what the translator made of each block.
class Recorder final : public cpu::jit::Listener {
 public:
  void translated(const cpu::jit::Translation& t) override {
    if (memory != nullptr) texts[t.rip] = ui::text_of(t, *memory, capstone_);
  }
  const mem::PhysMap* memory = nullptr;  // null: nobody listens
  std::map<uint64_t, std::string> texts;

 private:
  ui::Disassembler capstone_;
};

struct Pair {
  Pair() : settings{.hot = 1, .listener = &recorder}, a(nullptr), b(&settings) {}
  Recorder recorder;
  cpu::jit::Settings settings;
  Bench a, b;

  struct Outcome {
    bool same = true;
    uint64_t instructions = 0;
    std::string text;  // of the difference
  };
  Outcome run(const Program& p);
};

Pair::Outcome Pair::run(const Program& p) {
  Outcome out;
  if (!a.load(p) || !b.load(p)) return out;
  oracle::Random random(p.seed ^ 0x2545F491);
  std::string before;
  for (size_t k = 0; k < p.slices.size(); ++k) {
    if (recorder.memory != nullptr) before = a.registers_text();
    const auto x = a.run(p.slices[k]), y = b.run(p.slices[k]);
    out.instructions = a.cpu().retired;
    if (x != y || !same_registers(a.cpu(), b.cpu()) || !same_memory(a, b)) {
      out.same = false;
      out.text = "slice " + std::to_string(k) + " of " + std::to_string(p.slices[k]) + " instructions\n" +
                 difference(a, b) + "state before:\n" + before;
      return out;
    }
    if (x == cpu::RunExit::Shutdown) break;
    if (x == cpu::RunExit::Halted) {
      const auto block = static_cast<unsigned>(random.below(p.blocks.size()));
      a.resume(p, block);
      b.resume(p, block);
    }
  }
  if (a.hash() != b.hash() || std::memcmp(a.ram(), b.ram(), Bench::kRamSize) != 0) {
    out.same = false;
    out.text = "at the end\n" + difference(a, b);
  }
  return out;
}

// The smallest program found that still differs: pieces and blocks that it can do without go.
Program shrink(Pair& pair, Program p) {
  auto differs = [&](const Program& q) { return !pair.run(q).same; };
  for (unsigned n : {1000u, 1u}) {
    Program q = p;
    q.slices.assign(n == 1 ? 400 : 1, n);
    if (differs(q)) p = q;
  }
  for (bool changed = true; changed;) {
    changed = false;
    while (p.slices.size() > 1) {
      Program q = p;
      q.slices.pop_back();
      if (!differs(q)) break;
      p = std::move(q);
    }
    for (size_t b = 0; b < p.blocks.size(); ++b) {
      for (size_t k = 0; k < p.blocks[b].size();) {
        Program q = p;
        q.blocks[b].erase(q.blocks[b].begin() + static_cast<std::ptrdiff_t>(k));
        q.place(q.places[0]);
        if (differs(q)) {
          p = std::move(q);
          changed = true;
        } else {
          ++k;
        }
      }
    }
  }
  return p;
}

std::string report(Pair& pair, const Program& found) {
  const Program p = shrink(pair, found);
  pair.recorder.texts.clear();
  pair.recorder.memory = &pair.b.memory();
  const auto out = pair.run(p);
  pair.recorder.memory = nullptr;
  std::string text = "seed " + std::to_string(found.seed) + ": " + out.text;
  for (auto& [rip, t] : pair.recorder.texts) text += t;
  return text;
}

struct Mode {
  const char* name;
  Width width;
  unsigned privilege;
};
constexpr Mode kModes[] = {{"64-3", Width::k64, 3}, {"64-0", Width::k64, 0}, {"32-3", Width::k32, 3},
                           {"32-0", Width::k32, 0}, {"16-3", Width::k16, 3}, {"16-0", Width::k16, 0}};

void compare(const Mode& mode) {
  static const cpu::Model kModel = *cpu::find_model("max");
  const char* only = std::getenv("ILSE_JIT_MODE");
  if (only != nullptr && std::string(only) != mode.name) return;
  const uint64_t wanted = number("ILSE_JIT_INSTRUCTIONS", 1'500'000);
  const uint64_t shown = number("ILSE_JIT_SHOWN", 3);
  uint64_t done = 0, programs = 0, differing = 0;
  Pair pair;
  for (uint64_t seed = number("ILSE_JIT_SEED", 1); done < wanted && differing < shown; ++seed) {
    const Program p = random_program(seed, mode.width, mode.privilege, kModel);
    const auto out = pair.run(p);
    done += out.instructions;
    ++programs;
    if (out.same) continue;
    ++differing;
    UNSCOPED_INFO(report(pair, p));
    CHECK(out.same);
  }
  WARN(mode.name << ": " << done << " instructions of " << programs << " programs, " << differing
                 << " differ");
  CHECK(pair.b.cpu().blocks().engine()->counters().failed == 0);
}

}  // namespace

TEST_CASE("jit: random programs in both engines, 64-bit, privilege 3") { compare(kModes[0]); }
TEST_CASE("jit: random programs in both engines, 64-bit, privilege 0") { compare(kModes[1]); }
TEST_CASE("jit: random programs in both engines, 32-bit, privilege 3") { compare(kModes[2]); }
TEST_CASE("jit: random programs in both engines, 32-bit, privilege 0") { compare(kModes[3]); }
TEST_CASE("jit: random programs in both engines, 16-bit, privilege 3") { compare(kModes[4]); }
TEST_CASE("jit: random programs in both engines, 16-bit, privilege 0") { compare(kModes[5]); }
