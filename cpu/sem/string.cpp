// String instructions (Intel SDM vol. 2, REP). Each iteration commits, so that a fault or an interrupt leaves
// the registers at the iteration that comes next. Runs inside one page of plain memory go at memory speed:
// nothing can observe the difference.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

namespace {

struct Loop {
  Cpu& c;
  const Insn& i;
  unsigned width;
  uint64_t mask;
  int64_t step;

  Loop(Cpu& cpu, const Insn& insn)
      : c(cpu),
        i(insn),
        width((insn.opcode & 1) == 0 ? 1 : insn.op_size),
        mask(insn.ea_mask),
        step((cpu.system_flags & kDF) != 0 ? -static_cast<int64_t>(width) : static_cast<int64_t>(width)) {}

  bool repeated() const { return i.rep != Rep::None; }
  uint64_t left() const { return c.gpr[kRcx] & mask; }
  void put(unsigned n, uint64_t v) {
    if (mask == 0xFFFF) {
      c.gpr[n] = (c.gpr[n] & ~mask) | (v & mask);
    } else {
      c.gpr[n] = v & mask;
    }
  }
  uint64_t si() const { return c.gpr[kRsi] & mask; }
  uint64_t di() const { return c.gpr[kRdi] & mask; }
  void move_si(uint64_t n = 1) { put(kRsi, c.gpr[kRsi] + static_cast<uint64_t>(step) * n); }
  void move_di(uint64_t n = 1) { put(kRdi, c.gpr[kRdi] + static_cast<uint64_t>(step) * n); }
  void count_down(uint64_t n = 1) { put(kRcx, c.gpr[kRcx] - n); }
  // Iterations that may still retire in this slice. Those beyond the first borrow from the rest of the block,
  // which is then left.
  uint64_t allowed() const { return static_cast<uint64_t>(c.rest()) + i.left; }

  // Before the first iteration, and even if there is none: REP writes a 32-bit counter, REP MOVS and STOS the
  // 32-bit pointers too.
  void cut(unsigned n) {
    if (repeated()) put(n, c.gpr[n]);
  }

  // Runs `one` (a whole iteration) until the count, the condition, the slice or a device ends it. `many`,
  // when given, may do several at once: it returns how many it did, 0 to fall back to `one`.
  template <class One, class Many>
  void run(One one, Many many, bool stops_on_zf) {
    if (!repeated()) {
      one();
      return;
    }
    bool want_zf = i.rep == Rep::Rep;
    cut(kRcx);
    // CMPS and SCAS that stop in the middle have their flags as before (SDM, REP).
    const LazyFlags flags = c.lazy;
    // A single step is one iteration.
    const uint64_t limit = (c.system_flags & kTF) != 0 ? 1 : allowed();
    uint64_t done = 0;
    try {
      while (left() != 0) {
        if (done == limit || (done != 0 && (c.attention_waiting() || c.events_waiting() || c.kicked()))) {
          c.next_rip = (c.gpr[kSlotBlock] + i.ip) & c.ip_mask();
          c.leave = true;
          c.lazy = flags;
          break;
        }
        uint64_t n = many(std::min(left(), limit - done));
        if (n == 0) {
          one();
          n = 1;
        }
        count_down(n);
        done += n;
        c.budget -= static_cast<int64_t>(n);  // so that a device sees the time of its iteration
        if (stops_on_zf && c.lazy.zf() != want_zf) break;
      }
    } catch (const GuestFault&) {
      c.lazy = flags;
      throw;
    }
    if (done != 0) {
      // The block has paid for one. Where the iterations ate into what the rest of the block was to use, the
      // block is left after it.
      ++c.budget;
      if (c.budget < 0) c.leave = true;
    }
  }

