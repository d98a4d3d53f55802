// The ATA disk through the PIIX3's ports, named after ATA/ATAPI-7's registers, protocols and commands.
#include "tests/devices/ide_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

constexpr uint64_t kSectors = 20480;  // 20 cylinders of 16 x 63, and some more

struct DiskBench : IdeBench {
  explicit DiskBench(bool slave = false, uint64_t sectors = kSectors) : control(sectors) {
    ide.attach_disk(0, slave ? 1 : 0, std::make_unique<MemoryDisk>(control), "IL0001");
    start();
  }
  DiskControl control;
};

std::string text_of(const std::vector<uint16_t>& w, size_t first, size_t n) {
  std::string s;
  for (size_t i = first; i < first + n; ++i) {
    s += static_cast<char>(w[i] >> 8);
    s += static_cast<char>(w[i] & 0xFF);
  }
  while (!s.empty() && s.back() == ' ') s.pop_back();
  return s;
}

uint64_t number_in(const std::vector<uint8_t>& block, size_t at = 0) {
  uint64_t v = 0;
  std::memcpy(&v, &block[at], 8);
  return v;
}

}  // namespace

TEST_CASE("ATA: signature after power-on reset and after SRST") {
  DiskBench b;
  for (bool srst : {false, true}) {
    if (srst) {
      b.set_lba28(0x1234, 7);
      b.out8(b.kControl, 0x04);
      CHECK((b.alternate() & kAtaBsy) != 0);
      b.advance(5000);
      b.out8(b.kControl, 0x00);
      CHECK((b.alternate() & kAtaBsy) != 0);
      b.wait();
    }
    CHECK(b.alternate() == (kAtaDrdy | kAtaDsc));
    CHECK(b.in8(b.kError) == 1);
    CHECK(b.in8(b.kCount) == 1);
    CHECK(b.in8(b.kLow) == 1);
    CHECK(b.in8(b.kMid) == 0);
    CHECK(b.in8(b.kHigh) == 0);
    CHECK(b.in8(b.kDevice) == 0);
    CHECK(b.lines.rises(14) == 0);
  }
}

TEST_CASE("ATA: SRST ends a command at work") {
  DiskBench b;
  b.set_lba28(0, 1);
  b.out8(b.kCommand, 0x20);
  b.out8(b.kControl, 0x04);
  b.out8(b.kControl, 0x00);
  CHECK(b.wait() == (kAtaDrdy | kAtaDsc));
  b.advance(10'000'000);
  CHECK(b.alternate() == (kAtaDrdy | kAtaDsc));
  CHECK(b.lines.rises(14) == 0);
}

TEST_CASE("ATA: device 0 alone answers for device 1") {
  DiskBench b;
  b.out8(b.kDevice, b.kLba | b.kSlave);
  CHECK(b.alternate() == 0);
  CHECK(b.in8(b.kCommand) == 0);
  b.out8(b.kCount, 0x55);
  b.out8(b.kLow, 0xAA);
  CHECK(b.in8(b.kCount) == 0x55);
  b.out8(b.kCommand, 0xEC);
  b.advance(1'000'000);
  CHECK(b.alternate() == 0);
  CHECK_FALSE(b.irq());
  b.out8(b.kDevice, b.kLba);
  CHECK(b.alternate() == (kAtaDrdy | kAtaDsc));
}

TEST_CASE("ATA: device 1 alone, and a channel without drives, float") {
  DiskBench b(true);
  b.out8(b.kDevice, b.kLba);
  CHECK(b.alternate() == 0x7F);
  CHECK(b.in8(b.kLow) == 0x7F);
  b.out8(b.kDevice, b.kLba | b.kSlave);
  CHECK(b.wait() == (kAtaDrdy | kAtaDsc));
  CHECK((b.identify()[93] & 0x1F00) == 0x0B00);

  b.out8(0x172, 0x55);
  CHECK(b.in8(0x172) == 0x7F);
  CHECK(b.in8(0x177) == 0x7F);
  CHECK(b.in8(0x376) == 0x7F);
  CHECK(b.in16(0x170) == 0xFF7F);
}

