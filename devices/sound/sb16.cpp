#include "devices/sound/sb16.h"

#include <algorithm>
#include <utility>

namespace ilse::dev {

namespace {
constexpr uint16_t kMixerIndex = 4, kMixerData = 5, kReset = 6, kReadData = 0xA, kWrite = 0xC, kStatus8 = 0xE,
                   kStatus16 = 0xF;
constexpr uint8_t k8Bit = 1, k16Bit = 2, kMpu = 4;
constexpr uint32_t kMinRate = 4'000, kMaxRate = 48'000;
// Bits of the DMA setting, for the channels in the order of Pins::dma.
constexpr std::array<uint8_t, 6> kDmaBits{0x01, 0x02, 0x08, 0x20, 0x40, 0x80};
constexpr uint8_t kDefaultIrq = 0x02, kDefaultDma = 0x22;  // 5; 1 and 5
}  // namespace

Sb16::Sb16(SoundMixer& mixer, Scheduler& scheduler, Opl3& opl, Pins pins)
    : opl_(opl), pins_(std::move(pins)), voice_(mixer), timer_(scheduler, "sb16", [this](VTime t) {
        settle(t);
        schedule();
      }) {
  reset(ResetKind::PowerOn);
}

// --- Ports

uint32_t Sb16::port_peek(uint16_t offset, unsigned width, VTime now) const {
  switch (offset) {
    case 0:
    case 1:
    case 2:
    case 3: return opl_.port_peek(offset, width, now);
    case 8:
    case 9: return opl_.port_peek(offset & 1, width, now);
    case kMixerIndex: return mixer_.index();
    case kMixerData:
      if (mixer_.index() == Ct1745::kIrqStatus) return s_.pending | 0x20u;
      return mixer_.read();
    case kReadData: return s_.out_count != 0 ? s_.out[s_.out_first] : s_.last_read;
    case kWrite: return 0x7F;  // ready at all times
    case kStatus8: return s_.out_count != 0 ? 0xFF : 0x7F;
    default: return 0xFF;
  }
}

uint32_t Sb16::port_read(uint16_t offset, unsigned width, VTime now) {
  uint32_t v = port_peek(offset, width, now);
  if (offset == kReadData && s_.out_count != 0) {
    s_.last_read = s_.out[s_.out_first];
    s_.out_first = static_cast<uint8_t>((s_.out_first + 1) % kOutSize);
    --s_.out_count;
  }
  if (offset == kStatus8) acknowledge(k8Bit);
  if (offset == kStatus16) acknowledge(k16Bit);
  return v;
}

void Sb16::port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) {
  auto v = static_cast<uint8_t>(value);
  switch (offset) {
    case 0:
    case 1:
    case 2:
    case 3: return opl_.port_write(offset, width, value, now);
    case 8:
    case 9: return opl_.port_write(offset & 1, width, value, now);
    case kMixerIndex: return mixer_.set_index(v);
    case kMixerData:
      // What was fetched with the old settings is heard with them.
      settle(now);
      mixer_.write(v);
      apply_volumes();
      drive_irq();
      return;
    case kReset: return write_reset(v, now);
    case kWrite: return write_command(v, now);
    default: return;
  }
}

uint32_t Sb16::Mpu::port_peek(uint16_t offset, unsigned, VTime) const {
  constexpr uint8_t kAcknowledge = 0xFE, kNothing = 0xBF, kSomething = 0x3F;
  if (offset == 0) return card_.s_.mpu_ack ? kAcknowledge : 0xFF;
  return card_.s_.mpu_ack ? kSomething : kNothing;
}
uint32_t Sb16::Mpu::port_read(uint16_t offset, unsigned width, VTime now) {
  uint32_t v = port_peek(offset, width, now);
  if (offset == 0) {
    card_.s_.mpu_ack = false;
    card_.acknowledge(kMpu);
  }
  return v;
}
// Nothing is connected to it: what it is given in UART mode is lost.
void Sb16::Mpu::port_write(uint16_t offset, unsigned, uint32_t value, VTime) {
  constexpr uint32_t kResetCommand = 0xFF, kUart = 0x3F;
  State& s = card_.s_;
  if (offset == 0) return;
  // A reset in UART mode is not acknowledged.
  bool acknowledged = !s.mpu_uart;
  if (value == kResetCommand) s.mpu_uart = false;
  if (value == kUart) s.mpu_uart = true;
  if (acknowledged) s.mpu_ack = true;
}

