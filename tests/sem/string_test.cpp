// REP MOVS and REP STOS, which run in bulk, against the same done a unit at a time: both directions, every
// width, overlaps near and far, across pages (Intel SDM vol. 2, MOVS and STOS).
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <vector>

#include "sem/cpu_bench.h"

namespace ilse::test {
namespace {

using namespace cpu;
using Bytes = std::vector<uint8_t>;

constexpr uint64_t kData = CpuBench::kData;
constexpr unsigned kSize = CpuBench::kDataSize - 0x1000;  // below the stack

Bytes code_of(bool movs, unsigned width) {
  Bytes code{0xF3};
  if (width == 2) code.insert(code.begin(), 0x66);
  if (width == 8) code.push_back(0x48);
  code.push_back(static_cast<uint8_t>((movs ? 0xA4 : 0xAA) | (width == 1 ? 0 : 1)));
  return code;
}

}  // namespace

TEST_CASE("REP MOVS and STOS do what their iterations do, upwards and downwards", "[sem][string]") {
  std::mt19937_64 random(7);
  auto below = [&](uint64_t n) { return random() % n; };
  for (unsigned round = 0; round < 3000; ++round) {
    const bool movs = below(3) != 0, down = below(2) != 0;
    const unsigned width = 1u << below(4);
    const uint64_t count = 1 + below(below(2) != 0 ? 40 : 700);
    const uint64_t room = kSize - count * width;
    const uint64_t low_from = below(room);
    // Near one another as often as not.
    const uint64_t low_to =
        below(2) != 0 ? below(room) : std::min(room, low_from - std::min<uint64_t>(low_from, 20) + below(41));
    const uint64_t first = down ? (count - 1) * width : 0;

    CpuBench b;
    Cpu& c = b.cpu();
    Bytes memory(kSize);
    for (uint8_t& x : memory) x = static_cast<uint8_t>(random());
    b.put_bytes(kData, memory);
    const uint64_t value = random();
    c.gpr[kRax] = value;
    c.gpr[kRcx] = count;
    c.gpr[kRsi] = kData + low_from + first;
    c.gpr[kRdi] = kData + low_to + first;
    if (down) c.set_eflags(2 | kDF);
    for (uint64_t k = 0; k < count; ++k) {
      const uint64_t at = (down ? count - 1 - k : k) * width;
      const void* from = movs ? static_cast<const void*>(&memory[low_from + at]) : &value;
      std::memmove(&memory[low_to + at], from, width);
    }

    INFO("round " << round << ": width " << width << " count " << count << " from " << low_from << " to "
                  << low_to << (down ? " down" : " up"));
    REQUIRE(b.run(code_of(movs, width), static_cast<unsigned>(count)) == std::nullopt);
    REQUIRE(c.gpr[kRcx] == 0);
    const uint64_t end = down ? 0 - uint64_t{width} : count * width;
    REQUIRE(c.gpr[kRdi] == kData + low_to + end);
    if (movs) REQUIRE(c.gpr[kRsi] == kData + low_from + end);
    for (unsigned k = 0; k < kSize; ++k) {
      if (b.get<uint8_t>(kData + k) != memory[k]) FAIL("byte " << k);
    }
  }
}

TEST_CASE("REP MOVS is #AC where alignment is checked, at any of its iterations", "[sem][string]") {
  for (const bool down : {false, true}) {
    CpuBench b;
    Cpu& c = b.cpu();
    c.set_eflags(2 | kAC | (down ? +kDF : 0u));
    c.update_mode();
    c.gpr[kRcx] = 8;
    c.gpr[kRsi] = kData + 0x101;
    c.gpr[kRdi] = kData + 0x800;
    CHECK(b.run(code_of(true, 4), 8) == Exception{17, 0});
    CHECK(c.gpr[kRcx] == 8);
  }
}

}  // namespace ilse::test
