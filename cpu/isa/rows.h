// How a line of an opcode table becomes a Row: row<Template, letters...>(opcode, name) instantiates the
// template for every operand size and form; helper<function, letters...> names a tier-B function.
// Only the table files include this.
#pragma once

#include <array>

#include "cpu/isa/operands.h"
#include "cpu/isa/row.h"
#include "cpu/sem/exec_model.h"
#include "cpu/sem/flow.h"
#include "cpu/sem/lift_model.h"

namespace ilse::cpu {

template <class I, class... Bound>
[[gnu::noinline, gnu::cold]] const Insn* exec_slow(Cpu& c, const Insn* i) {
  ExecModel<Path::Slow> m(c, i);
  I::run(m, Bound{}...);
  return m.template finish<I::kFlow>(nullptr);
}

// Sanitizer builds leave the inlining to the compiler: they look for faults, and are built often.
#if defined(__SANITIZE_ADDRESS__) || defined(ILSE_FUZZ)
#define ILSE_FLATTEN
#else
#define ILSE_FLATTEN [[gnu::flatten]]
#endif

template <class I, class... Bound>
ILSE_FLATTEN const Insn* exec(Cpu& c, const Insn* i) {
  ExecModel<Path::Fast> m(c, i);
  I::run(m, Bound{}...);
  return m.template finish<I::kFlow>(&exec_slow<I, Bound...>);
}

template <class I, class... Bound>
void lift(LiftModel& m) {
  I::run(m, Bound{}...);
}
template <class I, class... Bound>
consteval Lift lift_of() {
  if constexpr (I::kLifted && (kLiftable<Bound> && ...)) {
    return &lift<I, Bound...>;
  } else {
    return nullptr;
  }
}

template <void (*F)(Cpu&, const Insn&)>
const Insn* exec_helper(Cpu& c, const Insn* i) {
  return c.run_helper(F, i, i->row->has(kEndsBlock));
}

namespace detail {

template <class Op>
inline constexpr MemoryShape kShape{};
template <class V>
inline constexpr MemoryShape kShape<VecMemAligned<V>>{sizeof(V), true};
template <class V>
inline constexpr MemoryShape kShape<VecMem<V>>{sizeof(V), false};
template <class T>
inline constexpr MemoryShape kShape<XmmLowMem<T>>{sizeof(T), false};
template <class T>
inline constexpr MemoryShape kShape<XmmLowMemUnchecked<T>>{sizeof(T), false};
template <class T>
inline constexpr MemoryShape kShape<MemOp<T>>{sizeof(T), false};

template <class... L>
consteval Row describe(uint8_t opcode, const char* name) {
  Row r;
  r.opcode = opcode;
  r.name = name;
  size_t n = 0;
  bool modrm = false;
  [[maybe_unused]] auto one = [&](Operand o, File f) {
    if (o == Operand::Rm || o == Operand::OpReg) r.rm_file = f;
    if (o == Operand::Reg) r.reg_file = f;
    if (o == Operand::Vvvv) r.v_file = f;
    if (o == Operand::Rm || o == Operand::Mem || o == Operand::Reg || o == Operand::Vsib) modrm = true;
    if (o == Operand::Mem || o == Operand::Vsib) r.attrs |= kMemOnly;
    r.operands[n++] = o;
  };
  (one(L::kOperand, L::kFile), ...);
  if (!modrm) r.attrs |= kNoModRm;
  return r;
}

template <class L>
consteval bool by_length() {
  if constexpr (requires { L::kByLength; }) {
    return L::kByLength;
  } else {
    return false;
  }
}

}  // namespace detail

template <class I, class... L>
consteval Row row(uint8_t opcode, const char* name) {
  Row r = detail::describe<L...>(opcode, name);
  constexpr bool kSized = (false || ... || L::kSized);
  constexpr bool kRm = (false || ... || (L::kOperand == Operand::Rm));
  constexpr bool kMemory = (false || ... || (L::kOperand == Operand::Mem));
  auto fill = [&]<class V>(size_t s, V) {
    if constexpr (!kMemory) {
      r.exec[s][0] = &exec<I, typename L::template Bind<V, false>...>;
      r.lift[s][0] = lift_of<I, typename L::template Bind<V, false>...>();
    }
    if constexpr (kRm || kMemory) {
      r.exec[s][1] = &exec<I, typename L::template Bind<V, true>...>;
      r.lift[s][1] = lift_of<I, typename L::template Bind<V, true>...>();
      auto shape = [&](MemoryShape m) {
        if (m.bytes != 0) r.memory[s] = m;
      };
      (shape(detail::kShape<typename L::template Bind<V, true>>), ...);
    }
  };
  if constexpr ((false || ... || detail::by_length<L>())) {
    r.l = VexL::By;
    fill(0, Xmm{});
    fill(1, Ymm{});
  } else if constexpr (kSized) {
    fill(0, uint16_t{});
    fill(1, uint32_t{});
    fill(2, uint64_t{});
  } else {
    for (size_t s = 0; s < 3; ++s) fill(s, uint32_t{});
  }
  if (I::kFlow != Flow::Next) r.attrs |= kEndsBlock | kStops;
  return r;
}

template <void (*F)(Cpu&, const Insn&), class... L>
consteval Row helper(uint8_t opcode, const char* name, uint32_t attrs = 0) {
  Row r = detail::describe<L...>(opcode, name);
  r.attrs |= attrs | kHelper;
  for (auto& size : r.exec) size[0] = size[1] = &exec_helper<F>;
  return r;
}

template <size_t... N>
consteval auto concat(const std::array<Row, N>&... parts) {
  std::array<Row, (0 + ... + N)> all{};
  size_t n = 0;
  auto put = [&](const auto& part) {
    for (const Row& r : part) all[n++] = r;
  };
  (put(parts), ...);
  return all;
}

}  // namespace ilse::cpu
