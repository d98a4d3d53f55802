#include "devices/board/acpi_tables.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "devices/board/embedded.h"
#include "devices/board/fw_cfg.h"
#include "devices/board/little_endian.h"
#include "memory/check.h"

namespace ilse::dev {

namespace {

using Bytes = std::vector<uint8_t>;

const std::string kTablesFile = "etc/acpi/tables", kRsdpFile = "etc/acpi/rsdp";
constexpr size_t kHeaderSize = 36, kLengthAt = 4, kChecksumAt = 9;
constexpr unsigned kSciIrq = 9;

template <class T>
void append(Bytes& to, const T& bytes) {
  for (auto b : bytes) to.push_back(static_cast<uint8_t>(b));
}
void put_text(Bytes& to, std::string_view text) { append(to, text); }

uint8_t checksum(std::span<const uint8_t> bytes) {
  return static_cast<uint8_t>(-std::accumulate(bytes.begin(), bytes.end(), 0u));
}

// A table with its header; `rest` is everything after that.
Bytes table(std::string_view signature, uint8_t revision, const Bytes& rest) {
  Bytes t;
  put_text(t, signature);
  put_le(t, kHeaderSize + rest.size(), 4);
  put_le(t, revision, 1);
  put_le(t, 0, 1);
  put_text(t, "ILSE  ILSEPC  ");
  put_le(t, 1, 4);
  put_text(t, "ILSE");
  put_le(t, 1, 4);
  append(t, rest);
  t[kChecksumAt] = checksum(t);
  return t;
}

// Sets the number that the AML names so.
void set_name(Bytes& aml, std::string_view name, uint32_t value) {
  constexpr uint8_t kNameOp = 0x08, kBytePrefix = 0x0A, kDwordPrefix = 0x0C;
  Bytes pattern{kNameOp};
  put_text(pattern, name);
  auto it = std::search(aml.begin(), aml.end(), pattern.begin(), pattern.end());
  ILSE_CHECK(aml.end() - it > 10, "a name in the DSDT");
  auto at = static_cast<size_t>(it - aml.begin()) + pattern.size();
  ILSE_CHECK(aml[at] == kBytePrefix || aml[at] == kDwordPrefix, "a number in the DSDT");
  set_le(aml, at + 1, value, aml[at] == kBytePrefix ? 1 : 4);
}

Bytes dsdt(unsigned serial_ports, uint64_t low_ram) {
  Bytes t(embedded::dsdt.begin(), embedded::dsdt.end());
  set_name(t, "NCOM", serial_ports);
  set_name(t, "PMEM", static_cast<uint32_t>(low_ram));
  t[kChecksumAt] = 0;
  t[kChecksumAt] = checksum(t);
  return t;
}

// Firmware control structure (section 5.2.9): has no checksum.
Bytes facs() {
  Bytes t;
  put_text(t, "FACS");
  put_le(t, 64, 4);
  t.resize(64);
  return t;
}

// Fixed description table (section 5.2.8). The firmware puts the power management registers at 600h when it
// is given tables.
constexpr size_t kFadtFacs = 36, kFadtDsdt = 40;
Bytes fadt(uint32_t facs_at, uint32_t dsdt_at) {
  constexpr uint32_t kPmBase = 0x600, kGpe0 = 0xAFE0;
  constexpr uint32_t kWbinvd = 1 << 0, kC1 = 1 << 2, kNoSleepButton = 1 << 5, kRtcS4 = 1 << 7,
                     kResetRegister = 1 << 10, kPlatformClock = 1 << 15;
  Bytes t;
  put_le(t, facs_at, 4);
  put_le(t, dsdt_at, 4);
  put_le(t, 0, 1);
  put_le(t, 1, 1);  // desktop
  put_le(t, kSciIrq, 2);
  put_le(t, 0xB2, 4);  // SMI command port, its values for ACPI on and off
  put_le(t, 0xF1, 1);
  put_le(t, 0xF0, 1);
  put_le(t, 0, 2);
  put_le(t, kPmBase, 4);  // PM1a event
  put_le(t, 0, 4);
  put_le(t, kPmBase + 4, 4);  // PM1a control
  put_le(t, 0, 4);
  put_le(t, 0, 4);
  put_le(t, kPmBase + 8, 4);  // timer
  put_le(t, kGpe0, 4);
  put_le(t, 0, 4);
  for (uint8_t length : {4, 2, 0, 4, 4, 0}) put_le(t, length, 1);
  put_le(t, 0, 2);
  put_le(t, 0xFFF, 2);  // no C2, C3
  put_le(t, 0xFFF, 2);
  put_le(t, 0, 8);
  put_le(t, 0x32, 1);  // RTC's century
  put_le(t, 3, 2);     // there are ISA devices and a keyboard controller
  put_le(t, 0, 1);
  put_le(t, kWbinvd | kC1 | kNoSleepButton | kRtcS4 | kResetRegister | kPlatformClock, 4);
  for (uint8_t b : {1, 8, 0, 1}) put_le(t, b, 1);  // reset register: port, 8 bits, by bytes
  put_le(t, 0xCF9, 8);
  put_le(t, 6, 1);
  t.resize(244 - kHeaderSize);  // the extended addresses: none
  return table("FACP", 3, t);
}

// Multiple APIC description table (section 5.2.10.4).
Bytes madt(unsigned cpus) {
  constexpr uint16_t kActiveHighLevel = 0xD;
  Bytes t;
  put_le(t, 0xFEE00000, 4);
  put_le(t, 1, 4);  // there is an 8259 pair
  for (unsigned i = 0; i < cpus; ++i) {
    put_le(t, 0x0800, 2);
    put_le(t, i, 1);
    put_le(t, i, 1);
    put_le(t, 1, 4);
  }
  put_le(t, 0x0C01, 2);  // I/O APIC 0, from global interrupt 0
  put_le(t, 0, 2);
  put_le(t, 0xFEC00000, 4);
  put_le(t, 0, 4);
  auto source = [&t](uint8_t irq, uint32_t global, uint16_t flags) {
    put_le(t, 0x0A02, 2);
    put_le(t, 0, 1);
    put_le(t, irq, 1);
    put_le(t, global, 4);
    put_le(t, flags, 2);
  };
  source(0, 2, 0);
  for (uint8_t irq : {5, 9, 10, 11}) source(irq, irq, kActiveHighLevel);
  put_le(t, 0x0604, 2);  // NMI at LINT1 of every processor
  put_le(t, 0xFF, 1);
  put_le(t, 0, 2);
  put_le(t, 1, 1);
  return table("APIC", 1, t);
}

// IA-PC HPET specification 1.0a, section 3.2.4.
Bytes hpet() {
  Bytes t;
  put_le(t, 0x8086A201, 4);  // as the capability register has it
  put_le(t, 0, 4);           // in memory
  put_le(t, 0xFED00000, 8);
  put_le(t, 0, 4);
  return table("HPET", 1, t);
}

// Windows ACPI emulated devices table: one read of the PM timer is enough.
Bytes waet() {
  Bytes t;
  put_le(t, 2, 4);
  return table("WAET", 1, t);
}

// The processors: \_SB.Cnn, each a Device with _HID "ACPI0007" and _UID, the number in the MADT.
Bytes processors(unsigned cpus) {
  constexpr uint8_t kScopeOp = 0x10, kExtended = 0x5B, kDeviceOp = 0x82, kNameOp = 0x08, kString = 0x0D,
                    kByte = 0x0A;
  constexpr uint8_t kDeviceLength = 27;  // its length byte with it
  Bytes devices;
  for (unsigned i = 0; i < cpus; ++i) {
    append(devices, std::array{kExtended, kDeviceOp, kDeviceLength});
    constexpr std::string_view kHex = "0123456789ABCDEF";
    put_text(devices, std::string("C0") + kHex[i >> 4 & 15] + kHex[i & 15]);
    devices.push_back(kNameOp);
    put_text(devices, "_HID");
    devices.push_back(kString);
    put_text(devices, "ACPI0007");
    devices.push_back(0);
    devices.push_back(kNameOp);
    put_text(devices, "_UID");
    devices.push_back(kByte);
    devices.push_back(static_cast<uint8_t>(i));
  }
  size_t length = 2 + 5 + devices.size();
  ILSE_CHECK(length < 1 << 12, "a package length in two bytes");
  Bytes t{kScopeOp, static_cast<uint8_t>(0x40 | (length & 15)), static_cast<uint8_t>(length >> 4)};
  put_text(t, "\\_SB_");
  append(t, devices);
  return table("SSDT", 1, t);
}

// The script.
class Loader {
 public:
  enum Zone : uint8_t { kHigh = 1, kFseg = 2 };
  void allocate(const std::string& file, uint32_t align, Zone zone) {
    begin(AcpiLoader::kAllocate);
    name(file);
    put_le(script_, align, 4);
    put_le(script_, zone, 1);
  }
  // Adds the address of `target` to the doubleword at `at`.
  void add_pointer(const std::string& file, uint32_t at, const std::string& target) {
    begin(AcpiLoader::kAddPointer);
    name(file);
    name(target);
    put_le(script_, at, 4);
    put_le(script_, 4, 1);
  }
  // Makes the sum of the bytes 0 by the one at `at`.
  void add_checksum(const std::string& file, uint32_t at, uint32_t start, uint32_t length) {
    begin(AcpiLoader::kAddChecksum);
    name(file);
    put_le(script_, at, 4);
    put_le(script_, start, 4);
    put_le(script_, length, 4);
  }
  Bytes finish() {
    pad();
    return std::move(script_);
  }

