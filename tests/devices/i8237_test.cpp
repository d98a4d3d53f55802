// The DMA controllers, by the features of the 8237A data sheet.
#include "devices/dma/i8237.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "tests/devices/bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {
constexpr uint8_t kSingleWrite = 0x44;  // device to memory
constexpr uint8_t kSingleRead = 0x48;
constexpr uint8_t kSingleVerify = 0x40;
constexpr uint8_t kAuto = 0x10;
constexpr uint8_t kDown = 0x20;

struct DmaBench : Bench {
  DmaBench() {
    io.map(0x00, 16, dma.byte_controller());
    io.map(0xC0, 32, dma.word_controller());
    io.map(0x80, 16, dma.pages());
    out8(0xD6, 0xC0);  // channel 4: cascade
    out8(0xD4, 0x00);
  }
  void program2(uint8_t mode, uint32_t address, unsigned count) {
    out8(0x0A, 0x06);
    out8(0x0C, 0);
    out8(0x0B, mode | 2u);
    out8(0x04, address);
    out8(0x04, address >> 8);
    out8(0x05, count);
    out8(0x05, count >> 8);
    out8(0x81, address >> 16);
    out8(0x0A, 0x02);
  }
  unsigned word(uint16_t port) {
    out8(0x0C, 0);
    unsigned low = in8(port);
    return low | in8(port) << 8u;
  }
  I8237 dma{map};
};

std::vector<uint8_t> numbers(size_t n) {
  std::vector<uint8_t> v(n);
  std::iota(v.begin(), v.end(), uint8_t{1});
  return v;
}
}  // namespace

TEST_CASE("8237: a write transfer puts the device's bytes into memory up to the terminal count") {
  DmaBench b;
  b.program2(kSingleWrite, 0x51234, 7);
  auto bytes = numbers(10);
  auto t = b.dma.from_device(2, std::span(bytes).first(3), b.now);
  CHECK(t.bytes == 3);
  CHECK_FALSE(t.terminal_count);
  CHECK(b.dma.remaining(2) == 5);
  CHECK(b.word(0x04) == 0x1237);
  CHECK(b.word(0x05) == 4);
  t = b.dma.from_device(2, std::span(bytes).subspan(3), b.now);
  CHECK(t.bytes == 5);
  CHECK(t.terminal_count);
  CHECK(std::equal(bytes.begin(), bytes.begin() + 8, b.ram.data() + 0x51234));
  CHECK(b.ram.data()[0x5123C] == 0);
  CHECK(b.in8(0x08) == 0x04);  // status: TC of channel 2, cleared by reading
  CHECK(b.in8(0x08) == 0x00);
  CHECK(b.dma.from_device(2, bytes, b.now).bytes == 0);  // masked by the terminal count
  CHECK(b.word(0x05) == 0xFFFF);
}

TEST_CASE("8237: a read transfer, address decrement, wrap inside the 64 KiB page") {
  DmaBench b;
  b.ram.data()[0x20000] = 0xAA;
  b.ram.data()[0x2FFFF] = 0xBB;
  b.ram.data()[0x2FFFE] = 0xCC;
  b.program2(kSingleRead | kDown, 0x20000, 2);
  std::array<uint8_t, 3> got{};
  CHECK(b.dma.to_device(2, got, b.now).terminal_count);
  CHECK(got == std::array<uint8_t, 3>{0xAA, 0xBB, 0xCC});
}

TEST_CASE("8237: autoinitialize starts over and stays unmasked") {
  DmaBench b;
  b.program2(kSingleWrite | kAuto, 0x1000, 3);
  auto bytes = numbers(4);
  CHECK(b.dma.from_device(2, bytes, b.now).terminal_count);
  CHECK(b.dma.ready(2));
  CHECK(b.word(0x04) == 0x1000);
  CHECK(b.word(0x05) == 3);
}

TEST_CASE("8237: verify counts but moves nothing") {
  DmaBench b;
  b.program2(kSingleVerify, 0x1000, 3);
  auto bytes = numbers(4);
  auto t = b.dma.from_device(2, bytes, b.now);
  CHECK(t.bytes == 4);
  CHECK(t.terminal_count);
  CHECK(b.ram.data()[0x1000] == 0);
}

