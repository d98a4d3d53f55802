// Several processors at work (guest.S): they get the right results, in one history whatever the slices, the
// observers and the saves in between.
#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <vector>

#include "frontend/machine.h"

using namespace ilse;

namespace {

// In guest.S too.
constexpr uint64_t kResults = 0x5000, kRounds = 500, kValues = 100;
constexpr uint64_t kCounter = 20, kTicket = 24, kTicketSum = 28, kSeen = 36, kAnswers = 48, kLowest = 52,
                   kHits = 0x100, kTicks = 0x140, kNmis = 0x180;

std::vector<uint8_t> image() {
  std::ifstream f(ILSE_SMP_GUEST, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}

std::unique_ptr<ui::Machine> make(unsigned processors, const char* model = "max", uint64_t hash_every = 0,
                                  ui::ClockMode clock = ui::ClockMode::Instructions,
                                  uint64_t turn = ui::Machine::kTurn) {
  dev::BoardConfig config;
  config.ram_mib = 16;
  config.cpus = processors;
  config.bios = image();
  config.vga = false;
  config.debug_exit = {true, 0xF4, 4};
  ui::Machine::Options options;
  options.model = *cpu::find_model(model);
  options.clock = clock;
  options.hash_every = hash_every;
  options.turn = turn;
  auto m = ui::Machine::create(std::move(config), options);
  REQUIRE(m);
  return std::move(*m);
}

uint32_t result(ui::Machine& m, uint64_t offset) {
  uint32_t v;
  std::memcpy(&v, m.board().ram().data() + kResults + offset, 4);
  return v;
}

// To the guest's end: its status, 1 for no failed check.
int run(ui::Machine& m, uint64_t slice) {
  for (ui::MachineExit exit = ui::MachineExit::None; m.instructions() < 50'000'000;) {
    exit = m.run(slice);
    if (exit == ui::MachineExit::DebugExit) return m.status();
    if (exit != ui::MachineExit::None) return -static_cast<int>(exit);
  }
  return -100;
}

class Nothing final : public cpu::Observer {
 public:
  bool before(cpu::Cpu&, const cpu::Insn&) override { return true; }
};

using Hashes = std::vector<std::pair<uint64_t, uint64_t>>;
Hashes hashes_of(ui::Machine& m, uint64_t slice) {
  Hashes hashes;
  m.on_hash([&](uint64_t count, uint64_t hash) { hashes.emplace_back(count, hash); });
  CHECK(run(m, slice) == 1);
  m.on_hash({});
  hashes.emplace_back(m.instructions(), m.hash());
  return hashes;
}

constexpr uint64_t kEvery = 7'001;

}  // namespace

TEST_CASE("several processors: start-up, locks, clocks, interrupts, shootdown, rewritten code, timers",
          "[smp]") {
  for (unsigned n : {2, 3, 4, 8, 16}) {
    INFO(n << " processors");
    auto m = make(n);
    CHECK(run(*m, 1'000'000) == 1);
    CHECK(result(*m, 0) == n);
    CHECK(result(*m, kCounter) == n * kRounds);
    CHECK(result(*m, kTicket) == n * kRounds);
    CHECK(result(*m, kTicketSum) == n * kRounds * (n * kRounds - 1) / 2);
    CHECK(result(*m, kSeen) == kValues);
    CHECK(result(*m, kLowest) == 10);
    CHECK(result(*m, kNmis + 4) == 1);
    CHECK(result(*m, kHits) == 1);  // of its own broadcast
    uint32_t answers = 0;
    for (unsigned k = 1; k < n; ++k) {
      const uint32_t logical = k < 4 ? 1 : 0;
      CHECK(result(*m, kHits + 4 * k) == 3 + logical);
      answers += 3 + logical;
    }
    // Answers that arrive while one waits are one.
    CHECK(result(*m, kAnswers) <= answers);
    CHECK(result(*m, kAnswers) > 0);
    for (unsigned k = 0; k < n; ++k) CHECK(result(*m, kTicks + 4 * k) == 1);
  }
}

TEST_CASE("several processors: right in turns of every length", "[smp]") {
  for (uint64_t turn : {1, 2, 3, 5, 7, 19, 100, 1009, 100'000}) {
    INFO("turns of " << turn);
    auto m = make(4, "max", 0, ui::ClockMode::Instructions, turn);
    CHECK(run(*m, 1'000'000) == 1);
    CHECK(result(*m, kCounter) == 4 * kRounds);
    CHECK(result(*m, kTicketSum) == 4 * kRounds * (4 * kRounds - 1) / 2);
  }
}

TEST_CASE("several processors: old models too, and under the host's clock", "[smp]") {
  for (const char* model : {"pentium", "pentium3", "x86-64"}) {
    INFO(model);
    CHECK(run(*make(4, model), 1'000'000) == 1);
  }
  auto m = make(4, "max", 0, ui::ClockMode::Host);
  int status = -100;
  for (uint64_t ns = 0; status == -100 && ns < 60'000'000'000; ns += 1'000'000) {
    m->clock_sample(ns);
    ui::MachineExit exit = m->run(50'000);
    if (exit == ui::MachineExit::DebugExit) status = m->status();
  }
  CHECK(status == 1);
}

TEST_CASE("several processors: a model without a local APIC is refused", "[smp]") {
  dev::BoardConfig config;
  config.cpus = 2;
  config.bios = image();
  ui::Machine::Options options;
  options.model = *cpu::find_model("486");
  auto m = ui::Machine::create(std::move(config), options);
  REQUIRE_FALSE(m);
  CHECK(m.error().message.find("486 has no local APIC") != std::string::npos);
}

TEST_CASE("several processors: one history in slices of every length", "[smp]") {
  Hashes first = hashes_of(*make(4, "max", kEvery), 50'000'000);
  REQUIRE(first.size() > 20);
  for (uint64_t slice : {1, 97, 4001, 10'007}) {
    INFO("slices of " << slice);
    CHECK(hashes_of(*make(4, "max", kEvery), slice) == first);
  }
}

TEST_CASE("several processors: one history, watched or not", "[smp]") {
  // An observer makes the blocks single instructions, and pages slow.
  Hashes first = hashes_of(*make(3, "max", kEvery), 50'000'000);
  auto m = make(3, "max", kEvery);
  Nothing nothing;
  for (unsigned k = 0; k < 3; ++k) m->cpu(k).observe(&nothing);
  CHECK(hashes_of(*m, 50'000'000) == first);
  for (unsigned k = 0; k < 3; ++k) m->cpu(k).observe(nullptr);
}

TEST_CASE("several processors: saved and loaded anywhere, they run on identically", "[smp]") {
  auto whole = make(4);
  REQUIRE(run(*whole, 1'000'000) == 1);
  const uint64_t end = whole->instructions(), hash = whole->hash();
  unsigned waiting = 0, halted = 0;
  for (uint64_t at = 100; at < end; at += end / 40) {
    auto a = make(4), b = make(4);
    a->run(at);
    run(*b, 1'000'000);  // some other state, to be replaced
    mem::SaveVisitor save;
    a->visit_state(save);
    auto bytes = save.take();
    mem::LoadVisitor load(bytes);
    b->visit_state(load);
    REQUIRE(load.error().empty());
    CHECK(load.at_end());
    CHECK(a->hash() == b->hash());
    for (unsigned k = 0; k < 4; ++k) {
      waiting += a->cpu(k).pending.activity == cpu::Activity::WaitForSipi;
      halted += a->cpu(k).pending.activity == cpu::Activity::Halted;
    }
    CHECK(run(*b, 1'000'000) == 1);
    CHECK(b->instructions() == end);
    CHECK(b->hash() == hash);
  }
  CHECK(waiting > 0);
  CHECK(halted > 0);
}

TEST_CASE("several processors: virtual time is the machine's, not each one's", "[smp]") {
  auto m = make(4);
  auto one = make(1);
  REQUIRE(run(*m, 1'000'000) == 1);
  // Nobody but the first ran at the beginning; later four shared the time of one.
  const uint64_t alone = m->instructions() * ui::Machine::kNsPerInstruction;
  CHECK(m->now().ns < alone * 2 / 3);
  CHECK(m->now().ns > alone / 4);
  one->run(10'000);
  CHECK(one->now().ns == one->instructions() * ui::Machine::kNsPerInstruction);
}
