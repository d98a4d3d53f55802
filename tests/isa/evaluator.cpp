#include "isa/evaluator.h"

#include <bit>

namespace ilse::test {
namespace {

using namespace cpu;
using jit::MicroOp;
using jit::Op;
using jit::Place;

__extension__ typedef unsigned __int128 U128;
__extension__ typedef __int128 S128;

struct Computed {
  uint64_t value = 0, second = 0;
  uint32_t flags = 0;
  bool keeps_flags = false;  // a shift by 0
  bool faulted = false;
};

uint64_t cut(uint64_t v, unsigned bits) { return bits == 64 ? v : v & ((1ull << bits) - 1); }
int64_t extend(uint64_t v, unsigned bits) { return static_cast<int64_t>(v << (64 - bits)) >> (64 - bits); }
bool bit(uint64_t v, unsigned n) { return (v >> n & 1) != 0; }

uint32_t szp(uint64_t v, unsigned bits) {
  return (v == 0 ? +kZF : 0u) | (bit(v, bits - 1) ? +kSF : 0u) |
         (std::popcount(v & 0xFF) % 2 == 0 ? +kPF : 0u);
}
uint32_t carry_overflow(bool cf, bool of) { return (cf ? +kCF : 0u) | (of ? +kOF : 0u); }

Computed add(uint64_t a, uint64_t b, bool carry, unsigned bits) {
  U128 sum = static_cast<U128>(a) + b + (carry ? 1 : 0);
  uint64_t r = cut(static_cast<uint64_t>(sum), bits);
  bool of = bit(~(a ^ b) & (a ^ r), bits - 1);
  return {
      r, 0,
      szp(r, bits) | carry_overflow((sum >> bits & 1) != 0, of) | (static_cast<uint32_t>(a ^ b ^ r) & kAF)};
}
Computed subtract(uint64_t a, uint64_t b, bool borrow, unsigned bits) {
  U128 difference = static_cast<U128>(a) - b - (borrow ? 1 : 0);
  uint64_t r = cut(static_cast<uint64_t>(difference), bits);
  bool of = bit((a ^ b) & (a ^ r), bits - 1);
  return {
      r, 0,
      szp(r, bits) | carry_overflow((difference >> 64) != 0, of) | (static_cast<uint32_t>(a ^ b ^ r) & kAF)};
}
Computed logic(uint64_t r, unsigned bits) { return {r, 0, szp(r, bits)}; }

Computed count(Op op, uint64_t a, unsigned bits) {
  uint64_t n = 0;
  if (op == Op::CountOnes) {
    for (unsigned k = 0; k < bits; ++k) n += bit(a, k) ? 1 : 0;
  } else {
    while (n < bits && !bit(a, static_cast<unsigned>(op == Op::CountBelow ? n : bits - 1 - n))) ++n;
  }
  return {n, 0, (n == 0 ? +kZF : 0u) | (op != Op::CountOnes && a == 0 ? +kCF : 0u)};
}

// A bit at a time, as the manual's pseudocode has it.
Computed shift(const MicroOp& m, uint64_t a, uint64_t b, uint64_t amount, uint32_t old, unsigned bits) {
  unsigned masked = static_cast<unsigned>(amount) & (bits == 64 ? 63 : 31);
  unsigned count = m.op == Op::Rcl || m.op == Op::Rcr ? masked % (bits + 1) : masked;
  if (count == 0) return {a, 0, 0, true};
  bool old_cf = (old & kCF) != 0, cf = old_cf, top = bit(a, bits - 1), of = false;
  uint64_t r = a;
  for (unsigned k = 0; k < count; ++k) {
    bool high = bit(r, bits - 1), low = bit(r, 0), in = false;
    bool left = true;
    // What a double shift takes in: b, then the first operand again.
    uint64_t source = k < bits ? b : a;
    switch (m.op) {
      case Op::Shl: break;
      case Op::Shld: in = bit(source, bits - 1 - k % bits); break;
      case Op::Rol:
      case Op::RolKeepOf: in = high; break;
      case Op::Rcl: in = cf; break;
      case Op::Shr: left = false; break;
      case Op::Sar:
        left = false;
        in = high;
        break;
      case Op::Shrd:
        left = false;
        in = bit(source, k % bits);
        break;
      case Op::Ror:
      case Op::RorKeepOf:
        left = false;
        in = low;
        break;
      default:
        left = false;
        in = cf;
        break;
    }
    cf = left ? high : low;
    r = left ? cut(r << 1, bits) | (in ? 1 : 0) : r >> 1 | (in ? 1ull << (bits - 1) : 0);
  }
  switch (m.op) {
    case Op::Shr: of = top; break;
    case Op::Sar: of = false; break;
    case Op::Shrd: of = top != bit(b, 0); break;
    case Op::Ror:
    case Op::RorKeepOf: of = top != bit(a, 0); break;
    case Op::Rcr: of = top != old_cf; break;
    default: of = top != bit(a, bits - 2); break;
  }
  if ((m.op == Op::RolKeepOf || m.op == Op::RorKeepOf) && masked > 1) of = (old & kOF) != 0;
  return {r, 0, szp(r, bits) | carry_overflow(cf, of)};
}

Computed multiply(bool is_signed, uint64_t a, uint64_t b, unsigned bits) {
  U128 p = is_signed ? static_cast<U128>(static_cast<S128>(extend(a, bits)) * extend(b, bits))
                     : static_cast<U128>(a) * b;
  uint64_t low = cut(static_cast<uint64_t>(p), bits), high = cut(static_cast<uint64_t>(p >> bits), bits);
  bool over = is_signed ? high != cut(static_cast<uint64_t>(extend(low, bits) >> 63), bits) : high != 0;
  return {low, high, (szp(low, bits) & ~kZF) | carry_overflow(over, over)};
}

Computed divide(bool is_signed, uint64_t low, uint64_t high, bool wide, uint64_t d, unsigned bits) {
  unsigned all = 2 * bits;
  U128 n = wide ? static_cast<U128>(high) << bits | low : static_cast<U128>(low);
  if (d == 0) return {0, 0, 0, false, true};
  if (!is_signed) {
    U128 q = n / d;
    if (q >> bits != 0) return {0, 0, 0, false, true};
    return {static_cast<uint64_t>(q), static_cast<uint64_t>(n % d)};
  }
  // By magnitudes, so that nothing overflows on the host.
  bool negative = (n >> (all - 1) & 1) != 0;
  U128 magnitude = negative ? ~n + 1 : n;
  if (all < 128) magnitude &= (static_cast<U128>(1) << all) - 1;
  int64_t sd = extend(d, bits);
  uint64_t md = sd < 0 ? 0 - static_cast<uint64_t>(sd) : static_cast<uint64_t>(sd);
  U128 q = magnitude / md;
  uint64_t r = static_cast<uint64_t>(magnitude % md);
  bool minus = negative != (sd < 0);
  U128 most = static_cast<U128>(1) << (bits - 1);
  if (q > most || (q == most && !minus)) return {0, 0, 0, false, true};
  auto low_q = static_cast<uint64_t>(q);
  return {cut(minus ? 0 - low_q : low_q, bits), cut(negative ? 0 - r : r, bits)};
}

// ZF and SF by the result, the other flags but CF clear.
Computed bits_of(uint64_t r, bool cf, unsigned bits) {
  r = cut(r, bits);
  return {r, 0, (szp(r, bits) & ~kPF) | (cf ? +kCF : 0u)};
}
Computed bmi(const MicroOp& m, uint64_t a, uint64_t b, unsigned bits) {
  switch (m.op) {
    case Op::Andn: return bits_of(~a & b, false, bits);
    case Op::Blsi: return bits_of(a & (0 - a), a != 0, bits);
    case Op::Blsr: return bits_of(a & (a - 1), a == 0, bits);
    case Op::Blsmsk: return bits_of(a ^ (a - 1), a == 0, bits);
    case Op::Bzhi: {
      uint64_t n = b & 0xFF;
      return bits_of(n < bits ? cut(a, static_cast<unsigned>(n)) : a, n >= bits, bits);
    }
    default: break;
  }
  uint64_t start = b & 0xFF, length = b >> 8 & 0xFF;
  uint64_t field = start < bits ? a >> start : 0;
  Computed r = bits_of(length < 64 ? field & ((1ull << length) - 1) : field, false, bits);
  r.flags &= ~kSF;
  return r;
}
// A bit at a time.
uint64_t moved_bits(bool deposit, uint64_t a, uint64_t mask) {
  uint64_t r = 0;
  for (unsigned at = 0, n = 0; at < 64; ++at) {
    if (!bit(mask, at)) continue;
    if (bit(a, deposit ? n : at)) r |= 1ull << (deposit ? at : n);
    ++n;
  }
  return r;
}
uint64_t crc(uint64_t sum, uint64_t data, unsigned bytes) {
  auto r = static_cast<uint32_t>(sum);
  for (unsigned k = 0; k < 8 * bytes; ++k) {
    bool out = bit(r ^ data >> k, 0);
    r = r >> 1 ^ (out ? 0x82F63B78 : 0);
  }
  return r;
}

bool condition(unsigned code, uint32_t f) {
  bool cf = (f & kCF) != 0, zf = (f & kZF) != 0, sf = (f & kSF) != 0, of = (f & kOF) != 0;
  bool v = false;
  switch (code / 2) {
    case 0: v = of; break;
    case 1: v = cf; break;
    case 2: v = zf; break;
    case 3: v = cf || zf; break;
    case 4: v = sf; break;
    case 5: v = (f & kPF) != 0; break;
    case 6: v = sf != of; break;
    default: v = zf || sf != of; break;
  }
  return v != (code % 2 != 0);
}

class Evaluator {
 public:
  Evaluator(const MicroOps& list, Cpu& c, const Insn& insn)
      : list_(list), c_(c), i_(insn), done_(list.size()) {}

