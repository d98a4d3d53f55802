// Keys on their way to the guest: USB HID usages (HID Usage Tables, keyboard page) as events for the door,
// and the memory of which keys a window holds down, so that none sticks when it loses the focus.
#pragma once

#include <cstdint>
#include <functional>
#include <set>

#include "devices/core/door.h"

namespace ilse::ui {

// Where a display sends what its user does; any thread.
using Post = std::function<void(const dev::OutsideEvent&)>;

namespace hid {
inline constexpr uint32_t kA = 0x04, k1 = 0x1E, k0 = 0x27, kEnter = 0x28, kEscape = 0x29, kBackspace = 0x2A,
                          kTab = 0x2B, kSpace = 0x2C, kMinus = 0x2D, kEqual = 0x2E, kLeftBracket = 0x2F,
                          kRightBracket = 0x30, kBackslash = 0x31, kSemicolon = 0x33, kQuote = 0x34,
                          kGrave = 0x35, kComma = 0x36, kPeriod = 0x37, kSlash = 0x38, kF1 = 0x3A,
                          kF11 = 0x44, kInsert = 0x49, kHome = 0x4A, kPageUp = 0x4B, kDelete = 0x4C,
                          kEnd = 0x4D, kPageDown = 0x4E, kRight = 0x4F, kLeft = 0x50, kDown = 0x51,
                          kUp = 0x52, kLeftCtrl = 0xE0, kLeftShift = 0xE1, kLeftAlt = 0xE2, kRightCtrl = 0xE4,
                          kRightShift = 0xE5, kRightAlt = 0xE6;
constexpr uint32_t letter(char c) { return kA + static_cast<uint32_t>(c - 'a'); }
}  // namespace hid

inline dev::OutsideEvent key_event(uint32_t usage, bool pressed) {
  return {dev::OutsideEvent::Kind::Key, 0, usage | (pressed ? 0u : 0x10000u)};
}

// Buttons as in OutsideEvent; dx, dy and dz are cut to what fits.
dev::OutsideEvent mouse_event(unsigned buttons, int dx, int dy, int dz);

// x and y from 0 at the left and top to FFFFh at the right and bottom.
dev::OutsideEvent point_event(unsigned buttons, uint16_t x, uint16_t y, int dz);

// Stick `n` of the game port; x and y from 0 to FFFFh, buttons a bit each.
dev::OutsideEvent stick_event(unsigned n, bool plugged, unsigned buttons, uint16_t x, uint16_t y);

class HeldKeys {
 public:
  explicit HeldKeys(Post post) : post_(std::move(post)) {}

  void press(uint32_t usage);  // a repeat is not passed on: the guest's keyboard repeats by itself
  void release(uint32_t usage);
  void release_all();
  bool held(uint32_t usage) const { return down_.contains(usage); }

 private:
  Post post_;
  std::set<uint32_t> down_;
};

}  // namespace ilse::ui
