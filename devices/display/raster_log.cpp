#include "devices/display/raster_log.h"

#include <utility>

#include "devices/display/vga_timing.h"

namespace ilse::dev {

namespace {
constexpr unsigned kToTheEnd = ~0u;
}

void RasterLog::before_change(const VgaRegisters& regs, mem::VTime now) {
  const BeamPosition beam = beam_position(regs, now);
  if (beam.frame != current_.number) {
    if (!current_.parts.empty()) {
      if (!current_.closed) current_.parts.push_back({kToTheEnd, regs});
      std::swap(current_, previous_);
    }
    current_.number = beam.frame;
    current_.closed = false;
    current_.parts.clear();
  }
  if (current_.closed) return;
  if (beam.line >= regs.vertical_display()) {
    if (current_.parts.empty()) return;
    current_.parts.push_back({kToTheEnd, regs});
    current_.closed = true;
  } else if (const unsigned last = current_.parts.empty() ? 0 : current_.parts.back().end; beam.line > last) {
    current_.parts.push_back({beam.line, regs});
  }
}

void RasterLog::clear() { current_ = previous_ = {}; }

const RasterLog::Frame* RasterLog::shown(const VgaRegisters& regs, mem::VTime now) const {
  if (current_.parts.empty() && previous_.parts.empty()) return nullptr;
  const uint64_t frame = beam_position(regs, now).frame;
  for (const Frame* f : {&current_, &previous_}) {
    if (f->number + 1 == frame && !f->parts.empty()) return f;
  }
  return nullptr;
}

Raster RasterLog::raster(const VgaRegisters& regs, mem::VTime now) const {
  Raster r(regs);
  if (const Frame* f = shown(regs, now)) r.parts_ = &f->parts;
  return r;
}

uint64_t RasterLog::id(const VgaRegisters& regs, mem::VTime now) const {
  const Frame* f = shown(regs, now);
  return f == nullptr ? 0 : f->number + 1;
}

}  // namespace ilse::dev
