// A machine with the real firmware and a GDB server, for the tests with a real gdb: says its port on standard
// output and runs until the debugger ends it, or for a number of seconds.
//   gdb_host [-smp N] BIOS VGABIOS DISK|- [KERNEL INITRD APPEND]
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "devices/disk/image/raw_image.h"
#include "frontend/gdb/server.h"
#include "frontend/machine.h"

namespace {

std::vector<uint8_t> file_bytes(const char* path) {
  std::ifstream f(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}

}  // namespace

int main(int argc, char** argv) {
  using namespace ilse;
  dev::BoardConfig c;
  if (argc > 2 && std::string(argv[1]) == "-smp") {
    c.cpus = static_cast<unsigned>(std::stoul(argv[2]));
    argc -= 2;
    argv += 2;
  }
  if (argc < 4) return 2;
  c.ram_mib = 256;
  c.bios = file_bytes(argv[1]);
  c.vgabios = file_bytes(argv[2]);
  if (std::string(argv[3]) != "-") {
    auto image = dev::RawImage::open(argv[3], dev::RawImage::Access::ReadOnly);
    if (!image) return 3;
    dev::DriveConfig drive;
    drive.image = std::move(*image);
    c.drives.push_back(std::move(drive));
  }
  if (argc > 4) c.kernel = file_bytes(argv[4]);
  if (argc > 5) c.initrd = file_bytes(argv[5]);
  if (argc > 6) c.append = argv[6];
  ui::Machine::Options o;
  o.model = *cpu::find_model("max");
  o.clock = ui::ClockMode::Instructions;
  auto machine = ui::Machine::create(std::move(c), o);
  if (!machine) return 4;
  auto server = gdb::Server::listen(**machine, "", 0, true);
  if (!server) return 5;
  std::printf("%u\n", (*server)->port());
  std::fflush(stdout);
  auto end = std::chrono::steady_clock::now() + std::chrono::seconds(900);
  while (std::chrono::steady_clock::now() < end) {
    ui::MachineExit exit = (*server)->run(1'000'000);
    if (exit != ui::MachineExit::None && exit != ui::MachineExit::Asleep) return 0;
  }
  return 6;
}
