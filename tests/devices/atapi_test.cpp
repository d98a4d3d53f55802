// The ATAPI CD-ROM drive on the bench, named after the PACKET protocol of ATA/ATAPI-7 and the
// commands of SPC-2 and MMC-3.
#include "tests/devices/ide_bench.h"

using namespace ilse;
using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

constexpr uint32_t kBlocks = 500;

using Packet = std::array<uint8_t, 12>;
using Bytes = std::vector<uint8_t>;

// The drive is on the primary channel, so that the helpers of IdeBench serve it.
struct CdBench : IdeBench {
  explicit CdBench(bool with_disc = true, uint64_t sectors = kBlocks * 4) : control(sectors) {
    drive = &ide.attach_cdrom(0, 0);
    if (with_disc) insert();
    start();
  }
  void insert() { drive->insert(std::make_unique<MemoryDisk>(control)); }

  // Sends a packet; true unless it ends in CHECK CONDITION. `blocks` gets the sizes of the PIO blocks.
  bool packet(const Packet& p, Bytes* data = nullptr, uint16_t limit = 0xFFFE,
              std::vector<size_t>* blocks = nullptr) {
    out8(kDevice, 0xA0);
    out8(kError, 0);
    out8(kMid, limit);
    out8(kHigh, limit >> 8);
    REQUIRE((command(0xA0) & (kAtaDrq | kAtaErr)) == kAtaDrq);
    CHECK((in8(kCount) & 3) == 1);
    CHECK_FALSE(irq());
    send(p);
    while ((wait() & kAtaDrq) != 0) {
      CHECK(irq());
      CHECK((in8(kCount) & 3) == 2);
      in8(kCommand);
      size_t n = in8(kMid) | in8(kHigh) << 8;
      REQUIRE(n > 0);
      if (blocks != nullptr) blocks->push_back(n);
      Bytes part = read_block((n + 1) & ~size_t{1});
      part.resize(n);
      if (data != nullptr) data->insert(data->end(), part.begin(), part.end());
    }
    CHECK(irq());
    CHECK((in8(kCount) & 3) == 3);
    return (in8(kCommand) & kAtaErr) == 0;
  }
  void send(const Packet& p) { write_block(Bytes(p.begin(), p.end())); }

  // Sense key << 16 | additional code and qualifier.
  uint32_t sense() {
    Bytes d;
    REQUIRE(packet({0x03, 0, 0, 0, 18}, &d));
    REQUIRE(d.size() == 18);
    CHECK(d[0] == 0x70);
    return static_cast<uint32_t>(d[2]) << 16 | static_cast<uint32_t>(d[12]) << 8 | d[13];
  }
  void clear_attention() {
    while (!packet({0x00}) && sense() >> 16 == 6) {
    }
  }
  Bytes answer(const Packet& p) {
    Bytes d;
    REQUIRE(packet(p, &d));
    return d;
  }

  DiskControl control;
  AtapiCdrom* drive;
};

uint32_t be32(const Bytes& d, size_t at) {
  return static_cast<uint32_t>(d[at]) << 24 | static_cast<uint32_t>(d[at + 1]) << 16 |
         static_cast<uint32_t>(d[at + 2]) << 8 | d[at + 3];
}
uint32_t be16(const Bytes& d, size_t at) { return static_cast<uint32_t>(d[at]) << 8 | d[at + 1]; }
uint64_t number_in(const Bytes& d, size_t at) {
  uint64_t v = 0;
  std::memcpy(&v, &d[at], 8);
  return v;
}

}  // namespace

TEST_CASE("ATAPI: signature after reset, after IDENTIFY DEVICE and DEVICE RESET") {
  CdBench b;
  auto signature = [&] {
    return b.in8(b.kCount) == 1 && b.in8(b.kLow) == 1 && b.in8(b.kMid) == 0x14 && b.in8(b.kHigh) == 0xEB;
  };
  CHECK(signature());
  CHECK(b.alternate() == 0x00);
  b.out8(b.kMid, 0);
  CHECK((b.command(0xEC) & kAtaErr) != 0);
  CHECK(b.in8(b.kError) == kAtaAbrt);
  CHECK(signature());
  // DEVICE RESET is taken while busy.
  b.out8(b.kCommand, 0xA0);
  CHECK((b.alternate() & kAtaBsy) != 0);
  b.out8(b.kCommand, 0x08);
  CHECK(b.alternate() == 0x00);
  CHECK(signature());
  b.advance(1'000'000);
  CHECK(b.alternate() == 0x00);
  CHECK(b.in8(b.kError) == 1);
}

