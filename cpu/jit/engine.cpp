#include "cpu/jit/engine.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <utility>

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

mem::Result<std::unique_ptr<Engine>> Engine::create(Cpu& c, const Settings& settings) {
  std::unique_ptr<Engine> e(new Engine(settings));
  if (!e->cache_.ok()) return mem::Error{"the host gives no executable memory (" + e->cache_.refusal() + ")"};
  e->make_stubs(c);
  return e;
}

void Engine::make_stubs(Cpu& c) {
  static_assert(sizeof(JumpTable::Entry) == 32 && offsetof(JumpTable::Entry, entry) == 24);
  auto at = [&](const void* field) {
    return static_cast<int32_t>(static_cast<const uint8_t*>(field) - reinterpret_cast<const uint8_t*>(&c)) -
           kBias;
  };
  *layout_ = {.gpr = at(c.gpr.data()),
              .budget = at(&c.budget),
              .block = at(&c.block),
              .tlb = at(&c.tlb),
              .asid = at(&c.asid),
              .jumps = at(&c.jumps_.entries_),
              .jump_mask = at(&c.jumps_.mask_),
              .jump_tag = at(&c.jump_tag_),
              .seg = at(c.seg.data()),
              .system_flags = at(&c.system_flags),
              .events = at(&c.events_),
              .kernel_gs_base = at(&c.msr.kernel_gs_base),
              .xmm = at(c.ymm.data()),
              .xmm_stride = static_cast<int32_t>(sizeof c.ymm[0]),
              .st = at(c.fpu.st.data()),
              .cw = at(&c.fpu.cw),
              .sw = at(&c.fpu.sw),
              .top = at(&c.fpu.top),
              .tag = at(&c.fpu.tag),
              .fip = at(&c.fpu.fip),
              .exchange16 = c.model().has(Feature::Cx16),
              .flags = at(&c.jit.flags),
              .page = at(&c.jit.page),
              .spill = at(&c.jit.spill),
              .lanes = at(c.jit.lanes.data()),
              .linear = at(&c.jit.linear),
              .addend = at(c.jit.addend.data()),
              .target_rip = at(&c.jit.target_rip),
              .target = at(&c.jit.target),
              .target_page = at(&c.jit.target_page),
              .edge = at(&c.jit.edge)};
  stubs_->refill = &refill;
  Translator t(*layout_, *stubs_, cache_);
  const uint8_t* base = cache_.free();
  const size_t run = t.make_trampoline();
  stubs_->leave = base + t.make_leave();
  stubs_->leave_null = base + t.make_leave_null();
  stubs_->edge = base + t.make_edge();
  stubs_->by_page = base + t.make_by_page();
  stubs_->by_rip = base + t.make_by_rip();
  stubs_->over = base + t.make_over();
  stubs_->call_handler = base + t.make_call(&call_handler, true);
  stubs_->call_last = base + t.make_call(&call_last, false);
  stubs_->interpret = base + t.make_interpret();
  stubs_->clear_uppers = {base + t.make_clear_uppers(8), base + t.make_clear_uppers(16)};
  for (unsigned r = 0; r < 3; ++r) stubs_->miss[r] = base + t.make_miss(r);
  const size_t target = t.make_interpret_target();
  run_ = reinterpret_cast<Trampoline>(reinterpret_cast<uintptr_t>(cache_.run_address(base + run)));
  interpret_target_ = cache_.run_address(base + target);
  cache_.take(t.size(), 0);
  stub_bytes_ = cache_.used();
}

void Engine::watch(Block& b, uint16_t heat) {
  b.first = b.insns[0].fn;
  b.heat = heat;
  b.entry = interpret_target_;
  b.insns[0].fn = &count_entry;
}

void Engine::drop(Block& b) {
  b.entry = interpret_target_;
  if (b.code == nullptr) return;
  redirect(*b.code, interpret_target_);
  for (Edge* e = b.code->in; e != nullptr; e = e->next) unlink(*e);
  b.code->in = nullptr;
}

void Engine::reset() {
  codes_.clear();
  edges_.clear();
  // One of them may be running: a write to the chipset empties everything.
  spent_copies_.swap(copies_);
  copies_.clear();
  cache_.shrink(stub_bytes_);
  ++counters_.resets;
}

void Engine::patch(uint8_t* jump, const uint8_t* to) {
  const auto distance = static_cast<int32_t>(to - (cache_.run_address(jump) + 4));
  std::memcpy(jump, &distance, 4);
}

