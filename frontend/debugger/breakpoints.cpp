#include "frontend/debugger/breakpoints.h"

#include <algorithm>

#include "frontend/debugger/disassembler.h"

namespace ilse::ui {

namespace {
bool is_watch(Breakpoint::Kind k) { return k >= Breakpoint::Kind::Read; }
}  // namespace

unsigned Breakpoints::add(Breakpoint b) {
  b.id = next_id_++;
  if (b.length == 0) b.length = 1;
  list_.push_back(b);
  return b.id;
}

bool Breakpoints::remove(unsigned id) {
  return std::erase_if(list_, [id](const Breakpoint& b) { return b.id == id; }) != 0;
}

bool Breakpoints::remove(Breakpoint::Kind kind, uint64_t address, uint64_t length, int tag) {
  return std::erase_if(list_, [=](const Breakpoint& b) {
           return b.kind == kind && b.address == address && b.length == std::max<uint64_t>(length, 1) &&
                  b.tag == tag;
         }) != 0;
}

Breakpoint* Breakpoints::find(unsigned id) {
  for (Breakpoint& b : list_) {
    if (b.id == id) return &b;
  }
  return nullptr;
}

void Breakpoints::resume() {
  stop_ = {};
  watch_hit_ = false;
  done_ = 0;
  const cpu::Cpu& last = machine_.cpu();
  resumed_ = {last.id(), code_linear(last, last.rip())};
  const bool all = other_ != nullptr ||
                   std::any_of(list_.begin(), list_.end(), [](const Breakpoint& b) { return b.enabled; });
  for (unsigned k = 0; k < machine_.processors(); ++k) {
    cpu::Cpu& cpu = machine_.cpu(k);
    const bool needed = all || (steps_ != 0 && stepping_ == k);
    if (needed && cpu.observer() != this) cpu.observe(this);
    if (!needed && cpu.observer() == this) cpu.observe(nullptr);
  }
}

void Breakpoints::release() {
  for (unsigned k = 0; k < machine_.processors(); ++k) {
    if (machine_.cpu(k).observer() == this) machine_.cpu(k).observe(nullptr);
  }
}

bool Breakpoints::hit(cpu::Cpu& cpu, uint64_t linear) {
  std::optional<uint64_t> phys;
  for (Breakpoint& b : list_) {
    if (!b.enabled || is_watch(b.kind) || b.processor.value_or(cpu.id()) != cpu.id()) continue;
    bool here = false;
    switch (b.kind) {
      case Breakpoint::Kind::Virtual:
        here = b.address == cpu.rip() && b.selector == cpu.seg[cpu::kCs].selector;
        break;
      case Breakpoint::Kind::Physical:
        if (!phys) phys = cpu.translate_peek(linear);
        here = phys && *phys == b.address;
        break;
      default: here = b.address == linear; break;
    }
    if (!here) continue;
    ++b.hits;
    stop_ = {Stop::Reason::Breakpoint, b, linear};
    return true;
  }
  return false;
}

bool Breakpoints::before(cpu::Cpu& cpu, const cpu::Insn& insn) {
  uint64_t linear = code_linear(cpu, cpu.rip());
  bool stop = watch_hit_;
  bool first = resumed_ && resumed_->processor == cpu.id() && resumed_->linear == linear;
  if (!stop && !first) stop = hit(cpu, linear);
  if (!stop && steps_ != 0 && cpu.id() == stepping_ && done_ >= steps_) {
    stop_ = {Stop::Reason::Step, {}, linear};
    stop = true;
  }
  if (stop) {
    steps_ = 0;
    watch_hit_ = false;
    if (stop_.what.temporary) remove(stop_.what.id);
    return false;
  }
  if (cpu.id() == stepping_) ++done_;
  if (resumed_ && resumed_->processor == cpu.id()) resumed_.reset();
  if (other_ != nullptr) other_->before(cpu, insn);
  return true;
}

void Breakpoints::after(cpu::Cpu& cpu) {
  if (other_ != nullptr) other_->after(cpu);
  if (!watch_hit_) return;
  steps_ = 0;
  watch_hit_ = false;
  cpu.stop();
}

void Breakpoints::memory(uint64_t linear, mem::PhysAddr phys, unsigned width, cpu::Access a, uint64_t value) {
  if (other_ != nullptr) other_->memory(linear, phys, width, a, value);
  for (Breakpoint& b : list_) {
    if (!b.enabled || !is_watch(b.kind) || watch_hit_) continue;
    if (b.kind == Breakpoint::Kind::Read && a != cpu::Access::Read) continue;
    if (b.kind == Breakpoint::Kind::Write && a != cpu::Access::Write) continue;
    if (linear - b.address >= b.length && b.address - linear >= width) continue;
    ++b.hits;
    watch_hit_ = true;
    stop_ = {Stop::Reason::Watchpoint, b, linear};
  }
}

void Breakpoints::interrupt(cpu::Cpu& cpu, uint8_t vector, cpu::Cause cause, std::optional<uint32_t> error) {
  if (other_ != nullptr) other_->interrupt(cpu, vector, cause, error);
}

void Breakpoints::triple_fault(cpu::Cpu& cpu) {
  if (other_ != nullptr) other_->triple_fault(cpu);
}

}  // namespace ilse::ui
