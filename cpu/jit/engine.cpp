#include "cpu/jit/engine.h"

#include <cstring>

#include "cpu/cpu.h"
#include "cpu/isa/row.h"
#include "cpu/jit/x64/layout.h"
#include "cpu/jit/x64/translator.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu::jit {

namespace {

// Behind a copied instruction.
const Insn* end_of_copy(Cpu&, const Insn* i) { return i; }

}  // namespace

Engine::Engine(const Settings& settings)
    : settings_(settings), cache_(settings.cache_bytes), layout_(new Layout), stubs_(new Stubs) {}
Engine::~Engine() = default;

std::unique_ptr<Engine> Engine::create(Cpu& c, const Settings& settings) {
  std::unique_ptr<Engine> e(new Engine(settings));
  if (!e->cache_.ok()) return nullptr;
  e->make_stubs(c);
  return e;
}

void Engine::make_stubs(Cpu& c) {
  auto at = [&](const void* field) {
    return static_cast<int32_t>(static_cast<const uint8_t*>(field) - reinterpret_cast<const uint8_t*>(&c)) -
           kBias;
  };
  *layout_ = {.gpr = at(c.gpr.data()),
              .budget = at(&c.budget),
              .block = at(&c.block),
              .tlb = at(&c.tlb),
              .asid = at(&c.asid),
              .jumps = at(&c.jumps_),
              .jump_tag = at(&c.jump_tag_),
              .seg = at(c.seg.data()),
              .xmm = at(c.ymm.data()),
              .xmm_stride = static_cast<int32_t>(sizeof c.ymm[0]),
              .st = at(c.fpu.st.data()),
              .cw = at(&c.fpu.cw),
              .sw = at(&c.fpu.sw),
              .top = at(&c.fpu.top),
              .tag = at(&c.fpu.tag),
              .fip = at(&c.fpu.fip),
              .flags = at(&c.jit.flags),
              .spill = at(&c.jit.spill),
              .linear = at(&c.jit.linear),
              .target_rip = at(&c.jit.target_rip),
              .target = at(&c.jit.target),
              .edge = at(&c.jit.edge)};
  stubs_->call_handler = &call_handler;
  stubs_->refill = &refill;
  Translator t(*layout_, *stubs_, cache_.free(), cache_.room());
  const uint8_t* base = cache_.free();
  const size_t run = t.make_trampoline();
  stubs_->leave = base + t.make_leave();
  stubs_->leave_null = base + t.make_leave_null();
  stubs_->edge = base + t.make_edge();
  stubs_->interpret = base + t.make_interpret();
  stubs_->clear_uppers = {base + t.make_clear_uppers(8), base + t.make_clear_uppers(16)};
  for (unsigned r = 0; r < 3; ++r) stubs_->miss[r] = base + t.make_miss(r);
  const size_t target = t.make_interpret_target();
  run_ = reinterpret_cast<Trampoline>(reinterpret_cast<uintptr_t>(cache_.run_address(base + run)));
  interpret_target_ = cache_.run_address(base + target);
  cache_.take(t.size());
  stub_bytes_ = cache_.used();
}

void Engine::watch(Block& b) {
  b.first = b.insns[0].fn;
  b.heat = settings_.hot;
  b.entry = interpret_target_;
  b.insns[0].fn = &count_entry;
}

void Engine::drop(Block& b) {
  b.entry = interpret_target_;
  if (b.code == nullptr) return;
  for (Edge* e = b.code->in; e != nullptr; e = e->next) unlink(*e);
  b.code->in = nullptr;
}

void Engine::reset() {
  codes_.clear();
  edges_.clear();
  copies_.clear();
  cache_.shrink(stub_bytes_);
  ++counters_.resets;
}

// The way out follows the jump directly.
void Engine::unlink(Edge& e) { std::memset(e.jump, 0, 4); }

void Engine::link(Edge& e, Block& to) {
  const auto distance = static_cast<int32_t>(to.code->entry - (cache_.run_address(e.jump) + 4));
  std::memcpy(e.jump, &distance, 4);
  e.next = to.code->in;
  to.code->in = &e;
  ++counters_.linked;
}

