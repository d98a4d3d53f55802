// Accesses of a block that lie close together, seen from the same register: they are checked together, at the
// first of them, and the others use the translation found there. What each register holds is followed as a
// symbol and an offset from it, so that pushes, pops and moving pointers are seen through.
#include <algorithm>

#include "cpu/block/block_cache.h"
#include "cpu/jit/context.h"
#include "cpu/jit/x64/translator.h"

namespace ilse::cpu::jit {

namespace {

constexpr size_t kGroupPlaces = std::tuple_size_v<decltype(Context::addend)>;

// As much as `how` has room for (Engine).
constexpr int64_t kMaxSpan = 256;

struct Symbol {
  unsigned id = 0;
  int64_t offset = 0;
};

struct Registers {
  std::array<Symbol, kSlots> now{};
  unsigned next = 0;

  Registers() {
    for (Symbol& s : now) s = {next++, 0};
  }
  void forget(unsigned slot) { now[slot] = {next++, 0}; }
  void forget_all() {
    for (unsigned slot = 0; slot < 16; ++slot) forget(slot);
  }
};

struct Key {
  unsigned base, index;
  uint8_t scale;
  bool operator==(const Key&) const = default;
};

struct Open {
  Key key;
  int64_t low, high;  // offsets
  bool write;
  std::vector<std::pair<unsigned, int64_t>> members;  // instruction, offset
};

}  // namespace

// The symbol and offset of value `r`, if it is a register plus a constant, `width` bytes wide.
std::optional<std::pair<unsigned, int64_t>> Translator::register_plus(const std::vector<MicroOp>& list, Ref r,
                                                                      unsigned width) const {
  const MicroOp& m = list[r];
  if (width_of(m.width) != width) return std::nullopt;
  auto constant = [&](Ref x) -> std::optional<int64_t> {
    if (list[x].op == Op::Const) return static_cast<int64_t>(list[x].imm);
    if (list[x].op == Op::Imm) return static_cast<int32_t>(insn_->imm);
    return std::nullopt;
  };
  switch (m.op) {
    case Op::ReadReg: {
      const unsigned slot = slot_of(m);
      if (slot % 8 != 0) return std::nullopt;
      return std::pair{slot / 8, int64_t{0}};
    }
    case Op::Add:
    case Op::Sub: {
      const auto n = constant(m.b);
      auto from = n ? register_plus(list, m.a, width) : std::nullopt;
      if (!from) return std::nullopt;
      from->second += m.op == Op::Add ? *n : -*n;
      return from;
    }
    case Op::Address:
      if (insn_->index != kSlotZero || insn_->base >= 16) return std::nullopt;
      return std::pair{unsigned{insn_->base}, static_cast<int64_t>(insn_->disp)};
    default: return std::nullopt;
  }
}

// The memory that an instruction goes to, if that is one place.
std::optional<Translator::MemoryOperand> Translator::memory_operand(const Lifted& l, const Insn& i) const {
  if (l.vector) {
    if (!i.mem) return std::nullopt;
    return MemoryOperand{.bytes = vector_shape(i).bytes, .write = stores_vector(i)};
  }
  if (l.x87.kind != X87Form::Kind::None) {
    if (l.x87.bytes == 0) return std::nullopt;
    return MemoryOperand{.bytes = l.x87.bytes, .write = l.x87.stores()};
  }
  std::optional<MemoryOperand> found;
  for (const MicroOp& m : l.list) {
    if (m.op != Op::Linear) continue;
    if (found) return std::nullopt;
    found = MemoryOperand{.bytes = m.from, .write = m.write};
    if (m.place == Place::Stack) {
      found->stack = m.a;
    } else if (l.list[m.a].op != Op::Address) {
      return std::nullopt;
    }
  }
  return found;
}

void Translator::find_groups() {
  for (Lifted& l : lifted_) l.group = {};
  if (!may_group_) return;
  const bool wide = (block_->mode & kModeCodeMask) == kModeCode64;
  const bool flat_stack = wide || (block_->mode & kModeFlatData) != 0;
  const unsigned address_width = wide ? 8 : 4;
  std::vector<Open> open, all;
  Registers regs;
  auto close = [&] {
    all.insert(all.end(), open.begin(), open.end());
    open.clear();
  };
  for (unsigned k = 0; k < lifted_.size(); ++k) {
    Lifted& l = lifted_[k];
    const Insn& i = block_->insns[k];
    insn_ = &i;
    if (!l.native) {
      close();
      regs.forget_all();
      continue;
    }
    const std::optional<MemoryOperand> operand = memory_operand(l, i);
    std::optional<Key> key;
    int64_t at = 0;
    if (operand && operand->stack != kNoRef) {
      const bool whole = flat_stack && i.stack_size == address_width;
      const auto from = whole ? register_plus(l.list, operand->stack, address_width) : std::nullopt;
      if (from) {
        const Symbol& s = regs.now[from->first];
        key = Key{s.id, regs.now[kSlotZero].id, 0};
        at = s.offset + from->second;
      }
    } else if (operand && i.flat && i.addr_size == address_width) {
      const Symbol &b = regs.now[i.base], &x = regs.now[i.index];
      key = Key{b.id, x.id, x.id == regs.now[kSlotZero].id ? uint8_t{0} : i.scale};
      at = b.offset + x.offset * (int64_t{1} << i.scale) + i.disp;
    }
    if (key) {
      const int64_t end = at + operand->bytes;
      auto fits = [&](const Open& o) {
        return o.key == *key && std::max(o.high, end) - std::min(o.low, at) <= kMaxSpan;
      };
      auto o = std::find_if(open.begin(), open.end(), fits);
      if (o == open.end()) {
        open.push_back({*key, at, end, operand->write, {{k, at}}});
      } else {
        o->low = std::min(o->low, at);
        o->high = std::max(o->high, end);
        o->write = o->write || operand->write;
        o->members.emplace_back(k, at);
      }
    }
    // What it leaves in the registers. All values are those from before.
    for (unsigned g = 0; g < 16; ++g) {
      if ((l.guests_written >> g & 1) != 0) regs.forget(g);
    }
    const Registers before = regs;
    for (const MicroOp& m : l.list) {
      if (m.op != Op::WriteReg && m.op != Op::WriteRegUnless) continue;
      const unsigned slot = slot_of(m);
      const auto from = m.op == Op::WriteReg && slot % 8 == 0 && width_of(m.width) == address_width
                            ? register_plus(l.list, m.a, address_width)
                            : std::nullopt;
      if (from) {
        const Symbol& s = before.now[from->first];
        regs.now[slot / 8] = {s.id, s.offset + from->second};
      } else {
        regs.forget(slot / 8);
      }
    }
  }
  close();

  // Each from its first member to its last has a place for what the first finds; the longest first.
  std::sort(all.begin(), all.end(),
            [](const Open& a, const Open& b) { return a.members.size() > b.members.size(); });
  std::array<uint64_t, kGroupPlaces> taken{};
  static_assert(BlockCache::kMaxInsns <= 64);
  for (const Open& o : all) {
    if (o.members.size() < 2) break;
    if (o.high - o.low < 2) continue;  // `how` says 0 for those on their own
    const unsigned first = o.members.front().first, last = o.members.back().first;
    const uint64_t during = (~0ull >> (63 - (last - first))) << first;
    const auto free = std::find_if(taken.begin(), taken.end(), [&](uint64_t t) { return (t & during) == 0; });
    if (free == taken.end()) continue;
    *free |= during;
    for (const auto& [k, at] : o.members) {
      lifted_[k].group = {.place = static_cast<int8_t>(free - taken.begin()),
                          .first = k == first,
                          .write = o.write,
                          .back = static_cast<uint16_t>(at - o.low),
                          .span = static_cast<uint16_t>(o.high - o.low)};
    }
  }
}

}  // namespace ilse::cpu::jit