TEST_CASE("ATAPI: IDENTIFY PACKET DEVICE") {
  CdBench b;
  auto w = b.identify(0xA1);
  CHECK(w[0] == 0x85C0);
  CHECK((w[49] & 0x0300) == 0x0300);
  CHECK((w[82] & 0x0210) == 0x0210);  // PACKET, DEVICE RESET
  CHECK((w[63] & 7) == 7);
  CHECK((b.alternate() & (kAtaDrq | kAtaErr)) == 0);
  b.out8(b.kError, 3);
  b.out8(b.kCount, 0x22);
  CHECK((b.command(0xEF) & kAtaErr) == 0);
  CHECK(b.identify(0xA1)[63] == 0x0407);
}

TEST_CASE("ATAPI: TEST UNIT READY and REQUEST SENSE report the unit attention of a reset once") {
  CdBench b;
  CHECK_FALSE(b.packet({0x00}));
  CHECK(b.in8(b.kError) >> 4 == 6);
  CHECK(b.sense() == 0x062900);
  CHECK(b.sense() == 0);
  CHECK(b.packet({0x00}));
}

TEST_CASE("ATAPI: without a disc the drive is not ready") {
  CdBench b(false);
  b.clear_attention();
  for (uint8_t op : {0x00, 0x25, 0x28, 0x43, 0x51}) {
    CHECK_FALSE(b.packet({op, 0, 0, 0, 0, 0, 0, 0, 1}));
    CHECK(b.sense() == 0x023A01);
  }
  CHECK(b.packet({0x12, 0, 0, 0, 36}));
}

TEST_CASE("ATAPI: INQUIRY, cut to the allocation length") {
  CdBench b;
  Bytes d = b.answer({0x12, 0, 0, 0, 96});
  REQUIRE(d.size() == 36);
  CHECK(d[0] == 0x05);
  CHECK(d[1] == 0x80);
  CHECK(std::string(d.begin() + 8, d.begin() + 14) == "ILSE  ");
  CHECK(b.answer({0x12, 0, 0, 0, 5}).size() == 5);
  CHECK(b.answer({0x12, 0, 0, 0, 0}).empty());
  CHECK_FALSE(b.packet({0x12, 1, 0x80, 0, 96}));
  CHECK(b.sense() >> 16 == 5);
}

TEST_CASE("ATAPI: READ CAPACITY") {
  CdBench b;
  b.clear_attention();
  Bytes d = b.answer({0x25});
  CHECK(be32(d, 0) == kBlocks - 1);
  CHECK(be32(d, 4) == 2048);
}

TEST_CASE("ATAPI: READ 10 and READ 12 by PIO, in blocks of the byte count limit") {
  CdBench b;
  b.clear_attention();
  Bytes d;
  std::vector<size_t> blocks;
  REQUIRE(b.packet({0x28, 0, 0, 0, 0, 7, 0, 0, 3}, &d, 2048, &blocks));
  CHECK(blocks == std::vector<size_t>{2048, 2048, 2048});
  CHECK(number_in(d, 0) == 28);
  CHECK(number_in(d, 2 * 2048 + 512) == 37);

  d.clear();
  blocks.clear();
  REQUIRE(b.packet({0xA8, 0, 0, 0, 0, 9, 0, 0, 0, 2}, &d, 1501, &blocks));
  CHECK(blocks == std::vector<size_t>{1500, 1500, 1096});
  CHECK(number_in(d, 0) == 36);
  CHECK(number_in(d, 2048) == 40);

  d.clear();
  REQUIRE(b.packet({0x28, 0, 0, 0, 0, 0, 0, 0, 100}, &d, 0xFFFF));
  REQUIRE(d.size() == 204800);
  CHECK(number_in(d, 99 * 2048) == 396);
  CHECK(b.packet({0x28, 0, 0, 0, 0, 7, 0, 0, 0}));
}

