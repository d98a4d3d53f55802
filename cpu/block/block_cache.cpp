#include "cpu/block/block_cache.h"

#include <sys/mman.h>

#include <algorithm>
#include <new>

#include "cpu/jit/engine.h"
#include "memory/check.h"

namespace ilse::cpu {

void BlockCache::Unmap::operator()(uint8_t* p) const { munmap(p, size); }

BlockCache::Arena::Arena(size_t bytes)
    : memory(static_cast<uint8_t*>(mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)),
             Unmap{bytes}) {
  ILSE_CHECK(memory.get() != MAP_FAILED, "no memory for the block cache");
}

BlockCache::BlockCache(mem::Ram& ram) : ram_(ram), buckets_(kBuckets, nullptr) { ram_.set_listener(this); }
BlockCache::~BlockCache() { ram_.set_listener(nullptr); }

Block* BlockCache::find(uint64_t phys, uint32_t mode) const {
  for (Node* n = buckets_[bucket(phys, mode)]; n != nullptr; n = n->next) {
    if (n->block.phys == phys && n->block.mode == mode && n->block.valid) return &n->block;
  }
  return nullptr;
}

Block* BlockCache::begin(uint64_t phys, uint32_t mode) {
  const size_t limit = engine_ != nullptr ? kYoungBytesBesideOld : kYoungBytes;
  if (young_.used + bytes_of(kMaxInsns) > limit) empty_young();
  auto* node = new (young_.at()) Node;
  node->block.phys = phys;
  node->block.mode = mode;
  node->block.insns = reinterpret_cast<Insn*>(node + 1);
  return &node->block;
}

Block* BlockCache::promote(Block* b) {
  if (old_.used + bytes_of(b->count) > kOldBytes) return nullptr;
  auto* from = reinterpret_cast<Node*>(b);
  auto* node = new (old_.at()) Node(*from);
  Block& to = node->block;
  to.insns = reinterpret_cast<Insn*>(node + 1);
  to.old = true;
  std::uninitialized_copy(b->insns, b->insns + b->count + 1, to.insns);
  old_.take(to.insns + to.count + 1);
  promoted_.push_back(&to);
  for (Node** n = &buckets_[bucket(b->phys, b->mode)]; *n != nullptr; n = &(*n)->next) {
    if (*n == from) {
      *n = node;
      break;
    }
  }
  for (uint32_t page : b->page) {
    if (auto it = pages_.find(page); it != pages_.end())
      std::replace(it->second.begin(), it->second.end(), b, &to);
  }
  b->valid = false;
  return &to;
}

void BlockCache::insert(Block* b) {
  auto* node = reinterpret_cast<Node*>(b);
  young_.take(b->insns + b->count + 1);
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

// What stood in an emptied arena is looked for by nobody.
void BlockCache::now_empty() {
  ++resets_;
  for (const Processor& p : processors_) *p.leave = true;
}

void BlockCache::empty_young() {
  for (Node*& first : buckets_) {
    for (Node** n = &first; *n != nullptr;) {
      if ((*n)->block.old) {
        n = &(*n)->next;
      } else {
        *n = (*n)->next;
      }
    }
  }
  for (Block* b : promoted_) {
    for (Block*& to : b->link) {
      if (to != nullptr && !to->old) to = nullptr;
    }
  }
  for (auto it = pages_.begin(); it != pages_.end();) {
    const auto& [page, blocks] = *it;
    std::erase_if(it->second, [](const Block* b) { return !b->old; });
    uint32_t chunks = 0;
    for (const Block* b : blocks) {
      for (int k = 0; k < 2; ++k) chunks |= b->page[k] == page && b->valid ? b->chunks[k] : 0;
    }
    ram_.set_code(page, chunks);
    it = blocks.empty() ? pages_.erase(it) : std::next(it);
  }
  young_.used = 0;
  now_empty();
}

void BlockCache::reset() {
  for (Node* n : buckets_) {
    for (; n != nullptr; n = n->next) n->block.valid = false;
  }
  std::fill(buckets_.begin(), buckets_.end(), nullptr);
  for (auto& [page, blocks] : pages_) ram_.set_code(page, 0);
  pages_.clear();
  promoted_.clear();
  young_.used = old_.used = 0;
  if (engine_ != nullptr) engine_->reset();
  now_empty();
}

void BlockCache::drop(Block* b) {
  b->valid = false;
  if (engine_ != nullptr) engine_->drop(*b);
  Node** link = &buckets_[bucket(b->phys, b->mode)];
  while (*link != nullptr && &(*link)->block != b) link = &(*link)->next;
  if (*link != nullptr) *link = (*link)->next;
}

bool BlockCache::overlaps(const Block& b, uint32_t page, unsigned offset, unsigned size) {
  const unsigned in_first = std::min<unsigned>(b.bytes, mem::kPageSize - (b.phys & 0xFFF));
  for (int k = 0; k < 2; ++k) {
    if (b.page[k] != page) continue;
    const unsigned from = k == 0 ? b.phys & 0xFFF : 0, to = k == 0 ? from + in_first : b.bytes - in_first;
    if (offset < to && from < offset + size) return true;
  }
  return false;
}

bool BlockCache::holds_code(uint32_t page, unsigned offset, unsigned size) const {
  if ((ram_.code_chunks(page) & mem::Ram::chunk_mask(offset, size)) == 0) return false;
  const auto it = pages_.find(page);
  return it != pages_.end() && std::any_of(it->second.begin(), it->second.end(), [&](const Block* b) {
           return b->valid && overlaps(*b, page, offset, size);
         });
}

// The chunks only say where to look: a block goes when bytes of its own change, so that data beside code
// costs no more than this search.
void BlockCache::code_written(uint32_t page, unsigned offset, unsigned size) {
  auto it = pages_.find(page);
  if (it == pages_.end()) return;
  uint32_t left = 0;
  auto hit = [&](Block* b) {
    if (!b->valid) return true;
    if (!overlaps(*b, page, offset, size)) {
      for (int k = 0; k < 2; ++k) left |= b->page[k] == page ? b->chunks[k] : 0;
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
