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
  done_ = 0;
  const cpu::Cpu& last = machine_.cpu();
  resumed_ = {last.id(), code_linear(last, last.rip())};
  const bool any = std::any_of(list_.begin(), list_.end(), [](const Breakpoint& b) { return b.enabled; });
  for (unsigned k = 0; k < machine_.processors(); ++k) {
    cpu::Cpu& cpu = machine_.cpu(k);
    if (any || everywhere(cpu)) {
      cpu.observe(this);
    } else if (cpu.observer() == this) {
      cpu.observe(nullptr);
    }
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

bool Breakpoints::wants_code(const cpu::Cpu& cpu, uint64_t linear, uint64_t phys) const {
  if (everywhere(cpu)) return true;
  return std::any_of(list_.begin(), list_.end(), [&](const Breakpoint& b) {
    if (!b.enabled || is_watch(b.kind)) return false;
    uint64_t page = b.kind == Breakpoint::Kind::Physical ? phys : linear;
    // Whatever CS holds: what runs with this base may be found again with another selector of the same base.
    uint64_t address = b.kind == Breakpoint::Kind::Virtual ? code_linear(cpu, b.address) : b.address;
    return (address & cpu::kPageMask) == page;
  });
}

bool Breakpoints::wants_data(const cpu::Cpu& cpu, uint64_t linear) const {
  if (everywhere(cpu)) return true;
  return std::any_of(list_.begin(), list_.end(), [linear](const Breakpoint& b) {
    return b.enabled && is_watch(b.kind) && linear >= (b.address & cpu::kPageMask) &&
           linear <= ((b.address + b.length - 1) & cpu::kPageMask);
  });
}

bool Breakpoints::before(cpu::Cpu& cpu, const cpu::Insn& insn) {
  uint64_t linear = code_linear(cpu, cpu.rip());
  bool first = resumed_ && resumed_->processor == cpu.id() && resumed_->linear == linear;
  bool stop = !first && hit(cpu, linear);
  if (!stop && steps_ != 0 && cpu.id() == stepping_ && done_ >= steps_) {
    stop_ = {Stop::Reason::Step, {}, linear};
    stop = true;
  }
  if (stop) {
    steps_ = 0;
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
}

void Breakpoints::memory(uint64_t linear, mem::PhysAddr phys, unsigned width, cpu::Access a, uint64_t value) {
  if (other_ != nullptr) other_->memory(linear, phys, width, a, value);
  for (Breakpoint& b : list_) {
    if (!b.enabled || !is_watch(b.kind) || stop_.reason != Stop::Reason::None) continue;
    if (b.kind == Breakpoint::Kind::Read && a != cpu::Access::Read) continue;
    if (b.kind == Breakpoint::Kind::Write && a != cpu::Access::Write) continue;
    if (linear - b.address >= b.length && b.address - linear >= width) continue;
    ++b.hits;
    stop_ = {Stop::Reason::Watchpoint, b, linear};
    steps_ = 0;
    machine_.cpu().stop();
  }
}

void Breakpoints::interrupt(cpu::Cpu& cpu, uint8_t vector, cpu::Cause cause, std::optional<uint32_t> error) {
  if (resumed_ && resumed_->processor == cpu.id()) resumed_.reset();
  if (other_ != nullptr) other_->interrupt(cpu, vector, cause, error);
}

void Breakpoints::triple_fault(cpu::Cpu& cpu) {
  if (other_ != nullptr) other_->triple_fault(cpu);
}

}  // namespace ilse::ui