  Result run() {
    for (size_t k = 0; k < list_.size(); ++k) {
      done_[k] = step(list_[k]);
      if (done_[k].faulted) return {true, std::nullopt};
    }
    return {false, target_};
  }

 private:
  unsigned bytes(uint8_t width) const {
    return width == jit::kAddrSize ? i_.addr_size : width == jit::kStackSize ? i_.stack_size : width;
  }
  uint64_t value(jit::Ref r) const { return r == jit::kNoRef ? 0 : done_[r].value; }
  uint8_t* slot(const MicroOp& m) {
    auto offset = m.place == Place::Rm     ? i_.rm
                  : m.place == Place::Reg  ? i_.reg
                  : m.place == Place::Vvvv ? i_.vvvv
                                           : m.imm;
    return reinterpret_cast<uint8_t*>(c_.gpr.data()) + offset;
  }
  void write_reg(const MicroOp& m, uint64_t v) {
    unsigned n = bytes(m.width);
    std::memcpy(slot(m), &v, n == 4 ? 8 : n);
  }
  uint64_t next_ip() const { return (c_.rip() + i_.ip + i_.len) & c_.ip_mask(); }
  uint64_t relative() const { return cut(c_.rip() + i_.ip + i_.len + i_.imm, 8 * i_.op_size); }
  bool linear(const MicroOp& m, uint64_t offset, uint64_t* lin) {
    bool stack = m.place == Place::Stack;
    *lin = offset;
    if (stack ? (c_.mode() & kModeFlatData) != 0 : i_.flat) return true;
    return c_.segment(static_cast<uint8_t>(stack ? +kSs : i_.seg), offset, m.from,
                      m.write ? Access::Write : Access::Read, lin);
  }
  void set_flags(uint32_t flags, uint32_t mask) { c_.lazy.set((c_.lazy.get() & ~mask) | (flags & mask)); }

