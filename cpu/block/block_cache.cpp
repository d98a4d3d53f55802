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
  for (Node* n = bucket(hash(phys, mode)); n != nullptr; n = n->next) {
    if (n->block.phys == phys && n->block.mode == mode && n->block.valid) return &n->block;
  }
  return nullptr;
}

Block* BlockCache::begin(uint64_t phys, uint32_t mode) {
  if (young_.used + bytes_of(kMaxInsns) > young_limit_) empty_young();
  auto* node = new (young_.at()) Node;
  node->block.phys = phys;
  node->block.mode = mode;
  node->block.insns = reinterpret_cast<Insn*>(node + 1);
  return &node->block;
}

Block* BlockCache::promote(Block* b) {
  if (old_.used + bytes_of(b->count) > old_.size()) return nullptr;
  auto* from = reinterpret_cast<Node*>(b);
  auto* node = new (old_.at()) Node(*from);
  Block& to = node->block;
  to.insns = reinterpret_cast<Insn*>(node + 1);
  to.old = true;
  std::uninitialized_copy(b->insns, b->insns + b->count + 1, to.insns);
  old_.take(to.insns + to.count + 1);
  if ((to.link[0] != nullptr && !to.link[0]->old) || (to.link[1] != nullptr && !to.link[1]->old))
    to_young_.push_back(&to);
  for (Node** n = &bucket(hash(b->phys, b->mode)); *n != nullptr; n = &(*n)->next) {
    if (*n == from) {
      *n = node;
      break;
    }
  }
  for (uint32_t page : b->page) {
    const auto it = pages_.find(page);
    if (it == pages_.end()) continue;
    for (Piece& p : it->second.pieces) {
      if (p.block == b) p.block = &to;
    }
  }
  b->valid = false;
  return &to;
}

void BlockCache::insert(Block* b) {
  auto* node = reinterpret_cast<Node*>(b);
  young_.take(b->insns + b->count + 1);
  if (++findable_ > buckets_.size()) more_buckets();
  const uint32_t h = hash(b->phys, b->mode);
  Node*& first = bucket(h);
  node->next = first;
  first = node;
  b->valid = true;
  b->cached = true;
  ++built_;
  if (engine_ != nullptr && (b->mode & kModeSingle) == 0) {
    const Former& f = former(h);
    const bool again = f.tag == former_tag(h);
    if (again) ++decoded_again_;
    engine_->watch(*b, again ? f.heat : engine_->hot());
  }
  for (int k = 0; k < 2; ++k) {
    if (b->page[k] == ~0u) continue;
    if (ram_.code_chunks(b->page[k]) == 0) {
      uint64_t phys = k == 0 ? b->phys & kPageMask : b->second;
      for (const Processor& p : processors_) {
        for (Tlb& t : *p.tlbs) t.slow_writes(phys);
      }
    }
    ram_.add_code(b->page[k], b->chunks[k]);
    const auto start = static_cast<uint16_t>(b->phys & 0xFFF);
    const auto in_first = static_cast<uint16_t>(std::min<unsigned>(b->bytes, mem::kPageSize - start));
    const Piece first_page{b, start, static_cast<uint16_t>(start + in_first)};
    const Piece second_page{b, 0, static_cast<uint16_t>(b->bytes - in_first)};
    pages_[b->page[k]].pieces.push_back(k == 0 ? first_page : second_page);
  }
}

void BlockCache::translate_with(std::unique_ptr<jit::Engine> e) {
  reset();
  engine_ = std::move(e);
  if (engine_ == nullptr) {
    young_ = Arena(kYoungBytes);
    old_ = Arena();
  } else {
    young_ = Arena(std::max(kYoungBytesBesideOld, engine_->cache().size() / kCodeBytesPerYoung));
    old_ = Arena(kOldBytesPerCode * engine_->cache().size());
  }
  young_limit_ = engine_ != nullptr ? kYoungBytesBesideOld : kYoungBytes;
  formers_.assign(engine_ != nullptr ? kFormers : 0, {});
}

void BlockCache::unlink(Node* n) {
  Node** link = &bucket(hash(n->block.phys, n->block.mode));
  while (*link != nullptr && *link != n) link = &(*link)->next;
  if (*link == nullptr) return;
  *link = n->next;
  --findable_;
}

void BlockCache::more_buckets() {
  std::vector<Node*> before(buckets_.size() * 2, nullptr);
  before.swap(buckets_);
  for (Node* n : before) {
    while (n != nullptr) {
      Node* next = n->next;
      Node*& first = bucket(hash(n->block.phys, n->block.mode));
      n->next = first;
      first = n;
      n = next;
    }
  }
}

