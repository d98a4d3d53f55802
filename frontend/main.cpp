// Where `ilse` starts.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "devices/core/char_sink.h"
#include "frontend/machine.h"

namespace {
std::vector<uint8_t> slurp(const char* p) {
  std::ifstream f(p, std::ios::binary);
  return {std::istreambuf_iterator<char>(f), {}};
}
struct Out : ilse::dev::CharSink {
  void put(uint8_t b) override { std::putchar(b); }
};
}  // namespace

int main(int argc, char** argv) {
  using namespace ilse;
  dev::BoardConfig c;
  c.ram_mib = 512;
  c.bios = slurp("/usr/share/seabios/bios-256k.bin");
  c.vgabios = slurp("/usr/share/seabios/vgabios-stdvga.bin");
  if (argc > 2) c.kernel = slurp(argv[2]);
  if (argc > 3) c.initrd = slurp(argv[3]);
  if (argc > 4) c.append = argv[4];
  ui::Machine::Options o;
  o.model = *cpu::find_model("max");
  o.clock = ui::ClockMode::Instructions;
  auto m = ui::Machine::create(std::move(c), o);
  if (!m) {
    std::printf("%s\n", m.error().message.c_str());
    return 1;
  }
  Out out;
  (*m)->board().connect_serial(0, &out);
  (*m)->board().connect_firmware_log(&out);
  (*m)->board().log().set_sink([](std::string_view s) { std::fprintf(stderr, "%.*s\n", (int)s.size(), s.data()); });
  auto e = (*m)->run(strtoull(argv[1], nullptr, 0));
  std::fflush(stdout);
  auto& cpu = (*m)->cpu();
  std::printf("exit %d at %llu rip %llx cs %x flags %x act %d\n", (int)e, (unsigned long long)(*m)->instructions(), (unsigned long long)cpu.rip(), cpu.seg[1].selector, cpu.eflags(), (int)cpu.pending.activity);
}
