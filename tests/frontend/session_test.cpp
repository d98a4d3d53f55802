// A whole session without a display: tiny guests, exit statuses, limits, character back ends, hashes, the
// prompts.
#include "frontend/session.h"

#include <catch2/catch.hpp>
#include <thread>

#include "frontend/exit_status.h"
#include "frontend/monitor.h"
#include "tiny_guest.h"

using namespace ilse;
using namespace ilse::ui;
using namespace ilse::ui::test;

namespace {

std::unique_ptr<Session> session(const Options& options) {
  auto s = Session::create(options);
  INFO((s ? "" : s.error().message));
  REQUIRE(s);
  return std::move(*s);
}

int run(const Code& code, const std::vector<std::string>& more = {}) {
  TinyGuest guest(code);
  return session(guest.options(more))->run();
}

// A character on COM1, waiting until it is on the line.
Code serial_put(char c) {
  return out8(0x3F8, static_cast<uint8_t>(c)) + Code{0xBA, 0xFD, 0x03, 0xEC, 0xA8, 0x40, 0x74, 0xFB};
}

// PIIX4: power management base B000h on, then soft-off.
Code power_off() {
  return out32(0xCF8, 0x80000B40) + out32(0xCFC, 0xB001) + out32(0xCF8, 0x80000B80) + out8(0xCFC, 1) +
         Code{0xBA, 0x04, 0xB0, 0xB8, 0x00, 0x20, 0xEF} + kCliHalt;
}

// lidt with a limit of zero, then int3: #BP, #GP, #DF, shutdown.
const Code kTripleFault{0x2E, 0x0F, 0x01, 0x1E, 0x07, 0x00, 0xCC, 0, 0, 0, 0, 0, 0};

// A session that runs on another thread, until it goes out of scope.
struct Running {
  std::unique_ptr<Session> s;
  int status = -1;
  std::thread thread;
  explicit Running(const Options& o) : s(session(o)), thread([this] { status = s->run(); }) {}
  ~Running() {
    if (s) s->control().end({kExitPowerOff, ""});
    if (thread.joinable()) thread.join();
  }
};

}  // namespace

TEST_CASE("Session: isa-debug-exit's value is the status") {
  CHECK(run(debug_exit(0x10)) == 0x21);
  CHECK(run(debug_exit(0)) == 1);
  CHECK(run(debug_exit(0x10), {"--clock", "host"}) == 0x21);
}

TEST_CASE("Session: the host keeps eight bits of isa-debug-exit's status") {
  CHECK(run(out32(0xF4, 0x1234)) == 0x69);
}

TEST_CASE("Session: soft-off ends it with status 0") {
  CHECK(run(power_off()) == kExitPowerOff);
  CHECK(run(power_off(), {"--clock", "host"}) == kExitPowerOff);
}

TEST_CASE("Session: a serial port into a file") {
  TempFile log;
  CHECK(run(serial_put('H') + serial_put('i') + debug_exit(1), {"-serial", "file:" + log.path}) == 3);
  CHECK(log.text() == "Hi");
}

TEST_CASE("Session: the debug console into a file") {
  TempFile log;
  CHECK(run(out8(0xE9, 'o') + out8(0xE9, 'k') + debug_exit(1), {"-debugcon", "file:" + log.path}) == 3);
  CHECK(log.text() == "ok");
}

TEST_CASE("Session: a triple fault with -no-reboot") {
  CHECK(run(kTripleFault, {"-no-reboot"}) == kExitTripleFault);
}

TEST_CASE("Session: a triple fault without -no-reboot starts again") {
  CHECK(run(kTripleFault, {"--max-instructions", "50"}) == kExitInstructions);
}

TEST_CASE("Session: a reset with -no-reboot ends it with status 0") {
  CHECK(run(out8(0xCF9, 0x06) + kCliHalt, {"-no-reboot"}) == kExitPowerOff);
}

TEST_CASE("Session: a panic through pvpanic") {
  CHECK(run(out8(0x505, 1) + kCliHalt, {"-device", "pvpanic"}) == kExitPanic);
}

TEST_CASE("Session: the instruction limit is exact") {
  TinyGuest guest(kJumpToSelf);
  auto s = session(guest.options({"--max-instructions", "12345"}));
  CHECK(s->run() == kExitInstructions);
  CHECK(s->machine().instructions() == 12345);
}

TEST_CASE("Session: the time limit") {
  CHECK(run(kJumpToSelf, {"--max-seconds", "0.2"}) == kExitSeconds);
  CHECK(run(kJumpToSelf, {"--max-seconds", "0.2", "--clock", "host"}) == kExitSeconds);
}

TEST_CASE("Session: halted for good, it says so instead of waiting for ever") {
  CHECK(run(kCliHalt) == kExitAsleep);
}

TEST_CASE("Session: jumping into nowhere harms nobody") {
  CHECK(run({0xEA, 0x00, 0x00, 0x00, 0xA0}, {"--max-instructions", "100000"}) == kExitInstructions);
}