TEST_CASE("ATAPI: READ beyond the end and host errors") {
  CdBench b;
  b.clear_attention();
  CHECK_FALSE(b.packet({0x28, 0, 0, 0, 1, 0xF3, 0, 0, 2}));
  CHECK(b.in8(b.kError) == 0x54);
  CHECK(b.sense() == 0x052100);
  CHECK_FALSE(b.packet({0xA8, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}));
  CHECK(b.sense() == 0x052100);
  b.control.bad_reads = {50};
  Bytes d;
  CHECK_FALSE(b.packet({0x28, 0, 0, 0, 0, 10, 0, 0, 5}, &d, 2048));
  CHECK(d.size() == 2 * 2048);  // what came before the bad block
  CHECK(b.in8(b.kError) >> 4 == 3);
  CHECK(b.sense() == 0x031100);
}

TEST_CASE("ATAPI: READ 10 by DMA") {
  CdBench b;
  b.clear_attention();
  b.prd(0x1000, {{0x10000, 4096}, {0x20000, 2048}});
  b.out8(b.kError, 1);
  b.command(0xA0);
  b.send({0x28, 0, 0, 0, 0, 20, 0, 0, 3});
  uint8_t status = b.run_dma(true);
  CHECK((status & 5) == 4);
  CHECK((b.in8(b.kCount) & 3) == 3);
  CHECK((b.in8(b.kCommand) & kAtaErr) == 0);
  CHECK(b.ram64(0x10000) == 80);
  CHECK(b.ram64(0x20000) == 88);
}

TEST_CASE("ATAPI: READ CD and READ CD MSF, user data and whole sectors") {
  CdBench b;
  b.clear_attention();
  Bytes d = b.answer({0xBE, 0, 0, 0, 0, 3, 0, 0, 2, 0x10});
  REQUIRE(d.size() == 4096);
  CHECK(number_in(d, 0) == 12);
  d = b.answer({0xBE, 0, 0, 0, 0, 75, 0, 0, 1, 0xF8});
  REQUIRE(d.size() == 2352);
  CHECK(d[0] == 0);
  CHECK(d[1] == 0xFF);
  CHECK((d[12] == 0x00 && d[13] == 0x03 && d[14] == 0x00 && d[15] == 1));  // 00:03.00, mode 1
  CHECK(number_in(d, 16) == 300);
  d = b.answer({0xB9, 0, 0, 0, 2, 3, 0, 2, 5, 0x10});
  REQUIRE(d.size() == 4096);
  CHECK(number_in(d, 0) == 12);
  CHECK(b.answer({0xBE, 0, 0, 0, 0, 3, 0, 0, 2, 0}).empty());
  CHECK_FALSE(b.packet({0xBE, 1 << 2, 0, 0, 0, 3, 0, 0, 2, 0x10}));  // audio
  CHECK(b.sense() == 0x056400);
}

TEST_CASE("ATAPI: READ TOC formats 0, 1 and 2") {
  CdBench b;
  b.clear_attention();
  Bytes d = b.answer({0x43, 0, 0, 0, 0, 0, 0, 0, 100});
  REQUIRE(d.size() == 20);
  CHECK(be16(d, 0) == 18);
  CHECK((d[2] == 1 && d[3] == 1));
  CHECK((d[5] == 0x14 && d[6] == 1 && be32(d, 8) == 0));
  CHECK((d[14] == 0xAA && be32(d, 16) == kBlocks));
  d = b.answer({0x43, 2, 0, 0, 0, 0, 0xAA, 0, 100});
  REQUIRE(d.size() == 12);
  CHECK((d[9] == 0 && d[10] == 8 && d[11] == 50));  // 650 frames
  d = b.answer({0x43, 0, 1, 0, 0, 0, 0, 0, 100});
  REQUIRE(d.size() == 12);
  CHECK(d[6] == 1);
  d = b.answer({0x43, 0, 2, 0, 0, 0, 0, 0, 100});
  REQUIRE(d.size() == 4 + 4 * 11);
  CHECK((d[7] == 0xA0 && d[18] == 0xA1 && d[29] == 0xA2 && d[40] == 1));
  CHECK(b.answer({0x43, 0, 0, 0, 0, 0, 0, 0, 12, 0x40}).size() == 12);  // format in the control byte
  CHECK_FALSE(b.packet({0x43, 0, 0, 0, 0, 0, 2, 0, 100}));
  CHECK(b.sense() == 0x052400);
  CHECK_FALSE(b.packet({0x43, 0, 5, 0, 0, 0, 0, 0, 100}));
}