  // Host pointer to `n` units at linear `lin`, all in one page of plain memory; null otherwise.
  uint8_t* direct(uint64_t lin, uint64_t n, bool write) {
    TlbEntry& e = c.tlb->at(lin);
    uint64_t bytes = n * width;
    if ((lin & 0xFFF) + bytes > mem::kPageSize) return nullptr;
    if (((lin & kPageMask) | c.asid) != (write ? e.write_tag : e.read_tag)) return nullptr;
    return reinterpret_cast<uint8_t*>(lin + e.addend);
  }
  bool upwards() const { return step > 0; }
  // How many units from `lin` on, in the loop's direction, stay in its page.
  uint64_t in_page(uint64_t lin) const {
    const uint64_t at = lin & 0xFFF;
    if (upwards()) return (mem::kPageSize - at) / width;
    return at + width > mem::kPageSize ? 0 : at / width + 1;
  }
  // Linear address of the lowest of `n` units from `offset` on. Nothing: not all are inside the segment,
  // their offsets wrap, or alignment is checked.
  std::optional<uint64_t> lowest(uint8_t segment, uint64_t offset, uint64_t n, Access a) const {
    const uint64_t span = (n - 1) * width;
    if (upwards() ? offset + span > mask : offset < span) return std::nullopt;
    const uint64_t low = upwards() ? offset : offset - span;
    uint64_t first, last;
    if (!c.segment(segment, low, width, a, &first) || !c.segment(segment, low + span, width, a, &last))
      return std::nullopt;
    return first;
  }
};

uint64_t no_bulk(uint64_t) { return 0; }

// `n` units of the same value, a line at a time.
template <class T>
void fill(uint8_t* to, uint64_t n, T v) {
  std::array<T, 64 / sizeof(T)> line;
  line.fill(v);
  const uint64_t lines = n / line.size();
  for (uint64_t k = 0; k < lines; ++k) std::memcpy(to + k * sizeof line, line.data(), sizeof line);
  std::memcpy(to + lines * sizeof line, line.data(), n % line.size() * sizeof v);
}

}  // namespace

void movs(Cpu& c, const Insn& i) {
  Loop l(c, i);
  l.cut(kRsi);
  l.cut(kRdi);
  auto one = [&] {
    uint64_t v = c.read_seg(i.seg, l.si(), l.width);
    c.write_seg(kEs, l.di(), l.width, v);
    l.move_si();
    l.move_di();
  };
  auto many = [&](uint64_t limit) -> uint64_t {
    uint64_t from, to;
    if (!c.segment(i.seg, l.si(), l.width, Access::Read, &from) ||
        !c.segment(kEs, l.di(), l.width, Access::Write, &to))
      return 0;
    uint64_t n = std::min({limit, l.in_page(from), l.in_page(to)});
    if (n < 2) return 0;
    const auto low_from = l.lowest(i.seg, l.si(), n, Access::Read);
    const auto low_to = l.lowest(kEs, l.di(), n, Access::Write);
    if (!low_from || !low_to) return 0;
    uint8_t* src = l.direct(*low_from, n, false);
    uint8_t* dst = l.direct(*low_to, n, true);
    if (src == nullptr || dst == nullptr) return 0;
    const uint64_t bytes = n * l.width;
    const bool ahead = l.upwards() ? dst > src && dst < src + bytes : dst < src && src < dst + bytes;
    if (ahead) {
      // What was written is read again, which repeats a pattern: unit by unit.
      for (uint64_t k = 0; k < n; ++k) {
        const uint64_t at = (l.upwards() ? k : n - 1 - k) * l.width;
        std::memmove(dst + at, src + at, l.width);
      }
    } else {
      std::memmove(dst, src, bytes);
    }
    l.move_si(n);
    l.move_di(n);
    return n;
  };
  l.run(one, many, false);
}

