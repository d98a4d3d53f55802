// The debugger's prompt and its breakpoints.
#include <catch2/catch.hpp>

#include "debug_machine.h"
#include "frontend/debugger/prompt.h"
#include "frontend/debugger/report.h"

using namespace ilse;
using namespace ilse::ui;

namespace {

struct Session {
  std::unique_ptr<Machine> machine;
  std::string said;
  Prompt prompt;
  explicit Session(std::initializer_list<uint8_t> code, unsigned processors = 1)
      : machine(machine_running(code, "max", processors)),
        prompt(*machine, [this](std::string_view s) { said += s; }) {}
  std::string tell(std::string_view line) {
    said.clear();
    prompt.command(line);
    return said;
  }
  uint64_t ip() const { return machine->cpu().rip(); }
};

bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("prompt: steps, over calls, repeats with an empty line", "[debugger]") {
  // mov sp,7000; call 9; hlt; nop*2; (9:) inc ax; ret
  Session s({0xBC, 0x00, 0x70, 0xE8, 0x03, 0x00, 0xF4, 0x90, 0x90, 0x40, 0xC3});
  CHECK(has(s.tell("s"), "mov sp, 0x7000"));
  s.tell("");
  CHECK(s.ip() == 3);
  CHECK(has(s.tell("n"), "hlt"));
  CHECK(s.ip() == 6);
  CHECK(s.machine->cpu().gpr[cpu::kRax] == 1);
  CHECK_FALSE(s.prompt.command("q"));
}

TEST_CASE("prompt: breakpoints of each kind", "[debugger]") {
  // l: inc ax; mov [500],ax; mov bx,[500]; jmp l
  Session s({0x40, 0xA3, 0x00, 0x05, 0x8B, 0x1E, 0x00, 0x05, 0xEB, 0xF6});
  CHECK(has(s.tell("vb 0xf000:4"), "breakpoint 1"));
  CHECK(has(s.tell("c"), "breakpoint 1"));
  CHECK(s.ip() == 4);
  s.tell("bpd 1");
  s.tell("lb 0xf0008");
  s.tell("c");
  CHECK(s.ip() == 8);
  s.tell("d 2");
  s.tell("watch r 0x501");
  CHECK(has(s.tell("c"), "watchpoint 3 at 0x500"));
  CHECK(s.ip() == 8);
  CHECK(has(s.tell("info b"), "1 vb 0xf000:0x4 disabled, hit 1 times"));
  s.tell("d 3");
  s.tell("pb 0xf0001");
  s.tell("c");
  CHECK(s.ip() == 1);
  CHECK(has(s.tell("lb nonsense"), "no such address"));
}

TEST_CASE("prompt: shows memory, registers, tables; unknown words get a hint", "[debugger]") {
  Session s({0xF4});
  CHECK(has(s.tell("r"), "rip 000000000000fff0"));
  CHECK(has(s.tell("sreg"), "cs   f000 base 00000000ffff0000"));
  CHECK(has(s.tell("creg"), "cr0 60000010"));
  CHECK(has(s.tell("x/3xb 0xfffffff0"), "0xea 0x00 0x00"));
  CHECK(has(s.tell("xp/1i 0"), "x/i"));
  CHECK(has(s.tell("u/1 0xf0000"), "hlt"));
  CHECK(has(s.tell("e/1 0xf0000"), "hlt\n  (no words for it)\n"));
  CHECK(has(s.tell("info page 0x1234"), "physical 1234"));
  CHECK(has(s.tell("bogus"), "help"));
  CHECK(has(s.tell("help"), "watch"));
}

TEST_CASE("prompt: explains instructions", "[debugger]") {
  Session s({0x40, 0x01, 0xD8, 0xF4});
  s.tell("s");
  CHECK(has(s.tell("e"), "inc ax\n  ax <- ax + 1; flags OSZAP\n"));
  CHECK(has(s.tell("e pc 2"), "add ax, bx\n  ax <- ax + bx; flags OSZAPC\n"));
}

TEST_CASE("prompt: the selected processor", "[debugger]") {
  Session s({0xF4}, 2);
  const uint8_t code[] = {0x40, 0xEB, 0xFD};  // l: inc ax; jmp l
  s.machine->board().memory().dma_write({0x1000}, code, {});
  CHECK(has(s.tell("info cpus"), "* CPU #0: running, r16 cpl 0 at f000:fff0"));
  CHECK(has(s.said, "  CPU #1: waits for SIPI"));
  s.tell("s");
  s.machine->cpu(1).start_up(1);
  CHECK(has(s.tell("cpu 1"), "cpu1 ("));
  CHECK(has(s.tell("s"), "jmp 0"));
  CHECK(has(s.tell("r"), "rax 0000000000000001"));
  CHECK(s.machine->cpu(0).pending.activity == cpu::Activity::Halted);
  CHECK(has(s.tell("cpu 0"), "cpu0 ("));
  CHECK(has(s.tell("r"), "rax 0000000000000000"));
  CHECK(has(s.tell("cpu 2"), "no such processor"));
  // Whichever processor reaches it is the selected one then.
  s.tell("lb 0x1000");
  CHECK(has(s.tell("c"), "breakpoint 1"));
  CHECK(has(s.said, "cpu1 ("));
}

TEST_CASE("prompt: a trace while stepping", "[debugger]") {
  Session s({0x40, 0x40, 0xF4});
  s.tell("trace on");
  s.tell("s 2");
  CHECK(has(s.tell("s"), "eax=1"));
  CHECK(has(s.tell("trace off"), "end"));
}
