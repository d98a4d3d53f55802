// Every VEX encoding, against Capstone: both know the same opcodes, with the same name, length and operands.
#include <capstone/capstone.h>

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "cpu/isa/decoder.h"

namespace ilse::cpu {
namespace {

constexpr uint32_t k64 = kModeCode64 | 2u << kModeStackShift | kModeFlatData | kModeFlatCode | kModeProtected;
constexpr uint32_t k32 = kModeCode32 | 1u << kModeStackShift | kModeFlatData | kModeFlatCode | kModeProtected;

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
    uint64_t address = 0;
    return cs_disasm_iter(handle_, &p, &n, &address, insn_) ? insn_ : nullptr;
  }
  // The number of a register: xmm9, ymm9, r9d and rcx are 9, 9, 9 and 1.
  unsigned number(unsigned reg) const {
    static const std::map<std::string, unsigned> kNames{{"ax", 0}, {"cx", 1}, {"dx", 2}, {"bx", 3},
                                                        {"sp", 4}, {"bp", 5}, {"si", 6}, {"di", 7}};
    std::string name = cs_reg_name(handle_, reg);
    auto digit = name.find_first_of("0123456789");
    if (digit != std::string::npos) return static_cast<unsigned>(std::stoul(name.substr(digit)));
    auto at = kNames.find(name.substr(1));
    return at == kNames.end() ? 99 : at->second;
  }

 private:
  csh handle_ = 0;
  cs_insn* insn_ = nullptr;
};

// Ours, as Capstone lists them; memory is 100, immediates are not compared.
std::vector<unsigned> operands(const Insn& i) {
  std::vector<unsigned> out;
  auto number = [](File f, uint8_t slot) { return f == File::Gpr ? slot / 8u : slot; };
  for (Operand o : i.row->operands) {
    switch (o) {
      case Operand::Reg: out.push_back(number(i.row->reg_file, i.reg)); break;
      case Operand::Rm: out.push_back(i.mem ? 100 : number(i.row->rm_file, i.rm)); break;
      case Operand::Mem:
      case Operand::Vsib: out.push_back(100); break;
      case Operand::Vvvv: out.push_back(number(i.row->v_file, i.vvvv)); break;
      case Operand::Is4: out.push_back(static_cast<unsigned>(i.imm >> 4)); break;
      default: break;
    }
  }
  return out;
}
std::vector<unsigned> operands(const Capstone& capstone, const cs_insn& i) {
  std::vector<unsigned> out;
  const cs_x86& x = i.detail->x86;
  for (unsigned k = 0; k < x.op_count; ++k) {
    if (x.operands[k].type == X86_OP_MEM) out.push_back(100);
    if (x.operands[k].type == X86_OP_REG) out.push_back(capstone.number(x.operands[k].reg));
  }
  return out;
}

// Capstone has a name for each width of VMOVD and its kin, and for each predicate of a comparison.
bool same_name(std::string ours, std::string theirs) {
  static const std::map<std::string, std::string> kWide{
      {"vmovd", "vmovq"},           {"vpextrd", "vpextrq"},       {"vpinsrd", "vpinsrq"},
      {"vpmaskmovd", "vpmaskmovq"}, {"vpgatherdd", "vpgatherdq"}, {"vpgatherqd", "vpgatherqq"},
      {"vgatherdps", "vgatherdpd"}, {"vgatherqps", "vgatherqpd"}};
  if (ours == theirs || ours + "x" == theirs || ours + "y" == theirs) return true;
  auto wide = kWide.find(ours);
  if (wide != kWide.end() && wide->second == theirs) return true;
  for (const char* kind : {"ps", "pd", "ss", "sd"}) {
    if (ours == std::string("vcmp") + kind) return theirs.starts_with("vcmp") && theirs.ends_with(kind);
  }
  // VPCLMULQDQ by halves.
  return ours == "vpclmulqdq" && theirs.starts_with("vpclmul");
}

