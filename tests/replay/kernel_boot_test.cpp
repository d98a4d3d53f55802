// Invariant 2 of DESIGN.md over a whole boot: Debian's kernel from reset through a command in its userland to
// power-off twice, in other slices, and once more from the middle on in a machine that loaded what another
// saved. ILSE_GUESTS is the folder of the guests (./run --build-guests); without it there is nothing to boot.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "frontend/machine.h"

using namespace ilse;

namespace {

std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream f(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}

constexpr uint64_t kEvery = 100'000'000, kMiddle = 2'345'678'901, kLimit = 50'000'000'000;

struct Boot {
  std::vector<std::pair<uint64_t, uint64_t>> hashes;
  std::unique_ptr<ui::Machine> machine;

  explicit Boot(const std::string& guests) {
    dev::BoardConfig config;
    config.ram_mib = 256;
    config.bios = read_file("/usr/share/seabios/bios-256k.bin");
    config.vgabios = read_file("/usr/share/seabios/vgabios-stdvga.bin");
    config.kernel = read_file(guests + "/debian-amd64.vmlinuz");
    config.initrd = read_file(guests + "/debian-amd64.initrd");
    config.append = "console=ttyS0,115200 -- lspci; poweroff";
    ui::Machine::Options options;
    options.model = *cpu::find_model("max");
    options.clock = ui::ClockMode::Instructions;
    options.hash_every = kEvery;
    auto m = ui::Machine::create(std::move(config), options);
    REQUIRE(m);
    machine = std::move(*m);
    machine->on_hash([this](uint64_t count, uint64_t hash) { hashes.emplace_back(count, hash); });
  }

  // Up to a count, or to the end.
  ui::MachineExit run(uint64_t to, uint64_t slice) {
    ui::MachineExit exit = ui::MachineExit::None;
    while (exit == ui::MachineExit::None && machine->instructions() < to)
      exit = machine->run(std::min(slice, to - machine->instructions()));
    return exit;
  }
};

}  // namespace

TEST_CASE("determinism: a kernel's boot gives the same hashes twice, and from a state saved in the middle",
          "[.kernel]") {
  const char* guests = std::getenv("ILSE_GUESTS");
  if (guests == nullptr || !std::ifstream(std::string(guests) + "/debian-amd64.vmlinuz") ||
      !std::ifstream("/usr/share/seabios/bios-256k.bin")) {
    std::cout << "skipped: no guest, or no SeaBIOS\n";
    return;
  }
  Boot first(guests), second(guests), third(guests);
  REQUIRE(first.run(kLimit, kLimit) == ui::MachineExit::PowerOff);
  INFO("instructions: " << first.machine->instructions());
  CHECK(first.hashes.size() == first.machine->instructions() / kEvery);

  REQUIRE(second.run(kMiddle, 777'777) == ui::MachineExit::None);
  mem::SaveVisitor save;
  second.machine->visit_state(save);
  auto bytes = save.take();
  mem::LoadVisitor load(bytes);
  third.machine->visit_state(load);
  REQUIRE(load.error() == "");
  CHECK(load.at_end());
  third.hashes = second.hashes;

  REQUIRE(second.run(kLimit, 777'777) == ui::MachineExit::PowerOff);
  CHECK(second.hashes == first.hashes);
  CHECK(second.machine->hash() == first.machine->hash());
  REQUIRE(third.run(kLimit, 10'000'000) == ui::MachineExit::PowerOff);
  CHECK(third.hashes == first.hashes);
  CHECK(third.machine->hash() == first.machine->hash());
}
