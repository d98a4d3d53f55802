// Which x87 instructions are translated and what each does, by opcode and ModRM (Intel SDM vol. 2D, tables
//
#include "cpu/isa/row.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

namespace {

using Kind = X87Form::Kind;

bool of_x87(const Row& r) { return r.has(kFpu) && (r.opcode & 0xF8) == 0xD8; }

// With a memory operand.
X87Form memory_form(unsigned opcode, unsigned reg) {
  switch (opcode) {
    case 0xD8:
    case 0xDC:
    case 0xDA:
    case 0xDE: {
      const unsigned bytes = opcode == 0xDC ? 8 : opcode == 0xDE ? 2 : 4;
      if (reg == 2 || reg == 3) return {Kind::CompareMemory, bytes, reg == 3 ? 1u : 0u};
      return {Kind::ArithMemory, bytes, 0};
    }
    case 0xD9:
      if (reg == 0) return {Kind::Load, 4, 0};
      if (reg == 2 || reg == 3) return {Kind::Store, 4, reg - 2};
      if (reg == 5) return {Kind::LoadControl, 2, 0};
      if (reg == 7) return {Kind::StoreControl, 2, 0};
      break;
    case 0xDB:
      if (reg == 0) return {Kind::Load, 4, 0};
      if (reg == 1) return {Kind::StoreAndPop, 4, 1};
      if (reg == 2 || reg == 3) return {Kind::Store, 4, reg - 2};
      if (reg == 5) return {Kind::Load, 10, 0};
      if (reg == 7) return {Kind::StoreAndPop, 10, 1};
      break;
    case 0xDD:
      if (reg == 0) return {Kind::Load, 8, 0};
      if (reg == 1) return {Kind::StoreAndPop, 8, 1};
      if (reg == 2 || reg == 3) return {Kind::Store, 8, reg - 2};
      break;
    default:
      if (reg == 0) return {Kind::Load, 2, 0};
      if (reg == 1) return {Kind::StoreAndPop, 2, 1};
      if (reg == 2 || reg == 3) return {Kind::Store, 2, reg - 2};
      if (reg == 5) return {Kind::Load, 8, 0};
      if (reg == 7) return {Kind::StoreAndPop, 8, 1};
  }
  return {};
}

X87Form register_form(unsigned opcode, unsigned modrm) {
  const unsigned reg = modrm >> 3 & 7;
  switch (opcode) {
    case 0xD8:
      if (reg == 2 || reg == 3) return {Kind::Compare, 0, reg - 2};
      return {Kind::Arith, 0, 0};
    case 0xD9:
      if (reg == 0) return {Kind::Copy, 0, 0};
      if (reg == 1) return {Kind::Exchange, 0, 0};
      if (modrm == 0xE0 || modrm == 0xE1) return {Kind::Sign, 0, 0};
      if (modrm == 0xE4) return {Kind::Test, 0, 0};
      if (modrm == 0xE5) return {Kind::Examine, 0, 0};
      if (modrm >= 0xE8 && modrm <= 0xEE) return {Kind::Constant, 0, 0};
      if (modrm == 0xF4) return {Kind::Extract, 0, 0};
      if (modrm == 0xF5 || modrm == 0xF8) return {Kind::Remainder, 0, 0};
      if (modrm == 0xF6) return {Kind::Decrement, 0, 0};
      if (modrm == 0xF7) return {Kind::Increment, 0, 0};
      if (modrm == 0xFA || modrm == 0xFC) return {Kind::Root, 0, 0};
      if (modrm == 0xFD) return {Kind::Scale, 0, 0};
      break;
    case 0xDA:
      if (reg < 4) return {Kind::ConditionalMove, 0, 0};
      if (modrm == 0xE9) return {Kind::CompareNan, 0, 2};
      break;
    case 0xDB:
      if (reg < 4) return {Kind::ConditionalMove, 0, 0};
      if (reg == 5 || reg == 6) return {Kind::CompareToFlags, 0, 0};
      break;
    case 0xDC:
      if (reg == 2 || reg == 3) return {Kind::Compare, 0, reg - 2};
      return {Kind::ArithTo, 0, 0};
    case 0xDD:
      if (reg == 0) return {Kind::Free, 0, 0};
      if (reg == 2 || reg == 3) return {Kind::CopyTo, 0, reg - 2};
      if (reg == 4 || reg == 5) return {Kind::CompareNan, 0, reg - 4};
      break;
    case 0xDE:
      if (modrm == 0xD9) return {Kind::Compare, 0, 2};
      if (reg == 2 || reg == 3) break;
      return {Kind::ArithTo, 0, 1};
    default:
      if (modrm == 0xE0) return {Kind::StatusToAx, 0, 0};
      if (reg == 5 || reg == 6) return {Kind::CompareToFlags, 0, 1};
  }
  return {};
}

}  // namespace

X87Form Translator::x87_form(const Insn& i) const {
  const Row& r = *i.row;
  constexpr uint8_t kWait = 0x9B;
  if (r.map == Map::OneByte && r.opcode == kWait) {
    return {(block_->mode & kModeNoWait) == 0 ? Kind::Wait : Kind::None, 0, 0};
  }
  if (!of_x87(r)) return {};
  return i.mem ? memory_form(i.opcode, i.modrm >> 3 & 7) : register_form(i.opcode, i.modrm);
}

// By how much an instruction that goes through its handler moves TOP.
void Translator::x87_handler(const Insn& i) {
  x87_.known = false;
  const Row& r = *i.row;
  if (on_mmx(i)) x87_.top = 0;
  if (!of_x87(r)) return;
  if (const X87Form form = x87_form(i); form.kind != Kind::None) {
    switch (form.kind) {
      case Kind::Load:
      case Kind::Constant:
      case Kind::Copy:
      case Kind::Extract:
      case Kind::Decrement: --x87_.top; break;
      case Kind::Increment: ++x87_.top; break;
      default: break;
    }
    x87_.top = static_cast<uint8_t>(x87_.top + form.pops);
  } else if (i.mem) {
    if (i.opcode == 0xDF && (i.modrm >> 3 & 7) == 4) --x87_.top;
    if (i.opcode == 0xDF && (i.modrm >> 3 & 7) == 6) ++x87_.top;
  } else if (i.opcode == 0xD9) {
    switch (i.modrm) {
      case 0xF2:
      case 0xFB: --x87_.top; break;
      case 0xF1:
      case 0xF3:
      case 0xF9: ++x87_.top; break;
      default: break;
    }
  } else if (i.opcode == 0xDB && i.modrm == 0xE3) {
    x87_.top = 0;
  }
  x87_.top &= 7;
}

}  // namespace ilse::cpu::jit