// --- Interrupts and settings

void Sb16::drive_irq() {
  for (size_t i = 0; i < pins_.irq.size(); ++i) {
    bool selected = (mixer_.reg(Ct1745::kIrqSelect) >> i & 1) != 0;
    pins_.irq[i].set(selected && s_.pending != 0);
  }
}
void Sb16::raise(uint8_t which) {
  s_.pending |= which;
  drive_irq();
}
void Sb16::acknowledge(uint8_t which) {
  s_.pending &= static_cast<uint8_t>(~which);
  drive_irq();
}

void Sb16::apply_volumes() {
  Ct1745::Pair voice = mixer_.voice(), synthesizer = mixer_.synthesizer();
  voice_.set_volume(voice.left, voice.right);
  opl_.set_volume(synthesizer.left, synthesizer.right);
}

// The channel that is selected for such samples; 16-bit ones may have to share the 8-bit one.
DmaChannel* Sb16::channel(bool wide) {
  uint8_t selected = mixer_.reg(Ct1745::kDmaSelect);
  if (wide && (selected & 0xE0) == 0) wide = false;
  for (size_t i = wide ? 3 : 0; i < (wide ? 6u : 3u) && i < pins_.dma.size(); ++i) {
    if ((selected & kDmaBits[i]) != 0) return &pins_.dma[i];
  }
  return nullptr;
}

// --- What plays

void Sb16::start(const Stream& stream, VTime now) {
  settle(now);
  stream_ = stream;
  stream_.active = true;
  stream_.rate = std::clamp(stream_.rate, kMinRate, kMaxRate);
  stream_.block = std::clamp<uint32_t>(stream_.block, 1, 0x10000);
  stream_.left = stream_.block;
  stream_.started = now;
  stream_.done = 0;
  schedule();
}

void Sb16::stop(VTime now) {
  settle(now);
  stream_.active = false;
  timer_.cancel();
}

void Sb16::pause(bool wide, VTime now) {
  settle(now);
  if (stream_.wide == wide) stream_.paused = true;
  schedule();
}

void Sb16::resume(bool wide, VTime now) {
  if (stream_.wide != wide || !stream_.paused) return;
  stream_.paused = false;
  stream_.started = now;
  stream_.done = 0;
  schedule();
}

// Samples that are to be moved by `now`.
uint64_t Sb16::due(VTime now) const {
  if (!stream_.active || stream_.paused || now <= stream_.started) return 0;
  uint64_t samples = mem::muldiv(now - stream_.started, stream_.rate, mem::kSecond);
  if (stream_.stereo) samples *= 2;
  return samples > stream_.done ? samples - stream_.done : 0;
}

// The end of the block, or of what is fetched at once.
void Sb16::schedule() {
  if (!stream_.active || stream_.paused) return timer_.cancel();
  uint64_t channels = stream_.stereo ? 2 : 1;
  uint64_t frames = (stream_.done + stream_.left + channels - 1) / channels;
  VTime end = stream_.started + mem::muldiv_up(frames, mem::kSecond, stream_.rate);
  VTime chunk = stream_.started + mem::muldiv_up(stream_.done / channels, mem::kSecond, stream_.rate) +
                SoundMixer::kChunkTime;
  timer_.set(std::min(end, chunk));
}

