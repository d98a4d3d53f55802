// How an instruction template hands on: to the next instruction, to one of two known targets, or to a
// computed one.
#pragma once

#include <cstdint>

namespace ilse::cpu {

enum class Flow : uint8_t { Next, Branch, Jump };

struct Straight {
  static constexpr Flow kFlow = Flow::Next;
};
struct Branching {
  static constexpr Flow kFlow = Flow::Branch;
};
struct Jumping {
  static constexpr Flow kFlow = Flow::Jump;
};

}  // namespace ilse::cpu
