#include "devices/display/vga_timing.h"

namespace ilse::dev {

namespace {
// Below this the CRTC is not programmed; the beam then moves as in text mode.
constexpr unsigned kFewestLines = 100, kTextLines = 449;
constexpr unsigned kFewestChars = 20, kTextChars = 100;
}  // namespace

BeamPosition beam_position(const VgaRegisters& r, mem::VTime now) {
  uint64_t dot_clock = (r.misc >> 2 & 3) == 0 ? 25'175'000 : 28'322'000;  // Hz
  if ((r.seq[1] & 8) != 0) dot_clock /= 2;
  unsigned chars = r.crtc[0] + 5u;
  unsigned lines = r.vertical_total();
  if (chars < kFewestChars) chars = kTextChars;
  if (lines < kFewestLines) lines = kTextLines;
  unsigned line_dots = chars * r.dots_per_char();
  uint64_t frame_dots = static_cast<uint64_t>(line_dots) * lines;

  uint64_t dots = mem::muldiv(now.ns, dot_clock, mem::kSecond);
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
  return static_cast<unsigned>(beam_position(r, now).frame / 8 & 3);
}

}  // namespace ilse::dev
