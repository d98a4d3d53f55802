// The GDB server: the packet layer alone, then a client's packets against a machine with a small program.
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "debug_machine.h"
#include "frontend/gdb/packet.h"
#include "frontend/gdb/server.h"
#include "frontend/gdb/stub.h"

using namespace ilse;
using namespace ilse::gdb;

namespace {

struct Received {
  std::string raw;
  std::vector<std::string> packets;
  int interrupts = 0;
  PacketLayer layer{[this](std::string_view s) { raw += s; }};
  void feed(std::string_view bytes) {
    layer.receive(
        bytes, [this](std::string_view p) { packets.emplace_back(p); }, [this] { ++interrupts; });
  }
};

// mov ax,1234; mov ds,bx (0); mov [500],ax; inc word [500]; mov cx,3; l: loop l; sti; hlt
constexpr std::initializer_list<uint8_t> kProgram{0xB8, 0x34, 0x12, 0x8E, 0xDB, 0xA3, 0x00, 0x05, 0xFF, 0x06,
                                                  0x00, 0x05, 0xB9, 0x03, 0x00, 0xE2, 0xFE, 0xFB, 0xF4};

// The other end of the wire.
struct Client {
  std::unique_ptr<ui::Machine> machine;
  Stub stub;
  Received wire;
  PacketLayer link;

  explicit Client(const char* model = "max", unsigned processors = 1)
      : machine(ui::machine_running(kProgram, model, processors)),
        stub(*machine, true),
        link([this](std::string_view s) { wire.feed(s); }) {
    stub.connect(&link);
  }
  ~Client() { stub.connect(nullptr); }
  std::string ask(std::string_view text) {
    wire.packets.clear();
    stub.packet(text);
    return wire.packets.empty() ? "(nothing)" : wire.packets.back();
  }
  // Sends a resuming packet, runs and gives the stop reply.
  std::string go(std::string_view text) {
    wire.packets.clear();
    stub.packet(text);
    for (int k = 0; k < 100 && !stub.stopped(); ++k) stub.ran(machine->run(1000));
    return wire.packets.empty() ? "(nothing)" : wire.packets.back();
  }
  std::string monitor(std::string_view text) {
    return from_hex(ask(std::string("qRcmd,").append(to_hex(text)))).value_or("(not hex)");
  }
};

}  // namespace

TEST_CASE("packets: checksum, acknowledgement, escapes", "[gdb]") {
  Received r;
  r.feed("+$m0,4#fd");
  CHECK(r.packets == std::vector<std::string>{"m0,4"});
  CHECK(r.raw == "+");
  r.feed("$m0,4#00");
  CHECK(r.packets.size() == 1);
  CHECK(r.raw == "+-");
  // Split anywhere; } and the next byte exclusive-or 20h is one byte.
  r.feed("$X0,1:}");
  r.feed("\x03#");
  r.feed("46");
  CHECK(r.interrupts == 0);
  r.feed("\x03");
  CHECK(r.interrupts == 1);
}

TEST_CASE("packets: an escaped byte arrives as itself", "[gdb]") {
  Received a;
  Received b;
  std::string data("a$b#c}d*e\x03", 10);
  a.layer.send(data);
  CHECK(a.raw.find("*") == std::string::npos);
  b.feed(a.raw);
  CHECK(b.packets == std::vector<std::string>{data});
}

TEST_CASE("packets: what was refused is sent again; not without acknowledgements", "[gdb]") {
  Received r;
  r.layer.send("OK");
  r.feed("-");
  CHECK(r.raw == "$OK#9a$OK#9a");
  r.layer.no_acks();
  r.feed("-$?#3f");
  CHECK(r.raw == "$OK#9a$OK#9a");
  CHECK(r.packets.size() == 1);
}

TEST_CASE("packets: an endless one is dropped", "[gdb]") {
  Received r;
  r.feed("$");
  for (int k = 0; k < 40; ++k) r.feed(std::string(1000, 'a'));
  r.feed("#00");
  CHECK(r.packets.empty());
  CHECK(r.raw == "-");
  r.feed("$?#3f");
  CHECK(r.packets.size() == 1);
}

