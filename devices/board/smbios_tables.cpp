#include "devices/board/smbios_tables.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "devices/board/fw_cfg.h"
#include "devices/board/little_endian.h"

namespace ilse::dev {

namespace {

using Bytes = std::vector<uint8_t>;

constexpr uint64_t kFourGib = 1ull << 32;
constexpr uint16_t kBiosHandle = 0x0000, kSystemHandle = 0x0100, kChassisHandle = 0x0300, kCpuHandle = 0x0400,
                   kArrayHandle = 0x1000, kDeviceHandle = 0x1100, kMappedHandle = 0x1300,
                   kBootHandle = 0x2000, kEndHandle = 0x7F00, kNoHandle = 0xFFFE;
constexpr uint8_t kUnknown = 2, kOther = 1, kNoError = 3, kSafe = 3;

// All structures, one after the other.
class Structures {
 public:
  void begin(uint8_t type, uint16_t handle) {
    start_ = bytes.size();
    strings_.clear();
    put_le(bytes, type, 1);
    put_le(bytes, 0, 1);
    put_le(bytes, handle, 2);
  }
  void put(uint64_t value, unsigned width) { put_le(bytes, value, width); }
  // A string's number.
  void text(std::string_view s) {
    strings_.emplace_back(s);
    put(strings_.size(), 1);
  }
  void end() {
    size_t size = bytes.size() - start_;
    bytes[start_ + 1] = static_cast<uint8_t>(size);
    for (const std::string& s : strings_) bytes.insert(bytes.end(), s.c_str(), s.c_str() + s.size() + 1);
    bytes.resize(bytes.size() + (strings_.empty() ? 2 : 1));
    largest = std::max(largest, bytes.size() - start_);
    ++count;
  }

  Bytes bytes;
  size_t largest = 0;
  unsigned count = 0;

