// ACPI and SMBIOS tables: sums, lengths, and the script by which the firmware places them, which the test
// runs as the firmware would.
#include "devices/board/acpi_tables.h"

#include <unistd.h>
#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <string>

#include "devices/board/fw_cfg.h"
#include "devices/board/little_endian.h"
#include "devices/board/smbios_tables.h"
#include "tests/devices/bench.h"

using namespace ilse::dev;
using namespace ilse::dev::test;

namespace {

using Bytes = std::vector<uint8_t>;

unsigned sum(std::span<const uint8_t> b) { return std::accumulate(b.begin(), b.end(), 0u) % 256; }
std::string text(std::span<const uint8_t> b, size_t at, size_t n) {
  return {reinterpret_cast<const char*>(b.data() + at), n};
}

// The files after the script, at addresses of the test's own.
struct Placed {
  std::map<std::string, Bytes> files;
  std::map<std::string, uint32_t> addresses;

  Bytes& file(const std::string& name) {
    REQUIRE(files.count(name) == 1);
    return files[name];
  }
  std::span<const uint8_t> table(uint32_t address) {
    uint32_t at = address - addresses["etc/acpi/tables"];
    const Bytes& all = file("etc/acpi/tables");
    REQUIRE(at + 36 <= all.size());
    uint32_t length = get32(all, at + 4);
    REQUIRE(length <= all.size() - at);
    return std::span(all).subspan(at, length);
  }
};

Placed place(const FwCfg& fw) {
  Placed p;
  const Bytes* script = fw.file("etc/table-loader");
  REQUIRE(script != nullptr);
  REQUIRE(script->size() % AcpiLoader::kEntrySize == 0);
  uint32_t next = 0x7FE0000;
  for (size_t at = 0; at < script->size(); at += AcpiLoader::kEntrySize) {
    auto name = [&](size_t offset) {
      std::string s = text(*script, at + offset, AcpiLoader::kNameSize);
      REQUIRE(s.back() == 0);
      return s.substr(0, s.find('\0'));
    };
    auto value = [&](size_t offset) { return get32(*script, at + offset); };
    std::string file = name(4);
    switch (value(0)) {
      case AcpiLoader::kAllocate: {
        const Bytes* bytes = fw.file(file);
        REQUIRE(bytes != nullptr);
        uint32_t align = value(60);
        REQUIRE(align != 0);
        REQUIRE((align & (align - 1)) == 0);
        uint8_t zone = get8(*script, at + 64);
        CHECK((zone == 1 || zone == 2));
        uint32_t& from = p.addresses[file];
        from = zone == 1 ? next : 0xF5AD0;
        REQUIRE(from % align == 0);
        p.files[file] = *bytes;
        break;
      }
      case AcpiLoader::kAddPointer: {
        std::string target = name(60);
        REQUIRE(p.addresses.count(target) == 1);
        uint32_t offset = value(116);
        REQUIRE(get8(*script, at + 120) == 4);
        Bytes& bytes = p.file(file);
        REQUIRE(offset + 4 <= bytes.size());
        uint32_t relative = get32(bytes, offset);
        REQUIRE(relative < p.file(target).size());
        set_le(bytes, offset, relative + p.addresses[target], 4);
        break;
      }
      case AcpiLoader::kAddChecksum: {
        Bytes& bytes = p.file(file);
        uint32_t offset = value(60), start = value(64), length = value(68);
        REQUIRE(start + length <= bytes.size());
        REQUIRE(offset < bytes.size());
        bytes[offset] = static_cast<uint8_t>(bytes[offset] - sum(std::span(bytes).subspan(start, length)));
        break;
      }
      default: FAIL("command " << value(0));
    }
  }
  return p;
}

struct Rig {
  explicit Rig(unsigned cpus = 1, unsigned serial_ports = 2) : fw(b.map) {
    add_acpi_tables(fw, cpus, serial_ports, 0x8000000);
    add_smbios_tables(fw, cpus, 0x200000000, 0xC0000000);
  }
  // Tables by signature.
  std::map<std::string, Bytes> tables() {
    Placed p = place(fw);
    std::map<std::string, Bytes> all;
    const Bytes& rsdp = p.file("etc/acpi/rsdp");
    REQUIRE(rsdp.size() == 20);
    CHECK(text(rsdp, 0, 8) == "RSD PTR ");
    CHECK(sum(rsdp) == 0);
    auto add = [&](uint32_t address) {
      auto t = p.table(address);
      CHECK((text(t, 0, 4) == "FACS" || sum(t) == 0));
      all[text(t, 0, 4)] = {t.begin(), t.end()};
    };
    auto root = p.table(get32(rsdp, 16));
    CHECK(text(root, 0, 4) == "RSDT");
    CHECK(sum(root) == 0);
    for (size_t at = 36; at < root.size(); at += 4) add(get32(root, at));
    REQUIRE(all.count("FACP") == 1);
    CHECK(get32(all["FACP"], 36) % 64 == 0);
    add(get32(all["FACP"], 36));
    add(get32(all["FACP"], 40));
    return all;
  }
  Bench b;
  FwCfg fw;
};

}  // namespace

TEST_CASE("ACPI: every table is found and sums up") {
  for (unsigned cpus : {1u, 4u, 64u}) {
    auto t = Rig(cpus).tables();
    for (const char* name : {"FACP", "FACS", "DSDT", "SSDT", "APIC", "HPET", "WAET"}) {
      INFO(name);
      CHECK(t.count(name) == 1);
    }
  }
}

