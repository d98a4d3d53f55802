#include "frontend/debugger/guest_memory.h"

#include <algorithm>

namespace ilse::ui {

namespace {

// Calls f(physical address, offset, bytes) for the pieces, page by page, until one is not mapped.
template <class F>
size_t by_page(const cpu::Cpu& cpu, uint64_t linear, size_t n, F f) {
  size_t done = 0;
  while (done < n) {
    uint64_t at = linear + done;
    if (!cpu.long_mode()) at &= 0xFFFFFFFF;
    auto phys = cpu.translate_peek(at);
    if (!phys) break;
    size_t piece = std::min<size_t>(n - done, mem::kPageSize - (at & (mem::kPageSize - 1)));
    f(*phys, done, piece);
    done += piece;
  }
  return done;
}

}  // namespace

size_t peek_linear(cpu::Cpu& cpu, uint64_t linear, std::span<uint8_t> to) {
  return by_page(cpu, linear, to.size(), [&](uint64_t phys, size_t at, size_t n) {
    cpu.memory().peek_bytes({phys}, to.subspan(at, n), cpu.now());
  });
}

size_t poke_linear(cpu::Cpu& cpu, uint64_t linear, std::span<const uint8_t> from) {
  return by_page(cpu, linear, from.size(), [&](uint64_t phys, size_t at, size_t n) {
    cpu.memory().dma_write({phys}, from.subspan(at, n), cpu.now());
  });
}

void peek_physical(cpu::Cpu& cpu, uint64_t address, std::span<uint8_t> to) {
  cpu.memory().peek_bytes({address}, to, cpu.now());
}

void poke_physical(cpu::Cpu& cpu, uint64_t address, std::span<const uint8_t> from) {
  cpu.memory().dma_write({address}, from, cpu.now());
}

}  // namespace ilse::ui
