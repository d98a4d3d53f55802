#include "devices/sound/ac97.h"

#include <algorithm>
#include <vector>

namespace ilse::dev {

namespace {

PciIdentity identity() {
  PciIdentity id;
  id.vendor = 0x8086;
  id.device = 0x2415;
  id.revision = 1;
  id.class_code = 0x040100;
  id.subsystem_vendor = 0x8086;
  id.subsystem = 0x0000;
  return id;
}

constexpr unsigned kCodecSize = 256, kMasterSize = 64;
// A bus master's registers.
constexpr unsigned kBase = 0x0, kCurrent = 0x4, kLast = 0x5, kStatus = 0x6, kLeft = 0x8, kNext = 0xA,
                   kControl = 0xB;
constexpr uint16_t kGlobalControl = 0x2C, kGlobalStatus = 0x30, kSemaphore = 0x34;
// Status.
constexpr uint16_t kHalted = 0x01, kAtLast = 0x02, kLastInterrupt = 0x04, kBufferInterrupt = 0x08,
                   kFifoError = 0x10;
// Control.
constexpr uint8_t kRun = 0x01, kResetEngine = 0x02, kLastEnable = 0x04, kFifoEnable = 0x08,
                  kBufferEnable = 0x10;
// Global control and status.
constexpr uint32_t kNotColdReset = 0x02, kWarmReset = 0x04;
constexpr uint32_t kCodecReady = 0x100;
constexpr std::array<uint32_t, 3> kEngineInterrupt{0x20, 0x40, 0x80};
constexpr uint8_t kIndexMask = 31;
constexpr uint32_t kMostAtOnce = 2048;  // samples

}  // namespace

Ac97::Ac97(SoundMixer& mixer, Scheduler& scheduler, mem::PhysMap& memory)
    : PciDevice("ac97", identity()),
      memory_(memory),
      voice_(mixer),
      timers_{Timer(scheduler, "ac97.in", [this](VTime t) { run(kPcmIn, t); }),
              Timer(scheduler, "ac97.out", [this](VTime t) { run(kPcmOut, t); }),
              Timer(scheduler, "ac97.mic", [this](VTime t) { run(kMicIn, t); })} {
  add_io_bar(0, kCodecSize, codec_ports_, 4);
  add_io_bar(1, kMasterSize, master_ports_, 4);
  use_interrupt_pin(1);
  reset(ResetKind::PowerOn);
}

// --- The codec's registers

uint32_t Ac97::CodecPorts::port_peek(uint16_t offset, unsigned width, VTime) const {
  if (offset >= 0x80) return 0xFFFFFFFFu >> (32 - 8 * width);
  uint32_t low = chip_.codec_.read(offset & 0x7E), high = chip_.codec_.read((offset + 2) & 0x7E);
  uint64_t both = low | static_cast<uint64_t>(high) << 16;
  return static_cast<uint32_t>(both >> (8 * (offset & 1)) & (0xFFFFFFFFu >> (32 - 8 * width)));
}
uint32_t Ac97::CodecPorts::port_read(uint16_t offset, unsigned width, VTime now) {
  chip_.s_.semaphore = 0;
  return port_peek(offset, width, now);
}
// The link moves words.
void Ac97::CodecPorts::port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) {
  chip_.s_.semaphore = 0;
  if (offset >= 0x80 || width == 1 || (offset & 1) != 0) return;
  // What was fetched before is heard as it was; a new rate counts from here on.
  for (unsigned n = 0; n < kEngines; ++n) chip_.settle(n, now);
  chip_.codec_.write(static_cast<uint8_t>(offset), static_cast<uint16_t>(value));
  if (width == 4) chip_.codec_.write(static_cast<uint8_t>(offset + 2), static_cast<uint16_t>(value >> 16));
  chip_.apply_volume();
  for (unsigned n = 0; n < kEngines; ++n) {
    chip_.rebase(n, now);
    chip_.schedule(n);
  }
}

void Ac97::apply_volume() {
  Ac97Codec::Pair v = codec_.volume();
  voice_.set_volume(v.left, v.right);
}

// --- The bus masters' registers

uint32_t Ac97::global_status() const {
  uint32_t v = (s_.global_control & kNotColdReset) != 0 ? kCodecReady : 0;
  for (unsigned n = 0; n < kEngines; ++n) {
    if ((s_.engines[n].status & (kLastInterrupt | kBufferInterrupt | kFifoError)) != 0)
      v |= kEngineInterrupt[n];
  }
  return v;
}

