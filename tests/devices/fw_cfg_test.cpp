// Firmware configuration device: ports, directory, DMA.
#include "devices/board/fw_cfg.h"

#include <catch2/catch.hpp>

#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

struct Rig {
  explicit Rig(Bench& bench) : b(bench), chip(b.map) {
    b.io.map(0x510, 2, chip.ports(), 2);
    b.io.map(0x514, 8, chip.dma_ports(), 4);
    chip.add_number(FwCfg::kCpus, 3, 2);
    chip.add_file("etc/first", {1, 2, 3});
    chip.add_file("etc/second", std::vector<uint8_t>(5000, 0x77));
  }
  std::string bytes(unsigned n) {
    std::string s;
    for (unsigned i = 0; i < n; ++i) s.push_back(static_cast<char>(b.in8(0x511)));
    return s;
  }
  // Builds the request at 1000h and starts it; gives back the control word.
  uint32_t dma(uint32_t control, uint32_t length, uint64_t address) {
    auto put = [&](uint64_t at, uint64_t v, unsigned n) {
      for (unsigned i = 0; i < n; ++i) b.ram.data()[at + i] = static_cast<uint8_t>(v >> (8 * (n - 1 - i)));
    };
    put(0x1000, control, 4);
    put(0x1004, length, 4);
    put(0x1008, address, 8);
    b.out32(0x514, 0);
    b.out32(0x518, 0x00100000);  // 1000h, big-endian
    uint32_t result = 0;
    for (unsigned i = 0; i < 4; ++i) result = result << 8 | b.ram.data()[0x1000 + i];
    return result;
  }
  void visit_state(ilse::mem::StateVisitor& v) { chip.visit_state(v); }
  Bench& b;
  FwCfg chip;
};

}  // namespace

TEST_CASE("fw_cfg: selector and data ports") {
  Bench b;
  Rig r(b);
  b.out16(0x510, 0);
  CHECK(r.bytes(5) == std::string("QEMU\0", 5));
  b.out16(0x510, 0);
  CHECK(b.peek8(0x511) == 'Q');
  CHECK(r.bytes(1) == "Q");
  b.out16(0x510, FwCfg::kInterfaceId);
  CHECK(r.bytes(4) == std::string("\3\0\0\0", 4));
  b.out16(0x510, FwCfg::kCpus);
  CHECK(r.bytes(2) == std::string("\3\0", 2));
  b.out16(0x510, 0x7FFF);
  CHECK(r.bytes(1) == std::string(1, '\0'));
}

TEST_CASE("fw_cfg: file directory") {
  Bench b;
  Rig r(b);
  b.out16(0x510, FwCfg::kFileDirectory);
  CHECK(r.bytes(4) == std::string("\0\0\0\2", 4));
  CHECK(r.bytes(8) == std::string("\0\0\0\3\0\x20\0\0", 8));
  CHECK(r.bytes(56).substr(0, 10) == std::string("etc/first\0", 10));
  CHECK(r.bytes(8) == std::string("\0\0\x13\x88\0\x21\0\0", 8));
  // Replacing keeps the key.
  r.chip.add_file("etc/first", {9});
  b.out16(0x510, 0x20);
  CHECK(r.bytes(1) == "\x9");
  CHECK(r.chip.file("etc/first")->size() == 1);
  CHECK(r.chip.file("etc/third") == nullptr);
}

TEST_CASE("fw_cfg: DMA interface") {
  Bench b;
  Rig r(b);
  CHECK(b.in32(0x514) == 0x554D4551);  // "QEMU" in memory order
  CHECK(b.in32(0x518) == 0x47464320);
  CHECK(r.dma(0x21u << 16 | 8 | 2, 4096, 0x2000) == 0);
  CHECK(b.ram.data()[0x2000] == 0x77);
  CHECK(b.ram.data()[0x2FFF] == 0x77);
  CHECK(b.ram.data()[0x3000] == 0);
  // The rest, then zeros over what was there.
  b.ram.data()[0x3FFF] = 0x55;
  CHECK(r.dma(2, 4096, 0x3000) == 0);
  CHECK(b.ram.data()[0x3387] == 0x77);
  CHECK(b.ram.data()[0x3388] == 0);
  CHECK(b.ram.data()[0x3FFF] == 0);
  // Select, skip, read.
  CHECK(r.dma(0x20u << 16 | 8 | 4, 1, 0) == 0);
  CHECK(r.dma(2, 1, 0x5000) == 0);
  CHECK(b.ram.data()[0x5000] == 2);
  // Items are read-only.
  CHECK(r.dma(0x20u << 16 | 8 | 16, 1, 0x5000) == 1);
}

TEST_CASE("fw_cfg: lengths and addresses from the guest are harmless") {
  Bench b;
  Rig r(b);
  CHECK(r.dma(0x21u << 16 | 8 | 2, 0xFFFFFFFF, 0xFFFFFFFFFFFFF000) == 0);
  CHECK(r.dma(4, 0xFFFFFFFF, 0) == 0);
  CHECK(r.dma(2, 16, 0x6000) == 0);
  b.out32(0x514, 0xFFFFFFFF);
  b.out32(0x518, 0xFFFFFFFF);
}

TEST_CASE("fw_cfg: state") {
  StateTest<Rig> test;
  test.make = [](Bench& b) { return std::make_unique<Rig>(b); };
  test.ports = {{0x510, 2, 2}, {0x514, 4, 4}};
  test.stir = [](Rig&, Bench& b, uint64_t x) { b.out16(0x510, x >> 8 & 0x21); };
  check_state(test);
}
