// The model whose values are integers: an instruction template instantiated with it is the interpreter's
// handler (DESIGN.md §1).
//
// Each template is instantiated twice. The fast path knows TLB hits and plain segments only: whatever else
// comes up is noted in fault_, suppresses every later write, and makes finish() start the instruction over on
// the slow path. Loads and checks come before the first write, so that starting over is invisible; and with
// no call in it the fast path keeps all in registers.
#pragma once

#include <cstring>
#include <type_traits>

#include "cpu/cpu.h"
#include "cpu/isa/operands.h"
#include "cpu/sem/exec_integer.h"
#include "cpu/sem/exec_vector.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu {

enum class Path : uint8_t { Fast, Slow };

template <Path kPath>
class ExecModel : public VectorOperands<ExecModel<kPath>>, public IntegerValues<ExecModel<kPath>> {
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
  void set_flags_low(uint8_t v) { this->set_flag_bits(v, kSF | kZF | kAF | kPF | kCF); }
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
      // Of 48 bits: always good.
      if (static_cast<uint64_t>(static_cast<int64_t>(target << 16) >> 16) != target) {
        slowly([&] {
          if (sem::canonical(c_, target)) return true;
          c_.raise(kGP, 0);
          return false;
        });
      }
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
  friend class IntegerValues<ExecModel<kPath>>;
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