// What stood in an emptied arena is looked for by nobody.
void BlockCache::now_empty() {
  young_.used = 0;
  to_young_.clear();
  kept_.clear();
  ++resets_;
  for (const Processor& p : processors_) *p.leave = true;
}

void BlockCache::empty_young() {
  std::vector<uint32_t> pages = std::move(kept_);
  for (size_t at = 0; at < young_.used;) {
    auto* n = reinterpret_cast<Node*>(young_.memory.get() + at);
    const Block& b = n->block;
    at = young_.offset_behind(b.insns + b.count + 1);
    for (const uint32_t page : b.page) {
      if (page != ~0u) pages.push_back(page);
    }
    if (!b.valid) continue;
    unlink(n);
    if (b.first != nullptr) {
      const uint32_t h = hash(b.phys, b.mode);
      former(h) = {former_tag(h), b.heat};
    }
  }
  for (Block* b : to_young_) {
    for (Block*& to : b->link) {
      if (to != nullptr && !to->old) to = nullptr;
    }
  }
  std::sort(pages.begin(), pages.end());
  pages.erase(std::unique(pages.begin(), pages.end()), pages.end());
  for (const uint32_t page : pages) {
    const auto it = pages_.find(page);
    if (it == pages_.end()) continue;
    CodePage& code = it->second;
    std::erase_if(code.pieces, [this](const Piece& p) { return young_.holds(p.block) || !p.block->valid; });
    code.emptied = 0;
    ram_.set_code(page, code.chunks());
    if (code.pieces.empty()) pages_.erase(it);
  }
  // The memory is for guests that keep needing it: a boot alone does not.
  constexpr size_t kTooMuch = 250'000;
  if (decoded_again_ > kTooMuch && young_limit_ * 2 <= young_.size()) {
    decoded_again_ = 0;
    young_limit_ *= 2;
  }
  now_empty();
}

void BlockCache::reset() {
  for (Node* n : buckets_) {
    for (; n != nullptr; n = n->next) n->block.valid = false;
  }
  std::fill(buckets_.begin(), buckets_.end(), nullptr);
  findable_ = 0;
  for (auto& [page, blocks] : pages_) ram_.set_code(page, 0);
  pages_.clear();
  old_.used = 0;
  // Or what had a translation would get one at once, and a small cache be full again.
  std::fill(formers_.begin(), formers_.end(), Former{});
  if (engine_ != nullptr) engine_->reset();
  ++full_resets_;
  now_empty();
}

void BlockCache::drop(Block* b) {
  b->valid = false;
  if (engine_ != nullptr) engine_->drop(*b);
  unlink(reinterpret_cast<Node*>(b));
}

uint32_t BlockCache::CodePage::chunks() const {
  uint32_t all = 0;
  for (const Piece& p : pieces) all |= mem::Ram::chunk_mask(p.from, p.to - p.from);
  return all;
}

bool BlockCache::holds_code(uint32_t page, unsigned offset, unsigned size) const {
  if ((ram_.code_chunks(page) & mem::Ram::chunk_mask(offset, size)) == 0) return false;
  const auto it = pages_.find(page);
  return it != pages_.end() &&
         std::any_of(it->second.pieces.begin(), it->second.pieces.end(),
                     [&](const Piece& p) { return p.overlaps(offset, size) && p.block->valid; });
}

// The chunks only say where to look: a block goes when bytes of its own change, so that data beside code
// costs no more than this search.
void BlockCache::code_written(uint32_t page, unsigned offset, unsigned size) {
  const auto it = pages_.find(page);
  if (it == pages_.end()) return;
  CodePage& code = it->second;
  const size_t gone = std::erase_if(code.pieces, [&](const Piece& p) {
    if (!p.overlaps(offset, size)) return false;
    if (!p.block->valid) return true;
    drop(p.block);
    ++invalidated_;
    for (const Processor& cpu : processors_) {
      const Block* running = *cpu.running;
      if (running != nullptr && (running == p.block || running->origin == p.block)) *cpu.leave = true;
    }
    return true;
  });
  if (gone == 0) return;
  // A page whose code is written time and again stays one with code: to find all that the TLBs have of it
  // costs more than stores that look for code in vain.
  constexpr unsigned kOften = 4;
  const uint32_t left = code.chunks();
  if (left != 0 || ++code.emptied < kOften) {
    ram_.set_code(page, left);
  } else {
    kept_.push_back(page);
  }
}

}  // namespace ilse::cpu
