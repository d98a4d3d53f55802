// Which codes a key has in the scan-code sets, and the controller's translation from set 2 to set 1 (IBM
// PS/2 Hardware Interface Technical Reference, "Keyboard", scan-code tables).
#pragma once

#include <cstdint>

namespace ilse::dev {

// Codes of one key. `extended`: E0 comes before it in sets 1 and 2. Set 1 is the translation of set 2.
struct ScanCode {
  uint8_t set2 = 0;
  bool extended = false;
  uint8_t set3 = 0;
};

// USB HID usages of the keys that do not follow a single code.
inline constexpr uint8_t kUsagePrintScreen = 0x46;
inline constexpr uint8_t kUsagePause = 0x48;

// By USB HID usage (keyboard page); set2 == 0: there is no such key. PrintScreen and Pause have their base
// codes.
ScanCode scan_code(uint32_t usage);

uint8_t set1_from_set2(uint8_t code);

}  // namespace ilse::dev
