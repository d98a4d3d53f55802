#include "frontend/input/keys.h"

#include <algorithm>

namespace ilse::ui {

dev::OutsideEvent mouse_event(unsigned buttons, int dx, int dy, int dz) {
  auto field = [](int v, int limit, uint64_t mask) {
    return static_cast<uint64_t>(static_cast<int64_t>(std::clamp(v, -limit, limit))) & mask;
  };
  uint64_t value = (buttons & 0xFF) | field(dx, 32767, 0xFFFF) << 8 | field(dy, 32767, 0xFFFF) << 24 |
                   field(dz, 127, 0xFF) << 40;
  return {dev::OutsideEvent::Kind::Mouse, 0, value};
}

dev::OutsideEvent point_event(unsigned buttons, uint16_t x, uint16_t y, int dz) {
  const uint64_t z = static_cast<uint8_t>(std::clamp(dz, -127, 127));
  return {dev::OutsideEvent::Kind::Point, 0,
          (buttons & 0xFF) | uint64_t{x} << 8 | uint64_t{y} << 24 | z << 40};
}

dev::OutsideEvent stick_event(unsigned n, bool plugged, unsigned buttons, uint16_t x, uint16_t y) {
  return {dev::OutsideEvent::Kind::Stick, n,
          (plugged ? 1u : 0u) | (buttons & 0xFF) << 8 | uint64_t{x} << 16 | uint64_t{y} << 32};
}

void HeldKeys::press(uint32_t usage) {
  if (down_.insert(usage).second) post_(key_event(usage, true));
}
void HeldKeys::release(uint32_t usage) {
  if (down_.erase(usage) != 0) post_(key_event(usage, false));
}
void HeldKeys::release_all() {
  for (uint32_t usage : down_) post_(key_event(usage, false));
  down_.clear();
}

}  // namespace ilse::ui
