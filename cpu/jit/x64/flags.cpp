// The guest's status flags. They stay in the host's RFLAGS as long as nothing spoils these; then they go to
// memory, unless all that could still ask for them is a way out into the interpreter, which is rarely taken:
// then the way out computes them again, from operands that are still in their registers.
#include <algorithm>

#include "cpu/isa/row.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

uint32_t inputs_of(const Step& s) { return 1u << s.d | (s.has_register ? 1u << s.s : 0u); }

}  // namespace

// They are good in both places afterwards: LAHF, SETO and MOV leave them alone. Without `keep` those that had
// to be mended are good in memory only.
void Translator::flush_flags(bool keep) {
  if (flags_ == Flags::Recipe) {
    replay(pending_);
    flags_ = Flags::Host;
  }
  if (flags_ != Flags::Host) return;
  const bool mended = zero_ != 0;
  save_flags();
  forget_steps();
  if (mended && !keep) {
    in_memory();
    return;
  }
  if (mended) load_flags();
  flags_ = Flags::Both;
}

void Translator::save_flags() {
  lahf();
  if (!of_in_memory_) seto(al);
  if (zero_ != 0) and_(ah, ~zero_ & 0xFF);
  if (of_in_memory_) {
    mov(ptr[rbp + layout_.flags + 1], ah);
  } else {
    mov(ptr[rbp + layout_.flags], ax);
  }
}

// The host's OF is the guest's, and something is about to change it that the guest's does not follow.
void Translator::keep_of() {
  if (!of_in_memory_) seto(ptr[rbp + layout_.flags]);
  of_in_memory_ = true;
}

// The host's flags are not the guest's, or not all of them.
void Translator::in_memory() {
  flags_ = Flags::Memory;
  zero_ = 0;
  of_in_memory_ = false;
}

void Translator::load_flags() {
  movzx(eax, word[rbp + layout_.flags]);
  add(al, 0x7F);
  sahf();
  zero_ = 0;
  of_in_memory_ = false;
}

// `looked_at`: by a condition.
void Translator::want_host_flags(uint32_t looked_at) {
  const bool mend = (of_in_memory_ && (looked_at & kOF) != 0) || (zero_ & looked_at) != 0;
  if (flags_ != Flags::Memory && flags_ != Flags::Recipe && !mend) return;
  const bool taken = busy_[rax.getIdx()];
  if (taken) mov(ptr[rbp + layout_.spill], rax);
  if (mend) {
    if (flags_ == Flags::Host) save_flags();
    load_flags();
    flags_ = Flags::Both;
    forget_steps();
  } else if (flags_ == Flags::Memory) {
    load_flags();
    flags_ = Flags::Both;
  } else {
    replay(pending_);
    flags_ = Flags::Host;
  }
  if (taken) mov(rax, ptr[rbp + layout_.spill]);
}

void Translator::forget_steps() {
  pending_.clear();
  steps_known_ = true;
}

// The host's flags are used for something else.
void Translator::spoil_flags() {
  if (flags_ != Flags::Recipe) in_memory();
}

// Before operation `r` that leaves the flags beyond `mask` alone, where `step` can be done again: true when
// these need not be the host's.
bool Translator::defer(uint32_t mask, const std::optional<Step>& step) {
  if ((live_ & ~mask) == 0) return false;
  const bool only_exits = (lifted_[index_].live_inside & ~mask) == 0;
  if (only_exits && step) {
    if (flags_ == Flags::Host && !steps_known_) flush_flags();
    uint32_t inputs = inputs_of(*step);
    for (const Step& s : pending_) inputs |= inputs_of(s);
    if (steps_known_ && dead_before(index_ + 1, inputs)) return true;
  }
  want_host_flags();
  return false;
}

// Behind an operation that has set the flags of `mask`, by `step` if that can be done again.
void Translator::made_flags(uint32_t mask, std::optional<Step> step, bool deferred) {
  zero_ &= ~mask;
  if ((mask & kOF) != 0) of_in_memory_ = false;
  if (mask == 0) {
    spoil_flags();
  } else if (live_ == 0) {
    in_memory();
    forget_steps();
  } else if (deferred) {
    pending_.push_back(*step);
    flags_ = Flags::Recipe;
  } else {
    if ((live_ & ~mask) == 0) forget_steps();
    if (flags_ == Flags::Both) forget_steps();
    flags_ = Flags::Host;
    if (step && steps_known_) {
      pending_.push_back(*step);
    } else {
      steps_known_ = false;
    }
  }
}

