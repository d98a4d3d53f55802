// The diskette controller, its drives and the formats of images.
#include <catch2/catch.hpp>
#include <random>

#include "tests/devices/floppy_bench.h"
#include "tests/devices/state_test_support.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;
using Bytes = std::vector<int>;

TEST_CASE("82077: a reset ends with one interrupt and four reports") {
  FloppyBench b;
  b.out8(0x3F2, 0x00);
  CHECK(b.in8(0x3F4) == 0);
  b.out8(0x3F2, 0x0C);
  CHECK(b.in8(0x3F4) == 0);
  b.lines.clear();
  CHECK(b.wait());
  for (int n = 0; n < 4; ++n) CHECK(b.command({0x08}) == Bytes{0xC0 | n, 0});
  CHECK(b.command({0x08}) == Bytes{0x80});
  CHECK(b.lines.rises(6) == 1);
  CHECK_FALSE(b.lines.level(6));
  // By the data rate register, and with interrupts off.
  b.out8(0x3F2, 0x04);
  b.out8(0x3F4, 0x80);
  b.advance(10'000'000);
  CHECK_FALSE(b.lines.level(6));
  CHECK(b.command({0x08}) == Bytes{0xC0, 0});
}

TEST_CASE("82077: version, lock, dump, configure, perpendicular, invalid commands") {
  FloppyBench b;
  CHECK(b.command({0x10}) == Bytes{0x90});
  CHECK(b.command({0x14}) == Bytes{0x00});
  CHECK(b.command({0x13, 0x00, 0x5A, 0x11}).empty());
  CHECK(b.command({0x12, 0x84}).empty());
  Bytes dump = b.command({0x0E});
  CHECK(dump == Bytes{0, 0, 0, 0, 0xAF, 0x02, 0, 0x04, 0x5A, 0x11});
  CHECK(b.command({0x94}) == Bytes{0x10});
  b.start();
  dump = b.command({0x0E});
  CHECK(dump[7] == 0x80);
  CHECK(dump[8] == 0x0A);  // the FIFO's settings are locked, implied seek and polling are not
  CHECK(b.command({0x18}) == Bytes{0x80});  // PART ID came with the 82078
  CHECK(b.command({0x1F}) == Bytes{0x80});
}

TEST_CASE("82077: seek, recalibrate, sense drive status") {
  FloppyBench b;
  b.send({0x0F, 0x04, 40});
  CHECK((b.in8(0x3F4) & 0x1F) == 0x01);
  b.advance(I82077::kStepTime);
  CHECK_FALSE(b.lines.level(6));
  CHECK(b.wait());
  CHECK(b.command({0x08}) == Bytes{0x24, 40});
  CHECK((b.in8(0x3F4) & 0x1F) == 0);
  CHECK(b.command({0x04, 0x04}) == Bytes{0x2C});
  b.send({0x8F, 0x00, 10});
  b.wait();
  CHECK(b.command({0x08}) == Bytes{0x20, 30});
  b.send({0xCF, 0x00, 5});
  b.wait();
  CHECK(b.command({0x08}) == Bytes{0x20, 35});
  b.send({0x07, 0x00});
  b.wait();
  CHECK(b.command({0x08}) == Bytes{0x20, 0});
  CHECK(b.command({0x04, 0x00}) == Bytes{0x38});
  // There is no drive B, so no track 0.
  b.send({0x07, 0x01});
  b.wait();
  CHECK(b.command({0x08}) == Bytes{0x71, 0});
}

