#include "devices/disk/i82077.h"

#include <algorithm>
#include <string>

#include "devices/disk/i82077_codes.h"

namespace ilse::dev {

using namespace fdc;

namespace {
constexpr uint16_t kDor = 2, kTdr = 3, kMsr = 4, kFifo = 5, kDir = 7;
}  // namespace

I82077::I82077(Scheduler& scheduler, IrqLine irq, DmaChannel dma)
    : irq_(irq),
      dma_(dma),
      timer_(scheduler, "floppy", [this](VTime t) { timer_done(t); }),
      seek_timers_{Timer(scheduler, "floppy.seek.0", [this](VTime) { seek_done(0); }),
                   Timer(scheduler, "floppy.seek.1", [this](VTime) { seek_done(1); }),
                   Timer(scheduler, "floppy.seek.2", [this](VTime) { seek_done(2); }),
                   Timer(scheduler, "floppy.seek.3", [this](VTime) { seek_done(3); })} {
  reset(ResetKind::PowerOn);
}

// --- Registers

// Until the end of a reset is reported.
bool I82077::in_reset() const {
  return (s_.dor & kNotReset) == 0 || (s_.phase == Phase::Idle && timer_.active());
}

uint8_t I82077::main_status() const {
  if (in_reset()) return 0;
  uint8_t v = s_.seeking;
  switch (s_.phase) {
    case Phase::Idle: return v | kRqm;
    case Phase::Command: return v | kRqm | kBusy;
    case Phase::Result: return v | kRqm | kDio | kBusy;
    case Phase::Execution: break;
  }
  v |= kBusy;
  if (no_dma()) v |= kNonDma;
  if (s_.step == Step::Host) v |= static_cast<uint8_t>(kRqm | (reads_disk() ? kDio : 0));
  return v;
}

// Only the changed line of the drive that is selected, with its motor, is on this board's bus.
uint8_t I82077::digital_input() const {
  unsigned n = s_.dor & 3;
  return n < kDrives && motor(n) && drives_[n].changed() ? 0x80 : 0x00;
}

uint32_t I82077::port_peek(uint16_t offset, unsigned, VTime) const {
  switch (offset) {
    case kDor: return s_.dor;
    case kTdr: return 0xFC | s_.tdr;
    case kMsr: return main_status();
    case kFifo:
      if (s_.phase == Phase::Result) return s_.fifo[s_.position];
      return s_.step == Step::Host && reads_disk() ? s_.sector[s_.at] : 0;
    case kDir: return digital_input();
    default: return 0xFF;  // status registers A and B are not on the AT's bus
  }
}

uint32_t I82077::port_read(uint16_t offset, unsigned width, VTime now) {
  if (offset == kFifo) return read_fifo(now);
  return port_peek(offset, width, now);
}

void I82077::port_write(uint16_t offset, unsigned, uint32_t value, VTime now) {
  auto v = static_cast<uint8_t>(value);
  switch (offset) {
    case kDor: return write_dor(v, now);
    case kTdr: s_.tdr = v & 3; return;
    case kMsr: return write_dsr(v, now);
    case kFifo: return write_fifo(v, now);
    case kDir: s_.rate = v & 3; return;
    default: return;
  }
}

void I82077::write_dor(uint8_t value, VTime now) {
  bool was_reset = (s_.dor & kNotReset) == 0, now_reset = (value & kNotReset) == 0;
  for (unsigned n = 0; n < kDrives; ++n) {
    if ((s_.dor & ~value & 0x10 << n) != 0) drives_[n].flush();
  }
  s_.dor = value;
  if (now_reset && !was_reset) enter_reset();
  if (!now_reset && was_reset) leave_reset(now);
  drive_lines();
}

void I82077::write_dsr(uint8_t value, VTime now) {
  s_.rate = value & 3;
  if ((value & 0x80) == 0 || (s_.dor & kNotReset) == 0) return;
  enter_reset();
  leave_reset(now);
}

void I82077::enter_reset() {
  timer_.cancel();
  for (Timer& t : seek_timers_) t.cancel();
  s_.phase = Phase::Idle;
  s_.step = Step::None;
  s_.seeking = s_.reported = 0;
  s_.cylinder = {};
  s_.perpendicular = 0;
  if (s_.locked) {
    s_.configure[0] &= 0x2F;
  } else {
    s_.configure = {0x20, 0};  // no implied seek, no FIFO, polling
  }
  set_interrupt(false);
}

// The end of a reset is polled as a change of all four drives' ready signals.
void I82077::leave_reset(VTime now) { timer_.set(now + kResetTime); }

void I82077::set_interrupt(bool level) {
  s_.interrupt = level;
  drive_lines();
}

void I82077::drive_lines() {
  bool gate = (s_.dor & kDmaGate) != 0;
  irq_.set(gate && s_.interrupt);
  dma_.set_dreq(gate && s_.phase == Phase::Execution && s_.step == Step::Sector && !no_dma());
}

// --- The data register

uint8_t I82077::read_fifo(VTime now) {
  if (s_.phase == Phase::Execution && s_.step == Step::Host && reads_disk()) {
    uint8_t v = s_.sector[s_.at++];
    if (s_.at == kSectorSize) host_sector(now);
    return v;
  }
  if (s_.phase != Phase::Result) return 0;
  uint8_t v = s_.fifo[s_.position++];
  // The interrupt of a result goes away with its first byte.
  set_interrupt(false);
  if (s_.position >= s_.length) {
    s_.phase = Phase::Idle;
    s_.position = 0;
    // A seek that ended meanwhile asks again; the four reports of a reset come with one interrupt.
    for (unsigned n = 0; n < s_.seek_status.size(); ++n) {
      if ((s_.reported >> n & 1) != 0 && (s_.seek_status[n] & kReadyChanged) != kReadyChanged)
        set_interrupt(true);
    }
  }
  return v;
}

void I82077::write_fifo(uint8_t value, VTime now) {
  if (in_reset()) return;
  switch (s_.phase) {
    case Phase::Idle:
      s_.fifo = {};
      s_.fifo[0] = value;
      s_.position = 1;
      s_.length = static_cast<uint8_t>(command_length(value));
      s_.phase = Phase::Command;
      break;
    case Phase::Command: s_.fifo[s_.position++] = value; break;
    case Phase::Execution:
      if (s_.step != Step::Host || reads_disk()) return;
      s_.sector[s_.at++] = value;
      if (s_.at == kSectorSize) host_sector(now);
      return;
    case Phase::Result: return;
  }
  if (s_.position >= s_.length) start(now);
}

// --- Reset and state

void I82077::reset(ResetKind kind) {
  s_ = {};
  enter_reset();
  s_.dor = 0;
  drive_lines();
  if (kind != ResetKind::PowerOn) return;
  for (FloppyDrive& d : drives_) d.power_on();
}

void I82077::visit_state(mem::StateVisitor& v) {
  v.begin("floppy", 1);
  v("controller", s_);
  for (FloppyDrive& d : drives_) d.visit_state(v);
  v.end();
  if (!v.loading()) return;
  // A damaged file must not run past an array, or into a diskette that is not there.
  auto last = static_cast<uint8_t>(s_.fifo.size());
  s_.length = std::min(s_.length, last);
  if (s_.position >= s_.length) s_.phase = s_.phase == Phase::Execution ? Phase::Execution : Phase::Idle;
  s_.position = std::min<uint8_t>(s_.position, static_cast<uint8_t>(last - 1));
  s_.rate &= 3;
  if (s_.at >= kSectorSize) s_.at = 0;
  if (s_.step > Step::Host) s_.step = Step::None;
  if (s_.phase > Phase::Result) s_.phase = Phase::Idle;
  drive_lines();
}

}  // namespace ilse::dev
