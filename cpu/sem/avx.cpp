// AVX and AVX2 instructions that make several memory accesses: masked moves and gathers (Intel SDM vol. 2,
// VMASKMOV, VPMASKMOV, VGATHERDPS, VPGATHERDD).
#include <array>
#include <cstring>

#include "cpu/sem/helpers.h"

namespace ilse::cpu::sem {

namespace {

// A vector register while elements of 4 or 8 bytes are looked at.
class Vector {
 public:
  explicit Vector(const Ymm& v) : v_(v) {}
  uint64_t get(unsigned k, unsigned size) const {
    uint64_t r = 0;
    std::memcpy(&r, at(k, size), size);
    return r;
  }
  void put(unsigned k, unsigned size, uint64_t value) { std::memcpy(at(k, size), &value, size); }
  bool sign(unsigned k, unsigned size) const { return (get(k, size) >> (8 * size - 1)) != 0; }
  const Ymm& value() const { return v_; }

 private:
  const uint8_t* at(unsigned k, unsigned size) const {
    return reinterpret_cast<const uint8_t*>(&v_) + k * size;
  }
  uint8_t* at(unsigned k, unsigned size) { return reinterpret_cast<uint8_t*>(&v_) + k * size; }
  Ymm v_;
};

bool wide(const Insn& i) { return (i.vex & kVexW) != 0; }
unsigned length(const Insn& i) { return (i.vex & kVexL) != 0 ? 32 : 16; }

// VMASKMOVPD and the W1 forms of VPMASKMOV have elements of 8 bytes.
unsigned element_size(const Insn& i) {
  const bool integer = i.opcode >= 0x80;
  return (integer ? wide(i) : (i.opcode & 1) != 0) ? 8 : 4;
}

// Elements are never subject to alignment checking.
uint64_t linear_of(Cpu& c, const Insn& i, uint64_t offset, unsigned size, Access access) {
  uint64_t lin;
  if (!c.segment(i.seg, offset, size, access, &lin)) throw GuestFault(c.fault_);
  return lin;
}
// The elements of a masked move lie behind its first byte, also beyond a smaller address size.
uint64_t masked_offset(const Cpu& c, const Insn& i, uint64_t n) {
  const uint64_t at = c.ea(i) + n;
  return c.code64() ? at : at & 0xFFFFFFFF;
}
uint64_t read_element(Cpu& c, const Insn& i, uint64_t offset, unsigned size) {
  return c.read_lin(linear_of(c, i, offset, size, Access::Read), size);
}

}  // namespace

// The segment is asked for all elements before any is read.
void vmaskmov_load(Cpu& c, const Insn& i) {
  const unsigned size = element_size(i), count = length(i) / size;
  const Vector mask(c.ymm[i.vvvv]);
  std::array<uint64_t, 8> lin{};
  for (unsigned k = 0; k < count; ++k) {
    if (mask.sign(k, size)) lin[k] = linear_of(c, i, masked_offset(c, i, k * size), size, Access::Read);
  }
  Vector r{Ymm{}};
  for (unsigned k = 0; k < count; ++k) {
    if (mask.sign(k, size)) r.put(k, size, c.read_lin(lin[k], size));
  }
  c.ymm[i.reg] = r.value();
}

// Silicon asks for the first byte and for the last byte that are written, then writes.
void vmaskmov_store(Cpu& c, const Insn& i) {
  const unsigned size = element_size(i), count = length(i) / size;
  const Vector mask(c.ymm[i.vvvv]), from(c.ymm[i.reg]);
  std::array<uint64_t, 8> lin{};
  unsigned first = count, last = 0;
  for (unsigned k = 0; k < count; ++k) {
    if (!mask.sign(k, size)) continue;
    lin[k] = linear_of(c, i, masked_offset(c, i, k * size), size, Access::Write);
    if (first == count) first = k;
    last = k;
  }
  if (first == count) return;
  const uint64_t end = lin[last] + size - 1;
  c.probe_write(lin[first], 1);
  c.probe_write(c.code64() ? end : end & 0xFFFFFFFF, 1);
  for (unsigned k = 0; k < count; ++k) {
    if (mask.sign(k, size)) c.write_lin(lin[k], size, from.get(k, size));
  }
}

// Element by element from the lowest. A fault leaves what was gathered before it, with its mask clear, so
// that the instruction goes on there; a trap that is due then comes in the fault's place.
// In any case the mask that is left is all ones or zeros an element.
void vgather(Cpu& c, const Insn& i) {
  if (i.reg == i.vvvv || i.reg == i.imm2 || i.vvvv == i.imm2) fault(kUD);
  const unsigned size = wide(i) ? 8 : 4, index_size = (i.opcode & 1) != 0 ? 8 : 4;
  const unsigned count = length(i) / (size > index_size ? size : index_size);
  // Until the end the destination keeps what it has beyond the elements.
  const unsigned all = length(i) / size;
  const Vector index(c.ymm[i.imm2]), old(c.ymm[i.reg]), mask(c.ymm[i.vvvv]);
  Vector r{Ymm{}}, left{Ymm{}}, done{Ymm{}};
  for (unsigned k = 0; k < all; ++k) {
    r.put(k, size, old.get(k, size));
    left.put(k, size, mask.sign(k, size) ? ~0ull : 0);
  }
  bool gathered = false;
  for (unsigned k = 0; k < count; ++k) {
    if (mask.sign(k, size)) {
      uint64_t n = index.get(k, index_size);
      if (index_size == 4) n = static_cast<uint64_t>(int64_t{static_cast<int32_t>(n)});
      try {
        r.put(k, size, read_element(c, i, (c.ea(i) + (n << i.scale)) & i.ea_mask, size));
      } catch (const GuestFault&) {
        c.ymm[i.vvvv] = left.value();
        if (!gathered) throw;
        c.ymm[i.reg] = r.value();
        if ((c.system_flags & kTF) == 0) throw;
        c.next_rip = (c.gpr[kSlotBlock] + i.ip) & c.ip_mask();
        c.leave = true;
        return;
      }
      left.put(k, size, 0);
      gathered = true;
    }
    done.put(k, size, r.get(k, size));
  }
  c.ymm[i.reg] = done.value();
  c.ymm[i.vvvv] = {};
}

}  // namespace ilse::cpu::sem
