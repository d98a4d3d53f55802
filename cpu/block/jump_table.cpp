#include "cpu/block/jump_table.h"

#include <utility>

namespace ilse::cpu {

void JumpTable::note(uint64_t rip, uint64_t tag, Block& b, uint64_t lin) {
  Entry* e = &entries_[slot(rip)];
  if (e->tag == tag && e->rip != rip && e->block->valid && ++crowded_ > 8 * mask_ &&
      mask_ + 1 < kSlotsAtMost) {
    grow();
    e = &entries_[slot(rip)];
  }
  *e = {rip, tag, &b, b.entry};
  for (const uint64_t page : {lin, lin + b.bytes - 1}) page_word(page) |= uint64_t{1} << (page >> 12 & 63);
}

void JumpTable::grow() {
  const std::unique_ptr<Entry[]> before = std::move(entries_);
  const size_t count = mask_ + 1;
  mask_ = 2 * count - 1;
  entries_ = std::make_unique<Entry[]>(2 * count);
  for (size_t k = 0; k < count; ++k) {
    if (before[k].block != nullptr) entries_[slot(before[k].rip)] = before[k];
  }
  crowded_ = 0;
}

}  // namespace ilse::cpu
