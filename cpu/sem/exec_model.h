// The model whose values are integers: an instruction template instantiated with it is the interpreter's
// handler (DESIGN.md §1).
//
// Each template is instantiated twice. The fast path knows TLB hits and plain segments only: whatever else
// comes up is noted in fault_, suppresses every later write, and makes finish() start the instruction over on
// the slow path. Loads and checks come before the first write, so that starting over is invisible; and with
// no call in it the fast path keeps all in registers.
#pragma once

#include <bit>
#include <cstring>
#include <type_traits>

#include "cpu/cpu.h"
#include "cpu/isa/operands.h"
#include "cpu/sem/crc32.h"
#include "cpu/sem/exec_vector.h"
#include "cpu/sem/integer.h"

namespace ilse::cpu {

// A result with what the flags are made of: the value that ZF, SF and PF look at, and the carries.
template <class T>
struct Flagged {
  T value;
  T carries;
};

enum class Path : uint8_t { Fast, Slow };

template <Path kPath>
class ExecModel : public VectorOperands<ExecModel<kPath>> {
 public:
  ExecModel(Cpu& c, const Insn* i) : c_(c), i_(i) {}
  using VectorOperands<ExecModel<kPath>>::read;
  using VectorOperands<ExecModel<kPath>>::write;

  // --- operands ---------------------------------------------------------------------------------------
  template <class T>
  T read(RmReg<T>) {
    return c_.reg_at<T>(i_->rm);
  }
  template <class T>
  T read(RegReg<T>) {
    return c_.reg_at<T>(i_->reg);
  }
  template <class T>
  T read(VvvvReg<T>) {
    return c_.reg_at<T>(i_->vvvv);
  }
  template <class T>
  T read(ImmOp<T>) {
    return static_cast<T>(i_->imm);
  }
  template <class T, int N>
  T read(FixedReg<T, N>) {
    return static_cast<T>(c_.gpr[N]);
  }
  template <class T, uint64_t V>
  T read(ConstOp<T, V>) {
    return V;
  }
  template <class T>
  T read(MemOp<T>) {
    return load<T>(address<T, Access::Read>());
  }

  template <class T>
  T read(MoffsOp<T>) {
    return load<T>(moffs<T, Access::Read>());
  }

  template <class Op>
  auto read_for_write(Op op) {
    return read(op);
  }
  template <class T>
  T read_for_write(MemOp<T>) {
    return rmw<T>(address<T, Access::Write>());
  }
  template <class T>
  T rmw(uint64_t lin) {
    lin_ = lin;
    TlbEntry& e = c_.tlb->at(lin_);
    T v{};
    if (hit<T>(lin_, e.write_tag) && !fault_) [[likely]] {
      host_ = reinterpret_cast<uint8_t*>(lin_ + e.addend);
      std::memcpy(&v, host_, sizeof(T));
      return v;
    }
    uint64_t wide = 0;
    slowly([&] { return c_.load_rmw_slow(lin_, sizeof(T), &wide, i_); });
    host_ = nullptr;
    return static_cast<T>(wide);
  }

  template <class T>
  void write(RmReg<T>, T v) {
    write_slot(i_->rm, v);
  }
  template <class T>
  void write(RegReg<T>, T v) {
    write_slot(i_->reg, v);
  }
  template <class T>
  void write(VvvvReg<T>, T v) {
    write_slot(i_->vvvv, v);
  }
  template <class T, int N>
  void write(FixedReg<T, N>, T v) {
    write_slot(N * 8, v);
  }
  template <class T>
  void write(MemOp<T>, T v) {
    store<T>(address<T, Access::Write>(), v);
  }
  template <class T>
  void write(MoffsOp<T>, T v) {
    store<T>(moffs<T, Access::Write>(), v);
  }
  // The second half of read_for_write.
  template <class Op, class T>
  void write_back(Op op, T v) {
    write(op, v);
  }
  template <class T>
  void write_back(MemOp<T>, T v) {
    if (host_ != nullptr) [[likely]] {
      std::memcpy(host_, &v, sizeof(T));
    } else if (!fault_) {
      slow_store<T>(lin_, v);
    }
  }

  // A numbered general register.
  template <class T>
  T reg(unsigned n) {
    return static_cast<T>(c_.gpr[n]);
  }
  template <class T>
  void set_reg(unsigned n, T v) {
    write_slot(static_cast<uint8_t>(n * 8), v);
  }
  uint64_t effective_address() { return ea(); }

