#include "cpu/jit/micro_op_text.h"

#include <array>
#include <cstdio>

namespace ilse::cpu::jit {

namespace {

// In the order of enum Op.
constexpr std::array kOps{
    "Const",         "Imm",         "NextIp",      "ReadReg",      "WriteReg",  "WriteRegUnless",
    "Address",       "Moffs",       "BitUnit",     "Linear",       "Load",      "LoadForWrite",
    "Store",         "StoreBack",   "Add",         "Adc",          "Ado",       "Sub",
    "Sbb",           "And",         "Or",          "Xor",          "Shl",       "Shr",
    "Sar",           "Rol",         "Ror",         "RolKeepOf",    "RorKeepOf", "Rcl",
    "Rcr",           "Shld",        "Shrd",        "Mul",          "Imul",      "Andn",
    "Blsi",          "Blsmsk",      "Blsr",        "Bzhi",         "Bextr",     "TrailingZeros",
    "CountOnes",     "CountBelow",  "CountAbove",  "TopBit",       "Div",       "Idiv",
    "Second",        "Join",        "Not",         "ByteSwap",     "Zext",      "Sext",
    "SignFill",      "Pdep",        "Pext",        "Crc32",        "BitSet",    "BitReset",
    "BitComplement", "Select",      "IsZero",      "LogicNot",     "LogicAnd",  "BitOf",
    "ReadCf",        "Condition",   "FlagsByte",   "SetFlagsByte", "SetFlags",  "SetFlagsIfCount",
    "SetCf",         "CheckTarget", "CheckBranch", "Branch",       "BranchIf",  "Jump"};
static_assert(kOps.size() == static_cast<size_t>(Op::Jump) + 1);

constexpr std::array kPlaces{"", "rm", "reg", "vvvv", "fixed", "operand", "stack"};
static_assert(kPlaces.size() == static_cast<size_t>(Place::Stack) + 1);

std::string width_text(uint8_t width) {
  return width == kAddrSize ? "addr" : width == kStackSize ? "stack" : std::to_string(8 * width);
}

std::string flags_text(uint16_t flags) {
  constexpr std::array<std::pair<uint16_t, char>, 6> kLetters{
      {{kOF, 'O'}, {kSF, 'S'}, {kZF, 'Z'}, {kAF, 'A'}, {kPF, 'P'}, {kCF, 'C'}}};
  std::string text;
  for (auto [bit, letter] : kLetters) {
    if ((flags & bit) != 0) text += letter;
  }
  return text;
}

}  // namespace

std::string text_of(std::span<const MicroOp> list, Ref at) {
  const MicroOp& m = list[at];
  std::string text = "%" + std::to_string(at) + " = " + kOps[static_cast<size_t>(m.op)];
  if (m.width != 0) text += "." + width_text(m.width);
  if (m.from != 0) text += " from " + width_text(m.from);
  if (m.place != Place::None) text += std::string(" ") + kPlaces[static_cast<size_t>(m.place)];
  if (m.write) text += " for write";
  for (Ref r : {m.a, m.b, m.c}) {
    if (r != kNoRef) text += " %" + std::to_string(r);
  }
  if (m.imm != 0 || m.op == Op::Const || m.op == Op::Condition || m.place == Place::Fixed) {
    std::array<char, 24> number{};
    std::snprintf(number.data(), number.size(), " #%#llx", static_cast<unsigned long long>(m.imm));
    text += number.data();
  }
  if (m.flags_read != 0) text += " reads " + flags_text(m.flags_read);
  if (m.flags_written != 0) text += " writes " + flags_text(m.flags_written);
  return text;
}

}  // namespace ilse::cpu::jit
