// Every x87, MMX, SSE and SSE2 encoding, against Capstone: both know the same opcodes, at the same length.
#include <capstone/capstone.h>

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "cpu/isa/decoder.h"

namespace ilse::cpu {
namespace {

class Capstone {
 public:
  explicit Capstone(bool wide) {
    REQUIRE(cs_open(CS_ARCH_X86, wide ? CS_MODE_64 : CS_MODE_32, &handle_) == CS_ERR_OK);
    cs_option(handle_, CS_OPT_DETAIL, CS_OPT_ON);
    insn_ = cs_malloc(handle_);
  }
  ~Capstone() {
    cs_free(insn_, 1);
    cs_close(&handle_);
  }
  Capstone(const Capstone&) = delete;
  Capstone& operator=(const Capstone&) = delete;

  const cs_insn* decode(const std::vector<uint8_t>& bytes) {
    const uint8_t* p = bytes.data();
    size_t n = bytes.size();
    uint64_t address = 0x1000;
    return cs_disasm_iter(handle_, &p, &n, &address, insn_) ? insn_ : nullptr;
  }
  bool in(const cs_insn* i, unsigned group) const { return cs_insn_group(handle_, i, group); }

 private:
  csh handle_ = 0;
  cs_insn* insn_ = nullptr;
};

bool ours(const Row& row) {
  auto in = [&](std::span<const Row> t) { return &row >= t.data() && &row < t.data() + t.size(); };
  return in(x87_rows()) || in(mmx_rows()) || in(sse_rows());
}

std::string hex(const std::vector<uint8_t>& bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string s;
  for (uint8_t b : bytes) (s += kDigits[b >> 4]) += kDigits[b & 15];
  return s;
}

bool sse3(const std::string& mnemonic) {
  static const std::set<std::string> kSse3{"fisttp",   "lddqu",    "movddup",  "movshdup",
                                           "movsldup", "addsubps", "addsubpd", "haddps",
                                           "haddpd",   "hsubps",   "hsubpd"};
  return kSse3.count(mnemonic) != 0;
}

TEST_CASE("x87, MMX, SSE and SSE2 opcodes are Capstone's", "[isa][vector]") {
  auto model = find_model("max");
  REQUIRE(model);
  unsigned both = 0;
  std::set<std::string> seen;
  for (bool wide : {true, false}) {
    Capstone capstone(wide);
    uint32_t mode = (wide ? kModeCode64 | 2u << kModeStackShift : kModeCode32 | 1u << kModeStackShift) |
                    kModeFlatData | kModeFlatCode | kModeProtected;
    auto compare = [&](std::vector<uint8_t> bytes) {
      size_t opcodes = bytes.size();
      bytes.resize(15, 0x11);
      Insn i;
      REQUIRE(decode(bytes.data(), 15, mode, *model, 0, i) == DecodeStatus::Ok);
      bool mine = i.row != nullptr && ours(*i.row);
      const cs_insn* theirs = capstone.decode(bytes);
      bool same = i.row != nullptr && theirs != nullptr && i.len == theirs->size;
      unsigned their_size = theirs != nullptr ? theirs->size : 0;
      bool vector =
          theirs != nullptr && (capstone.in(theirs, X86_GRP_FPU) || capstone.in(theirs, X86_GRP_MMX) ||
                                capstone.in(theirs, X86_GRP_SSE1) || capstone.in(theirs, X86_GRP_SSE2));
      if (!mine && !vector) return;
      std::string mnemonic = theirs != nullptr ? theirs->mnemonic : "nothing";
      if (sse3(mnemonic)) return;
      if (i.row == nullptr && bytes[0] != 0x0F) {
        // A prefix that the opcode does not take: Capstone ignores it, silicon raises #UD.
        const cs_insn* without = capstone.decode({bytes.begin() + 1, bytes.end()});
        if (without != nullptr && mnemonic == without->mnemonic) return;
      }
      if (same) {
        ++both;
        return;
      }
      bytes.resize(opcodes);
      // One line an opcode is enough.
      std::string key = hex({bytes.begin(), bytes.end() - 1}) + mnemonic;
      if (!seen.insert(key).second) return;
      UNSCOPED_INFO((wide ? "64 " : "32 ")
                    << hex(bytes) << ": Capstone " << mnemonic << " " << their_size << ", ours "
                    << (i.row != nullptr ? i.row->name : "nothing") << " " << unsigned{i.len});
      CHECK(same);
    };
    for (unsigned modrm = 0; modrm < 256; ++modrm) {
      auto m = static_cast<uint8_t>(modrm);
      for (uint8_t op = 0xD8; op != 0xE0; ++op) compare({op, m});
      for (unsigned op = 0x10; op < 256; ++op) {
        auto o = static_cast<uint8_t>(op);
        compare({0x0F, o, m});
        compare({0x66, 0x0F, o, m});
        compare({0xF3, 0x0F, o, m});
        compare({0xF2, 0x0F, o, m});
        if (wide) compare({0x66, 0x48, 0x0F, o, m});
      }
    }
  }
  CHECK(both > 100000);
}

}  // namespace
}  // namespace ilse::cpu
