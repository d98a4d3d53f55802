#include "frontend/input/typist.h"

#include <optional>

#include "frontend/input/keys.h"

namespace ilse::ui {

namespace {

struct Symbols {
  std::string_view plain, shifted;
  uint32_t first;  // the usage of the first; the others follow
};
constexpr Symbols kRows[] = {
    {"abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", hid::kA},
    {"1234567890", "!@#$%^&*()", hid::k1},
    {"-=[]\\", "_+{}|", hid::kMinus},
    {";'`,./", ":\"~<>?", hid::kSemicolon},
};

std::optional<std::pair<uint8_t, bool>> key_of(char c) {
  switch (c) {
    case '\n':
    case '\r': return {{uint8_t{hid::kEnter}, false}};
    case '\t': return {{uint8_t{hid::kTab}, false}};
    case ' ': return {{uint8_t{hid::kSpace}, false}};
    default: break;
  }
  for (const Symbols& row : kRows) {
    for (bool shift : {false, true}) {
      const size_t at = (shift ? row.shifted : row.plain).find(c);
      if (at != std::string_view::npos) return {{static_cast<uint8_t>(row.first + at), shift}};
    }
  }
  return {};
}

}  // namespace

size_t Typist::type(std::string_view utf8) {
  const std::lock_guard lock(mutex_);
  size_t left_out = 0;
  for (size_t i = 0; i < utf8.size(); ++i) {
    // A line's end is one key, whichever way it is written.
    if (utf8[i] == '\r' && i + 1 < utf8.size() && utf8[i + 1] == '\n') continue;
    if (const auto key = key_of(utf8[i])) {
      keys_.push_back({key->first, key->second});
    } else if ((utf8[i] & 0xC0) != 0x80) {  // a character, not the rest of one
      ++left_out;
    }
  }
  return left_out;
}

void Typist::stop() {
  const std::lock_guard lock(mutex_);
  keys_.clear();
}

bool Typist::busy() const {
  const std::lock_guard lock(mutex_);
  return !keys_.empty();
}

std::vector<dev::OutsideEvent> Typist::next(bool idle, mem::VTime now) {
  const std::lock_guard lock(mutex_);
  if (keys_.empty() || !idle || now < earliest_) return {};
  const Key key = keys_.front();
  keys_.pop_front();
  earliest_ = {now.ns + kPeriod};
  std::vector<dev::OutsideEvent> events{key_event(key.usage, true), key_event(key.usage, false)};
  if (key.shift) {
    events.insert(events.begin(), key_event(hid::kLeftShift, true));
    events.push_back(key_event(hid::kLeftShift, false));
  }
  return events;
}

}  // namespace ilse::ui
