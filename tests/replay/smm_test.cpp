// System management mode with real firmware: SeaBIOS moves SMBASE into SMRAM by an SMI of its own, closes
// SMRAM, and goes on. Skipped with a message where it is not installed.
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "frontend/machine.h"

using namespace ilse;

namespace {

constexpr uint64_t kSmram = 0xA0000, kEntry = kSmram + 0x8000;

std::vector<uint8_t> firmware() {
  std::ifstream f("/usr/share/seabios/bios-256k.bin", std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}

}  // namespace

TEST_CASE("SMM: SeaBIOS sets it up, by either save area") {
  for (const char* model : {"max", "pentium3"}) {
    INFO(model);
    dev::BoardConfig config;
    config.ram_mib = 32;
    config.bios = firmware();
    if (config.bios.empty()) {
      WARN("skipped: no SeaBIOS (Debian's package seabios)");
      return;
    }
    ui::Machine::Options options;
    options.model = *cpu::find_model(model);
    options.clock = ui::ClockMode::Instructions;
    auto made = ui::Machine::create(std::move(config), options);
    REQUIRE(made);
    ui::Machine& m = **made;
    while (m.instructions() < 6'000'000 && m.cpu().msr.smbase != kSmram) m.run(10'000);
    REQUIRE(m.cpu().msr.smbase == kSmram);
    CHECK_FALSE(m.cpu().pending.smm);
    m.run(1'000'000);

    // The handler is in SMRAM, which only system management mode sees.
    mem::Ram& ram = m.board().ram();
    REQUIRE(ram.data()[kEntry] == 0x8C);  // mov ax, cs
    CHECK(m.board().memory().peek({kEntry}, 1, m.now()) != 0x8C);
    m.board().set_smm(0, true);
    CHECK(m.board().memory().peek({kEntry}, 1, m.now()) == 0x8C);
    m.board().set_smm(0, false);

    // An SMI through the APM port comes back to where it was.
    auto before = m.cpu().gpr;
    m.cpu().pulse_smi();
    bool entered = false;
    for (unsigned k = 0; k < 20'000 && !(entered && !m.cpu().pending.smm); ++k) {
      m.run(1);
      entered = entered || m.cpu().pending.smm;
    }
    CHECK(entered);
    CHECK_FALSE(m.cpu().pending.smm);
    CHECK(m.cpu().gpr[cpu::kRsp] == before[cpu::kRsp]);
  }
}
