// The PC's DMA: two 8237A controllers (Intel data sheet 231466), the second one for words and with the
// first cascaded into its channel 0, and the page registers (82371SB data sheet, 2.5.1).
//
// The requesting device drives a transfer: when it holds data or wants some, it calls from_device() or
// to_device() at the virtual time at which DREQ would be answered.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "devices/core/device.h"
#include "memory/bus.h"
#include "memory/phys_map.h"

namespace ilse::dev {

using mem::VTime;

class I8237 : public Device {
 public:
  explicit I8237(mem::PhysMap& memory);

  // Width 1. 0x00..0x0F; 0xC0..0xDF (registers at even offsets); 0x80..0x8F.
  mem::PortDevice& byte_controller() { return byte_ports_; }
  mem::PortDevice& word_controller() { return word_ports_; }
  mem::PortDevice& pages() { return page_ports_; }

  struct Transfer {
    size_t bytes = 0;             // moved (always whole words on channels 5..7)
    bool terminal_count = false;  // TC was asserted with the last one
  };
  // Moves up to the span's length, and stops at the terminal count (or in autoinitialize mode after it: the
  // next call goes on from the start). 0 bytes: the channel is masked, disabled or set up for the other
  // direction. In verify mode nothing is moved but counts run. Channels 0..3 (bytes), 5..7 (words).
  Transfer to_device(int channel, std::span<uint8_t> to, VTime now);
  Transfer from_device(int channel, std::span<const uint8_t> from, VTime now);
  // The DREQ pin, for the status register; transfers do not need it.
  void set_dreq(int channel, bool level);

  // Whether a request would be answered now, and what is left.
  bool ready(int channel) const;
  // Bytes until the terminal count.
  size_t remaining(int channel) const;

  std::string_view name() const override { return "dma"; }
  void reset(ResetKind kind) override;
  void visit_state(mem::StateVisitor& v) override;

 private:
  struct Channel {
    uint16_t base_address = 0;
    uint16_t base_count = 0;
    uint16_t address = 0;
    uint16_t count = 0;
    uint8_t mode = 0;  // bits 7:2 of the mode register
    static constexpr std::array kNames{"base_address", "base_count", "address", "count", "mode"};
  };
  struct Controller {
    std::array<Channel, 4> channels;
    uint8_t command = 0;
    uint8_t mask = 0x0F;
    uint8_t request = 0;
    uint8_t dreq = 0;
    uint8_t reached_tc = 0;
    uint8_t temporary = 0;
    bool flip_flop = false;
    static constexpr std::array kNames{"channels", "command",    "mask",      "request",
                                       "dreq",     "reached_tc", "temporary", "flip_flop"};
  };
  struct State {
    std::array<Controller, 2> controllers;
    std::array<uint8_t, 16> pages{};
    static constexpr std::array kNames{"controllers", "pages"};
  };

  class Ports : public mem::PortDevice {
   public:
    Ports(I8237& dma, unsigned controller) : dma_(dma), controller_(controller) {}
    uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

   private:
    I8237& dma_;
    unsigned controller_;
  };
  class Pages : public mem::PortDevice {
   public:
    explicit Pages(I8237& dma) : dma_(dma) {}
    uint32_t port_read(uint16_t offset, unsigned width, VTime now) override;
    void port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) override;
    uint32_t port_peek(uint16_t offset, unsigned width, VTime now) const override;

   private:
    I8237& dma_;
  };

  Controller& controller_of(int channel) { return state_.controllers[channel >= 4 ? 1 : 0]; }
  const Controller& controller_of(int channel) const { return state_.controllers[channel >= 4 ? 1 : 0]; }
  uint64_t physical(int channel, uint16_t address) const;
  uint8_t read_register(unsigned controller, unsigned reg);
  uint8_t peek_register(unsigned controller, unsigned reg) const;
  void write_register(unsigned controller, unsigned reg, uint8_t v, VTime now);
  void memory_to_memory(Controller& c, VTime now);
  bool count_down(Controller& c, unsigned channel);
  template <class Move>
  Transfer transfer(int channel, unsigned type, size_t bytes, Move move);

  mem::PhysMap& memory_;
  State state_;
  Ports byte_ports_{*this, 0};
  Ports word_ports_{*this, 1};
  Pages page_ports_{*this};
};

}  // namespace ilse::dev
