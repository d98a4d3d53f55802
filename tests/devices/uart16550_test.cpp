// The serial port, by the features of the PC16550D data sheet.
#include "devices/serial/uart16550.h"

#include <catch2/catch.hpp>

#include "tests/devices/bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {
constexpr int kIrq4 = 4;
constexpr uint64_t kChar = 86'806;  // 10 bits at 115200 baud

struct UartBench : Bench {
  UartBench() {
    io.map(0x3F8, 8, uart);
    out8(0x3FB, 0x03);  // 8N1
    out8(0x3FC, 0x0B);  // DTR, RTS, OUT2
    in8(0x3FE);
  }
  void receive(std::string_view s) {
    for (char c : s) uart.receive(static_cast<uint8_t>(c), now);
  }
  bool irq() const { return lines.level(kIrq4); }
  uint8_t iir() { return in8(0x3FA); }
  uint8_t lsr() { return in8(0x3FD); }
  Uart16550 uart{scheduler, "com1", lines.line(kIrq4), sink};
};
}  // namespace

TEST_CASE("UART: characters go out at once and take their time at the baud rate") {
  UartBench b;
  CHECK(b.lsr() == 0x60);
  b.out8(0x3F8, 'H');
  CHECK(b.sink.text == "H");
  CHECK(b.lsr() == 0x20);  // in the shift register
  b.out8(0x3F8, 'i');
  CHECK(b.lsr() == 0x00);
  b.advance(kChar);
  CHECK(b.lsr() == 0x20);
  b.advance(kChar - 1);
  CHECK(b.lsr() == 0x20);
  b.advance(1);
  CHECK(b.lsr() == 0x60);
  CHECK(b.sink.text == "Hi");
}

TEST_CASE("UART: divisor and word length set the character time") {
  UartBench b;
  b.out8(0x3FB, 0x80);
  b.out8(0x3F8, 12);  // 9600 baud
  b.out8(0x3F9, 0);
  CHECK(b.in8(0x3F8) == 12);
  b.out8(0x3FB, 0x1F);  // 8 bits, parity, 2 stop bits: 12 bits
  b.out8(0x3F8, 'x');
  b.advance(1'249'999);
  CHECK(b.lsr() == 0x20);
  b.advance(1);
  CHECK(b.lsr() == 0x60);
}

TEST_CASE("UART: received characters, without FIFO: overrun loses the old one") {
  UartBench b;
  CHECK(b.uart.room() == 1);
  b.receive("a");
  CHECK(b.uart.room() == 0);
  b.advance(kChar - 1);
  CHECK((b.lsr() & 1) == 0);
  b.advance(1);
  CHECK((b.lsr() & 1) == 1);
  b.receive("b");
  b.advance(kChar);
  CHECK(b.lsr() == 0x63);
  CHECK(b.lsr() == 0x61);
  CHECK(b.in8(0x3F8) == 'b');
  CHECK(b.lsr() == 0x60);
}

TEST_CASE("UART: FIFO trigger level and character timeout") {
  UartBench b;
  b.out8(0x3FA, 0x87);  // trigger at 8
  b.out8(0x3F9, 0x01);
  CHECK(b.iir() == 0xC1);
  CHECK(b.uart.room() == 16);
  b.receive("1234567");
  b.advance(7 * kChar);
  CHECK_FALSE(b.irq());
  b.advance(4 * kChar);
  CHECK(b.irq());
  CHECK(b.iir() == 0xCC);
  CHECK(b.in8(0x3F8) == '1');
  CHECK_FALSE(b.irq());
  b.receive("89");
  b.advance(2 * kChar);
  CHECK(b.iir() == 0xC4);
  CHECK(b.in8(0x3F8) == '2');
  CHECK(b.iir() == 0xC1);
}

TEST_CASE("UART: FIFO overrun keeps the sixteen and loses the new one") {
  UartBench b;
  b.out8(0x3FA, 0x01);
  b.receive("0123456789abcdef");
  b.advance(16 * kChar);
  CHECK(b.uart.room() == 0);
  b.receive("X");
  b.advance(kChar);
  CHECK(b.lsr() == 0x63);
  std::string got;
  while ((b.lsr() & 1) != 0) got += static_cast<char>(b.in8(0x3F8));
  CHECK(got == "0123456789abcdef");
}

TEST_CASE("UART: the backend is told when there is room, and loses nothing") {
  UartBench b;
  b.out8(0x3FA, 0x01);
  std::string input(100, ' ');
  for (size_t i = 0; i < input.size(); ++i) input[i] = static_cast<char>('!' + i % 90);
  size_t at = 0;
  auto feed = [&](VTime now) {
    while (b.uart.room() != 0 && at < input.size()) b.uart.receive(static_cast<uint8_t>(input[at++]), now);
  };
  b.uart.on_room(feed);
  feed(b.now);
  std::string got;
  for (int i = 0; i < 300; ++i) {
    b.advance(kChar / 2 + (i % 7 == 0 ? 20 * kChar : 0));
    uint8_t lsr = b.lsr();
    CHECK((lsr & 2) == 0);
    if ((lsr & 1) != 0) got += static_cast<char>(b.in8(0x3F8));
  }
  CHECK(got == input);
}

