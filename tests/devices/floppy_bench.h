// The diskette controller with its DMA channel and two drives. Interrupts are pin 6; the ports are the PC's.
#pragma once

#include <catch2/catch.hpp>
#include <initializer_list>
#include <memory>
#include <vector>

#include "devices/disk/i82077.h"
#include "devices/dma/i8237.h"
#include "tests/devices/bench.h"
#include "tests/devices/ide_bench.h"

namespace ilse::dev::test {

struct FloppyRig {
  explicit FloppyRig(Bench& b) : dma(b.map), fdc(b.scheduler, b.lines.line(6), DmaChannel(dma, 2)) {
    b.io.map(0x00, 16, dma.byte_controller());
    b.io.map(0xC0, 32, dma.word_controller());
    b.io.map(0x80, 16, dma.pages());
    b.io.map(0x3F0, 6, fdc);
    b.io.map(0x3F7, 1, fdc, 1, 7);
    b.out8(0xD6, 0xC0);  // the cascade
    b.out8(0xD4, 0x00);
  }
  void visit_state(mem::StateVisitor& v) {
    dma.visit_state(v);
    fdc.visit_state(v);
  }
  I8237 dma;
  I82077 fdc;
};

struct FloppyBench : Bench {
  static constexpr uint32_t kBuffer = 0x20000;
  using Bytes = std::vector<int>;

  // A diskette with so many sectors in drive A, whose bytes tell their sector.
  explicit FloppyBench(uint64_t sectors = 2880, FloppyType type = FloppyType::M1440) : disk(sectors) {
    for (size_t i = 0; i < disk.data.size(); ++i) disk.data[i] = static_cast<uint8_t>(i / 512 * 7 + i % 251);
    rig.fdc.drive(0).set_type(type);
    if (sectors != 0) insert();
    start();
  }
  void insert() { rig.fdc.drive(0).insert(std::make_unique<MemoryDisk>(disk)); }
  // Out of reset, motor A on, drive A selected, at the diskette's rate.
  void start(uint8_t rate = 0) {
    out8(0x3F2, 0x00);
    out8(0x3F2, 0x1C);
    advance(1'000'000);
    for (int i = 0; i < 4; ++i) command({0x08});
    out8(0x3F7, rate);
    command({0x03, 0xAF, 0x02});
    command({0x07, 0x00});
    wait();
    command({0x08});
  }
  void send(std::initializer_list<int> bytes) {
    for (int v : bytes) {
      REQUIRE((in8(0x3F4) & 0xC0) == 0x80);
      out8(0x3F5, static_cast<uint32_t>(v));
    }
  }
  Bytes result() {
    Bytes got;
    while ((in8(0x3F4) & 0xD0) == 0xD0) got.push_back(in8(0x3F5));
    return got;
  }
  // Until the interrupt; false if none comes within a second.
  bool wait() {
    for (int i = 0; i < 10'000 && !lines.level(6); ++i) advance(100'000);
    return lines.level(6);
  }
  // A command that ends at once.
  Bytes command(std::initializer_list<int> bytes) {
    send(bytes);
    return result();
  }
  Bytes run(std::initializer_list<int> bytes) {
    send(bytes);
    CHECK(wait());
    return result();
  }
  // DMA channel 2: `mode` 46h to memory, 4Ah from memory.
  void set_up_dma(uint8_t mode, uint32_t bytes) {
    out8(0x0A, 0x06);
    out8(0x0C, 0);
    out8(0x0B, mode);
    out8(0x04, kBuffer & 0xFF);
    out8(0x04, kBuffer >> 8 & 0xFF);
    out8(0x81, kBuffer >> 16);
    out8(0x05, (bytes - 1) & 0xFF);
    out8(0x05, (bytes - 1) >> 8);
    out8(0x0A, 0x02);
  }
  bool buffer_is(uint64_t lba, size_t bytes) {
    return std::memcmp(ram.data() + kBuffer, &disk.data[lba * 512], bytes) == 0;
  }

  DiskControl disk;
  FloppyRig rig{*this};
};

}  // namespace ilse::dev::test
