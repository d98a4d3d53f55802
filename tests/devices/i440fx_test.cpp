// 82441FX: memory layout, PAM, SMRAM.
#include "devices/pci/i440fx.h"

#include <catch2/catch.hpp>

#include "devices/pci/pci_host.h"
#include "tests/devices/state_test_support.h"

using namespace ilse::dev;
using namespace ilse::dev::test;
namespace mem = ilse::mem;

namespace {

class Screen : public mem::MmioDevice {
 public:
  uint64_t mmio_read(uint64_t offset, unsigned, VTime) override { return 0x70 + (offset & 0xF); }
  void mmio_write(uint64_t, unsigned, uint64_t value, VTime) override { last = value; }
  uint64_t mmio_peek(uint64_t offset, unsigned, VTime) const override { return 0x70 + (offset & 0xF); }
  uint64_t last = 0;
};

// Has its own address map: the bench's has RAM everywhere.
struct Rig {
  explicit Rig(Bench& bench) : b(bench), host(b.io, map), chip(map, ram, bios, 2 << 20) {
    for (size_t i = 0; i < bios.size(); ++i) bios[i] = static_cast<uint8_t>(i >> 12);
    b.io.map(0xCF8, 8, host, 4);
    host.attach(0, 0, chip);
    chip.set_vga_window(screen);
  }
  void config(uint8_t reg, uint8_t value) {
    b.out32(0xCF8, 0x80000000u | (reg & 0xFC));
    b.out8(static_cast<uint16_t>(0xCFC + (reg & 3)), value);
  }
  uint8_t config(uint8_t reg) {
    b.out32(0xCF8, 0x80000000u | (reg & 0xFC));
    return b.in8(static_cast<uint16_t>(0xCFC + (reg & 3)));
  }
  uint64_t read(uint64_t at) { return map.read({at}, 1, {}); }
  void write(uint64_t at, uint8_t value) { map.write({at}, 1, value, {}); }
  void visit_state(mem::StateVisitor& v) {
    host.visit_state(v);
    chip.visit_state(v);
  }
  Bench& b;
  mem::Ram ram = std::move(*mem::Ram::create(3 << 20));
  mem::PhysMap map{ram, b.log};
  std::vector<uint8_t> bios = std::vector<uint8_t>(256 * 1024);
  Screen screen;
  PciHost host;
  I440fx chip;
};

}  // namespace

TEST_CASE("82441FX: identity and layout at power-on") {
  Bench b;
  Rig r(b);
  CHECK(r.config(0) == 0x86);
  CHECK(r.config(1) == 0x80);
  CHECK(r.config(2) == 0x37);
  CHECK(r.config(3) == 0x12);
  CHECK(r.config(0x0B) == 0x06);
  // The reset vector, and the same byte below 1 MiB.
  CHECK(r.read(0xFFFFFFF0) == 0x3F);
  CHECK(r.read(0xFFFF0) == 0x3F);
  CHECK(r.read(0xFFFC0000) == 0);
  CHECK(r.read(0xE0000) == 0x20);
  CHECK(r.read(0xC0000) == 0xFF);
  CHECK(r.read(0xA0003) == 0x73);
  // Memory below and above 4 GiB.
  r.write(0x1FFFFF, 0x12);
  CHECK(r.ram.data()[0x1FFFFF] == 0x12);
  CHECK(r.read(0x200000) == 0xFF);
  r.write(0x1'0000'0000, 0x34);
  CHECK(r.ram.data()[0x200000] == 0x34);
  CHECK(r.read(0x1'0010'0000) == 0xFF);
  CHECK(I440fx::low_ram_of(512ull << 20) == 512ull << 20);
  CHECK(I440fx::low_ram_of(4ull << 30) == 3ull << 30);
}

TEST_CASE("82441FX: each PAM field steers reads and writes of its region") {
  Bench b;
  Rig r(b);
  struct Field {
    uint8_t reg, shift;
    uint64_t base, size;
  };
  std::vector<Field> fields{{0x59, 4, 0xF0000, 0x10000}};
  for (unsigned i = 0; i < 12; ++i) {
    fields.push_back(
        {static_cast<uint8_t>(0x5A + i / 2), static_cast<uint8_t>(i % 2 * 4), 0xC0000 + i * 0x4000, 0x4000});
  }
  for (const Field& f : fields) {
    INFO(std::hex << f.base);
    for (uint64_t at : {f.base, f.base + f.size - 1}) {
      auto rom = static_cast<uint8_t>(r.read(at));
      r.config(f.reg, static_cast<uint8_t>(2 << f.shift));  // writes to RAM
      r.write(at, 0x99);
      CHECK(r.read(at) == rom);
      CHECK(r.ram.data()[at] == 0x99);
      r.config(f.reg, static_cast<uint8_t>(1 << f.shift));  // reads from RAM
      CHECK(r.read(at) == 0x99);
      r.write(at, 0x55);
      CHECK(r.read(at) == 0x99);
      r.config(f.reg, static_cast<uint8_t>(3 << f.shift));
      r.write(at, 0x55);
      CHECK(r.read(at) == 0x55);
      CHECK(r.read(f.base ^ (f.base == 0xF0000 ? 0x1C000 : 0x4000)) != 0x55);
      r.config(f.reg, 0);
      CHECK(r.read(at) == rom);
    }
  }
}

TEST_CASE("82441FX: SMRAM open, closed, in SMM, and locked") {
  Bench b;
  Rig r(b);
  CHECK(r.config(0x72) == 0x02);
  r.config(0x72, 0x48);
  CHECK(r.config(0x72) == 0x4A);
  r.write(0xA0000, 0x42);
  CHECK(r.read(0xA0000) == 0x42);
  r.config(0x72, 0x08);
  CHECK(r.read(0xA0000) == 0x70);
  r.write(0xA0000, 0x11);
  CHECK(r.screen.last == 0x11);
  r.chip.set_smm(true);
  CHECK(r.read(0xA0000) == 0x42);
  r.chip.set_smm(false);
  CHECK(r.read(0xA0000) == 0x70);

  r.config(0x72, 0x58);
  CHECK(r.config(0x72) == 0x1A);
  r.config(0x72, 0x40);
  CHECK(r.config(0x72) == 0x1A);
  CHECK(r.read(0xA0000) == 0x70);
  r.chip.reset(ResetKind::Hard);
  r.config(0x72, 0x48);
  CHECK(r.config(0x72) == 0x4A);
}

TEST_CASE("82441FX: state") {
  StateTest<Rig> test;
  test.make = [](Bench& b) { return std::make_unique<Rig>(b); };
  test.ports = {{0xCF8, 8, 4}};
  test.stir = [](Rig& r, Bench&, uint64_t x) {
    r.config(static_cast<uint8_t>(0x59 + x % 7), static_cast<uint8_t>(x >> 8));
    if ((x >> 16 & 15) == 0) r.config(0x72, static_cast<uint8_t>(x >> 24));
    r.chip.set_smm((x >> 40 & 1) != 0);
  };
  check_state(test);

  // What the map shows comes back with the registers.
  Bench b1, b2;
  Rig a(b1), c(b2);
  a.config(0x59, 0x10);
  a.config(0x72, 0x18);
  mem::SaveVisitor save;
  a.visit_state(save);
  auto bytes = save.take();
  mem::LoadVisitor load(bytes);
  c.visit_state(load);
  CHECK(c.read(0xFFFF0) == 0);
  c.config(0x72, 0x48);
  CHECK(c.config(0x72) == 0x1A);
}
