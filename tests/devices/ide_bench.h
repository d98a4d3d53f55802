// The PIIX3's IDE function on the bench, programmed as firmware leaves it, with disks in memory that can be
// made to fail.
#pragma once

#include <catch2/catch.hpp>
#include <cstring>
#include <memory>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "devices/disk/piix3_ide.h"
#include "tests/devices/bench.h"

namespace ilse::dev::test {

// What a MemoryDisk has been told to do and what was done to it; outlives the drive.
struct DiskControl {
  std::vector<uint8_t> data;
  std::set<uint64_t> bad_reads, bad_writes;
  bool read_only = false;
  bool flush_fails = false;
  unsigned flushes = 0;
  uint64_t discarded = 0;

  // Each sector starts with its number.
  explicit DiskControl(uint64_t sectors) : data(sectors * kSectorSize) {
    for (uint64_t s = 0; s < sectors; ++s) std::memcpy(&data[s * kSectorSize], &s, sizeof s);
  }
  uint64_t number_at(uint64_t sector) const {
    uint64_t v = 0;
    std::memcpy(&v, &data[sector * kSectorSize], sizeof v);
    return v;
  }
};

class MemoryDisk : public BlockDevice {
 public:
  explicit MemoryDisk(DiskControl& control) : c_(control) {}
  uint64_t sectors() const override { return c_.data.size() / kSectorSize; }
  bool read_only() const override { return c_.read_only; }
  mem::Result<void> read(uint64_t lba, std::span<uint8_t> to) override {
    if (hit(c_.bad_reads, lba, to.size())) return mem::Error{"bad"};
    REQUIRE(lba * kSectorSize + to.size() <= c_.data.size());
    std::memcpy(to.data(), &c_.data[lba * kSectorSize], to.size());
    return {};
  }
  mem::Result<void> write(uint64_t lba, std::span<const uint8_t> from) override {
    if (hit(c_.bad_writes, lba, from.size())) return mem::Error{"bad"};
    REQUIRE(lba * kSectorSize + from.size() <= c_.data.size());
    std::memcpy(&c_.data[lba * kSectorSize], from.data(), from.size());
    return {};
  }
  mem::Result<void> discard(uint64_t lba, uint64_t count) override {
    REQUIRE((lba + count) * kSectorSize <= c_.data.size());
    std::memset(&c_.data[lba * kSectorSize], 0, count * kSectorSize);
    c_.discarded += count;
    return {};
  }
  mem::Result<void> flush() override {
    ++c_.flushes;
    if (c_.flush_fails) return mem::Error{"bad"};
    return {};
  }
  void visit_state(mem::StateVisitor& v) override { v.bytes("content", c_.data); }

 private:
  static bool hit(const std::set<uint64_t>& bad, uint64_t lba, uint64_t bytes) {
    auto it = bad.lower_bound(lba);
    return it != bad.end() && *it < lba + bytes / kSectorSize;
  }
  DiskControl& c_;
};

// Interrupts are pins 14 and 15 of bench.lines; the bus master is at C000h.
struct IdeBench : Bench {
  static constexpr uint16_t kData = 0x1F0, kError = 0x1F1, kCount = 0x1F2, kLow = 0x1F3, kMid = 0x1F4,
                            kHigh = 0x1F5, kDevice = 0x1F6, kCommand = 0x1F7, kControl = 0x3F6, kBm = 0xC000;
  static constexpr uint8_t kLba = 0xE0, kSlave = 0x10;

  PciHost pci{io, map};
  Piix3Ide ide{scheduler, map, lines.line(14), lines.line(15)};

  // After the drives are attached: power-on, and what firmware does.
  void start() {
    pci.attach(1, 1, ide);
    ide.reset(ResetKind::PowerOn);
    ide.config_write(0x20, 4, kBm, now);
    ide.config_write(0x40, 4, 0x80008000, now);
    ide.config_write(0x04, 2, 0x0005, now);
    wait();
    lines.clear();
  }

