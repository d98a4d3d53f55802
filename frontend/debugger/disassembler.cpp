#include "frontend/debugger/disassembler.h"

#include <capstone/capstone.h>

#include "cpu/cpu.h"
#include "memory/check.h"

namespace ilse::ui {

Disassembler::Disassembler() {
  static constexpr cs_mode kModes[3] = {CS_MODE_16, CS_MODE_32, CS_MODE_64};
  for (size_t k = 0; k < handles_.size(); ++k) {
    ILSE_CHECK(cs_open(CS_ARCH_X86, kModes[k], &handles_[k]) == CS_ERR_OK, "Capstone lacks x86");
  }
}

Disassembler::~Disassembler() {
  for (size_t& h : handles_) cs_close(&h);
}

Disassembler::Text Disassembler::decode(std::span<const uint8_t> bytes, uint64_t address,
                                        unsigned bits) const {
  cs_insn* insn = nullptr;
  size_t n = cs_disasm(handles_[bits / 32], bytes.data(), bytes.size(), address, 1, &insn);
  if (n == 0) return {0, "(bad)"};
  Text t{insn->size, insn->mnemonic};
  if (insn->op_str[0] != 0) t.text = t.text + " " + insn->op_str;
  cs_free(insn, n);
  return t;
}

unsigned code_bits(const cpu::Cpu& cpu) {
  switch (cpu.mode() & cpu::kModeCodeMask) {
    case cpu::kModeCode64: return 64;
    case cpu::kModeCode32: return 32;
    default: return 16;
  }
}

uint64_t code_linear(const cpu::Cpu& cpu, uint64_t ip) {
  return cpu.code64() ? ip : (ip + cpu.seg[cpu::kCs].base) & 0xFFFFFFFF;
}

}  // namespace ilse::ui
