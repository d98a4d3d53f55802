// The decoder against Capstone: random instructions of the three widths have the same length wherever both
// know one. ILSE_DECODER_CASES sets how many are tried in each mode (default 300000).
#include <capstone/capstone.h>

#include <array>
#include <cstdlib>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "cpu/cpuid.h"
#include "cpu/isa/decoder.h"

namespace ilse::cpu {
namespace {

using Bytes = std::array<uint8_t, kMaxInsnBytes>;

struct Width {
  const char* name;
  cs_mode capstone;
  uint32_t mode;
};
constexpr std::array kWidths{
    Width{"16", CS_MODE_16, kModeProtected | kModeCode16},
    Width{"32", CS_MODE_32,
          kModeProtected | kModeCode32 | 1u << kModeStackShift | kModeFlatData | kModeFlatCode},
    Width{"64", CS_MODE_64,
          kModeProtected | kModeCode64 | 2u << kModeStackShift | kModeFlatData | kModeFlatCode}};

Bytes random_bytes(std::mt19937_64& random) {
  static constexpr std::array<uint8_t, 12> kPrefixes = {0x66, 0x67, 0xF2, 0xF3, 0xF0, 0x2E,
                                                        0x36, 0x3E, 0x26, 0x64, 0x65, 0x48};
  Bytes b;
  for (auto& byte : b) byte = static_cast<uint8_t>(random());
  size_t at = 0;
  while (at < 4 && random() % 3 == 0) b[at++] = kPrefixes[random() % kPrefixes.size()];
  if (random() % 3 == 0) b[at++] = static_cast<uint8_t>(0x40 | (random() & 15));
  if (random() % 2 == 0) b[at++] = 0x0F;
  return b;
}

// Where Capstone 4 and the decoder disagree, and silicon and manual are on the decoder's side (SDM vol. 2).
// Null: nowhere known.
const char* capstone_errs(const Insn& i, const Width& w) {
  const Row& r = *i.row;
  const bool two = r.map == Map::TwoByte;
  if (two && (r.opcode == 0xB9 || r.opcode == 0xFF)) return "UD0 and UD1 have a ModRM byte";
  const bool near = r.has(kForce64) || (!two && (r.opcode == 0xE8 || r.opcode == 0xE9));
  if (i.has_66 && near && w.capstone == CS_MODE_64) {
    return "Intel's processors ignore 66 on near branches in 64-bit code; AMD's do not";
  }
  if (near && i.rep != Rep::None) return "F2 and F3 do not take away 66 on near branches";
  if (near && w.capstone == CS_MODE_64 && i.addr_size == 4)
    return "67 does not change the immediate of near branches";
  if (!two && r.opcode == 0xC2) return "RET has sixteen bits of immediate whatever the operand size";
  return nullptr;
}

TEST_CASE("decoder: lengths agree with Capstone", "[isa]") {
  const Model model = *find_model("max");
  const char* cases = std::getenv("ILSE_DECODER_CASES");
  const unsigned long count = cases != nullptr ? std::strtoul(cases, nullptr, 0) : 300000;
  for (const Width& w : kWidths) {
    csh handle = 0;
    REQUIRE(cs_open(CS_ARCH_X86, w.capstone, &handle) == CS_ERR_OK);
    cs_insn* theirs = cs_malloc(handle);
    std::mt19937_64 random(5);
    unsigned long both = 0, only_ours = 0, only_theirs = 0, excused = 0;
    std::map<std::string, std::string> differing;
    for (unsigned long n = 0; n < count; ++n) {
      const Bytes b = random_bytes(random);
      Insn ours;
      const DecodeStatus status = decode(b.data(), kMaxInsnBytes, w.mode, model, 0, ours);
      const bool we = status == DecodeStatus::Ok && ours.row != nullptr;
      const uint8_t* code = b.data();
      size_t size = b.size();
      uint64_t address = 0;
      const bool they = cs_disasm_iter(handle, &code, &size, &address, theirs);
      if (we && they) {
        ++both;
        if (ours.len == theirs->size) continue;
        if (capstone_errs(ours, w) != nullptr) {
          ++excused;
          continue;
        }
        std::string text;
        for (unsigned k = 0; k < 15; ++k) {
          text += "0123456789abcdef"[b[k] >> 4];
          text += "0123456789abcdef"[b[k] & 15];
        }
        text += std::string(" ours ") + ours.row->name + " " + std::to_string(ours.len) + ", Capstone " +
                theirs->mnemonic + " " + theirs->op_str + " " + std::to_string(theirs->size);
        differing.emplace(std::string(ours.row->name) + " " + theirs->mnemonic, text);
      } else if (we) {
        ++only_ours;
      } else if (they) {
        ++only_theirs;
      }
    }
    cs_free(theirs, 1);
    cs_close(&handle);
    std::string all;
    for (const auto& [names, text] : differing) all += text + "\n";
    INFO(w.name << "-bit code: " << both << " by both, " << only_ours << " by the decoder alone, "
                << only_theirs << " by Capstone alone (newer extensions), " << excused << " excused\n"
                << all);
    CHECK(both > count / 4);
    CHECK(differing.empty());
  }
}

}  // namespace
}  // namespace ilse::cpu
