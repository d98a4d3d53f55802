// Save, load, hash; and a guest that programs the VGA with garbage.
#include <random>

#include "tests/devices/vga_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

std::vector<uint8_t> save(VgaBench& b) {
  mem::SaveVisitor v;
  b.vga.visit_state(v);
  return v.take();
}

void poke_at_random(VgaBench& b, std::mt19937& random, int steps) {
  for (int i = 0; i < steps; ++i) {
    b.now.ns += random() % 100'000;
    unsigned width = 1u << random() % 4;
    switch (random() % 8) {
      case 0:
      case 1: b.out(static_cast<uint16_t>(0x3B0 + random() % 0x30), random() & 0xFF); break;
      case 2: b.in(static_cast<uint16_t>(0x3B0 + random() % 0x30)); break;
      case 3: b.dispi(random() % 12, random() % 4 != 0 ? random() % 2600 : random() & 0xFFFF); break;
      case 4: b.vga.window().mmio_write(random() % Vga::kWindowSize & ~7ull, width, random(), b.now); break;
      case 5: b.vga.window().mmio_read(random() % Vga::kWindowSize & ~7ull, width, b.now); break;
      case 6: b.vga.registers().mmio_write(random() % 0x700 & ~7ull, width, random(), b.now); break;
      default: b.fb_write(random() % Vga::kMemorySize & ~7ull, width, random());
    }
  }
}

}  // namespace

TEST_CASE("vga: a loaded copy saves, hashes and shows the same") {
  VgaBench a, b;
  a.text_mode();
  a.load_font(0, 16, [](unsigned code, unsigned y) { return code * y & 0xFF; });
  a.print(3, 4, "saved");
  a.out(0x3C8, 5);
  a.out(0x3C9, 17);  // in the middle of a DAC entry
  a.read(0xB8000);   // latches
  auto bytes = save(a);
  b.print(0, 0, "old contents");
  mem::LoadVisitor load(bytes);
  b.vga.visit_state(load);
  REQUIRE(load.ok());
  CHECK(load.at_end());
  CHECK(save(b) == bytes);
  CHECK(a.hash() == b.hash());
  CHECK(a.image() == b.image());
  for (VgaBench* x : {&a, &b}) {
    x->out(0x3C9, 18);
    x->out(0x3C9, 19);
  }
  CHECK(a.hash() == b.hash());
  a.poke(0xB8000, 1);
  CHECK(a.hash() != b.hash());
}

TEST_CASE("vga: a truncated state is refused") {
  VgaBench a;
  a.text_mode();
  a.clear_text();
  auto bytes = save(a);
  for (size_t n : {size_t{0}, size_t{10}, size_t{200}, bytes.size() / 2, bytes.size() - 1}) {
    VgaBench b;
    mem::LoadVisitor load(std::span<const uint8_t>(bytes.data(), n));
    b.vga.visit_state(load);
    CHECK_FALSE(load.ok());
    b.image();
  }
}

TEST_CASE("vga: reset clears the registers; memory only at power-on") {
  VgaBench b;
  uint64_t fresh = b.hash();
  b.text_mode();
  b.print(0, 0, "x");
  b.vga.reset(ResetKind::Hard);
  CHECK(b.in(0x3CC) == 0);
  CHECK(b.fb_read(0, 1) == 'x');
  b.vga.reset(ResetKind::PowerOn);
  CHECK(b.hash() == fresh);
}

TEST_CASE("vga: random poking never breaks it, and save/load is the identity after it") {
  std::mt19937 random(1);
  for (int round = 0; round < 30; ++round) {
    VgaBench a, b;
    if (round % 2 == 0) a.text_mode();
    poke_at_random(a, random, 3000);
    a.image();
    a.grid();
    auto bytes = save(a);
    mem::LoadVisitor load(bytes);
    b.vga.visit_state(load);
    REQUIRE(load.ok());
    CHECK(save(b) == bytes);
    CHECK(a.image() == b.image());
    // Both run on identically.
    b.now = a.now;
    std::mt19937 same = random;
    poke_at_random(a, random, 300);
    poke_at_random(b, same, 300);
    CHECK(a.hash() == b.hash());
  }
}

TEST_CASE("vga: a state with garbage in it is drawn without harm") {
  std::mt19937 random(2);
  VgaBench a;
  a.text_mode();
  auto good = save(a);
  for (int round = 0; round < 200; ++round) {
    auto bytes = good;
    for (int i = 0; i < 40; ++i)
      bytes[16 + random() % 1000 % (bytes.size() - 16)] = static_cast<uint8_t>(random());
    VgaBench b;
    mem::LoadVisitor load(bytes);
    b.vga.visit_state(load);
    b.image();
    b.grid();
    b.in(0x3C9);
    b.read(0xA0000, 8);
  }
}