bool Engine::translate(Block& b, uint64_t rip, unsigned x87_top) {
  if (cache_.room() < Translator::kMaxBytes) return false;
  const uint8_t* at = cache_.free();
  Translator t(*layout_, *stubs_, cache_.free(), cache_.room());
  Code& code = codes_.emplace_back();
  const size_t edges = edges_.size();
  try {
    t.translate(b, code, edges_, x87_top, [this](const Insn& i) {
      auto& copy = copies_.emplace_back();
      copy[0] = i;
      copy[1].fn = &end_of_copy;
      return copy.data();
    });
  } catch (const Xbyak::Error&) {
    codes_.pop_back();
    edges_.resize(edges);
    ++counters_.failed;
    return false;
  }
  code.entry = cache_.run_address(code.entry);
  code.body = cache_.run_address(code.body);
  cache_.take(t.size());
  b.code = &code;
  b.entry = code.entry;
  ++counters_.translated;
  counters_.instructions += b.count;
  counters_.handler_calls += t.handler_calls();
  counters_.host_bytes += t.size();
  if (settings_.listener != nullptr)
    settings_.listener->translated(t.shown(rip, {cache_.run_address(at), t.size()}));
  return true;
}

const Insn* Engine::count_entry(Cpu& c, const Insn* i) {
  Block& b = *c.block;
  if (--b.heat != 0) return b.first(c, i);
  Engine& e = *c.blocks().engine();
  b.insns[0].fn = b.first;
  if (e.cache_.room() < Translator::kMaxBytes) {
    // Everything starts anew; what is running is only looked at until the next block is built.
    c.blocks().reset();
    return b.first(c, i);
  }
  if (!e.translate(b, c.rip(), c.fpu.top)) {
    b.first = nullptr;
    return i->fn(c, i);
  }
  b.insns[0].fn = &enter;
  return enter(c, i);
}

const Insn* Engine::enter(Cpu& c, const Insn*) {
  Engine& e = *c.blocks().engine();
  ++e.counters_.entered;
  c.jit.flags = to_host_flags(c.lazy.get());
  const uint64_t how = e.run_(&c, c.block->code->body);
  c.lazy.set(from_host_flags(c.jit.flags));
  ++e.counters_.left[how < kInterpret ? how : +kInterpret];
  switch (how) {
    case kDispatcher: return nullptr;
    case kEdge: return e.follow(c, e.edges_[c.jit.edge]);
    case kTarget: return c.jit.target->valid ? c.enter(c.jit.target, c.rip()) : nullptr;
    default: {
      const auto* i = reinterpret_cast<const Insn*>(how);
      return i == c.block->insns ? c.block->first(c, i) : go(c, i);
    }
  }
}

// Out of an edge without a successor: the address is the successor's already.
const Insn* Engine::follow(Cpu& c, Edge& e) {
  Block* from = e.from;
  Block* to = from->valid ? from->link[e.taken] : nullptr;
  if (to == nullptr || !to->valid) {
    c.expect_link(from, e.taken, (c.rip() - static_cast<uint64_t>(e.delta)) >> 12);
    return nullptr;
  }
  if (to->code != nullptr) link(e, *to);
  return c.enter(to, c.rip());
}

// An access missed: true when it would hit now. A fault is left to the interpreter, which meets it again.
bool Engine::refill(Cpu& c, const Block* b, uint32_t how) {
  const uint64_t lin = c.jit.linear;
  const unsigned width = how & (kWrite - 1);
  const bool write = (how & kWrite) != 0;
  // Where alignment is checked no access is fast, and #AC comes before a page fault that would leave CR2.
  if ((c.mode() & kModeAlign) != 0) return false;
  if ((lin & 0xFFF) + width > mem::kPageSize || (c.code64() && !sem::canonical(c, lin))) return false;
  // What is there but slow stays as it is: the tables may have changed since, without a flush.
  const TlbEntry& there = c.tlb_of(c.view()).at(lin);
  if (((write ? there.write_tag : there.read_tag) & ~kTagSlow) == ((lin & kPageMask) | c.asid)) return false;
  c.current = b->insns + (how >> kInsnShift);
  const TlbEntry* e = c.fill(lin, write ? Access::Write : Access::Read, c.view());
  c.current = nullptr;
  return e != nullptr && (write ? e->write_tag : e->read_tag) == ((lin & kPageMask) | c.asid);
}

bool Engine::call_handler(Cpu& c, const Insn* i) {
  c.lazy.set(from_host_flags(c.jit.flags));
  const Insn* next = i->fn(c, i);
  c.jit.flags = to_host_flags(c.lazy.get());
  return next == i + 1;
}

}  // namespace ilse::cpu::jit
