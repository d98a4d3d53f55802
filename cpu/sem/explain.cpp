#include "cpu/sem/explain.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <vector>

#include "cpu/isa/row.h"
#include "cpu/sem/lift_model.h"
#include "cpu/state.h"

namespace ilse::cpu {
namespace {

using jit::MicroOp;
using jit::Op;
using jit::Place;

template <class... Part>
std::string join(const Part&... part) {
  std::string text;
  ((text += part), ...);
  return text;
}
std::string hex(uint64_t v) {
  char text[24];
  std::snprintf(text, sizeof text, v < 10 ? "%llu" : "0x%llx", static_cast<unsigned long long>(v));
  return text;
}
std::string signed_hex(int64_t v) {
  return v < 0 ? join("-", hex(0 - static_cast<uint64_t>(v))) : join("+", hex(static_cast<uint64_t>(v)));
}

std::string register_name(unsigned offset, unsigned width) {
  static constexpr std::array<const char*, 8> kNames{"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
  unsigned n = offset / 8;
  if (n >= 8) {
    return join("r", std::to_string(n), width == 1 ? "b" : width == 2 ? "w" : width == 4 ? "d" : "");
  }
  std::string name = kNames[n];
  if (width == 8) return join("r", name);
  if (width == 4) return join("e", name);
  if (width == 2) return name;
  if (n >= 4) return join(name, "l");
  return join(name[0], offset % 8 != 0 ? "h" : "l");
}

std::string condition_text(unsigned code) {
  static constexpr std::array<const char*, 16> kText{
      "of", "!of", "cf", "!cf", "zf",       "!zf",      "cf | zf",         "!(cf | zf)",
      "sf", "!sf", "pf", "!pf", "sf != of", "sf == of", "zf | (sf != of)", "!zf & (sf == of)"};
  return kText[code & 15];
}

std::string flag_letters(uint32_t mask) {
  std::string text;
  for (auto [bit, letter] :
       {std::pair{kOF, 'O'}, {kSF, 'S'}, {kZF, 'Z'}, {kAF, 'A'}, {kPF, 'P'}, {kCF, 'C'}}) {
    if ((mask & bit) != 0) text += letter;
  }
  return text;
}

const char* infix(Op op) {
  switch (op) {
    case Op::Add: return " + ";
    case Op::Sub: return " - ";
    case Op::And: return " & ";
    case Op::Or: return " | ";
    case Op::Xor: return " ^ ";
    case Op::Shl: return " << ";
    case Op::Shr: return " >> ";
    case Op::Mul:
    case Op::Imul: return " * ";
    case Op::LogicAnd: return " and ";
    default: return nullptr;
  }
}

const char* function(Op op) {
  switch (op) {
    case Op::Sar: return "sar";
    case Op::Rol:
    case Op::RolKeepOf: return "rol";
    case Op::Ror:
    case Op::RorKeepOf: return "ror";
    case Op::Rcl: return "rcl";
    case Op::Rcr: return "rcr";
    case Op::Shld: return "shld";
    case Op::Shrd: return "shrd";
    case Op::Div: return "div";
    case Op::Idiv: return "idiv";
    case Op::TrailingZeros: return "lowest_bit";
    case Op::TopBit: return "highest_bit";
    case Op::CountOnes: return "ones";
    case Op::CountBelow: return "zeros_below";
    case Op::CountAbove: return "zeros_above";
    case Op::Andn: return "andn";
    case Op::Blsi: return "blsi";
    case Op::Blsmsk: return "blsmsk";
    case Op::Blsr: return "blsr";
    case Op::Bzhi: return "bzhi";
    case Op::Bextr: return "bextr";
    case Op::Pdep: return "pdep";
    case Op::Pext: return "pext";
    case Op::Crc32: return "crc32";
    case Op::ByteSwap: return "byte_swap";
    case Op::SignFill: return "sign";
    case Op::Sext: return "sx";
    case Op::Zext: return "zx";
    case Op::BitSet: return "bit_set";
    case Op::BitReset: return "bit_clear";
    case Op::BitComplement: return "bit_flip";
    case Op::BitOf: return "bit";
    case Op::Join: return "join";
    default: return nullptr;
  }
}

class Explainer {
 public:
  Explainer(const std::vector<MicroOp>& list, const Insn& insn) : list_(list), i_(insn), text_(list.size()) {}

  std::string run() {
    for (size_t k = 0; k < list_.size(); ++k) text_[k] = step(list_[k]);
    return out_.empty() ? "nothing" : out_;
  }

 private:
  struct Text {
    std::string text;
    bool compound = false;  // needs parentheses inside another
  };

  unsigned width(const MicroOp& m) const {
    return m.width == jit::kAddrSize ? i_.addr_size : m.width == jit::kStackSize ? i_.stack_size : m.width;
  }
  const std::string& plain(jit::Ref r) const { return text_[r].text; }
  std::string part(jit::Ref r) const {
    return text_[r].compound ? join("(", text_[r].text, ")") : text_[r].text;
  }
  template <class... Part>
  void say(const Part&... part) {
    if (!out_.empty()) out_ += "; ";
    ((out_ += part), ...);
  }

  std::string reg(const MicroOp& m) const {
    unsigned offset = m.place == Place::Rm     ? i_.rm
                      : m.place == Place::Reg  ? i_.reg
                      : m.place == Place::Vvvv ? i_.vvvv
                                               : static_cast<unsigned>(m.imm);
    return register_name(offset, width(m));
  }
  std::string address() const {
    std::string text;
    int64_t disp = i_.disp;
    auto add = [&](unsigned n, unsigned scale) {
      if (n == kSlotZero) return;
      text += text.empty() ? "" : "+";
      text += n == kSlotBlock ? "rip" : register_name(n * 8, i_.addr_size);
      if (scale != 0) text += join("*", std::to_string(1u << scale));
    };
    add(i_.base, 0);
    add(i_.index, i_.scale);
    // From the block's start in the Insn, from the next instruction in the manual.
    if (i_.base == kSlotBlock) disp -= i_.ip + i_.len;
    if (text.empty()) return hex(static_cast<uint64_t>(disp) & i_.ea_mask);
    return disp == 0 ? text : join(text, signed_hex(disp));
  }
  std::string memory(const MicroOp& m, const std::string& lin) const {
    return join("mem", std::to_string(8 * m.width), "[", lin, "]");
  }
  std::string segment(const MicroOp& m) const {
    static constexpr std::array<const char*, 6> kNames{"es:", "cs:", "ss:", "ds:", "fs:", "gs:"};
    if (m.place == Place::Stack || i_.flat || i_.seg == kDs || i_.seg > kGs) return "";
    return kNames[i_.seg];
  }
  // The value goes into a register or memory, and not only into flags.
  bool is_kept(jit::Ref r) const {
    return std::any_of(list_.begin(), list_.end(), [&](const MicroOp& m) {
      bool writes = m.op == Op::WriteReg || m.op == Op::WriteRegUnless || jit::is_store(m);
      return (writes && (m.a == r || m.b == r)) || (m.op == Op::Join && m.a == r);
    });
  }
  std::string relative() const { return join("rip", signed_hex(static_cast<int64_t>(i_.imm))); }

  Text call(const char* name, const MicroOp& m) const {
    std::string text = join(name, "(");
    bool first = true;
    for (jit::Ref r : {m.a, m.b, m.c}) {
      if (r == jit::kNoRef) continue;
      text += join(first ? "" : ", ", plain(r));
      first = false;
    }
    return {join(text, ")")};
  }

  Text step(const MicroOp& m) {
    if (const char* sign = infix(m.op)) return {join(part(m.a), sign, part(m.b)), true};
    switch (m.op) {
      case Op::Const: return {hex(m.imm)};
      case Op::Imm: {
        uint64_t mask = m.width == 8 ? ~0ull : (1ull << (8 * m.width)) - 1;
        return {hex(i_.imm & mask)};
      }
      case Op::NextIp: return {"rip"};
      case Op::ReadReg: {
        // RET n moves the stack pointer twice.
        auto before = written_.find(reg(m));
        return before == written_.end() ? Text{reg(m)} : before->second;
      }
      case Op::WriteReg:
        say(reg(m), " <- ", plain(m.a));
        written_[reg(m)] = text_[m.a];
        return {};
      case Op::WriteRegUnless: say(reg(m), " <- ", plain(m.a), " unless ", plain(m.b)); return {};
      case Op::Address: return {address()};
      case Op::Moffs: return {hex(i_.imm)};
      case Op::BitUnit: return {join(plain(m.a), " div ", std::to_string(8 * m.from)), true};
      case Op::Linear: return {join(segment(m), plain(m.a))};
      case Op::Load: return {memory(m, plain(m.a))};
      case Op::LoadForWrite: return {memory(m, plain(m.a))};
      case Op::Store: say(memory(m, plain(m.a)), " <- ", plain(m.b)); return {};
      case Op::StoreBack: say(plain(m.a), " <- ", plain(m.b)); return {};
      case Op::Adc: return {join(part(m.a), " + ", part(m.b), " + cf"), true};
      case Op::Ado: return {join(part(m.a), " + ", part(m.b), " + of"), true};
      case Op::Sbb: return {join(part(m.a), " - ", part(m.b), " - cf"), true};
      case Op::Second: {
        bool product = list_[m.a].op == Op::Mul || list_[m.a].op == Op::Imul;
        return {join(product ? "high(" : "remainder of ", plain(m.a), product ? ")" : "")};
      }
      case Op::Not: return {join("~", part(m.a))};
      case Op::Zext:
        if (list_[m.a].op == Op::Address && width(list_[m.a]) <= width(m)) return text_[m.a];
        break;
      case Op::Select: return {join(plain(m.a), " ? ", part(m.b), " : ", part(m.c)), true};
      case Op::IsZero: return {join(part(m.a), " == 0"), true};
      case Op::LogicNot: return {join("not ", part(m.a)), true};
      case Op::ReadCf: return {"cf"};
      case Op::Condition: return {condition_text(static_cast<unsigned>(m.imm)), m.imm >= 6};
      case Op::FlagsByte: return {"flags"};
      case Op::SetFlagsByte:
      case Op::SetCf: say("flags ", flag_letters(m.flags_written), " <- ", plain(m.a)); return {};
      case Op::SetFlags:
        say("flags ", flag_letters(m.flags_written));
        if (!is_kept(m.a)) out_ += join(" of ", plain(m.a));
        return {};
      case Op::SetFlagsIfCount:
        say("flags ", flag_letters(m.flags_written), " unless the count is 0");
        return {};
      case Op::CheckTarget:
      case Op::CheckBranch: return {};
      case Op::Branch: say("rip <- ", relative()); return {};
      case Op::BranchIf: say("rip <- ", relative(), " if ", plain(m.a)); return {};
      case Op::Jump: say("rip <- ", plain(m.a)); return {};
      default: break;
    }
    const char* name = function(m.op);
    return call(name != nullptr ? name : "?", m);
  }

  const std::vector<MicroOp>& list_;
  const Insn& i_;
  std::vector<Text> text_;
  std::map<std::string, Text> written_;
  std::string out_;
};

}  // namespace

std::string explain(const Insn& insn) {
  if (insn.row == nullptr) return "";
  Lift lift = insn.row->lift[insn.op_size == 2 ? 0 : insn.op_size == 4 ? 1 : 2][insn.mem ? 1 : 0];
  if (lift == nullptr) return "";
  std::vector<MicroOp> list;
  LiftModel m(list);
  lift(m);
  return Explainer(list, insn).run();
}

}  // namespace ilse::cpu