TEST_CASE("ATA: EXECUTE DEVICE DIAGNOSTIC") {
  DiskBench b;
  b.out8(b.kDevice, b.kLba | b.kSlave);
  b.out8(b.kCommand, 0x90);
  CHECK((b.alternate() & kAtaBsy) != 0);
  b.wait();
  CHECK(b.irq());
  CHECK(b.in8(b.kError) == 1);
  CHECK(b.in8(b.kLow) == 1);
  CHECK(b.in8(b.kDevice) == 0);
}

TEST_CASE("ATA: INTRQ is cleared by Status, not by alternate status; nIEN gates it") {
  DiskBench b;
  b.command(0xE5);
  CHECK(b.irq());
  b.alternate();
  CHECK(b.irq());
  b.out8(b.kControl, 0x02);
  CHECK_FALSE(b.irq());
  b.out8(b.kControl, 0x00);
  CHECK(b.irq());
  b.in8(b.kCommand);
  CHECK_FALSE(b.irq());
  b.command(0xE5);
  CHECK(b.irq());
  b.out8(b.kCommand, 0xE5);  // the next command clears it too
  CHECK_FALSE(b.irq());
}

TEST_CASE("ATA: IDENTIFY DEVICE") {
  DiskBench b;
  b.out8(b.kCommand, 0xEC);
  CHECK_FALSE(b.irq());
  CHECK(b.wait() == (kAtaDrdy | kAtaDsc | kAtaDrq));
  CHECK(b.irq());
  auto w = b.identify();
  CHECK(w[0] == 0x0040);
  CHECK(w[1] == kSectors / (16 * 63));
  CHECK(w[3] == 16);
  CHECK(w[6] == 63);
  CHECK((w[60] | static_cast<uint32_t>(w[61]) << 16) == kSectors);
  CHECK((w[100] | static_cast<uint32_t>(w[101]) << 16) == kSectors);
  CHECK((w[57] | static_cast<uint32_t>(w[58]) << 16) == 20u * 16 * 63);
  CHECK((w[49] & 0x0300) == 0x0300);  // LBA, DMA
  CHECK((w[83] & 0x0400) != 0);       // 48-bit
  unsigned sum = 0;
  for (uint16_t v : w) sum += (v & 0xFF) + (v >> 8);
  CHECK((sum & 0xFF) == 0);
  CHECK(text_of(w, 10, 10) == "IL0001");
}

// What Linux's libata derives from the words and prints: "ata1.00: ATA-8: ILSE HARDDISK, 1.0, max UDMA/100"
// and "ata1.00: 20480 sectors, multi 16: LBA48"; with its tests of each word (include/linux/ata.h).
TEST_CASE("ATA: IDENTIFY DEVICE as libata reads it") {
  DiskBench b;
  auto w = b.identify();
  unsigned major = 0;
  for (unsigned v = 14; v >= 1 && major == 0; --v) {
    if ((w[80] >> v & 1) != 0) major = v;
  }
  CHECK(major == 8);
  CHECK(text_of(w, 27, 20) == "ILSE HARDDISK");
  CHECK(text_of(w, 23, 4) == "1.0");
  REQUIRE((w[53] & 4) != 0);
  CHECK((w[88] & 0xFF) == 0x3F);  // UDMA/100 is mode 5
  CHECK((w[63] & 7) == 7);        // multiword DMA 2, the most that a PIIX3 does
  CHECK((w[47] & 0xFF) == 16);
  CHECK((w[59] & 0x1FF) == 0x110);    // multi 16
  CHECK((w[83] & 0xC000) == 0x4000);  // word is valid
  CHECK((w[87] & 0xC000) == 0x4000);
  CHECK((w[86] & 0x3400) == 0x3400);                               // LBA48, FLUSH CACHE, FLUSH CACHE EXT
  CHECK((w[85] & 0x20) != 0);                                      // "Write cache: enabled"
  CHECK((w[93] & 0x2000) != 0);                                    // 80-wire cable
  CHECK(((w[106] & 0xC000) == 0x4000 && (w[106] & 0x3000) == 0));  // 512-byte sectors
  CHECK((major >= 7 && (w[169] & 1) != 0));                        // TRIM
  CHECK((w[69] & 0x4020) == 0x4020);                               // zeros after it
  CHECK(w[217] == 1);
}

