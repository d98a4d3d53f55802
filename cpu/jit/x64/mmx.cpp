// MMX: a guest's instruction is the same instruction of the host, with the guest's registers in the host's of
// the same number within a block. They are the host's x87 registers too: never are both in use, and EMMS ends
// it wherever the block is left (Intel SDM vol. 1, 9.5 and 9.6).
#include "cpu/fpu/host_x87.h"
#include "cpu/isa/row.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

bool Translator::on_mmx(const Insn& i) {
  const Row& r = *i.row;
  return r.reg_file == File::Mmx || (r.rm_file == File::Mmx && !i.mem) || r.has(kMmx);
}

void Translator::need_mmx(unsigned n) {
  const auto bit = static_cast<uint8_t>(1u << n);
  if ((vector_.mmx_loaded & bit) != 0) return;
  movq(Mmx(static_cast<int>(n)), ptr[rbp + layout_.st + 16 * static_cast<int>(n)]);
  vector_.mmx_loaded |= bit;
  // The instruction may still be left.
  out_[out_index_].vector.mmx_loaded |= bit;
}

// The host's flags stay.
void Translator::store_mmx(VectorCache& v) {
  for (int n = 0; n < 8; ++n) {
    if ((v.mmx_dirty >> n & 1) == 0) continue;
    movq(ptr[rbp + layout_.st + 16 * n], Mmx(n));
    mov(word[rbp + layout_.st + 16 * n + 8], 0xFFFF);
  }
  if (v.mmx_loaded != 0) emms();
  v.mmx_loaded = v.mmx_dirty = 0;
  v.mmx = false;
}

void Translator::load_mmx(const VectorCache& v) {
  for (int n = 0; n < 8; ++n) {
    if ((v.mmx_loaded >> n & 1) != 0) movq(Mmx(n), ptr[rbp + layout_.st + 16 * n]);
  }
}

// Before the operands: what is on the host's x87 stack goes to memory, and a waiting error is the
// interpreter's. A store moves TOP even if it faults.
void Translator::begin_mmx(bool stores) {
  if (vector_.mmx) return;
  if (x87_.known) {
    x87_flush(x87_);
    x87_.known = false;
    out_[out_index_].x87 = x87_;
  }
  test(byte[rbp + layout_.sw], x87sw::kES);
  jnz(*slow_);
  spoil_flags();
  if (stores) mov(byte[rbp + layout_.top], 0);
}

// Behind all that can leave.
void Translator::open_mmx() {
  if (vector_.mmx) return;
  mov(byte[rbp + layout_.top], 0);
  mov(byte[rbp + layout_.tag], 0xFF);
  vector_.mmx = true;
  x87_.top = 0;
}

void Translator::end_mmx() {
  begin_mmx(false);
  store_mmx(vector_);
  mov(byte[rbp + layout_.top], 0);
  mov(byte[rbp + layout_.tag], 0);
  x87_.top = 0;
}

}  // namespace ilse::cpu::jit
