// The block level: lifting, liveness of the status flags, ways in and out, jumps to other blocks.
#include "cpu/jit/x64/translator.h"

#include <algorithm>
#include <cstddef>

#include "cpu/block/jump_table.h"
#include "cpu/isa/row.h"
#include "cpu/jit/x64/host.h"
#include "cpu/sem/lift_model.h"
#include "cpu/state.h"

namespace ilse::cpu::jit {

using namespace Xbyak;

Translator::Translator(const Layout& layout, const Stubs& stubs, const CodeCache& cache)
    : CodeGenerator(static_cast<size_t>(cache.end() - cache.free()), cache.free()),
      layout_(layout),
      stubs_(stubs),
      seldom_(static_cast<size_t>(cache.free_seldom() - cache.free())) {
  setDefaultJmpNEAR(true);
}

// --- lifting ---------------------------------------------------------------------------------------------

// What this list asks for and the selector does not have goes through the handler. Also settles what only the
// instruction's bytes tell: counts that are constant.
bool Translator::supported(const Insn& i, std::vector<MicroOp>& list) const {
  const bool flat_code = (block_->mode & kModeFlatCode) != 0;
  for (MicroOp& m : list) {
    unsigned w = width_of(m.width);
    if (m.place == Place::Vvvv && m.op != Op::ReadReg && m.op != Op::WriteReg) return false;
    switch (m.op) {
      case Op::LogicAnd: return false;
      case Op::Crc32:
        if (!host_has(Feature::Sse42)) return false;
        break;
      case Op::Branch:
      case Op::BranchIf:
        // A segment's limit, and the wrap of 16 bits, are the interpreter's.
        if (!flat_code && !in_page(i.ip + i.len + static_cast<int32_t>(i.imm))) return false;
        if (flat_code && i.op_size == 2) return false;
        break;
      case Op::Jump:
        if (flat_code && w == 2) return false;
        break;
      case Op::Shld:
      case Op::Shrd:
        // Of 16 bits the makers' processors differ for counts above that.
        if (w < 4) return false;
        break;
      case Op::SetFlags:
        if (list[m.a].op == Op::Adc && m.flags_written != kOSZAPC && !host_has(Feature::Adx)) return false;
        if (list[m.a].op == Op::Ado && !host_has(Feature::Adx)) return false;
        break;
      case Op::Rol:
      case Op::Ror:
        if (list.back().flags_written == 0 && w < 4) return false;  // MOVBE keeps the flags
        break;
      case Op::SetFlagsIfCount: {
        const MicroOp& p = list[m.a];
        const MicroOp& count = list[p.c != kNoRef ? p.c : p.b];
        if (count.op == Op::Imm) {
          if ((i.imm & (p.width == 8 ? 63 : 31)) == 0) return false;
          m.op = Op::SetFlags;
          m.flags_read = p.flags_read;
        }
        break;
      }
      default: break;
    }
  }
  return true;
}

void Translator::lift() {
  const Block& b = *block_;
  lifted_.assign(b.count, {});
  for (unsigned k = 0; k < b.count; ++k) {
    const Insn& i = b.insns[k];
    Lifted& l = lifted_[k];
    insn_ = &i;
    const Row* row = i.row;
    if (row == nullptr) continue;
    const unsigned size = row->l == VexL::By ? (i.vex & kVexL) != 0
                          : i.op_size == 2   ? 0
                          : i.op_size == 4   ? 1
                                             : 2;
    const Handler fn = k == 0 && b.first != nullptr ? b.first : i.fn;
    const Lift read = row->lift[size][i.mem];
    // Another handler than the row's raises an exception.
    if (fn != row->exec[size][i.mem]) continue;
    if (is_vector(i)) {
      l.native = l.vector = true;
      l.flags_written = row->flags.written;
      const unsigned g = row->reg_file == File::Gpr  ? i.reg / 8u
                         : row->rm_file == File::Gpr ? i.rm / 8u
                                                     : 16u;
      if (g < 16) l.guests_written = 1u << g;
      if (g < 16 && kHostOf[g] != kInMemory) l.registers_written = 1u << kHostOf[g];
      if (compares_strings(*row)) {
        l.guests_written = 1u << kRcx;
        l.registers_written = 1u << kHostOf[kRcx];
      }
      continue;
    }
    if (l.x87 = x87_form(i); l.x87.kind != X87Form::Kind::None) {
      l.native = true;
      l.flags_read = row->flags.read;
      l.flags_written = row->flags.written;
      if (l.x87.kind == X87Form::Kind::StatusToAx) {
        l.guests_written = 1u << kRax;
        l.registers_written = 1u << kHostOf[kRax];
      }
      continue;
    }
    if (l.system = system_form(i); l.system != SystemForm::None) {
      l.native = true;
      if (l.system == SystemForm::Pushf) {
        l.flags_read = kOSZAPC;
        l.guests_written = 1u << kRsp;
        l.registers_written = 1u << kHostOf[kRsp];
      }
      continue;
    }
    if (l.out = written_out_form(i); l.out != WrittenOut::None) {
      l.native = true;
      if (l.out == WrittenOut::Cmps || l.out == WrittenOut::Scas) l.flags_written = kOSZAPC;
      if (l.out == WrittenOut::Exchange) l.flags_read = kOSZAPC;
      for (unsigned g : {kRax, kRdx, kRsi, kRdi}) {
        l.guests_written |= 1u << g;
        l.registers_written |= 1u << kHostOf[g];
      }
      continue;
    }
    if (read == nullptr) continue;
    LiftModel model(l.list);
    read(model);
    l.native = supported(i, l.list);
    for (const MicroOp& m : l.list) {
      if (m.op == Op::SetFlagsIfCount) {
        l.may_write_flags = true;
      } else {
        l.flags_read |= m.flags_read;
        l.flags_written |= m.flags_written;
      }
      if (m.op != Op::WriteReg && m.op != Op::WriteRegUnless) continue;
      const uint8_t host = kHostOf[slot_of(m) / 8];
      if (host != kInMemory) l.registers_written |= 1u << host;
    }
  }
}

void Translator::find_live_flags() {
  uint32_t live = kOSZAPC, inside = kOSZAPC;
  for (size_t k = lifted_.size(); k-- > 0;) {
    Lifted& l = lifted_[k];
    l.live_after = live;
    l.live_inside = inside;
    const bool checked = l.group.place >= 0 && !l.group.first;
    const bool vector_exits =
        l.vector && block_->insns[k].mem && (!checked || vector_shape(block_->insns[k]).aligned);
    const bool mmx = l.vector && on_mmx(block_->insns[k]);
    l.exits = !l.native || vector_exits || mmx || l.out != WrittenOut::None ||
              l.x87.kind != X87Form::Kind::None || l.system == SystemForm::Sti ||
              l.system == SystemForm::Pushf;
    for (const MicroOp& m : l.list) {
      if (m.op == Op::CheckBranch || (checked && is_access(m))) continue;
      l.exits = l.exits || can_fault(m);
    }
    if (!l.native) {
      live = inside = kOSZAPC;
      continue;
    }
    inside = (inside & ~l.flags_written) | l.flags_read;
    live = l.exits ? +kOSZAPC : (live & ~l.flags_written) | l.flags_read;
  }
}

// --- ways out --------------------------------------------------------------------------------------------

// Whether the successor at `delta` from the block's address can be jumped to directly.
bool Translator::in_page(int64_t delta) const {
  const int64_t offset = static_cast<int64_t>(block_offset()) + delta;
  return offset >= 0 && offset < 4096 && block_->second == ~0ull;
}

void Translator::interpret_from(unsigned k) {
  mov(eax, k);
  jmp(interpret_);
}

// To a successor at `delta` from the block's address.
void Translator::edge(bool taken, int64_t delta) {
  if (!in_page(delta)) {
    cross_page(delta);
    return;
  }
  Label& stub = edge_stubs_.emplace_back();
  jmp(stub, T_NEAR);
  add_edge(taken, delta);
}

// The jump just written is the way to a successor in the page.
void Translator::add_edge(bool taken, int64_t delta) {
  edges_->push_back({.from = block_,
                     .jump = const_cast<uint8_t*>(getCurr()) - 4,
                     .stub = nullptr,
                     .next = nullptr,
                     .delta = static_cast<int32_t>(delta),
                     .taken = taken});
}

void Translator::cross_page(int64_t delta) {
  const bool wide = (block_->mode & kModeCodeMask) == kModeCode64;
  const int64_t offset = static_cast<int64_t>(block_offset()) + delta;
  mov(rcx, ptr[rbp + layout_.page]);
  if (offset == static_cast<int32_t>(offset)) {
    lea(rcx, ptr[rcx + static_cast<int32_t>(offset)]);
  } else {
    mov(rax, static_cast<uint64_t>(offset));
    add(rcx, rax);
  }
  if (!wide) mov(ecx, ecx);
  go_by_address(flat_code());
}

// RCX: where to go on.
void Translator::go_by_address(bool flat) {
  Label miss;
  look_up_target(miss);
  if (flat) {
    enter_target();
  } else {
    page_of_target();
    mov(ptr[rbp + layout_.page], rax);
    jmp(rdx);
  }
  L(miss);
  mov(guest(kSlotBlock), rcx);
  mov(eax, Engine::kDispatcher);
  jmp(stubs_.leave);
}

// RCX: a linear address. RDX: where its block is entered, if the table of computed jumps knows it.
void Translator::look_up_target(Label& miss) {
  mov(rax, rcx);
  shr(rax, 12);
  xor_(eax, ecx);
  and_(eax, ptr[rbp + layout_.jump_mask]);
  shl(eax, 5);
  add(rax, ptr[rbp + layout_.jumps]);
  cmp(ptr[rax], rcx);
  jne(miss);
  mov(rdx, ptr[rbp + layout_.jump_tag]);
  cmp(ptr[rax + 8], rdx);
  jne(miss);
  mov(rdx, ptr[rax + 24]);
}

// As look_up_target() leaves it. RAX: the linear address of the target's page; where the segment's base is
// not a page's, what it is by the offsets.
void Translator::page_of_target() {
  mov(rax, ptr[rax + static_cast<int>(offsetof(JumpTable::Entry, block))]);
  mov(eax, dword[rax + static_cast<int>(offsetof(Block, phys))]);
  and_(eax, 0xFFF);
  neg(rax);
  add(rax, rcx);
}

// The same in flat code, and on to it.
void Translator::enter_target() {
  mov(rax, rcx);
  and_(rax, static_cast<uint32_t>(-4096));
  mov(ptr[rbp + layout_.page], rax);
  jmp(rdx);
}

void Translator::call_handler(const Insn* copy) {
  ++handler_calls_;
  flush_flags();
  store_vectors(vector_);
  vector_ = {};
  mov(rax, reinterpret_cast<uint64_t>(block_));
  mov(rdx, reinterpret_cast<uint64_t>(copy));
  call(stubs_.call_handler);
  in_memory();
}

void Translator::call_last(const Insn* copy) {
  ++handler_calls_;
  flush_flags();
  store_vectors(vector_);
  mov(rax, reinterpret_cast<uint64_t>(block_));
  mov(rdx, reinterpret_cast<uint64_t>(copy));
  jmp(stubs_.call_last);
}

// --- the block -------------------------------------------------------------------------------------------

void Translator::translate(Block& b, Code& code, std::deque<Edge>& edges, unsigned x87_top, bool apart,
                           const std::function<const Insn*(const Insn&)>& copy) {
  block_ = &b;
  edges_ = &edges;
  x87_top_ = x87_top;
  may_loop_ = true;
  may_group_ = !apart;
  const size_t before = edges.size();
  lift();
  for (;;) {
    try {
      attempt(code, copy);
      return;
    } catch (const CannotLoop&) {
      may_loop_ = false;
      reset();
      edges.resize(before);
      handler_calls_ = 0;
    } catch (const Refused&) {
      // This one instruction goes through its handler; with it the liveness of flags changes.
      lifted_[index_].native = false;
      reset();
      edges.resize(before);
      handler_calls_ = 0;
    }
  }
}

Translation Translator::shown(uint64_t address, std::span<const uint8_t> host,
                              std::span<const uint8_t> ways_out) const {
  Translation t{.block = *block_, .rip = address, .host = host, .ways_out = ways_out, .parts = {}};
  for (const Lifted& l : lifted_) t.parts.push_back({l.list, l.native, l.host});
  return t;
}

// What little is ever run.
void Translator::ways_out() {
  mend_misses();
  for (size_t k = 0; k < edge_stubs_.size(); ++k) {
    Edge& e = (*edges_)[first_edge_ + k];
    L(edge_stubs_[k]);
    e.stub = const_cast<uint8_t*>(getCurr());
    mov(eax, static_cast<uint32_t>(first_edge_ + k));
    mov(ecx, static_cast<uint32_t>(static_cast<int64_t>(block_offset()) + e.delta));
    jmp(stubs_.edge, T_NEAR);
  }
  for (unsigned k = 0; k < out_.size(); ++k) {
    WayOut& out = out_[k];
    if (out.label.getId() == 0) continue;
    L(out.label);
    store_vectors(out.vector);
    if (!out.recipe.empty()) {
      replay(out.recipe);
      save_flags();
    }
    x87_flush(out.x87);
    interpret_from(k % block_->count);
  }
  if (interpret_.getId() == 0) return;
  L(interpret_);
  mov(rdx, reinterpret_cast<uint64_t>(block_));
  jmp(stubs_.interpret);
}

void Translator::attempt(Code& code, const std::function<const Insn*(const Insn&)>& copy) {
  const Block& b = *block_;
  find_groups();
  find_live_flags();
  Label over;
  out_ = std::vector<WayOut>(2 * b.count);
  interpret_ = Label();
  vector_ = {};
  x87_ = {};
  x87_.top = static_cast<uint8_t>(x87_top_);
  misses_.clear();
  edge_stubs_.clear();
  first_edge_ = edges_->size();
  const size_t entry = getSize();
  sub(qword[rbp + layout_.budget], b.count);
  js(over);
  const size_t body = getSize();
  loops_ = may_loop_ && is_loop();
  Label head, back;
  emit_body(0, copy, back);
  Label head_over;
  VectorCache vector_then;
  X87Cache x87_then;
  if (loops_) {
    // Round again, with what is in the host's registers.
    L(back);
    vector_then = vector_;
    x87_then = x87_;
    L(head);
    sub(qword[rbp + layout_.budget], b.count);
    js(head_over);
    Label again;
    emit_body(b.count, copy, again);
    L(again);
    same_as(vector_then, x87_then);
    jmp(head);
  }
  code.size = static_cast<uint32_t>(getSize());
  setSize(seldom_);
  ways_out();
  if (loops_) {
    L(head_over);
    store_vectors(vector_then);
    x87_flush(x87_then);
  }
  L(over);
  mov(rdx, reinterpret_cast<uint64_t>(block_));
  jmp(stubs_.over);
  ready();
  code.entry = getCode() + entry;
  code.body = getCode() + body;
  code.seldom = static_cast<uint32_t>(getSize() - seldom_);
}

// A block that ends in a jump back to its start, with registers that are worth keeping on the way.
bool Translator::is_loop() const {
  const Insn& i = block_->insns[block_->count - 1];
  const bool wide = (block_->mode & kModeCodeMask) == kModeCode64;
  const int64_t taken = i.ip + i.len + (wide ? static_cast<int64_t>(i.imm) : static_cast<int32_t>(i.imm));
  const std::vector<MicroOp>& last = lifted_.back().list;
  if (last.empty() || last.back().op != Op::BranchIf || taken != 0) return false;
  bool keeps = false;
  for (const Lifted& l : lifted_) {
    if (!l.native) return false;
    keeps = keeps || l.vector || l.x87.kind != X87Form::Kind::None;
  }
  return keeps;
}

// At the end of the loop: what is where it was at its start.
void Translator::same_as(const VectorCache& v, const X87Cache& x) {
  if (v != vector_ || !x87_arrange(x)) throw CannotLoop{};
}

// The instructions; `first`: where their ways out are. A loop's branch back goes to `back`.
void Translator::emit_body(unsigned first, const std::function<const Insn*(const Insn&)>& copy, Label& back) {
  const Block& b = *block_;
  in_memory();
  forget_steps();
  bool open = true;  // runs on behind the last instruction
  for (unsigned k = 0; k < b.count; ++k) {
    const Insn& i = b.insns[k];
    Lifted& l = lifted_[k];
    if (first == 0) l.host = static_cast<uint32_t>(getSize());
    index_ = k;
    insn_ = &i;
    live_ = l.live_after;
    out_index_ = first + k;
    WayOut& out = out_[out_index_];
    slow_ = &out.label;
    out.vector = vector_;
    out.x87 = x87_;
    if (!l.native) {
      open = i.row != nullptr && !i.row->has(kEndsBlock);
      if (open) {
        call_handler(copy(i));
        x87_handler(i);
      } else if (i.row != nullptr && i.row->has(kHelper)) {
        call_last(copy(i));
      } else {
        // Its handler would run on in the next block.
        flush_flags();
        store_vectors(vector_);
        interpret_from(k);
      }
      continue;
    }
    if (l.x87.kind != X87Form::Kind::None) {
      settle_flags(true, true, false);
      if (flags_ == Flags::Recipe) out.recipe = pending_;
      store_mmx(vector_);
      out.vector = vector_;
      x87();
      age_steps();
      continue;
    }
    if (l.system != SystemForm::None) {
      system();
      age_steps();
      continue;
    }
    if (l.out != WrittenOut::None) {
      written_out();
      age_steps();
      continue;
    }
    if (l.vector) {
      settle_flags(l.exits, on_mmx(i) && !vector_.mmx, false);
      if (flags_ == Flags::Recipe) out.recipe = pending_;
      vector();
      age_steps();
      continue;
    }
    if (!l.list.empty() && is_transfer(l.list.back()) && !loops_) {
      store_vectors(vector_);
      vector_ = out.vector = {};
    }
    begin(l);
    if (flags_ == Flags::Recipe) out.recipe = pending_;
    for (Ref r = 0; r < l.list.size(); ++r) emit(r);
    age_steps();
    if (l.list.empty() || !is_transfer(l.list.back())) continue;
    open = false;
    const MicroOp& last = l.list.back();
    if (last.op == Op::Jump) continue;
    flush_flags();
    const int64_t next = i.ip + i.len;
    const bool wide = (b.mode & kModeCodeMask) == kModeCode64;
    const int64_t taken = next + (wide ? static_cast<int64_t>(i.imm) : static_cast<int32_t>(i.imm));
    if (last.op == Op::Branch) {
      edge(true, taken);
      continue;
    }
    if (loops_) {
      branch_to(last.a, back);
      X87Cache left = x87_;
      store_vectors(vector_);
      x87_flush(left);
      edge(false, next);
      continue;
    }
    if (in_page(taken)) {
      Label& stub = edge_stubs_.emplace_back();
      branch_to(last.a, stub);
      add_edge(true, taken);
      edge(false, next);
    } else {
      Label to;
      branch_to(last.a, to);
      edge(false, next);
      L(to);
      edge(true, taken);
    }
  }
  if (open) {
    flush_flags();
    store_vectors(vector_);
    edge(false, b.bytes);
  }
}

}  // namespace ilse::cpu::jit
