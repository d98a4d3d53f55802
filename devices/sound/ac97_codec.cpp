#include "devices/sound/ac97_codec.h"

#include <algorithm>

namespace ilse::dev {

namespace {
constexpr uint8_t kReset = 0x00, kMaster = 0x02, kHeadphone = 0x04, kMono = 0x06, kBeep = 0x0A, kPhone = 0x0C,
                  kMic = 0x0E, kLine = 0x10, kVideo = 0x14, kPcm = 0x18, kSelect = 0x1A, kGain = 0x1C,
                  kGeneral = 0x20, kPower = 0x26, kExtendedId = 0x28, kExtended = 0x2A, kDacRate = 0x2C,
                  kAdcRate = 0x32, kVendor1 = 0x7C, kVendor2 = 0x7E;
constexpr uint16_t kVra = 1, kMute = 0x8000;
constexpr uint16_t kAllReady = 0x000F;
constexpr uint32_t kMinRate = 4'000, kMaxRate = 48'000;

// Which bits of a register can be written.
constexpr uint16_t writable(uint8_t reg) {
  switch (reg) {
    case kMaster: return 0xBF3F;
    case kHeadphone: return 0xBF3F;
    case kMono: return 0x803F;
    case kBeep: return 0x801E;
    case kPhone: return 0x801F;
    case kMic: return 0x805F;
    case kLine:
    case 0x12:
    case kVideo:
    case 0x16:
    case kPcm: return 0x9F1F;
    case kSelect: return 0x0707;
    case kGain: return 0x8F0F;
    case kGeneral: return 0xA380;
    case kPower: return 0xFF00;
    case kExtended: return kVra;
    case kDacRate:
    case kAdcRate: return 0xFFFF;
    default: return 0;
  }
}
}  // namespace

void Ac97Codec::reset() {
  s_ = {};
  auto set = [this](uint8_t reg, uint16_t value) { s_.registers[reg / 2] = value; };
  set(kReset, 0x0000);
  for (uint8_t reg : {kMaster, kHeadphone, kMono, kGain}) set(reg, kMute);
  for (uint8_t reg : {kPhone, kMic}) set(reg, 0x8008);
  for (uint8_t reg = kLine; reg <= kPcm; reg += 2) set(reg, 0x8808);
  set(kPower, kAllReady);
  set(kExtendedId, kVra);
  set(kDacRate, kFixedRate);
  set(kAdcRate, kFixedRate);
  set(kVendor1, 0x8384);
  set(kVendor2, 0x7600);
}

void Ac97Codec::write(uint8_t reg, uint16_t value) {
  reg &= 0x7E;
  if (reg == kReset) return reset();
  uint16_t mask = writable(reg);
  uint16_t& r = s_.registers[reg / 2];
  if (reg == kDacRate || reg == kAdcRate) {
    // Without variable rates there is one; with them the codec takes the nearest that it has.
    bool variable = (s_.registers[kExtended / 2] & kVra) != 0;
    r = static_cast<uint16_t>(variable ? std::clamp<uint32_t>(value, kMinRate, kMaxRate) : kFixedRate);
    return;
  }
  r = static_cast<uint16_t>((r & ~mask) | (value & mask));
  if (reg == kExtended && (value & kVra) == 0)
    s_.registers[kDacRate / 2] = s_.registers[kAdcRate / 2] = kFixedRate;
}

uint32_t Ac97Codec::rate(uint8_t reg) const {
  return std::clamp<uint32_t>(s_.registers[reg / 2], kMinRate, kMaxRate);
}

// Steps of 1.5 dB: the master's up to 94.5 dB, the converter's from 12 dB above unity, which is left out
// here.
Ac97Codec::Pair Ac97Codec::volume() const {
  uint16_t master = s_.registers[kMaster / 2], pcm = s_.registers[kPcm / 2];
  auto side = [&](unsigned shift) -> uint32_t {
    if (((master | pcm) & kMute) != 0) return 0;
    unsigned converter = std::max(8u, pcm >> shift & 0x1Fu) - 8;
    return attenuated((master >> shift & 0x3Fu) + converter, kStep1_5Db);
  };
  return {side(8), side(0)};
}

void Ac97Codec::visit_state(mem::StateVisitor& v) { v("codec", s_); }

}  // namespace ilse::dev
