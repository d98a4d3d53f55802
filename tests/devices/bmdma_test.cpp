// The bus-master function of the PIIX3 ("Programming Interface for Bus Master IDE Controller", 1.0) and the
// ATA commands that need it.
#include "tests/devices/ide_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

constexpr uint8_t kActive = 1, kInterrupt = 4;

struct DmaBench : IdeBench {
  DmaBench() : control(20480) {
    ide.attach_disk(0, 0, std::make_unique<MemoryDisk>(control), "IL0001");
    start();
  }
  DiskControl control;
};

}  // namespace

TEST_CASE("bus master: PCI identity and decode enables") {
  DmaBench b;
  CHECK(b.ide.config_read(0x00, 4) == 0x70108086);
  CHECK(b.ide.config_read(0x08, 4) == 0x01018000);
  CHECK((b.ide.config_read(0x20, 4) & 1) == 1);
  b.ide.config_write(0x20, 4, 0xFFFFFFFF, b.now);
  CHECK((b.ide.config_read(0x20, 4) & 0xFFFF) == 0xFFF1);
  b.ide.config_write(0x20, 4, b.kBm, b.now);
  CHECK(b.in8(b.kControl) == 0x50);
  b.ide.config_write(0x40, 2, 0x0000, b.now);  // IDETIM decode off
  CHECK(b.in8(b.kControl) == 0xFF);
  CHECK(b.in8(0x376) == 0x7F);
  b.ide.config_write(0x40, 2, 0x8000, b.now);
  CHECK(b.in8(b.kControl) == 0x50);
  b.ide.config_write(0x04, 2, 0x0004, b.now);  // I/O space off
  CHECK(b.in8(b.kControl) == 0xFF);
}

TEST_CASE("bus master: READ DMA into scattered regions") {
  DmaBench b;
  b.prd(0x1000, {{0x10000, 512}, {0x20000, 1536}, {0x30002, 2048}});
  b.set_lba28(1000, 8);
  b.out8(b.kCommand, 0xC8);
  uint8_t status = b.run_dma(true);
  CHECK((status & (kActive | kInterrupt)) == kInterrupt);
  CHECK(b.irq());
  CHECK(b.in8(b.kCommand) == (kAtaDrdy | kAtaDsc));
  CHECK_FALSE(b.irq());
  CHECK(b.ram64(0x10000) == 1000);
  CHECK(b.ram64(0x20000) == 1001);
  CHECK(b.ram64(0x20400) == 1003);
  CHECK(b.ram64(0x30002) == 1004);
  CHECK(b.ram64(0x30602) == 1007);
  CHECK(b.ram64(0x30802) == 0);
  b.out8(b.kBm + 2, 0x64);
  CHECK(b.in8(b.kBm + 2) == 0x60);
}

