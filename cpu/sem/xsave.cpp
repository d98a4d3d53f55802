// XSAVE and its kin, XCR0 (Intel SDM vol. 1, chapter 13). The area: 512 bytes as FXSAVE's, a header of 64
// bytes, the upper halves of the YMM registers, and PKRU, which follows whatever is before it in the
// compacted format.
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "cpu/fpu/mxcsr.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

namespace {

constexpr unsigned kX87Area = 160, kXmmAt = 160, kMxcsrAt = 24, kHeaderAt = 512, kAvxAt = 576, kPkruAt = 832;
constexpr uint64_t kCompacted = 1ull << 63;

// In the compacted format, an area of these components.
unsigned compacted_pkru_at(uint64_t components) { return (components & kXcr0Avx) != 0 ? kPkruAt : kAvxAt; }

unsigned registers(const Cpu& c) { return c.code64() ? 16 : 8; }

uint64_t requested(const Cpu& c) {
  uint64_t mask = static_cast<uint32_t>(c.gpr[kRax]) | c.gpr[kRdx] << 32;
  return mask & c.cr.xcr0;
}

bool x87_in_use(const Cpu& c) {
  X87 initial;
  initial.fninit();
  std::array<uint8_t, kX87Area> now{}, first{};
  x87_fxsave(c.fpu, now, true);
  x87_fxsave(initial, first, true);
  return now != first;
}

// The components that are not in their initial state.
uint64_t in_use(const Cpu& c) {
  uint64_t bits = x87_in_use(c) ? +kXcr0X87 : 0;
  for (const Ymm& y : c.ymm) {
    if (y.lane[0] != Xmm{}) bits |= kXcr0Sse;
    if (y.lane[1] != Xmm{}) bits |= kXcr0Avx;
  }
  if (c.cr.pkru != 0) bits |= kXcr0Pkru;
  return bits;
}

// In the silicon's order, before anything is accessed: the first four bytes, alignment.
void check_area(Cpu& c, const Insn& i, Access access) {
  if ((c.cr.cr4 & kCr4Osxsave) == 0) fault(kUD);
  if ((c.cr.cr0 & kCr0Ts) != 0) fault(kNM);
  const uint64_t lin = c.linear(i, 4, access);
  if (c.code64() && !canonical(c, lin)) fault(i.seg == kSs ? kSS : kGP, 0);
  if ((lin & 63) != 0) fault(kGP, 0);
}

template <class T>
T read(Cpu& c, const Insn& i, uint64_t offset) {
  T v{};
  c.read_bytes(i, offset, reinterpret_cast<uint8_t*>(&v), sizeof v);
  return v;
}
template <class T>
void write(Cpu& c, const Insn& i, uint64_t offset, const T& v) {
  c.write_bytes(i, offset, reinterpret_cast<const uint8_t*>(&v), sizeof v);
}

// All of an area of `size` bytes has to be writable; its last byte comes first.
void probe(Cpu& c, const Insn& i, unsigned size) {
  auto linear = [&](unsigned from, unsigned width) {
    uint64_t lin;
    if (!c.segment(i.seg, (c.ea(i) + from) & i.ea_mask, width, Access::Write, &lin))
      throw GuestFault(c.fault_);
    return lin;
  };
  c.probe_write(linear(size - 1, 1), 1);
  c.probe_write(linear(0, size), size);
}

// Writes the components of `saved`, and MXCSR if `control`.
void save(Cpu& c, const Insn& i, uint64_t saved, bool control, unsigned pkru_at) {
  if ((saved & kXcr0X87) != 0) {
    std::array<uint8_t, kX87Area> area{};
    x87_fxsave(c.fpu, area, i.op_size == 8);
    // MXCSR and its mask lie between the x87's parts.
    c.write_bytes(i, 0, area.data(), kMxcsrAt);
    c.write_bytes(i, kMxcsrAt + 8, area.data() + kMxcsrAt + 8, kX87Area - kMxcsrAt - 8);
  }
  if (control) {
    MxcsrScope::collect(c.mxcsr);
    write(c, i, kMxcsrAt, c.mxcsr);
    write(c, i, kMxcsrAt + 4, mxcsr::kWritable);
  }
  for (const unsigned lane : {0u, 1u}) {
    if ((saved & (lane == 0 ? kXcr0Sse : kXcr0Avx)) == 0) continue;
    std::array<Xmm, 16> all;
    for (unsigned n = 0; n < all.size(); ++n) all[n] = c.ymm[n].lane[lane];
    c.write_bytes(i, lane == 0 ? kXmmAt : kAvxAt, reinterpret_cast<const uint8_t*>(all.data()),
                  static_cast<unsigned>(sizeof(Xmm)) * registers(c));
  }
  if ((saved & kXcr0Pkru) != 0) write(c, i, pkru_at, uint64_t{c.cr.pkru});
}

// XSAVE, and with `optimise` XSAVEOPT, which leaves out what is in its initial state.
void save_standard(Cpu& c, const Insn& i, bool optimise) {
  check_area(c, i, Access::Write);
  const uint64_t wanted = requested(c), used = in_use(c) & wanted;
  probe(c, i, xsave_size(wanted));
  const auto old = read<uint64_t>(c, i, kHeaderAt);
  save(c, i, optimise ? used : wanted, (wanted & (kXcr0Sse | kXcr0Avx)) != 0, kPkruAt);
  write(c, i, kHeaderAt, (old & ~wanted) | used);
}

// XSAVEC and XSAVES: the header is written whole. MXCSR belongs to the SSE component here.
void save_compacted(Cpu& c, const Insn& i) {
  check_area(c, i, Access::Write);
  const uint64_t wanted = requested(c);
  MxcsrScope::collect(c.mxcsr);
  uint64_t used = in_use(c) & wanted;
  if ((wanted & kXcr0Sse) != 0 && c.mxcsr != mxcsr::kReset) used |= kXcr0Sse;
  probe(c, i, compacted_size(wanted));
  save(c, i, used, (used & kXcr0Sse) != 0, compacted_pkru_at(wanted));
  write(c, i, kHeaderAt, used);
  write(c, i, kHeaderAt + 8, kCompacted | wanted);
}

void restore(Cpu& c, const Insn& i, bool must_be_compacted) {
  check_area(c, i, Access::Read);
  const uint64_t wanted = requested(c);
  const auto layout = read<uint64_t>(c, i, kHeaderAt + 8);  // the first that silicon looks at
  const auto header = read<std::array<uint64_t, 8>>(c, i, kHeaderAt);
  const uint64_t present = header[0];
  const bool compacted = (layout & kCompacted) != 0;
  bool bad = must_be_compacted && !compacted;
  if (compacted) {
    bad = bad || !c.model().has(Feature::Xsavec) || (layout & ~kCompacted & ~c.cr.xcr0) != 0 ||
          (present & ~layout) != 0;
    for (unsigned k = 2; k < 8; ++k) bad = bad || header[k] != 0;
  } else {
    bad = bad || (present & ~c.cr.xcr0) != 0 || layout != 0 || header[2] != 0;
  }
  if (bad) fault(kGP, 0);
  const uint64_t loaded = wanted & present;

  // All is read before anything changes.
  std::array<uint8_t, kX87Area> x87{};
  std::array<Ymm, 16> vectors = c.ymm;
  uint32_t control = c.mxcsr;
  if ((loaded & kXcr0X87) != 0) c.read_bytes(i, 0, x87.data(), kX87Area);
  const uint64_t with_control = compacted ? loaded & kXcr0Sse : wanted & (kXcr0Sse | kXcr0Avx);
  if (with_control != 0) {
    control = read<uint32_t>(c, i, kMxcsrAt);
    if ((control & ~mxcsr::kWritable) != 0) fault(kGP, 0);
  } else if (compacted && (wanted & kXcr0Sse) != 0) {
    control = mxcsr::kReset;
  } else {
    MxcsrScope::collect(c.mxcsr);
    control = c.mxcsr;
  }
  for (unsigned n = 0; n < registers(c); ++n) {
    for (unsigned lane : {0u, 1u}) {
      const uint64_t bit = lane == 0 ? +kXcr0Sse : +kXcr0Avx;
      if ((wanted & bit) == 0) continue;
      vectors[n].lane[lane] =
          (loaded & bit) != 0 ? read<Xmm>(c, i, (lane == 0 ? kXmmAt : kAvxAt) + 16 * n) : Xmm{};
    }
  }
  uint32_t pkru = c.cr.pkru;
  if ((wanted & kXcr0Pkru) != 0) {
    pkru =
        (loaded & kXcr0Pkru) != 0 ? read<uint32_t>(c, i, compacted ? compacted_pkru_at(layout) : kPkruAt) : 0;
  }
  c.ymm = vectors;
  c.set_mxcsr(control);
  c.set_pkru(pkru);
  if ((loaded & kXcr0X87) != 0) {
    x87_fxrstor(c.fpu, x87, i.op_size == 8);
  } else if ((wanted & kXcr0X87) != 0) {
    X87 initial;
    initial.fninit();
    c.fpu = initial;
  }
}

}  // namespace