TEST_CASE("ATA: READ SECTORS by LBA, one interrupt a sector") {
  DiskBench b;
  b.set_lba28(100, 3);
  b.out8(b.kCommand, 0x20);
  for (uint64_t s = 100; s < 103; ++s) {
    CHECK((b.alternate() & kAtaBsy) != 0);
    CHECK_FALSE(b.irq());
    CHECK(b.wait() == (kAtaDrdy | kAtaDsc | kAtaDrq));
    CHECK(b.irq());
    CHECK((b.in8(b.kCommand) & kAtaDrq) != 0);
    CHECK_FALSE(b.irq());
    CHECK(number_in(b.read_block(512)) == s);
  }
  CHECK(b.alternate() == (kAtaDrdy | kAtaDsc));
  CHECK_FALSE(b.irq());
  CHECK(b.lba28() == 102);
}

TEST_CASE("ATA: a count of 0 is 256 sectors, 65536 for the 48-bit commands") {
  DiskBench b(false, 70000);
  b.set_lba28(0, 0);
  b.command(0x20);
  for (uint64_t s = 0; s < 256; ++s) {
    REQUIRE((b.wait() & kAtaDrq) != 0);
    REQUIRE(number_in(b.read_block(512)) == s);
  }
  CHECK((b.wait() & kAtaDrq) == 0);
  b.set_lba48(0, 0);
  CHECK((b.command(0x42) & kAtaErr) == 0);
  CHECK(b.lba48() == 65535);
  b.set_lba48(70000 - 65535, 0);
  CHECK((b.command(0x42) & kAtaErr) != 0);
}

TEST_CASE("ATA: data port, 16 and 32 bits wide") {
  DiskBench b;
  for (size_t i = 0; i < 512; ++i) b.control.data[i] = static_cast<uint8_t>(i * 7);
  b.set_lba28(0, 1);
  b.command(0x20);
  CHECK(b.io.peek(b.kData, 4, b.now) == 0x150E0700);
  CHECK(b.in32(b.kData) == 0x150E0700);
  CHECK(b.in16(b.kData) == 0x231C);
  for (int i = 0; i < 126; ++i) b.in32(b.kData);
  CHECK((b.alternate() & kAtaDrq) != 0);
  b.in16(b.kData);
  CHECK((b.alternate() & kAtaDrq) == 0);
  CHECK(b.in16(b.kData) == 0);
}

TEST_CASE("ATA: CHS addresses") {
  DiskBench b;
  b.set_chs(2, 3, 4, 1);
  b.command(0x20);
  CHECK(number_in(b.read_block(512)) == (2 * 16 + 3) * 63 + 3);
  CHECK(b.in8(b.kLow) == 4);
  b.set_chs(2, 3, 0, 1);  // sectors count from 1
  CHECK((b.command(0x20) & kAtaErr) != 0);
  CHECK(b.in8(b.kError) == kAtaIdnf);
  b.set_chs(2, 3, 64, 1);
  b.command(0x20);
  CHECK(b.in8(b.kError) == kAtaIdnf);

  // Across tracks the registers count like an odometer.
  b.set_chs(0, 15, 63, 2);
  b.command(0x20);
  b.read_block(512);
  b.wait();
  CHECK(number_in(b.read_block(512)) == 16 * 63);
  CHECK(b.in8(b.kLow) == 1);
  CHECK(b.in8(b.kMid) == 1);
  CHECK((b.in8(b.kDevice) & 0xF) == 0);
}

TEST_CASE("ATA: INITIALIZE DEVICE PARAMETERS") {
  DiskBench b;
  b.out8(b.kDevice, 0xA0 | 7);
  b.out8(b.kCount, 32);
  CHECK((b.command(0x91) & kAtaErr) == 0);
  b.set_chs(1, 0, 1, 1);
  b.command(0x20);
  CHECK(number_in(b.read_block(512)) == 8 * 32);
  auto w = b.identify();
  CHECK(w[1] == 20);  // the default translation stays
  CHECK(w[54] == kSectors / (8 * 32));
  CHECK(w[55] == 8);
  CHECK(w[56] == 32);
  b.out8(b.kCount, 0);
  CHECK((b.command(0x91) & kAtaErr) != 0);
}

