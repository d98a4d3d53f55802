// The whole board: layout, wiring, reset, state.
#include "devices/board/pc.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <sstream>

#include "devices/board/fw_cfg.h"
#include "devices/irq/local_apic.h"
#include "tests/devices/apic_bench.h"
#include "tests/devices/ide_bench.h"

using namespace ilse::dev;
using namespace ilse::dev::test;
namespace mem = ilse::mem;

namespace {

BoardConfig config(uint64_t ram_mib = 16) {
  BoardConfig c;
  c.ram_mib = ram_mib;
  c.bios.resize(256 * 1024);
  for (size_t i = 0; i < c.bios.size(); ++i) c.bios[i] = static_cast<uint8_t>(i >> 12 | 0x80);
  c.vgabios = std::vector<uint8_t>(38 * 1024, 0x56);
  c.pci_testdev = c.pvpanic = c.debug_exit.present = true;
  c.debug_exit.iobase = 0xF4;
  c.debug_exit.iosize = 4;
  DriveConfig cd;
  cd.media = DriveConfig::Media::Cdrom;
  cd.index = 2;
  c.drives.push_back(std::move(cd));
  return c;
}

// The lines of `a` that `b` does not have in the same place, for a message that can be read.
std::string difference(const std::string& a, const std::string& b) {
  std::istringstream left(a), right(b);
  std::string x, y, all;
  while (std::getline(left, x) && std::getline(right, y)) {
    if (x != y) all += x + " /" + y.substr(std::min(y.size(), y.find('=') + 1)) + "\n";
  }
  return all;
}

struct Machine {
  explicit Machine(BoardConfig c = config()) {
    unsigned cpus = c.cpus;
    auto result = Pc::create(std::move(c));
    INFO(result.error().message);
    REQUIRE(result);
    pc = std::move(*result);
    pins.resize(cpus);
    for (unsigned i = 0; i < cpus; ++i) pc->attach(i, &pins[i]);
  }
  void out(uint16_t port, unsigned width, uint32_t v) { pc->io().write(port, width, v, now); }
  uint32_t in(uint16_t port, unsigned width = 1) { return pc->io().read(port, width, now); }
  void pci(unsigned slot, unsigned function, uint8_t reg, unsigned width, uint32_t v) {
    out(0xCF8, 4, 0x80000000u | slot << 11 | function << 8 | (reg & 0xFC));
    out(static_cast<uint16_t>(0xCFC + (reg & 3)), width, v);
  }
  uint32_t pci(unsigned slot, unsigned function, uint8_t reg) {
    out(0xCF8, 4, 0x80000000u | slot << 11 | function << 8 | (reg & 0xFC));
    return in(static_cast<uint16_t>(0xCFC + (reg & 3)), 4);
  }
  uint8_t cmos(uint8_t index) {
    out(0x70, 1, index);
    return static_cast<uint8_t>(in(0x71));
  }
  uint64_t read(uint64_t at, unsigned width = 1) { return pc->memory().read({at}, width, now); }
  void write(uint64_t at, unsigned width, uint64_t v) { pc->memory().write({at}, width, v, now); }
  void advance(uint64_t ns) {
    now = now + ns;
    pc->scheduler().advance(now);
  }
  std::vector<uint8_t> save() {
    mem::SaveVisitor v;
    pc->visit_state(v);
    return v.take();
  }
  uint64_t hash() {
    mem::HashVisitor v;
    pc->visit_state(v);
    return v.digest();
  }
  std::string print() {
    mem::PrintVisitor v;
    pc->visit_state(v);
    return v.text();
  }
  void load(const std::vector<uint8_t>& state, VTime at) {
    mem::LoadVisitor v(state);
    pc->visit_state(v);
    INFO(v.error());
    REQUIRE(v.ok());
    REQUIRE(v.at_end());
    now = at;
  }
  // One random access of a guest that has gone astray, or a while of waiting.
  void stray(std::mt19937_64& random) {
    static constexpr std::array<std::pair<uint16_t, uint16_t>, 20> kPorts{
        {{0x00, 16},  {0x20, 2},  {0x40, 4},  {0x60, 8},   {0x70, 4},  {0x80, 16}, {0x92, 1},
         {0xA0, 2},   {0xB2, 2},  {0xC0, 32}, {0xF0, 2},   {0x170, 8}, {0x1CE, 3}, {0x2F8, 8},
         {0x3B0, 48}, {0x3F6, 1}, {0x4D0, 2}, {0x510, 12}, {0xCF8, 8}, {0xAFE0, 4}}};
    uint64_t kind = random() % 8, where = random(), value = random();
    unsigned width = 1u << (where % 3);
    if (kind < 5) {
      auto [base, count] = kPorts[where / 4 % kPorts.size()];
      auto port = static_cast<uint16_t>(base + (where >> 32) % count);
      if (kind < 2) {
        reads.push_back(in(port, width));
      } else {
        out(port, width, static_cast<uint32_t>(value));
      }
    } else if (kind == 5) {
      static constexpr std::array<uint64_t, 5> kBases{0xFEE00000, 0xFEC00000, 0xFED00000, 0xA0000, 0xC0000};
      uint64_t at = kBases[where / 4 % kBases.size()] + ((where >> 32) % 0x400 & ~3ull);
      if ((where >> 60) < 8) {
        reads.push_back(static_cast<uint32_t>(read(at, 4)));
      } else {
        write(at, 4, value & 0xFFFFFFFF);
      }
    } else if (kind == 6) {
      if (pins[0].intr) reads.push_back(pc->acknowledge(now));
    } else {
      advance(where % 200'000);
    }
  }
  VTime now{};
  std::vector<PinsRecorder> pins;
  std::unique_ptr<Pc> pc;
  std::vector<uint32_t> reads;
};

}  // namespace

TEST_CASE("PC: memory of 512 MiB and of 4 GiB") {
  Machine small(config(512)), large(config(4096));
  CHECK(small.read(0xFFFFFFF0) == 0xBF);
  CHECK(small.read(0x1FFFFFFF) == 0);
  CHECK(small.read(0x20000000) == 0xFF);
  CHECK(large.read(0xBFFFFFFF) == 0);
  CHECK(large.read(0xC0000000) == 0xFF);
  CHECK(large.read(0x13FFFFFFF) == 0);
  CHECK(large.read(0x140000000) == 0xFF);
  // CMOS and fw_cfg tell the same.
  CHECK((small.cmos(0x34) | small.cmos(0x35) << 8) == (512 - 16) * 16);
  CHECK((small.cmos(0x5B) | small.cmos(0x5C) << 8 | small.cmos(0x5D) << 16) == 0);
  CHECK((large.cmos(0x34) | large.cmos(0x35) << 8) == (3072 - 16) * 16);
  CHECK((large.cmos(0x5B) | large.cmos(0x5C) << 8 | large.cmos(0x5D) << 16) == 1024 * 16);
  CHECK(small.pc->fw_cfg().file("etc/e820")->size() == 20);
  CHECK(large.pc->fw_cfg().file("etc/e820")->size() == 40);
}

TEST_CASE("PC: what cannot be built is refused with a reason") {
  auto refused = [](auto change) {
    BoardConfig c = config(16);
    change(c);
    auto pc = Pc::create(std::move(c));
    CHECK_FALSE(pc);
    CHECK_FALSE(pc.error().message.empty());
  };
  refused([](BoardConfig& c) { c.ram_mib = 0; });
  refused([](BoardConfig& c) { c.ram_mib = 1'000'000; });
  refused([](BoardConfig& c) { c.cpus = 0; });
  refused([](BoardConfig& c) { c.cpus = 1000; });
  refused([](BoardConfig& c) { c.bios.clear(); });
  refused([](BoardConfig& c) { c.bios.resize(1000); });
  refused([](BoardConfig& c) { c.drives.emplace_back(); });
  refused([](BoardConfig& c) {
    DriveConfig d;
    d.media = DriveConfig::Media::Cdrom;
    d.index = 2;
    c.drives.push_back(std::move(d));
  });
}

TEST_CASE("PC: the functions that firmware expects are in their slots") {
  Machine m;
  CHECK(m.pci(0, 0, 0) == 0x12378086);
  CHECK(m.pci(1, 0, 0) == 0x70008086);
  CHECK(m.pci(1, 1, 0) == 0x70108086);
  CHECK(m.pci(1, 2, 0) == 0xFFFFFFFF);
  CHECK(m.pci(1, 3, 0) == 0x71138086);
  CHECK(m.pci(2, 0, 0) == 0x11111234);
  CHECK(m.pci(3, 0, 0) == 0x00051B36);
  CHECK(m.read(0xFEE00030, 4) == 0x00050014);
  CHECK(m.read(0xFED00004, 4) == 10'000'000);
  m.write(0xFEC00000, 4, 1);
  CHECK(m.read(0xFEC00010, 4) == 0x00170011);
  m.out(0x510, 2, 0);
  CHECK(m.in(0x511) == 'Q');
}

TEST_CASE("PC: shadowing the firmware through PAM") {
  Machine m;
  uint64_t entry = m.read(0xFFFF0, 8);
  m.pci(0, 0, 0x59, 1, 0x20);  // reads from ROM, writes to RAM
  for (uint64_t at = 0xF0000; at < 0x100000; at += 8) m.write(at, 8, m.read(at, 8));
  m.pci(0, 0, 0x59, 1, 0x10);  // the other way round
  CHECK(m.read(0xFFFF0, 8) == entry);
  m.write(0xFFFF0, 8, 0);
  CHECK(m.read(0xFFFF0, 8) == entry);
  m.pci(0, 0, 0x59, 1, 0x30);
  m.write(0xFFFF0, 8, 0x1234);
  CHECK(m.read(0xFFFF0, 8) == 0x1234);
  m.pc->reset(ResetKind::Hard);
  CHECK(m.read(0xFFFF0, 8) == entry);
}

TEST_CASE("PC: the timer's interrupt reaches the processor through the 8259 and through the I/O APIC") {
  Machine m;
  auto start_timer = [&] {
    m.out(0x43, 1, 0x34);
    m.out(0x40, 1, 0);
    m.out(0x40, 1, 0x10);
  };
  for (auto [port, value] : std::vector<std::pair<uint16_t, uint32_t>>{{0x20, 0x11},
                                                                       {0x21, 0x08},
                                                                       {0x21, 4},
                                                                       {0x21, 1},
                                                                       {0xA0, 0x11},
                                                                       {0xA1, 0x70},
                                                                       {0xA1, 2},
                                                                       {0xA1, 1},
                                                                       {0x21, 0xFE}}) {
    m.out(port, 1, value);
  }
  start_timer();
  m.advance(10'000'000);
  CHECK(m.pins[0].intr);
  CHECK(m.pc->acknowledge(m.now) == 8);
  m.out(0x20, 1, 0x20);
  m.out(0x21, 1, 0xFF);

  m.write(0xFEE000F0, 4, 0x1FF);
  m.write(0xFEC00000, 4, 0x14);
  m.write(0xFEC00010, 4, 0x31);  // pin 2
  m.advance(10'000'000);
  CHECK(m.pins[0].intr);
  CHECK(m.pc->acknowledge(m.now) == 0x31);
}

TEST_CASE("PC: requests to the machine") {
  Machine m;
  SECTION("CF9h") {
    m.out(0xCF9, 1, 2);
    m.out(0xCF9, 1, 6);
    CHECK(m.pc->requests().reset);
  }
  SECTION("keyboard controller") {
    m.out(0x64, 1, 0xFE);
    CHECK(m.pc->requests().reset);
  }
  SECTION("port 92h") {
    m.out(0x92, 1, 1);
    CHECK(m.pc->requests().reset);
  }
  SECTION("reset button") {
    m.pc->deliver({OutsideEvent::Kind::Reset}, m.now);
    CHECK(m.pc->requests().reset);
  }
  SECTION("soft-off") {
    m.pci(1, 3, 0x40, 4, 0x601);
    m.pci(1, 3, 0x80, 1, 1);
    m.out(0x604, 2, 0x2000);
    CHECK(m.pc->requests().power_off);
  }
  SECTION("isa-debug-exit") {
    m.out(0xF4, 4, 0x10);
    CHECK(m.pc->requests().exit == 0x21);
  }
  SECTION("pvpanic") {
    m.out(0x505, 1, 1);
    CHECK(m.pc->requests().guest_panicked);
  }
  SECTION("triple fault") {
    m.pc->shutdown(m.now);
    CHECK(m.pc->requests().shutdown);
  }
  CHECK(m.pins[0].attentions == 1);
  CHECK(m.pc->requests().any());
  m.pc->clear_requests();
  CHECK_FALSE(m.pc->requests().any());
}

TEST_CASE("PC: A20, FERR# and IGNNE#") {
  Machine m;
  bool at_reset = m.pc->a20();
  CHECK(m.pins[0].a20 == at_reset);
  m.out(0x92, 1, 2);
  CHECK(m.pins[0].a20);
  m.pc->set_ferr(true);
  m.out(0xF0, 1, 0);
  CHECK(m.pins[0].ignne);
  m.pc->set_ferr(false);
  CHECK_FALSE(m.pins[0].ignne);
}

TEST_CASE("PC: each processor sees its own local APIC") {
  BoardConfig c = config();
  c.cpus = 2;
  Machine m(std::move(c));
  CHECK(m.read(0xFEE00020, 4) == 0);
  m.pc->select_processor(1);
  CHECK(m.read(0xFEE00020, 4) == 0x01000000);
  CHECK(m.pc->set_apic_base(1, 0xFED80800, m.now));
  CHECK(m.read(0xFED80020, 4) == 0x01000000);
  CHECK(m.read(0xFEE00020, 4) == 0xFFFFFFFF);
  m.pc->select_processor(0);
  CHECK(m.read(0xFEE00020, 4) == 0);
  m.write(0xFEE00310, 4, 1u << 24);
  m.write(0xFEE00300, 4, 0x4500);
  CHECK(m.pins[1].inits == 1);
  CHECK(m.cmos(0x5F) == 1);
}

TEST_CASE("PC: typing and serial input arrive through the door") {
  Machine m;
  class Sink : public CharSink {
   public:
    void put(uint8_t b) override { text.push_back(static_cast<char>(b)); }
    std::string text;
  } com1;
  m.pc->connect_serial(0, &com1);
  m.out(0x3F8, 1, 'A');
  m.advance(10'000'000);
  CHECK(com1.text == "A");
  // More than a UART holds: none is lost.
  std::string sent = "a line that is much longer than the receive buffer of a UART", got;
  for (char ch : sent) m.pc->door().post({OutsideEvent::Kind::Serial, 0, static_cast<uint8_t>(ch)});
  m.pc->door().drain(m.now, [&](const OutsideEvent& e, VTime t) { m.pc->deliver(e, t); });
  for (int i = 0; i < 1000 && got.size() < sent.size(); ++i) {
    m.advance(1'000'000);
    while ((m.in(0x3FD) & 1) != 0) got.push_back(static_cast<char>(m.in(0x3F8)));
  }
  CHECK(got == sent);
}

TEST_CASE("PC: a reset brings back the state of power-on") {
  Machine fresh, used;
  std::mt19937_64 random(7);
  for (int i = 0; i < 20000; ++i) used.stray(random);
  auto kind = GENERATE(ResetKind::PowerOn, ResetKind::Hard);
  used.pc->reset(kind);
  // Time has passed in one of them: bring the other to the same moment.
  fresh.advance(used.now.ns);
  fresh.pc->reset(ResetKind::PowerOn);
  std::istringstream lines(difference(used.print(), fresh.print()));
  for (std::string line; std::getline(lines, line);) {
    INFO(line);
    // The battery's RAM, and up to which clock the 8254's counters have been brought.
    bool kept = line.find("pc.rtc.") != line.npos || line.find("pc.pit.clock.") != line.npos;
    // The reset line leaves memory and the running clock alone.
    if (kind == ResetKind::Hard) {
      kept |= line.find("pc.ram.") != line.npos || line.find("pc.vga.memory") != line.npos;
    }
    CHECK(kept);
  }
  CHECK_FALSE(used.pc->requests().any());
  CHECK(used.read(0xFFFFFFF0) == 0xBF);
}

TEST_CASE("PC: save, load and hash are the identity, and a loaded machine runs on the same") {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    Machine a, b;
    for (int i = 0; i < 4000; ++i) a.stray(random);
    auto saved = a.save();
    uint64_t hash = a.hash();
    b.load(saved, a.now);
    CHECK((b.save() == saved));
    CHECK(b.hash() == hash);
    CHECK(a.hash() == hash);
    CHECK(b.pins[0].intr == a.pins[0].intr);
    CHECK(b.pc->a20() == a.pc->a20());
    a.reads.clear();
    std::mt19937_64 random_b = random;
    for (int i = 0; i < 4000; ++i) a.stray(random);
    for (int i = 0; i < 4000; ++i) b.stray(random_b);
    CHECK((a.reads == b.reads));
    CHECK(difference(a.print(), b.print()) == "");
  }
}

