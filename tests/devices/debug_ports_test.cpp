// The debug console, isa-debug-exit and pvpanic.
#include <catch2/catch.hpp>

#include "devices/debug/debugcon.h"
#include "devices/debug/isa_debug_exit.h"
#include "devices/debug/pvpanic.h"
#include "tests/devices/bench.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

TEST_CASE("debug console: says that it is there and prints") {
  Bench b;
  Debugcon console(b.sink);
  b.io.map(0xE9, 1, console);
  CHECK(b.in8(0xE9) == 0xE9);
  for (char c : std::string("ok\n")) b.out8(0xE9, static_cast<uint8_t>(c));
  CHECK(b.sink.text == "ok\n");
}

TEST_CASE("isa-debug-exit: the exit code is twice the value and one") {
  Bench b;
  std::vector<uint32_t> codes;
  IsaDebugExit exit([&](uint32_t code) { codes.push_back(code); });
  b.io.map(0xF4, 4, exit, 4);
  b.out8(0xF4, 0x10);
  b.out32(0xF4, 0);
  CHECK(b.in8(0xF4) == 0);
  CHECK(codes == std::vector<uint32_t>{0x21, 1});
}

TEST_CASE("pvpanic: known events are told and logged, others ignored") {
  Bench b;
  std::vector<std::string> log;
  b.log.set_sink([&](std::string_view line) { log.emplace_back(line); });
  std::vector<int> events;
  Pvpanic panic(b.log, [&](uint8_t e) { events.push_back(e); });
  b.io.map(0x505, 1, panic);
  CHECK(b.in8(0x505) == 3);
  b.out8(0x505, 0xF0);
  CHECK(events.empty());
  b.out8(0x505, 1);
  b.out8(0x505, 2);
  CHECK(events == std::vector<int>{1, 2});
  CHECK(log.size() == 2);
}
