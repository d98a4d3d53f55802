// What a terminal sends when keys are pressed (ASCII, control characters, xterm's and the Linux console's
// escape sequences), turned back into the keys of a US keyboard. Pure: bytes in, key strokes out. ECMA-48 5.4
// for the form of control sequences; xterm "ctlseqs", "PC-Style Function Keys", for their meaning.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "devices/core/door.h"

namespace ilse::ui {

// One key pressed and released with modifiers held.
struct KeyStroke {
  uint32_t usage = 0;  // USB HID
  bool shift = false;
  bool ctrl = false;
  bool alt = false;
  bool operator==(const KeyStroke&) const = default;
};

// Modifiers down, key down, key up, modifiers up.
std::vector<dev::OutsideEvent> stroke_events(const KeyStroke& stroke);

class KeyDecoder {
 public:
  // Appends the strokes that `bytes` completes. What means no key (non-ASCII, unknown sequences) is dropped.
  void feed(std::string_view bytes, std::vector<KeyStroke>& out);
  // Nothing more came for a while: a lone ESC was the Escape key.
  void flush(std::vector<KeyStroke>& out);
  bool waiting() const { return !pending_.empty(); }

 private:
  void byte(uint8_t b, std::vector<KeyStroke>& out);
  void sequence_done(std::vector<KeyStroke>& out);

  std::string pending_;  // an escape sequence that is not complete
};

}  // namespace ilse::ui
