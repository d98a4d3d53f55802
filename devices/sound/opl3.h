// The OPL3 synthesizer, a YMF262 (Yamaha's application manual): its ports, its timers, and its registers,
// whose sound the Nuked OPL3 core of Debian's libadplug makes.
//
// The sound chip's inner phases are no part of the state: nothing of them can be read, and a restored chip
// goes on from its registers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>

#include "devices/core/device.h"
#include "devices/core/scheduler.h"
#include "devices/sound/frame_queue.h"
#include "memory/bus.h"

namespace ilse::dev {

class Opl3 : public Device, public mem::PortDevice, public SoundSource {
 public:
  Opl3(SoundMixer& mixer, Scheduler& scheduler);
  ~Opl3() override;

  // 16.16 fixed point, of the card that it is on.
  void set_volume(uint32_t left, uint32_t right) {
    left_ = left;
    right_ = right;
  }

  // Offsets 0, 1: address and data of the first register array; reading 0 is the status. 2, 3: of the second.
  // Width 1.
  uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

  void mix(uint64_t first, std::span<int32_t> to) override;

  std::string_view name() const override { return "opl3"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct State {
    std::array<uint8_t, 512> registers{};
    uint16_t address = 0;  // 9 bits
    uint8_t flags = 0;     // timers that have run over, as in the status
    static constexpr std::array kNames{"registers", "address", "flags"};
  };
  struct Core;

  void write_register(uint16_t address, uint8_t value, VTime now);
  void write_timer_control(uint8_t value, VTime now);
  void start_timer(unsigned n, VTime from);
  void timer_done(unsigned n, VTime at);
  uint8_t status() const;
  void rebuild();
  void render_to(uint64_t frame);

  SoundMixer& mixer_;
  FrameQueue queue_;
  std::unique_ptr<Core> core_;
  State s_;
  std::array<Timer, 2> timers_;
  uint32_t left_ = 1 << 16, right_ = 1 << 16;
  uint64_t quiet_ = 0;    // frames of silence so far
  bool playing_ = false;  // something may be heard
};

}  // namespace ilse::dev
