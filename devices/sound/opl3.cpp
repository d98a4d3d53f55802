#include "devices/sound/opl3.h"

extern "C" {
#include <adplug/nukedopl.h>
}

#include <cstdlib>
#include <utility>

namespace ilse::dev {

struct Opl3::Core {
  opl3_chip chip;
};

namespace {
constexpr uint16_t kTimerCount = 0x02, kTimerControl = 0x04;
constexpr std::array<uint64_t, 2> kTimerTick{80'000, 320'000};  // ns
constexpr std::array<uint8_t, 2> kTimerFlag{0x40, 0x20};
constexpr uint8_t kAnyFlag = 0x80, kClearFlags = 0x80;
// After so much silence the core rests until the next write.
constexpr uint64_t kQuiet = SoundMixer::kRate;
}  // namespace

Opl3::Opl3(SoundMixer& mixer, Scheduler& scheduler)
    : mixer_(mixer),
      queue_(mixer),
      core_(std::make_unique<Core>()),
      timers_{Timer(scheduler, "opl3.0", [this](VTime t) { timer_done(0, t); }),
              Timer(scheduler, "opl3.1", [this](VTime t) { timer_done(1, t); })} {
  mixer.add(*this);
  reset(ResetKind::PowerOn);
}
Opl3::~Opl3() = default;

uint8_t Opl3::status() const { return static_cast<uint8_t>(s_.flags | (s_.flags != 0 ? kAnyFlag : 0)); }

uint32_t Opl3::port_peek(uint16_t offset, unsigned, VTime) const { return offset == 0 ? status() : 0xFF; }
uint32_t Opl3::port_read(uint16_t offset, unsigned width, VTime now) { return port_peek(offset, width, now); }

void Opl3::port_write(uint16_t offset, unsigned, uint32_t value, VTime now) {
  if ((offset & 1) == 0) {
    s_.address = static_cast<uint16_t>((value & 0xFF) | (offset & 2) << 7);
  } else {
    write_register(s_.address, static_cast<uint8_t>(value), now);
  }
}

void Opl3::write_register(uint16_t address, uint8_t value, VTime now) {
  address &= 0x1FF;
  if (address == kTimerControl) return write_timer_control(value, now);
  s_.registers[address] = value;
  if (!mixer_.listening()) return;
  // What was before is heard up to here.
  render_to(SoundMixer::frame_at(now));
  OPL3_WriteReg(&core_->chip, address, value);
  playing_ = true;
  quiet_ = 0;
  queue_.drain(now);
}

void Opl3::write_timer_control(uint8_t value, VTime now) {
  if ((value & kClearFlags) != 0) {
    s_.flags = 0;
    return;
  }
  uint8_t before = std::exchange(s_.registers[kTimerControl], value);
  for (unsigned n = 0; n < 2; ++n) {
    bool runs = (value >> n & 1) != 0, ran = (before >> n & 1) != 0;
    if (runs && !ran) start_timer(n, now);
    if (!runs) timers_[n].cancel();
  }
}

void Opl3::start_timer(unsigned n, VTime from) {
  timers_[n].set(from + (256u - s_.registers[kTimerCount + n]) * kTimerTick[n]);
}

void Opl3::timer_done(unsigned n, VTime at) {
  bool masked = (s_.registers[kTimerControl] & kTimerFlag[n]) != 0;
  if (!masked) s_.flags |= kTimerFlag[n];
  start_timer(n, at);
}

void Opl3::render_to(uint64_t frame) {
  if (queue_.end() >= frame) return;
  // More than the mixer would ask for is not kept.
  constexpr uint64_t kMost = SoundMixer::kRate;
  if (!playing_ || frame - queue_.end() > kMost) queue_.extend_to(playing_ ? frame - kMost : frame);
  while (queue_.end() < frame) {
    std::array<int16_t, 2> out{};
    if (playing_) OPL3_GenerateResampled(&core_->chip, out.data());
    // The chip's zero has a sign.
    quiet_ = std::abs(out[0]) <= 1 && std::abs(out[1]) <= 1 ? quiet_ + 1 : 0;
    if (quiet_ > kQuiet) playing_ = false;
    queue_.push({static_cast<int32_t>(int64_t{out[0]} * left_ >> 16),
                 static_cast<int32_t>(int64_t{out[1]} * right_ >> 16)});
  }
}

void Opl3::mix(uint64_t first, std::span<int32_t> to) {
  render_to(first + to.size() / 2);
  queue_.mix(first, to);
}

// The core from the registers; the second array's mode bit decides what others mean.
void Opl3::rebuild() {
  constexpr uint16_t kNew = 0x105;
  OPL3_Reset(&core_->chip, SoundMixer::kRate);
  OPL3_WriteReg(&core_->chip, kNew, s_.registers[kNew]);
  playing_ = false;
  quiet_ = 0;
  for (uint16_t r = 0; r < s_.registers.size(); ++r) {
    if (r == kTimerControl || r == kNew || s_.registers[r] == 0) continue;
    OPL3_WriteReg(&core_->chip, r, s_.registers[r]);
    playing_ = true;
  }
}

void Opl3::reset(ResetKind) {
  s_ = {};
  for (Timer& t : timers_) t.cancel();
  rebuild();
}

void Opl3::visit_state(mem::StateVisitor& v) {
  v("opl3", s_);
  if (!v.loading()) return;
  s_.address &= 0x1FF;
  rebuild();
}

}  // namespace ilse::dev
