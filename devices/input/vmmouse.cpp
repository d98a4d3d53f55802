#include "devices/input/vmmouse.h"

#include <algorithm>

namespace ilse::dev {

namespace {

constexpr uint32_t kMagic = 0x564D5868;
enum Command : uint16_t { kGetVersion = 10, kData = 39, kStatus = 40, kControl = 41 };
constexpr uint32_t kEnable = 0x45414552, kDisable = 0xF5, kRelative = 0x4C455252, kAbsolute = 0x53424152;
constexpr uint32_t kVersion = 6, kProduct = 2;  // of the backdoor: a workstation
constexpr uint32_t kDeviceId = 0x3442554A;      // what ENABLE puts into the queue
constexpr uint32_t kError = 0xFFFF0000;
constexpr uint32_t kRelativePacket = 0x10000;
constexpr uint32_t kLeft = 0x20, kRight = 0x10, kMiddle = 0x08;

// General registers by their number in an instruction.
enum Register : unsigned { kEax, kEcx, kEdx, kEbx, kEsi = 6, kEdi = 7 };
constexpr uint32_t kMostWords = 6;

}  // namespace

void VmMouse::push(uint32_t word) {
  state_.queue[(state_.first + state_.count) % kQueue] = word;
  ++state_.count;
}

void VmMouse::packet(unsigned buttons, uint32_t flags, uint32_t x, uint32_t y, int dz, mem::VTime now) {
  // A guest that does not fetch misses the newest; the driver counts on whole packets.
  if (!state_.enabled || state_.error || state_.count > kQueue - 4) return;
  push(flags | ((buttons & 1) != 0 ? kLeft : 0) | ((buttons & 2) != 0 ? kRight : 0) |
       ((buttons & 4) != 0 ? kMiddle : 0));
  push(x);
  push(y);
  push(static_cast<uint32_t>(-std::clamp(dz, -127, 127)));
  nudge_(now);
}

void VmMouse::point(unsigned buttons, uint16_t x, uint16_t y, int dz, mem::VTime now) {
  if (state_.absolute) packet(buttons, 0, x, y, dz, now);
}
// Upwards is positive, as on the PS/2 mouse.
void VmMouse::move(unsigned buttons, int dx, int dy, int dz, mem::VTime now) {
  packet(buttons, kRelativePacket, static_cast<uint32_t>(dx), static_cast<uint32_t>(-dy), dz, now);
}

void VmMouse::command(uint32_t what) {
  switch (what) {
    case kEnable:
      state_.enabled = true;
      state_.absolute = state_.error = false;
      state_.first = state_.count = 0;
      push(kDeviceId);
      break;
    case kDisable: state_ = {}; break;
    case kRelative: state_.absolute = false; break;
    case kAbsolute: state_.absolute = true; break;
    default: break;
  }
}

uint32_t VmMouse::status() const {
  if (!state_.enabled || state_.error) return kError;
  return state_.count;
}

void VmMouse::data(mem::ProcessorPins& pins, uint32_t words) {
  if (words == 0 || words > kMostWords || words > state_.count) {
    state_.error = true;
    return;
  }
  constexpr std::array<unsigned, kMostWords> kInto{kEax, kEbx, kEcx, kEdx, kEsi, kEdi};
  for (uint32_t i = 0; i < words; ++i) {
    pins.set_general_register(kInto[i], state_.queue[state_.first]);
    state_.first = (state_.first + 1) % kQueue;
    --state_.count;
  }
}

uint32_t VmMouse::port_read(uint16_t offset, unsigned width, mem::VTime) {
  mem::ProcessorPins* pins = reader_();
  if (pins == nullptr || offset != 0 || width != 4 || pins->general_register(kEax) != kMagic)
    return 0xFFFFFFFF;
  const uint32_t argument = pins->general_register(kEbx);
  switch (pins->general_register(kEcx) & 0xFFFF) {
    case kGetVersion:
      pins->set_general_register(kEbx, kMagic);
      pins->set_general_register(kEcx, kProduct);
      return kVersion;
    case kStatus: return status();
    case kData: data(*pins, argument); return pins->general_register(kEax);
    case kControl: command(argument); return 0;
    default: return 0xFFFFFFFF;
  }
}

void VmMouse::reset(ResetKind) { state_ = {}; }

void VmMouse::visit_state(mem::StateVisitor& v) {
  v("vmmouse", state_);
  if (!v.loading()) return;
  state_.first %= kQueue;
  state_.count = std::min(state_.count, kQueue);
}

}  // namespace ilse::dev
