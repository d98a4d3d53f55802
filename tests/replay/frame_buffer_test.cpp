// The frame buffer as the processor sees it: memory, whose changes a display learns without showing that it
// looks.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "devices/display/vga.h"
#include "frontend/machine.h"

using namespace ilse;

namespace {

constexpr uint32_t kBase = 0xE0000000;

// 16-bit code, segments of 4 GiB: a doubleword to every fourth page of 256, over and over.
//   mov ebx, base; mov cx, 64; L: a32 mov [ebx], eax; inc eax; add ebx, 4000h; loop L; jmp start
const std::vector<uint8_t> kStores{0x66, 0xBB, 0x00, 0x00, 0x00, 0xE0, 0xB9, 0x40, 0x00,
                                   0x67, 0x66, 0x89, 0x03, 0x66, 0x40, 0x66, 0x81, 0xC3,
                                   0x00, 0x40, 0x00, 0x00, 0xE2, 0xF1, 0xEB, 0xE6};

struct Guest {
  std::unique_ptr<ui::Machine> machine;

  explicit Guest(bool translate) {
    dev::BoardConfig config;
    config.ram_mib = 16;
    config.bios.assign(0x10000, 0xF4);
    ui::Machine::Options options;
    options.model = *cpu::find_model("max");
    options.clock = ui::ClockMode::Instructions;
    options.translate = translate;
    options.jit.hot = 2;
    auto made = ui::Machine::create(std::move(config), options);
    REQUIRE(made);
    machine = std::move(*made);
    auto& io = machine->board().io();
    // The display's BAR 0, and memory accesses on.
    io.write(0xCF8, 4, 0x80001010, {});
    io.write(0xCFC, 4, kBase, {});
    io.write(0xCF8, 4, 0x80001004, {});
    io.write(0xCFC, 2, 2, {});
    cpu::Cpu& c = machine->cpu();
    for (cpu::Segment& s : c.seg) s = {0, 0xFFFFFFFF, 0, s.attr};
    std::copy(kStores.begin(), kStores.end(), machine->board().ram().data() + 0x1000);
    c.set_rip(0x1000);
    c.gpr[cpu::kRax] = 1;  // each store changes something
    c.update_mode();
  }
  dev::Vga& vga() { return *machine->board().vga(); }
  std::set<uint64_t> take() {
    std::set<uint64_t> pages;
    vga().dirty().take([&](uint64_t p) { pages.insert(p); });
    return pages;
  }
};

}  // namespace

TEST_CASE("frame buffer: stores mark their page anew after each look") {
  for (bool translate : {false, true}) {
    INFO((translate ? "translated" : "interpreted"));
    Guest g(translate);
    g.take();
    for (int look = 0; look < 200; ++look) {
      std::vector<uint8_t> before(g.vga().memory().begin(), g.vga().memory().begin() + (1 << 20));
      g.machine->run(37 + static_cast<uint64_t>(look) % 50);
      std::set<uint64_t> differ;
      for (uint64_t p = 0; p < 256; ++p) {
        if (!std::equal(before.begin() + static_cast<ptrdiff_t>(p * 4096),
                        before.begin() + static_cast<ptrdiff_t>(p * 4096 + 4096),
                        g.vga().memory().begin() + static_cast<ptrdiff_t>(p * 4096)))
          differ.insert(p);
      }
      REQUIRE(g.take() == differ);
    }
    CHECK_FALSE(g.vga().dirty().any());
  }
}

TEST_CASE("frame buffer: the guest cannot tell whether somebody looks") {
  for (bool translate : {false, true}) {
    Guest watched(translate), alone(translate);
    for (int i = 0; i < 100; ++i) {
      watched.machine->run(61);
      watched.take();
    }
    alone.machine->run(6100);
    CHECK(watched.machine->hash() == alone.machine->hash());
  }
}

TEST_CASE("frame buffer: code in it is executed as it is at the moment") {
  for (bool translate : {false, true}) {
    Guest g(translate);
    // In the frame buffer: inc eax; jmp to itself, for a while; then the increment becomes a decrement.
    auto& map = g.machine->board().memory();
    for (unsigned i = 0; const uint8_t b : {0x66, 0x40, 0xEB, 0xFC}) map.write({kBase + i++}, 1, b, {});
    cpu::Cpu& c = g.machine->cpu();
    c.seg[cpu::kCs].base = kBase;
    c.set_rip(0);
    c.gpr[cpu::kRax] = 0;
    c.update_mode();
    g.machine->run(400);
    CHECK(c.gpr[cpu::kRax] == 200);
    map.write({kBase + 1}, 1, 0x48, {});
    g.machine->run(400);
    CHECK(c.gpr[cpu::kRax] == 0);
  }
}