TEST_CASE("UART: interrupt priorities") {
  UartBench b;
  b.out8(0x3F9, 0x0F);
  CHECK(b.iir() == 0x02);
  CHECK(b.iir() == 0x01);  // reading it cleared the THR-empty interrupt
  b.uart.set_modem_lines(0xA0, b.now);
  CHECK(b.iir() == 0x00);
  b.out8(0x3F8, 'x');
  CHECK(b.peek8(0x3FA) == 0x02);
  b.receive("a");
  b.advance(kChar);
  CHECK(b.peek8(0x3FA) == 0x04);
  b.receive("b");
  b.advance(kChar);
  CHECK(b.iir() == 0x06);
  b.lsr();
  CHECK(b.iir() == 0x04);
  b.in8(0x3F8);
  CHECK(b.iir() == 0x02);
  CHECK(b.iir() == 0x00);
  CHECK(b.in8(0x3FE) == 0xA1);
  CHECK(b.iir() == 0x01);
  CHECK_FALSE(b.irq());
}

TEST_CASE("UART: THR-empty interrupt, an edge for each emptied FIFO") {
  UartBench b;
  b.out8(0x3FA, 0x01);
  b.out8(0x3F9, 0x02);
  CHECK(b.irq());
  CHECK(b.iir() == 0xC2);
  CHECK_FALSE(b.irq());
  for (int i = 0; i < 16; ++i) b.out8(0x3F8, 'x');
  CHECK_FALSE(b.irq());
  b.advance(14 * kChar);
  CHECK_FALSE(b.irq());
  b.advance(kChar);
  CHECK(b.irq());
  CHECK(b.sink.text.size() == 16);
}

TEST_CASE("UART: OUT2 lets the interrupt out") {
  UartBench b;
  b.out8(0x3F9, 0x02);
  CHECK(b.irq());
  b.out8(0x3FC, 0x03);
  CHECK_FALSE(b.irq());
}

TEST_CASE("UART: modem status and its deltas") {
  UartBench b;
  CHECK(b.in8(0x3FE) == 0xB0);
  b.uart.set_modem_lines(0xF0, b.now);
  CHECK(b.in8(0x3FE) == 0xF0);  // RI counts when it ends
  b.uart.set_modem_lines(0x80, b.now);
  CHECK(b.in8(0x3FE) == 0x87);
  CHECK(b.in8(0x3FE) == 0x80);
}

TEST_CASE("UART: loopback of data and of the modem lines") {
  UartBench b;
  b.out8(0x3FC, 0x1A);  // RTS and OUT2
  CHECK((b.in8(0x3FE) & 0xF0) == 0x90);
  b.out8(0x3FC, 0x15);  // DTR and OUT1
  CHECK((b.in8(0x3FE) & 0xF0) == 0x60);
  b.out8(0x3F8, 0xAE);
  CHECK(b.sink.text.empty());
  b.advance(kChar);
  CHECK(b.in8(0x3F8) == 0xAE);
  CHECK(b.uart.room() == 0);
}

TEST_CASE("UART: break, and the error bit of the FIFO") {
  UartBench b;
  b.out8(0x3FA, 0x01);
  b.receive("a");
  b.uart.receive_break(b.now);
  b.advance(2 * kChar);
  CHECK(b.lsr() == 0xE1);
  b.in8(0x3F8);
  CHECK(b.lsr() == 0xF1);
  CHECK(b.lsr() == 0x61);
}

TEST_CASE("UART: FIFO control, scratch and identification") {
  UartBench b;
  b.out8(0x3FF, 0x5A);
  CHECK(b.in8(0x3FF) == 0x5A);
  CHECK(b.iir() == 0x01);
  b.out8(0x3FA, 0x01);
  CHECK(b.iir() == 0xC1);
  b.receive("abc");
  b.advance(3 * kChar);
  b.out8(0x3FA, 0x03);
  CHECK((b.lsr() & 1) == 0);
  b.out8(0x3F9, 0xFF);
  CHECK(b.in8(0x3F9) == 0x0F);
}

TEST_CASE("UART: saved, restored, poked at random") {
  check_state(StateTest<Uart16550>{
      .make =
          [](Bench& b) {
            auto uart = std::make_unique<Uart16550>(b.scheduler, "com1", b.lines.line(kIrq4), b.sink);
            b.io.map(0x3F8, 8, *uart);
            return uart;
          },
      .ports = {{.base = 0x3F8, .count = 8}},
      .stir =
          [](Uart16550& uart, Bench& b, uint64_t r) {
            switch (r % 8) {
              case 0: uart.set_modem_lines(static_cast<uint8_t>(r >> 8), b.now); break;
              case 1: uart.receive_break(b.now); break;
              default: uart.receive(static_cast<uint8_t>(r >> 8), b.now); break;
            }
          },
  });
}
