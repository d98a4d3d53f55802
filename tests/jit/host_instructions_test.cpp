// How many host instructions guest instructions and idioms become, beside the table that is checked in: what
// changes there is seen when it is reviewed (DESIGN.md §7). ILSE_JIT_RENEW=1 writes the table anew, from the
// width and the bytes of each line.
//
// Each line is a block of its own, at privilege 0, with a jump behind it where it does not end itself.
// Counted is what is in line in its translation, without that jump: so it has what loads and stores the
// registers that stay in the host's only within a block, and puts the flags into memory. The host's
// instructions within a handler are not counted.
#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "cpu/jit/engine.h"
#include "cpu/jit/x64/host.h"
#include "frontend/debugger/disassembler.h"
#include "jit/bench.h"

using namespace ilse;
using namespace ilse::test;

namespace {

using Bytes = std::vector<uint8_t>;

// What became of the first block that is translated.
class Counter final : public cpu::jit::Listener {
 public:
  void translated(const cpu::jit::Translation& t) override {
    if (done) return;
    done = true;
    for (uint32_t at = t.parts[0].host; at < t.host.size(); ++instructions) {
      at += std::max(capstone.decode(t.host.subspan(at), 0, 64).length, 1u);
    }
    ended_itself = t.parts.size() == wanted;
    for (unsigned k = 0; k < wanted && k < t.parts.size(); ++k) handlers += t.parts[k].native ? 0 : 1;
  }
  explicit Counter(unsigned instructions_of_guest) : wanted(instructions_of_guest) {}

  ui::Disassembler capstone;
  unsigned wanted;
  bool done = false, ended_itself = false;
  unsigned instructions = 0, handlers = 0;
};

Bytes bytes_of(const std::string& hex) {
  Bytes b;
  for (size_t k = 0; k + 1 < hex.size(); k += 2) {
    b.push_back(static_cast<uint8_t>(std::stoul(hex.substr(k, 2), nullptr, 16)));
  }
  return b;
}

// Instruction by instruction: how many, and their text.
std::pair<unsigned, std::string> disassembled(const Bytes& bytes, unsigned bits) {
  const ui::Disassembler capstone;
  std::string text;
  unsigned count = 0;
  for (size_t at = 0; at < bytes.size(); ++count) {
    const auto d = capstone.decode(std::span(bytes).subspan(at), kCode + at, bits);
    REQUIRE(d.length != 0);
    text += (count != 0 ? "; " : "") + d.text;
    at += d.length;
  }
  return {count, text};
}

std::string line_of(const std::string& width, const std::string& hex) {
  const Bytes bytes = bytes_of(hex);
  const auto [count, text] = disassembled(bytes, static_cast<unsigned>(std::stoul(width)));
  Program p;
  p.width = width == "64" ? Width::k64 : width == "32" ? Width::k32 : Width::k16;
  if (p.width == Width::k16) {
    p.code_base = kCode;
    p.code_limit = 0xFFFF;
  }
  p.privilege = 0;
  p.seed = 1;
  // JMP to the next instruction, in 16-bit code with two bytes more behind it.
  p.blocks = {{Piece{bytes}, Piece{{0xE9, 0, 0, 0, 0}}}};
  p.place(0);
  Counter counter(count);
  const cpu::jit::Settings settings{.hot = 1, .listener = &counter};
  Bench b(&settings);
  REQUIRE(b.load(p));
  b.run(count + 1);
  INFO(text);
  REQUIRE(counter.done);
  const unsigned own = counter.instructions - (counter.ended_itself ? 0 : 1);
  std::array<char, 512> line{};
  const std::string handlers = counter.handlers == 0 ? "" : std::to_string(counter.handlers);
  std::snprintf(line.data(), line.size(), "%s %-30s %4u %3s  %s", width.c_str(), hex.c_str(), own,
                handlers.c_str(), text.c_str());
  return line.data();
}

bool of_this_host() {
  using cpu::Feature;
  for (Feature f :
       {Feature::Ssse3, Feature::Sse42, Feature::Popcnt, Feature::Lzcnt, Feature::Bmi1, Feature::Bmi2,
        Feature::Adx, Feature::Avx2, Feature::Fma, Feature::Aes, Feature::Pclmulqdq, Feature::Sha}) {
    if (!cpu::jit::host_has(f)) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("jit: host instructions are as many as in the table") {
  if (!of_this_host()) {
    WARN("not compared: this host's processor lacks what the table was made with (BMI2, AVX2, FMA, SHA)");
    return;
  }
  std::ifstream in(ILSE_HOST_INSTRUCTIONS);
  REQUIRE(in);
  std::string renewed, changes;
  for (std::string line; std::getline(in, line);) {
    std::string now = line;
    if (!line.empty() && line[0] != '#') {
      std::istringstream words(line);
      std::string width, hex;
      words >> width >> hex;
      now = line_of(width, hex);
    }
    renewed += now + "\n";
    if (now != line) changes.append("was ").append(line).append("\nis  ").append(now).append("\n");
  }
  if (std::getenv("ILSE_JIT_RENEW") != nullptr) {
    std::ofstream(ILSE_HOST_INSTRUCTIONS) << renewed;
    return;
  }
  INFO(changes);
  INFO("ILSE_JIT_RENEW=1 build/tests/test_jit \"jit: host instructions*\" renews the table");
  CHECK(changes.empty());
}