TEST_CASE("bus master: the start bit may come before the command, or long after") {
  for (bool early : {true, false}) {
    DmaBench b;
    b.prd(0x1000, {{0x10000, 512}});
    b.set_lba28(33, 1);
    if (early) {
      b.out8(b.kBm, 0x09);
      CHECK((b.in8(b.kBm + 2) & kActive) != 0);
      b.advance(1'000'000);
      b.out8(b.kCommand, 0xC8);
      b.wait();
    } else {
      b.out8(b.kCommand, 0xC8);
      b.advance(5'000'000);
      CHECK((b.alternate() & (kAtaBsy | kAtaDrq)) == kAtaDrq);
      CHECK(b.ram64(0x10000) == 0);
      CHECK_FALSE(b.irq());
      b.out8(b.kBm, 0x09);
      CHECK_FALSE(b.irq());
      b.advance(10'000);
    }
    CHECK(b.irq());
    CHECK(b.ram64(0x10000) == 33);
    CHECK((b.in8(b.kBm + 2) & (kActive | kInterrupt)) == kInterrupt);
  }
}

TEST_CASE("bus master: WRITE DMA (EXT) and FUA") {
  DmaBench b;
  for (uint32_t i = 0; i < 16 * 512; i += 4) b.map.write({0x10000 + i}, 4, i * 0x01010101u, b.now);
  b.prd(0x1000, {{0x10000, 0}});  // a count of 0 is 64 KiB
  b.set_lba48(5000, 16);
  b.out8(b.kCommand, 0x35);
  uint8_t status = b.run_dma(false);
  CHECK((status & (kActive | kInterrupt)) ==
        (kActive | kInterrupt));  // the table was longer than the transfer
  CHECK((b.in8(b.kCommand) & kAtaErr) == 0);
  CHECK(std::memcmp(&b.control.data[5000 * 512], b.ram.data() + 0x10000, 16 * 512) == 0);
  CHECK(b.control.number_at(5016) == 5016);
  CHECK(b.control.flushes == 0);

  b.prd(0x1000, {{0x10000, 512}});
  b.set_lba48(6000, 1);
  b.out8(b.kCommand, 0x3D);
  b.run_dma(false);
  CHECK(b.control.flushes == 1);
}

TEST_CASE("bus master: 65536 sectors in one command") {
  IdeBench b;
  DiskControl control(65536);
  b.ide.attach_disk(0, 0, std::make_unique<MemoryDisk>(control), "BIG");
  b.start();
  std::vector<std::pair<uint32_t, uint32_t>> regions;
  for (unsigned i = 0; i < 512; ++i) regions.emplace_back(0x40000u + (i % 2) * 0x10000u, 0);
  b.prd(0x1000, regions);
  b.set_lba48(0, 0);
  b.out8(b.kCommand, 0x25);
  CHECK((b.run_dma(true) & (kActive | kInterrupt)) == kInterrupt);
  CHECK(b.ram64(0x50000 + 127 * 512) == 65535);
}

TEST_CASE("bus master: a table shorter than the transfer stops, and a second one finishes it") {
  DmaBench b;
  b.prd(0x1000, {{0x10000, 700}});
  b.set_lba28(70, 2);
  b.out8(b.kCommand, 0xC8);
  b.out8(b.kBm, 0x09);
  b.advance(5'000'000);
  CHECK((b.in8(b.kBm + 2) & (kActive | kInterrupt)) == 0);
  CHECK_FALSE(b.irq());
  CHECK((b.alternate() & kAtaDrq) != 0);
  b.out8(b.kBm, 0x08);
  b.prd(0x2000, {{0x20000, 1024 - 700}});
  CHECK((b.run_dma(true) & kInterrupt) != 0);
  CHECK(b.ram64(0x10000) == 70);
  CHECK(b.ram64(0x10200) == 71);
  CHECK(std::memcmp(b.ram.data() + 0x20000, &b.control.data[70 * 512 + 700], 324) == 0);
}

TEST_CASE("bus master: nothing moves while bus mastering is off or in the wrong direction") {
  DmaBench b;
  b.ide.config_write(0x04, 2, 0x0001, b.now);
  b.prd(0x1000, {{0x10000, 512}});
  b.set_lba28(70, 1);
  b.out8(b.kCommand, 0xC8);
  b.out8(b.kBm, 0x09);
  b.advance(5'000'000);
  CHECK(b.ram64(0x10000) == 0);
  CHECK_FALSE(b.irq());
  b.out8(b.kBm, 0x00);
  b.ide.config_write(0x04, 2, 0x0005, b.now);
  b.out8(b.kBm, 0x01);  // from memory, but the drive sends
  b.advance(5'000'000);
  CHECK(b.ram64(0x10000) == 0);
  b.out8(b.kControl, 4);
  b.out8(b.kControl, 0);
  CHECK(b.wait() == 0x50);
}

TEST_CASE("bus master: descriptors and regions outside of RAM are harmless") {
  DmaBench b;
  b.out32(b.kBm + 4, 0xFFFFFFFC);
  b.set_lba28(70, 8);
  b.out8(b.kCommand, 0xC8);
  b.out8(b.kBm, 0x09);
  b.advance(5'000'000);
  b.out8(b.kBm, 0);
  b.prd(0x1000, {{0xFFFFFFFE, 0}, {0x000FFFF0, 0}});
  b.out8(b.kControl, 4);
  b.out8(b.kControl, 0);
  b.wait();
  b.set_lba28(70, 0);
  b.out8(b.kCommand, 0xC8);
  b.run_dma(true);
  CHECK((b.alternate() & kAtaErr) == 0);
}

TEST_CASE("bus master: errors in the middle of a DMA transfer") {
  DmaBench b;
  b.control.bad_reads = {400};
  b.prd(0x1000, {{0x10000, 0}, {0x20000, 0}});
  b.set_lba28(200, 255);
  b.out8(b.kCommand, 0xC8);
  CHECK((b.run_dma(true) & kInterrupt) != 0);
  CHECK((b.alternate() & kAtaErr) != 0);
  CHECK(b.in8(b.kError) == kAtaUnc);
  CHECK(b.lba28() == 400);

  b.control.bad_writes = {201};
  b.prd(0x1000, {{0x10000, 1024}});
  b.set_lba28(200, 2);
  b.out8(b.kCommand, 0xCA);
  CHECK((b.run_dma(false) & kInterrupt) != 0);
  CHECK((b.in8(b.kCommand) & kAtaErr) != 0);
  CHECK(b.lba28() == 201);
}

TEST_CASE("ATA8-ACS: DATA SET MANAGEMENT / TRIM") {
  DmaBench b;
  b.map.write({0x10000}, 8, 100 | 16ull << 48, b.now);
  b.map.write({0x10008}, 8, 0, b.now);
  b.map.write({0x10010}, 8, 20479 | 1ull << 48, b.now);
  b.prd(0x1000, {{0x10000, 512}});
  b.set_lba48(0, 1);
  b.out8(b.kError, 1);
  b.out8(b.kCommand, 0x06);
  CHECK((b.run_dma(false) & kInterrupt) != 0);
  CHECK((b.in8(b.kCommand) & kAtaErr) == 0);
  CHECK(b.control.discarded == 17);
  CHECK(b.control.number_at(115) == 0);
  CHECK(b.control.number_at(116) == 116);

  b.map.write({0x10000}, 8, 20479 | 2ull << 48, b.now);
  b.prd(0x1000, {{0x10000, 512}});
  b.set_lba48(0, 1);
  b.out8(b.kCommand, 0x06);
  b.run_dma(false);
  CHECK((b.in8(b.kCommand) & kAtaErr) != 0);
  CHECK(b.lba48() == 20480);
  b.set_lba48(0, 2);  // more blocks than word 105 allows
  CHECK((b.command(0x06) & kAtaErr) != 0);
}