  // --- memory -----------------------------------------------------------------------------------------
  template <class T>
  T load(uint64_t lin) {
    const TlbEntry& e = c_.tlb->at(lin);
    T v{};
    if (hit<T>(lin, e.read_tag)) [[likely]] {
      std::memcpy(&v, reinterpret_cast<const uint8_t*>(lin + e.addend), sizeof(T));
      return v;
    }
    uint64_t wide = 0;
    slowly([&] { return c_.load_slow(lin, sizeof(T), &wide, i_); });
    return static_cast<T>(wide);
  }
  template <class T>
  void store(uint64_t lin, T v) {
    TlbEntry& e = c_.tlb->at(lin);
    if (hit<T>(lin, e.write_tag) && !fault_) [[likely]] {
      std::memcpy(reinterpret_cast<uint8_t*>(lin + e.addend), &v, sizeof(T));
      return;
    }
    if (!fault_) slow_store<T>(lin, v);
  }

  // The stack: `depth` is in bytes from the present stack pointer.
  template <class T>
  T pop_value(uint64_t depth = 0) {
    return load<T>(stack<T>(c_.gpr[kRsp] + depth, Access::Read));
  }
  template <class T>
  void push_value(T v) {
    store_push(v);
    commit_push<T>();
  }
  // The halves of a push: the store, and the stack pointer.
  template <class T>
  void store_push(T v) {
    store<T>(stack<T>((c_.gpr[kRsp] - sizeof(T)) & c_.stack_mask(), Access::Write), v);
  }
  template <class T>
  void commit_push() {
    uint64_t mask = c_.stack_mask();
    if (!fault_) c_.gpr[kRsp] = merge_sp((c_.gpr[kRsp] - sizeof(T)) & mask, mask);
  }
  void add_sp(uint64_t n) {
    uint64_t mask = c_.stack_mask();
    if (!fault_) c_.gpr[kRsp] = merge_sp((c_.gpr[kRsp] + n) & mask, mask);
  }

  // --- arithmetic: value and carries --------------------------------------------------------------------
  template <class T>
  Flagged<T> add(T a, T b) {
    T r = static_cast<T>(a + b);
    return {r, static_cast<T>((a & b) | ((a | b) & ~r))};
  }
  template <class T>
  Flagged<T> adc(T a, T b) {
    T r = static_cast<T>(a + b + (c_.lazy.cf() ? 1 : 0));
    return {r, static_cast<T>((a & b) | ((a | b) & ~r))};
  }
  // ADOX: OF as the carry.
  template <class T>
  Flagged<T> ado(T a, T b) {
    T r = static_cast<T>(a + b + (c_.lazy.of() ? 1 : 0));
    return {r, static_cast<T>((a & b) | ((a | b) & ~r))};
  }
  template <class T>
  Flagged<T> sub(T a, T b) {
    T r = static_cast<T>(a - b);
    return {r, static_cast<T>((~a & b) | ((~a | b) & r))};
  }
  template <class T>
  Flagged<T> sbb(T a, T b) {
    T r = static_cast<T>(a - b - (c_.lazy.cf() ? 1 : 0));
    return {r, static_cast<T>((~a & b) | ((~a | b) & r))};
  }
  template <class T>
  Flagged<T> and_(T a, T b) {
    return {static_cast<T>(a & b), 0};
  }
  template <class T>
  Flagged<T> or_(T a, T b) {
    return {static_cast<T>(a | b), 0};
  }
  template <class T>
  Flagged<T> xor_(T a, T b) {
    return {static_cast<T>(a ^ b), 0};
  }
  template <class T>
  T not_(T a) {
    return static_cast<T>(~a);
  }
  template <class T>
  T select(bool cond, T a, T b) {
    return cond ? a : b;
  }
  template <class To, class From>
  To sign_extend_to(From v) {
    return static_cast<To>(static_cast<std::make_signed_t<To>>(static_cast<std::make_signed_t<From>>(v)));
  }
  template <class To, class From>
  To zero_extend_to(From v) {
    return static_cast<To>(v);
  }
  template <class T>
  T byte_swap(T v) {
    if constexpr (sizeof(T) == 8) {
      return __builtin_bswap64(v);
    } else if constexpr (sizeof(T) == 4) {
      return __builtin_bswap32(v);
    } else {
      return 0;  // as silicon: BSWAP of 16 bits gives zero
    }
  }

