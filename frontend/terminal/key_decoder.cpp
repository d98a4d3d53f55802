#include "frontend/terminal/key_decoder.h"

#include <array>
#include <optional>

#include "frontend/input/keys.h"

namespace ilse::ui {

namespace {

constexpr size_t kLongest = 16;  // no sequence for a key is longer

// Symbols by key, in order of the usages from kMinus on; the second string has them with Shift.
constexpr std::string_view kSymbols = "-=[]\\", kShiftSymbols = "_+{}|";
constexpr std::string_view kSymbols2 = ";'`,./", kShiftSymbols2 = ":\"~<>?";
constexpr std::string_view kShiftDigits = "!@#$%^&*()";

std::optional<KeyStroke> from_ascii(uint8_t b) {
  char c = static_cast<char>(b);
  if (c >= 'a' && c <= 'z') return KeyStroke{hid::letter(c)};
  if (c >= 'A' && c <= 'Z') return KeyStroke{hid::kA + static_cast<uint32_t>(c - 'A'), true};
  if (c >= '1' && c <= '9') return KeyStroke{hid::k1 + static_cast<uint32_t>(c - '1')};
  if (c == '0') return KeyStroke{hid::k0};
  auto in = [c](std::string_view list, uint32_t first, bool shift) -> std::optional<KeyStroke> {
    size_t i = list.find(c);
    if (i == std::string_view::npos) return std::nullopt;
    return KeyStroke{first + static_cast<uint32_t>(i), shift};
  };
  if (auto k = in(kShiftDigits, hid::k1, true)) return k;
  if (auto k = in(kSymbols, hid::kMinus, false)) return k;
  if (auto k = in(kShiftSymbols, hid::kMinus, true)) return k;
  if (auto k = in(kSymbols2, hid::kSemicolon, false)) return k;
  if (auto k = in(kShiftSymbols2, hid::kSemicolon, true)) return k;
  switch (b) {
    case ' ': return KeyStroke{hid::kSpace};
    case '\t': return KeyStroke{hid::kTab};
    case '\r':
    case '\n': return KeyStroke{hid::kEnter};
    case 0x08:
    case 0x7F: return KeyStroke{hid::kBackspace};
    case 0x1B: return KeyStroke{hid::kEscape};
    case 0x00: return KeyStroke{hid::kSpace, false, true};
    case 0x1C: return KeyStroke{hid::kBackslash, false, true};
    case 0x1D: return KeyStroke{hid::kRightBracket, false, true};
    case 0x1E: return KeyStroke{hid::k1 + 5, false, true};
    case 0x1F: return KeyStroke{hid::kMinus, false, true};
    default: break;
  }
  if (b < 0x1B) return KeyStroke{hid::kA + b - 1u, false, true};
  return std::nullopt;
}

// Keys named by the letter that ends the sequence.
uint32_t by_letter(char c) {
  switch (c) {
    case 'A': return hid::kUp;
    case 'B': return hid::kDown;
    case 'C': return hid::kRight;
    case 'D': return hid::kLeft;
    case 'F': return hid::kEnd;
    case 'H': return hid::kHome;
    case 'P':
    case 'Q':
    case 'R':
    case 'S': return hid::kF1 + static_cast<uint32_t>(c - 'P');
    default: return 0;
  }
}

// Keys named by a number before '~'.
uint32_t by_number(unsigned n) {
  constexpr std::array<uint32_t, 25> kKeys{0,
                                           hid::kHome,
                                           hid::kInsert,
                                           hid::kDelete,
                                           hid::kEnd,
                                           hid::kPageUp,
                                           hid::kPageDown,
                                           hid::kHome,
                                           hid::kEnd,
                                           0,
                                           0,
                                           hid::kF1,
                                           hid::kF1 + 1,
                                           hid::kF1 + 2,
                                           hid::kF1 + 3,
                                           hid::kF1 + 4,
                                           0,
                                           hid::kF1 + 5,
                                           hid::kF1 + 6,
                                           hid::kF1 + 7,
                                           hid::kF1 + 8,
                                           hid::kF1 + 9,
                                           0,
                                           hid::kF11,
                                           hid::kF11 + 1};
  return n < kKeys.size() ? kKeys[n] : 0;
}

// The two decimal parameters of a control sequence; 0 where there is none.
std::array<unsigned, 2> parameters(std::string_view s) {
  std::array<unsigned, 2> v{};
  size_t i = 0;
  for (char c : s) {
    if (c == ';') {
      if (++i >= v.size()) break;
    } else if (c >= '0' && c <= '9') {
      v[i] = (v[i] * 10 + static_cast<unsigned>(c - '0')) % 1000;
    }
  }
  return v;
}

}  // namespace

std::vector<dev::OutsideEvent> stroke_events(const KeyStroke& s) {
  std::vector<uint32_t> keys;
  if (s.ctrl) keys.push_back(hid::kLeftCtrl);
  if (s.alt) keys.push_back(hid::kLeftAlt);
  if (s.shift) keys.push_back(hid::kLeftShift);
  keys.push_back(s.usage);
  std::vector<dev::OutsideEvent> events;
  for (size_t i = 0; i < keys.size(); ++i) events.push_back(key_event(keys[i], true));
  for (size_t i = keys.size(); i-- > 0;) events.push_back(key_event(keys[i], false));
  return events;
}

void KeyDecoder::feed(std::string_view bytes, std::vector<KeyStroke>& out) {
  for (char c : bytes) byte(static_cast<uint8_t>(c), out);
}

void KeyDecoder::flush(std::vector<KeyStroke>& out) {
  if (pending_ == "\x1B") out.push_back({hid::kEscape});
  // ESC and a bracket with nothing after them: Alt and that key.
  if (pending_.size() == 2) {
    if (auto k = from_ascii(static_cast<uint8_t>(pending_[1]))) {
      k->alt = true;
      out.push_back(*k);
    }
  }
  pending_.clear();
}

void KeyDecoder::byte(uint8_t b, std::vector<KeyStroke>& out) {
  if (pending_.empty()) {
    if (b == 0x1B) {
      pending_.assign(1, '\x1B');
    } else if (auto k = from_ascii(b)) {
      out.push_back(*k);
    }
    return;
  }
  if (b == 0x1B) {  // a sequence never contains ESC: a new one begins
    flush(out);
    pending_.assign(1, '\x1B');
    return;
  }
  if (pending_.size() == 1 && b != '[' && b != 'O') {
    pending_.clear();
    if (auto k = from_ascii(b)) {
      k->alt = true;
      out.push_back(*k);
    }
    return;
  }
  pending_.push_back(static_cast<char>(b));
  if (pending_.size() == 2) return;
  bool linux_function_key = pending_.size() == 3 && b == '[';
  if (!linux_function_key && b >= 0x40 && b <= 0x7E) {
    sequence_done(out);
    pending_.clear();
  } else if (b < 0x20 || pending_.size() > kLongest) {
    pending_.clear();
  }
}

void KeyDecoder::sequence_done(std::vector<KeyStroke>& out) {
  char last = pending_.back();
  if (pending_.starts_with("\x1B[[")) {  // Linux console: ESC [ [ A is F1
    if (last >= 'A' && last <= 'E') out.push_back({hid::kF1 + static_cast<uint32_t>(last - 'A')});
    return;
  }
  auto p = parameters(std::string_view(pending_).substr(2, pending_.size() - 3));
  KeyStroke k;
  if (last == 'Z') {
    k = {hid::kTab, true};
  } else if (last == '~') {
    k.usage = by_number(p[0]);
  } else {
    k.usage = by_letter(last);
  }
  if (k.usage == 0) return;
  if (p[1] > 1) {
    k.shift |= ((p[1] - 1) & 1) != 0;
    k.alt |= ((p[1] - 1) & 2) != 0;
    k.ctrl |= ((p[1] - 1) & 4) != 0;
  }
  out.push_back(k);
}

}  // namespace ilse::ui
