// A standard VGA with 16 MiB of memory and the Bochs display interface (VBE "dispi"), which is what the
// stdvga VGA BIOS expects. The chip knows ports and memory by offset only; vga_pci puts it on the PCI bus.
//
// After IBM's "PS/2 Hardware Interface Technical Reference: Video Subsystem" and the VBE dispi
// interface of Bochs (version B0C5h).
//
// Memory is one array: plane p of address a is byte 4a + p, and the linear frame buffer is the same bytes
// in order. For the board:
//
//     ports()       offset 0 is port 3B0h, 48 ports, max_width 1
//     dispi_ports() offset 0 is port 1CEh, 3 ports, max_width 2
//     window()      128 KiB, offset 0 is A0000h
//     frame_buffer()  the memory itself: BAR0
//     registers()   4 KiB: BAR2, laid out as QEMU's stdvga has it: EDID, ports, display interface
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "devices/core/device.h"
#include "devices/display/edid.h"
#include "devices/display/frame.h"
#include "devices/display/raster_log.h"
#include "devices/display/text_grid.h"
#include "devices/display/vga_registers.h"
#include "memory/bus.h"
#include "memory/dirty_pages.h"
#include "memory/event_log.h"
#include "memory/phys_map.h"
#include "memory/ram.h"

namespace ilse::dev {

using mem::VTime;

class Vga final : public Device {
 public:
  static constexpr uint64_t kMemorySize = 16u << 20;  // bytes
  static constexpr uint64_t kWindowSize = 128u << 10;
  static constexpr uint64_t kRegistersSize = 4096;
  static constexpr unsigned kFirstPort = 0x3B0, kPortCount = 0x30;
  static constexpr unsigned kFirstDispiPort = 0x1CE, kDispiPortCount = 3;

  // `memory` is a power of two of at least 256 KiB: mem::Ram::create(Vga::kMemorySize).
  Vga(mem::Ram memory, mem::EventLog& log);

  std::string_view name() const override { return "vga"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

  mem::PortDevice& ports() { return ports_; }
  mem::PortDevice& dispi_ports() { return dispi_ports_; }
  mem::MmioDevice& window() { return window_; }
  mem::Region frame_buffer() { return mem::PhysMap::device_ram_region(0, memory_, dirty_); }
  mem::MmioDevice& registers() { return registers_; }

  // What is on the screen at virtual time `now`. `text` is empty in graphics modes.
  void render(VTime now, Frame& image) const;
  void text(VTime now, TextGrid& grid) const;
  bool graphics() const { return regs_.graphics(); }
  // Grows with every change of registers that may show. Of memory, dirty() knows the pages: who draws may
  // skip a frame while there are none and this and blink_phase() stay the same.
  uint64_t changes() const { return changes_; }
  mem::DirtyPages& dirty() { return dirty_; }
  const mem::DirtyPages& dirty() const { return dirty_; }
  std::span<const uint8_t> memory() const { return bytes(); }
  // Whether memory is pixels in order: a display interface mode of 8 bits per pixel and more.
  bool packed_pixels() const { return regs_.packed_pixels(); }
  // Not 0 while the last frame's registers changed on the way down the screen: another number, another frame.
  uint64_t raster_id(VTime now) const;
  // Of what can blink on this screen: the cursor, characters.
  unsigned blink_phase(VTime now) const;
  // When the picture next changes though the guest does nothing.
  VTime next_change(VTime now) const;

  // What the monitor says that it likes best, in pixels: the guest sees it in the EDID.
  void set_monitor(unsigned width, unsigned height);
  static constexpr uint16_t kMonitorWidth = 1024, kMonitorHeight = 768;  // unless told

  const VgaRegisters& state() const { return regs_; }

 private:
  class Ports final : public mem::PortDevice {
   public:
    explicit Ports(Vga& v) : vga_(v) {}
    uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

   private:
    Vga& vga_;
  };
  class DispiPorts final : public mem::PortDevice {
   public:
    explicit DispiPorts(Vga& v) : vga_(v) {}
    uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

   private:
    Vga& vga_;
  };
  class Window final : public mem::MmioDevice {
   public:
    explicit Window(Vga& v) : vga_(v) {}
    uint64_t mmio_read(uint64_t offset, unsigned width, VTime now) override;
    void mmio_write(uint64_t offset, unsigned width, uint64_t value, VTime now) override;
    uint64_t mmio_peek(uint64_t offset, unsigned width, VTime now) const override;

   private:
    Vga& vga_;
  };
  // Bits of blink_phase(): the cursor, characters.
  unsigned blinking() const;
  class Registers final : public mem::MmioDevice {
   public:
    explicit Registers(Vga& v) : vga_(v) {}
    uint64_t mmio_read(uint64_t offset, unsigned width, VTime now) override;
    void mmio_write(uint64_t offset, unsigned width, uint64_t value, VTime now) override;
    uint64_t mmio_peek(uint64_t offset, unsigned width, VTime now) const override;

   private:
    Vga& vga_;
  };

  // `port` is the real port number, 3B0h-3DFh.
  uint8_t read_port(unsigned port, VTime now);
  uint8_t peek_port(unsigned port, VTime now) const;
  void write_port(unsigned port, uint8_t value, VTime now);
  bool shows(unsigned port, uint8_t value) const;
  bool retimes(unsigned port, uint8_t value) const;
  bool decoded(unsigned port) const;
  void write_attribute(uint8_t value);
  void write_crtc(uint8_t value);
  uint8_t peek_crtc() const;
  void write_dac(uint8_t value);
  void step_dac();
  uint8_t peek_dac() const;

  uint16_t read_dispi(unsigned index) const;
  void write_dispi(unsigned index, uint16_t value);
  void enable_vbe(uint16_t value);
  void fix_geometry();

  void visit_memory(mem::StateVisitor& v);
  std::span<uint8_t> bytes() { return {memory_.data(), memory_.size()}; }
  std::span<const uint8_t> bytes() const { return {memory_.data(), memory_.size()}; }

  mem::Ram memory_;
  mem::DirtyPages dirty_{{memory_.data(), memory_.size()}};
  mem::EventLog& log_;
  VgaRegisters regs_;
  RasterLog raster_;
  struct Monitor {
    uint16_t width = kMonitorWidth, height = kMonitorHeight;
    static constexpr std::array kNames{"width", "height"};
  };
  Monitor monitor_;
  std::array<uint8_t, kEdidSize> edid_{};  // derived from monitor_
  uint64_t changes_ = 0;
  Ports ports_{*this};
  DispiPorts dispi_ports_{*this};
  Window window_{*this};
  Registers registers_{*this};
};

}  // namespace ilse::dev