 private:
  size_t start_ = 0;
  std::vector<std::string> strings_;
};

void machine(Structures& s) {
  s.begin(0, kBiosHandle);
  s.text("SeaBIOS");
  s.text("1");
  s.put(0xE800, 2);
  s.text("01/01/2020");
  s.put(3, 1);       // 256 KiB
  s.put(1 << 3, 8);  // no characteristics are given
  s.put(0, 1);
  s.put(1 << 4, 1);  // a virtual machine
  s.put(0, 2);
  s.put(0xFFFF, 2);  // no embedded controller
  s.end();

  s.begin(1, kSystemHandle);
  s.text("Ilse");
  s.text("Standard PC (i440FX + PIIX3)");
  s.text("1");
  // The serial number by which Linux knows a machine with VMware's port: it looks for the mouse there only.
  s.text("VMware-Ilse");
  s.put(0, 8);  // no UUID
  s.put(0, 8);
  s.put(6, 1);  // woken by the power switch
  s.put(0, 2);
  s.end();

  s.begin(3, kChassisHandle);
  s.text("Ilse");
  s.put(kOther, 1);
  s.text("1");
  s.put(0, 2);
  for (int i = 0; i < 3; ++i) s.put(kSafe, 1);  // boot-up, power, thermal
  s.put(kUnknown, 1);
  s.put(0, 4);
  s.put(0, 4);
  s.put(0, 1);  // string: none
  s.end();
}

void processor(Structures& s, unsigned i) {
  s.begin(4, static_cast<uint16_t>(kCpuHandle + i));
  s.text("CPU " + std::to_string(i));
  s.put(3, 1);  // a central processor
  s.put(kOther, 1);
  s.text("Ilse");
  s.put(0, 8);  // CPUID's values are the processor's own to tell
  s.text("1");
  s.put(0, 1);
  s.put(0, 2);
  s.put(0, 4);     // speeds unknown
  s.put(0x41, 1);  // socket populated, enabled
  s.put(kOther, 1);
  for (int level = 0; level < 3; ++level) s.put(0xFFFF, 2);  // caches
  s.put(0, 3);
  for (int n = 0; n < 3; ++n) s.put(1, 1);  // cores, enabled cores, threads
  s.put(0, 2);
  s.put(kUnknown, 2);
  s.end();
}

void memory(Structures& s, uint64_t ram, uint64_t low) {
  constexpr uint64_t kKib = 1024, kMib = kKib * 1024;
  s.begin(16, kArrayHandle);
  s.put(kOther, 1);
  s.put(3, 1);  // system memory
  s.put(kNoError, 1);
  bool extended = ram / kKib >= 0x80000000;
  s.put(extended ? 0x80000000 : ram / kKib, 4);
  s.put(kNoHandle, 2);
  s.put(1, 2);
  s.put(extended ? ram : 0, 8);
  s.end();

  s.begin(17, kDeviceHandle);
  s.put(kArrayHandle, 2);
  s.put(kNoHandle, 2);
  s.put(0xFFFF, 2);  // widths unknown
  s.put(0xFFFF, 2);
  bool large = ram / kMib >= 0x7FFF;
  s.put(large ? 0x7FFF : ram / kMib, 2);
  s.put(9, 1);  // DIMM
  s.put(0, 1);
  s.text("DIMM 0");
  s.put(0, 1);
  s.put(7, 1);       // RAM
  s.put(1 << 1, 2);  // other
  s.put(0, 2);       // speed
  s.put(0, 4);       // manufacturer, serial number, tag, part
  s.put(0, 1);
  s.put(large ? ram / kMib : 0, 4);
  s.put(0, 2);
  s.put(0, 6);  // voltages
  s.end();

  auto mapped = [&s, n = 0](uint64_t from, uint64_t to) mutable {
    s.begin(19, static_cast<uint16_t>(kMappedHandle + n++));
    bool wide = (to - 1) / kKib >= 0xFFFFFFFF;
    s.put(wide ? 0xFFFFFFFF : from / kKib, 4);
    s.put(wide ? 0xFFFFFFFF : (to - 1) / kKib, 4);
    s.put(kArrayHandle, 2);
    s.put(1, 1);
    s.put(wide ? from : 0, 8);
    s.put(wide ? to - 1 : 0, 8);
    s.end();
  };
  mapped(0, low);
  if (ram > low) mapped(kFourGib, kFourGib + ram - low);
}

// The structures' address stays 0: the firmware knows it.
Bytes entry_point(const Structures& s) {
  constexpr size_t kChecksum = 4, kIntermediate = 16, kIntermediateChecksum = 21;
  Bytes e{'_', 'S', 'M', '_', 0, 31, 2, 8};
  put_le(e, s.largest, 2);
  put_le(e, 0, 6);
  for (char c : {'_', 'D', 'M', 'I', '_', '\0'}) e.push_back(static_cast<uint8_t>(c));
  put_le(e, s.bytes.size(), 2);
  put_le(e, 0, 4);
  put_le(e, s.count, 2);
  put_le(e, 0x28, 1);
  auto sum = [&e](size_t from) {
    return static_cast<uint8_t>(-std::accumulate(e.begin() + from, e.end(), 0));
  };
  e[kIntermediateChecksum] = sum(kIntermediate);
  e[kChecksum] = sum(0);
  return e;
}

}  // namespace

void add_smbios_tables(FwCfg& fw, unsigned cpus, uint64_t ram, uint64_t low_ram) {
  Structures s;
  machine(s);
  for (unsigned i = 0; i < cpus; ++i) processor(s, i);
  memory(s, ram, low_ram);
  s.begin(32, kBootHandle);
  s.put(0, 6);
  s.put(0, 1);  // no errors
  s.end();
  s.begin(127, kEndHandle);
  s.end();
  fw.add_file("etc/smbios/smbios-anchor", entry_point(s));
  fw.add_file("etc/smbios/smbios-tables", std::move(s.bytes));
}

}  // namespace ilse::dev
