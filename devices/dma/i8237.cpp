#include "devices/dma/i8237.h"

#include <algorithm>

namespace ilse::dev {

namespace {
constexpr uint8_t kMemoryToMemory = 0x01;  // command register
constexpr uint8_t kHoldChannel0 = 0x02;
constexpr uint8_t kDisabled = 0x04;

constexpr uint8_t kAutoinitialize = 0x10;  // mode register
constexpr uint8_t kDecrement = 0x20;
constexpr unsigned kVerify = 0;
constexpr unsigned kWrite = 1;  // to memory
constexpr unsigned kRead = 2;   // from memory
constexpr unsigned kCascade = 3;

constexpr unsigned type_of(uint8_t mode) { return mode >> 2 & 3; }
constexpr unsigned mode_of(uint8_t mode) { return mode >> 6; }
constexpr uint8_t bit(unsigned channel) { return static_cast<uint8_t>(1u << (channel & 3)); }

// The page register of each channel, as its offset from 0x80.
constexpr std::array<uint8_t, 8> kPage{0x07, 0x03, 0x01, 0x02, 0x0F, 0x0B, 0x09, 0x0A};
}  // namespace

I8237::I8237(mem::PhysMap& memory) : memory_(memory) {}

void I8237::set_dreq(int channel, bool level) {
  if (channel < 0 || channel > 7) return;
  Controller& c = controller_of(channel);
  uint8_t b = bit(static_cast<unsigned>(channel));
  c.dreq = static_cast<uint8_t>(level ? c.dreq | b : c.dreq & ~b);
}

bool I8237::ready(int channel) const {
  if (channel < 0 || channel > 7 || channel == 4) return false;
  auto open = [](const Controller& c, unsigned n) {
    return (c.command & kDisabled) == 0 && (c.mask & bit(n)) == 0;
  };
  auto n = static_cast<unsigned>(channel & 3);
  const Controller& c = controller_of(channel);
  if (!open(c, n) || mode_of(c.channels[n].mode) == kCascade) return false;
  // Requests of the first controller go through channel 4, which must be in cascade mode.
  const Controller& words = state_.controllers[1];
  return channel >= 4 || (open(words, 0) && mode_of(words.channels[0].mode) == kCascade);
}

size_t I8237::remaining(int channel) const {
  if (channel < 0 || channel > 7) return 0;
  size_t units = controller_of(channel).channels[static_cast<size_t>(channel & 3)].count + size_t{1};
  return channel >= 4 ? units * 2 : units;
}

// Channels 5..7 drive A16..A1 and ignore bit 0 of their page.
uint64_t I8237::physical(int channel, uint16_t address) const {
  uint64_t page = state_.pages[kPage[static_cast<size_t>(channel)]];
  if (channel < 4) return page << 16 | address;
  return (page & 0xFE) << 16 | static_cast<uint64_t>(address) << 1;
}

// One unit is done; true at the terminal count.
bool I8237::count_down(Controller& c, unsigned channel) {
  Channel& ch = c.channels[channel];
  ch.address = static_cast<uint16_t>((ch.mode & kDecrement) != 0 ? ch.address - 1 : ch.address + 1);
  if (ch.count-- != 0) return false;
  c.reached_tc |= bit(channel);
  c.request &= static_cast<uint8_t>(~bit(channel));
  if ((ch.mode & kAutoinitialize) != 0) {
    ch.address = ch.base_address;
    ch.count = ch.base_count;
  } else {
    c.mask |= bit(channel);
  }
  return true;
}

template <class Move>
I8237::Transfer I8237::transfer(int channel, unsigned type, size_t bytes, Move move) {
  Transfer done;
  if (!ready(channel)) return done;
  Controller& c = controller_of(channel);
  auto n = static_cast<unsigned>(channel & 3);
  Channel& ch = c.channels[n];
  unsigned programmed = type_of(ch.mode);
  if (programmed != type && programmed != kVerify) return done;
  size_t unit = channel >= 4 ? 2 : 1;
  while (done.bytes + unit <= bytes && !done.terminal_count) {
    if (programmed != kVerify) move(physical(channel, ch.address), done.bytes, unit);
    done.bytes += unit;
    done.terminal_count = count_down(c, n);
  }
  return done;
}

I8237::Transfer I8237::to_device(int channel, std::span<uint8_t> to, VTime now) {
  return transfer(channel, kRead, to.size(), [&](uint64_t address, size_t at, size_t unit) {
    memory_.dma_read({address}, to.subspan(at, unit), now);
  });
}

I8237::Transfer I8237::from_device(int channel, std::span<const uint8_t> from, VTime now) {
  return transfer(channel, kWrite, from.size(), [&](uint64_t address, size_t at, size_t unit) {
    memory_.dma_write({address}, from.subspan(at, unit), now);
  });
}

// Started by a software request of channel 0 with command bit 0 set: channel 0's bytes go through the
// temporary register to channel 1 until channel 1's terminal count.
void I8237::memory_to_memory(Controller& c, VTime now) {
  bool first = &c == &state_.controllers[0];
  if (!first) return;  // channel 4 is the cascade
  bool done = false;
  while (!done) {
    memory_.dma_read({physical(0, c.channels[0].address)}, {&c.temporary, 1}, now);
    memory_.dma_write({physical(1, c.channels[1].address)}, {&c.temporary, 1}, now);
    uint16_t held = c.channels[0].address;
    count_down(c, 0);
    if ((c.command & kHoldChannel0) != 0) c.channels[0].address = held;
    done = count_down(c, 1);
  }
  c.request &= static_cast<uint8_t>(~bit(0));
}

uint8_t I8237::peek_register(unsigned controller, unsigned reg) const {
  const Controller& c = state_.controllers[controller];
  if (reg < 8) {
    const Channel& ch = c.channels[reg / 2];
    uint16_t v = (reg & 1) != 0 ? ch.count : ch.address;
    return static_cast<uint8_t>(c.flip_flop ? v >> 8 : v);
  }
  switch (reg) {
    case 0x8: return static_cast<uint8_t>(c.reached_tc | (c.dreq | c.request) << 4);
    case 0xD: return c.temporary;
    case 0xF: return static_cast<uint8_t>(c.mask | 0xF0);  // as chips since the 82374 show it
    default: return 0xFF;
  }
}

uint8_t I8237::read_register(unsigned controller, unsigned reg) {
  uint8_t v = peek_register(controller, reg);
  Controller& c = state_.controllers[controller];
  if (reg < 8) c.flip_flop = !c.flip_flop;
  if (reg == 8) c.reached_tc = 0;
  return v;
}

void I8237::write_register(unsigned controller, unsigned reg, uint8_t v, VTime now) {
  Controller& c = state_.controllers[controller];
  if (reg < 8) {
    Channel& ch = c.channels[reg / 2];
    bool count = (reg & 1) != 0;
    uint16_t& base = count ? ch.base_count : ch.base_address;
    base = static_cast<uint16_t>(c.flip_flop ? (base & 0x00FF) | v << 8 : (base & 0xFF00) | v);
    // Both registers are written, the bytes of the current one as well.
    uint16_t& current = count ? ch.count : ch.address;
    current = static_cast<uint16_t>(c.flip_flop ? (current & 0x00FF) | v << 8 : (current & 0xFF00) | v);
    c.flip_flop = !c.flip_flop;
    return;
  }
  unsigned channel = v & 3;
  switch (reg) {
    case 0x8: c.command = v; break;
    case 0x9:
      c.request = static_cast<uint8_t>((v & 4) != 0 ? c.request | bit(channel) : c.request & ~bit(channel));
      if (v == 4 && (c.command & (kMemoryToMemory | kDisabled)) == kMemoryToMemory) memory_to_memory(c, now);
      break;
    case 0xA:
      c.mask = static_cast<uint8_t>((v & 4) != 0 ? c.mask | bit(channel) : c.mask & ~bit(channel));
      break;
    case 0xB: c.channels[channel].mode = v & 0xFC; break;
    case 0xC: c.flip_flop = false; break;
    case 0xD:  // master clear
      c.command = c.request = c.reached_tc = c.temporary = 0;
      c.flip_flop = false;
      c.mask = 0x0F;
      break;
    case 0xE: c.mask = 0; break;
    case 0xF: c.mask = v & 0x0F; break;
    default: break;
  }
}

void I8237::reset(ResetKind) {
  std::array<uint8_t, 2> dreq{state_.controllers[0].dreq, state_.controllers[1].dreq};
  state_ = {};
  for (size_t i = 0; i < 2; ++i) state_.controllers[i].dreq = dreq[i];
}

void I8237::visit_state(mem::StateVisitor& v) { v("dma", state_); }

uint32_t I8237::Ports::port_read(uint16_t offset, unsigned, VTime) {
  return dma_.read_register(controller_, offset >> controller_ & 15u);
}
void I8237::Ports::port_write(uint16_t offset, unsigned, uint32_t value, VTime now) {
  dma_.write_register(controller_, offset >> controller_ & 15u, static_cast<uint8_t>(value), now);
}
uint32_t I8237::Ports::port_peek(uint16_t offset, unsigned, VTime) const {
  return dma_.peek_register(controller_, offset >> controller_ & 15u);
}

uint32_t I8237::Pages::port_read(uint16_t offset, unsigned, VTime) { return dma_.state_.pages[offset & 15u]; }
void I8237::Pages::port_write(uint16_t offset, unsigned, uint32_t value, VTime) {
  dma_.state_.pages[offset & 15u] = static_cast<uint8_t>(value);
}
uint32_t I8237::Pages::port_peek(uint16_t offset, unsigned, VTime) const {
  return dma_.state_.pages[offset & 15u];
}

}  // namespace ilse::dev