  uint8_t alternate() { return in8(kControl); }
  bool irq() const { return lines.level(14); }
  // Until the selected drive is not busy; the status then.
  uint8_t wait() {
    for (int i = 0; i < 400'000 && (alternate() & kAtaBsy) != 0; ++i) advance(1000);
    REQUIRE((alternate() & kAtaBsy) == 0);
    return alternate();
  }

  void set_lba28(uint32_t lba, uint8_t count, uint8_t device = kLba) {
    out8(kCount, count);
    out8(kLow, lba);
    out8(kMid, lba >> 8);
    out8(kHigh, lba >> 16);
    out8(kDevice, device | (lba >> 24 & 0xF));
  }
  void set_lba48(uint64_t lba, uint16_t count) {
    out8(kDevice, kLba);
    out8(kCount, count >> 8);
    out8(kLow, static_cast<uint32_t>(lba >> 24));
    out8(kMid, static_cast<uint32_t>(lba >> 32));
    out8(kHigh, static_cast<uint32_t>(lba >> 40));
    out8(kCount, count);
    out8(kLow, static_cast<uint32_t>(lba));
    out8(kMid, static_cast<uint32_t>(lba >> 8));
    out8(kHigh, static_cast<uint32_t>(lba >> 16));
  }
  void set_chs(unsigned cylinder, unsigned head, unsigned sector, uint8_t count) {
    out8(kCount, count);
    out8(kLow, sector);
    out8(kMid, cylinder);
    out8(kHigh, cylinder >> 8);
    out8(kDevice, 0xA0 | head);
  }
  uint32_t lba28() { return in8(kLow) | in8(kMid) << 8 | in8(kHigh) << 16 | (in8(kDevice) & 0xFu) << 24; }
  uint64_t lba48() {
    auto part = [this] {
      return uint64_t{in8(kLow)} | uint64_t{in8(kMid)} << 8 | uint64_t{in8(kHigh)} << 16;
    };
    uint64_t low = part();
    out8(kControl, 0x80);
    uint64_t high = part();
    out8(kControl, 0);
    return high << 24 | low;
  }

  // A command up to the end of its first BSY.
  uint8_t command(uint8_t c) {
    out8(kCommand, c);
    return wait();
  }
  std::vector<uint8_t> read_block(size_t bytes) {
    std::vector<uint8_t> data(bytes);
    for (size_t i = 0; i < bytes; i += 2) {
      uint16_t w = in16(kData);
      std::memcpy(&data[i], &w, 2);
    }
    return data;
  }
  void write_block(const std::vector<uint8_t>& data) {
    for (size_t i = 0; i < data.size(); i += 2)
      out16(kData, data[i] | static_cast<uint32_t>(data[i + 1]) << 8);
  }
  std::vector<uint16_t> identify(uint8_t c = 0xEC) {
    REQUIRE((command(c) & (kAtaDrq | kAtaErr)) == kAtaDrq);
    auto bytes = read_block(512);
    in8(kCommand);
    std::vector<uint16_t> words(256);
    std::memcpy(words.data(), bytes.data(), 512);
    return words;
  }

  // A descriptor table at `table` with regions (address, bytes).
  void prd(uint32_t table, const std::vector<std::pair<uint32_t, uint32_t>>& regions) {
    for (size_t i = 0; i < regions.size(); ++i) {
      uint32_t at = table + static_cast<uint32_t>(8 * i);
      map.write({at}, 4, regions[i].first, now);
      map.write({at + 4}, 4, (regions[i].second & 0xFFFF) | (i + 1 == regions.size() ? 0x80000000u : 0), now);
    }
    out32(kBm + 4, table);
    out8(kBm + 2, 0x06);
  }
  // From the start bit to the interrupt; the bus master's status then.
  uint8_t run_dma(bool to_memory) {
    out8(kBm, to_memory ? 0x09 : 0x01);
    for (int i = 0; i < 400'000 && (in8(kBm + 2) & 4) == 0; ++i) advance(1000);
    uint8_t status = in8(kBm + 2);
    out8(kBm, to_memory ? 0x08 : 0x00);
    return status;
  }
  uint64_t ram64(uint32_t at) { return map.read({at}, 8, now); }
};

}  // namespace ilse::dev::test
