#include "frontend/machine.h"

#include <algorithm>

#include "devices/core/scheduler.h"
#include "devices/display/vga.h"

namespace ilse::ui {

using mem::VTime;

mem::Result<std::unique_ptr<Machine>> Machine::create(dev::BoardConfig board, Options options) {
  if (board.cpus > 1 && !options.model.has(cpu::Feature::Apic)) {
    return mem::Error{std::to_string(board.cpus) + " processors: the model " + options.model.name +
                      " has no local APIC to start them by"};
  }
  auto pc = dev::Pc::create(std::move(board));
  if (!pc) return pc.error();
  std::unique_ptr<Machine> m(new Machine(std::move(options)));
  m->pc_ = std::move(*pc);
  m->blocks_ = std::make_unique<cpu::BlockCache>(m->pc_->ram());
  for (unsigned k = 0; k < m->pc_->processors(); ++k) {
    m->cpus_.push_back(std::make_unique<cpu::Cpu>(k, m->options_.model, m->pc_->memory(), m->pc_->io(),
                                                  *m->pc_, *m, m->blocks_.get()));
    m->cpus_.back()->random = m->options_.seed + k;
    m->pc_->attach(k, m->cpus_.back().get());
  }
  Machine* self = m.get();
  m->pc_->memory().on_change([self] {
    self->blocks_->reset();
    for (auto& c : self->cpus_) {
      c->flush_tlb();
      c->attention();
    }
  });
  if (dev::Vga* vga = m->pc_->vga()) {
    vga->dirty().on_take([self](std::span<const uint8_t> memory) {
      for (auto& c : self->cpus_) c->slow_writes_to(memory);
    });
  }
  m->pc_->scheduler().on_earlier([self] { self->cpu().attention(); });
  if (m->options_.hash_every != 0) m->next_hash_ = m->options_.hash_every;
  if (m->options_.translate) {
    if (auto ok = m->cpu().translate(m->options_.jit); !ok) {
      if (!m->options_.or_interpret) return mem::Error{"--engine jit: " + ok.error().message};
      m->options_.not_translating = ok.error().message;
    }
  }
  m->reset(dev::ResetKind::PowerOn);
  return m;
}

Machine::~Machine() {
  if (pc_) {
    for (unsigned k = 0; k < processors(); ++k) pc_->attach(k, nullptr);
    pc_->memory().on_change({});
    if (dev::Vga* vga = pc_->vga()) vga->dirty().on_take({});
    pc_->scheduler().on_earlier({});
  }
}

VTime Machine::time_at(uint64_t n) const {
  return {line_.ns + ((n - line_.instructions) * line_.scale >> 16)};
}

VTime Machine::now() const { return cpus_.empty() ? VTime{} : time_at(cpu().count()); }

// From the present instruction on, virtual time goes on from `ns`.
void Machine::rebase(uint64_t ns) {
  line_.instructions = cpu().retired;
  line_.ns = ns;
}

// A sample of the host's clock: the line's slope becomes what brings virtual time to the host's within
// kCatchUp at the speed of the last slice. After a sleep that speed is not known, and not needed.
void Machine::steer(uint64_t host_ns) {
  if (host_ns <= line_.host_target) return;
  line_.host_target = host_ns;
  const uint64_t elapsed = std::min<uint64_t>(host_ns - line_.sampled_ns, kCatchUp * 10);
  const uint64_t executed = cpu().retired - line_.sampled_at;
  const bool slept = line_.slept != 0;
  const uint64_t now = time_at(cpu().retired).ns;
  const bool enough = elapsed >= kMinElapsed || now - line_.ns >= kMinElapsed;
  if (!slept && (executed < kMinSample || !enough)) return;
  line_.sampled_ns = host_ns;
  line_.sampled_at = cpu().retired;
  line_.slept = 0;
  if (slept) return;
  rebase(now);
  const auto pace = static_cast<int64_t>((elapsed << 16) / executed);
  const auto reach = static_cast<int64_t>(kCatchUp);
  const int64_t lag = std::clamp(static_cast<int64_t>(host_ns - now), -reach / 2, reach);
  // A slope above the limit would leave a guest no time for work between its timer's ticks; an iteration of
  // REP may take the 200th part of an instruction's time.
  constexpr int64_t kUsual = int64_t{kNsPerInstruction} << 16;
  line_.scale = static_cast<uint64_t>(
      std::clamp(pace + pace / 1024 * lag / (reach / 1024), kUsual / 1024, kUsual * 16));
}

// How many instructions until virtual time has reached `t`.
uint64_t Machine::instructions_until(VTime t) const {
  uint64_t here = cpu().retired;
  VTime now = time_at(here);
  if (t == mem::kNever) return UINT64_MAX;
  if (t <= now) return 0;
  // The first count at which the line is at or above t.
  uint64_t n = mem::muldiv_up(t.ns - line_.ns, 1 << 16, line_.scale);
  return n - (here - line_.instructions);
}

VTime Machine::next_deadline() { return pc_->scheduler().next_deadline(); }

void Machine::drain_door() {
  VTime t = time_at(cpu().retired);
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
  const uint64_t count = instructions();
  if (on_reset_) on_reset_(kind);
  pc_->reset(kind);
  for (auto& c : cpus_) c->reset(true);
  blocks_->reset();
  turn_ = {};
  cpu().retired = count;
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
    if (on_triple_fault_) on_triple_fault_(cpu());
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

// Gives the turn to the next processor that has something to do. False: there is none.
bool Machine::next_turn() {
  unsigned running = 0, next = 0;
  for (unsigned k = 1; k <= processors(); ++k) {
    const unsigned n = (turn_.processor + k) % processors();
    if (!cpus_[n]->runnable() || (allowed_ >> n & 1) == 0) continue;
    if (running++ == 0) next = n;
  }
  if (running == 0) return false;
  const uint64_t count = instructions();
  turn_ = {next, processors() == 1 ? UINT64_MAX : options_.turn, running > 1};
  cpu().retired = count;
  begin_turn();
  // Under the host's clock the slope is steered, by what the instructions of all of them take.
  const uint64_t scale = (kNsPerInstruction << 16) / running;
  if (options_.clock == ClockMode::Instructions && line_.scale != scale) {
    rebase(time_at(count).ns);
    line_.scale = scale;
  }
  return true;
}

void Machine::begin_turn() {
  pc_->select_processor(turn_.processor);
  cpu().share(turn_.shared);
}

// Every processor is halted or waits for a start-up message: only a timer or the outside can change that.
MachineExit Machine::sleep() {
  const VTime now = time_at(instructions()), next = pc_->scheduler().next_deadline();
  if (options_.clock == ClockMode::Host) {
    const uint64_t target = std::max(line_.host_target, now.ns);
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
  return MachineExit::None;
}

MachineExit Machine::run(uint64_t instructions) {
  dev::Scheduler& timers = pc_->scheduler();
  const uint64_t end = cpu().retired + std::min(instructions, UINT64_MAX - cpu().retired);
  idle_ = false;
  unsigned sleeps = 0;
  for (;;) {
    const uint64_t count = cpu().retired;
    drain_door();
    timers.advance(std::max(timers.now(), time_at(count)));
    MachineExit what = handle_requests();
    if (what != MachineExit::None) return what;
    if (count >= next_hash_) {
      if (on_hash_) on_hash_(count, hash());
      next_hash_ += options_.hash_every;
    }
    if (count >= end || held_.load(std::memory_order_relaxed)) return MachineExit::None;

    const bool allowed = (allowed_ >> turn_.processor & 1) != 0;
    if ((turn_.left == 0 || !allowed) && !next_turn()) {
      what = sleep();
      // Nothing may ever wake it, and the caller has other things to do.
      if (idle_ || ++sleeps == kMaxSleeps) return what;
      continue;
    }
    const uint64_t until = instructions_until(timers.next_deadline());
    if (until == 0) continue;
    const cpu::RunExit exit = cpu().run(std::min({end - count, next_hash_ - count, turn_.left, until}));
    turn_.left -= cpu().retired - count;
    if (cpu().take_yield() || (exit != cpu::RunExit::Slice && exit != cpu::RunExit::Stopped)) turn_.left = 0;
    if (exit == cpu::RunExit::Stopped) return MachineExit::Stopped;
  }
}

uint64_t Machine::hash() {
  mem::HashVisitor v;
  visit_state(v);
  return v.digest();
}

void Machine::visit_state(mem::StateVisitor& v) {
  v.begin("machine", 3);
  v("time", line_);
  v("turn", turn_);
  if (turn_.processor >= processors()) turn_ = {};
  for (auto& c : cpus_) c->visit_state(v);
  pc_->visit_state(v);
  v.end();
  if (!v.loading()) return;
  if (const uint64_t every = options_.hash_every; every != 0)
    next_hash_ = (instructions() / every + 1) * every;
  begin_turn();
}

}  // namespace ilse::ui
