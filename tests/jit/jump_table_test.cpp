// The table of computed jumps, alone: what it finds, forgets, recalls, and what it keeps when it grows.
#include "cpu/block/jump_table.h"

#include <catch2/catch.hpp>

using namespace ilse::cpu;

namespace {

Block block_at(uint64_t phys) {
  Block b;
  b.phys = phys;
  b.mode = kModeCode64;
  b.bytes = 16;
  b.valid = true;
  return b;
}

}  // namespace

TEST_CASE("jump table: a block is found by address and tag, and recalled by its physical address") {
  JumpTable t;
  Block b = block_at(0x5010);
  t.note(0x401010, 7, b, 0x401010);
  CHECK(t.find(0x401010, 7) == &b);
  CHECK(t.find(0x401010, 8) == nullptr);
  CHECK(t.find(0x401011, 7) == nullptr);
  CHECK(t.recall(0x401010, 0x5010, kModeCode64) == &b);
  CHECK(t.recall(0x401010, 0x6010, kModeCode64) == nullptr);
  CHECK(t.recall(0x401010, 0x5010, kModeCode32) == nullptr);
  CHECK(t.recall(~0ull, 0, 0) == nullptr);
  CHECK(t.may_know(0x401FFF));
  b.valid = false;
  CHECK(t.find(0x401010, 7) == nullptr);
  CHECK(t.recall(0x401010, 0x5010, kModeCode64) == nullptr);
  t.forget_if([&](const Block* known) { return known == &b; });
  b.valid = true;
  CHECK(t.find(0x401010, 7) == nullptr);
  t.outdated();
  CHECK_FALSE(t.may_know(0x401FFF));
}

TEST_CASE("jump table: two blocks that keep taking one another's place both stay once it has grown") {
  JumpTable t;
  // Where an unused entry's address would be, among others, so that growing must not write those.
  Block last = block_at(0x7000), one = block_at(0x8000), two = block_at(0x9000);
  constexpr uint64_t kLast = 0, kOne = 0x10, kTwo = kOne + (1u << 15) + 8;
  t.note(kLast, 1, last, kLast);
  bool both = false;
  for (unsigned k = 0; k < 1'000'000 && !both; ++k) {
    t.note(kOne, 1, one, kOne);
    t.note(kTwo, 1, two, kTwo);
    both = t.find(kOne, 1) != nullptr;
  }
  CHECK(both);
  CHECK(t.find(kTwo, 1) == &two);
  CHECK(t.find(kLast, 1) == &last);
}
