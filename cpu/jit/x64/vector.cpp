// MMX, SSE and AVX: a guest's instruction is the same instruction of the host, under the guest's MXCSR, with
// the guest's vector registers in the host's of the same number. They are loaded on a block's first use and
// written back where the block is left. The opcode table says what the operands are (Intel SDM vol. 2,
// chapter 2).
#include <cstddef>

#include "cpu/isa/row.h"
#include "cpu/jit/x64/host.h"
#include "cpu/jit/x64/translator.h"
#include "cpu/state.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

constexpr uint8_t kVzeroupper = 0x77, kEmms = 0x77, kCvtpi2ps = 0x2A;

bool vector_file(File f) { return f == File::Xmm; }
bool plain_file(File f) { return f == File::None || f == File::Gpr || f == File::Mmx || vector_file(f); }

// Results that are the maker's choice (tests/oracle/UNDEFINED.md) are the interpreter's: which of several
// NaNs DPPS gives, whether VCVTPS2PH flushes to zero.
bool differs_by_maker(const Row& r) {
  const bool map3a = r.map == Map::Map3A || r.map == Map::Vex3A;
  if (map3a && (r.opcode == 0x40 || r.opcode == 0x41)) return true;
  return r.map == Map::Vex3A && r.opcode == 0x1D;
}

bool of_256_bits(const Insn& i) {
  const Row& r = *i.row;
  return r.l == VexL::L1 || (r.l == VexL::By && (i.vex & kVexL) != 0);
}

unsigned form_of(const Insn& i) {
  if (i.row->l == VexL::By) return (i.vex & kVexL) != 0 ? 1 : 0;
  return i.op_size == 2 ? 0 : i.op_size == 4 ? 1 : 2;
}

// PCMPESTRI, PCMPESTRM: the lengths are in EAX and EDX.
bool has_lengths(const Row& r) { return (r.opcode & 2) == 0; }

// FMA's first operand is also a source.
bool reads_destination(const Row& r) { return r.feature == Feature::Fma || !is_vex(r.map); }

}  // namespace

// PCMPxSTRx: their result is in ECX or, with even opcodes, in XMM0.
bool Translator::compares_strings(const Row& r) {
  return (r.map == Map::Map3A || r.map == Map::Vex3A) && (r.opcode & 0xFC) == 0x60;
}

MemoryShape Translator::vector_shape(const Insn& i) { return i.row->memory[form_of(i)]; }
bool Translator::stores_vector(const Insn& i) {
  return i.row->operands[0] == Operand::Rm || i.row->operands[0] == Operand::Mem;
}

bool Translator::is_vector(const Insn& i) const {
  const Row& r = *i.row;
  const bool vex = is_vex(r.map) && r.has(kAvx);
  if ((!vex && !r.has(kSse) && !r.has(kMmx)) || r.has(kHelper)) return false;
  if (!vex && r.map != Map::TwoByte && r.map != Map::Map38 && r.map != Map::Map3A) return false;
  if (vex && !host_has(Feature::Avx)) return false;
  if ((block_->mode & kModeSseUnmasked) != 0 || !host_has(r.feature) || differs_by_maker(r)) return false;
  if (of_256_bits(i) && !host_has(r.long_feature)) return false;
  if (r.map == Map::Vex && r.opcode == kVzeroupper) return r.l == VexL::L0;
  if (r.has(kMmx) && r.map == Map::TwoByte && r.opcode == kEmms) return true;
  // With memory this one leaves the guest's MMX state alone, the host's perhaps not.
  if (r.rm_file == File::Mmx && r.map == Map::TwoByte && r.opcode == kCvtpi2ps && i.mem) return false;
  if (!plain_file(r.reg_file) || !plain_file(r.rm_file)) return false;
  if (r.v_file != File::None && !vector_file(r.v_file)) return false;
  auto held = [](File f) { return vector_file(f) || f == File::Mmx; };
  if (!held(r.reg_file) && !held(r.rm_file)) return false;
  for (Operand o : r.operands) {
    if (o == Operand::Vsib) return false;
  }
  if (i.mem && r.memory[form_of(i)].bytes == 0) return false;
  return r.flags.written == 0 || r.flags.written == kOSZAPC;
}