// Computed jumps may still know the entry.
void Engine::redirect(Code& code, const uint8_t* to) {
  constexpr uint8_t kJump = 0xE9;
  uint8_t* at = cache_.write_address(code.entry);
  *at = kJump;
  patch(at + 1, to);
}

void Engine::link(Edge& e, Block& to) {
  patch(e.jump, to.code->entry);
  e.next = to.code->in;
  to.code->in = &e;
  ++counters_.linked;
}

bool Engine::translate(Block& b, uint64_t rip, unsigned x87_top, bool apart) {
  spent_copies_.clear();
  const uint8_t* at = cache_.run_address(cache_.free());
  const uint8_t* seldom = cache_.run_address(cache_.free_seldom());
  Translator t(*layout_, *stubs_, cache_);
  Code& code = codes_.emplace_back();
  const size_t edges = edges_.size();
  try {
    t.translate(b, code, edges_, x87_top, apart, [this, &b](const Insn& i) {
      auto& copy = copies_.emplace_back();
      copy[0] = i;
      if (&i == b.insns) copy[0].fn = b.first;
      copy[1].fn = &end_of_copy;
      return copy.data();
    });
  } catch (const Xbyak::Error&) {
    codes_.pop_back();
    edges_.resize(edges);
    ++counters_.failed;
    return false;
  }
  code.x87_top = static_cast<uint8_t>(x87_top);
  code.entry = cache_.run_address(code.entry);
  code.body = cache_.run_address(code.body);
  cache_.take(code.size, code.seldom);
  b.code = &code;
  b.entry = code.entry;
  ++counters_.translated;
  counters_.instructions += b.count;
  counters_.handler_calls += t.handler_calls();
  counters_.host_bytes += code.size;
  counters_.host_bytes_seldom += code.seldom;
  if (settings_.listener != nullptr)
    settings_.listener->translated(t.shown(rip, {at, code.size}, {seldom, code.seldom}));
  return true;
}

const Insn* Engine::count_entry(Cpu& c, const Insn* i) {
  Block& b = *c.block;
  if (--b.heat != 0) return b.first(c, i);
  Engine& e = *c.blocks().engine();
  b.insns[0].fn = b.first;
  Block* old = e.cache_.room() < Translator::kMaxBytes ? nullptr : c.blocks().promote(&b);
  if (old == nullptr) {
    // Everything starts anew; what is running is only looked at until the next block is built.
    c.blocks().reset();
    return b.first(c, i);
  }
  c.block = old;
  if (!e.translate(*old, c.rip(), c.fpu.top, false)) {
    old->first = nullptr;
    return old->insns[0].fn(c, old->insns);
  }
  old->insns[0].fn = &enter;
  return enter(c, old->insns);
}

// Accesses that lie close together keep being in different pages.
void Engine::translate_apart(Block& b, uint64_t rip) {
  b.code->parted = 0;
  if (!b.valid || cache_.room() < Translator::kMaxBytes) return;
  for (Edge* e = b.code->in; e != nullptr; e = e->next) unlink(*e);
  b.code->in = nullptr;
  Code& before = *b.code;
  if (!translate(b, rip, before.x87_top, true)) return;
  redirect(before, b.entry);
  ++counters_.apart;
}

const Insn* Engine::enter(Cpu& c, const Insn* first) {
  Engine& e = *c.blocks().engine();
  if (!c.page_in_code_segment(*c.block)) return c.block->first(c, first);
  ++e.counters_.entered;
  c.jit.flags = to_host_flags(c.lazy.get());
  c.jit.page = c.rip() - (c.block->phys & 0xFFF);
  const uint64_t how = e.run_(&c, c.block->code->body);
  c.lazy.set(from_host_flags(c.jit.flags));
  ++e.counters_.left[how < kInterpret ? how : +kInterpret];
  switch (how) {
    case kDispatcher: return nullptr;
    case kEdge: return e.follow(c, e.edges_[c.jit.edge]);
    case kTarget: return nullptr;
    default: {
      const auto* i = reinterpret_cast<const Insn*>(how);
      Code& code = *c.block->code;
      if (code.parted > kPatience) e.translate_apart(*c.block, c.rip());
      if (std::exchange(c.jit.faulted, false)) return c.leave_fault(i);
      return i == c.block->insns ? c.block->first(c, i) : go(c, i);
    }
  }
}