TEST_CASE("ATAPI: MODE SENSE 6 and 10") {
  CdBench b;
  b.clear_attention();
  Bytes d = b.answer({0x5A, 0, 0x2A, 0, 0, 0, 0, 0, 255});
  REQUIRE(d.size() == 30);
  CHECK(be16(d, 0) == 28);
  CHECK(d[8] == 0x2A);
  CHECK((d[14] & 0x02) == 0);
  b.packet({0x1E, 0, 0, 0, 1});
  d = b.answer({0x1A, 0, 0x2A, 0, 255});
  REQUIRE(d.size() == 26);
  CHECK(d[0] == 25);
  CHECK((d[10] & 0x02) != 0);  // locked
  CHECK(b.answer({0x5A, 0, 0x3F, 0, 0, 0, 0, 0, 255}).size() == 38);
  CHECK_FALSE(b.packet({0x5A, 0, 0x0D, 0, 0, 0, 0, 0, 255}));
  CHECK(b.sense() == 0x052400);
  CHECK_FALSE(b.packet({0x5A, 0, 0xEA, 0, 0, 0, 0, 0, 255}));
  CHECK(b.sense() == 0x053900);
}

TEST_CASE("ATAPI: GET CONFIGURATION") {
  CdBench b;
  Bytes d = b.answer({0x46, 0, 0, 0, 0, 0, 0, 1, 0});
  CHECK(be32(d, 0) == d.size() - 4);
  CHECK(be16(d, 6) == 0x0008);
  for (size_t at = 8; at < d.size(); at += 4 + d[at + 3]) CHECK(at + 4 + d[at + 3] <= d.size());
  d = b.answer({0x46, 2, 0, 0x1E, 0, 0, 0, 1, 0});
  REQUIRE(d.size() == 16);
  CHECK(be16(d, 8) == 0x001E);
  CHECK(b.answer({0x46, 0, 0, 0, 0, 0, 0, 0, 8}).size() == 8);
  b.drive->eject();
  CHECK(be16(b.answer({0x46, 0, 0, 0, 0, 0, 0, 0, 8}), 6) == 0);

  CdBench dvd(true, 600'000ull * 4);
  CHECK(be16(dvd.answer({0x46, 0, 0, 0, 0, 0, 0, 0, 8}), 6) == 0x0010);
}

TEST_CASE("ATAPI: media change: eject, insert, GET EVENT STATUS NOTIFICATION") {
  CdBench b;
  b.clear_attention();
  auto event = [&] { return b.answer({0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8}); };
  Bytes d = event();
  REQUIRE(d.size() == 8);
  CHECK((d[2] == 4 && d[4] == 0 && d[5] == 2));  // nothing new, present

  CHECK(b.drive->eject());
  d = event();
  CHECK((d[4] == 3 && d[5] == 1));  // removed, tray open
  CHECK_FALSE(b.packet({0x00}));
  CHECK(b.sense() == 0x023A02);

  DiskControl other(100 * 4);
  b.drive->insert(std::make_unique<MemoryDisk>(other));
  CHECK_FALSE(b.packet({0x25}));
  CHECK(b.sense() == 0x062800);
  CHECK(be32(b.answer({0x25}), 0) == 99);
  d = event();
  CHECK((d[4] == 2 && d[5] == 2));  // new media
  CHECK(event()[4] == 0);           // reported once

  CHECK_FALSE(b.packet({0x4A, 0, 0, 0, 0x10, 0, 0, 0, 8}));  // only polled operation
  d = b.answer({0x4A, 1, 0, 0, 0x40, 0, 0, 0, 8});
  CHECK(d == Bytes{0, 2, 0x80, 0x10});
}

TEST_CASE("ATAPI: PREVENT ALLOW MEDIUM REMOVAL and START STOP UNIT") {
  CdBench b;
  b.clear_attention();
  CHECK(b.packet({0x1E, 0, 0, 0, 1}));
  CHECK_FALSE(b.drive->eject());
  CHECK(b.answer({0x4A, 1, 0, 0, 0x10, 0, 0, 0, 8})[4] == 1);  // eject request
  CHECK_FALSE(b.packet({0x1B, 0, 0, 0, 2}));
  CHECK(b.sense() == 0x055302);
  CHECK(b.packet({0x00}));
  CHECK(b.packet({0x1E, 0, 0, 0, 0}));
  CHECK(b.packet({0x1B, 0, 0, 0, 2}));
  CHECK_FALSE(b.packet({0x00}));
  CHECK(b.sense() == 0x023A02);
  CHECK((b.answer({0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8})[1] & 0x10) != 0);
  CHECK(b.packet({0x1B, 0, 0, 0, 3}));  // the disc is still in the tray
  CHECK_FALSE(b.packet({0x00}));
  CHECK(b.sense() == 0x062800);
  CHECK(b.packet({0x00}));
}

TEST_CASE("ATAPI: the disc leaves in the middle of a read") {
  CdBench b;
  b.clear_attention();
  b.out8(b.kError, 0);
  b.out8(b.kMid, 0);
  b.out8(b.kHigh, 0x08);
  b.command(0xA0);
  b.send({0x28, 0, 0, 0, 0, 0, 0, 0, 50});
  REQUIRE((b.wait() & kAtaDrq) != 0);
  b.drive->force_eject();
  b.read_block(2048);
  CHECK((b.wait() & (kAtaErr | kAtaDrq)) == kAtaErr);
  CHECK(b.sense() == 0x023A02);
}

TEST_CASE(
    "ATAPI: READ DISC INFORMATION, READ TRACK INFORMATION, SUBCHANNEL, MECHANISM STATUS, SET CD SPEED") {
  CdBench b;
  b.clear_attention();
  Bytes d = b.answer({0x51, 0, 0, 0, 0, 0, 0, 0, 64});
  REQUIRE(d.size() == 34);
  CHECK(d[2] == 0x0E);
  d = b.answer({0x52, 1, 0, 0, 0, 1, 0, 0, 64});
  REQUIRE(d.size() == 28);
  CHECK(be32(d, 24) == kBlocks);
  CHECK(b.answer({0x42, 0, 0x40, 1, 0, 0, 0, 0, 64}).size() == 16);
  CHECK(b.answer({0xBD, 0, 0, 0, 0, 0, 0, 0, 0, 8}).size() == 8);
  CHECK(b.packet({0xBB, 0, 0xFF, 0xFF}));
  CHECK(b.packet({0x2B, 0, 0, 0, 0, 5}));
  CHECK_FALSE(b.packet({0x2B, 0, 0, 1, 0, 0}));
}

TEST_CASE("ATAPI: operation codes that the drive does not have") {
  CdBench b;
  b.clear_attention();
  for (uint8_t op : {0x2A, 0x55, 0xFF}) {
    CHECK_FALSE(b.packet({op}));
    CHECK(b.sense() == 0x052000);
  }
}

TEST_CASE("ATAPI: a disc whose last block is not whole") {
  CdBench b(true, 4 * 10 + 1);
  b.clear_attention();
  CHECK(be32(b.answer({0x25}), 0) == 10);
  Bytes d = b.answer({0x28, 0, 0, 0, 0, 10, 0, 0, 1});
  REQUIRE(d.size() == 2048);
  CHECK(number_in(d, 0) == 40);
  CHECK(number_in(d, 512) == 0);
}