TEST_CASE("82077: reading by DMA ends at the terminal count, with the next address") {
  FloppyBench b;
  b.set_up_dma(0x46, 3 * 512);
  CHECK(b.run({0xE6, 0x00, 0, 0, 2, 2, 18, 0x1B, 0xFF}) == Bytes{0, 0, 0, 0, 0, 5, 2});
  CHECK(b.buffer_is(1, 3 * 512));
  // Over to the other side; the last sector ends the cylinder.
  b.set_up_dma(0x46, 20 * 512);
  CHECK(b.run({0xE6, 0x00, 0, 0, 17, 2, 18, 0x1B, 0xFF}) == Bytes{0x04, 0, 0, 1, 0, 1, 2});
  CHECK(b.buffer_is(16, 20 * 512));
  // Without a terminal count the end of the cylinder is an error.
  b.set_up_dma(0x46, 4 * 512);
  CHECK(b.run({0x46, 0x00, 0, 0, 17, 2, 18, 0x1B, 0xFF}) == Bytes{0x40, 0x80, 0, 1, 0, 1, 2});
  // The time of a sector passes for each.
  b.set_up_dma(0x46, 9 * 512);
  VTime before = b.now;
  b.run({0xE6, 0x00, 0, 0, 1, 2, 18, 0x1B, 0xFF});
  CHECK(b.now - before >= 9 * I82077::kSectorTime);
}

TEST_CASE("82077: writing, and what is write-protected") {
  FloppyBench b;
  for (unsigned i = 0; i < 1024; ++i) b.ram.data()[FloppyBench::kBuffer + i] = static_cast<uint8_t>(i * 3);
  b.set_up_dma(0x4A, 1024);
  CHECK(b.run({0xC5, 0x04, 0, 1, 3, 2, 18, 0x1B, 0xFF}) == Bytes{0x04, 0, 0, 0, 1, 5, 2});
  CHECK(b.buffer_is(18 + 2, 1024));
  CHECK(b.disk.flushes == 0);
  b.out8(0x3F2, 0x0C);  // the motor stops
  CHECK(b.disk.flushes == 1);
  b.out8(0x3F2, 0x1C);
  b.disk.read_only = true;
  CHECK((b.command({0x04, 0x00})[0] & 0x40) != 0);
  b.set_up_dma(0x4A, 512);
  CHECK(b.run({0xC5, 0x00, 0, 0, 1, 2, 18, 0x1B, 0xFF}) == Bytes{0x40, 0x02, 0, 0, 0, 1, 2});
}

TEST_CASE("82077: what is not on the track") {
  FloppyBench b;
  b.set_up_dma(0x46, 512);
  CHECK(b.run({0xE6, 0x00, 0, 0, 19, 2, 36, 0x1B, 0xFF}) == Bytes{0x40, 0x04, 0, 0, 0, 19, 2});
  CHECK(b.run({0xE6, 0x00, 5, 0, 1, 2, 18, 0x1B, 0xFF}) == Bytes{0x40, 0x04, 0x10, 5, 0, 1, 2});
  CHECK(b.run({0xE6, 0x00, 0, 0, 1, 3, 18, 0x1B, 0xFF})[1] == 0x04);
  b.out8(0x3F7, 2);  // the wrong data rate
  CHECK(b.run({0xE6, 0x00, 0, 0, 1, 2, 18, 0x1B, 0xFF})[1] == 0x01);
  CHECK(b.run({0x4A, 0x00})[1] == 0x01);
  b.out8(0x3F7, 0);
  b.out8(0x3F2, 0x0C);  // the motor is off
  CHECK(b.run({0xE6, 0x00, 0, 0, 1, 2, 18, 0x1B, 0xFF})[1] == 0x01);
  CHECK(b.run({0xE6, 0x01, 0, 0, 1, 2, 18, 0x1B, 0xFF})[0] == 0x41);
  b.out8(0x3F2, 0x1C);
  b.rig.fdc.drive(0).eject();
  CHECK(b.run({0xE6, 0x00, 0, 0, 1, 2, 18, 0x1B, 0xFF})[1] == 0x01);
  b.insert();
  b.disk.bad_reads = {3};
  CHECK(b.run({0xE6, 0x00, 0, 0, 4, 2, 18, 0x1B, 0xFF}) == Bytes{0x40, 0x20, 0x20, 0, 0, 4, 2});
  b.out8(0x0A, 0x06);  // DMA is masked
  CHECK(b.run({0xE6, 0x00, 0, 0, 1, 2, 18, 0x1B, 0xFF})[1] == 0x10);
}

