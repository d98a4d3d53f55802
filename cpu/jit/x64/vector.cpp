// SSE: a guest's instruction is the same instruction of the host, under the guest's MXCSR, with the guest's
// XMM registers in the host's of the same number. They are loaded on a block's first use and written back
// where the block is left. The opcode table says what the operands are (Intel SDM vol. 2, chapter 2).
#include <xbyak/xbyak_util.h>

#include <cstddef>

#include "cpu/isa/row.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

bool vector_file(File f) { return f == File::Xmm; }
bool plain_file(File f) { return f == File::None || f == File::Gpr || vector_file(f); }

// What the row's instruction set needs of the host.
bool host_has(Feature f) {
  static const util::Cpu host;
  switch (f) {
    case Feature::Sse:
    case Feature::Sse2: return true;
    case Feature::Sse3: return host.has(util::Cpu::tSSE3);
    case Feature::Ssse3: return host.has(util::Cpu::tSSSE3);
    case Feature::Sse41: return host.has(util::Cpu::tSSE41);
    case Feature::Sse42: return host.has(util::Cpu::tSSE42);
    case Feature::Aes: return host.has(util::Cpu::tAESNI);
    case Feature::Pclmulqdq: return host.has(util::Cpu::tPCLMULQDQ);
    case Feature::Sha: return host.has(util::Cpu::tSHA);
    default: return false;
  }
}

}  // namespace

bool Translator::is_vector(const Insn& i) const {
  const Row& r = *i.row;
  if (!r.has(kSse) || r.has(kHelper)) return false;
  if (r.map != Map::TwoByte && r.map != Map::Map38 && r.map != Map::Map3A) return false;
  // DPPS, DPPD: which of several NaNs is the result is the maker's choice (tests/oracle/UNDEFINED.md).
  if (r.map == Map::Map3A && (r.opcode == 0x40 || r.opcode == 0x41)) return false;
  if ((block_->mode & kModeSseUnmasked) != 0 || !host_has(r.feature)) return false;
  if (!plain_file(r.reg_file) || !plain_file(r.rm_file)) return false;
  if (!vector_file(r.reg_file) && !vector_file(r.rm_file)) return false;
  for (Operand o : r.operands) {
    if (o == Operand::Implicit) return false;
    // PCMPESTRI and its kin have general registers that the row does not name.
    if (o == Operand::Imm8 && r.flags.written != 0) return false;
  }
  const unsigned size = i.op_size == 2 ? 0 : i.op_size == 4 ? 1 : 2;
  if (i.mem && (r.memory[size].bytes == 0 || i.addr_size == 2)) return false;
  return r.flags.written == 0 || r.flags.written == kOSZAPC;
}

void Translator::need_xmm(unsigned n) {
  if ((xmm_loaded_ >> n & 1) != 0) return;
  movups(Xmm(static_cast<int>(n)), ptr[rbp + layout_.xmm + layout_.xmm_stride * static_cast<int>(n)]);
  xmm_loaded_ |= static_cast<uint16_t>(1u << n);
}

void Translator::store_xmm(uint16_t which) {
  for (int n = 0; n < 16; ++n) {
    if ((which >> n & 1) != 0) movups(ptr[rbp + layout_.xmm + layout_.xmm_stride * n], Xmm(n));
  }
}

void Translator::vector() {
  const Insn& i = *insn_;
  const Row& row = *i.row;
  const unsigned size = i.op_size == 2 ? 0 : i.op_size == 4 ? 1 : 2;
  const bool to_rm = row.operands[0] == Operand::Rm || row.operands[0] == Operand::Mem;
  const bool has_reg = row.reg_file != File::None;
  const bool compares = row.flags.written != 0;
  const bool writes_reg = has_reg && !to_rm && !compares;
  busy_.fill(false);

  // Registers, as the encoding has them.
  unsigned reg = has_reg ? i.reg : i.modrm >> 3 & 7, rm = i.rm;
  if (row.reg_file == File::Gpr) {
    const unsigned g = i.reg / 8;
    reg = kHostOf[g] != kInMemory ? kHostOf[g] : 0;
    if (reg == 0 && to_rm) mov(rax, guest(g));
  } else if (has_reg) {
    need_xmm(reg);
  }
  if (i.mem) {
    const MemoryShape shape = row.memory[size];
    rm = static_cast<unsigned>(operand_pointer(shape.bytes, to_rm, shape.aligned).getIdx());
    if (reg == 0 && row.reg_file == File::Gpr && to_rm) throw Refused{};
  } else if (row.rm_file == File::Gpr) {
    const unsigned g = i.rm / 8;
    rm = kHostOf[g] != kInMemory ? kHostOf[g] : 0;
    if (rm == 0 && !to_rm) mov(rax, guest(g));
  } else {
    need_xmm(rm);
  }

  const bool wide = i.op_size == 8 && (row.reg_file == File::Gpr || row.rm_file == File::Gpr);
  switch (row.prefix) {
    case Mandatory::P66: db(0x66); break;
    case Mandatory::F3: db(0xF3); break;
    case Mandatory::F2: db(0xF2); break;
    default: break;
  }
  const unsigned rex = (wide ? 8u : 0u) | (reg >> 3 & 1) << 2 | (rm >> 3 & 1);
  if (rex != 0) db(0x40 | static_cast<int>(rex));
  db(0x0F);
  if (row.map == Map::Map38) db(0x38);
  if (row.map == Map::Map3A) db(0x3A);
  db(i.opcode);
  db(static_cast<int>((i.mem ? 0u : 0xC0u) | (reg & 7) << 3 | (rm & 7)));
  for (Operand o : row.operands) {
    if (o == Operand::Imm8) db(static_cast<int>(i.imm & 0xFF));
  }

  if (compares) {
    made_flags(kOSZAPC);
  } else if (writes_reg && row.reg_file == File::Gpr) {
    if (reg == 0) mov(guest(i.reg / 8), rax);
  } else if (writes_reg) {
    xmm_dirty_ |= static_cast<uint16_t>(1u << reg);
  } else if (to_rm && !i.mem && row.rm_file == File::Gpr) {
    if (rm == 0) mov(guest(i.rm / 8), rax);
  } else if (to_rm && !i.mem) {
    xmm_dirty_ |= static_cast<uint16_t>(1u << rm);
  }
}

}  // namespace ilse::cpu::jit