TEST_CASE("ATA: WRITE SECTORS asks for the first block without an interrupt") {
  DiskBench b;
  b.set_lba28(7, 2);
  b.out8(b.kCommand, 0x30);
  CHECK((b.wait() & kAtaDrq) != 0);
  CHECK_FALSE(b.irq());
  b.write_block(std::vector<uint8_t>(512, 0x11));
  CHECK((b.alternate() & kAtaBsy) != 0);
  CHECK((b.wait() & kAtaDrq) != 0);
  CHECK(b.irq());
  b.in8(b.kCommand);
  b.write_block(std::vector<uint8_t>(512, 0x22));
  CHECK(b.wait() == (kAtaDrdy | kAtaDsc));
  CHECK(b.irq());
  CHECK(b.control.data[7 * 512 + 511] == 0x11);
  CHECK(b.control.data[8 * 512] == 0x22);
  CHECK(b.control.number_at(9) == 9);
}

TEST_CASE("ATA: SET MULTIPLE, READ MULTIPLE and WRITE MULTIPLE with a short last block") {
  DiskBench b;
  b.out8(b.kCount, 4);
  CHECK((b.command(0xC6) & kAtaErr) == 0);
  CHECK((b.identify()[59] & 0x1FF) == 0x104);
  b.lines.clear();
  b.set_lba28(50, 6);
  b.command(0xC4);
  CHECK(number_in(b.read_block(2048), 3 * 512) == 53);
  CHECK((b.wait() & kAtaDrq) != 0);
  CHECK(number_in(b.read_block(1024), 512) == 55);
  CHECK((b.wait() & kAtaDrq) == 0);
  CHECK(b.lines.rises(14) == 1);  // Status was not read in between, so the line stayed high

  b.set_lba48(60, 5);
  b.command(0x39);
  b.write_block(std::vector<uint8_t>(2048, 0x33));
  CHECK((b.wait() & kAtaDrq) != 0);
  b.write_block(std::vector<uint8_t>(512, 0x44));
  CHECK((b.wait() & (kAtaDrq | kAtaErr)) == 0);
  CHECK(b.control.data[63 * 512] == 0x33);
  CHECK(b.control.data[64 * 512] == 0x44);
  CHECK(b.control.number_at(65) == 65);

  for (uint8_t bad : {3, 32}) {
    b.out8(b.kCount, bad);
    CHECK((b.command(0xC6) & kAtaErr) != 0);
  }
  b.out8(b.kCount, 0);
  CHECK((b.command(0xC6) & kAtaErr) == 0);
  b.set_lba28(0, 1);
  b.command(0xC4);
  CHECK(b.in8(b.kError) == kAtaAbrt);
}

TEST_CASE("ATA: 48-bit READ SECTORS EXT and HOB") {
  DiskBench b;
  b.set_lba48(20479, 1);
  b.command(0x24);
  CHECK(number_in(b.read_block(512)) == 20479);
  b.out8(b.kCount, 0x12);
  b.out8(b.kCount, 0x34);
  CHECK(b.in8(b.kCount) == 0x34);
  b.out8(b.kControl, 0x80);
  CHECK(b.in8(b.kCount) == 0x12);
  b.out8(b.kLow, 0);  // writing the command block clears HOB
  CHECK(b.in8(b.kCount) == 0x34);
}

TEST_CASE("ATA: addresses beyond the end are IDNF with the first that is not there") {
  DiskBench b;
  b.set_lba28(kSectors - 1, 2);
  CHECK((b.command(0x20) & (kAtaErr | kAtaDrq)) == kAtaErr);
  CHECK(b.irq());
  CHECK(b.in8(b.kError) == kAtaIdnf);
  CHECK(b.lba28() == kSectors);
  b.set_lba48(0xFFFFFFFFFFFF, 0xFFFF);
  for (uint8_t c : {0x24, 0x25, 0x29, 0x34, 0x35, 0x39, 0x3D, 0x42, 0xCE}) {
    b.set_lba48(0xFFFFFFFFFFFF, 0xFFFF);
    CHECK((b.command(c) & kAtaErr) != 0);
    CHECK(b.in8(b.kError) == kAtaIdnf);
    CHECK(b.lba48() == 0xFFFFFFFFFFFF);
  }
}