TEST_CASE("82077: implied seek, read ID, read track, verify, deleted data") {
  FloppyBench b;
  b.command({0x13, 0x00, 0x40, 0x00});
  b.set_up_dma(0x46, 512);
  CHECK(b.run({0xE6, 0x00, 7, 0, 1, 2, 18, 0x1B, 0xFF}) == Bytes{0x20, 0, 0, 7, 0, 2, 2});
  CHECK(b.buffer_is(7 * 36, 512));
  Bytes id = b.run({0x4A, 0x04});
  CHECK(id[0] == 0x04);
  CHECK(id[3] == 7);
  CHECK(id[4] == 1);
  b.set_up_dma(0x46, 5 * 512);
  CHECK(b.run({0x42, 0x00, 7, 0, 9, 2, 5, 0x1B, 0xFF})[1] == 0);
  CHECK(b.buffer_is(7 * 36, 5 * 512));
  CHECK(b.run({0x56, 0x00, 7, 0, 1, 2, 18, 0x1B, 0xFF})[0] == 0x00);
  b.set_up_dma(0x46, 2 * 512);
  Bytes deleted = b.run({0x4C, 0x00, 7, 0, 1, 2, 18, 0x1B, 0xFF});
  CHECK(deleted[2] == 0x40);
  CHECK(deleted[5] == 2);
}

TEST_CASE("82077: scans compare with the host's bytes") {
  FloppyBench b;
  std::memcpy(b.ram.data() + FloppyBench::kBuffer, &b.disk.data[512], 512);
  b.set_up_dma(0x4A, 512);
  Bytes hit = b.run({0x51, 0x00, 0, 0, 2, 2, 18, 0x1B, 0x01});
  CHECK(hit[0] == 0);
  CHECK(hit[2] == 0x08);
  b.set_up_dma(0x4A, 512);
  CHECK(b.run({0x51, 0x00, 0, 0, 3, 2, 18, 0x1B, 0x01})[2] == 0x04);
  b.ram.data()[FloppyBench::kBuffer] = 0;
  b.set_up_dma(0x4A, 512);
  CHECK(b.run({0x5D, 0x00, 0, 0, 2, 2, 18, 0x1B, 0x01})[2] == 0x00);  // the diskette has more
}

TEST_CASE("82077: format track") {
  FloppyBench b;
  for (uint8_t s = 0; s < 18; ++s) {
    uint8_t* id = b.ram.data() + FloppyBench::kBuffer + 4 * s;
    id[0] = 0, id[1] = 1, id[2] = s + 1, id[3] = 2;
  }
  b.set_up_dma(0x4A, 18 * 4);
  CHECK(b.run({0x4D, 0x04, 2, 18, 0x6C, 0xF6})[0] == 0x04);
  for (size_t i = 18 * 512; i < 36 * 512; ++i) REQUIRE(b.disk.data[i] == 0xF6);
  CHECK(b.disk.data[36 * 512 + 1] != 0xF6);
  // A format that the image does not have.
  b.ram.data()[FloppyBench::kBuffer + 2] = 25;
  b.set_up_dma(0x4A, 18 * 4);
  CHECK(b.run({0x4D, 0x04, 2, 18, 0x6C, 0xF6})[0] == 0x44);
}

TEST_CASE("82077: without DMA the host moves the bytes") {
  FloppyBench b;
  b.command({0x03, 0xAF, 0x03});
  b.send({0xE6, 0x00, 0, 0, 17, 2, 18, 0x1B, 0xFF});
  CHECK((b.in8(0x3F4) & 0x30) == 0x30);
  std::vector<uint8_t> got;
  for (int sector = 0; sector < 2 + 18; ++sector) {
    REQUIRE(b.wait());
    REQUIRE((b.in8(0x3F4) & 0xF0) == 0xF0);
    while ((b.in8(0x3F4) & 0xF0) == 0xF0) got.push_back(b.in8(0x3F5));
  }
  REQUIRE(b.wait());
  CHECK(b.result()[1] == 0x80);
  CHECK(got == std::vector<uint8_t>(&b.disk.data[16 * 512], &b.disk.data[36 * 512]));
  b.send({0x45, 0x00, 0, 0, 18, 2, 18, 0x1B, 0xFF});
  REQUIRE(b.wait());
  for (int i = 0; i < 512; ++i) b.out8(0x3F5, 0x5A);
  REQUIRE(b.wait());
  b.result();
  CHECK(b.disk.data[17 * 512] == 0x5A);
  CHECK(b.disk.data[18 * 512 - 1] == 0x5A);
}

