// The VGA's faces to the buses: ports, the window, the frame buffer and the memory-mapped registers.
#include <cstring>

#include "devices/display/vga.h"
#include "devices/display/vga_memory.h"

namespace ilse::dev {

namespace {
// BAR2: the EDID, ports 3C0h-3DFh, the display interface, and a block about the frame buffer's byte order.
constexpr uint64_t kMmioPorts = 0x400, kMmioPortsEnd = 0x420;
constexpr uint64_t kMmioDispi = 0x500, kMmioDispiEnd = 0x500 + 2 * static_cast<uint64_t>(Dispi::Count);
constexpr uint64_t kMmioExtension = 0x600;
constexpr uint64_t kByteOrder = kMmioExtension + 4;
constexpr uint32_t kExtensionSize = 8;  // bytes
constexpr uint32_t kLittleEndian = 0x1E1E1E1E, kBigEndian = 0xBEBEBEBE;

uint8_t byte_of(uint64_t value, uint64_t n) { return static_cast<uint8_t>(value >> (8 * (n & 7))); }
}  // namespace

uint32_t Vga::Ports::port_read(uint16_t offset, unsigned, VTime now) {
  return vga_.read_port(kFirstPort + offset, now);
}
void Vga::Ports::port_write(uint16_t offset, unsigned, uint32_t value, VTime) {
  vga_.write_port(kFirstPort + offset, static_cast<uint8_t>(value));
}
uint32_t Vga::Ports::port_peek(uint16_t offset, unsigned, VTime now) const {
  return vga_.peek_port(kFirstPort + offset, now);
}

uint32_t Vga::DispiPorts::port_read(uint16_t offset, unsigned width, VTime now) {
  return port_peek(offset, width, now);
}
void Vga::DispiPorts::port_write(uint16_t offset, unsigned, uint32_t value, VTime) {
  if (offset == 0) {
    vga_.regs_.dispi_index = static_cast<uint16_t>(value);
  } else {
    vga_.write_dispi(vga_.regs_.dispi_index, static_cast<uint16_t>(value));
  }
}
uint32_t Vga::DispiPorts::port_peek(uint16_t offset, unsigned, VTime) const {
  return offset == 0 ? vga_.regs_.dispi_index : vga_.read_dispi(vga_.regs_.dispi_index);
}

uint64_t Vga::Window::mmio_read(uint64_t offset, unsigned width, VTime) {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    uint64_t b =
        window_read(vga_.regs_, vga_.bytes(), static_cast<uint32_t>((offset + i) & (kWindowSize - 1)));
    value |= b << (8 * i);
  }
  return value;
}
void Vga::Window::mmio_write(uint64_t offset, unsigned width, uint64_t value, VTime) {
  for (unsigned i = 0; i < width; ++i) {
    auto at = window_write(vga_.regs_, vga_.bytes(), static_cast<uint32_t>((offset + i) & (kWindowSize - 1)),
                           byte_of(value, i));
    if (at) vga_.dirty_.mark(*at, 1);
  }
}
uint64_t Vga::Window::mmio_peek(uint64_t offset, unsigned width, VTime) const {
  VgaRegisters scratch = vga_.regs_;  // takes the latches that a read would load
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    uint64_t b = window_read(scratch, vga_.bytes(), static_cast<uint32_t>((offset + i) & (kWindowSize - 1)));
    value |= b << (8 * i);
  }
  return value;
}

uint64_t Vga::Registers::mmio_read(uint64_t offset, unsigned width, VTime now) {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    uint64_t o = offset + i;
    uint64_t b = 0;
    if (o >= kMmioPorts && o < kMmioPortsEnd) {
      b = vga_.read_port(static_cast<unsigned>(o - kMmioPorts) + 0x3C0, now);
    } else {
      b = mmio_peek(o, 1, now);
    }
    value |= b << (8 * i);
  }
  return value;
}
void Vga::Registers::mmio_write(uint64_t offset, unsigned width, uint64_t value, VTime) {
  for (unsigned i = 0; i < width;) {
    uint64_t o = offset + i;
    bool word = o % 2 == 0 && width - i >= 2;
    if (o >= kMmioPorts && o < kMmioPortsEnd) {
      vga_.write_port(static_cast<unsigned>(o - kMmioPorts) + 0x3C0, byte_of(value, i));
      ++i;
    } else if (o >= kMmioDispi && o < kMmioDispiEnd && word) {
      vga_.write_dispi(static_cast<unsigned>(o - kMmioDispi) / 2,
                       static_cast<uint16_t>(byte_of(value, i) | byte_of(value, i + 1) << 8));
      i += 2;
    } else if (o == kByteOrder && width - i >= 4) {
      auto order = static_cast<uint32_t>(value >> (8 * i));
      if (order == kLittleEndian || order == kBigEndian) vga_.regs_.big_endian = order == kBigEndian;
      ++vga_.changes_;
      i += 4;
    } else {
      ++i;  // the display interface takes whole words only; the rest is read-only
    }
  }
}
uint64_t Vga::Registers::mmio_peek(uint64_t offset, unsigned width, VTime now) const {
  uint64_t value = 0;
  for (unsigned i = 0; i < width; ++i) {
    uint64_t o = offset + i;
    uint64_t b = 0;
    if (o >= kMmioPorts && o < kMmioPortsEnd) {
      b = vga_.peek_port(static_cast<unsigned>(o - kMmioPorts) + 0x3C0, now);
    } else if (o >= kMmioDispi && o < kMmioDispiEnd) {
      b = byte_of(vga_.read_dispi(static_cast<unsigned>(o - kMmioDispi) / 2), o & 1);
    } else if (o >= kMmioExtension && o < kByteOrder) {
      b = byte_of(kExtensionSize, o - kMmioExtension);
    } else if (o >= kByteOrder && o < kByteOrder + 4) {
      b = byte_of(vga_.regs_.big_endian ? kBigEndian : kLittleEndian, o - kByteOrder);
    } else if (o < kEdidSize) {
      b = vga_.edid_[o];
    }
    value |= b << (8 * i);
  }
  return value;
}

}  // namespace ilse::dev