TEST_CASE("8237: the wrong direction, a masked channel, a disabled controller or cascade move nothing") {
  DmaBench b;
  b.program2(kSingleWrite, 0x1000, 3);
  std::array<uint8_t, 4> buffer{};
  CHECK(b.dma.to_device(2, buffer, b.now).bytes == 0);
  b.out8(0x0A, 0x06);
  CHECK(b.dma.from_device(2, buffer, b.now).bytes == 0);
  b.out8(0x0F, 0x00);
  CHECK(b.dma.ready(2));
  b.out8(0x08, 0x04);
  CHECK_FALSE(b.dma.ready(2));
  b.out8(0x08, 0x00);
  b.out8(0xD4, 0x04);  // channel 4 masked: nothing of the first controller comes through
  CHECK_FALSE(b.dma.ready(2));
  CHECK_FALSE(b.dma.ready(4));
  CHECK_FALSE(b.dma.ready(-1));
  CHECK_FALSE(b.dma.ready(8));
}

TEST_CASE("8237: channels 5 to 7 move words at doubled addresses") {
  DmaBench b;
  b.out8(0xD8, 0);
  b.out8(0xD6, kSingleWrite | 1u);
  b.out8(0xC4, 0x00);
  b.out8(0xC4, 0x80);
  b.out8(0xC6, 1);
  b.out8(0xC6, 0);
  b.out8(0x8B, 0x03);  // bit 0 is ignored
  b.out8(0xD4, 0x01);
  auto bytes = numbers(5);
  auto t = b.dma.from_device(5, bytes, b.now);
  CHECK(t.bytes == 4);
  CHECK(t.terminal_count);
  CHECK(std::equal(bytes.begin(), bytes.begin() + 4, b.ram.data() + 0x30000));
}

TEST_CASE("8237: flip-flop, master clear, clear mask, mask and request registers") {
  DmaBench b;
  b.out8(0x00, 0x34);
  b.out8(0x00, 0x12);
  CHECK(b.word(0x00) == 0x1234);
  b.in8(0x00);  // the flip-flop now selects the high byte
  b.out8(0x0D, 0);
  CHECK(b.in8(0x00) == 0x34);
  CHECK((b.in8(0x0F) & 0x0F) == 0x0F);
  b.out8(0x0E, 0);
  CHECK((b.in8(0x0F) & 0x0F) == 0x00);
  b.out8(0x09, 0x07);
  CHECK(b.in8(0x08) == 0x80);
  b.dma.set_dreq(1, true);
  CHECK(b.in8(0x08) == 0xA0);
}

TEST_CASE("8237: memory to memory through channels 0 and 1") {
  DmaBench b;
  auto bytes = numbers(16);
  std::copy(bytes.begin(), bytes.end(), b.ram.data() + 0x2000);
  b.out8(0x0C, 0);
  for (unsigned v : {0x00u, 0x20u}) b.out8(0x00, v);
  for (unsigned v : {15u, 0u}) b.out8(0x01, v);
  for (unsigned v : {0x00u, 0x30u}) b.out8(0x02, v);
  for (unsigned v : {15u, 0u}) b.out8(0x03, v);
  b.out8(0x0B, 0x88);
  b.out8(0x0B, 0x85);
  b.out8(0x08, 0x01);
  b.out8(0x09, 0x04);
  CHECK(std::equal(bytes.begin(), bytes.end(), b.ram.data() + 0x3000));
  CHECK((b.in8(0x08) & 0x03) == 0x03);
}

TEST_CASE("8237: all sixteen page registers can be written and read") {
  DmaBench b;
  for (uint16_t i = 0; i < 16; ++i) b.out8(0x80 + i, 0x10u + i);
  for (uint16_t i = 0; i < 16; ++i) CHECK(b.in8(0x80 + i) == 0x10 + i);
}

TEST_CASE("8237: saved, restored, poked at random") {
  check_state(StateTest<I8237>{
      .make =
          [](Bench& b) {
            auto dma = std::make_unique<I8237>(b.map);
            b.io.map(0x00, 16, dma->byte_controller());
            b.io.map(0xC0, 32, dma->word_controller());
            b.io.map(0x80, 16, dma->pages());
            return dma;
          },
      .ports = {{.base = 0x00, .count = 16}, {.base = 0xC0, .count = 32}, {.base = 0x80, .count = 16}},
      .stir =
          [](I8237& dma, Bench& b, uint64_t r) {
            std::array<uint8_t, 16> bytes{};
            bytes.fill(static_cast<uint8_t>(r >> 8));
            int channel = static_cast<int>(r & 7);
            if ((r & 0x80) != 0) dma.from_device(channel, bytes, b.now);
            if ((r & 0x40) != 0) dma.to_device(channel, bytes, b.now);
            dma.set_dreq(channel, (r & 0x20) != 0);
          },
  });
}
