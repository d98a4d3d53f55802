// The AC'97 audio function of an 82801AA (Intel data sheet 290655, chapter 13; PCI 8086:2415): the codec's
// registers at BAR 0, and at BAR 1 three bus masters (PCM in, PCM out, microphone in) that walk rings of 32
// buffer descriptors.
//
// Memory is read and written at most SoundMixer::kChunkTime at a time; the position register and the
// interrupts are exact. Recording gives silence.
#pragma once

#include <array>
#include <cstdint>

#include "devices/core/scheduler.h"
#include "devices/pci/pci_device.h"
#include "devices/sound/ac97_codec.h"
#include "devices/sound/pcm_voice.h"
#include "memory/phys_map.h"

namespace ilse::dev {

class Ac97 : public PciDevice {
 public:
  Ac97(SoundMixer& mixer, Scheduler& scheduler, mem::PhysMap& memory);

  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  static constexpr unsigned kEngines = 3;
  enum Engine : unsigned { kPcmIn, kPcmOut, kMicIn };

  struct BusMaster {
    uint32_t base = 0;    // of the ring
    uint8_t current = 0;  // index value
    uint8_t last = 0;     // valid index
    uint8_t next = 0;     // prefetched index
    uint8_t control = 0;
    uint16_t status = 1;         // halted
    uint16_t left = 0;           // samples of the current buffer, at `started` + what is done
    uint32_t address = 0;        // of the next of them
    bool on_completion = false;  // the current buffer asks for an interrupt
    bool running = false;        // has a current buffer
    VTime started{};             // `done` samples were due from then on
    uint64_t done = 0;
    static constexpr std::array kNames{"base", "current", "last",          "next",    "control", "status",
                                       "left", "address", "on_completion", "running", "started", "done"};
  };
  struct State {
    std::array<BusMaster, kEngines> engines;
    uint32_t global_control = 0;
    uint8_t semaphore = 0;
    static constexpr std::array kNames{"engines", "global_control", "semaphore"};
  };
  // BAR 0; words.
  class CodecPorts : public mem::PortDevice {
   public:
    explicit CodecPorts(Ac97& chip) : chip_(chip) {}
    uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

   private:
    Ac97& chip_;
  };
  // BAR 1; registers of 8, 16 and 32 bits.
  class MasterPorts : public mem::PortDevice {
   public:
    explicit MasterPorts(Ac97& chip) : chip_(chip) {}
    uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

   private:
    Ac97& chip_;
  };

  uint8_t read_byte(uint16_t offset, VTime now) const;
  void write_register(uint16_t offset, unsigned width, uint32_t value, VTime now);
  void write_engine(unsigned n, unsigned reg, unsigned width, uint32_t value, VTime now);
  void write_control(unsigned n, uint8_t value, VTime now);
  uint32_t global_status() const;
  void update_interrupt();

  uint32_t rate(unsigned n) const { return n == kPcmOut ? codec_.dac_rate() : codec_.adc_rate(); }
  static unsigned channels(unsigned n) { return n == kMicIn ? 1 : 2; }
  uint64_t due(unsigned n, VTime now) const;
  void run(unsigned n, VTime now);
  void settle(unsigned n, VTime now);
  void schedule(unsigned n);
  void load_buffer(unsigned n, VTime now);
  void move(unsigned n, uint32_t samples, VTime now);
  void buffer_end(unsigned n, VTime now);
  void rebase(unsigned n, VTime now);
  void apply_volume();

  mem::PhysMap& memory_;
  PcmVoice voice_;
  Ac97Codec codec_;
  State s_;
  std::array<Timer, kEngines> timers_;
  CodecPorts codec_ports_{*this};
  MasterPorts master_ports_{*this};
};

}  // namespace ilse::dev