void stos(Cpu& c, const Insn& i) {
  Loop l(c, i);
  l.cut(kRdi);
  auto one = [&] {
    c.write_seg(kEs, l.di(), l.width, c.gpr[kRax]);
    l.move_di();
  };
  auto many = [&](uint64_t limit) -> uint64_t {
    uint64_t to;
    if (!c.segment(kEs, l.di(), l.width, Access::Write, &to)) return 0;
    uint64_t n = std::min(limit, l.in_page(to));
    if (n < 2) return 0;
    const auto low = l.lowest(kEs, l.di(), n, Access::Write);
    if (!low) return 0;
    uint8_t* dst = l.direct(*low, n, true);
    if (dst == nullptr) return 0;
    const uint64_t v = c.gpr[kRax];
    switch (l.width) {
      case 1: std::memset(dst, static_cast<int>(v & 0xFF), n); break;
      case 2: fill(dst, n, static_cast<uint16_t>(v)); break;
      case 4: fill(dst, n, static_cast<uint32_t>(v)); break;
      default: fill(dst, n, v);
    }
    l.move_di(n);
    return n;
  };
  l.run(one, many, false);
}

void lods(Cpu& c, const Insn& i) {
  Loop l(c, i);
  auto one = [&] {
    c.write_reg(0, l.width, c.read_seg(i.seg, l.si(), l.width));
    l.move_si();
  };
  l.run(one, no_bulk, false);
}

namespace {

void compare(Cpu& c, unsigned width, uint64_t a, uint64_t b) {
  auto with = [&]<class T>(T x, T y) {
    T r = static_cast<T>(x - y);
    c.lazy.result = sign_extend(r);
    c.lazy.aux = pack_carries(static_cast<T>((~x & y) | ((~x | y) & r)));
  };
  switch (width) {
    case 1: with(static_cast<uint8_t>(a), static_cast<uint8_t>(b)); break;
    case 2: with(static_cast<uint16_t>(a), static_cast<uint16_t>(b)); break;
    case 4: with(static_cast<uint32_t>(a), static_cast<uint32_t>(b)); break;
    default: with(a, b); break;
  }
}

}  // namespace

void cmps(Cpu& c, const Insn& i) {
  Loop l(c, i);
  auto one = [&] {
    // The order decides which of two page faults is seen.
    uint64_t b = c.read_seg(kEs, l.di(), l.width), a = c.read_seg(i.seg, l.si(), l.width);
    compare(c, l.width, a, b);
    l.move_si();
    l.move_di();
  };
  l.run(one, no_bulk, true);
}

void scas(Cpu& c, const Insn& i) {
  Loop l(c, i);
  auto one = [&] {
    compare(c, l.width, c.gpr[kRax], c.read_seg(kEs, l.di(), l.width));
    l.move_di();
  };
  l.run(one, no_bulk, true);
}

void ins(Cpu& c, const Insn& i) {
  Loop l(c, i);
  l.width = std::min(l.width, 4u);
  l.step = l.step < 0 ? -static_cast<int64_t>(l.width) : static_cast<int64_t>(l.width);
  auto port = static_cast<uint16_t>(c.gpr[kRdx]);
  // Also when there is nothing to do.
  if (!io_allowed(c, port, l.width)) fault(kGP, 0);
  auto one = [&] {
    uint64_t lin;
    if (!c.segment(kEs, l.di(), l.width, Access::Write, &lin)) throw GuestFault(c.fault_);
    c.probe_write(lin, l.width);
    c.write_lin(lin, l.width, c.io().read(port, l.width, c.now()));
    c.watch_port(port, l.width);
    l.move_di();
  };
  l.run(one, no_bulk, false);
}

void outs(Cpu& c, const Insn& i) {
  Loop l(c, i);
  l.width = std::min(l.width, 4u);
  l.step = l.step < 0 ? -static_cast<int64_t>(l.width) : static_cast<int64_t>(l.width);
  auto port = static_cast<uint16_t>(c.gpr[kRdx]);
  // Also when there is nothing to do.
  if (!io_allowed(c, port, l.width)) fault(kGP, 0);
  auto one = [&] {
    c.io().write(port, l.width, static_cast<uint32_t>(c.read_seg(i.seg, l.si(), l.width)), c.now());
    c.watch_port(port, l.width);
    l.move_si();
  };
  l.run(one, no_bulk, false);
}

}  // namespace ilse::cpu::sem