uint8_t Ac97::read_byte(uint16_t offset, VTime now) const {
  auto byte = [](uint32_t v, unsigned n) { return static_cast<uint8_t>(v >> (8 * n)); };
  if (offset >= kGlobalControl && offset < kGlobalControl + 4)
    return byte(s_.global_control, offset - kGlobalControl);
  if (offset >= kGlobalStatus && offset < kGlobalStatus + 4)
    return byte(global_status(), offset - kGlobalStatus);
  if (offset == kSemaphore) return s_.semaphore;
  unsigned n = offset >> 4, reg = offset & 15;
  if (n >= kEngines) return 0;
  const BusMaster& e = s_.engines[n];
  // Time that has passed since memory was last read counts.
  auto left = static_cast<uint16_t>(e.left - std::min<uint64_t>(e.left, due(n, now)));
  switch (reg) {
    case kCurrent: return e.current;
    case kLast: return e.last;
    case kStatus: return byte(e.status, 0);
    case kLeft: return byte(left, 0);
    case kLeft + 1: return byte(left, 1);
    case kNext: return e.next;
    case kControl: return e.control;
    default: return reg < 4 ? byte(e.base, reg) : uint8_t{0};
  }
}

uint32_t Ac97::MasterPorts::port_peek(uint16_t offset, unsigned width, VTime now) const {
  uint32_t v = 0;
  for (unsigned i = 0; i < width; ++i)
    v |= static_cast<uint32_t>(chip_.read_byte(static_cast<uint16_t>(offset + i), now)) << (8 * i);
  return v;
}
uint32_t Ac97::MasterPorts::port_read(uint16_t offset, unsigned width, VTime now) {
  uint32_t v = port_peek(offset, width, now);
  // What the host sees as played it may overwrite: it has been fetched by then.
  if (unsigned n = offset >> 4; n < kEngines) chip_.run(n, now);
  // Whoever reads the semaphore clear has it.
  if (offset <= kSemaphore && kSemaphore < offset + width) chip_.s_.semaphore = 1;
  return v;
}
void Ac97::MasterPorts::port_write(uint16_t offset, unsigned width, uint32_t value, VTime now) {
  chip_.write_register(offset, width, value, now);
}

void Ac97::write_register(uint16_t offset, unsigned width, uint32_t value, VTime now) {
  if (offset == kGlobalControl) {
    bool cold = (value & kNotColdReset) == 0 && (s_.global_control & kNotColdReset) != 0;
    s_.global_control = value & 0x3F & ~kWarmReset;
    if (!cold) return;
    codec_.reset();
    apply_volume();
    for (unsigned n = 0; n < kEngines; ++n) write_control(n, kResetEngine, now);
    return;
  }
  unsigned n = offset >> 4;
  if (n < kEngines) write_engine(n, offset & 15, width, value, now);
}

void Ac97::write_engine(unsigned n, unsigned reg, unsigned width, uint32_t value, VTime now) {
  BusMaster& e = s_.engines[n];
  settle(n, now);
  // A wide write that reaches several registers.
  if (reg == kCurrent && width == 4) {
    write_engine(n, kLast, 1, value >> 8 & 0xFF, now);
    return write_engine(n, kStatus, 2, value >> 16, now);
  }
  if (reg == kCurrent && width == 2) return write_engine(n, kLast, 1, value >> 8, now);
  if (reg == kNext && width == 2) return write_engine(n, kControl, 1, value >> 8, now);
  switch (reg) {
    case kBase:
      if ((e.control & kRun) == 0 || (e.status & kHalted) != 0) e.base = value & ~7u;
      break;
    case kLast:
      e.last = value & kIndexMask;
      // A halted engine goes on when there is something after all.
      if ((e.control & kRun) != 0 && (e.status & kAtLast) != 0 && e.current != e.last) {
        e.status &= static_cast<uint16_t>(~(kHalted | kAtLast));
        e.current = e.next;
        load_buffer(n, now);
      }
      break;
    case kStatus:
      e.status &= static_cast<uint16_t>(~(value & (kLastInterrupt | kBufferInterrupt | kFifoError)));
      update_interrupt();
      break;
    case kControl: write_control(n, static_cast<uint8_t>(value), now); break;
    default: break;
  }
  schedule(n);
}

void Ac97::write_control(unsigned n, uint8_t value, VTime now) {
  BusMaster& e = s_.engines[n];
  if ((value & kResetEngine) != 0) {
    // Only the interrupt enables stay.
    uint8_t kept = e.control & (kLastEnable | kFifoEnable | kBufferEnable);
    e = {};
    e.control = kept;
    timers_[n].cancel();
    if (n == kPcmOut) voice_.level(now, {});
    return update_interrupt();
  }
  bool ran = (e.control & kRun) != 0, runs = (value & kRun) != 0;
  e.control = value & (kRun | kLastEnable | kFifoEnable | kBufferEnable);
  if (runs && !ran) {
    e.status &= static_cast<uint16_t>(~(kHalted | kAtLast));
    if (e.running) {
      e.started = now;
      e.done = 0;
    } else {
      load_buffer(n, now);
    }
  }
  if (!runs && ran) {
    e.status |= kHalted;
    if (n == kPcmOut) voice_.level(now, {});
  }
  update_interrupt();
}