TEST_CASE("ATA: READ NATIVE MAX ADDRESS (EXT), READ VERIFY, SEEK, RECALIBRATE") {
  DiskBench b;
  b.out8(b.kDevice, b.kLba);
  b.command(0xF8);
  CHECK(b.lba28() == kSectors - 1);
  b.command(0x27);
  CHECK(b.lba48() == kSectors - 1);
  b.set_lba28(10, 20);
  CHECK((b.command(0x40) & kAtaErr) == 0);
  b.control.bad_reads = {25};
  b.set_lba28(10, 20);
  CHECK((b.command(0x40) & kAtaErr) != 0);
  CHECK(b.in8(b.kError) == kAtaUnc);
  CHECK(b.lba28() == 25);
  b.set_lba28(kSectors - 1, 0);
  CHECK((b.command(0x70) & kAtaErr) == 0);
  b.set_lba28(kSectors, 0);
  CHECK((b.command(0x70) & kAtaErr) != 0);
  CHECK((b.command(0x10) & kAtaErr) == 0);
}

TEST_CASE("ATA: host read errors are UNC at the failing sector") {
  DiskBench b;
  b.control.bad_reads = {205};
  b.out8(b.kCount, 8);
  b.command(0xC6);
  b.set_lba28(200, 8);
  CHECK((b.command(0xC4) & (kAtaErr | kAtaDrq)) == kAtaErr);
  CHECK(b.irq());
  CHECK(b.in8(b.kError) == kAtaUnc);
  CHECK(b.lba28() == 205);
  // Single sectors before it can still be read, and after it.
  b.set_lba28(204, 1);
  CHECK((b.command(0x20) & kAtaErr) == 0);
  CHECK(number_in(b.read_block(512)) == 204);
}

TEST_CASE("ATA: host write and flush errors reach the guest") {
  DiskBench b;
  b.control.bad_writes = {301};
  b.set_lba28(300, 2);
  b.command(0x30);
  b.write_block(std::vector<uint8_t>(512, 1));
  CHECK((b.wait() & kAtaErr) == 0);
  b.write_block(std::vector<uint8_t>(512, 2));
  CHECK((b.wait() & (kAtaErr | kAtaDrq)) == kAtaErr);
  CHECK(b.in8(b.kError) == kAtaAbrt);
  CHECK(b.lba28() == 301);

  b.control.flush_fails = true;
  for (uint8_t c : {0xE7, 0xEA}) {
    CHECK((b.command(c) & kAtaErr) != 0);
    CHECK(b.irq());
    CHECK(b.in8(b.kError) == kAtaAbrt);
  }
  b.control.flush_fails = false;
  CHECK((b.command(0xE7) & kAtaErr) == 0);
  CHECK(b.control.flushes == 3);
}

TEST_CASE("ATA: a read-only image aborts writes") {
  DiskBench b;
  b.control.read_only = true;
  b.set_lba28(0, 1);
  CHECK((b.command(0x30) & (kAtaErr | kAtaDrq)) == kAtaErr);
  CHECK(b.in8(b.kError) == kAtaAbrt);
  b.command(0xCA);
  CHECK(b.in8(b.kError) == kAtaAbrt);
}

TEST_CASE("ATA: SET FEATURES: transfer mode, write cache") {
  DiskBench b;
  auto set = [&](uint8_t feature, uint8_t count) {
    b.out8(b.kError, feature);
    b.out8(b.kCount, count);
    return (b.command(0xEF) & kAtaErr) == 0;
  };
  CHECK(set(0x03, 0x22));
  CHECK(b.identify()[63] == 0x0407);
  CHECK(set(0x03, 0x45));
  CHECK(b.identify()[63] == 0x0007);
  CHECK(b.identify()[88] == 0x203F);
  CHECK(set(0x03, 0x0C));
  CHECK(b.identify()[88] == 0x003F);
  CHECK_FALSE(set(0x03, 0x46));
  CHECK_FALSE(set(0x03, 0x23));
  CHECK_FALSE(set(0x03, 0xFF));
  CHECK_FALSE(set(0x77, 0));

  CHECK(set(0x82, 0));
  CHECK((b.identify()[85] & 0x20) == 0);
  unsigned before = b.control.flushes;
  b.set_lba28(5, 1);
  b.command(0x30);
  b.write_block(std::vector<uint8_t>(512, 9));
  b.wait();
  CHECK(b.control.flushes == before + 1);  // without a write cache the command ends on stable storage
  CHECK(set(0x02, 0));
  CHECK((b.identify()[85] & 0x20) != 0);
}

