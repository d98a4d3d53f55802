// How an instruction template hands on: to the next instruction, to one of two known targets, or to a
// computed one.
#pragma once

#include <cstdint>

namespace ilse::cpu {

enum class Flow : uint8_t { Next, Branch, Jump };

// Templates that every model reads have kLifted; plain Straight ones only run on ExecModel.
struct Straight {
  static constexpr Flow kFlow = Flow::Next;
  static constexpr bool kLifted = false;
};
struct Lifted : Straight {
  static constexpr bool kLifted = true;
};
struct Branching {
  static constexpr Flow kFlow = Flow::Branch;
  static constexpr bool kLifted = true;
};
struct Jumping {
  static constexpr Flow kFlow = Flow::Jump;
  static constexpr bool kLifted = true;
};

}  // namespace ilse::cpu