TEST_CASE("numbers: no overflow", "[gdb]") {
  std::string_view t = "ffffffffffffffff,1";
  CHECK(take_hex(t) == UINT64_MAX);
  CHECK(t == ",1");
  t = "10000000000000000";
  CHECK_FALSE(take_hex(t));
  CHECK_FALSE(from_hex("0"));
  CHECK_FALSE(from_hex("zz"));
}

TEST_CASE("stub: at the reset vector the PC is linear", "[gdb]") {
  Client c;
  CHECK(c.ask("?").starts_with("T05thread:1;"));
  CHECK(c.ask("p10") == "f0ffffff00000000");
  CHECK(c.ask("p12") == "00f00000");
  CHECK(c.ask("mfffffff0,5") == "ea000000f0");
  CHECK(c.go("s").starts_with("T05"));
  CHECK(c.ask("p10") == "00000f0000000000");
}

TEST_CASE("stub: the description names what g sends, in order and size", "[gdb]") {
  for (const char* model : {"max", "pentium3"}) {
    Client c(model);
    std::string xml, piece;
    do {
      char text[64];
      std::snprintf(text, sizeof text, "qXfer:features:read:target.xml:%zx,200", xml.size());
      piece = c.ask(text);
      xml += piece.substr(1);
    } while (piece[0] == 'm');
    size_t bits = 0, count = 0;
    for (size_t at = 0; (at = xml.find("bitsize=\"", at)) != std::string::npos; ++count) {
      at += 9;
      bits += std::stoul(xml.substr(at));
    }
    CHECK(c.ask("g").size() == bits / 4);
    char last[16];
    std::snprintf(last, sizeof last, "p%zx", count);
    CHECK(c.ask(last) == "E22");
  }
}

TEST_CASE("stub: breakpoint, step from it, watchpoint, continue", "[gdb]") {
  Client c;
  CHECK(c.ask("qSupported:swbreak+;hwbreak+").find("PacketSize=4000") == 0);
  CHECK(c.ask("Z0,f0005,1") == "OK");
  CHECK(c.go("c") == "T05thread:1;swbreak:;");
  CHECK(c.ask("p10") == "05000f0000000000");
  CHECK(c.ask("mf0005,3") == "a30005");
  CHECK(c.ask("Z2,500,2") == "OK");
  CHECK(c.go("vCont;c:1") == "T05thread:1;watch:500;");
  CHECK(c.ask("p10") == "08000f0000000000");
  CHECK(c.ask("m500,2") == "3412");
  CHECK(c.ask("z2,500,2") == "OK");
  CHECK(c.ask("Z3,501,1") == "OK");
  CHECK(c.go("c") == "T05thread:1;rwatch:501;");
  CHECK(c.ask("z3,501,1") == "OK");
  CHECK(c.ask("m500,2") == "3512");
  CHECK(c.ask("z0,f0005,1") == "OK");
  // LOOP to itself: a step is one turn.
  CHECK(c.go("s").starts_with("T05"));
  CHECK(c.go("s").starts_with("T05"));
  CHECK(c.ask("p10") == "0f000f0000000000");
  CHECK(c.ask("p2") == "0200000000000000");
}

TEST_CASE("stub: nothing is attached while nothing is watched", "[gdb]") {
  Client c;
  CHECK(c.ask("Z0,f0005,1") == "OK");
  c.go("c");
  CHECK(c.machine->cpu().observer() != nullptr);
  CHECK(c.ask("z0,f0005,1") == "OK");
  c.stub.packet("c");
  CHECK(c.machine->cpu().observer() == nullptr);
  CHECK_FALSE(c.stub.stopped());
  c.wire.packets.clear();
  c.stub.interrupt();
  CHECK(c.wire.packets.back() == "T02thread:1;");
}

