// What can be chosen about the translating engine, and what one who looks over its shoulder is shown.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "cpu/jit/micro_op.h"

namespace ilse::cpu {
struct Block;
}

namespace ilse::cpu::jit {

// A block and what became of it, good for the length of a call.
struct Translation {
  // Of one guest instruction: its micro-operations and where its host code begins.
  struct Part {
    std::span<const MicroOp> list;
    bool native = false;  // false: through the interpreter's handler
    uint32_t host = 0;
  };
  const Block& block;
  uint64_t rip;
  std::span<const uint8_t> host, ways_out;  // where it is run, and what is run seldom
  std::vector<Part> parts;
};

class Listener {
 public:
  virtual ~Listener() = default;
  virtual void translated(const Translation& t) = 0;
};

struct Settings {
  size_t cache_bytes = size_t{64} << 20;
  // Runs of a block before it is translated.
  uint16_t hot = 40;
  Listener* listener = nullptr;
};

}  // namespace ilse::cpu::jit
