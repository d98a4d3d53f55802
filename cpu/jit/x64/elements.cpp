// Vector instructions whose memory is chosen element by element: VMASKMOV, VPMASKMOV, VGATHER (Intel SDM
// vol. 2). Where the TLB does not allow all of it at once the interpreter goes from element to element.
#include <algorithm>

#include "cpu/isa/row.h"
#include "cpu/jit/x64/host.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

WrittenOut Translator::elements_form(const Insn& i) const {
  const Row& r = *i.row;
  if (r.map != Map::Vex38 || !host_has(Feature::Avx2)) return WrittenOut::None;
  if (!r.has(Operand::Vsib)) return i.mem ? WrittenOut::MaskedMove : WrittenOut::None;
  const bool distinct = i.reg != i.vvvv && i.reg != i.imm2 && i.vvvv != i.imm2;
  return i.flat && distinct ? WrittenOut::Gather : WrittenOut::None;
}

// The host's own, once the whole operand may be accessed.
void Translator::masked_move() {
  const Insn& i = *insn_;
  const bool long_form = (i.vex & kVexL) != 0, stores = stores_vector(i);
  busy_.fill(false);
  const auto at = static_cast<unsigned>(operand_pointer(long_form ? 32 : 16, stores, false, false).getIdx());
  auto need = [&](unsigned n) { long_form ? need_ymm(n) : need_xmm(n); };
  need(i.vvvv);
  if (stores) need(i.reg);
  vex_encoding(i.reg, at, (i.vex & kVexW) != 0, long_form);
  db(i.opcode);
  db(static_cast<int>((i.reg & 7u) << 3 | at));
  if (!stores) wrote_vector(i.reg, true);
}

void Translator::gather() {
  const Insn& i = *insn_;
  const bool long_form = (i.vex & kVexL) != 0;
  const unsigned length = long_form ? 32 : 16, size = (i.vex & kVexW) != 0 ? 8 : 4;
  const unsigned index_size = (i.opcode & 1) != 0 ? 8 : 4, count = length / std::max(size, index_size);
  const int index = layout_.lanes, mask = index + 32, result = mask + 32;
  const Xmm destination(i.reg), chosen(i.vvvv);
  unsigned place = 0;
  for (unsigned n : {unsigned{i.imm2}, unsigned{i.vvvv}, unsigned{i.reg}}) {
    const Address to = ptr[rbp + index + 32 * static_cast<int>(place++)];
    if (long_form) {
      need_ymm(n);
      vmovups(to, Ymm(static_cast<int>(n)));
    } else {
      need_xmm(n);
      vmovups(to, Xmm(static_cast<int>(n)));
    }
  }
  for (int k = 0; k < static_cast<int>(count); ++k) {
    const int at = k * static_cast<int>(size);
    Label skip;
    test(byte[rbp + mask + at + static_cast<int>(size) - 1], 0x80);
    jz(skip);
    busy_.fill(false);
    busy_[rcx.getIdx()] = true;
    if (index_size == 8) {
      mov(rcx, ptr[rbp + index + 8 * k]);
    } else {
      movsxd(rcx, dword[rbp + index + 4 * k]);
    }
    RegExp e(rcx, 1 << i.scale);
    if (i.base < 16 && kHostOf[i.base] != kInMemory) {
      e = e + Reg64(kHostOf[i.base]);
    } else if (i.base < 16) {
      mov(rax, guest(i.base));
      e = e + rax;
    }
    e = e + static_cast<size_t>(int64_t{i.disp});
    if (i.addr_size == 4) {
      lea(ecx, ptr[e]);
    } else {
      lea(rcx, ptr[e]);
    }
    check_tlb(rcx, size, false, false);
    mov(view(rax, size), ptr[rcx]);
    mov(ptr[rbp + result + at], view(rax, size));
    L(skip);
  }
  spoil_flags();
  busy_.fill(false);
  const Address from = ptr[rbp + result];
  if (count * size == 32) {
    vmovups(Ymm(destination.getIdx()), from);
  } else if (count * size == 16) {
    vmovups(destination, from);
  } else {
    vmovq(destination, from);
  }
  vpxor(chosen, chosen, chosen);
  wrote_vector(i.reg, true);
  wrote_vector(i.vvvv, true);
}

}  // namespace ilse::cpu::jit
