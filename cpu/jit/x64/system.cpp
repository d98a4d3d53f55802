// What the kernel does all the time at privilege 0 and needs nothing but the processor's own state: CLI, STI,
// PUSHF, SWAPGS, CLD and STD, and the fences (Intel SDM vol. 2). The rest of the system's instructions goes
// through handlers.
#include <cstddef>

#include "cpu/isa/row.h"
#include "cpu/jit/x64/translator.h"
#include "cpu/state.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

SystemForm Translator::system_form(const Insn& i) const {
  const Row& r = *i.row;
  const uint32_t mode = block_->mode;
  // LFENCE, MFENCE, SFENCE: one processor runs at a time, and in order.
  const bool plain = !i.mem && i.rep == Rep::None && !i.has_66;
  if (r.map == Map::TwoByte && i.opcode == 0xAE && plain && (i.modrm >> 3 & 7) >= 5) return SystemForm::Fence;
  // Elsewhere IOPL and the virtual interrupt flag have a say.
  if ((mode & (kModeCplMask | kModeV86)) != 0) return SystemForm::None;
  if (r.map == Map::TwoByte) {
    const bool swapgs = i.opcode == 0x01 && i.modrm == 0xF8;
    return swapgs ? SystemForm::Swapgs : SystemForm::None;
  }
  if (r.map != Map::OneByte) return SystemForm::None;
  const bool flat_stack = (mode & kModeFlatData) != 0 || (mode & kModeCodeMask) == kModeCode64;
  switch (i.opcode) {
    case 0x9C:
      return flat_stack && i.op_size == i.stack_size && i.op_size >= 4 ? SystemForm::Pushf : SystemForm::None;
    case 0xFA: return SystemForm::Cli;
    // Behind the block's last instruction the interrupt shadow would show.
    case 0xFB: return i.left > 1 ? SystemForm::Sti : SystemForm::None;
    case 0xFC: return SystemForm::Cld;
    case 0xFD: return SystemForm::Std;
    default: return SystemForm::None;
  }
}

void Translator::system() {
  const SystemForm form = lifted_[index_].system;
  const bool keeps = form == SystemForm::Swapgs || form == SystemForm::Fence;
  settle_flags(lifted_[index_].exits, !keeps, false);
  if (form == SystemForm::Pushf) flush_flags();
  if (flags_ == Flags::Recipe) out_[out_index_].recipe = pending_;
  const auto flags = dword[rbp + layout_.system_flags];
  switch (form) {
    case SystemForm::Cli: and_(flags, static_cast<uint32_t>(~kIF)); break;
    case SystemForm::Cld: and_(flags, static_cast<uint32_t>(~kDF)); break;
    case SystemForm::Std: or_(flags, kDF); break;
    case SystemForm::Sti: {
      // Nothing waits: then nobody can tell the shadow.
      Label done;
      test(flags, kIF);
      jnz(done);
      cmp(byte[rbp + layout_.events], 0);
      jne(*slow_);
      or_(flags, kIF);
      L(done);
      break;
    }
    case SystemForm::Swapgs: {
      const auto base =
          qword[rbp + layout_.seg +
                static_cast<int32_t>(kGs * sizeof(cpu::Segment) + offsetof(cpu::Segment, base))];
      mov(rax, base);
      mov(rcx, ptr[rbp + layout_.kernel_gs_base]);
      mov(base, rcx);
      mov(ptr[rbp + layout_.kernel_gs_base], rax);
      return;
    }
    case SystemForm::Pushf: pushf_(); return;
    case SystemForm::Fence: return;
    case SystemForm::None: throw Refused{};
  }
  spoil_flags();
}

// The status flags are in memory.
void Translator::pushf_() {
  const unsigned width = insn_->op_size;
  const Reg64 top(kHostOf[kRsp]);
  busy_.fill(false);
  busy_[rdx.getIdx()] = true;
  if (width == 8) {
    lea(rdx, ptr[top - 8]);
  } else {
    lea(edx, ptr[top - 4]);
  }
  check_tlb(rdx, width, true);
  movzx(eax, byte[rbp + layout_.flags + 1]);
  movzx(ecx, byte[rbp + layout_.flags]);
  shl(ecx, 11);
  or_(eax, ecx);
  mov(ecx, dword[rbp + layout_.system_flags]);
  and_(ecx, static_cast<uint32_t>(~(kVM | kRF)));
  or_(eax, ecx);
  if (width == 8) {
    mov(ptr[rdx], rax);
    lea(top, ptr[top - 8]);
  } else {
    mov(ptr[rdx], eax);
    lea(top.cvt32(), ptr[top - 4]);
  }
  busy_.fill(false);
}

}  // namespace ilse::cpu::jit
