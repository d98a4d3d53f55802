// Where computed jumps, and those to another page, find the block at a linear address: direct-mapped, one for
// each processor, read by both engines. A tag says for which mode, address space and generation of the page
// tables an entry is good. The table starts small, and grows when entries in use keep taking one another's
// place.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "cpu/block/block.h"

namespace ilse::cpu {

namespace jit {
class Engine;
}

class JumpTable {
 public:
  struct Entry {
    uint64_t rip = ~0ull;
    uint64_t tag = 0;
    Block* block = nullptr;
    const uint8_t* entry = nullptr;  // the block's
  };

  Block* find(uint64_t rip, uint64_t tag) const {
    const Entry& e = entries_[slot(rip)];
    return e.rip == rip && e.tag == tag && e.block->valid ? e.block : nullptr;
  }
  // The block that was at this linear address when the tag was another, if it is at this physical one.
  Block* recall(uint64_t rip, uint64_t phys, uint32_t mode) const {
    const Entry& e = entries_[slot(rip)];
    const bool same = e.rip == rip && e.block != nullptr && e.block->phys == phys && e.block->mode == mode;
    return same && e.block->valid ? e.block : nullptr;
  }
  // The block's bytes are at linear addresses `lin` and following.
  void note(uint64_t rip, uint64_t tag, Block& b, uint64_t lin);
  // Whether a block of this page may be known; false positives are possible.
  bool may_know(uint64_t lin) const { return (page_word(lin) >> (lin >> 12 & 63) & 1) != 0; }
  // No entry's tag is in use any more.
  void outdated() { pages_->fill(0); }
  template <class Predicate>
  void forget_if(Predicate p) {
    for (size_t k = 0; k <= mask_; ++k) {
      if (p(entries_[k].block)) entries_[k] = {};
    }
  }

 private:
  friend class jit::Engine;
  static constexpr size_t kSlotsAtFirst = 1u << 15, kSlotsAtMost = 1u << 17;

  size_t slot(uint64_t rip) const { return (rip ^ rip >> 12) & mask_; }
  uint64_t& page_word(uint64_t lin) const { return (*pages_)[lin >> 18 & (kPageWords - 1)]; }
  void grow();

  uint64_t mask_ = kSlotsAtFirst - 1;
  std::unique_ptr<Entry[]> entries_ = std::make_unique<Entry[]>(kSlotsAtFirst);
  size_t crowded_ = 0;  // times that an entry took the place of another in use
  static constexpr size_t kPageWords = 512;
  using Pages = std::array<uint64_t, kPageWords>;
  std::unique_ptr<Pages> pages_ =
      std::make_unique<Pages>();  // a bit for each page by the low bits of its number
};

}  // namespace ilse::cpu