TEST_CASE("stub: registers and memory are written", "[gdb]") {
  Client c;
  CHECK(c.ask("P0=8877665544332211") == "OK");
  CHECK(c.machine->cpu().gpr[cpu::kRax] == 0x1122334455667788);
  CHECK(c.ask("P10=00000f0000000000") == "OK");
  CHECK(c.machine->cpu().rip() == 0x100000);
  CHECK(c.ask("M600,3:010203") == "OK");
  CHECK(c.ask(std::string_view("X603,2:\x04\x05", 9)) == "OK");
  CHECK(c.ask("m600,5") == "0102030405");
  std::string all = c.ask("g");
  CHECK(c.ask("G" + all) == "OK");
  CHECK(c.ask("g") == all);
  CHECK(c.ask("M600,3:0102") == "E22");
  CHECK(c.ask("Pffff=00") == "E22");
}

TEST_CASE("stub: QEMU's queries, threads, unknown packets", "[gdb]") {
  Client c;
  CHECK(c.ask("qqemu.sstepbits") == "ENABLE=1,NOIRQ=2,NOTIMER=4");
  CHECK(c.ask("Qqemu.sstep=7") == "OK");
  CHECK(c.ask("qqemu.sstep") == "0x7");
  CHECK(c.ask("Qqemu.PhyMemMode:1") == "OK");
  CHECK(c.ask("qqemu.PhyMemMode") == "1");
  CHECK(c.ask("qfThreadInfo") == "m1");
  CHECK(c.ask("qsThreadInfo") == "l");
  CHECK(c.ask("qC") == "QC1");
  CHECK(c.ask("Hg0") == "OK");
  CHECK(c.ask("T1") == "OK");
  CHECK(c.ask("vMustReplyEmpty").empty());
  CHECK(c.ask("qNonsense").empty());
  CHECK(c.ask("_").empty());
}

TEST_CASE("stub: a thread for each processor", "[gdb]") {
  Client c("max", 3);
  CHECK(c.ask("qfThreadInfo") == "m1,2,3");
  CHECK(c.ask("T3") == "OK");
  CHECK(c.ask("T4") == "E22");
  CHECK(c.ask("Hg4") == "E22");
  CHECK(from_hex(c.ask("qThreadExtraInfo,1")) == "CPU#0 [running]");
  CHECK(from_hex(c.ask("qThreadExtraInfo,2")) == "CPU#1 [halted ]");
  // The second has its own registers; it starts at 1000h, in RAM, while it is the first's turn.
  c.go("s");
  c.machine->cpu(1).start_up(1);
  const uint8_t code[] = {0x40, 0x40, 0x40, 0xEB, 0xFE};  // inc ax, three times; jmp to itself
  c.machine->board().memory().dma_write({0x1000}, code, {});
  CHECK(c.ask("Hg2") == "OK");
  CHECK(c.ask("qC") == "QC2");
  // The first runs its program to the end meanwhile.
  CHECK(c.go("vCont;s:2;c") == "T05thread:2;");
  CHECK(c.go("vCont;s:2;c") == "T05thread:2;");
  CHECK(c.ask("p0") == "0200000000000000");
  CHECK(c.ask("p10") == "0210000000000000");
  CHECK(c.machine->cpu(0).pending.activity == cpu::Activity::Halted);
  CHECK(c.ask("Hg1") == "OK");
  CHECK(c.ask("p0") == "3412000000000000");
  CHECK(c.monitor("info cpus").find("* CPU #0: halted") == 0);
  CHECK(c.ask("Hg2") == "OK");
  CHECK(c.monitor("info cpus").find("* CPU #1: running, r16 cpl 0 at 0100:2") != std::string::npos);
}

