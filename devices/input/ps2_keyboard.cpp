#include "devices/input/ps2_keyboard.h"

#include "devices/input/scan_codes.h"

namespace ilse::dev {

namespace {
constexpr uint8_t kAck = 0xFA;
constexpr uint8_t kResend = 0xFE;
constexpr uint8_t kTestPassed = 0xAA;
constexpr uint8_t kBreak = 0xF0;
constexpr size_t kKeyBuffer = 16;

constexpr uint8_t kUsageLeftCtrl = 0xE0;
constexpr uint8_t kUsageLeftShift = 0xE1;
constexpr uint8_t kUsageLeftAlt = 0xE2;
constexpr uint8_t kUsageRightCtrl = 0xE4;
constexpr uint8_t kUsageRightShift = 0xE5;
constexpr uint8_t kUsageRightAlt = 0xE6;

constexpr uint8_t kUsageKeypadSlash = 0x54;
constexpr uint8_t kLeftShift = 0x12, kRightShift = 0x59;  // in set 2
constexpr uint8_t kNumLock = 2;                           // the indicator

// Insert, Home, Page Up, Delete, End, Page Down and the cursor keys.
bool moves_cursor(uint8_t usage) { return usage >= 0x49 && usage <= 0x52; }

// The bytes of one key event.
class Sequence {
 public:
  explicit Sequence(uint8_t set) : set_(set) {}
  void raw(uint8_t b) { bytes_[size_++ % bytes_.size()] = b; }
  // A code of set 2, in the form of the set.
  void code(uint8_t set2, bool pressed) {
    if (set_ == 1) {
      raw(static_cast<uint8_t>(set1_from_set2(set2) | (pressed ? 0 : 0x80)));
    } else {
      if (!pressed) raw(kBreak);
      raw(set2);
    }
  }
  void extended(uint8_t set2, bool pressed) {
    raw(0xE0);
    code(set2, pressed);
  }
  // What the keys of the 84-key keyboard's keypad needed to be themselves: a shift that is let go or held
  // down for as long as they are.
  void shifts(bool left, bool right, bool pressed) {
    if (left) extended(kLeftShift, pressed);
    if (right) extended(kRightShift, pressed);
  }
  size_t size() const { return size_; }
  uint8_t operator[](size_t i) const { return bytes_[i]; }