TEST_CASE("ACPI: fixed description table") {
  auto t = Rig().tables()["FACP"];
  REQUIRE(t.size() == 244);
  CHECK(get16(t, 46) == 9);
  CHECK(get32(t, 48) == 0xB2);
  CHECK(get8(t, 52) == 0xF1);
  CHECK(get8(t, 53) == 0xF0);
  CHECK(get32(t, 56) == 0x600);
  CHECK(get32(t, 64) == 0x604);
  CHECK(get32(t, 76) == 0x608);
  CHECK(get32(t, 80) == 0xAFE0);
  CHECK(get8(t, 88) == 4);
  CHECK(get8(t, 89) == 2);
  CHECK(get8(t, 91) == 4);
  CHECK(get8(t, 92) == 4);
  CHECK(get8(t, 108) == 0x32);
  CHECK((get32(t, 112) & 1 << 10) != 0);
  CHECK(get8(t, 116) == 1);
  CHECK(get_le(t, 120, 8) == 0xCF9);
  CHECK(get8(t, 128) == 6);
}

TEST_CASE("ACPI: interrupt controllers") {
  auto t = Rig(3).tables()["APIC"];
  CHECK(get32(t, 36) == 0xFEE00000);
  std::map<unsigned, unsigned> kinds;
  std::map<unsigned, uint64_t> overrides;
  for (size_t at = 44; at < t.size(); at += t[at + 1]) {
    REQUIRE(t[at + 1] >= 6);
    REQUIRE(at + t[at + 1] <= t.size());
    if (t[at] == 0) CHECK(t[at + 3] == kinds[0]);
    if (t[at] == 1) CHECK(get32(t, at + 4) == 0xFEC00000);
    if (t[at] == 2) overrides[t[at + 3]] = get_le(t, at + 4, 6);
    ++kinds[t[at]];
  }
  CHECK(kinds == std::map<unsigned, unsigned>{{0, 3}, {1, 1}, {2, 5}, {4, 1}});
  CHECK(overrides[0] == 2);
  for (uint64_t irq : {5, 9, 10, 11}) CHECK(overrides[static_cast<unsigned>(irq)] == (0xDull << 32 | irq));
}

TEST_CASE("ACPI: the board's numbers in the DSDT") {
  auto one = Rig(1, 1).tables()["DSDT"], two = Rig(1, 2).tables()["DSDT"];
  REQUIRE(one.size() == two.size());
  unsigned differ = 0;
  for (size_t i = 36; i < one.size(); ++i) differ += one[i] != two[i];
  CHECK(differ == 1);
  std::string all = text(two, 0, two.size());
  CHECK(all.find(std::string("\x08PMEM\x0C\0\0\0\x08", 10)) != std::string::npos);
}

TEST_CASE("ACPI: iasl reads the tables") {
  if (std::system("command -v iasl > /dev/null 2>&1") != 0) return;
  auto dir = std::filesystem::temp_directory_path() / ("ilse-acpi-" + std::to_string(getpid()));
  std::filesystem::create_directories(dir);
  for (const auto& [name, bytes] : Rig(64).tables()) {
    auto path = dir / (name + ".aml");
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    INFO(name);
    std::string run = "cd " + dir.string() + " && iasl -d " + name + ".aml > log 2>&1";
    CHECK(std::system(run.c_str()) == 0);
    std::ifstream log(dir / "log");
    std::string out{std::istreambuf_iterator<char>(log), {}};
    CHECK(out.find("rror") == std::string::npos);
    CHECK(out.find("nvalid") == std::string::npos);
    CHECK(std::filesystem::exists(dir / (name + ".dsl")));
  }
  std::filesystem::remove_all(dir);
}

TEST_CASE("SMBIOS: entry point and structures") {
  Rig r(2);
  const Bytes& entry = *r.fw.file("etc/smbios/smbios-anchor");
  const Bytes& tables = *r.fw.file("etc/smbios/smbios-tables");
  REQUIRE(entry.size() == 31);
  CHECK(text(entry, 0, 4) == "_SM_");
  CHECK(text(entry, 16, 5) == "_DMI_");
  CHECK(entry[5] == 31);
  CHECK(sum(entry) == 0);
  CHECK(sum(std::span(entry).subspan(16)) == 0);
  CHECK(get16(entry, 22) == tables.size());

  std::map<unsigned, unsigned> types;
  std::map<unsigned, unsigned> lengths{{0, 0x18},  {1, 0x1B},  {3, 0x16},  {4, 0x2A}, {16, 0x17},
                                       {17, 0x28}, {19, 0x1F}, {32, 0x0B}, {127, 4}};
  std::map<unsigned, unsigned> handles;
  size_t at = 0, largest = 0;
  unsigned count = 0;
  while (at < tables.size()) {
    size_t start = at;
    unsigned type = tables[at];
    CHECK(tables[at + 1] == lengths[type]);
    CHECK(++handles[get16(tables, at + 2)] == 1);
    ++types[type];
    ++count;
    at += tables[at + 1];
    while (at + 1 < tables.size() && get16(tables, at) != 0) ++at;
    at += 2;
    largest = std::max(largest, at - start);
  }
  CHECK(at == tables.size());
  CHECK(count == get16(entry, 28));
  CHECK(largest == get16(entry, 8));
  CHECK(types == std::map<unsigned, unsigned>{
                     {0, 1}, {1, 1}, {3, 1}, {4, 2}, {16, 1}, {17, 1}, {19, 2}, {32, 1}, {127, 1}});
}