void Translator::need_xmm(unsigned n) {
  const auto bit = static_cast<uint16_t>(1u << n);
  if ((vector_.loaded & bit) != 0) return;
  movups(Xmm(static_cast<int>(n)), ptr[rbp + layout_.xmm + layout_.xmm_stride * static_cast<int>(n)]);
  vector_.loaded |= bit;
}

void Translator::need_ymm(unsigned n) {
  const auto bit = static_cast<uint16_t>(1u << n);
  const int at = layout_.xmm + layout_.xmm_stride * static_cast<int>(n);
  const Ymm y(static_cast<int>(n));
  if ((vector_.loaded & bit) == 0) {
    vmovups(y, ptr[rbp + at]);
  } else if ((vector_.upper_loaded & bit) == 0) {
    vinsertf128(y, y, ptr[rbp + at + 16], 1);
  }
  vector_.loaded |= bit;
  vector_.upper_loaded |= bit;
}

void Translator::wrote_vector(unsigned n, bool whole) {
  const auto bit = static_cast<uint16_t>(1u << n);
  vector_.loaded |= bit;
  vector_.dirty |= bit;
  if (!whole) return;
  vector_.upper_loaded |= bit;
  vector_.upper_dirty |= bit;
}

// Behind it no upper half is in use, so that the host's own SSE code runs at full speed.
void Translator::store_vectors(const VectorCache& v) {
  for (int n = 0; n < 16; ++n) {
    const Address at = ptr[rbp + layout_.xmm + layout_.xmm_stride * n];
    if ((v.upper_dirty >> n & 1) != 0) {
      vmovups(at, Ymm(n));
    } else if ((v.dirty >> n & 1) != 0) {
      movups(at, Xmm(n));
    }
  }
  if (v.upper_loaded != 0) vzeroupper();
  VectorCache rest = v;
  store_mmx(rest);
}

// What store_vectors() has stored, or memory had anyhow. The flags stay.
void Translator::load_vectors(const VectorCache& v) {
  for (int n = 0; n < 16; ++n) {
    const Address at = ptr[rbp + layout_.xmm + layout_.xmm_stride * n];
    if ((v.upper_loaded >> n & 1) != 0) {
      vmovups(Ymm(n), at);
    } else if ((v.loaded >> n & 1) != 0) {
      movups(Xmm(n), at);
    }
  }
  load_mmx(v);
}

// VZEROUPPER: 8 registers outside 64-bit mode.
void Translator::clear_uppers() {
  const bool wide = (block_->mode & kModeCodeMask) == kModeCode64;
  vzeroupper();
  vector_.upper_loaded = vector_.upper_dirty = 0;
  call(stubs_.clear_uppers[wide ? 1 : 0]);
}

void Translator::legacy_encoding(unsigned reg, unsigned rm, bool wide) {
  const Row& row = *insn_->row;
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
}

// Three bytes (SDM vol. 2A, 2.3.5).
void Translator::vex_encoding(unsigned reg, unsigned rm, bool wide, bool long_form) {
  const Row& row = *insn_->row;
  const unsigned map = row.map == Map::Vex ? 1 : row.map == Map::Vex38 ? 2 : 3;
  const unsigned prefix = row.prefix == Mandatory::P66  ? 1
                          : row.prefix == Mandatory::F3 ? 2
                          : row.prefix == Mandatory::F2 ? 3
                                                        : 0;
  const unsigned v = row.v_file != File::None ? insn_->vvvv : 0u;
  const bool w = row.w == VexW::W1 || wide;
  db(0xC4);
  db(static_cast<int>(((reg >> 3 & 1) ^ 1) << 7 | 1u << 6 | ((rm >> 3 & 1) ^ 1) << 5 | map));
  db(static_cast<int>((w ? 1u : 0u) << 7 | (~v & 15) << 3 | (long_form ? 1u : 0u) << 2 | prefix));
}