 private:
  uint8_t set_;
  std::array<uint8_t, 16> bytes_{};
  size_t size_ = 0;
};
}  // namespace

Ps2Keyboard::Ps2Keyboard(Scheduler& scheduler)
    : typematic_(scheduler, "keyboard.typematic", [this](VTime t) { repeat(t); }) {}

bool Ps2Keyboard::is_down(uint8_t usage) const { return (state_.down[usage / 8] >> (usage % 8) & 1) != 0; }

// Bits 6:5 of the rate: 250 ms to a second.
uint64_t Ps2Keyboard::repeat_delay() const { return ((state_.typematic >> 5 & 3) + 1) * 250'000'000ull; }
// (8 + bits 2:0) * 2 ^ bits 4:3 * 4.17 ms.
uint64_t Ps2Keyboard::repeat_period() const {
  return ((8ull + (state_.typematic & 7)) << (state_.typematic >> 3 & 3)) * 4'170'000;
}

void Ps2Keyboard::key(uint32_t usage, bool pressed, VTime now) {
  ScanCode code = scan_code(usage);
  if (code.set2 == 0) return;
  auto u = static_cast<uint8_t>(usage);
  if (is_down(u) == pressed) return;
  state_.down[u / 8] ^= static_cast<uint8_t>(1u << u % 8);
  if (pressed && u != kUsagePause) {
    state_.repeat_key = u;
    typematic_.set(now + repeat_delay());
  } else if (u == state_.repeat_key) {
    state_.repeat_key = 0;
    typematic_.cancel();
  }
  if (!state_.scanning) return;
  send_key(u, pressed);
  byte_ready(now);
}

// Set 3 sends make and break of every key, as after commands F8 and FA.
void Ps2Keyboard::send_key(uint8_t usage, bool pressed) {
  ScanCode code = scan_code(usage);
  Sequence s(state_.scan_set);
  if (state_.scan_set == 3) {
    s.code(code.set3, pressed);
  } else if (usage == kUsagePause) {
    // It has no break code: everything is sent when it is pressed.
    if (!pressed) return;
    if (any_down(kUsageLeftCtrl, kUsageRightCtrl)) {
      s.extended(0x7E, true);
      s.extended(0x7E, false);
    } else {
      for (bool down : {true, false}) {
        s.raw(0xE1);
        s.code(0x14, down);
        s.code(0x77, down);
      }
    }
  } else if (usage == kUsagePrintScreen) {
    bool plain = !any_down(kUsageLeftCtrl, kUsageRightCtrl) && !any_down(kUsageLeftShift, kUsageRightShift);
    if (any_down(kUsageLeftAlt, kUsageRightAlt)) {
      s.code(0x84, pressed);
    } else {
      if (plain && pressed) s.shifts(true, false, true);
      s.extended(0x7C, pressed);
      if (plain && !pressed) s.shifts(true, false, false);
    }
  } else if (moves_cursor(usage) || usage == kUsageKeypadSlash) {
    const bool left = is_down(kUsageLeftShift), right = is_down(kUsageRightShift);
    const bool num_lock = moves_cursor(usage) && (state_.leds & kNumLock) != 0;
    // With Num Lock a shift is as it should be already, and one that is not held is put on.
    const bool lift = (left || right) && !num_lock, hold = num_lock && !left && !right;
    if (pressed && lift) s.shifts(left, right, false);
    if (pressed && hold) s.shifts(true, false, true);
    s.extended(code.set2, pressed);
    if (!pressed && lift) s.shifts(left, right, true);
    if (!pressed && hold) s.shifts(true, false, false);
  } else if (code.extended) {
    s.extended(code.set2, pressed);
  } else {
    s.code(code.set2, pressed);
  }

  if (state_.keys.count + s.size() <= kKeyBuffer) {
    for (size_t i = 0; i < s.size(); ++i) state_.keys.push(s[i]);
    return;
  }
  // The overrun code takes the place of what is lost, once.
  uint8_t overrun = state_.scan_set == 1 ? 0xFF : 0x00;
  if (state_.keys.last() != overrun) state_.keys.push(overrun);
}

void Ps2Keyboard::repeat(VTime deadline) {
  if (state_.repeat_key == 0) return;
  typematic_.set(deadline + repeat_period());
  // Repeats never pile up.
  if (!state_.scanning || !state_.keys.empty()) return;
  send_key(state_.repeat_key, true);
  byte_ready(deadline);
}

uint8_t Ps2Keyboard::take() {
  // A reply does not come between a prefix and its code.
  bool from_keys = state_.replies.empty() || (state_.in_sequence && !state_.keys.empty());
  uint8_t v = from_keys ? state_.keys.pop() : state_.replies.pop();
  state_.in_sequence = from_keys && (v == 0xE0 || v == 0xE1 || v == kBreak);
  state_.last_sent = v;
  return v;
}

void Ps2Keyboard::set_defaults() {
  state_.typematic = 0x2B;
  state_.scan_set = 2;
}

void Ps2Keyboard::start_over() {
  state_.keys.clear();
  state_.in_sequence = false;
  state_.repeat_key = 0;
  typematic_.cancel();
}

void Ps2Keyboard::write(uint8_t byte, VTime now) {
  // A byte that could be a command is one, even where a parameter is awaited.
  if (state_.command != 0 && byte < 0xED) {
    parameter(byte);
  } else {
    command(byte);
  }
  byte_ready(now);
}

void Ps2Keyboard::command(uint8_t byte) {
  state_.command = 0;
  uint8_t again = state_.last_sent;
  if (byte != kResend) state_.replies.clear();
  switch (byte) {
    case 0xEE: state_.replies.push(0xEE); return;
    case 0xED:
    case 0xF0:
    case 0xF3:
    case 0xFB:  // one key of set 3: typematic only, make/break, make only
    case 0xFC:
    case 0xFD: state_.command = byte; break;
    case 0xF2:
      state_.replies.push(kAck);
      state_.replies.push(0xAB);
      state_.replies.push(0x83);
      return;
    case 0xF4:
      start_over();
      state_.scanning = true;
      break;
    case 0xF5:
      start_over();
      set_defaults();
      state_.scanning = false;
      break;
    case 0xF6:
      start_over();
      set_defaults();
      break;
    case 0xF7:  // all keys of set 3
    case 0xF8:
    case 0xF9:
    case 0xFA: break;
    case kResend: state_.replies.push(again); return;
    case 0xFF:
      state_ = {};
      typematic_.cancel();
      state_.replies.push(kAck);
      state_.replies.push(kTestPassed);
      return;
    default: state_.replies.push(kResend); return;
  }
  state_.replies.push(kAck);
}

void Ps2Keyboard::parameter(uint8_t byte) {
  uint8_t command = state_.command;
  state_.command = 0;
  switch (command) {
    case 0xED: state_.leds = byte & 7; break;
    case 0xF3: state_.typematic = byte & 0x7F; break;
    case 0xF0:
      if (byte == 0) {
        state_.replies.push(kAck);
        state_.replies.push(state_.scan_set);
        return;
      }
      if (byte > 3) {
        state_.replies.push(kResend);
        return;
      }
      state_.scan_set = byte;
      start_over();
      break;
    default: break;
  }
  state_.replies.push(kAck);
}

void Ps2Keyboard::reset(ResetKind) {
  state_ = {};
  typematic_.cancel();
}

void Ps2Keyboard::visit_state(mem::StateVisitor& v) { v("keyboard", state_); }

}  // namespace ilse::dev