TEST_CASE("ATA: power modes") {
  DiskBench b;
  b.command(0xE5);
  CHECK(b.in8(b.kCount) == 0xFF);
  b.command(0xE0);
  CHECK(b.control.flushes == 1);
  b.command(0xE5);
  CHECK(b.in8(b.kCount) == 0x00);
  b.command(0xE1);
  b.command(0xE5);
  CHECK(b.in8(b.kCount) == 0x80);
  b.set_lba28(0, 1);
  b.command(0x40);
  b.command(0xE5);
  CHECK(b.in8(b.kCount) == 0xFF);
}

TEST_CASE("ATA: SMART, READ BUFFER and WRITE BUFFER") {
  DiskBench b;
  auto smart = [&](uint8_t feature) {
    b.out8(b.kError, feature);
    b.out8(b.kMid, 0x4F);
    b.out8(b.kHigh, 0xC2);
    return b.command(0xB0);
  };
  CHECK((smart(0xDA) & kAtaErr) == 0);
  CHECK(b.in8(b.kMid) == 0x4F);
  CHECK(b.in8(b.kHigh) == 0xC2);
  CHECK((smart(0xD0) & kAtaDrq) != 0);
  auto data = b.read_block(512);
  CHECK(std::accumulate(data.begin(), data.end(), 0u) % 256 == 0);
  CHECK((smart(0xD9) & kAtaErr) == 0);
  CHECK((smart(0xDA) & kAtaErr) != 0);
  CHECK((smart(0xD8) & kAtaErr) == 0);
  b.out8(b.kMid, 0);
  CHECK((b.command(0xB0) & kAtaErr) != 0);

  b.command(0xE8);
  std::vector<uint8_t> pattern(512, 0x5A);
  b.write_block(pattern);
  b.wait();
  b.command(0xE4);
  CHECK(b.read_block(512) == pattern);
}

TEST_CASE("ATA: commands that a disk does not have are aborted") {
  DiskBench b;
  for (uint8_t c : {0x00, 0x08, 0xA0, 0xA1, 0xF1, 0xFF}) {
    CHECK((b.command(c) & (kAtaErr | kAtaDrq)) == kAtaErr);
    CHECK(b.irq());
    CHECK(b.in8(b.kError) == kAtaAbrt);
    b.in8(b.kCommand);
  }
}

TEST_CASE("ATA: a command to a busy drive is ignored") {
  DiskBench b;
  b.set_lba28(1, 1);
  b.out8(b.kCommand, 0x20);
  b.out8(b.kCommand, 0xEC);
  b.wait();
  CHECK(number_in(b.read_block(512)) == 1);
}

TEST_CASE("ATA: two drives on a cable are told apart by DEV") {
  IdeBench b;
  DiskControl master(2000), slave(3000);
  b.ide.attach_disk(0, 0, std::make_unique<MemoryDisk>(master), "M");
  b.ide.attach_disk(0, 1, std::make_unique<MemoryDisk>(slave), "S");
  b.start();
  CHECK(b.identify()[60] == 2000);
  b.out8(b.kDevice, b.kLba | b.kSlave);
  CHECK(b.identify()[60] == 3000);
  // The other drive's interrupt shows when it is selected.
  b.command(0xE5);
  CHECK(b.irq());
  b.out8(b.kDevice, b.kLba);
  CHECK_FALSE(b.irq());
  b.out8(b.kDevice, b.kLba | b.kSlave);
  CHECK(b.irq());
  slave.data[0] = 0x77;
  b.set_lba28(0, 1, b.kLba | b.kSlave);
  b.command(0x20);
  CHECK(b.read_block(512)[0] == 0x77);
}

TEST_CASE("ATA: geometry never exceeds the disk") {
  for (uint64_t total :
       {1ull, 2ull, 62ull, 63ull, 64ull, 1007ull, 1008ull, 20480ull, 16514064ull, 1ull << 40}) {
    Geometry g = Geometry::of(total);
    CHECK(g.cylinders >= 1);
    CHECK(g.heads >= 1);
    CHECK(g.sectors >= 1);
    CHECK(g.capacity() <= total);
    CHECK(g.heads <= 16);
    CHECK(g.sectors <= 63);
    CHECK(g.cylinders <= 16383);
  }
  CHECK(Geometry::of(1ull << 40).capacity() == 16514064);
}
