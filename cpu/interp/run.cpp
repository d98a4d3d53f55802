// The dispatcher: finds or builds the next block, runs it, and takes what lies between blocks: interrupts,
// traps, single steps, the end of the slice (DESIGN.md §2, §3).
#include <algorithm>

#include "cpu/cpu.h"
#include "cpu/fpu/mxcsr.h"
#include "cpu/isa/decoder.h"
#include "cpu/isa/row.h"
#include "cpu/sem/helpers.h"

namespace ilse::cpu {

namespace {

// Behind the last instruction of a block that does not end in a transfer.
const Insn* end_of_block(Cpu& c, const Insn* i) { return c.jump((c.gpr[kSlotBlock] + i->ip) & c.ip_mask()); }

}  // namespace

const Insn* Cpu::leave_fault(const Insn* i) {
  // A fault takes an instruction's time: a handler that faults for ever has its slices end.
  budget += i->left - 1;
  set_rip((gpr[kSlotBlock] + i->ip) & ip_mask());
  // An x87 error that is FERR#'s business stops the processor without an exception.
  faulted_ = pending.activity == Activity::Running;
  single_fault_ = true;
  leave = false;
  return nullptr;
}

const Insn* Cpu::leave_after(const Insn* i) {
  budget += i->left - 1;
  leave = false;
  return leave_to(next_ip(i));
}

const Insn* Cpu::run_helper(void (*helper)(Cpu&, const Insn&), const Insn* i, bool ends_block) {
  current = i;
  next_rip = next_ip(i);
  try {
    helper(*this, *i);
  } catch (const GuestFault& f) {
    fault_ = f;
    current = nullptr;
    return leave_fault(i);
  }
  current = nullptr;
  if (ends_block || leave) {
    budget += i->left - 1;
    leave = false;
    return leave_to(next_rip);
  }
  return go(*this, i + 1);
}

bool Cpu::fetch_page(uint64_t lin, uint64_t* phys) {
  if (code64() && !sem::canonical(*this, lin)) {
    raise(kGP, 0);
    return false;
  }
  ExecEntry& e = (*exec_)[lin >> 12 & 255];
  uint64_t tag = (lin & kPageMask) | (user() ? space_ | kTagSlow : 0);
  if (e.tag != tag) {
    uint64_t p;
    if (!translate(lin, Access::Execute, view(), &p)) return false;
    note_leaf(lin);
    if (!leaf_.global && !user()) local_code_ = true;
    e = {tag, p & kPageMask};
  }
  *phys = e.phys | (lin & 0xFFF);
  return true;
}

Block Cpu::scratch_block(uint64_t phys) {
  Block b;
  b.phys = phys;
  b.mode = mode_;
  b.insns = scratch_insns_->data();
  return b;
}

// The arena is being filled anew: what still points into it would soon see another block's bytes.
void Cpu::forget_blocks() {
  resets_seen_ = blocks_.resets();
  const bool all = full_resets_seen_ != blocks_.full_resets();
  full_resets_seen_ = blocks_.full_resets();
  jumps_.forget_if([&](const Block* b) { return all || blocks_.among_young(b); });
  link_from_ = nullptr;
}

// Decodes from `lin` on. Null: fault_ is set.
Block* Cpu::build(uint64_t lin, uint64_t phys) {
  const mem::Region& region = memory_.for_read({phys});
  bool cached = region.host != nullptr && region.kind != mem::Region::Kind::DeviceRam;
  Block* b = cached ? blocks_.begin(phys, mode_) : &scratch_;
  if (blocks_.resets() != resets_seen_) forget_blocks();
  if (!cached) *b = scratch_block(phys);

  unsigned limit = (mode_ & kModeSingle) != 0 || !cached ? 1 : BlockCache::kMaxInsns;
  unsigned in_page = static_cast<unsigned>(mem::kPageSize - (phys & 0xFFF));
  uint64_t room =
      (mode_ & (kModeFlatCode | kModeCode64)) != 0 || code64() ? ~0ull : seg[kCs].limit - rip() + 1;
  uint64_t second_phys = ~0ull;
  uint8_t bytes[2 * kMaxInsnBytes];
  unsigned at = 0;
  bool stop = false;
  while (!stop && b->count < limit) {
    unsigned avail = std::min(in_page - at, kMaxInsnBytes);
    memory_.peek_bytes({phys + at}, {bytes, avail}, now());
    bool limited = room - at < avail;
    if (limited) avail = static_cast<unsigned>(room - at);
    Insn& insn = *new (b->insns + b->count) Insn;
    DecodeStatus status = decode(bytes, avail, mode_, model_, static_cast<uint16_t>(at), insn);
    if (status == DecodeStatus::NeedMore && !limited) {
      if (b->count != 0) break;  // an instruction that crosses a page has a block of its own
      if (!fetch_page(code64() ? lin + in_page : (lin + in_page) & 0xFFFFFFFF, &second_phys)) {
        if (fault_.vector == kPFv) cr.cr2 = code64() ? lin + in_page : (lin + in_page) & 0xFFFFFFFF;
        return nullptr;
      }
      unsigned more = kMaxInsnBytes - avail;
      memory_.peek_bytes({second_phys}, {bytes + avail, more}, now());
      unsigned total = static_cast<unsigned>(std::min<uint64_t>(kMaxInsnBytes, room));
      status = decode(bytes, total, mode_, model_, 0, insn);
      stop = true;
    }
    if (status != DecodeStatus::Ok) {
      // Too long, or beyond the code segment's limit.
      if (b->count != 0) break;
      raise(kGP, 0);
      return nullptr;
    }
    at += insn.len;
    ++b->count;
    if (insn.row == nullptr || insn.row->has(kEndsBlock) || at >= in_page || at >= room) stop = true;
  }
  b->bytes = static_cast<uint16_t>(at);
  for (unsigned k = 0; k < b->count; ++k) b->insns[k].left = static_cast<uint16_t>(b->count - k);
  Insn& end = *new (b->insns + b->count) Insn;
  end.fn = &end_of_block;
  end.ip = b->bytes;

  if (!cached) return b;
  auto note = [&](int k, uint64_t from, unsigned n) {
    const mem::Region& r = memory_.for_read({from});
    if (r.kind != mem::Region::Kind::Ram) return;
    b->page[k] = static_cast<uint32_t>((r.ram_offset + (from - r.base)) >> 12);
    b->chunks[k] = mem::Ram::chunk_mask(from & 0xFFF, n);
  };
  note(0, phys, std::min(at, in_page));
  if (at > in_page) {
    note(1, second_phys & kPageMask, at - in_page);
    b->second = second_phys & kPageMask;
  }
  blocks_.insert(b);
  return b;
}

// Whether all of the page is in the code segment: jumps within it need no check then.
bool Cpu::page_in_code_segment(const Block& b) const {
  if ((b.mode & (kModeFlatCode | kModeCode64)) != 0) return true;
  const uint64_t offset = b.phys & 0xFFF, at = rip();
  const bool short_code = (b.mode & kModeCodeMask) == kModeCode16;
  const uint64_t limit = std::min<uint64_t>(seg[kCs].limit, short_code ? 0xFFFF : ~0u);
  return at >= offset && at - offset + mem::kPageSize - 1 <= limit;
}

// The same number for the same base and limit, as long as it is remembered; never one that had another.
uint64_t Cpu::code_segment_number() {
  constexpr uint16_t kLast = (1u << 11) - 1;
  const Segment& cs = seg[kCs];
  CodeSegment& known =
      code_segments_[(cs.base >> 4 ^ cs.base >> 12 ^ cs.limit >> 8) & (code_segments_.size() - 1)];
  if (known.number != 0 && known.base == cs.base && known.limit == cs.limit) return known.number;
  if (last_code_segment_ == kLast) {
    forget_jumps();
    code_segments_.fill({});
    last_code_segment_ = 0;
  }
  known = {cs.base, cs.limit, ++last_code_segment_};
  return known.number;
}

// The block at CS:RIP, if computed jumps know it and nobody waits for a link to it.
Block* Cpu::known_block() {
  if (link_from_ != nullptr) return nullptr;
  Block* b = jumps_.find(rip(), jump_tag_);
  if (b != nullptr) observed_ = false;
  return b;
}

// The block at CS:RIP. Null: fault_ is set.
Block* Cpu::find_block() {
  uint64_t at = rip();
  uint64_t lin = at;
  bool flat = code64() || (mode_ & kModeFlatCode) != 0;
  if (!code64()) lin = (at + seg[kCs].base) & 0xFFFFFFFF;
  if (!flat && at > seg[kCs].limit) {
    raise(kGP, 0);
    return nullptr;
  }
  uint64_t phys;
  if (!fetch_page(lin, &phys)) return nullptr;
  Block* b = jumps_.recall(at, phys, mode_);
  if (b == nullptr) b = blocks_.find(phys, mode_);
  if (b != nullptr && b->second != ~0ull) {
    // Its last bytes are in another page, which may be mapped elsewhere by now.
    uint64_t second, next = (lin & kPageMask) + mem::kPageSize;
    if (!fetch_page(code64() ? next : next & 0xFFFFFFFF, &second)) return nullptr;
    if ((second & kPageMask) != b->second) {
      blocks_.drop(b);
      b = nullptr;
    }
  }
  if (b != nullptr && !flat && at + b->bytes - 1 > seg[kCs].limit) {
    // Found through another code segment with a larger limit: this one ends inside.
    blocks_.drop(b);
    b = nullptr;
  }
  if (b == nullptr) {
    b = build(lin, phys);
    if (b == nullptr) return nullptr;
  }
  observed_ = observer_ != nullptr && observer_->wants_code(*this, lin & kPageMask, phys & kPageMask);
  // What is observed is found anew each time: here, where run() can see it.
  if (!flat && b->cached && !observed_ && (mode_ & kModeSingle) == 0 && page_in_code_segment(*b))
    jumps_.note(at, jump_tag_, *b, lin);
  if (flat && b->cached && !observed_ && (mode_ & kModeSingle) == 0) {
    jumps_.note(at, jump_tag_, *b, lin);
    // A link holds as long as both ends are in one page: then one translation serves both.
    if (link_from_ != nullptr && link_from_->valid && link_from_->mode == mode_ && b->second == ~0ull &&
        link_from_->second == ~0ull && link_from_->phys >> 12 == phys >> 12 && link_lin_page_ == lin >> 12) {
      link_from_->link[link_taken_] = b;
      blocks_.linked(link_from_, b);
    }
  }
  link_from_ = nullptr;
  return b;
}

// The first `count` instructions of `b`, to end a slice on the exact instruction.
Block* Cpu::part_of(const Block& b, unsigned count) {
  scratch_ = scratch_block(b.phys);
  scratch_.count = static_cast<uint16_t>(count);
  scratch_.valid = true;
  scratch_.origin = &b;
  std::copy(b.insns, b.insns + count, scratch_.insns);
  if (b.first != nullptr) scratch_.insns[0].fn = b.first;
  for (unsigned k = 0; k < count; ++k) scratch_.insns[k].left = static_cast<uint16_t>(count - k);
  Insn& end = scratch_.insns[count];
  end = Insn{};
  end.fn = &end_of_block;
  end.ip = static_cast<uint16_t>(b.insns[count - 1].ip + b.insns[count - 1].len);
  return &scratch_;
}

// Its first instruction, with no link to a successor.
Block* Cpu::first_of(Block* b) {
  bool alone = !b->cached || (mode_ & kModeSingle) != 0;
  return alone ? b : part_of(*b, 1);
}

void Cpu::execute(Block* b) {
  // Traps that wait for the end of this instruction's shadow; its own are lost if it faults.
  const uint64_t waiting = pending.debug_trap;
  leave = false;
  budget -= b->count;
  block = b;
  const Insn* i = b->insns;
  if constexpr (kThreaded) {
    i->fn(*this, i);
  } else {
    while (i != nullptr) i = i->fn(*this, i);
  }
  if (faulted_) {
    faulted_ = false;
    single_fault_ = true;
    pending.debug_trap = waiting;
    GuestFault f = fault_;
    deliver(f.vector, Cause::Exception, f.has_error ? std::optional<uint32_t>(f.error) : std::nullopt, rip());
  }
}

bool Cpu::code_breakpoint() {
  if ((system_flags & kRF) != 0 || (cr.dr[7] & 0xFF) == 0) return false;
  uint64_t lin = code64() ? rip() : (rip() + seg[kCs].base) & 0xFFFFFFFF, hits = 0;
  for (unsigned k = 0; k < 4; ++k) {
    bool on = (cr.dr[7] >> (2 * k) & 3) != 0 && (cr.dr[7] >> (16 + 4 * k) & 3) == 0;
    if (on && cr.dr[k] == lin) hits |= 1ull << k;
  }
  if (hits == 0) return false;
  cr.dr[6] |= hits;
  return true;
}

// One instruction, with everything that may watch it: TF, RF, breakpoints, an observer. Behind MOV SS no
// breakpoint counts. False: the observer stopped before it.
bool Cpu::run_single(bool shadow_ss) {
  if (!shadow_ss && code_breakpoint()) {
    --budget;
    deliver(kDB, Cause::Exception, std::nullopt, rip());
    return true;
  }
  Block* b = find_block();
  if (b == nullptr) {
    --budget;
    GuestFault f = fault_;
    deliver(f.vector, Cause::Exception, f.has_error ? std::optional<uint32_t>(f.error) : std::nullopt, rip());
    return true;
  }
  b = first_of(b);
  if (observed_) {
    MxcsrScope::collect(mxcsr);
    if (!observer_->before(*this, b->insns[0])) {
      stop();
      return false;
    }
  }
  bool trap = (system_flags & kTF) != 0, resumed = (system_flags & kRF) != 0;
  const uint64_t before = count(), start = rip();
  const Insn first = b->insns[0];
  single_fault_ = false;
  execute(b);
  bool done = !single_fault_;
  // IRET loads RF; a string instruction in the middle keeps it.
  const bool iret = first.row != nullptr && first.row->map == Map::OneByte && first.opcode == 0xCF;
  const bool middle = first.row != nullptr && first.row->has(kString) && rip() == start;
  if (resumed && done && before != count() && !iret && !middle) {
    system_flags &= ~kRF;
    update_mode();
  }
  if (trap && done) {
    pending.debug_trap |= 1u << 14;
    events_ = true;
  }
  if (observed_) observer_->after(*this);
  return true;
}

// What happens between two instructions, in the order of SDM vol. 3A, table 6-2.
void Cpu::events() {
  Pending& p = pending;
  if (p.init && !p.smm) {
    reset(false);
    return;
  }
  if (p.sipi) {
    p.sipi = false;
    if (p.activity == Activity::WaitForSipi) {
      seg[kCs].selector = static_cast<uint16_t>(p.sipi_vector << 8);
      seg[kCs].base = static_cast<uint64_t>(p.sipi_vector) << 12;
      set_rip(0);
      p.activity = Activity::Running;
      update_mode();
    }
  }
  if (p.activity == Activity::WaitForSipi || p.activity == Activity::Shutdown) return;
  if (p.smi && !p.smm && !p.shadow) {
    p.smi = false;
    sem::enter_smm(*this);
    return;
  }
  if (p.debug_trap != 0 && !p.shadow_ss) {
    cr.dr[6] |= p.debug_trap;
    p.debug_trap = 0;
    deliver(kDB, Cause::Exception, std::nullopt, rip());
    return;
  }
  if (p.nmi && !p.nmi_blocked && !p.shadow_ss) {
    p.nmi = false;
    p.nmi_blocked = true;
    p.activity = Activity::Running;
    deliver(kNMI, Cause::Nmi, std::nullopt, rip());
    return;
  }
  if (p.intr && (system_flags & kIF) != 0 && !p.shadow) {
    p.activity = Activity::Running;
    uint8_t vector = board_.acknowledge(now());
    deliver(vector, Cause::External, std::nullopt, rip());
    return;
  }
  events_ = p.intr || p.nmi || p.debug_trap != 0 || p.smi;
}

RunExit Cpu::run(uint64_t instructions) {
  MxcsrScope guest_mxcsr(mxcsr);
  HostX87Scope guest_x87;
  instructions = std::min<uint64_t>(instructions, kKick / 4);
  target_ = retired + instructions;
  budget = static_cast<int64_t>(instructions);
  current = nullptr;
  stop_ = attention_ = false;
  link_from_ = nullptr;
  if (blocks_.resets() != resets_seen_) forget_blocks();
  RunExit exit = RunExit::Slice;
  for (;;) {
    if (kicked()) [[unlikely]]
      attention();
    if (attention_) [[unlikely]] {
      attention_ = false;
      // First, so that a watchpoint stops behind its instruction and not in an interrupt's handler.
      if (stop_) {
        exit = RunExit::Stopped;
        break;
      }
      // What is left of the budget is the rest of the block, which may go beyond what the board waits for.
      target_ -= static_cast<uint64_t>(rest());
      budget = 0;
    }
    if (events_) {
      events();
      if (stop_) continue;
    }
    if (pending.activity == Activity::Shutdown) {
      exit = RunExit::Shutdown;
      break;
    }
    if (pending.activity != Activity::Running) {
      exit = RunExit::Halted;
      break;
    }
    if (rest() <= 0) break;
    bool shadow = pending.shadow;
    if (shadow || (mode_ & kModeSingle) != 0) {
      pending.shadow = false;
      bool shadow_ss = pending.shadow_ss;
      pending.shadow_ss = false;
      if (shadow_ss) events_ = true;
      if (shadow && pending.intr) events_ = true;
      // Not a branch's target with it: what waits behind the shadow comes first.
      mode_ |= kModeSingle;
      update_tag();
      bool ran = run_single(shadow_ss);
      // Of several that load SS in a row only the first holds off what waits.
      if (ran && shadow_ss && pending.shadow_ss) {
        pending.shadow = pending.shadow_ss = false;
        events_ = true;
      }
      update_mode();
      if (!ran) {
        pending.shadow = shadow;
        pending.shadow_ss = shadow_ss;
      }
      continue;
    }
    Block* b = known_block();
    if (b == nullptr) b = find_block();
    if (b == nullptr) {
      --budget;
      GuestFault f = fault_;
      deliver(f.vector, Cause::Exception, f.has_error ? std::optional<uint32_t>(f.error) : std::nullopt,
              rip());
      continue;
    }
    if (observed_) {
      MxcsrScope::collect(mxcsr);
      if (!observer_->before(*this, b->insns[0])) {
        stop();
        continue;
      }
      b = first_of(b);
    } else if (const int64_t left = rest(); b->count > left) {
      b = part_of(*b, static_cast<unsigned>(left));
    }
    execute(b);
  }
  MxcsrScope::collect(mxcsr);
  block = nullptr;
  retired = target_ - static_cast<uint64_t>(rest());
  target_ = retired;
  budget = 0;
  return exit;
}

}  // namespace ilse::cpu