// Out of an edge without a successor: the address is the successor's already.
const Insn* Engine::follow(Cpu& c, Edge& e) {
  Block* from = e.from;
  Block* to = from->valid ? from->link[e.taken] : nullptr;
  if ((from->mode & (kModeFlatCode | kModeCode64)) == 0) {
    // Other segments may lead here, so that the interpreter has no links; the whole page is in this one.
    to = from->valid ? c.blocks().find(from->phys + static_cast<uint64_t>(int64_t{e.delta}), from->mode)
                     : nullptr;
    if (to == nullptr || !to->valid || to->second != ~0ull) return nullptr;
  }
  if (to == nullptr || !to->valid) {
    // One that lies across two pages is never linked to, nor is one whose code is written all the time.
    if (++e.misses == kPatience) {
      patch(e.stub + Translator::kStubJump, cache_.run_address(stubs_->by_page));
    }
    c.expect_link(from, e.taken, (c.rip() - static_cast<uint64_t>(e.delta)) >> 12);
    return nullptr;
  }
  if (to->code != nullptr) link(e, *to);
  return c.enter(to, c.rip());
}

// A store to plain memory in a page with code, which it does not change.
bool Engine::store_beside_code(Cpu& c, const TlbEntry& e, unsigned width) {
  const uint64_t lin = c.jit.linear, tag = (lin & kPageMask) | c.asid;
  if (e.read_tag != tag || e.write_tag != (tag | kTagSlow)) return false;
  const mem::Region& w = c.memory().for_write({e.phys});
  if (w.kind != mem::Region::Kind::Ram || !w.writable) return false;
  const auto page = static_cast<uint32_t>((w.ram_offset + (e.phys - w.base)) >> 12);
  const auto offset = static_cast<unsigned>(lin & 0xFFF);
  if (c.memory().ram().code_chunks(page) == 0 || c.blocks().holds_code(page, offset, width)) return false;
  c.jit.linear = lin + e.addend;
  return true;
}

// An access missed. A fault is noted; whatever else is in the way is the interpreter's.
uint8_t Engine::refill(Cpu& c, const Block* b, uint32_t how) {
  const uint64_t lin = c.jit.linear;
  const unsigned width = how & (kWrite - 1);
  const bool write = (how & kWrite) != 0;
  // Where alignment is checked no access is fast, and #AC comes before a page fault that would leave CR2.
  if ((c.mode() & kModeAlign) != 0) return kRefused;
  if ((lin & 0xFFF) + width > mem::kPageSize || (c.code64() && !sem::canonical(c, lin))) return kRefused;
  const uint64_t span = how >> kSpanShift;
  const TlbEntry& there = c.tlb->at(lin);
  if (write && span == 0 && store_beside_code(c, there, width)) return kDone;
  // What is there but slow stays as it is: the tables may have changed since, without a flush.
  if ((write ? there.write_tag : there.read_tag) == ((lin & kPageMask) | c.asid | kTagSlow)) {
    if (span != 0) ++b->code->parted;
    return kRefused;
  }
  c.current = b->insns + (how >> kInsnShift & kInsnMask);
  const TlbEntry* e = c.fill(lin, write ? Access::Write : Access::Read, c.view());
  c.current = nullptr;
  c.jit.faulted = e == nullptr;
  if (e == nullptr) return kRefused;
  if (span != 0) {
    // The check of the whole group, as it is in the translation.
    const uint64_t low = lin - (how >> kBackShift & kBackMask);
    const TlbEntry& of_all = c.tlb->at(low);
    const uint64_t tag = ((low + span) & kPageMask) | c.asid;
    if (((how & kGroupWrite) != 0 ? of_all.write_tag : of_all.read_tag) == tag) return kRetry;
    ++b->code->parted;
    return kRefused;
  }
  if ((write ? e->write_tag : e->read_tag) == ((lin & kPageMask) | c.asid)) return kRetry;
  return write && store_beside_code(c, *e, width) ? kDone : kRefused;
}

bool Engine::call_handler(Cpu& c, const Insn* i) {
  c.lazy.set(from_host_flags(c.jit.flags));
  const Insn* next = i->fn(c, i);
  c.jit.flags = to_host_flags(c.lazy.get());
  return next == i + 1;
}

bool Engine::call_last(Cpu& c, const Insn* i) {
  c.lazy.set(from_host_flags(c.jit.flags));
  i->fn(c, i);
  c.jit.flags = to_host_flags(c.lazy.get());
  const bool waits = c.faulted_ || c.events_ || c.attention_ || c.pending.shadow ||
                     c.pending.activity != Activity::Running || (c.mode() & kModeSingle) != 0;
  return !waits && c.blocks().resets() == c.resets_seen_;
}

}  // namespace ilse::cpu::jit