// AVX-512's mask registers; FMA4 and VPERMIL2, which AMD gave up: those multiply-adds have no order in the
// name.
bool newer_or_gone(const std::string& name) {
  const bool multiply_add = name.starts_with("vfm") || name.starts_with("vfnm");
  return name.starts_with("k") || name.starts_with("vpermil2") ||
         (multiply_add && name.find('2') == std::string::npos);
}

TEST_CASE("VEX encodings are Capstone's: names, lengths and operands", "[isa][vex]") {
  const Model model = *find_model("max");
  unsigned both = 0, only_theirs = 0;
  std::map<std::string, std::string> differing;
  std::set<std::string> known, unknown;
  for (bool wide : {true, false}) {
    Capstone capstone(wide);
    for (unsigned k = 0; k < 3u * 256 * 4 * 2 * 2 * 2 * 16; ++k) {
      const unsigned map = k % 3 + 1, opcode = k / 3 % 256, pp = k / 768 % 4, l = k / 3072 % 2,
                     w = k / 6144 % 2, v = k / 12288 % 2, form = k / 24576;
      const unsigned rxb = wide ? 7 - form % 8 : 7, vvvv = v != 0 ? 5 + (wide ? form % 8 : 0) : 0;
      const unsigned modrm = (form & 8 ? 0xC0u : 0x44u) | (form & 7) << 3 | (form & 8 ? 1u : 0u);
      std::vector<uint8_t> bytes{0xC4,
                                 static_cast<uint8_t>(rxb << 5 | map),
                                 static_cast<uint8_t>(w << 7 | (~vvvv & 15) << 3 | l << 2 | pp),
                                 static_cast<uint8_t>(opcode),
                                 static_cast<uint8_t>(modrm),
                                 0x56,
                                 0x24};
      bytes.resize(15, 0x31);
      Insn i;
      REQUIRE(decode(bytes.data(), 15, wide ? k64 : k32, model, 0, i) == DecodeStatus::Ok);
      const bool mine = i.row != nullptr && i.fn != &raise_ud;
      const cs_insn* theirs = capstone.decode(bytes);
      if (theirs == nullptr && !mine) continue;
      std::string text;
      if (!mine) {
        ++only_theirs;
        unknown.insert(theirs->mnemonic);
        continue;
      }
      // Capstone 4 does not know this one.
      if (theirs == nullptr && i.row->name == std::string("vbroadcasti128")) continue;
      if (theirs == nullptr) {
        text = "ours alone";
      } else if (!same_name(i.row->name, theirs->mnemonic)) {
        text = std::string("Capstone ") + theirs->mnemonic + " " + theirs->op_str;
      } else if (i.len != theirs->size) {
        text = "lengths " + std::to_string(i.len) + " " + std::to_string(theirs->size);
      } else if (operands(i) != operands(capstone, *theirs)) {
        text = std::string("operands, Capstone ") + theirs->op_str;
      } else {
        ++both;
        known.insert(theirs->mnemonic);
        continue;
      }
      char hex[64];
      std::snprintf(hex, sizeof hex, "%u-bit map %u pp %u W%u L%u opcode %02X modrm %02X: ", wide ? 64 : 32,
                    map, pp, w, l, opcode, modrm);
      differing.emplace(i.row->name + text.substr(0, 9), hex + std::string(i.row->name) + ", " + text);
    }
  }
  std::string all;
  for (const auto& [name, text] : differing) all += text + "\n";
  INFO(both << " by both, " << only_theirs << " by Capstone alone\n" << all);
  CHECK(both > 50000);
  CHECK(differing.empty());
  // Where Capstone alone decodes, it does not look at W, L or vvvv; but it has no instruction that we lack.
  for (const std::string& name : known) unknown.erase(name);
  std::erase_if(unknown, newer_or_gone);
  CHECK(unknown == std::set<std::string>{});
}

}  // namespace
}  // namespace ilse::cpu
