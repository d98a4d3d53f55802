#include "devices/display/vga.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "devices/display/vbe_screen.h"
#include "devices/display/vga_memory.h"
#include "devices/display/vga_renderer.h"
#include "devices/display/vga_timing.h"
#include "memory/check.h"

namespace ilse::dev {

namespace {

// Bits that exist in each register; the others read as zero.
constexpr std::array<uint8_t, 5> kSeqBits{0x03, 0x3D, 0x0F, 0x3F, 0x0E};
constexpr std::array<uint8_t, 9> kGcBits{0x0F, 0x0F, 0x0F, 0x1F, 0x03, 0x7B, 0x0F, 0x0F, 0xFF};

constexpr uint8_t kProtect = 0x80;  // CRTC 11h: registers 0-7 are read-only

// The versions of the display interface that the ID register may claim.
constexpr uint16_t kDispiOldest = 0xB0C0, kDispiNewest = 0xB0C5;

}  // namespace

Vga::Vga(mem::Ram memory, mem::EventLog& log) : memory_(std::move(memory)), log_(log) {
  uint64_t n = memory_.size();
  ILSE_CHECK(n >= 4 * kPlaneSize && (n & (n - 1)) == 0 && n / 0x10000 <= 0xFFFF, "size of the VGA's memory");
  edid_ = make_edid(monitor_.width, monitor_.height);
  Vga::reset(ResetKind::PowerOn);
}

void Vga::reset(ResetKind kind) {
  regs_ = {};
  regs_.dispi[static_cast<size_t>(Dispi::Id)] = kDispiNewest;
  raster_.clear();
  if (kind == ResetKind::PowerOn) memory_.clear();
  dirty_.mark_all();
  ++changes_;
}

void Vga::render(VTime now, Frame& image) const {
  if (!regs_.vbe_enabled()) {
    render_vga(raster_.raster(regs_, now), bytes(), dev::blink_phase(regs_, now), image);
    return;
  }
  const VbeScreen screen(regs_, bytes());
  image.resize(screen.width(), screen.height());
  for (unsigned y = 0; y < image.height; ++y) screen.draw_line(y, image.row(y));
}
void Vga::text(VTime, TextGrid& grid) const {
  if (graphics()) {
    grid = {};
  } else {
    read_text(regs_, bytes(), grid);
  }
}
uint64_t Vga::raster_id(VTime now) const { return regs_.vbe_enabled() ? 0 : raster_.id(regs_, now); }

unsigned Vga::blinking() const {
  if (graphics()) return 0;
  return ((regs_.crtc[0x0A] & 0x20) == 0 ? 1u : 0) | ((regs_.attr[0x10] & 8) != 0 ? 2u : 0);
}
unsigned Vga::blink_phase(VTime now) const { return dev::blink_phase(regs_, now) & blinking(); }
VTime Vga::next_change(VTime now) const {
  // The frame after one whose registers changed on the way.
  if (raster_id(now) != 0) return now + mem::kSecond / 60;
  return blinking() != 0 ? next_blink(regs_, now) : mem::kNever;
}

void Vga::set_monitor(unsigned width, unsigned height) {
  // As the display interface's modes are.
  monitor_.width = static_cast<uint16_t>(std::clamp<unsigned>(width & ~7u, 320, kDispiMaxX));
  monitor_.height = static_cast<uint16_t>(std::clamp<unsigned>(height, 200, kDispiMaxY));
  edid_ = make_edid(monitor_.width, monitor_.height);
}

// The I/O ports.

bool Vga::decoded(unsigned port) const {
  if (port >= 0x3C0 && port <= 0x3CF) return true;
  return (port & 0xFF0) == (regs_.colour() ? 0x3D0 : 0x3B0);
}

uint8_t Vga::peek_crtc() const {
  unsigned i = regs_.crtc_index;
  if (i < regs_.crtc.size()) return regs_.crtc[i];
  // Registers that IBM does not document but every VGA has.
  switch (i) {
    case 0x22: return regs_.latch[regs_.gc[4] & 3];
    case 0x24: return regs_.attr_is_data ? 0x80 : 0;
    case 0x26: return regs_.attr_index;
    default: return 0xFF;
  }
}

uint8_t Vga::peek_dac() const { return regs_.dac[3u * regs_.dac_index + regs_.dac_component % 3u]; }

uint8_t Vga::peek_port(unsigned port, VTime now) const {
  if (!decoded(port)) return 0xFF;
  switch (port) {
    case 0x3C0: return regs_.attr_index;
    case 0x3C1: {
      unsigned i = regs_.attr_index & 0x1Fu;
      return i < regs_.attr.size() ? regs_.attr[i] : 0xFF;
    }
    case 0x3C2: return 0x10;  // switch sense: a colour monitor is connected
    case 0x3C3: return 1;     // video subsystem enabled
    case 0x3C4: return regs_.seq_index;
    case 0x3C5: return regs_.seq_index < regs_.seq.size() ? regs_.seq[regs_.seq_index] : 0xFF;
    case 0x3C6: return regs_.dac_mask;
    case 0x3C7: return regs_.dac_reading ? 3 : 0;
    case 0x3C8: return regs_.dac_index;
    case 0x3C9: return peek_dac();
    case 0x3CA: return regs_.feature;
    case 0x3CC: return regs_.misc;
    case 0x3CE: return regs_.gc_index;
    case 0x3CF: return regs_.gc_index < regs_.gc.size() ? regs_.gc[regs_.gc_index] : 0xFF;
    case 0x3B4:
    case 0x3D4: return regs_.crtc_index;
    case 0x3B5:
    case 0x3D5: return peek_crtc();
    case 0x3BA:
    case 0x3DA: {
      BeamPosition beam = beam_position(regs_, now);
      return static_cast<uint8_t>((beam.blank ? 1 : 0) | (beam.vertical_retrace ? 8 : 0));
    }
    default: return 0xFF;
  }
}

uint8_t Vga::read_port(unsigned port, VTime now) {
  uint8_t value = peek_port(port, now);
  if (!decoded(port)) return value;
  if (port == 0x3C9) {
    step_dac();
  } else if (port == 0x3BA || port == 0x3DA) {
    regs_.attr_is_data = false;
  }
  return value;
}

// Whether a write changes what is drawn. Indexes, latches and how memory is accessed do not.
bool Vga::shows(unsigned port, uint8_t value) const {
  switch (port) {
    case 0x3C0: return regs_.attr_is_data || ((value ^ regs_.attr_index) & 0x20) != 0;
    case 0x3C2:
    case 0x3C6: return true;
    case 0x3C5: return regs_.seq_index == 1 || regs_.seq_index == 3;
    case 0x3C9: return regs_.dac_component == 2;
    case 0x3CF: return regs_.gc_index == 5 || regs_.gc_index == 6;
    case 0x3B5:
    case 0x3D5: return true;
    default: return false;
  }
}

// Whether it changes when the beam is where.
bool Vga::retimes(unsigned port, uint8_t value) const {
  if (port == 0x3C2) return ((value ^ regs_.misc) & 0x0C) != 0;
  if (port == 0x3C5) return regs_.seq_index == 1 && ((value ^ regs_.seq[1]) & 0x09) != 0;
  if (port != 0x3B5 && port != 0x3D5) return false;
  const unsigned i = regs_.crtc_index;
  constexpr uint32_t kTiming = 0x7F | 1u << 7 | 1u << 0x10 | 1u << 0x11 | 1u << 0x12;
  if (i >= regs_.crtc.size() || (kTiming >> i & 1) == 0) return false;
  if (i < 8 && (regs_.crtc[0x11] & kProtect) != 0) return false;
  constexpr uint8_t kLineCompare8 = 0x10;
  const auto differs = static_cast<uint8_t>(value ^ regs_.crtc[i]);
  return (i == 7 ? differs & ~kLineCompare8 : differs) != 0;
}

void Vga::write_port(unsigned port, uint8_t value, VTime now) {
  if (!decoded(port)) return;
  if (shows(port, value)) {
    ++changes_;
    if (retimes(port, value)) {
      raster_.clear();
    } else if (!regs_.vbe_enabled()) {
      raster_.before_change(regs_, now);
    }
  }
  switch (port) {
    case 0x3C0: write_attribute(value); break;
    case 0x3C2: regs_.misc = value; break;
    case 0x3C4: regs_.seq_index = value & 7; break;
    case 0x3C5:
      if (regs_.seq_index < regs_.seq.size()) regs_.seq[regs_.seq_index] = value & kSeqBits[regs_.seq_index];
      break;
    case 0x3C6: regs_.dac_mask = value; break;
    case 0x3C7:
    case 0x3C8:
      regs_.dac_index = value;
      regs_.dac_component = 0;
      regs_.dac_reading = port == 0x3C7;
      break;
    case 0x3C9: write_dac(value); break;
    case 0x3CE: regs_.gc_index = value & 0xF; break;
    case 0x3CF:
      if (regs_.gc_index < regs_.gc.size()) regs_.gc[regs_.gc_index] = value & kGcBits[regs_.gc_index];
      break;
    case 0x3B4:
    case 0x3D4: regs_.crtc_index = value & 0x3F; break;
    case 0x3B5:
    case 0x3D5: write_crtc(value); break;
    case 0x3BA:
    case 0x3DA: regs_.feature = value & 0xB; break;
    default: break;
  }
}

void Vga::write_attribute(uint8_t value) {
  if (!regs_.attr_is_data) {
    regs_.attr_index = value & 0x3F;
  } else {
    unsigned i = regs_.attr_index & 0x1Fu;
    if (i < 0x10) {
      regs_.attr[i] = value & 0x3F;
    } else if (i < regs_.attr.size()) {
      regs_.attr[i] = value;
    }
  }
  regs_.attr_is_data = !regs_.attr_is_data;
}

void Vga::write_crtc(uint8_t value) {
  unsigned i = regs_.crtc_index;
  if (i >= regs_.crtc.size()) return;
  if (i < 8 && (regs_.crtc[0x11] & kProtect) != 0) {
    // Of the protected registers only bit 8 of Line Compare stays writable.
    if (i == 7) regs_.crtc[7] = static_cast<uint8_t>((regs_.crtc[7] & ~0x10) | (value & 0x10));
    return;
  }
  regs_.crtc[i] = value;
}

void Vga::step_dac() {
  if (++regs_.dac_component >= 3) {
    regs_.dac_component = 0;
    ++regs_.dac_index;
  }
}

void Vga::write_dac(uint8_t value) {
  if ((regs_.vbe(Dispi::Enable) & kDispi8BitDac) == 0) value &= 0x3F;
  // An entry changes as a whole, with its third component.
  if (regs_.dac_component < 2) {
    regs_.dac_held[regs_.dac_component] = value;
  } else {
    uint8_t* entry = &regs_.dac[3u * regs_.dac_index];
    entry[0] = regs_.dac_held[0];
    entry[1] = regs_.dac_held[1];
    entry[2] = value;
  }
  step_dac();
}

// The Bochs display interface.

uint16_t Vga::read_dispi(unsigned index) const {
  if (index >= regs_.dispi.size()) return 0;
  bool caps = (regs_.vbe(Dispi::Enable) & kDispiGetCaps) != 0;
  switch (static_cast<Dispi>(index)) {
    case Dispi::XRes: return caps ? kDispiMaxX : regs_.vbe(Dispi::XRes);
    case Dispi::YRes: return caps ? kDispiMaxY : regs_.vbe(Dispi::YRes);
    case Dispi::Bpp: return caps ? 32 : regs_.vbe(Dispi::Bpp);
    case Dispi::VideoMemory64K: return static_cast<uint16_t>(memory_.size() / 0x10000);
    default: return regs_.dispi[index];
  }
}

void Vga::write_dispi(unsigned index, uint16_t value) {
  if (index >= regs_.dispi.size()) return;
  ++changes_;
  auto which = static_cast<Dispi>(index);
  bool good = true;
  switch (which) {
    case Dispi::Id: good = value >= kDispiOldest && value <= kDispiNewest; break;
    case Dispi::XRes:
      value = static_cast<uint16_t>(value & ~7u);
      good = value != 0 && value <= kDispiMaxX;
      break;
    case Dispi::YRes: good = value != 0 && value <= kDispiMaxY; break;
    case Dispi::Bpp:
      if (value == 0) value = 8;
      good = value == 4 || value == 8 || value == 15 || value == 16 || value == 24 || value == 32;
      break;
    case Dispi::Enable: enable_vbe(value); return;
    case Dispi::Bank: good = value < memory_.size() / (regs_.vbe(Dispi::Bpp) == 4 ? 0x40000 : 0x10000); break;
    case Dispi::VirtHeight:
    case Dispi::VideoMemory64K: return;  // read-only
    default: break;
  }
  if (!good) {
    if (log_.wanted()) {
      char text[64];
      std::snprintf(text, sizeof text, "display interface register %x refuses %x", index, value);
      log_.note("vga", text);
    }
    return;
  }
  regs_.dispi[index] = value;
  if (regs_.vbe_enabled()) fix_geometry();
}

void Vga::enable_vbe(uint16_t value) {
  bool was_enabled = regs_.vbe_enabled();
  constexpr uint16_t kBits = kDispiEnabled | kDispiGetCaps | kDispi8BitDac | kDispiLfb | kDispiNoClear;
  regs_.dispi[static_cast<size_t>(Dispi::Enable)] = value & kBits;
  if (!regs_.vbe_enabled()) {
    regs_.dispi[static_cast<size_t>(Dispi::Bank)] = 0;
    return;
  }
  if (was_enabled) return;
  regs_.dispi[static_cast<size_t>(Dispi::VirtWidth)] = 0;
  regs_.dispi[static_cast<size_t>(Dispi::XOffset)] = 0;
  regs_.dispi[static_cast<size_t>(Dispi::YOffset)] = 0;
  fix_geometry();
  if ((value & kDispiNoClear) == 0) {
    uint64_t n = static_cast<uint64_t>(vbe_line_bytes(regs_)) * regs_.vbe(Dispi::YRes);
    if (regs_.vbe(Dispi::Bpp) == 4) n *= 4;
    std::memset(memory_.data(), 0, std::min(n, memory_.size()));
    dirty_.mark(0, std::min(n, memory_.size()));
  }
}

// Makes the enabled mode one that fits the memory: lines at least as long as the screen is wide, no more
// lines than there is memory for, offsets inside.
void Vga::fix_geometry() {
  auto reg = [&](Dispi d) -> uint16_t& { return regs_.dispi[static_cast<size_t>(d)]; };
  if (reg(Dispi::Bpp) == 0) reg(Dispi::Bpp) = 8;
  reg(Dispi::XRes) = std::clamp<uint16_t>(reg(Dispi::XRes), 8, kDispiMaxX);
  reg(Dispi::YRes) = std::clamp<uint16_t>(reg(Dispi::YRes), 1, kDispiMaxY);
  uint16_t& width = reg(Dispi::VirtWidth);
  width = static_cast<uint16_t>(std::max(width, reg(Dispi::XRes)) & ~7u);

  uint64_t bytes = reg(Dispi::Bpp) == 4 ? memory_.size() / 4 : memory_.size();
  uint64_t lines = std::min<uint64_t>(bytes / vbe_line_bytes(regs_), 0xFFFF);
  if (lines == 0) {  // one line is longer than the memory
    width = reg(Dispi::XRes);
    lines = std::max<uint64_t>(1, bytes / vbe_line_bytes(regs_));
  }
  reg(Dispi::VirtHeight) = static_cast<uint16_t>(lines);
  reg(Dispi::YRes) = static_cast<uint16_t>(std::min<uint64_t>(reg(Dispi::YRes), lines));
  reg(Dispi::XOffset) = std::min<uint16_t>(reg(Dispi::XOffset), width - reg(Dispi::XRes));
  reg(Dispi::YOffset) =
      std::min<uint16_t>(reg(Dispi::YOffset), static_cast<uint16_t>(lines) - reg(Dispi::YRes));
}

// State.

void Vga::visit_state(mem::StateVisitor& v) {
  v.begin("vga", 2);
  v("registers", regs_);
  v("monitor", monitor_);
  visit_memory(v);
  v.end();
  if (!v.loading()) return;
  regs_.dac_component %= 3;
  if (regs_.vbe_enabled()) fix_geometry();
  set_monitor(monitor_.width, monitor_.height);
  raster_.clear();
  ++changes_;
}

// Only pages with something in them: page number (4 bytes) and contents of each.
void Vga::visit_memory(mem::StateVisitor& v) {
  constexpr size_t kRecord = 4 + mem::kPageSize;
  std::vector<uint8_t> pages;
  if (!v.loading()) {
    memory_.for_each_touched([&](uint64_t page, std::span<const uint8_t> bytes) {
      for (unsigned i = 0; i < 4; ++i) pages.push_back(static_cast<uint8_t>(page >> (8 * i)));
      pages.insert(pages.end(), bytes.begin(), bytes.end());
    });
  }
  v("memory", pages);
  if (!v.loading()) return;
  memory_.clear();
  dirty_.mark_all();
  for (size_t at = 0; at + kRecord <= pages.size(); at += kRecord) {
    uint64_t page = 0;
    for (unsigned i = 4; i-- > 0;) page = page << 8 | pages[at + i];
    if (page >= memory_.size() / mem::kPageSize) continue;
    std::memcpy(memory_.data() + page * mem::kPageSize, &pages[at + 4], mem::kPageSize);
  }
}

}  // namespace ilse::dev