TEST_CASE("PC: damaged states are refused or harmless") {
  Machine a;
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) a.stray(random);
  auto saved = a.save();
  Machine b;
  for (int i = 0; i < 60; ++i) {
    auto damaged = saved;
    for (int k = 0; k < 4; ++k) damaged[random() % damaged.size()] = static_cast<uint8_t>(random());
    if (i % 3 == 0) damaged.resize(random() % damaged.size());
    mem::LoadVisitor v(damaged);
    b.pc->visit_state(v);
  }
}

TEST_CASE("PC: two machines in one process") {
  Machine a, b;
  uint64_t before = b.hash();
  std::mt19937_64 random(11);
  for (int i = 0; i < 5000; ++i) a.stray(random);
  a.write(0x5000, 4, 0x12345678);
  CHECK(b.hash() == before);
  CHECK(b.read(0x5000, 4) == 0);
  a.pc.reset();
  CHECK(b.hash() == before);
}

TEST_CASE("PC: discs and diskettes come and go through the door") {
  BoardConfig c = config();
  c.floppies[0].type = FloppyType::M1440;
  Machine m(std::move(c));
  DiskControl disc(400), diskette(2880), large(5760);
  auto in = [&m](uint32_t unit, DiskControl& content) {
    auto medium = std::make_shared<Medium>(Medium{"file", std::make_unique<MemoryDisk>(content)});
    m.pc->door().post({OutsideEvent::Kind::MediumIn, unit, 0, medium});
    m.pc->door().drain(m.now, [&m](const OutsideEvent& e, mem::VTime at) { m.pc->deliver(e, at); });
  };
  auto out = [&m](uint32_t unit, uint64_t force) {
    m.pc->door().post({OutsideEvent::Kind::MediumOut, unit, force});
    m.pc->door().drain(m.now, [&m](const OutsideEvent& e, mem::VTime at) { m.pc->deliver(e, at); });
  };
  auto drives = m.pc->media_drives();
  REQUIRE(drives.size() == 2);
  CHECK(drives[0].id == "ide1-cd0");
  CHECK(drives[1].id == "floppy0");
  CHECK(drives[1].medium.empty());
  in(2, disc);
  in(kFirstFloppyUnit, diskette);
  CHECK(m.pc->media_drives()[0].medium == "file");
  CHECK(m.pc->media_drives()[1].medium == "file");
  out(2, 0);
  out(kFirstFloppyUnit, 0);
  CHECK(m.pc->media_drives()[0].tray_open);
  CHECK(m.pc->media_drives()[1].medium.empty());
  // What does not fit, and drives that are not there.
  CHECK_FALSE(m.pc->accepts_medium(kFirstFloppyUnit, 5760));
  in(kFirstFloppyUnit, large);
  CHECK(m.pc->media_drives()[1].medium.empty());
  for (uint32_t unit : {0u, 1u, 5u, 6u, 99u}) {
    CHECK_FALSE(m.pc->accepts_medium(unit, 2880));
    in(unit, diskette);
    out(unit, 1);
  }
  m.pc->door().post({OutsideEvent::Kind::MediumIn, 2, 0});  // of a damaged log
  m.pc->door().drain(m.now, [&m](const OutsideEvent& e, mem::VTime at) { m.pc->deliver(e, at); });
  CHECK(m.pc->media_drives()[0].medium.empty());
}
