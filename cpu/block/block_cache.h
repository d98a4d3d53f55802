// Owns decoded blocks: finds them by physical address and mode, and throws away those whose bytes change.
// Blocks live in an arena; an invalidated block stays in memory, marked invalid, until the whole arena is
// reset, so that stale links to it are safe to look at.
#pragma once

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cpu/block/block.h"
#include "cpu/jit/engine.h"
#include "memory/ram.h"

namespace ilse::cpu {

class BlockCache final : public mem::CodeListener {
 public:
  explicit BlockCache(mem::Ram& ram);
  ~BlockCache() override;
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  Block* find(uint64_t phys, uint32_t mode) const;

  // A block under construction: at most kMaxInsns and the end marker; kept by insert() or dropped by the
  // next begin(). May reset the cache first when the arena is full (then resets() changes).
  Block* begin(uint64_t phys, uint32_t mode);
  // Makes it findable and registers it on its pages. Returns pages that came to hold code by it.
  struct NewPages {
    uint32_t page[2] = {~0u, ~0u};
  };
  NewPages insert(Block* b);
  // Makes one block unfindable.
  void drop(Block* b);
  void reset();

  // mem::CodeListener
  void code_written(uint32_t page, unsigned offset, unsigned size) override;

  // The block that is running, and where to note that it was invalidated.
  void watch_running(Block* const* running, bool* leave) {
    running_ = running;
    leave_ = leave;
  }
  // Null: blocks are interpreted only.
  void translate_with(jit::Engine* e) { engine_ = e; }
  uint64_t resets() const { return resets_; }
  uint64_t built() const { return built_; }
  uint64_t invalidated() const { return invalidated_; }

  static constexpr unsigned kMaxInsns = 64;

 private:
  static constexpr size_t kArenaBytes = 20u << 20;
  static constexpr size_t kBuckets = 1u << 16;

  size_t bucket(uint64_t phys, uint32_t mode) const {
    return ((phys ^ phys >> 14 ^ static_cast<uint64_t>(mode) * 0x9E3779B1u) * 0x9E3779B97F4A7C15ull >> 40) &
           (kBuckets - 1);
  }

  struct Node {
    Block block;
    Node* next = nullptr;  // in the bucket
  };

  mem::Ram& ram_;
  struct Unmap {
    size_t size;
    void operator()(uint8_t* p) const;
  };
  std::unique_ptr<uint8_t, Unmap> arena_;
  size_t used_ = 0;
  size_t pending_end_ = 0;
  std::vector<Node*> buckets_;
  std::unordered_map<uint32_t, std::vector<Block*>> pages_;
  Block* const* running_ = nullptr;
  bool* leave_ = nullptr;
  jit::Engine* engine_ = nullptr;
  uint64_t resets_ = 0, built_ = 0, invalidated_ = 0;
};

}  // namespace ilse::cpu
