// A Sound Blaster 16 ("Sound Blaster Series Hardware Programming Guide"): the digital sound processor of
// version 4.05 with 8- and 16-bit DMA in both directions, the CT1745 mixer, and an MPU-401 that only
// acknowledges. The synthesizer is a chip of its own.
//
// What the DSP plays it fetches over DMA at most SoundMixer::kChunkTime at a time; interrupts come at the
// exact end of a block. Recording gives silence, and so do Creative's compressed formats.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "devices/core/device.h"
#include "devices/core/irq_line.h"
#include "devices/core/scheduler.h"
#include "devices/dma/dma_channel.h"
#include "devices/sound/ct1745.h"
#include "devices/sound/opl3.h"
#include "devices/sound/pcm_voice.h"
#include "memory/bus.h"

namespace ilse::dev {

class Sb16 : public Device, public mem::PortDevice {
 public:
  struct Pins {
    std::array<IrqLine, 4> irq;   // as bits 0..3 of the interrupt setting: 2, 5, 7, 10
    std::vector<DmaChannel> dma;  // 0, 1, 3, 5, 6, 7
  };
  Sb16(SoundMixer& mixer, Scheduler& scheduler, Opl3& opl, Pins pins);

  // Sixteen ports, width 1: 220h. 0..3 and 8, 9 are the synthesizer's.
  uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
  void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
  uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;
  // Two: 330h.
  mem::PortDevice& mpu() { return mpu_; }

  std::string_view name() const override { return "sb16"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  static constexpr size_t kOutSize = 64;

  // A transfer by DMA, of which one runs at a time.
  struct Stream {
    bool active = false;
    bool paused = false;
    bool wide = false;  // 16 bits a sample
    bool stereo = false;
    bool is_signed = false;
    bool input = false;
    bool auto_init = false;
    bool last_block = false;  // auto-init ends with it
    bool silent = false;      // a format that is not decoded, or no data at all
    bool by_dma = true;
    uint32_t block = 1;     // samples; of compressed formats and silence, bytes
    uint32_t left = 1;      // of the block
    uint32_t rate = 22050;  // frames a second
    VTime started{};        // `done` samples were due from then on
    uint64_t done = 0;
    static constexpr std::array kNames{"active", "paused",    "wide",       "stereo",  "is_signed",
                                       "input",  "auto_init", "last_block", "silent",  "by_dma",
                                       "block",  "left",      "rate",       "started", "done"};
  };
  struct State {
    bool in_reset = false;
    uint8_t command = 0;
    std::array<uint8_t, 4> arguments{};
    uint8_t wanted = 0;  // bytes that the command still waits for
    uint8_t got = 0;
    std::array<uint8_t, kOutSize> out{};
    uint8_t out_first = 0;
    uint8_t out_count = 0;
    uint8_t last_read = 0;
    uint8_t test = 0;  // E4h, E8h
    uint8_t dma_id = 0xAA;
    uint8_t dma_id_round = 0;
    bool speaker = false;
    uint32_t rate = 22050;  // set by 41h, 42h
    bool by_time_constant = false;
    uint32_t block = 0x800;  // set by 48h, samples
    uint8_t pending = 0;     // interrupts: 1 8-bit, 2 16-bit, 4 MPU
    std::array<uint8_t, 256> asp{};
    uint8_t asp_mode = 0;
    bool mpu_uart = false;
    bool mpu_ack = false;
    static constexpr std::array kNames{
        "in_reset",         "command",   "arguments", "wanted", "got",          "out",      "out_first",
        "out_count",        "last_read", "test",      "dma_id", "dma_id_round", "speaker",  "rate",
        "by_time_constant", "block",     "pending",   "asp",    "asp_mode",     "mpu_uart", "mpu_ack"};
  };
  class Mpu : public mem::PortDevice {
   public:
    explicit Mpu(Sb16& card) : card_(card) {}
    uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

   private:
    Sb16& card_;
  };

  // The DSP's ports and commands (sb16_dsp.cpp).
  void write_reset(uint8_t value, VTime now);
  void reset_dsp(VTime now);
  void write_command(uint8_t value, VTime now);
  static unsigned argument_count(uint8_t command);
  void run_command(VTime now);
  void run_generic(VTime now);
  void start_legacy(bool auto_init, bool input, bool high_speed, VTime now);
  void set_time_constant(uint8_t value);
  void identify_by_dma(uint8_t value, VTime now);
  void answer(uint8_t value);
  uint32_t word_argument() const { return s_.arguments[0] | static_cast<uint32_t>(s_.arguments[1]) << 8; }
  uint32_t big_argument() const { return s_.arguments[1] | static_cast<uint32_t>(s_.arguments[0]) << 8; }

  // What plays (sb16.cpp).
  void start(const Stream& stream, VTime now);
  void pause(bool wide, VTime now);
  void resume(bool wide, VTime now);
  void stop(VTime now);
  void settle(VTime now);
  void schedule();
  uint64_t due(VTime now) const;
  uint32_t move(uint32_t samples, VTime now);
  void block_end();
  DmaChannel* channel(bool wide);
  void raise(uint8_t which);
  void acknowledge(uint8_t which);
  void drive_irq();
  void apply_volumes();

  Opl3& opl_;
  Pins pins_;
  PcmVoice voice_;
  Ct1745 mixer_;
  State s_;
  Stream stream_;
  Timer timer_;
  Mpu mpu_{*this};
};

}  // namespace ilse::dev