// From instruction `k` on: everything sets all flags anew before anything reads them or changes `inputs`.
bool Translator::dead_before(unsigned k, uint32_t inputs) const {
  for (; k < lifted_.size(); ++k) {
    const Lifted& l = lifted_[k];
    if (!l.native || l.flags_read != 0 || l.may_write_flags) return false;
    if (l.flags_written == kOSZAPC) return true;
    if ((l.registers_written & inputs) != 0) return false;
    if (l.flags_written != 0) inputs |= l.registers_written;
  }
  return false;
}

// At the start of an instruction that may be left for the interpreter, or that spoils the host's flags.
void Translator::settle_flags(bool exits, bool spoils, bool makes) {
  const Lifted& l = lifted_[index_];
  if (flags_ != Flags::Host) return;
  const uint32_t needed = exits ? +kOSZAPC : (live_ & ~l.flags_written) | l.flags_read;
  if (needed == 0) {
    in_memory();
    forget_steps();
  } else if (exits || (spoils && !makes)) {
    uint32_t inputs = 0;
    for (const Step& s : pending_) inputs |= inputs_of(s);
    if (steps_known_ && !pending_.empty() && dead_before(index_, inputs)) {
      flags_ = Flags::Recipe;
    } else {
      flush_flags(false);
    }
  }
}

// Behind an instruction: what it has written can no longer be looked at.
void Translator::age_steps() {
  const uint32_t written = lifted_[index_].registers_written;
  for (const Step& s : pending_) {
    const uint32_t own = s.made_at == index_ && s.in_place ? 1u << s.d : 0u;
    if ((inputs_of(s) & written & ~own) == 0) continue;
    if (flags_ == Flags::Recipe) throw Refused{};
    steps_known_ = false;
  }
  if (!steps_known_) pending_.clear();
}

// Does the steps again on RAX, for their flags.
void Translator::replay(const std::vector<Step>& steps) {
  zero_ = 0;
  of_in_memory_ = false;
  if (steps.empty() || !steps.front().full) load_flags();
  for (const Step& s : steps) {
    Reg d = view(Reg64(s.d), s.width), x = view(rax, s.width);
    Reg src = view(Reg64(s.s), s.width);
    const auto imm = static_cast<uint32_t>(s.imm);
    const int count = static_cast<int>(s.imm & 0xFF);
    if (s.in_place && s.kind != Step::Kind::Test) {
      if (s.width == 8) {
        mov(rax, Reg64(s.d));
      } else {
        mov(eax, Reg32(s.d));
      }
    }
    switch (s.kind) {
      case Step::Kind::Compare: s.has_register ? cmp(d, src) : cmp(d, imm); break;
      case Step::Kind::Test: s.has_register ? test(d, src) : s.in_place ? test(d, d) : test(d, imm); break;
      case Step::Kind::Add:
        s.has_register ? sub(x, src) : sub(x, imm);
        s.has_register ? add(x, src) : add(x, imm);
        break;
      case Step::Kind::Sub:
        s.has_register ? add(x, src) : add(x, imm);
        s.has_register ? sub(x, src) : sub(x, imm);
        break;
      case Step::Kind::Neg:
        neg(x);
        neg(x);
        break;
      case Step::Kind::Inc:
        lea(rax, ptr[rax - 1]);
        inc(x);
        break;
      case Step::Kind::Dec:
        lea(rax, ptr[rax + 1]);
        dec(x);
        break;
      case Step::Kind::Rol:
        if (count != 1) keep_of();
        ror(x, count);
        rol(x, count);
        break;
      case Step::Kind::Ror:
        if (count != 1) keep_of();
        rol(x, count);
        ror(x, count);
        break;
    }
    const bool rotates = s.kind == Step::Kind::Rol || s.kind == Step::Kind::Ror;
    if (!rotates || count == 1) of_in_memory_ = false;
  }
}

}  // namespace ilse::cpu::jit