uint32_t compacted_size(uint64_t components) {
  const bool pkru = (components & kXcr0Pkru) != 0;
  return pkru ? compacted_pkru_at(components) + 8 : xsave_size(components);
}

void xsave(Cpu& c, const Insn& i) { save_standard(c, i, false); }
void xsaveopt(Cpu& c, const Insn& i) { save_standard(c, i, true); }
void xsavec(Cpu& c, const Insn& i) { save_compacted(c, i); }
void xsaves(Cpu& c, const Insn& i) { save_compacted(c, i); }
void xrstor(Cpu& c, const Insn& i) { restore(c, i, false); }
void xrstors(Cpu& c, const Insn& i) { restore(c, i, true); }

void xgetbv(Cpu& c, const Insn&) {
  if ((c.cr.cr4 & kCr4Osxsave) == 0) fault(kUD);
  const auto n = static_cast<uint32_t>(c.gpr[kRcx]);
  if (n > 1 || (n == 1 && !c.model().has(Feature::Xgetbv1))) fault(kGP, 0);
  uint64_t v = c.cr.xcr0;
  if (n == 1) {
    MxcsrScope::collect(c.mxcsr);
    v &= in_use(c) | (c.mxcsr != mxcsr::kReset ? +kXcr0Sse : 0);
  }
  c.gpr[kRax] = static_cast<uint32_t>(v);
  c.gpr[kRdx] = v >> 32;
}

void xsetbv(Cpu& c, const Insn&) {
  if ((c.cr.cr4 & kCr4Osxsave) == 0) fault(kUD);
  if (c.cpl() != 0) fault(kGP, 0);
  const uint64_t v = static_cast<uint32_t>(c.gpr[kRax]) | c.gpr[kRdx] << 32;
  if (static_cast<uint32_t>(c.gpr[kRcx]) != 0 || (v & ~c.model().xcr0_bits()) != 0 || (v & kXcr0X87) == 0 ||
      ((v & kXcr0Avx) != 0 && (v & kXcr0Sse) == 0)) {
    fault(kGP, 0);
  }
  c.cr.xcr0 = v;
  c.update_mode();
}

}  // namespace ilse::cpu::sem
