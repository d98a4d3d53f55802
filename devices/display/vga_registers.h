// The complete register file of the VGA, as plain data: what the renderers draw from, what is saved, and
// the names that IBM's "PS/2 Hardware Interface Technical Reference: Video Subsystem" gives the bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace ilse::dev {

// Registers of the Bochs display interface ("dispi"), by index.
enum class Dispi : uint16_t {
  Id,
  XRes,
  YRes,
  Bpp,
  Enable,
  Bank,
  VirtWidth,
  VirtHeight,
  XOffset,
  YOffset,
  VideoMemory64K,
  Count
};

inline constexpr uint16_t kDispiEnabled = 0x01;
inline constexpr uint16_t kDispiGetCaps = 0x02;
inline constexpr uint16_t kDispi8BitDac = 0x20;
inline constexpr uint16_t kDispiLfb = 0x40;
inline constexpr uint16_t kDispiNoClear = 0x80;

inline constexpr uint16_t kDispiMaxX = 2560;
inline constexpr uint16_t kDispiMaxY = 1600;

inline constexpr size_t kPlaneSize = 0x10000;  // bytes in each of the four planes

struct VgaRegisters {
  uint8_t misc = 0;     // Miscellaneous Output
  uint8_t feature = 0;  // Feature Control
  uint8_t seq_index = 0;
  std::array<uint8_t, 5> seq{};
  uint8_t crtc_index = 0;
  std::array<uint8_t, 25> crtc{};
  uint8_t gc_index = 0;
  std::array<uint8_t, 9> gc{};
  uint8_t attr_index = 0;     // bit 5: palette address source (the screen is on)
  bool attr_is_data = false;  // the flip-flop: the next write of 3C0h is data
  std::array<uint8_t, 21> attr{};
  uint8_t dac_mask = 0xFF;
  uint8_t dac_index = 0;
  uint8_t dac_component = 0;  // 0 red, 1 green, 2 blue
  bool dac_reading = false;
  std::array<uint8_t, 2> dac_held{};  // red and green of a write that is not complete
  std::array<uint8_t, 768> dac{};     // as written: 6 bits, or 8 with kDispi8BitDac
  std::array<uint8_t, 4> latch{};
  bool big_endian = false;  // of pixels of several bytes in the frame buffer
  uint16_t dispi_index = 0;
  std::array<uint16_t, static_cast<size_t>(Dispi::Count)> dispi{};

  static constexpr std::array kNames{
      "misc",        "feature",    "seq_index",    "seq",   "crtc_index", "crtc",        "gc_index",
      "gc",          "attr_index", "attr_is_data", "attr",  "dac_mask",   "dac_index",   "dac_component",
      "dac_reading", "dac_held",   "dac",          "latch", "big_endian", "dispi_index", "dispi"};

  uint16_t vbe(Dispi r) const { return dispi[static_cast<size_t>(r)]; }
  bool vbe_enabled() const { return (vbe(Dispi::Enable) & kDispiEnabled) != 0; }
  bool packed_pixels() const { return vbe_enabled() && vbe(Dispi::Bpp) >= 8; }
  bool graphics() const { return vbe_enabled() || (gc[6] & 1) != 0; }

  bool colour() const { return (misc & 1) != 0; }
  bool palette_source() const { return (attr_index & 0x20) != 0; }
  bool screen_on() const { return palette_source() && (seq[1] & 0x20) == 0 && (crtc[0x17] & 0x80) != 0; }

  // Geometry from the CRTC, in lines and character clocks.
  unsigned columns() const { return crtc[1] + 1u; }
  unsigned dots_per_char() const { return (seq[1] & 1) != 0 ? 8 : 9; }
  unsigned vertical_total() const { return (crtc[6] | (crtc[7] & 1u) << 8 | (crtc[7] & 0x20u) << 4) + 2; }
  unsigned vertical_display() const {
    return (crtc[0x12] | (crtc[7] & 2u) << 7 | (crtc[7] & 0x40u) << 3) + 1;
  }
  unsigned vertical_retrace_start() const {
    return crtc[0x10] | (crtc[7] & 4u) << 6 | (crtc[7] & 0x80u) << 2;
  }
  unsigned line_compare() const { return crtc[0x18] | (crtc[7] & 0x10u) << 4 | (crtc[9] & 0x40u) << 3; }
  unsigned char_height() const { return (crtc[9] & 0x1Fu) + 1; }
  bool scan_doubled() const { return (crtc[9] & 0x80) != 0; }
  uint16_t start_address() const { return static_cast<uint16_t>(crtc[0xC] << 8 | crtc[0xD]); }
  uint16_t cursor_address() const { return static_cast<uint16_t>(crtc[0xE] << 8 | crtc[0xF]); }
  unsigned line_offset() const {
    return crtc[0x13] * 2u;
  }  // in the counter's units (characters in text mode)
};

}  // namespace ilse::dev
