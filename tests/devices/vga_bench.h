// A VGA on its bench: the chip on an I/O bus, programmed through its ports like a BIOS does.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "devices/display/vga.h"
#include "devices/display/vga_palette.h"
#include "memory/io_bus.h"

namespace ilse::dev::test {

struct VgaBench {
  mem::EventLog log;
  mem::IoBus io{log};
  Vga vga{std::move(*mem::Ram::create(Vga::kMemorySize)), log};
  mem::Ram ram{std::move(*mem::Ram::create(mem::kPageSize))};
  mem::PhysMap map{ram, log};
  VTime now{};

  VgaBench() {
    io.map(Vga::kFirstPort, Vga::kPortCount, vga.ports());
    io.map(Vga::kFirstDispiPort, Vga::kDispiPortCount, vga.dispi_ports(), 2);
    mem::Region frame_buffer = vga.frame_buffer();
    frame_buffer.base = kFrameBuffer;
    map.add({frame_buffer});
    map.commit();
  }

  void out(uint16_t port, unsigned v) { io.write(port, 1, v, now); }
  uint8_t in(uint16_t port) { return static_cast<uint8_t>(io.read(port, 1, now)); }
  uint8_t peek(uint16_t port) const { return static_cast<uint8_t>(io.peek(port, 1, now)); }

  void indexed(uint16_t port, unsigned index, unsigned v) { io.write(port, 2, index | v << 8, now); }
  uint8_t indexed(uint16_t port, unsigned index) {
    out(port, index);
    return in(static_cast<uint16_t>(port + 1));
  }
  void seq(unsigned i, unsigned v) { indexed(0x3C4, i, v); }
  void gc(unsigned i, unsigned v) { indexed(0x3CE, i, v); }
  void crtc(unsigned i, unsigned v) { indexed(0x3D4, i, v); }
  void attr(unsigned i, unsigned v) {
    in(0x3DA);
    out(0x3C0, i);
    out(0x3C0, v);
    out(0x3C0, 0x20);
  }
  void dac(unsigned i, unsigned r, unsigned g, unsigned b) {
    out(0x3C8, i);
    for (unsigned v : {r, g, b}) out(0x3C9, v);
  }
  void dispi(unsigned i, unsigned v) {
    io.write(0x1CE, 2, i, now);
    io.write(0x1CF, 2, v, now);
  }
  uint16_t dispi(unsigned i) {
    io.write(0x1CE, 2, i, now);
    return static_cast<uint16_t>(io.read(0x1CF, 2, now));
  }

  // The linear frame buffer, where firmware might put it.
  static constexpr uint64_t kFrameBuffer = 0xE0000000;
  void fb_write(uint64_t offset, unsigned width, uint64_t v) {
    map.write({kFrameBuffer + offset}, width, v, now);
  }
  uint64_t fb_read(uint64_t offset, unsigned width) { return map.read({kFrameBuffer + offset}, width, now); }

  // `a` is a physical address.
  void poke(uint32_t a, unsigned v, unsigned width = 1) {
    vga.window().mmio_write(a - 0xA0000, width, v, now);
  }
  uint64_t peek_memory(uint32_t a, unsigned width = 1) {
    return vga.window().mmio_peek(a - 0xA0000, width, now);
  }
  uint64_t read(uint32_t a, unsigned width = 1) { return vga.window().mmio_read(a - 0xA0000, width, now); }

  void load(unsigned misc, std::initializer_list<unsigned> seqs, std::initializer_list<unsigned> crtcs,
            std::initializer_list<unsigned> gcs, std::initializer_list<unsigned> attrs) {
    out(0x3C2, misc);
    unsigned i = 0;
    for (unsigned v : seqs) seq(i++, v);
    crtc(0x11, 0);
    i = 0;
    for (unsigned v : crtcs) crtc(i++, v);
    i = 0;
    for (unsigned v : gcs) gc(i++, v);
    i = 0;
    for (unsigned v : attrs) attr(i++, v);
  }
  // The BIOS's mode 3 with a 16-line font: 80 x 25, 720 x 400.
  void text_mode() {
    load(0x67, {3, 0, 3, 0, 2}, {0x5F, 0x4F, 0x50, 0x82, 0x55, 0x81, 0xBF, 0x1F, 0,    0x4F, 0x0D, 0x0E, 0,
                                 0,    0,    0,    0x9C, 0x8E, 0x8F, 0x28, 0x1F, 0x96, 0xB9, 0xA3, 0xFF},
         {0, 0, 0, 0, 0, 0x10, 0x0E, 0, 0xFF},
         {0, 1, 2, 3, 4, 5, 0x14, 7, 0x38, 0x39, 0x3A, 0x3B, 0x3C, 0x3D, 0x3E, 0x3F, 0x0C, 0, 0x0F, 8, 0});
    for (unsigned i = 0; i < 64; ++i) {
      auto level = [&](unsigned bit) { return ((i >> bit & 1) * 2 + (i >> (bit + 3) & 1)) * 21; };
      dac(i, level(2), level(1), level(0));
    }
  }
  // Glyphs go to plane 2 with odd/even off, as BIOSes and kernels do it.
  template <class F>
  void load_font(unsigned offset, unsigned height, F glyph_line) {
    seq(2, 4), seq(4, 6), gc(4, 2), gc(5, 0), gc(6, 4);
    for (unsigned code = 0; code < 256; ++code) {
      for (unsigned y = 0; y < height; ++y) poke(0xA0000 + offset + code * 32 + y, glyph_line(code, y));
    }
    seq(2, 3), seq(4, 2), gc(4, 0), gc(5, 0x10), gc(6, 0xE);
  }
  void print(unsigned column, unsigned row, std::string_view text, unsigned attribute = 7) {
    for (char c : text) {
      poke(0xB8000 + (row * 80 + column++) * 2, static_cast<uint8_t>(c) | attribute << 8, 2);
    }
  }
  void clear_text(unsigned attribute = 7) {
    for (unsigned i = 0; i < 0x4000; ++i) poke(0xB8000 + 2 * i, 0x20 | attribute << 8, 2);
  }

  Frame image() {
    Frame f;
    vga.render(now, f);
    return f;
  }
  TextGrid grid() {
    TextGrid g;
    vga.text(now, g);
    return g;
  }
  uint64_t hash() {
    mem::HashVisitor h;
    vga.visit_state(h);
    return h.digest();
  }
};

}  // namespace ilse::dev::test
