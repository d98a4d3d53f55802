#include "devices/disk/ide_drive.h"

#include <algorithm>
#include <utility>

namespace ilse::dev {

namespace {
constexpr uint64_t kResetTime = 500'000;  // ns of BSY after a reset
constexpr uint64_t kDiagnosticTime = 200'000;
constexpr uint64_t kDmaStartTime = 1'000;  // from the adapter's start to the transfer
constexpr uint8_t kExecuteDiagnostic = 0x90;
}  // namespace

IdeDrive::IdeDrive(Scheduler& scheduler, std::string name, uint8_t ready, uint8_t after_reset)
    : name_(std::move(name)),
      ready_(ready),
      after_reset_(after_reset),
      timer_(scheduler, name_, [this](VTime now) { timer_done(now); }) {}

void IdeDrive::connect(IdeCable& cable, bool device1) {
  cable_ = &cable;
  device1_ = device1;
}

uint8_t IdeDrive::read(AtaReg reg, bool previous) const {
  size_t i = previous ? 1 : 0;
  switch (reg) {
    case AtaReg::Features: return s_.error;
    case AtaReg::Count: return s_.count[i];
    case AtaReg::LbaLow: return s_.lba_low[i];
    case AtaReg::LbaMid: return s_.lba_mid[i];
    case AtaReg::LbaHigh: return s_.lba_high[i];
    case AtaReg::Device: return s_.device;
    case AtaReg::Data:
    case AtaReg::Command: break;
  }
  return 0;
}

void IdeDrive::write(AtaReg reg, uint8_t value) {
  auto push = [value](std::array<uint8_t, 2>& r) {
    r[1] = r[0];
    r[0] = value;
  };
  switch (reg) {
    case AtaReg::Features: return push(s_.features);
    case AtaReg::Count: return push(s_.count);
    case AtaReg::LbaLow: return push(s_.lba_low);
    case AtaReg::LbaMid: return push(s_.lba_mid);
    case AtaReg::LbaHigh: return push(s_.lba_high);
    case AtaReg::Device: s_.device = value; return;
    case AtaReg::Data:
    case AtaReg::Command: return;
  }
}

uint8_t IdeDrive::status() const {
  switch (s_.phase) {
    case Phase::Idle: return s_.status;
    case Phase::Busy:
    case Phase::Reset: return s_.status | kAtaBsy;
    case Phase::DataIn:
    case Phase::DataOut:
    case Phase::DmaIn:
    case Phase::DmaOut: return s_.status | kAtaDrq;
  }
  return s_.status;
}

void IdeDrive::write_command(uint8_t command, VTime now) {
  // ATA leaves a command to a drive at work undefined; it is ignored, except the one that ends the work.
  if (s_.phase != Phase::Idle && !(s_.phase != Phase::Reset && accepts_while_busy(command))) return;
  set_intrq(false);
  s_.error = 0;
  s_.status = ready_;
  s_.command = command;
  start_command(command, now);
}

uint32_t IdeDrive::read_data(unsigned width, VTime now) {
  if (s_.phase != Phase::DataIn) return 0;
  uint32_t value = peek_data(width);
  s_.position += width;
  if (s_.position >= s_.buffer.size()) block_done(now);
  return value;
}

uint32_t IdeDrive::peek_data(unsigned width) const {
  if (s_.phase != Phase::DataIn) return 0;
  uint32_t value = 0;
  for (unsigned i = 0; i < width && s_.position + i < s_.buffer.size(); ++i)
    value |= static_cast<uint32_t>(s_.buffer[s_.position + i]) << (8 * i);
  return value;
}

void IdeDrive::write_data(unsigned width, uint32_t value, VTime now) {
  if (s_.phase != Phase::DataOut) return;
  for (unsigned i = 0; i < width && s_.position < s_.buffer.size(); ++i)
    s_.buffer[s_.position++] = static_cast<uint8_t>(value >> (8 * i));
  if (s_.position >= s_.buffer.size()) block_done(now);
}

void IdeDrive::enter_reset() {
  timer_.cancel();
  s_.phase = Phase::Reset;
  s_.status = 0;
  s_.command = 0;
  s_.buffer.clear();
  s_.position = 0;
  set_intrq(false);
}

void IdeDrive::end_reset() {
  s_.phase = Phase::Idle;
  s_.status = after_reset_;
  s_.error = 1;  // diagnostic code: passed
  set_signature();
}

void IdeDrive::hardware_reset(VTime now) {
  enter_reset();
  device_reset(true);
  s_.device = 0;
  timer_.set(now + kResetTime);
}

void IdeDrive::software_reset(bool asserted, VTime now) {
  if (asserted) {
    enter_reset();
    device_reset(false);
    s_.device = 0;
  } else {
    timer_.set(now + kResetTime);
  }
}

void IdeDrive::diagnose(VTime now) {
  if (s_.phase == Phase::Reset) return;
  enter_reset();
  device_reset(false);
  s_.device = 0;
  s_.command = kExecuteDiagnostic;
  timer_.set(now + kDiagnosticTime);
}

void IdeDrive::reset_now() {
  enter_reset();
  device_reset(false);
  end_reset();
}

void IdeDrive::timer_done(VTime now) {
  if (s_.phase == Phase::Busy) return busy_done(now);
  if (dmarq()) {
    if (cable_ != nullptr) cable_->dma_requested(now);
    return;
  }
  if (s_.phase != Phase::Reset) return;
  bool diagnostic = s_.command == kExecuteDiagnostic;
  end_reset();
  // Device 0 reports for both.
  if (diagnostic && !device1_) set_intrq(true);
}

void IdeDrive::run_dma(DmaMover& mover, VTime now) {
  while (dmarq()) {
    std::span<uint8_t> rest = std::span(s_.buffer).subspan(s_.position);
    size_t n = s_.phase == Phase::DmaIn ? mover.to_memory(rest, now) : mover.from_memory(rest, now);
    s_.position += static_cast<uint32_t>(n);
    if (n < rest.size()) return;
    block_done(now);
  }
}

void IdeDrive::dma_started(VTime now) {
  if (dmarq()) timer_.set(now + kDmaStartTime);
}

void IdeDrive::set_intrq(bool level) {
  if (s_.intrq == level) return;
  s_.intrq = level;
  if (cable_ != nullptr) cable_->intrq_changed();
}

void IdeDrive::busy_for(uint64_t ns, VTime now) {
  s_.phase = Phase::Busy;
  timer_.set(now + ns);
}

void IdeDrive::data_in(bool interrupt) {
  s_.phase = Phase::DataIn;
  s_.position = 0;
  if (interrupt) set_intrq(true);
}

void IdeDrive::data_out(bool interrupt) {
  s_.phase = Phase::DataOut;
  s_.position = 0;
  if (interrupt) set_intrq(true);
}

void IdeDrive::dma_in(VTime now) {
  bool first = s_.phase != Phase::DmaIn;
  s_.phase = Phase::DmaIn;
  s_.position = 0;
  if (first && cable_ != nullptr) cable_->dma_requested(now);
}

void IdeDrive::dma_out(VTime now) {
  bool first = s_.phase != Phase::DmaOut;
  s_.phase = Phase::DmaOut;
  s_.position = 0;
  if (first && cable_ != nullptr) cable_->dma_requested(now);
}

void IdeDrive::complete(bool interrupt) {
  timer_.cancel();
  s_.phase = Phase::Idle;
  s_.status = ready_;
  s_.error = 0;
  s_.buffer.clear();
  s_.position = 0;
  if (interrupt) set_intrq(true);
}

void IdeDrive::fail(uint8_t error, bool interrupt) {
  complete(false);
  s_.status |= kAtaErr;
  s_.error = error;
  if (interrupt) set_intrq(true);
}

void IdeDrive::visit_state(mem::StateVisitor& v) {
  v(name_, s_);
  if (!v.loading()) return;
  // A damaged file must not lead outside of the buffer.
  s_.position = std::min<uint32_t>(s_.position, static_cast<uint32_t>(s_.buffer.size()));
  bool moves_data = s_.phase != Phase::Idle && s_.phase != Phase::Busy && s_.phase != Phase::Reset;
  if (s_.phase > Phase::Reset || (moves_data && s_.position == s_.buffer.size())) s_.phase = Phase::Idle;
}

}  // namespace ilse::dev