void Sb16::settle(VTime now) {
  for (uint64_t n = due(now); n != 0; n = due(now)) {
    auto part = static_cast<uint32_t>(std::min<uint64_t>(n, std::min<uint32_t>(stream_.left, 4096)));
    uint32_t moved = stream_.by_dma ? move(part, now) : part;
    stream_.done += moved;
    stream_.left -= moved;
    if (moved == 0) {
      // The host's controller does not answer: time passes, no data.
      stream_.started = now;
      stream_.done = 0;
      return;
    }
    if (stream_.left == 0) block_end();
  }
}

// Samples that went over; 0 when the channel is masked or set up the other way.
uint32_t Sb16::move(uint32_t samples, VTime now) {
  DmaChannel* dma = channel(stream_.wide);
  if (dma == nullptr) return 0;
  const size_t width = stream_.wide ? 2 : 1;
  std::vector<uint8_t> bytes(samples * width, stream_.wide || stream_.is_signed ? 0x00 : 0x80);
  uint32_t moved = 0;
  // The controller stops at its terminal count; where it starts over by itself the rest follows.
  while (moved < samples) {
    auto rest = std::span(bytes).subspan(moved * width);
    auto done = stream_.input ? dma->from_device(rest, now) : dma->to_device(rest, now);
    if (done.bytes < width) break;
    moved += static_cast<uint32_t>(done.bytes / width);
  }
  if (stream_.input || stream_.silent || moved == 0) return moved;
  auto sample = [&](uint32_t i) -> int32_t {
    if (stream_.wide) {
      auto v = static_cast<uint16_t>(bytes[2 * i] | bytes[2 * i + 1] << 8);
      return stream_.is_signed ? static_cast<int16_t>(v) : int32_t{v} - 0x8000;
    }
    return stream_.is_signed ? static_cast<int8_t>(bytes[i]) * 256 : (int32_t{bytes[i]} - 0x80) * 256;
  };
  std::vector<SoundFrame> frames;
  uint32_t channels = stream_.stereo ? 2 : 1;
  for (uint32_t i = 0; i + channels <= moved; i += channels) {
    int32_t left = sample(i);
    frames.push_back({left, stream_.stereo ? sample(i + 1) : left});
  }
  VTime from = stream_.started + mem::muldiv(stream_.done / channels, mem::kSecond, stream_.rate);
  voice_.play(from, stream_.rate, frames, now);
  return moved;
}

void Sb16::block_end() {
  raise(stream_.wide ? k16Bit : k8Bit);
  if (stream_.auto_init && !stream_.last_block) {
    stream_.left = stream_.block;
    return;
  }
  stream_.active = false;
}

// --- Reset and state

void Sb16::reset(ResetKind) {
  s_ = {};
  stream_ = {};
  timer_.cancel();
  mixer_.reset();
  mixer_.set_index(Ct1745::kIrqSelect);
  mixer_.write(kDefaultIrq);
  mixer_.set_index(Ct1745::kDmaSelect);
  mixer_.write(kDefaultDma);
  mixer_.set_index(0);
  apply_volumes();
  drive_irq();
}

void Sb16::visit_state(mem::StateVisitor& v) {
  v.begin("sb16", 1);
  v("dsp", s_);
  v("stream", stream_);
  mixer_.visit_state(v);
  v.end();
  if (!v.loading()) return;
  // A damaged file must not run past a buffer or divide by zero.
  s_.out_first %= kOutSize;
  s_.out_count = std::min<uint8_t>(s_.out_count, kOutSize);
  s_.wanted = std::min<uint8_t>(s_.wanted, static_cast<uint8_t>(s_.arguments.size()));
  s_.got = std::min(s_.got, s_.wanted);
  stream_.rate = std::clamp(stream_.rate, kMinRate, kMaxRate);
  stream_.block = std::clamp<uint32_t>(stream_.block, 1, 0x10000);
  stream_.left = std::clamp<uint32_t>(stream_.left, 1, 0x10000);
  apply_volumes();
  drive_irq();
}

}  // namespace ilse::dev