void Ac97::update_interrupt() {
  bool level = false;
  for (const BusMaster& e : s_.engines) {
    level = level || ((e.status & kLastInterrupt) != 0 && (e.control & kLastEnable) != 0) ||
            ((e.status & kBufferInterrupt) != 0 && (e.control & kBufferEnable) != 0) ||
            ((e.status & kFifoError) != 0 && (e.control & kFifoEnable) != 0);
  }
  set_interrupt(level);
}

// --- What plays

// The current buffer's descriptor: address, then samples and flags.
void Ac97::load_buffer(unsigned n, VTime now) {
  BusMaster& e = s_.engines[n];
  std::array<uint8_t, 8> d{};
  if (bus_master()) memory_.dma_read({e.base + uint64_t{e.current} * 8}, d, now);
  auto word = [&d](size_t i) { return static_cast<uint32_t>(d[i] | d[i + 1] << 8); };
  e.address = (word(0) | word(2) << 16) & ~1u;
  e.left = static_cast<uint16_t>(word(4) & 0xFFFE);
  // An empty buffer takes a moment, so that a ring of them does not take for ever.
  if (e.left == 0) e.left = 2;
  e.on_completion = (d[7] & 0x80) != 0;
  e.next = (e.current + 1) & kIndexMask;
  e.running = true;
  e.started = now;
  e.done = 0;
}

// Samples that are to be moved by `now`.
uint64_t Ac97::due(unsigned n, VTime now) const {
  const BusMaster& e = s_.engines[n];
  if ((e.status & kHalted) != 0 || !e.running || now <= e.started) return 0;
  uint64_t samples = mem::muldiv(now - e.started, rate(n), mem::kSecond) * channels(n);
  return samples > e.done ? samples - e.done : 0;
}

void Ac97::schedule(unsigned n) {
  const BusMaster& e = s_.engines[n];
  if ((e.status & kHalted) != 0 || !e.running) return timers_[n].cancel();
  auto time_of = [&](uint64_t samples) {
    return e.started + mem::muldiv_up((samples + channels(n) - 1) / channels(n), mem::kSecond, rate(n));
  };
  timers_[n].set(std::min(time_of(e.done + e.left), time_of(e.done) + SoundMixer::kChunkTime));
}

void Ac97::run(unsigned n, VTime now) {
  settle(n, now);
  schedule(n);
}

// Brings memory and registers to `now`.
void Ac97::settle(unsigned n, VTime now) {
  BusMaster& e = s_.engines[n];
  for (uint64_t want = due(n, now); want != 0; want = due(n, now)) {
    auto part = static_cast<uint32_t>(std::min<uint64_t>({want, e.left, kMostAtOnce}));
    move(n, part, now);
    e.address += part * 2;
    e.left = static_cast<uint16_t>(e.left - part);
    e.done += part;
    if (e.left == 0) buffer_end(n, e.started + mem::muldiv_up(e.done / channels(n), mem::kSecond, rate(n)));
  }
}

// At a new rate: what is due counts from here.
void Ac97::rebase(unsigned n, VTime now) {
  BusMaster& e = s_.engines[n];
  e.started = now;
  e.done = 0;
}

void Ac97::move(unsigned n, uint32_t samples, VTime now) {
  const BusMaster& e = s_.engines[n];
  std::vector<uint8_t> bytes(samples * 2);
  if (n != kPcmOut) {
    if (bus_master()) memory_.dma_write({e.address}, bytes, now);
    return;
  }
  if (bus_master()) memory_.dma_read({e.address}, bytes, now);
  std::vector<SoundFrame> frames(samples / 2);
  for (size_t i = 0; i < frames.size(); ++i) {
    auto sample = [&](size_t at) { return static_cast<int16_t>(bytes[at] | bytes[at + 1] << 8); };
    frames[i] = {sample(4 * i), sample(4 * i + 2)};
  }
  voice_.play(e.started + mem::muldiv(e.done / 2, mem::kSecond, rate(n)), rate(n), frames, now);
}

void Ac97::buffer_end(unsigned n, VTime at) {
  BusMaster& e = s_.engines[n];
  if (e.on_completion) e.status |= kBufferInterrupt;
  if (e.current == e.last) {
    e.status |= kLastInterrupt | kAtLast | kHalted;
    e.running = false;
    if (n == kPcmOut) voice_.level(at, {});
  } else {
    e.current = e.next;
    load_buffer(n, at);
  }
  update_interrupt();
}

// --- Reset and state

void Ac97::reset(ResetKind kind) {
  PciDevice::reset(kind);
  s_ = {};
  for (Timer& t : timers_) t.cancel();
  codec_.reset();
  apply_volume();
  update_interrupt();
}

void Ac97::visit_state(mem::StateVisitor& v) {
  v.begin("ac97", 1);
  PciDevice::visit_state(v);
  v("masters", s_);
  codec_.visit_state(v);
  v.end();
  if (!v.loading()) return;
  for (BusMaster& e : s_.engines) {
    e.current &= kIndexMask;
    e.last &= kIndexMask;
    e.next &= kIndexMask;
    if (e.running && e.left == 0) e.left = 2;
  }
  apply_volume();
}

}  // namespace ilse::dev
