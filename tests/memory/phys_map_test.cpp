// The address space: layers, holes, read-only memory, split reads and writes, and the code map.
#include "memory/phys_map.h"

#include <catch2/catch.hpp>

using namespace ilse::mem;

namespace {
struct Recorder : CodeListener {
  uint32_t page = 0;
  unsigned offset = 0, size = 0;
  void code_written(uint32_t p, unsigned at, unsigned n) override {
    page = p;
    offset = at;
    size = n;
  }
};
}  // namespace

TEST_CASE("physical map: layers, holes and read-only memory") {
  auto ram = Ram::create(1 << 20);
  REQUIRE(ram);
  EventLog log;
  PhysMap map(*ram, log);
  CHECK(map.read({0x1234}, 4, {}) == 0xFFFFFFFFu);

  map.add({PhysMap::ram_region(0, 1 << 20, *ram, 0)});
  std::vector<uint8_t> rom(0x1000, 0x5A);
  int shadow = map.add({PhysMap::rom_region(0xF0000, 0x1000, rom.data()), 1});
  int changes = 0;
  map.on_change([&] { ++changes; });
  map.commit();
  CHECK(changes == 1);
  map.commit();
  CHECK(changes == 1);

  CHECK(map.read({0xF0010}, 1, {}) == 0x5A);
  map.write({0xF0010}, 1, 0x11, {});
  CHECK(map.read({0xF0010}, 1, {}) == 0x5A);
  // Across the border of ROM and RAM.
  map.write({0xEFFFE}, 4, 0x44332211, {});
  CHECK(map.read({0xEFFFE}, 4, {}) == 0x5A5A2211);

  // PAM: reads from ROM, writes to the RAM below it.
  map.layer(shadow).writes = false;
  map.commit();
  map.write({0xF0010}, 1, 0x77, {});
  CHECK(map.read({0xF0010}, 1, {}) == 0x5A);
  map.layer(shadow).enabled = false;
  map.commit();
  CHECK(map.read({0xF0010}, 1, {}) == 0x77);
  CHECK(map.read({0xFFFFE}, 4, {}) == 0xFFFF0000u);
}

TEST_CASE("physical map: memory on a device is told what is written") {
  auto ram = Ram::create(1 << 16);
  auto video = Ram::create(1 << 16);
  REQUIRE((ram && video));
  EventLog log;
  PhysMap map(*ram, log);
  DirtyPages dirty({video->data(), video->size()});
  int takes = 0;
  dirty.on_take([&](std::span<const uint8_t> memory) {
    ++takes;
    CHECK(memory.data() == video->data());
  });
  map.add({PhysMap::device_ram_region(0x100000, *video, dirty)});
  map.commit();
  auto pages = [&] {
    std::vector<uint64_t> v;
    dirty.take([&](uint64_t p) { v.push_back(p); });
    return v;
  };
  CHECK(pages().empty());
  CHECK(takes == 0);
  map.write({0x100FFE}, 4, 0x44332211, {});
  CHECK(map.read({0x100FFE}, 4, {}) == 0x44332211);
  CHECK(pages() == std::vector<uint64_t>{0, 1});
  std::vector<uint8_t> bytes(0x2001, 7);
  map.dma_write({0x10E000 - 1}, bytes, {});
  CHECK(pages() == std::vector<uint64_t>{13, 14, 15});
  CHECK(takes == 2);
  CHECK(video->data()[0xFFFF] == 7);
  CHECK_FALSE(dirty.any());
}

TEST_CASE("physical map: DMA into code is noticed by the chunk") {
  auto ram = Ram::create(1 << 16);
  REQUIRE(ram);
  EventLog log;
  PhysMap map(*ram, log);
  map.add({PhysMap::ram_region(0, 1 << 16, *ram, 0)});
  map.commit();
  Recorder r;
  ram->set_listener(&r);
  ram->add_code(3, 1u << 31);
  std::vector<uint8_t> data(127, 1);
  map.dma_write({0x3F00}, data, {});
  CHECK(r.size == 0);
  data.resize(129);
  map.dma_write({0x3F00}, data, {});
  CHECK(r.page == 3);
  CHECK(r.offset == 0xF00);
  CHECK(r.size == 129);
}

TEST_CASE("physical map: the last byte of the 64-bit space") {
  auto ram = Ram::create(1 << 16);
  REQUIRE(ram);
  EventLog log;
  PhysMap map(*ram, log);
  map.add({PhysMap::ram_region(0, 1 << 16, *ram, 0)});
  map.commit();
  CHECK(map.read({UINT64_MAX}, 1, {}) == 0xFF);
  map.write({UINT64_MAX}, 2, 0xAABB, {});
  CHECK(map.read({0}, 1, {}) == 0xAA);
  std::vector<uint8_t> bytes(4);
  map.dma_read({UINT64_MAX - 1}, bytes, {});
  CHECK(bytes == std::vector<uint8_t>{0xFF, 0xFF, 0xAA, 0});
  map.dma_write({UINT64_MAX - 1}, bytes, {});
  CHECK(ram->data()[0] == 0xAA);
}
