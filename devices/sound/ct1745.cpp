#include "devices/sound/ct1745.h"

namespace ilse::dev {

namespace {
// The Sound Blaster Pro's registers: both channels in one byte, 4 bits each, of the pair from `left` on.
uint8_t pair_of(uint8_t index) {
  switch (index) {
    case 0x04: return 0x32;
    case 0x22: return 0x30;
    case 0x26: return 0x34;
    case 0x28: return 0x36;
    case 0x2E: return 0x38;
    default: return 0;
  }
}
}  // namespace

void Ct1745::reset() {
  uint8_t irq = s_.registers[kIrqSelect], dma = s_.registers[kDmaSelect];
  s_ = {};
  auto& r = s_.registers;
  for (uint8_t i = 0x30; i <= 0x35; ++i) r[i] = 0xC0;
  r[0x3C] = 0x1F;
  r[0x3D] = 0x15;
  r[0x3E] = 0x0B;
  for (uint8_t i = 0x44; i <= 0x47; ++i) r[i] = 0x80;
  r[kIrqSelect] = irq;
  r[kDmaSelect] = dma;
}

uint8_t Ct1745::read() const {
  const auto& r = s_.registers;
  if (uint8_t left = pair_of(s_.index); left != 0)
    return static_cast<uint8_t>((r[left] & 0xF0) | r[left + 1u] >> 4);
  if (s_.index == 0x0A) return r[0x3A] >> 5;
  return r[s_.index];
}

void Ct1745::write(uint8_t value) {
  auto& r = s_.registers;
  if (uint8_t left = pair_of(s_.index); left != 0) {
    r[left] = static_cast<uint8_t>((value & 0xF0) | 0x08);
    r[left + 1u] = static_cast<uint8_t>(value << 4 | 0x08);
    return;
  }
  switch (s_.index) {
    case 0x00: return reset();
    case 0x0E: r[0x0E] = value & 0x22; return;
    case 0x0A: r[0x3A] = static_cast<uint8_t>(value << 5 | 0x18); return;
    case kIrqSelect: r[kIrqSelect] = static_cast<uint8_t>(0xF0 | (value & 0x0F)); return;
    case kDmaSelect: r[kDmaSelect] = value & 0xEB; return;
    case 0x3B:
    case 0x3F:
    case 0x40:
    case 0x41:
    case 0x42: r[s_.index] = value & 0xC0; return;
    case 0x3C:
    case 0x3D:
    case 0x3E: r[s_.index] = value & 0x7F; return;
    case 0x43: r[s_.index] = value & 0x01; return;
    default: break;
  }
  if (s_.index >= 0x30 && s_.index <= 0x3A) r[s_.index] = value & 0xF8;
  if (s_.index >= 0x44 && s_.index <= 0x47) r[s_.index] = value & 0xF0;
}

// Five bits of 2 dB, and silence at zero; the output gain doubles.
Ct1745::Pair Ct1745::pair(uint8_t left) const {
  auto gain = [this](uint8_t index) {
    unsigned level = s_.registers[index] >> 3;
    return level == 0 ? 0 : attenuated(31 - level, kStep2Db);
  };
  auto output = [&](unsigned side) {
    uint32_t v = multiply(gain(static_cast<uint8_t>(left + side)), gain(static_cast<uint8_t>(0x30 + side)));
    return v << (s_.registers[0x41 + side] >> 6);
  };
  return {output(0), output(1)};
}

}  // namespace ilse::dev