TEST_CASE("Session: the same run gives the same hashes") {
  TinyGuest guest(Code{0x40} + Code{0xE4, 0x40} + Code{0xEB, 0xFB});  // inc ax; in al, 40h; again
  std::vector<std::pair<uint64_t, uint64_t>> hashes[2];
  for (auto& list : hashes) {
    auto s = session(guest.options({"--max-instructions", "20000", "--hash-every", "5000"}));
    s->machine().on_hash([&list](uint64_t count, uint64_t hash) { list.emplace_back(count, hash); });
    CHECK(s->run() == kExitInstructions);
  }
  REQUIRE(hashes[0].size() >= 3);
  CHECK(hashes[0][0].first == 5000);
  CHECK(hashes[0][0].second != hashes[0][1].second);
  CHECK(hashes[0] == hashes[1]);
}

TEST_CASE("Session: pausing stops the machine, and jobs still reach it") {
  TinyGuest guest(kJumpToSelf);
  Running r(guest.options());
  RunControl& control = r.s->control();
  uint64_t before = 0, after = 0;
  control.pause();
  REQUIRE(control.call([&](Machine& m) { before = m.instructions(); }));
  std::this_thread::sleep_for(std::chrono::milliseconds(30));
  REQUIRE(control.call([&](Machine& m) { after = m.instructions(); }));
  CHECK(before == after);
  control.resume();
  for (int i = 0; i < 500 && after == before; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    REQUIRE(control.call([&](Machine& m) { after = m.instructions(); }));
  }
  CHECK(after > before);
}

TEST_CASE("Session: after its end nobody waits for the machine") {
  TinyGuest guest(debug_exit(1));
  auto s = session(guest.options());
  CHECK(s->run() == 3);
  CHECK_FALSE(s->control().call([](Machine&) { FAIL("there is no thread to run this"); }));
}

TEST_CASE("Monitor: the selected processor") {
  TinyGuest guest(kJumpToSelf);
  const Options options = guest.options({"-S", "-smp", "2"});
  Running r(options);
  Monitor monitor(r.s->control(), options);
  CHECK(monitor.execute("info cpus").find("* CPU #0: running") == 0);
  CHECK(monitor.execute("info registers").find("HLT=0") != std::string::npos);
  CHECK(monitor.execute("cpu 1").empty());
  CHECK(monitor.execute("info cpus").find("* CPU #1: waits for SIPI") != std::string::npos);
  CHECK(monitor.execute("info registers").find("HLT=1") != std::string::npos);
  CHECK(monitor.execute("info registers -a").find("CPU#0\n") == 0);
  CHECK(monitor.execute("cpu 2") == "there are processors 0 to 1\n");
  CHECK(monitor.execute("cpu x") == "there are processors 0 to 1\n");
  CHECK(monitor.execute("quit").empty());
  r.thread.join();
}

TEST_CASE("Monitor: QEMU's words") {
  TinyGuest guest(kJumpToSelf);
  const Options options = guest.options({"-S"});
  Running r(options);
  Monitor monitor(r.s->control(), options);
  CHECK(monitor.execute("").empty());
  CHECK(monitor.execute("help").find("system_powerdown") != std::string::npos);
  std::string registers = monitor.execute("info registers");
  CHECK(registers.find("CS =f000 ffff0000") != std::string::npos);
  CHECK(registers.find("EIP=0000fff0") != std::string::npos);
  CHECK(monitor.execute("info status").starts_with("paused, 0 instructions"));
  CHECK(monitor.execute("info jit").starts_with("blocks: "));
  CHECK(monitor.execute("sysem_reset").find("did you mean system_reset?") != std::string::npos);
  CHECK(monitor.execute("screendump x.png") == "there is no display card\n");
  CHECK(monitor.execute("screendump").find("name is missing") != std::string::npos);
  CHECK(monitor.execute("cont").empty());
  CHECK_FALSE(r.s->control().paused());
  CHECK(monitor.execute("stop").empty());
  CHECK(r.s->control().paused());
  CHECK(monitor.execute(" quit ").empty());
  r.thread.join();
  CHECK(r.status == kExitPowerOff);
}

TEST_CASE("Session: the reset button restarts the guest") {
  TempFile log;
  TinyGuest guest(out8(0xE9, 'R') + kJumpToSelf);
  const Options options = guest.options({"-debugcon", "file:" + log.path});
  Running r(options);
  Monitor monitor(r.s->control(), options);
  auto count = [&] {
    uint64_t n = 0;
    REQUIRE(r.s->control().call([&](Machine& m) { n = m.instructions(); }));
    return n;
  };
  while (count() < 10) std::this_thread::yield();
  monitor.execute("system_reset");
  uint64_t seen = count();
  while (count() < seen + 100) std::this_thread::yield();
  monitor.execute("quit");
  r.thread.join();
  r.s.reset();
  CHECK(log.text() == "RR");
}

TEST_CASE("Prompt: lines, editing and the Ctrl-A commands") {
  LinePrompt prompt;
  std::vector<std::string> lines;
  std::vector<TerminalCommand> commands;
  auto feed = [&](std::string_view text) {
    return prompt.feed(
        text,
        [&](const std::string& l) {
          lines.push_back(l);
          return std::string("a\nb\n");
        },
        [&](TerminalCommand c) { commands.push_back(c); });
  };
  CHECK(feed("inxo") == "inxo");
  CHECK(feed("\x7F\x7F") == "\b \b\b \b");
  CHECK(feed("fo\r") == "fo\r\na\r\nb\r\n(ilse) ");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] == "info");
  feed("junk\x15ok\n");
  CHECK(lines[1] == "ok");
  feed(
      "\x01"
      "c\x01x");
  CHECK(commands == std::vector{TerminalCommand::Switch, TerminalCommand::Quit});
}
