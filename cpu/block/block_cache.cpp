#include "cpu/block/block_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "cpu/jit/engine.h"
#include "memory/check.h"

namespace ilse::cpu {

void BlockCache::Unmap::operator()(uint8_t* p) const { munmap(p, size); }

BlockCache::BlockCache(mem::Ram& ram)
    : ram_(ram),
      arena_(static_cast<uint8_t*>(mmap(nullptr, kArenaBytes, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)),
             Unmap{kArenaBytes}),
      buckets_(kBuckets, nullptr) {
  ILSE_CHECK(arena_.get() != MAP_FAILED, "no memory for the block cache");
  ram_.set_listener(this);
}
BlockCache::~BlockCache() { ram_.set_listener(nullptr); }

Block* BlockCache::find(uint64_t phys, uint32_t mode) const {
  for (Node* n = buckets_[bucket(phys, mode)]; n != nullptr; n = n->next) {
    if (n->block.phys == phys && n->block.mode == mode && n->block.valid) return &n->block;
  }
  return nullptr;
}

Block* BlockCache::begin(uint64_t phys, uint32_t mode) {
  constexpr size_t kLargest = sizeof(Node) + (kMaxInsns + 2) * sizeof(Insn);
  if (used_ + kLargest > kArenaBytes) reset();
  auto* node = new (arena_.get() + used_) Node;
  node->block.phys = phys;
  node->block.mode = mode;
  node->block.insns = reinterpret_cast<Insn*>(node + 1);
  for (unsigned i = 0; i < kMaxInsns + 1; ++i) new (node->block.insns + i) Insn;
  return &node->block;
}

void BlockCache::insert(Block* b) {
  auto* node = reinterpret_cast<Node*>(b);
  size_t& head = used_;
  head = static_cast<size_t>(reinterpret_cast<uint8_t*>(b->insns + b->count + 1) - arena_.get());
  head = (head + 63) & ~size_t{63};
  Node*& first = buckets_[bucket(b->phys, b->mode)];
  node->next = first;
  first = node;
  b->valid = true;
  b->cached = true;
  ++built_;
  // Links and computed jumps reach flat code only.
  constexpr uint32_t kFlat = kModeFlatCode | kModeCode64;
  if (engine_ != nullptr && (b->mode & kFlat) != 0 && (b->mode & kModeSingle) == 0) engine_->watch(*b);
  for (int k = 0; k < 2; ++k) {
    if (b->page[k] == ~0u) continue;
    if (ram_.code_chunks(b->page[k]) == 0) {
      uint64_t phys = k == 0 ? b->phys & kPageMask : b->second;
      for (const Processor& p : processors_) {
        for (Tlb& t : *p.tlbs) t.slow_writes(phys);
      }
    }
    ram_.add_code(b->page[k], b->chunks[k]);
    pages_[b->page[k]].push_back(b);
  }
}

void BlockCache::translate_with(std::unique_ptr<jit::Engine> e) {
  reset();
  engine_ = std::move(e);
}

void BlockCache::reset() {
  for (Node* n : buckets_) {
    for (; n != nullptr; n = n->next) n->block.valid = false;
  }
  std::fill(buckets_.begin(), buckets_.end(), nullptr);
  for (auto& [page, blocks] : pages_) ram_.set_code(page, 0);
  pages_.clear();
  used_ = 0;
  if (engine_ != nullptr) engine_->reset();
  ++resets_;
  for (const Processor& p : processors_) *p.leave = true;
}

void BlockCache::drop(Block* b) {
  b->valid = false;
  if (engine_ != nullptr) engine_->drop(*b);
  Node** link = &buckets_[bucket(b->phys, b->mode)];
  while (*link != nullptr && &(*link)->block != b) link = &(*link)->next;
  if (*link != nullptr) *link = (*link)->next;
}

// The chunks only say where to look: a block goes when bytes of its own change, so that data beside code
// costs no more than this search.
void BlockCache::code_written(uint32_t page, unsigned offset, unsigned size) {
  auto it = pages_.find(page);
  if (it == pages_.end()) return;
  uint32_t left = 0;
  auto hit = [&](Block* b) {
    if (!b->valid) return true;
    bool overlaps = false;
    uint32_t mine = 0;
    for (int k = 0; k < 2; ++k) {
      if (b->page[k] != page) continue;
      mine |= b->chunks[k];
      unsigned in_first = std::min<unsigned>(b->bytes, mem::kPageSize - (b->phys & 0xFFF));
      unsigned from = k == 0 ? b->phys & 0xFFF : 0, to = k == 0 ? from + in_first : b->bytes - in_first;
      overlaps = overlaps || (offset < to && from < offset + size);
    }
    if (!overlaps) {
      left |= mine;
      return false;
    }
    drop(b);
    ++invalidated_;
    for (const Processor& p : processors_) {
      const Block* running = *p.running;
      if (running != nullptr && (running == b || running->origin == b)) *p.leave = true;
    }
    return true;
  };
  std::erase_if(it->second, hit);
  ram_.set_code(page, left);
  if (it->second.empty()) pages_.erase(it);
}

}  // namespace ilse::cpu