TEST_CASE("82077: the change line") {
  FloppyBench b;
  b.rig.fdc.reset(ResetKind::PowerOn);
  b.out8(0x3F2, 0x1C);
  b.advance(1'000'000);
  CHECK(b.in8(0x3F7) == 0x80);  // from power-on until the first step
  b.send({0x0F, 0x00, 1});
  b.wait();
  b.command({0x08});
  CHECK(b.in8(0x3F7) == 0x00);
  b.rig.fdc.drive(0).eject();
  CHECK(b.in8(0x3F7) == 0x80);
  b.send({0x07, 0x00});
  b.wait();
  b.command({0x08});
  CHECK(b.in8(0x3F7) == 0x80);  // nothing is inside
  b.insert();
  CHECK(b.in8(0x3F7) == 0x80);
  b.send({0x07, 0x00});
  b.wait();
  b.command({0x08});
  CHECK(b.in8(0x3F7) == 0x00);
  b.rig.fdc.drive(0).eject();
  b.out8(0x3F2, 0x0C);
  CHECK(b.in8(0x3F7) == 0x00);  // the drive is not selected
}

TEST_CASE("diskettes: formats by size, drives, rates") {
  struct Case {
    unsigned kib;
    unsigned cylinders, heads, sectors;
    FloppyType drive;
    uint8_t rate;
  };
  for (Case c : {Case{160, 40, 1, 8, FloppyType::K360, 2}, Case{180, 40, 1, 9, FloppyType::K360, 2},
                 Case{320, 40, 2, 8, FloppyType::K360, 2}, Case{360, 40, 2, 9, FloppyType::K360, 2},
                 Case{720, 80, 2, 9, FloppyType::M1440, 2}, Case{1200, 80, 2, 15, FloppyType::M1200, 0},
                 Case{1440, 80, 2, 18, FloppyType::M1440, 0}, Case{1680, 80, 2, 21, FloppyType::M1440, 0},
                 Case{2880, 80, 2, 36, FloppyType::M2880, 3}}) {
    INFO(c.kib << " KiB");
    auto f = floppy_format(c.kib * 2);
    REQUIRE(f);
    CHECK(f->cylinders == c.cylinders);
    CHECK(f->heads == c.heads);
    CHECK(f->sectors_per_track == c.sectors);
    CHECK(drive_for(*f) == c.drive);
    FloppyBench b(c.kib * 2, c.drive);
    b.out8(0x3F7, c.rate);
    b.send({0x0F, 0x00, 3});
    b.wait();
    b.command({0x08});
    b.set_up_dma(0x46, 512);
    CHECK(b.run({0xE6, 0x00, 3, 0, 2, 2, static_cast<int>(c.sectors), 0x1B, 0xFF})[0] == 0);
    CHECK(b.buffer_is(3 * c.heads * c.sectors + 1, 512));
  }
  CHECK(floppy_format(1)->sectors_per_track == 18);
  CHECK_FALSE(floppy_format(5761));
  CHECK_FALSE(fits(FloppyType::M1440, *floppy_format(5760)));
  CHECK_FALSE(fits(FloppyType::M2880, *floppy_format(720)));
  // In a drive of 1.2 MB a diskette of 360 KB turns faster, and has a track at every second step.
  FloppyBench b(720, FloppyType::M1200);
  b.out8(0x3F7, 1);
  b.send({0x0F, 0x00, 6});
  b.wait();
  b.command({0x08});
  b.set_up_dma(0x46, 512);
  CHECK(b.run({0xE6, 0x00, 3, 0, 1, 2, 9, 0x1B, 0xFF})[0] == 0);
  CHECK(b.buffer_is(3 * 18, 512));
}

