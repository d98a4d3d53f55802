#include "frontend/machine.h"

#include <algorithm>

#include "devices/core/scheduler.h"

namespace ilse::ui {

using mem::VTime;

mem::Result<std::unique_ptr<Machine>> Machine::create(dev::BoardConfig board, Options options) {
  auto pc = dev::Pc::create(std::move(board));
  if (!pc) return pc.error();
  std::unique_ptr<Machine> m(new Machine(std::move(options)));
  m->pc_ = std::move(*pc);
  m->cpu_ = std::make_unique<cpu::Cpu>(0, m->options_.model, m->pc_->memory(), m->pc_->io(), *m->pc_, *m);
  m->cpu_->random = m->options_.seed;
  m->pc_->attach(0, m->cpu_.get());
  m->pc_->select_processor(0);
  Machine* self = m.get();
  m->pc_->memory().on_change([self] {
    self->cpu_->blocks().reset();
    self->cpu_->flush_tlb();
    self->cpu_->attention();
  });
  m->pc_->scheduler().on_earlier([self] { self->cpu_->attention(); });
  if (m->options_.hash_every != 0) m->next_hash_ = m->options_.hash_every;
  m->reset(dev::ResetKind::PowerOn);
  return m;
}

Machine::~Machine() {
  if (pc_) {
    pc_->attach(0, nullptr);
    pc_->memory().on_change({});
    pc_->scheduler().on_earlier({});
  }
}

VTime Machine::time_at(uint64_t n) const {
  return {line_.ns + ((n - line_.instructions) * line_.scale >> 16)};
}

VTime Machine::now() const { return cpu_ ? time_at(cpu_->count()) : VTime{}; }

// From the present instruction on, virtual time goes on from `ns`.
void Machine::rebase(uint64_t ns) {
  line_.instructions = cpu_->retired;
  line_.ns = ns;
}

// A sample of the host's clock: the line's slope becomes what brings virtual time to the host's within
// kCatchUp at the speed of the last slice. After a sleep that speed is not known, and not needed.
void Machine::steer(uint64_t host_ns) {
  if (host_ns <= line_.host_target) return;
  const uint64_t elapsed = std::min<uint64_t>(host_ns - line_.host_target, kCatchUp * 10);
  const uint64_t executed = cpu_->retired - line_.sampled_at;
  const bool slept = line_.slept != 0;
  line_.host_target = host_ns;
  line_.sampled_at = cpu_->retired;
  line_.slept = 0;
  if (slept || executed < kMinSample) return;
  const uint64_t now = time_at(cpu_->retired).ns;
  rebase(now);
  const auto pace = static_cast<int64_t>((elapsed << 16) / executed);
  const auto reach = static_cast<int64_t>(kCatchUp);
  const int64_t lag = std::clamp(static_cast<int64_t>(host_ns - now), -reach / 2, reach);
  // A slope beyond these limits would leave a guest no time for work between its timer's ticks.
  constexpr int64_t kUsual = int64_t{kNsPerInstruction} << 16;
  line_.scale =
      static_cast<uint64_t>(std::clamp(pace + pace / 1024 * lag / (reach / 1024), kUsual / 16, kUsual * 16));
}

// How many instructions until virtual time has reached `t`.
uint64_t Machine::instructions_until(VTime t) const {
  uint64_t here = cpu_->retired;
  VTime now = time_at(here);
  if (t == mem::kNever) return UINT64_MAX;
  if (t <= now) return 0;
  // The first count at which the line is at or above t.
  uint64_t n = mem::muldiv_up(t.ns - line_.ns, 1 << 16, line_.scale);
  return n - (here - line_.instructions);
}

VTime Machine::next_deadline() { return pc_->scheduler().next_deadline(); }

void Machine::drain_door() {
  VTime t = time_at(cpu_->retired);
  pc_->door().drain(t, [this](const dev::OutsideEvent& e, VTime at) {
    if (e.kind == dev::OutsideEvent::Kind::ClockSample) {
      steer(e.value);
    } else {
      pc_->deliver(e, at);
    }
  });
}

void Machine::clock_sample(uint64_t host_ns) {
  pc_->door().post({dev::OutsideEvent::Kind::ClockSample, 0, host_ns});
}

void Machine::reset(dev::ResetKind kind) {
  uint64_t retired = cpu_->retired;
  if (on_reset_) on_reset_(kind);
  pc_->reset(kind);
  cpu_->reset(true);
  cpu_->retired = retired;
  cpu_->blocks().reset();
  pc_->clear_requests();
}

MachineExit Machine::handle_requests() {
  const dev::BoardRequests r = pc_->requests();
  if (!r.any()) return MachineExit::None;
  pc_->clear_requests();
  if (r.exit) {
    status_ = *r.exit;
    return MachineExit::DebugExit;
  }
  if (r.power_off) return MachineExit::PowerOff;
  if (r.shutdown) {
    if (on_triple_fault_) on_triple_fault_();
    if (options_.no_reboot) return MachineExit::TripleFault;
    reset(dev::ResetKind::Hard);
    return MachineExit::None;
  }
  if (r.reset) {
    if (options_.no_reboot) return MachineExit::Reboot;
    reset(dev::ResetKind::Hard);
    return MachineExit::None;
  }
  return MachineExit::Panic;
}

MachineExit Machine::run(uint64_t instructions) {
  dev::Scheduler& timers = pc_->scheduler();
  const uint64_t end = cpu_->retired + std::min(instructions, UINT64_MAX - cpu_->retired);
  idle_ = false;
  unsigned sleeps = 0;
  for (;;) {
    drain_door();
    timers.advance(std::max(timers.now(), time_at(cpu_->retired)));
    MachineExit what = handle_requests();
    if (what != MachineExit::None) return what;
    if (cpu_->retired >= next_hash_) {
      if (on_hash_) on_hash_(cpu_->retired, hash());
      next_hash_ += options_.hash_every;
    }
    if (cpu_->retired >= end) return MachineExit::None;

    uint64_t n = std::min(end - cpu_->retired, next_hash_ - cpu_->retired);
    uint64_t until = instructions_until(timers.next_deadline());
    if (until == 0) continue;
    cpu::RunExit exit = cpu_->run(std::min(n, until));
    if (exit == cpu::RunExit::Stopped) return MachineExit::Stopped;
    if (exit == cpu::RunExit::Slice) continue;

    // Halted, waiting for a start-up message, or shut down: only a timer or the outside can change that.
    what = handle_requests();
    if (what != MachineExit::None) return what;
    VTime now = time_at(cpu_->retired), next = timers.next_deadline();
    // A reset has set it going again, or something waits that wakes it.
    if (cpu_->pending.activity == cpu::Activity::Running || cpu_->can_wake()) continue;
    if (options_.clock == ClockMode::Host) {
      uint64_t target = std::max(line_.host_target, now.ns);
      if (next.ns > target) {
        rebase(target);
        line_.slept = 1;
        idle_ = true;
        return MachineExit::None;
      }
    } else if (next == mem::kNever) {
      idle_ = true;
      return MachineExit::Asleep;
    }
    rebase(std::max(next, now).ns);
    line_.slept = 1;
    // Nothing may ever wake it, and the caller has other things to do.
    if (++sleeps == kMaxSleeps) return MachineExit::None;
  }
}

uint64_t Machine::hash() {
  mem::HashVisitor v;
  visit_state(v);
  return v.digest();
}

void Machine::visit_state(mem::StateVisitor& v) {
  v.begin("machine", 1);
  v("time", line_);
  cpu_->visit_state(v);
  pc_->visit_state(v);
  v("next_hash", next_hash_);
  v.end();
}

}  // namespace ilse::ui
