// The Sound Blaster 16's digital sound processor: reset and commands (hardware programming guide, chapter 6).
#include <array>
#include <string_view>
#include <utility>

#include "devices/sound/sb16.h"

namespace ilse::dev {

namespace {
constexpr uint8_t kReady = 0xAA, kMajor = 4, kMinor = 5;
// E3h. What drivers look for is only that there is a text.
constexpr std::string_view kText = "COPYRIGHT (C) CREATIVE TECHNOLOGY LTD, 1992.";
constexpr uint8_t kMixerStereo = 0x0E;  // the Pro's register, bit 1
}  // namespace

void Sb16::answer(uint8_t value) {
  if (s_.out_count == kOutSize) return;
  s_.out[(s_.out_first + s_.out_count) % kOutSize] = value;
  ++s_.out_count;
}

void Sb16::write_reset(uint8_t value, VTime now) {
  bool asserted = (value & 1) != 0;
  if (asserted) reset_dsp(now);
  if (s_.in_reset && !asserted) {
    s_.out_count = 0;
    answer(kReady);
  }
  s_.in_reset = asserted;
}

void Sb16::reset_dsp(VTime now) {
  stop(now);
  voice_.level(now, {});
  stream_ = {};
  s_.wanted = s_.got = 0;
  s_.out_count = 0;
  s_.speaker = false;
  s_.dma_id = 0xAA;
  s_.dma_id_round = 0;
  s_.pending = 0;
  drive_irq();
}

unsigned Sb16::argument_count(uint8_t command) {
  if (command >= 0xB0 && command <= 0xCF) return 3;
  switch (command) {
    case 0x04:
    case 0x0F:
    case 0x10:
    case 0x38:
    case 0x40:
    case 0xE0:
    case 0xE2:
    case 0xE4:
    case 0xF9: return 1;
    case 0x05:
    case 0x0E:
    case 0x14:
    case 0x15:
    case 0x16:
    case 0x17:
    case 0x24:
    case 0x41:
    case 0x42:
    case 0x48:
    case 0x74:
    case 0x75:
    case 0x76:
    case 0x77:
    case 0x80: return 2;
    default: return 0;
  }
}

void Sb16::write_command(uint8_t value, VTime now) {
  if (s_.wanted == 0) {
    s_.command = value;
    s_.got = 0;
    s_.wanted = static_cast<uint8_t>(argument_count(value));
  } else {
    s_.arguments[s_.got++] = value;
  }
  if (s_.got < s_.wanted) return;
  s_.wanted = 0;
  run_command(now);
}

// The rate of the Pro and before: 256 - 1000000 / Hz, of all channels together.
void Sb16::set_time_constant(uint8_t value) {
  s_.rate = 1'000'000u / (256u - value);
  s_.by_time_constant = true;
}

// Commands of 8 bits before the SB16's own.
void Sb16::start_legacy(bool auto_init, bool input, bool high_speed, VTime now) {
  Stream s;
  s.auto_init = auto_init;
  s.input = input;
  s.stereo = (mixer_.reg(kMixerStereo) & 2) != 0;
  s.rate = s.stereo && s_.by_time_constant ? s_.rate / 2 : s_.rate;
  s.block = auto_init || high_speed ? s_.block : word_argument() + 1;
  start(s, now);
}

// Bxh 16 bits, Cxh 8 bits: bit 3 in, bit 2 auto-init; then the mode and the length.
void Sb16::run_generic(VTime now) {
  Stream s;
  s.wide = (s_.command & 0xF0) == 0xB0;
  s.input = (s_.command & 0x08) != 0;
  s.auto_init = (s_.command & 0x04) != 0;
  s.stereo = (s_.arguments[0] & 0x20) != 0;
  s.is_signed = (s_.arguments[0] & 0x10) != 0;
  s.rate = s_.rate;
  s.block = (s_.arguments[1] | static_cast<uint32_t>(s_.arguments[2]) << 8) + 1;
  start(s, now);
}

// E2h: a byte that a driver has to find in memory, a function of all that were sent.
void Sb16::identify_by_dma(uint8_t value, VTime now) {
  constexpr std::array<uint8_t, 4> kAdded{0x96, 0xA5, 0x69, 0x5A};
  constexpr std::array<uint8_t, 4> kPositive{0x69, 0x6A, 0x96, 0x95};  // the other bits are subtracted
  unsigned round = s_.dma_id_round++ & 3;
  auto plus = static_cast<uint8_t>(value & kPositive[round]), minus = static_cast<uint8_t>(value ^ plus);
  s_.dma_id = static_cast<uint8_t>(s_.dma_id + plus - minus + kAdded[round]);
  if (DmaChannel* dma = channel(false)) dma->from_device({&s_.dma_id, 1}, now);
}

void Sb16::run_command(VTime now) {
  constexpr uint8_t k8Bit = 1, k16Bit = 2;
  const uint8_t argument = s_.arguments[0];
  if (s_.command >= 0xB0 && s_.command <= 0xCF) return run_generic(now);
  auto without_dma = [&](uint32_t samples) {
    Stream s;
    s.by_dma = false;
    s.rate = s_.rate;
    s.block = samples;
    start(s, now);
  };
  auto compressed = [&](bool auto_init) {
    Stream s;
    s.silent = true;
    s.auto_init = auto_init;
    s.rate = s_.rate / 2;
    s.block = auto_init ? s_.block : word_argument() + 1;
    start(s, now);
  };
  switch (s_.command) {
    case 0x04: s_.asp_mode = argument; return;
    case 0x0E: s_.asp[argument] = s_.arguments[1]; return;
    case 0x0F: return answer(s_.asp[argument]);
    case 0x10: return voice_.level(now, {(argument - 0x80) * 256, (argument - 0x80) * 256});
    case 0x14: return start_legacy(false, false, false, now);
    case 0x1C: return start_legacy(true, false, false, now);
    case 0x90: return start_legacy(true, false, true, now);
    case 0x91: return start_legacy(false, false, true, now);
    case 0x24: return start_legacy(false, true, false, now);
    case 0x2C: return start_legacy(true, true, false, now);
    case 0x98: return start_legacy(true, true, true, now);
    case 0x99: return start_legacy(false, true, true, now);
    case 0x16:
    case 0x17:
    case 0x74:
    case 0x75:
    case 0x76:
    case 0x77: return compressed(false);
    case 0x1F:
    case 0x7D:
    case 0x7F: return compressed(true);
    case 0x20: return answer(0x80);
    case 0x40: return set_time_constant(argument);
    case 0x41:
    case 0x42:
      s_.rate = big_argument();
      s_.by_time_constant = false;
      return;
    case 0x45:
    case 0x47:
      if (stream_.wide == (s_.command == 0x47)) {
        stream_.auto_init = true;
        stream_.last_block = false;
      }
      return;
    case 0x48: s_.block = word_argument() + 1; return;
    case 0x80: return without_dma(word_argument() + 1);
    case 0xD0: return pause(false, now);
    case 0xD4: return resume(false, now);
    case 0xD5: return pause(true, now);
    case 0xD6: return resume(true, now);
    case 0xD9:
    case 0xDA:
      if (stream_.wide == (s_.command == 0xD9)) stream_.last_block = true;
      return;
    case 0xD1: s_.speaker = true; return;
    case 0xD3: s_.speaker = false; return;
    case 0xD8: return answer(s_.speaker ? 0xFF : 0x00);
    case 0xE0: return answer(static_cast<uint8_t>(~argument));
    case 0xE1: answer(kMajor); return answer(kMinor);
    case 0xE2: return identify_by_dma(argument, now);
    case 0xE3:
      for (char c : kText) answer(static_cast<uint8_t>(c));
      return answer(0);
    case 0xE4: s_.test = argument; return;
    case 0xE8: return answer(s_.test);
    case 0xF2: return raise(k8Bit);
    case 0xF3: return raise(k16Bit);
    case 0xF8:
    case 0xF9: return answer(0);
    default: return;
  }
}

}  // namespace ilse::dev
