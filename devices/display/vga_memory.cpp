#include "devices/display/vga_memory.h"

namespace ilse::dev {

namespace {

// The address within the mapped part of the window, or nothing where the VGA does not answer.
std::optional<uint32_t> decode(const VgaRegisters& r, uint32_t offset) {
  if ((r.misc & 2) == 0 || offset >= 0x20000) return std::nullopt;
  switch (r.gc[6] >> 2 & 3) {
    case 0: return offset;
    case 1:
      if (offset >= 0x10000) return std::nullopt;
      return offset;
    case 2:
      if (offset < 0x10000 || offset >= 0x18000) return std::nullopt;
      return offset - 0x10000;
    default:
      if (offset < 0x18000) return std::nullopt;
      return offset - 0x18000;
  }
}

// Packed-pixel VBE modes see the memory in order, 64 KiB at a time.
bool linear(const VgaRegisters& r) { return r.packed_pixels(); }

size_t linear_index(const VgaRegisters& r, uint32_t a, size_t size) {
  return (static_cast<size_t>(r.vbe(Dispi::Bank)) * 0x10000 + a) & (size - 1);
}

bool chain4(const VgaRegisters& r) { return (r.seq[4] & 8) != 0; }
bool whole_window(const VgaRegisters& r) { return (r.gc[6] & 0xC) == 0; }

// The index of plane 0's byte. The address bits that chaining uses to choose a plane are replaced by
// the bits above the plane's 64 KiB, as the CRTC does when it displays such a mode.
size_t plane_index(const VgaRegisters& r, uint32_t a, bool odd_even, size_t size) {
  uint32_t in_plane = a & 0xFFFF;
  if (chain4(r)) {
    in_plane = (a & 0xFFFC) | (a >> 16 & 3);
  } else if (odd_even) {
    in_plane = (a & 0xFFFE) | (whole_window(r) ? a >> 16 & 1 : 0);
  }
  size_t bank = r.vbe_enabled() ? r.vbe(Dispi::Bank) : 0;
  return (bank * kPlaneSize + in_plane) * 4 & (size - 1);
}

uint8_t rotate_right(uint8_t v, unsigned n) { return static_cast<uint8_t>(v >> n | v << (8 - n)); }
uint8_t all_if(bool b) { return b ? 0xFF : 0; }

uint8_t combine(unsigned function, uint8_t value, uint8_t latch) {
  switch (function & 3) {
    case 1: return value & latch;
    case 2: return value | latch;
    case 3: return value ^ latch;
    default: return value;
  }
}

}  // namespace

uint8_t window_read(VgaRegisters& r, std::span<const uint8_t> memory, uint32_t offset) {
  auto a = decode(r, offset);
  if (!a) return 0xFF;
  if (linear(r)) return memory[linear_index(r, *a, memory.size())];

  bool odd_even = (r.gc[5] & 0x10) != 0;
  size_t at = plane_index(r, *a, odd_even, memory.size());
  for (unsigned p = 0; p < 4; ++p) r.latch[p] = memory[at + p];

  if ((r.gc[5] & 8) != 0) {  // read mode 1: which pixels have the compared colour
    uint8_t equal = 0xFF;
    for (unsigned p = 0; p < 4; ++p) {
      if ((r.gc[7] >> p & 1) != 0) {
        equal &= static_cast<uint8_t>(~(r.latch[p] ^ all_if((r.gc[2] >> p & 1) != 0)));
      }
    }
    return equal;
  }
  if (chain4(r)) return r.latch[*a & 3];
  unsigned plane = r.gc[4] & 3;
  if (odd_even) plane = (plane & 2) | (*a & 1);
  return r.latch[plane];
}

std::optional<size_t> window_write(const VgaRegisters& r, std::span<uint8_t> memory, uint32_t offset,
                                   uint8_t value) {
  auto a = decode(r, offset);
  if (!a) return std::nullopt;
  if (linear(r)) {
    const size_t at = linear_index(r, *a, memory.size());
    memory[at] = value;
    return at;
  }

  bool odd_even = (r.seq[4] & 4) == 0;
  size_t at = plane_index(r, *a, odd_even, memory.size());
  unsigned planes = r.seq[2] & 0xF;
  if (chain4(r)) {
    planes &= 1u << (*a & 3);
  } else if (odd_even) {
    planes &= (*a & 1) != 0 ? 0xAu : 0x5u;
  }

  unsigned mode = r.gc[5] & 3;
  unsigned function = r.gc[3] >> 3;
  uint8_t rotated = rotate_right(value, r.gc[3] & 7);
  for (unsigned p = 0; p < 4; ++p) {
    if ((planes >> p & 1) == 0) continue;
    uint8_t& byte = memory[at + p];
    uint8_t latch = r.latch[p];
    uint8_t set_reset = all_if((r.gc[0] >> p & 1) != 0);
    uint8_t mask = r.gc[8];
    uint8_t source = rotated;
    switch (mode) {
      case 0:
        if ((r.gc[1] >> p & 1) != 0) source = set_reset;
        break;
      case 1: byte = latch; continue;
      case 2: source = all_if((value >> p & 1) != 0); break;
      default:
        mask &= rotated;
        source = set_reset;
        break;
    }
    byte = static_cast<uint8_t>((combine(function, source, latch) & mask) | (latch & ~mask));
  }
  return at;
}

}  // namespace ilse::dev