void Translator::vector() {
  const Insn& i = *insn_;
  const Row& row = *i.row;
  const bool vex = is_vex(row.map), long_form = of_256_bits(i);
  busy_.fill(false);
  if (vex && row.opcode == kVzeroupper && row.map == Map::Vex) {
    clear_uppers();
    return;
  }
  const bool mmx = on_mmx(i);
  if (mmx && row.opcode == kEmms && row.map == Map::TwoByte) {
    end_mmx();
    return;
  }
  const bool to_rm = stores_vector(i);
  if (mmx) begin_mmx(to_rm && i.mem);
  const bool to_vvvv = row.operands[0] == Operand::Vvvv;
  const bool has_reg = row.reg_file != File::None;
  const bool compares = row.flags.written != 0, strings = compares_strings(row);
  const bool writes_reg = has_reg && !to_rm && !to_vvvv && !compares;
  auto need = [&](unsigned n, File f = File::Xmm) {
    if (f == File::Mmx) {
      need_mmx(n);
    } else if (long_form) {
      need_ymm(n);
    } else {
      need_xmm(n);
    }
  };
  auto wrote = [&](unsigned n, File f) {
    if (f == File::Mmx) {
      vector_.mmx_loaded |= static_cast<uint8_t>(1u << n);
      vector_.mmx_dirty |= static_cast<uint8_t>(1u << n);
    } else {
      wrote_vector(n, vex);
    }
  };

  // Registers, as the encoding has them.
  unsigned reg = has_reg ? i.reg : i.modrm >> 3 & 7, rm = i.rm;
  if (row.reg_file == File::Gpr) {
    const unsigned g = i.reg / 8;
    reg = kHostOf[g] != kInMemory ? kHostOf[g] : 0;
    if (reg == 0 && to_rm) mov(rax, guest(g));
  } else if (has_reg && (!writes_reg || reads_destination(row))) {
    need(reg, row.reg_file);
  }
  if (row.v_file != File::None && !to_vvvv) need(i.vvvv);
  for (Operand o : row.operands) {
    if (o == Operand::Is4) need(static_cast<unsigned>(i.imm >> 4 & 15));
    if (o == Operand::Implicit && !strings) need(0);  // XMM0
  }
  if (i.mem) {
    const MemoryShape shape = vector_shape(i);
    rm = static_cast<unsigned>(operand_pointer(shape.bytes, to_rm, shape.aligned).getIdx());
    if (reg == 0 && row.reg_file == File::Gpr && to_rm) throw Refused{};
  } else if (row.rm_file == File::Gpr) {
    const unsigned g = i.rm / 8;
    rm = kHostOf[g] != kInMemory ? kHostOf[g] : 0;
    if (rm == 0 && !to_rm) mov(rax, guest(g));
  } else if (!(to_rm && vex)) {
    need(rm, row.rm_file);
  }
  if (mmx) open_mmx();

  const bool lengths = strings && has_lengths(row);
  if (lengths) {
    if (i.mem && rm != static_cast<unsigned>(rcx.getIdx())) {
      mov(rcx, Reg64(static_cast<int>(rm)));
      rm = static_cast<unsigned>(rcx.getIdx());
    }
    mov(rax, Reg64(kHostOf[kRax]));
    mov(rdx, Reg64(kHostOf[kRdx]));
  }

  const bool wide = i.op_size == 8 && (lengths || row.reg_file == File::Gpr || row.rm_file == File::Gpr);
  if (vex) {
    vex_encoding(reg, rm, wide, long_form);
  } else {
    legacy_encoding(reg, rm, wide);
  }
  db(i.opcode);
  db(static_cast<int>((i.mem ? 0u : 0xC0u) | (reg & 7) << 3 | (rm & 7)));
  for (Operand o : row.operands) {
    if (o == Operand::Imm8 || o == Operand::Is4) db(static_cast<int>(i.imm & 0xFF));
  }

  // A VEX-encoded instruction clears what it does not write of the register.
  if (strings) {
    if ((row.opcode & 1) != 0) {
      mov(Reg32(kHostOf[kRcx]), ecx);
    } else {
      wrote_vector(0, vex);
    }
    made_flags(kOSZAPC);
  } else if (compares) {
    made_flags(kOSZAPC);
  } else if (to_vvvv) {
    wrote_vector(i.vvvv, true);
  } else if (writes_reg && row.reg_file == File::Gpr) {
    if (reg == 0) mov(guest(i.reg / 8), rax);
  } else if (writes_reg) {
    wrote(reg, row.reg_file);
  } else if (to_rm && !i.mem && row.rm_file == File::Gpr) {
    if (rm == 0) mov(guest(i.rm / 8), rax);
  } else if (to_rm && !i.mem) {
    wrote(rm, row.rm_file);
  }
}

}  // namespace ilse::cpu::jit