TEST_CASE("stub: a thread without an action stands still", "[gdb]") {
  Client c("max", 2);
  c.machine->cpu(1).start_up(1);
  const uint8_t code[] = {0x40, 0xEB, 0xFD};
  c.machine->board().memory().dma_write({0x1000}, code, {});
  CHECK(c.go("vCont;s:2") == "T05thread:2;");
  CHECK(c.machine->cpu(0).rip() == 0xFFF0);
  CHECK(c.machine->cpu(1).gpr[cpu::kRax] == 1);
  CHECK(c.ask("Z0,1000,1") == "OK");
  CHECK(c.go("vCont;c:2") == "T05thread:2;");
  CHECK(c.machine->cpu(0).rip() == 0xFFF0);
  // What is hit in one thread stops all, also when another was stepped.
  CHECK(c.ask("Hg1") == "OK");
  CHECK(c.go("vCont;s:1") == "T05thread:1;");
  CHECK(c.machine->cpu(0).rip() == 0);
  CHECK(c.go("vCont;c") == "T05thread:2;");
  CHECK(c.ask("vCont;c:9") == "E22");
}

TEST_CASE("stub: garbage gets an answer and breaks nothing", "[gdb]") {
  Client c;
  for (const char* text : {"m",
                           "m,",
                           "m0",
                           "mffffffffffffffff,ffffffff",
                           "M0,4:zz",
                           "X0,5:a",
                           "Z",
                           "Z9,0,0",
                           "Z0,",
                           "p",
                           "P=",
                           "G0",
                           "vCont",
                           "vCont;x",
                           "qXfer:features:read:target.xml:zz",
                           "qRcmd,zz",
                           "H",
                           "T",
                           "qXfer:features:read:target.xml:ffffffffffffffff,1",
                           "C",
                           "z2,1"}) {
    INFO(text);
    CHECK(c.ask(text) != "(nothing)");
    CHECK(c.stub.stopped());
  }
}

TEST_CASE("stub: monitor commands", "[gdb]") {
  Client c;
  CHECK(c.monitor("help").find("xp/NFU") != std::string::npos);
  CHECK(c.monitor("r").find("rip 000000000000fff0") != std::string::npos);
  CHECK(c.monitor("u").find("ljmp 0xf000:0") != std::string::npos);
  CHECK(c.monitor("xp/2xb 0xfffffff0").find("0xea 0x00") != std::string::npos);
  CHECK(c.monitor("nonsense").find("unknown") == 0);
  c.go("s");
  CHECK(c.monitor("reset").find("reset") == 0);
  CHECK(c.ask("p10") == "f0ffffff00000000");
  CHECK(c.ask("qRcmd," + to_hex("quit")) == "OK");
  CHECK(c.stub.killed());
}

TEST_CASE("server: over a socket; a second server on the port says so", "[gdb]") {
  auto machine = ui::machine_running(kProgram);
  auto server = Server::listen(*machine, "127.0.0.1", 0, true);
  REQUIRE(server);
  auto second = Server::listen(*machine, "127.0.0.1", (*server)->port(), true);
  REQUIRE_FALSE(second);
  CHECK(second.error().message.find("Address already in use") != std::string::npos);
  CHECK(second.error().message.find('\n') == std::string::npos);

  int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons((*server)->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  auto exchange = [&](std::string_view text) {
    REQUIRE(send(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()));
    std::string got;
    for (int k = 0; k < 500; ++k) {
      (*server)->run(1000);
      char bytes[256];
      ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
      if (n > 0) got.append(bytes, static_cast<size_t>(n));
      if (got.size() > 3 && got[got.size() - 3] == '#') break;
    }
    return got;
  };
  CHECK(exchange("$?#3f") == "+$T05thread:1;#d7");
  CHECK(machine->instructions() == 0);
  // Runs until the interrupt byte.
  const std::string_view go = "+$c#63";
  REQUIRE(send(fd, go.data(), go.size(), 0) == 6);
  for (int k = 0; k < 100 && machine->instructions() == 0; ++k) (*server)->run(5);
  CHECK(machine->instructions() > 0);
  CHECK(exchange("\x03").find("$T02thread:1;#") != std::string::npos);
  CHECK((*server)->stopped());
  close(fd);
  for (int k = 0; k < 3; ++k) (*server)->run(1);
}
