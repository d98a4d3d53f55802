#include "devices/display/vga_timing.h"

namespace ilse::dev {

namespace {
// Below this the CRTC is not programmed; the beam then moves as in text mode.
constexpr unsigned kFewestLines = 100, kTextLines = 449;
constexpr unsigned kFewestChars = 20, kTextChars = 100;
constexpr unsigned kPhaseFrames = 8;

struct Timing {
  uint64_t dot_clock;  // Hz
  unsigned line_dots, lines;
  uint64_t frame_dots() const { return uint64_t{line_dots} * lines; }
};

Timing timing(const VgaRegisters& r) {
  uint64_t dot_clock = (r.misc >> 2 & 3) == 0 ? 25'175'000 : 28'322'000;
  if ((r.seq[1] & 8) != 0) dot_clock /= 2;
  unsigned chars = r.crtc[0] + 5u;
  unsigned lines = r.vertical_total();
  if (chars < kFewestChars) chars = kTextChars;
  if (lines < kFewestLines) lines = kTextLines;
  return {dot_clock, chars * r.dots_per_char(), lines};
}
}  // namespace

BeamPosition beam_position(const VgaRegisters& r, mem::VTime now) {
  const Timing t = timing(r);
  const unsigned line_dots = t.line_dots, lines = t.lines;
  const uint64_t frame_dots = t.frame_dots();

  uint64_t dots = mem::muldiv(now.ns, t.dot_clock, mem::kSecond);
  uint64_t in_frame = dots % frame_dots;
  auto line = static_cast<unsigned>(in_frame / line_dots);
  auto dot = static_cast<unsigned>(in_frame % line_dots);

  BeamPosition b;
  b.line = line;
  b.frame = dots / frame_dots;
  b.blank = line >= r.vertical_display() || dot >= r.columns() * r.dots_per_char();
  unsigned start = r.vertical_retrace_start();
  unsigned length = (r.crtc[0x11] - start) & 0xF;  // the register holds the end line's low four bits
  if (length == 0) length = 16;
  if (start >= lines) start = lines - 2;
  b.vertical_retrace = line >= start && line < start + length;
  b.blank = b.blank || b.vertical_retrace;
  return b;
}

unsigned blink_phase(const VgaRegisters& r, mem::VTime now) {
  return static_cast<unsigned>(beam_position(r, now).frame / kPhaseFrames & 3);
}

mem::VTime next_blink(const VgaRegisters& r, mem::VTime now) {
  const Timing t = timing(r);
  const uint64_t frame = (beam_position(r, now).frame / kPhaseFrames + 1) * kPhaseFrames;
  return {mem::muldiv_up(frame * t.frame_dots(), mem::kSecond, t.dot_clock)};
}

}  // namespace ilse::dev
