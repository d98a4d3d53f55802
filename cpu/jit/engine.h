// The translating engine beside the interpreter (DESIGN.md §2). A block starts out interpreted; once it has
// run often enough its first handler is replaced by one that enters its translation. Translated blocks jump
// to one another directly; whatever translated code cannot do it leaves to the interpreter, at the start of
// the instruction in question, so that nothing has two meanings.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>

#include "cpu/isa/insn.h"
#include "cpu/jit/code_cache.h"
#include "cpu/jit/settings.h"
#include "memory/result.h"

namespace ilse::cpu {
class Cpu;
struct Block;
struct TlbEntry;
}  // namespace ilse::cpu

namespace ilse::cpu::jit {

struct Layout;
struct Stubs;

// A way out of a translated block to a successor in the same page.
struct Edge {
  Block* from = nullptr;
  uint8_t* jump = nullptr;  // the 32-bit displacement to patch, in the writable view
  uint8_t* stub = nullptr;  // where it leads without a successor
  Edge* next = nullptr;     // of those that lead to the same block
  int32_t delta = 0;        // from the block's address to the successor's
  bool taken = false;
  uint8_t misses = 0;  // times that there was no successor to link to
};

struct Code {
  const uint8_t* entry = nullptr;  // takes the block off the budget
  const uint8_t* body = nullptr;   // behind that
  uint32_t size = 0, seldom = 0;   // bytes in the cache's parts
  uint16_t parted = 0;             // times that accesses to be checked together could not be
  uint8_t x87_top = 0;
  Edge* in = nullptr;
};

struct Counters {
  uint64_t translated = 0;     // blocks
  uint64_t failed = 0;         // blocks that the assembler would not take: an error of the translator's
  uint64_t instructions = 0;   // in them
  uint64_t handler_calls = 0;  // instructions among these that go through the interpreter's handler
  uint64_t host_bytes = 0, host_bytes_seldom = 0;  // of code that is run often, and of ways out
  uint64_t resets = 0;
  uint64_t apart = 0;     // blocks translated anew because what was checked together lay in two pages
  uint64_t linked = 0;    // edges
  uint64_t entered = 0;   // from the interpreter
  uint64_t left[4] = {};  // by kDispatcher, kEdge, kTarget; else to interpret an instruction
};

class Engine {
 public:
  // An error where the host gives no executable memory.
  static mem::Result<std::unique_ptr<Engine>> create(Cpu& c, const Settings& settings);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // Runs of a new block before it is translated.
  uint16_t hot() const { return settings_.hot; }
  // A new block: it is counted, and translated after `heat` runs.
  void watch(Block& b, uint16_t heat);
  // The block is thrown away: no translated code may reach it any more.
  void drop(Block& b);
  // All blocks are.
  void reset();

  const Counters& counters() const { return counters_; }
  const CodeCache& cache() const { return cache_; }

 private:
  friend class Translator;
  // How translated code comes back: one of these, or the instruction to go on with in the interpreter.
  enum Leave : uint32_t { kDispatcher = 0, kEdge = 1, kTarget = 2, kInterpret = 3 };
  using Trampoline = uint64_t (*)(Cpu* c, const uint8_t* body);

  explicit Engine(const Settings& settings);
  void make_stubs(Cpu& c);
  bool translate(Block& b, uint64_t rip, unsigned x87_top, bool apart);
  void translate_apart(Block& b, uint64_t rip);
  void link(Edge& e, Block& to);
  void unlink(Edge& e) { patch(e.jump, cache_.run_address(e.stub)); }
  void redirect(Code& code, const uint8_t* to);
  // A 32-bit displacement in the writable view.
  void patch(uint8_t* jump, const uint8_t* to);
  static const Insn* count_entry(Cpu& c, const Insn* i);
  static const Insn* enter(Cpu& c, const Insn* i);
  const Insn* follow(Cpu& c, Edge& e);
  // One instruction: `i` is a copy with an end marker behind it. False: leave.
  static bool call_handler(Cpu& c, const Insn* i);
  // The same for the last of a block. True: go on at RIP, nothing is to be done before.
  static bool call_last(Cpu& c, const Insn* i);
  // `how`: width in bytes, kWrite, and the instruction's number in the block. Of the first of a group of
  // accesses also whether one of them stores, how far below the lowest of them is, and their length less 1.
  static constexpr uint32_t kWrite = 0x80, kInsnShift = 8, kInsnMask = 63, kGroupWrite = 1u << 14;
  static constexpr uint32_t kBackShift = 15, kBackMask = 511, kSpanShift = 24;
  static constexpr uint8_t kPatience = 16;  // times that something goes wrong before it is done another way
  enum Refill : uint8_t { kRefused, kRetry, kDone };
  static uint8_t refill(Cpu& c, const Block* b, uint32_t how);
  static bool store_beside_code(Cpu& c, const TlbEntry& e, unsigned width);

  Settings settings_;
  CodeCache cache_;
  std::unique_ptr<Layout> layout_;
  std::unique_ptr<Stubs> stubs_;
  Trampoline run_ = nullptr;
  const uint8_t* interpret_target_ = nullptr;  // entry of blocks without a translation
  size_t stub_bytes_ = 0;
  std::deque<Code> codes_;
  std::deque<Edge> edges_;
  std::deque<std::array<Insn, 2>> copies_;
  std::deque<std::array<Insn, 2>> spent_copies_;  // of translations that are gone
  Counters counters_;
};

}  // namespace ilse::cpu::jit