  Computed step(const MicroOp& m) {
    uint64_t a = value(m.a), b = value(m.b), c = value(m.c);
    unsigned bits = 8 * bytes(m.width);
    uint32_t f = c_.lazy.get();
    Computed r;
    auto is = [&](uint64_t v) {
      r.value = cut(v, bits);
      return r;
    };
    switch (m.op) {
      case Op::Const: return is(m.imm);
      case Op::Imm: return is(i_.imm);
      case Op::NextIp: return is(next_ip());
      case Op::ReadReg: std::memcpy(&r.value, slot(m), bits / 8); return r;
      case Op::WriteReg: write_reg(m, a); return r;
      case Op::WriteRegUnless:
        if (b == 0) write_reg(m, a);
        return r;
      case Op::Address:
        return is(c_.gpr[i_.base] + (c_.gpr[i_.index] << i_.scale) +
                  static_cast<uint64_t>(static_cast<int64_t>(i_.disp)));
      case Op::Moffs: return is(i_.imm);
      case Op::BitUnit: {
        int64_t n = extend(a, 8 * m.from), unit = 8 * m.from;
        int64_t index = n / unit - (n % unit < 0 ? 1 : 0);
        return is(static_cast<uint64_t>(index * m.from));
      }
      case Op::Linear: r.faulted = !linear(m, a, &r.value); return r;
      case Op::Load: r.faulted = !c_.load_slow(a, m.width, &r.value, &i_); return is(r.value);
      case Op::LoadForWrite:
        r.faulted = !c_.load_rmw_slow(a, m.width, &r.value, &i_);
        r.second = a;
        return is(r.value);
      case Op::Store: r.faulted = !c_.store_slow(a, m.width, b, &i_); return r;
      case Op::StoreBack: r.faulted = !c_.store_slow(done_[m.a].second, m.width, b, &i_); return r;
      case Op::Add: return add(a, b, false, bits);
      case Op::Adc: return add(a, b, (f & kCF) != 0, bits);
      case Op::Ado:
        r = add(a, b, (f & kOF) != 0, bits);
        r.flags = (r.flags & kCF) != 0 ? +kOF : 0u;
        return r;
      case Op::Sub: return subtract(a, b, false, bits);
      case Op::Sbb: return subtract(a, b, (f & kCF) != 0, bits);
      case Op::And: return logic(a & b, bits);
      case Op::Or: return logic(a | b, bits);
      case Op::Xor: return logic(a ^ b, bits);
      case Op::Shl:
      case Op::Shr:
      case Op::Sar:
      case Op::Rol:
      case Op::Ror:
      case Op::RolKeepOf:
      case Op::RorKeepOf:
      case Op::Rcl:
      case Op::Rcr: return shift(m, a, 0, b, f, bits);
      case Op::Shld:
      case Op::Shrd: return shift(m, a, b, c, f, bits);
      case Op::Mul: return multiply(false, a, b, bits);
      case Op::Imul: return multiply(true, a, b, bits);
      case Op::Andn:
      case Op::Blsi:
      case Op::Blsmsk:
      case Op::Blsr:
      case Op::Bzhi:
      case Op::Bextr: return bmi(m, a, b, bits);
      case Op::Pdep:
      case Op::Pext: return is(moved_bits(m.op == Op::Pdep, a, b));
      case Op::Crc32: return is(crc(a, b, m.from));
      case Op::TrailingZeros:
      case Op::TopBit:
        if (a == 0) return {0, 0, kZF | kPF};
        is(m.op == Op::TopBit ? 63u - static_cast<unsigned>(std::countl_zero(a))
                              : static_cast<unsigned>(std::countr_zero(a)));
        r.flags = szp(r.value, bits) & kPF;
        return r;
      case Op::CountOnes:
      case Op::CountBelow:
      case Op::CountAbove: return count(m.op, a, bits);
      case Op::Div:
      case Op::Idiv:
        r = divide(m.op == Op::Idiv, a, b, m.b != jit::kNoRef, c, bits);
        if (r.faulted) c_.raise(kDE);
        return r;
      case Op::Second: return is(done_[m.a].second);
      case Op::Join: return is(a | b << bits / 2);
      case Op::Not: return is(~a);
      case Op::ByteSwap:
        // Of 16 bits: zero, as silicon.
        for (unsigned k = 0; bits != 16 && k < bits / 8; ++k) r.value = r.value << 8 | (a >> (8 * k) & 0xFF);
        return r;
      case Op::Zext: return is(a);
      case Op::Sext: return is(static_cast<uint64_t>(extend(a, 8 * m.from)));
      case Op::SignFill: return is(bit(a, bits - 1) ? ~0ull : 0);
      case Op::BitSet: return is(a | 1ull << b % bits);
      case Op::BitReset: return is(a & ~(1ull << b % bits));
      case Op::BitComplement: return is(a ^ 1ull << b % bits);
      case Op::Select: return is(a != 0 ? b : c);
      case Op::IsZero: return is(a == 0);
      case Op::LogicNot: return is(a == 0);
      case Op::LogicAnd: return is(a != 0 && b != 0);
      case Op::BitOf: return is(bit(a, static_cast<unsigned>(b % (8 * bytes(list_[m.a].width)))));
      case Op::ReadCf: return is((f & kCF) != 0);
      case Op::Condition: return is(condition(static_cast<unsigned>(m.imm), f));
      case Op::FlagsByte: return is((f & kSZAPC) | 2);
      case Op::SetFlagsByte: set_flags(static_cast<uint32_t>(a), m.flags_written); return r;
      case Op::SetFlags: set_flags(done_[m.a].flags, m.flags_written); return r;
      case Op::SetFlagsIfCount:
        if (!done_[m.a].keeps_flags) set_flags(done_[m.a].flags, m.flags_written);
        return r;
      case Op::SetCf: set_flags(a != 0 ? +kCF : 0u, kCF); return r;
      case Op::CheckTarget:
        if (bits == 64) {
          r.faulted = static_cast<uint64_t>(extend(a, 48)) != a;
        } else {
          r.faulted = (c_.mode() & (kModeFlatCode | kModeCode64)) == 0 && a > c_.seg[kCs].limit;
        }
        if (r.faulted) c_.raise(kGP, 0);
        return r;
      case Op::CheckBranch:
        r.faulted =
            a != 0 && (c_.mode() & (kModeFlatCode | kModeCode64)) == 0 && relative() > c_.seg[kCs].limit;
        if (r.faulted) c_.raise(kGP, 0);
        return r;
      case Op::Branch: target_ = relative(); return r;
      case Op::BranchIf: target_ = a != 0 ? relative() : next_ip(); return r;
      case Op::Jump: target_ = a; return r;
    }
    return r;
  }

  const MicroOps& list_;
  Cpu& c_;
  const Insn& i_;
  std::vector<Computed> done_;
  std::optional<uint64_t> target_;
};

}  // namespace

Result evaluate(const MicroOps& list, Cpu& c, const Insn& insn) { return Evaluator(list, c, insn).run(); }

}  // namespace ilse::test
