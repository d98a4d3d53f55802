// Owns decoded blocks: finds them by physical address and mode, and throws away those whose bytes change.
// The processors of a machine share one: a block means the same to each of them, so it is decoded once and is
// in memory once, and a store into code has one place to look at. Nothing in a block is a processor's own;
// what each has for itself, the block it is in and its TLBs, is known here by registration.
//
// Blocks live in one of two arenas: young ones, which most code never leaves, and those that got hot enough
// to be translated. The first is small and emptied often: it grows when much of what it held is decoded anew.
// The second is emptied only when it or the translations' memory is full. An invalidated block stays in
// memory, marked invalid, until its arena is emptied, so that stale links to it are safe to look at.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "cpu/block/block.h"
#include "cpu/mmu/tlb.h"
#include "memory/ram.h"

namespace ilse::cpu {

namespace jit {
class Engine;
}

class BlockCache final : public mem::CodeListener {
 public:
  explicit BlockCache(mem::Ram& ram);
  ~BlockCache() override;
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  Block* find(uint64_t phys, uint32_t mode) const;

  // A block under construction: room for kMaxInsns and the end marker, each to be constructed; kept by
  // insert() or dropped by the next begin(). May empty the young arena first (then resets() changes).
  Block* begin(uint64_t phys, uint32_t mode);
  // Gives a young block a place among the old: the same block at another address, the former invalid. Null:
  // there is no room.
  Block* promote(Block* b);
  // Makes it findable and registers it on its pages; to those that have come to hold code by it, stores are
  // slow in every TLB from now on.
  void insert(Block* b);
  // Makes one block unfindable.
  void drop(Block* b);
  void reset();

  // Whether any of these bytes of a RAM page are a block's.
  bool holds_code(uint32_t page, unsigned offset, unsigned size) const;

  // mem::CodeListener
  void code_written(uint32_t page, unsigned offset, unsigned size) override;

  struct Processor {
    Block* const* running;  // null between its runs
    bool* leave;            // where to note that the running block was invalidated
    std::array<Tlb, 3>* tlbs;
  };
  void add(const Processor& p) { processors_.push_back(p); }
  void remove(Block* const* running) {
    std::erase_if(processors_, [running](const Processor& p) { return p.running == running; });
  }
  // `from` has `to` for a successor.
  void linked(Block* from, const Block* to) {
    if (from->old && !to->old) to_young_.push_back(from);
  }
  // Null: blocks are interpreted only.
  void translate_with(std::unique_ptr<jit::Engine> e);
  jit::Engine* engine() { return engine_.get(); }
  // Times that the young arena was emptied, and times that both were.
  uint64_t resets() const { return resets_; }
  uint64_t full_resets() const { return full_resets_; }
  // Whether it stands, or stood, in the young arena.
  bool among_young(const Block* b) const { return young_.holds(b); }
  uint64_t built() const { return built_; }
  uint64_t invalidated() const { return invalidated_; }

  static constexpr unsigned kMaxInsns = 64;

 private:
  // Without an engine all blocks stay young.
  static constexpr size_t kYoungBytes = 18u << 20;
  static constexpr size_t kYoungBytesBesideOld = 4u << 20;
  // Old blocks fill as much of their memory as their translations fill of the code cache.
  static constexpr size_t kOldBytesPerCode = 2;
  // Young ones take this part of it at most, or what they begin with.
  static constexpr size_t kCodeBytesPerYoung = 2;
  static constexpr size_t kBuckets = 1u << 16;  // to begin with

  static uint32_t hash(uint64_t phys, uint32_t mode) {
    return static_cast<uint32_t>(
        (phys ^ phys >> 14 ^ static_cast<uint64_t>(mode) * 0x9E3779B1u) * 0x9E3779B97F4A7C15ull >> 32);
  }

  struct Node {
    Block block;
    Node* next = nullptr;  // in the bucket
  };

  struct Unmap {
    size_t size;
    void operator()(uint8_t* p) const;
  };
  struct Arena {
    Arena() : memory(nullptr, Unmap{0}) {}
    explicit Arena(size_t bytes);
    std::unique_ptr<uint8_t, Unmap> memory;
    size_t used = 0;
    size_t size() const { return memory.get_deleter().size; }
    Node* at() { return reinterpret_cast<Node*>(memory.get() + used); }
    bool holds(const void* p) const {
      const auto* at = static_cast<const uint8_t*>(p);
      return at >= memory.get() && at < memory.get() + size();
    }
    // Up to `end`.
    void take(const void* end) { used = offset_behind(end); }
    size_t offset_behind(const void* end) const {
      return (static_cast<size_t>(static_cast<const uint8_t*>(end) - memory.get()) + 63) & ~size_t{63};
    }
  };
  static constexpr size_t bytes_of(unsigned insns) { return sizeof(Node) + (insns + 1) * sizeof(Insn); }
  // What a RAM page has of a block.
  struct Piece {
    Block* block;
    uint16_t from, to;  // offsets in the page

    bool overlaps(unsigned offset, unsigned size) const { return offset < to && from < offset + size; }
  };
  struct CodePage {
    std::vector<Piece> pieces;
    unsigned emptied = 0;  // times that the last of them went

    uint32_t chunks() const;
  };
  // What is remembered of young blocks that are gone, so that one that is run seldom gets hot in the end.
  struct Former {
    uint16_t tag = 0;
    uint16_t heat = 0;
  };
  static constexpr size_t kFormers = 1u << 16;
  Former& former(uint32_t hash) { return formers_[hash & (kFormers - 1)]; }
  static uint16_t former_tag(uint32_t hash) { return static_cast<uint16_t>(hash >> 16 | 1); }

  Node*& bucket(uint32_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }
  Node* const& bucket(uint32_t hash) const { return buckets_[hash & (buckets_.size() - 1)]; }
  void unlink(Node* n);
  void more_buckets();
  void empty_young();
  void now_empty();

  mem::Ram& ram_;
  Arena young_{kYoungBytes}, old_;
  size_t young_limit_ = kYoungBytes;
  size_t decoded_again_ = 0;      // since it grew: blocks that had been there before it was emptied
  std::vector<Block*> to_young_;  // old blocks with links to young ones
  std::vector<Node*> buckets_;
  size_t findable_ = 0;  // blocks in them
  std::vector<Former> formers_;
  std::unordered_map<uint32_t, CodePage> pages_;
  std::vector<uint32_t> kept_;  // pages that stay marked though they have no code
  std::vector<Processor> processors_;
  std::unique_ptr<jit::Engine> engine_;
  uint64_t resets_ = 0, full_resets_ = 0, built_ = 0, invalidated_ = 0;
};

}  // namespace ilse::cpu