 private:
  void begin(uint32_t command) {
    pad();
    put_le(script_, command, 4);
  }
  void pad() {
    script_.resize((script_.size() + AcpiLoader::kEntrySize - 1) / AcpiLoader::kEntrySize *
                   AcpiLoader::kEntrySize);
  }
  void name(const std::string& file) {
    put_text(script_, file);
    script_.resize(script_.size() + AcpiLoader::kNameSize - file.size());
  }
  Bytes script_;
};

}  // namespace

void add_acpi_tables(FwCfg& fw, unsigned cpus, unsigned serial_ports, uint64_t low_ram) {
  Bytes tables;
  auto add = [&tables](const Bytes& t) {
    auto at = static_cast<uint32_t>(tables.size());
    append(tables, t);
    tables.resize((tables.size() + 15) / 16 * 16);
    return at;
  };
  uint32_t facs_at = add(facs()), dsdt_at = add(dsdt(serial_ports, low_ram));
  Bytes fixed = fadt(facs_at, dsdt_at);
  uint32_t fadt_at = add(fixed);
  Bytes pointers;
  put_le(pointers, fadt_at, 4);
  for (const Bytes& t : {processors(cpus), madt(cpus), hpet(), waet()}) put_le(pointers, add(t), 4);
  Bytes root = table("RSDT", 1, pointers);
  uint32_t rsdt_at = add(root);

  Bytes rsdp;
  put_text(rsdp, "RSD PTR ");
  put_le(rsdp, 0, 1);
  put_text(rsdp, "ILSE  ");
  put_le(rsdp, 0, 1);
  put_le(rsdp, rsdt_at, 4);
  constexpr uint32_t kRsdpChecksum = 8, kRsdpRsdt = 16;

  Loader loader;
  loader.allocate(kTablesFile, 64, Loader::kHigh);
  loader.allocate(kRsdpFile, 16, Loader::kFseg);
  loader.add_pointer(kTablesFile, fadt_at + kFadtFacs, kTablesFile);
  loader.add_pointer(kTablesFile, fadt_at + kFadtDsdt, kTablesFile);
  loader.add_checksum(kTablesFile, fadt_at + kChecksumAt, fadt_at, static_cast<uint32_t>(fixed.size()));
  for (uint32_t i = 0; i < pointers.size(); i += 4)
    loader.add_pointer(kTablesFile, rsdt_at + kHeaderSize + i, kTablesFile);
  loader.add_checksum(kTablesFile, rsdt_at + kChecksumAt, rsdt_at, static_cast<uint32_t>(root.size()));
  loader.add_pointer(kRsdpFile, kRsdpRsdt, kTablesFile);
  loader.add_checksum(kRsdpFile, kRsdpChecksum, 0, static_cast<uint32_t>(rsdp.size()));

  fw.add_file(kTablesFile, std::move(tables));
  fw.add_file(kRsdpFile, std::move(rsdp));
  fw.add_file("etc/table-loader", loader.finish());
}

}  // namespace ilse::dev