  // MOVBE.
  template <class T>
  T reverse_bytes(T v) {
    if constexpr (sizeof(T) == 2) {
      return __builtin_bswap16(v);
    } else {
      return byte_swap(v);
    }
  }

  // Shifts and rotates: the count is masked as the manual says; the flags stay for a count of 0. OF for
  // counts above 1 follows tests/oracle/UNDEFINED.md.
  template <class T>
  static bool top(T a) {
    return (a >> (8 * sizeof(T) - 1) & 1) != 0;
  }
  template <class T>
  static bool top2(T a) {
    return ((a ^ static_cast<T>(a << 1)) >> (8 * sizeof(T) - 1) & 1) != 0;
  }
  template <class T>
  struct Shifted {
    T value;
    bool cf, of, any;
  };
  template <class T>
  static unsigned shift_count(uint8_t n) {
    return n & (sizeof(T) == 8 ? 63 : 31);
  }
  template <class T>
  Shifted<T> shl(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r = n < w ? static_cast<T>(a << n) : T{0};
    bool c = n <= w && (a >> (w - n) & 1) != 0;
    return {r, c, top2(a), true};
  }
  template <class T>
  Shifted<T> shr(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r = n < w ? static_cast<T>(a >> n) : T{0};
    bool c = n <= w && (a >> (n - 1) & 1) != 0;
    return {r, c, a >> (w - 1) != 0, true};
  }
  template <class T>
  Shifted<T> sar(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    auto s = static_cast<std::make_signed_t<T>>(a);
    T r = static_cast<T>(s >> (n < w ? n : w - 1));
    bool c = (s >> (n - 1 < w ? n - 1 : w - 1) & 1) != 0;
    return {r, c, false, true};
  }
  template <class T>
  Shifted<T> rol(T a, uint8_t count, bool keeps_of = false) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r = std::rotl(a, static_cast<int>(n % w));
    bool of = keeps_of && n > 1 ? c_.lazy.of() : top2(a);
    return {r, (r & 1) != 0, of, true};
  }
  template <class T>
  Shifted<T> ror(T a, uint8_t count, bool keeps_of = false) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r = std::rotr(a, static_cast<int>(n % w));
    bool of = keeps_of && n > 1 ? c_.lazy.of() : ((a >> (w - 1) ^ a) & 1) != 0;
    return {r, r >> (w - 1) != 0, of, true};
  }
  template <class T>
  Shifted<T> rcl(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count) % (w + 1);
    bool c = c_.lazy.cf();
    if (n == 0) return {a, false, false, false};
    T r =
        static_cast<T>((n < w ? a << n : 0) | static_cast<T>(c) << (n - 1) | (n > 1 ? a >> (w + 1 - n) : 0));
    c = (a >> (w - n) & 1) != 0;
    return {r, c, top2(a), true};
  }
  template <class T>
  Shifted<T> rcr(T a, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count) % (w + 1);
    bool c = c_.lazy.cf();
    if (n == 0) return {a, false, false, false};
    bool of = (a >> (w - 1) != 0) != c;
    T r =
        static_cast<T>((n < w ? a >> n : 0) | static_cast<T>(c) << (w - n) | (n > 1 ? a << (w + 1 - n) : 0));
    c = (a >> (n - 1) & 1) != 0;
    return {r, c, of, true};
  }
  // SHLD and SHRD; counts beyond 16 of a 16-bit operand go on with the bits as silicon does.
  template <class T>
  Shifted<T> shld(T a, T b, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r;
    bool c;
    if constexpr (w == 16) {
      uint64_t wide = static_cast<uint64_t>(a) << 32 | static_cast<uint64_t>(b) << 16 | a;
      r = static_cast<T>(wide << n >> 32);
      c = (wide >> (48 - n) & 1) != 0;
    } else {
      r = static_cast<T>(a << n | b >> (w - n));
      c = (a >> (w - n) & 1) != 0;
    }
    return {r, c, top2(a), true};
  }
  template <class T>
  Shifted<T> shrd(T a, T b, uint8_t count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = shift_count<T>(count);
    if (n == 0) return {a, false, false, false};
    T r;
    bool c;
    if constexpr (w == 16) {
      uint64_t wide = static_cast<uint64_t>(a) << 32 | static_cast<uint64_t>(b) << 16 | a;
      r = static_cast<T>(wide >> n);
      c = (wide >> (n - 1) & 1) != 0;
    } else {
      r = static_cast<T>(a >> n | b << (w - n));
      c = (a >> (n - 1) & 1) != 0;
    }
    return {r, c, ((a >> (w - 1) ^ b) & 1) != 0, true};
  }
  // Shifts set SF, ZF, PF from the result, AF = 0; rotates leave them.
  template <class T>
  void set_shift_flags(Shifted<T> r) {
    if (fault_ || !r.any) return;
    c_.lazy.result = sign_extend(r.value);
    c_.lazy.aux = (r.cf ? 1u << 31 : 0u) | (r.cf != r.of ? 1u << 30 : 0u);
  }
  template <class T>
  void set_rotate_flags(Shifted<T> r) {
    if (!fault_ && r.any) c_.lazy.set_of_cf(r.of, r.cf);
  }

  // --- flags --------------------------------------------------------------------------------------------
  template <class T>
  void set_flags(Flagged<T> r) {
    if (fault_) return;
    c_.lazy.result = sign_extend(r.value);
    c_.lazy.aux = pack_carries(r.carries);
  }
  // INC and DEC.
  template <class T>
  void set_flags_but_cf(Flagged<T> r) {
    if (fault_) return;
    bool cf = c_.lazy.cf();
    c_.lazy.result = sign_extend(r.value);
    c_.lazy.aux = pack_carries(r.carries);
    c_.lazy.set_cf(cf);
  }
  // ADCX, ADOX.
  template <class T>
  void set_carry_in_cf(Flagged<T> r) {
    if (!fault_) c_.lazy.set_cf(top(r.carries));
  }
  template <class T>
  void set_carry_in_of(Flagged<T> r) {
    if (!fault_) c_.lazy.set_of_cf(top(r.carries), c_.lazy.cf());
  }
  void set_flag_bits(uint32_t value, uint32_t mask) {
    if (!fault_) c_.lazy.merge(value, mask);
  }
  void set_cf(bool v) {
    if (!fault_) c_.lazy.set_cf(v);
  }
  void set_of_cf(bool o, bool c) {
    if (!fault_) c_.lazy.set_of_cf(o, c);
  }
  bool cf() { return c_.lazy.cf(); }
  uint32_t flags() { return c_.lazy.get(); }
  // Condition codes of Jcc, SETcc, CMOVcc.
  template <unsigned kCode>
  bool condition() {
    const LazyFlags& f = c_.lazy;
    bool v;
    if constexpr (kCode / 2 == 0) v = f.of();
    if constexpr (kCode / 2 == 1) v = f.cf();
    if constexpr (kCode / 2 == 2) v = f.zf();
    if constexpr (kCode / 2 == 3) v = f.cf() || f.zf();
    if constexpr (kCode / 2 == 4) v = f.sf();
    if constexpr (kCode / 2 == 5) v = f.pf();
    if constexpr (kCode / 2 == 6) v = f.sf() != f.of();
    if constexpr (kCode / 2 == 7) v = f.zf() || f.sf() != f.of();
    return v != (kCode % 2 != 0);
  }

  // --- small things that templates need by name, so that every model has them ----------------------------
  template <class T>
  T constant(uint64_t v) {
    return static_cast<T>(v);
  }
  bool true_() { return true; }
  bool false_() { return false; }
  bool negate(bool v) { return !v; }
  template <class T>
  bool is_zero(T v) {
    return v == 0;
  }
  uint8_t from_condition(bool v) { return v ? 1 : 0; }
  template <class Op, class T>
  void write_unless(bool cond, Op op, T v) {
    if (!cond) write(op, v);
  }
  // CMPXCHG: memory is always written, a register keeps even its upper half when the comparison fails.
  template <class D, class T>
  void exchange_if(bool equal, D d, T v, T old) {
    if constexpr (std::is_same_v<D, MemOp<T>>) {
      write_back(d, equal ? v : old);
    } else {
      write_unless(!equal, d, v);
    }
  }
  // XADD: the memory form stores first, the register form writes the sum last (it wins when both are one).
  template <class D, class S, class T>
  void write_back_first(D d, S s, T sum, T old) {
    if constexpr (std::is_same_v<D, MemOp<T>>) {
      write_back(d, sum);
      write(s, old);
    } else {
      write(s, old);
      write_back(d, sum);
    }
  }
  template <class T>
  T sign_extend_low_half(T v) {
    constexpr unsigned half = 4 * sizeof(T);
    return static_cast<T>(static_cast<std::make_signed_t<T>>(static_cast<T>(v << half)) >> half);
  }
  template <class T>
  T sign_fill(T v) {
    return static_cast<T>(static_cast<std::make_signed_t<T>>(v) >> (8 * sizeof(T) - 1));
  }
  uint8_t flags_low() { return static_cast<uint8_t>((c_.lazy.get() & 0xFF) | 2); }
  void set_flags_low(uint8_t v) { set_flag_bits(v, kSF | kZF | kAF | kPF | kCF); }
  uint8_t read_ah() { return static_cast<uint8_t>(c_.gpr[kRax] >> 8); }
  void write_ah(uint8_t v) { c_.reg_at<uint8_t>(1) = v; }

  // LEAVE: the frame pointer is as wide as the stack pointer.
  template <class T>
  T load_frame() {
    return load<T>(stack<T>(c_.gpr[kRbp], Access::Read));
  }
  void sp_from_frame(uint64_t n) {
    uint64_t mask = c_.stack_mask();
    if (!fault_) c_.gpr[kRsp] = merge_sp((c_.gpr[kRbp] + n) & mask, mask);
  }
  void add_sp_value(uint16_t n) { add_sp(n); }
  // A near transfer to an address outside the code segment or not canonical faults before it happens.
  template <class T>
  void check_target(T target) {
    if constexpr (sizeof(T) == 8) {
      if (static_cast<uint64_t>(static_cast<int64_t>(target << 16) >> 16) != target) raise_gp();
    } else if ((c_.mode() & (kModeFlatCode | kModeCode64)) == 0 && target > c_.seg[kCs].limit) {
      raise_gp();
    }
  }
  void raise_gp() {
    if (fault_) return;
    slowly([&] {
      c_.raise(kGP, 0);
      return false;
    });
  }
  template <sem::LoopKind kKind>
  bool loop() {
    uint64_t mask = i_->addr_size == 8 ? ~0ull : i_->addr_size == 4 ? 0xFFFFFFFFull : 0xFFFFull;
    if constexpr (kKind == sem::LoopKind::Jcxz) return (c_.gpr[kRcx] & mask) == 0;
    uint64_t n = (c_.gpr[kRcx] - 1) & mask;
    bool taken = n != 0;
    if constexpr (kKind == sem::LoopKind::Loope) taken = taken && c_.lazy.zf();
    if constexpr (kKind == sem::LoopKind::Loopne) taken = taken && !c_.lazy.zf();
    if (taken) check_branch();
    if (!fault_) c_.gpr[kRcx] = i_->addr_size == 2 ? (c_.gpr[kRcx] & ~mask) | n : n;
    return taken;
  }

  // --- multiplication and division -------------------------------------------------------------------------
  template <class T>
  struct Wide {
    T low, high;
    bool overflow;
  };
  template <class T>
  Wide<T> mul(T a, T b) {
    if constexpr (sizeof(T) == 8) {
      __extension__ typedef unsigned __int128 U;
      U r = static_cast<U>(a) * b;
      return {static_cast<T>(r), static_cast<T>(r >> 64), r >> 64 != 0};
    } else {
      uint64_t r = static_cast<uint64_t>(a) * b;
      return {static_cast<T>(r), static_cast<T>(r >> (8 * sizeof(T))), r >> (8 * sizeof(T)) != 0};
    }
  }
  template <class T>
  Wide<T> imul(T a, T b) {
    if constexpr (sizeof(T) == 8) {
      __extension__ typedef __int128 S;
      S r = static_cast<S>(static_cast<int64_t>(a)) * static_cast<int64_t>(b);
      return {static_cast<T>(r), static_cast<T>(r >> 64), r != static_cast<int64_t>(r)};
    } else {
      using S = std::make_signed_t<T>;
      int64_t r = static_cast<int64_t>(static_cast<S>(a)) * static_cast<S>(b);
      return {static_cast<T>(r), static_cast<T>(r >> (8 * sizeof(T))), r != static_cast<S>(r)};
    }
  }
  template <class T>
  void set_mul_flags(Wide<T> r) {
    if (fault_) return;
    // ZF = 0 whatever the product; SF and PF by its low half.
    uint64_t low = sign_extend(r.low);
    bool zero = low == 0;
    c_.lazy.result = zero ? 1 : low;
    c_.lazy.aux = (r.overflow ? 1u << 31 : 0u) | (zero ? 1u << 8 : 0u);
  }
  // Into AX, or rDX:rAX.
  template <class T>
  void write_wide(T low, T high) {
    if constexpr (sizeof(T) == 1) {
      write_slot(0, static_cast<uint16_t>(low | high << 8));
    } else {
      write_slot(0, low);
      write_slot(kRdx * 8, high);
    }
  }
  template <class T>
  struct Division {
    T quotient, remainder;
  };
  template <class T>
  Division<T> div(T d) {
    __extension__ typedef unsigned __int128 U;
    constexpr unsigned w = 8 * sizeof(T);
    using Double = std::conditional_t<sizeof(T) == 8, U, uint64_t>;
    Double n;
    if constexpr (sizeof(T) == 1) {
      n = static_cast<uint16_t>(c_.gpr[kRax]);
    } else {
      n = static_cast<Double>(static_cast<T>(c_.gpr[kRdx])) << w | static_cast<T>(c_.gpr[kRax]);
    }
    if (fault_) return {};
    if (d == 0 || n >> w >= d) {
      raise(kDE);
      return {};
    }
    if constexpr (sizeof(T) == 8) {
      if (n >> 64 == 0) return {static_cast<T>(n) / d, static_cast<T>(n) % d};
    }
    return {static_cast<T>(n / d), static_cast<T>(n % d)};
  }
  template <class T>
  Division<T> idiv(T d) {
    __extension__ typedef unsigned __int128 U;
    __extension__ typedef __int128 S;
    constexpr unsigned w = 8 * sizeof(T);
    using Double = std::conditional_t<sizeof(T) == 8, S, int64_t>;
    using Unsigned = std::conditional_t<sizeof(T) == 8, U, uint64_t>;
    Double n;
    if constexpr (sizeof(T) == 1) {
      n = static_cast<int16_t>(c_.gpr[kRax]);
    } else {
      n = static_cast<Double>(static_cast<Unsigned>(static_cast<std::make_signed_t<T>>(c_.gpr[kRdx])) << w |
                              static_cast<T>(c_.gpr[kRax]));
    }
    if (fault_) return {};
    auto s = static_cast<std::make_signed_t<T>>(d);
    // The most negative dividend by -1 overflows on the host as well.
    if (s == 0 || (s == -1 && n == static_cast<Double>(Unsigned{1} << (8 * sizeof(Double) - 1)))) {
      raise(kDE);
      return {};
    }
    Double q = n / s;
    if (q != static_cast<std::make_signed_t<T>>(q)) {
      raise(kDE);
      return {};
    }
    return {static_cast<T>(q), static_cast<T>(n % s)};
  }

  // --- bits ------------------------------------------------------------------------------------------------
  // BT and its kin: a bit number in a register reaches beyond a memory operand (SDM, BT).
  template <class D, class S, class T>
  T read_bits(D d, S, T) {
    return read(d);
  }
  template <class D, class S, class T>
  T read_bits_for_write(D d, S, T) {
    return read_for_write(d);
  }
  template <class T>
  T read_bits(MemOp<T>, RegReg<T>, T n) {
    return load<T>(bit_address<T, Access::Read>(n));
  }
  template <class T>
  T read_bits_for_write(MemOp<T>, RegReg<T>, T n) {
    return rmw<T>(bit_address<T, Access::Write>(n));
  }
  template <class T>
  bool bit_of(T a, T n) {
    return (a >> (n & (8 * sizeof(T) - 1)) & 1) != 0;
  }
  template <sem::BitKind kKind, class T>
  T with_bit(T a, T n) {
    T b = static_cast<T>(T{1} << (n & (8 * sizeof(T) - 1)));
    if constexpr (kKind == sem::BitKind::Set) return a | b;
    if constexpr (kKind == sem::BitKind::Reset) return a & static_cast<T>(~b);
    return a ^ b;
  }
  // BMI1 and BMI2: OF, AF and PF are 0 (tests/oracle/UNDEFINED.md).
  template <class T>
  struct BitField {
    T value;
    bool cf, sf;
  };
  template <class T>
  BitField<T> with_sign(T v, bool cf) {
    return {v, cf, v >> (8 * sizeof(T) - 1) != 0};
  }
  template <class T>
  BitField<T> andn(T a, T b) {
    return with_sign(static_cast<T>(~a & b), false);
  }
  template <sem::LowestBit kKind, class T>
  BitField<T> lowest_bit(T a) {
    T below = static_cast<T>(a - 1);
    if constexpr (kKind == sem::LowestBit::Isolate) return with_sign(static_cast<T>(a & ~below), a != 0);
    if constexpr (kKind == sem::LowestBit::Reset) return with_sign(static_cast<T>(a & below), a == 0);
    return with_sign(static_cast<T>(a ^ below), a == 0);
  }
  template <class T>
  BitField<T> bzhi(T a, T count) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned n = count & 0xFF;
    return with_sign(n < w ? static_cast<T>(a & ((T{1} << n) - 1)) : a, n >= w);
  }
  template <class T>
  BitField<T> bextr(T a, T field) {
    constexpr unsigned w = 8 * sizeof(T);
    unsigned start = field & 0xFF, length = field >> 8 & 0xFF;
    T v = start < w ? static_cast<T>(a >> start) : T{0};
    return {length < w ? static_cast<T>(v & ((T{1} << length) - 1)) : v, false, false};
  }
  template <class T>
  void set_flags(BitField<T> r) {
    if (fault_) return;
    bool top = r.value >> (8 * sizeof(T) - 1) != 0,
         even = (std::popcount(static_cast<uint8_t>(r.value)) & 1) == 0;
    c_.lazy.result = sign_extend(r.value);
    c_.lazy.aux = (r.cf ? 3u << 30 : 0u) | (even ? 1u << 8 : 0u) | (top != r.sf ? 1u : 0u);
  }
  template <class T>
  T pdep(T a, T mask) {
    T r = 0;
    for (; mask != 0; mask = static_cast<T>(mask & (mask - 1)), a >>= 1) {
      if ((a & 1) != 0) r |= static_cast<T>(mask & (~mask + 1));
    }
    return r;
  }
  template <class T>
  T pext(T a, T mask) {
    T r = 0;
    for (unsigned n = 0; mask != 0; mask = static_cast<T>(mask & (mask - 1)), ++n) {
      if ((a & mask & (~mask + 1)) != 0) r |= T{1} << n;
    }
    return r;
  }
  template <class D, class S>
  D crc32(D sum, S data) {
    return sem::crc32(static_cast<uint32_t>(sum), data, sizeof(S));
  }
  template <class T>
  T trailing_zeros(T v) {
    return static_cast<T>(std::countr_zero(v));
  }
  template <class T>
  T top_bit(T v) {
    return static_cast<T>(8 * sizeof(T) - 1 - static_cast<unsigned>(std::countl_zero(v)));
  }
  // POPCNT, TZCNT, LZCNT: a source of zero gives the width.
  template <class T>
  T count_ones(T v) {
    return static_cast<T>(std::popcount(v));
  }
  template <class T>
  T count_below(T v) {
    return static_cast<T>(std::countr_zero(v));
  }
  template <class T>
  T count_above(T v) {
    return static_cast<T>(std::countl_zero(v));
  }
  template <class T>
  void set_count_flags(T r, bool carry) {
    if (fault_) return;
    c_.lazy.result = r == 0 ? 0 : 1;
    c_.lazy.aux = (carry ? 3u << 30 : 0u) | (r == 0 ? 1u << 8 : 0u);
  }
  template <class T>
  void set_scan_flags(T r, bool zero) {
    if (fault_) return;
    c_.lazy.result = zero ? 0 : 1;
    // SF = 0; PF by the result, or set for a zero source.
    bool even = zero || (std::popcount(static_cast<uint8_t>(r)) & 1) == 0;
    c_.lazy.aux = even == zero ? 0u : 1u << 8;
  }

  // --- control flow -------------------------------------------------------------------------------------
  uint64_t next_ip() { return c_.next_ip(i_); }
  // A taken branch beyond the code segment's limit faults as the branch. Cpu::branch() sees to that; this is
  // for those that have something to lose before.
  void check_branch() {
    if ((c_.mode() & (kModeFlatCode | kModeCode64)) != 0) [[likely]]
      return;
    uint64_t target =
        (c_.gpr[kSlotBlock] + i_->ip + i_->len + i_->imm) & (i_->op_size == 2 ? 0xFFFF : 0xFFFFFFFF);
    if (target > c_.seg[kCs].limit) raise_gp();
  }
  void branch_if(bool cond) { taken_ = cond; }
  template <class T>
  void jump_to(T target) {
    target_ = target;
  }

  bool failed() const { return fault_; }
  void raise(uint8_t vector) {
    if (fault_) return;
    slowly([&] {
      c_.raise(vector);
      return false;
    });
  }

  // Does what the fast path cannot; f() is false when it raised a fault.
  template <class F>
  void slowly(F f) {
    if (fault_) return;
    if constexpr (kPath == Path::Fast) {
      fault_ = true;
    } else {
      fault_ = !f();
      leave_ = c_.leave;
    }
  }

  template <Flow kFlow>
  const Insn* finish(Handler slow) {
    if (fault_) [[unlikely]] {
      if constexpr (kPath == Path::Fast) {
        return slow(c_, i_);
      } else {
        return c_.leave_fault(i_);
      }
    }
    if constexpr (kFlow == Flow::Branch) {
      return c_.branch(i_, taken_);
    } else if constexpr (kFlow == Flow::Jump) {
      return c_.jump(target_);
    } else {
      if (leave_) [[unlikely]]
        return c_.leave_after(i_);
      return go(c_, i_ + 1);
    }
  }

  Cpu& cpu() { return c_; }
  const Insn& insn() const { return *i_; }

 private:
  friend class VectorOperands<ExecModel<kPath>>;
  template <class T>
  bool hit(uint64_t lin, uint64_t tag) const {
    return (((lin + (sizeof(T) - 1)) & kPageMask) | c_.asid) == tag;
  }
  template <class T>
  void slow_store(uint64_t lin, T v) {
    slowly([&] { return c_.store_slow(lin, sizeof(T), v, i_); });
  }
  template <class T>
  void write_slot(uint8_t offset, T v) {
    if (fault_) return;
    if constexpr (sizeof(T) == 4) {
      c_.reg_at<uint64_t>(offset) = v;
    } else {
      c_.reg_at<T>(offset) = v;
    }
  }
  uint64_t ea() const {
    const Insn& i = *i_;
    return (c_.gpr[i.base] + (c_.gpr[i.index] << i.scale) +
            static_cast<uint64_t>(static_cast<int64_t>(i.disp))) &
           i.ea_mask;
  }
  template <class T, Access kAccess>
  uint64_t address() {
    uint64_t a = ea();
    return i_->flat ? a : based(i_->seg, a, sizeof(T), kAccess);
  }
  template <class T, Access kAccess>
  uint64_t bit_address(T n) {
    int64_t unit =
        static_cast<int64_t>(static_cast<std::make_signed_t<T>>(n)) >> std::countr_zero(8 * sizeof(T));
    uint64_t a = (ea() + static_cast<uint64_t>(unit * static_cast<int64_t>(sizeof(T)))) & i_->ea_mask;
    return i_->flat ? a : based(i_->seg, a, sizeof(T), kAccess);
  }
  template <class T, Access kAccess>
  uint64_t moffs() {
    uint64_t a = i_->imm;
    return i_->flat ? a : based(i_->seg, a, sizeof(T), kAccess);
  }
  template <class T>
  uint64_t stack(uint64_t sp, Access access) {
    uint64_t a = sp & c_.stack_mask();
    return (c_.mode() & kModeFlatData) != 0 ? a : based(kSs, a, sizeof(T), access);
  }
  // Through a segment with a base or a limit; the fast path takes writable data that grows upwards.
  uint64_t based(uint8_t s, uint64_t a, unsigned width, Access access) {
    const Segment& g = c_.seg[s];
    if constexpr (kPath == Path::Fast) {
      if (i_->addr_size == 8 || c_.code64()) return a + g.base;
      constexpr uint16_t kMask = kSegPresent | kSegS | kSegCode | kSegExpandDown | kSegWritable;
      constexpr uint16_t kPlain = kSegPresent | kSegS | kSegWritable;
      if ((g.attr & kMask) != kPlain || a + width - 1 > g.limit) fault_ = true;
      return (a + g.base) & 0xFFFFFFFF;
    } else {
      if (!fault_ && !c_.segment(s, a, width, access, &a)) fault_ = true;
      return a;
    }
  }
  uint64_t merge_sp(uint64_t sp, uint64_t mask) const {
    return mask == 0xFFFF ? (c_.gpr[kRsp] & ~mask) | sp : sp;
  }

  Cpu& c_;
  const Insn* i_;
  bool fault_ = false;
  bool leave_ = false;
  bool taken_ = false;
  uint64_t target_ = 0;
  uint64_t lin_ = 0;
  uint8_t* host_ = nullptr;
};

}  // namespace ilse::cpu
