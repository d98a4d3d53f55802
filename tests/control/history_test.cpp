// Every interrupt and fault comes at the same instruction in both engines, and when the machine's thread is
// signalled out of the guest at any moment of the host's time: for each of the guest's ways.
#include <catch2/catch.hpp>
#include <chrono>
#include <random>
#include <sstream>
#include <tuple>

#include "control/ways.h"
#include "frontend/interrupter.h"
#include "frontend/machine.h"
#include "tests/replay/bare_machine.h"

using namespace ilse;

namespace {

constexpr uint64_t kEnd = 1'000'000;

struct History {
  std::vector<std::tuple<uint64_t, uint64_t, uint8_t>> deliveries;  // instruction count, RIP, vector
  uint64_t hash = 0;
};

// Where they part; empty: nowhere.
std::string difference(const History& a, const History& b) {
  for (size_t k = 0; k < std::max(a.deliveries.size(), b.deliveries.size()); ++k) {
    if (k < a.deliveries.size() && k < b.deliveries.size() && a.deliveries[k] == b.deliveries[k]) continue;
    std::ostringstream text;
    text << "delivery " << k;
    for (const History* h : {&a, &b}) {
      if (k >= h->deliveries.size()) continue;
      const auto& [count, rip, vector] = h->deliveries[k];
      text << ": vector " << +vector << " at instruction " << count << ", " << std::hex << rip << std::dec;
    }
    return text.str();
  }
  return a.hash == b.hash ? "" : "the state";
}

std::unique_ptr<ui::Machine> make_machine(const control::Way& way, bool translate) {
  const std::string path = control::image(ILSE_CONTROL_GUEST, way.number, way.timer);
  std::ifstream in(path, std::ios::binary);
  dev::BoardConfig config;
  config.ram_mib = 16;
  config.vga = false;
  config.bios.assign(std::istreambuf_iterator<char>(in), {});
  std::remove(path.c_str());
  ui::Machine::Options options;
  options.model = *cpu::find_model("max");
  options.clock = ui::ClockMode::Instructions;
  options.translate = translate;
  auto m = ui::Machine::create(std::move(config), options);
  REQUIRE(m);
  return std::move(*m);
}

History run(ui::Machine& m, const std::function<ui::MachineExit(uint64_t)>& slice) {
  History h;
  m.cpu().deliveries.listener = [&](const cpu::Delivery& d) {
    h.deliveries.emplace_back(d.count, d.rip, d.vector);
  };
  while (m.instructions() < kEnd) {
    if (slice(kEnd - m.instructions()) == ui::MachineExit::Asleep) break;
  }
  h.hash = m.hash();
  return h;
}

}  // namespace

TEST_CASE("control: every interrupt and fault comes at the same instruction in both engines") {
  for (const control::Way& way : control::kWays) {
    INFO(way.name);
    auto interpreting = make_machine(way, false), translating = make_machine(way, true);
    auto plain = [](ui::Machine& m) { return [&m](uint64_t n) { return m.run(n); }; };
    const History one = run(*interpreting, plain(*interpreting));
    const History other = run(*translating, plain(*translating));
    if (way.timer) CHECK(one.deliveries.size() >= 3);
    CHECK(difference(one, other) == "");
  }
}

TEST_CASE("control: a signal that brings the thread out of the guest leaves no trace in it") {
  std::mt19937 random(1);
  for (const control::Way& way : control::kWays) {
    for (bool translate : {false, true}) {
      INFO(way.name << (translate ? ", translating" : ", interpreting"));
      auto undisturbed = make_machine(way, translate), signalled = make_machine(way, translate);
      const History one = run(*undisturbed, [&](uint64_t n) { return undisturbed->run(n); });
      ui::Interrupter interrupter;
      REQUIRE(interrupter.attach(*signalled));
      unsigned cut_short = 0;
      const History other = run(*signalled, [&](uint64_t n) {
        interrupter.begin(std::chrono::microseconds(1 + random() % 60));
        const uint64_t to = signalled->instructions() + n;
        const ui::MachineExit exit = signalled->run(n);
        interrupter.end();
        if (exit == ui::MachineExit::None && signalled->instructions() < to) ++cut_short;
        return exit;
      });
      interrupter.detach();
      CHECK(difference(one, other) == "");
      if (way.number != 11) CHECK(cut_short > 0);
    }
  }
}

TEST_CASE("control: a kick just before REP takes nothing from the slice and adds nothing to it") {
  const auto machine = bare_machine();
  ui::Machine& m = *machine;
  uint8_t* ram = m.board().ram().data();
  // 0:1000h: stosb, so that the TLB has the page. The NMI's handler, 0:1100h: rep stosb; jmp to itself
  ram[0x1000] = 0xAA;
  ram[9] = 0x11;
  const std::vector<uint8_t> code{0xF3, 0xAA, 0xEB, 0xFE};
  std::copy(code.begin(), code.end(), ram + 0x1100);
  cpu::Cpu& c = m.cpu();
  for (cpu::Segment& s : c.seg) s = {0, 0xFFFF, 0, s.attr};
  c.gpr[cpu::kRsp] = 0x8000;
  c.gpr[cpu::kRcx] = 1000;
  c.gpr[cpu::kRdi] = 0x2000;
  c.set_rip(0x1000);
  c.update_mode();
  c.deliveries.listener = [&](const cpu::Delivery&) { m.kick(); };
  m.run(1);
  c.pulse_nmi();
  m.run(100);
  CHECK(m.instructions() <= 101);
  CHECK(c.gpr[cpu::kRcx] == 1001 - m.instructions());
  m.hold(false);
  m.run(101 - m.instructions());
  CHECK(m.instructions() == 101);
  CHECK(c.gpr[cpu::kRcx] == 900);
}
