// Counting, selecting and moving bits: POPCNT, LZCNT, TZCNT, BMI1, BMI2, and shifts that leave the flags
// alone (Intel SDM vol. 2). Flags that the manual leaves undefined come out as tests/oracle/UNDEFINED.md
// says.
#include "cpu/jit/x64/host.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

namespace {

bool host_has_bits(Op op) {
  switch (op) {
    case Op::CountOnes: return host_has(Feature::Popcnt);
    case Op::CountAbove: return host_has(Feature::Lzcnt);
    case Op::Bzhi:
    case Op::Pdep:
    case Op::Pext: return host_has(Feature::Bmi2);
    default: return host_has(Feature::Bmi1);
  }
}

}  // namespace

void Translator::bits(Ref r) {
  const MicroOp& m = (*list_)[r];
  if (!host_has_bits(m.op)) throw Refused{};
  const unsigned width = width_of(m.width);
  const uint32_t mask = flags_of(r);
  auto dest = width >= 4 ? destination(r) : std::nullopt;
  const Reg64 first = reg_for(m.a, lazy_temp(m.a));
  const int held = first.getIdx() <= 2 ? first.getIdx() : -1;
  const Reg64 second = m.b != kNoRef ? reg_for(m.b, lazy_temp(m.b, held)) : first;
  use(m.a);
  if (m.b != kNoRef) use(m.b);
  if ((live_ & mask) != 0 && m.op != Op::CountOnes) mov(byte[rbp + layout_.flags], 0);
  const Reg64 to = dest ? Reg64(*dest) : alloc();
  const Reg d = view(to, width), a = view(first, width), b = view(second, width);
  uint32_t zero = kAF | kPF;
  switch (m.op) {
    case Op::Andn: andn(Reg32e(d.getIdx(), d.getBit()), Reg32e(a.getIdx(), a.getBit()), b); break;
    case Op::Blsi: blsi(Reg32e(d.getIdx(), d.getBit()), a); break;
    case Op::Blsmsk: blsmsk(Reg32e(d.getIdx(), d.getBit()), a); break;
    case Op::Blsr: blsr(Reg32e(d.getIdx(), d.getBit()), a); break;
    case Op::Bzhi: bzhi(Reg32e(d.getIdx(), d.getBit()), a, Reg32e(b.getIdx(), b.getBit())); break;
    case Op::Bextr:
      bextr(Reg32e(d.getIdx(), d.getBit()), a, Reg32e(b.getIdx(), b.getBit()));
      zero |= kSF;
      break;
    case Op::Pdep: pdep(Reg32e(d.getIdx(), d.getBit()), Reg32e(a.getIdx(), a.getBit()), b); break;
    case Op::Pext: pext(Reg32e(d.getIdx(), d.getBit()), Reg32e(a.getIdx(), a.getBit()), b); break;
    case Op::CountOnes:
      popcnt(d, a);
      zero = 0;
      break;
    case Op::CountBelow:
      tzcnt(d, a);
      zero |= kSF;
      break;
    default: lzcnt(d, a); zero |= kSF;
  }
  finish(r, to, dest.has_value());
  if (mask == 0) return;
  made_flags(mask);
  if (live_ == 0 || m.op == Op::CountOnes) return;
  of_in_memory_ = true;
  zero_ = zero;
}

void Translator::crc32_(Ref r) {
  const MicroOp& m = (*list_)[r];
  const unsigned width = width_of(m.width);
  const Reg64 d = alloc();
  move(d, m.a, width);
  const Reg64 s = reg_for(m.b, lazy_temp(m.b, d.getIdx()));
  crc32(Reg32e(d.getIdx(), static_cast<int>(m.from == 8 ? 64 : 32)), view(s, m.from));
  use(m.a);
  use(m.b);
  set_host(r, d, false);
}

// SHLX, SHRX, SARX and RORX, and shifts whose flags nobody looks at.
bool Translator::shift_without_flags(Ref r) {
  const MicroOp& m = (*list_)[r];
  const uint32_t mask = flags_of(r);
  const Value& count = values_[m.b];
  const bool by_imm = count.kind == Value::Kind::Imm;
  if (mask != 0 && (live_ != 0 || by_imm || m.op > Op::Sar)) return false;
  const unsigned width = width_of(m.width);
  if (values_[m.a].kind == Value::Kind::Stored || width < 4 || !host_has(Feature::Bmi2)) {
    if (mask == 0) throw Refused{};
    return false;
  }
  auto dest = destination(r);
  const Reg64 first = reg_for(m.a, lazy_temp(m.a));
  const int held = first.getIdx() <= 2 ? first.getIdx() : -1;
  const Reg64 by = by_imm ? first : reg_for(m.b, lazy_temp(m.b, held));
  use(m.a);
  use(m.b);
  const Reg64 to = dest ? Reg64(*dest) : alloc();
  const Reg32e d(to.getIdx(), static_cast<int>(8 * width)), n(by.getIdx(), static_cast<int>(8 * width));
  const Reg a = view(first, width);
  switch (m.op) {
    case Op::Shl: shlx(d, a, n); break;
    case Op::Shr: shrx(d, a, n); break;
    case Op::Sar: sarx(d, a, n); break;
    case Op::Ror: rorx(d, a, static_cast<uint8_t>(count.imm)); break;
    default: throw Refused{};
  }
  finish(r, to, dest.has_value());
  if (mask != 0) made_flags(mask);
  return true;
}

}  // namespace ilse::cpu::jit