TEST_CASE("diskettes: the rest of a short image is zero and cannot be written") {
  FloppyBench b(1);
  b.ram.data()[FloppyBench::kBuffer] = 1;
  b.set_up_dma(0x46, 1024);
  CHECK(b.run({0xE6, 0x00, 0, 0, 1, 2, 18, 0x1B, 0xFF})[0] == 0);
  CHECK(b.buffer_is(0, 512));
  CHECK(b.ram.data()[FloppyBench::kBuffer + 512] == 0);
  b.set_up_dma(0x4A, 512);
  CHECK(b.run({0xC5, 0x00, 0, 0, 2, 2, 18, 0x1B, 0xFF})[1] == 0x20);
}

namespace {
struct StateRig : FloppyRig {
  explicit StateRig(Bench& b) : FloppyRig(b) {
    fdc.drive(0).set_type(FloppyType::M1440);
    fdc.drive(1).set_type(FloppyType::M1440);
    fdc.drive(0).insert(std::make_unique<MemoryDisk>(disk));
    b.out8(0x3F2, 0x1C);
  }
  // Commands with parameters that often make sense; bytes of random writes hardly ever do.
  void command(Bench& b, uint64_t random) {
    auto next = [&random] {
      random = random * 6364136223846793005u + 1442695040888963407u;
      return static_cast<uint32_t>(random >> 33);
    };
    static constexpr uint8_t kCommands[] = {0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09,
                                            0x0A, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x11, 0x12,
                                            0x13, 0x14, 0x16, 0x19, 0x1D, 0x8F, 0xCF, 0x94};
    b.out8(0x3F2, next() % 8 == 0 ? next() : 0x1C);
    b.out8(0x3F7, next() % 4 == 0 ? next() : 0);
    b.advance(200'000);
    for (int i = 0; i < 16; ++i) b.in8(0x3F5);
    if (next() % 2 == 0) {
      for (uint32_t v : {0x06u, 0x100u, next() % 4 == 0 ? next() : 0x46u | (next() & 0x0C)})
        b.out8(0x0A + (v >> 8), v);
      b.out8(0x0B, next() % 2 == 0 ? 0x46 : 0x4A);
      b.out8(0x05, next());
      b.out8(0x05, next() % 16);
      b.out8(0x0A, 0x02);
    }
    b.out8(0x3F5, kCommands[next() % std::size(kCommands)] | (next() % 2 == 0 ? 0xC0 : 0x40));
    b.out8(0x3F5, next() % 8);
    for (int i = 0; i < 8; ++i) b.out8(0x3F5, i == 3 ? 2 : next() % 20);
    b.advance(next() % 30'000'000);
    for (uint32_t i = next() % 700; i > 0; --i) next() % 8 == 0 ? b.out8(0x3F5, next()) : (void)b.in8(0x3F5);
  }
  DiskControl disk{2880};
};
}  // namespace

TEST_CASE("82077: generic state tests, idle, seeking and in the middle of transfers") {
  check_state(StateTest<StateRig>{
      .make = [](Bench& b) { return std::make_unique<StateRig>(b); },
      .ports = {{0x3F0, 6}, {0x3F7, 1}},
      .stir = [](StateRig& r, Bench& b, uint64_t random) { r.command(b, random); },
      .max_wait = 30'000'000,
  });
}

TEST_CASE("82077: a damaged saved state does no harm") {
  std::mt19937_64 random(7);
  std::vector<uint8_t> saved;
  {
    Bench b;
    StateRig r(b);
    for (int i = 0; i < 40; ++i) r.command(b, random());
    mem::SaveVisitor v;
    r.fdc.visit_state(v);
    saved = v.take();
  }
  for (int round = 0; round < 300; ++round) {
    Bench b;
    StateRig r(b);
    auto damaged = saved;
    for (int i = 0; i < 30; ++i) damaged[random() % 700] = static_cast<uint8_t>(random());
    mem::LoadVisitor v(damaged);
    r.fdc.visit_state(v);
    b.advance(1'000'000);
    for (int i = 0; i < 10; ++i) r.command(b, random());
    b.advance(100'000'000);
  }
}
