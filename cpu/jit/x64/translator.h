// From a block to x86-64 host code (Intel SDM vol. 2). The lifted form of each instruction is read from front
// to back, with every guest register in its place (layout.h) and the status flags in the host's RFLAGS from
// the operation that sets them to where they are used.
//
// Whatever can fault or needs the interpreter comes before the instruction's first write, so that the way
// out is always the same: the instruction starts over in the interpreter.
#pragma once

#include <xbyak/xbyak.h>

#include <array>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "cpu/block/block.h"
#include "cpu/isa/row.h"
#include "cpu/jit/engine.h"
#include "cpu/jit/micro_op.h"
#include "cpu/jit/x64/layout.h"

namespace ilse::cpu::jit {

// Where translated code goes when it is left, in the writable view.
struct Stubs {
  const uint8_t* leave;                        // stores the registers and returns RAX
  const uint8_t* leave_null;                   // the same without the registers, and 0
  const uint8_t* over;                         // RDX: the block, which is too long for what may still run
  const uint8_t* edge;                         // EAX: its number, ECX: the successor's offset in the page
  const uint8_t* by_page;                      // to the block there
  const uint8_t* by_rip;                       // to the block at RIP
  std::array<const uint8_t*, 2> clear_uppers;  // of YMM0 to 7 and 0 to 15, in memory
  const uint8_t* interpret;                    // RDX: the block, EAX: the instruction's number in it
  // RAX: the block, RDX: the instruction's copy. The second goes on at RIP.
  const uint8_t* call_handler;
  const uint8_t* call_last;
  // By the register of the linear address. RAX or, where that is it, RCX: the block. On the stack: how, which
  // it takes off. The flags are those of comparing a Refill with kRetry.
  std::array<const uint8_t*, 3> miss;
  uint8_t (*refill)(Cpu&, const Block*, uint32_t how);
};

}  // namespace ilse::cpu::jit

namespace ilse::cpu::jit {

// An operation on registers that can be done again for its flags.
struct Step {
  enum class Kind : uint8_t { Compare, Test, Add, Sub, Neg, Inc, Dec, Rol, Ror } kind = Kind::Compare;
  uint8_t width = 8;
  uint8_t d = 0;  // host registers of the guest's
  uint8_t s = 0;
  bool has_register = false;  // s, else imm
  bool in_place = false;      // d holds the result
  bool full = false;          // sets all flags
  uint64_t imm = 0;
  unsigned made_at = 0;  // index of the instruction
};

// What an x87 instruction does, as far as translation has to know.
struct X87Form {
  enum class Kind : uint8_t {
    None,
    Arith,           // ST(0) = ST(0) op ST(i)
    ArithTo,         // ST(i) = ST(i) op ST(0)
    ArithMemory,     // ST(0) = ST(0) op memory
    Compare,         // FCOM
    CompareNan,      // FUCOM
    CompareMemory,   // FCOM, FICOM
    CompareToFlags,  // FCOMI, FUCOMI
    Test,
    Load,
    Constant,
    Copy,         // FLD ST(i)
    Store,        // FST, FIST and, with pops, FSTP, FISTP
    StoreAndPop,  // those that only exist with a pop
    CopyTo,       // FST ST(i)
    Exchange,
    Free,
    Sign,             // FCHS, FABS
    Root,             // FSQRT, FRNDINT
    Scale,            // FSCALE
    Remainder,        // FPREM, FPREM1
    Extract,          // FXTRACT
    Examine,          // FXAM
    ConditionalMove,  // FCMOVcc
    Increment,        // FINCSTP
    Decrement,        // FDECSTP
    Wait,
    StatusToAx,
    StoreControl,
    LoadControl
  } kind = Kind::None;
  unsigned bytes = 0;  // of the memory operand
  unsigned pops = 0;

  bool stores() const {
    return kind == Kind::Store || kind == Kind::StoreAndPop || kind == Kind::StoreControl;
  }
};

// System instructions that are translated (system.cpp).
enum class SystemForm : uint8_t { None, Cli, Sti, Pushf, Swapgs, Cld, Std, Fence };

// Helpers of the interpreter that are written out here (written_out.cpp).
enum class WrittenOut : uint8_t { None, Movs, Stos, Lods, Scas, Cmps, Xlat, Exchange, MaskedMove, Gather };

// Which of the guest's vector registers are in the host's: bits of their numbers, for the lower 128 bits and
// the upper, and of the MMX registers. Dirty: not in memory.
struct VectorCache {
  uint16_t loaded = 0, dirty = 0, upper_loaded = 0, upper_dirty = 0;
  uint8_t mmx_loaded = 0, mmx_dirty = 0;
  bool mmx = false;  // no x87 error waits, TOP is 0 and all tags are valid, in memory too

  bool operator==(const VectorCache&) const = default;
};

// What of the guest's x87 is in the host's, or known, at a point of a block.
struct X87Cache {
  bool known = false;  // TOP is, and the host's control word is the guest's with all exceptions masked
  uint8_t top = 0, top_in_memory = 0;
  std::array<uint8_t, 8> host{};  // the host's stack from its top: physical registers of the guest's
  uint8_t depth = 0;
  uint8_t dirty = 0;            // bits of physical registers: not in memory
  uint8_t full = 0, empty = 0;  // tags that are known
  uint8_t tag_changed = 0;      // and not in memory
  enum class C1 : uint8_t { Memory, Zero, Host } c1 = C1::Memory;
  bool raised = false;  // the host may have exception flags that memory has not
  bool has_ip = false;  // FIP is the block's address and `ip`, and not in memory
  uint16_t ip = 0;
};

// Thrown when an instruction is beyond the selector's means; it goes through its handler.
struct Refused {};
// Thrown when a loop ends with other things in the host's registers than it starts with.
struct CannotLoop {};

class Translator : private Xbyak::CodeGenerator {
 public:
  // Writes a block to the cache's parts, an engine's stubs to the first.
  Translator(const Layout& layout, const Stubs& stubs, const CodeCache& cache);

  // Fills `code` but for its addresses' view. `copy` gives an instruction that goes through its handler a
  // place of its own.
  // `x87_top`: what TOP is likely to be where the block is entered. `apart`: every access is checked alone.
  void translate(Block& b, Code& code, std::deque<Edge>& edges, unsigned x87_top, bool apart,
                 const std::function<const Insn*(const Insn&)>& copy);
  // Of the stubs so far.
  size_t size() const { return getSize(); }
  // The block for a listener; valid as long as this.
  Translation shown(uint64_t address, std::span<const uint8_t> host, std::span<const uint8_t> ways_out) const;
  unsigned handler_calls() const { return handler_calls_; }

  // stubs.cpp: those of an engine; each returns the offset at which it starts.
  size_t make_trampoline();
  size_t make_leave();
  size_t make_leave_null();
  size_t make_edge();
  size_t make_by_page();
  size_t make_by_rip();
  size_t make_over();
  size_t make_call(bool (*function)(Cpu&, const Insn*), bool returns);
  size_t make_clear_uppers(unsigned count);
  size_t make_interpret();
  size_t make_miss(unsigned linear);
  size_t make_interpret_target();

  // Where in an edge's stub the displacement of its jump is.
  static constexpr size_t kStubJump = 11;
  // Room that any block's code fits in.
  static constexpr size_t kMaxBytes = size_t{96} << 10;

 private:
  // A value of the list that is being translated.
  struct Value {
    enum class Kind : uint8_t {
      None,
      Imm,
      Guest,   // still in the guest's register `reg`
      Host,    // in the host's scratch register `reg`
      NextIp,  // the block's address + imm
      Cond,    // condition code `reg` of the host's flags
      Stored,  // already in memory
    } kind = Kind::None;
    uint8_t width = 8;
    uint8_t reg = 0;
    bool high = false;      // Guest: AH, CH, DH or BH
    bool extended = false;  // Host: zero beyond its width
    uint64_t imm = 0;
  };
  // An access that is checked together with others (groups.cpp).
  struct Group {
    int8_t place = -1;   // in Context::addend; -1: on its own
    bool first = false;  // it checks for all
    bool write = false;  // one of them stores
    uint16_t back = 0;   // from its address to the lowest
    uint16_t span = 0;   // of all, in bytes
  };
  struct Lifted {
    std::vector<MicroOp> list;
    bool native = false;
    bool vector = false;                   // native without a list
    X87Form x87;                           // likewise, if it has a kind
    SystemForm system = SystemForm::None;  // likewise
    WrittenOut out = WrittenOut::None;     // likewise
    Group group;
    bool exits = false;        // may start over in the interpreter, or goes through its handler
    uint32_t live_after = 0;   // status flags that somebody may look at
    uint32_t live_inside = 0;  // those but for ways out: what the block itself, or its successor, looks at
    uint32_t flags_read = 0, flags_written = 0;
    bool may_write_flags = false;    // unless a count is 0
    uint32_t registers_written = 0;  // host registers of guest registers
    uint32_t guests_written = 0;     // bits of guest registers, of what has no list
    uint32_t host = 0;               // where its code begins
  };
  // Where the guest's status flags are.
  enum class Flags : uint8_t {
    Memory,
    Both,
    Host,
    Recipe,  // nowhere: pending_ gives them, on top of what is in memory
  };

  // translator.cpp: the block
  void lift();
  bool supported(const Insn& i, std::vector<MicroOp>& list) const;
  void find_live_flags();
  void attempt(Code& code, const std::function<const Insn*(const Insn&)>& copy);
  void emit_body(unsigned first, const std::function<const Insn*(const Insn&)>& copy, Xbyak::Label& back);
  bool is_loop() const;
  void same_as(const VectorCache& v, const X87Cache& x);
  void ways_out();
  void set_rip(Xbyak::Reg64 block, Xbyak::Reg64 temp);
  unsigned block_offset() const { return static_cast<unsigned>(block_->phys & 0xFFF); }
  bool in_page(int64_t delta) const;
  bool flat_code() const { return (block_->mode & (kModeFlatCode | kModeCode64)) != 0; }
  void interpret_from(unsigned k);
  void edge(bool taken, int64_t delta);
  void add_edge(bool taken, int64_t delta);
  void cross_page(int64_t delta);
  void go_by_address(bool flat = false);
  void look_up_target(Xbyak::Label& miss);
  void page_of_target();
  void enter_target();
  void call_handler(const Insn* copy);
  void call_last(const Insn* copy);

  // groups.cpp
  struct MemoryOperand {
    unsigned bytes = 0;
    bool write = false;
    Ref stack = kNoRef;  // its address on the stack; else it is the ModRM operand
  };
  std::optional<MemoryOperand> memory_operand(const Lifted& l, const Insn& i) const;
  void find_groups();
  std::optional<std::pair<unsigned, int64_t>> register_plus(const std::vector<MicroOp>& list, Ref r,
                                                            unsigned width) const;

  // flags.cpp: the status flags
  void flush_flags(bool keep = true);
  void save_flags();
  void load_flags();
  void want_host_flags(uint32_t looked_at = 0);
  void keep_of();
  void in_memory();
  void forget_steps();
  void spoil_flags();
  bool defer(uint32_t mask, const std::optional<Step>& step);
  void made_flags(uint32_t mask, std::optional<Step> step = {}, bool deferred = false);
  bool dead_before(unsigned k, uint32_t inputs) const;
  void settle_flags(bool exits, bool spoils, bool makes);
  void age_steps();
  void replay(const std::vector<Step>& steps);

  // select.cpp: one instruction
  void begin(const Lifted& l);
  bool unused_test(Ref r) const;
  void emit(Ref r);
  void arithmetic(Ref r);
  void add_by_one_flag(Ref r);
  bool only_flags(Ref r) const;
  void update_memory(Ref r);
  void compare(Ref r);
  void compute(Ref r);
  void shift(Ref r);
  void shift_operand(Op op, const Xbyak::Operand& d, int n);
  void shift_by_cl(Ref r, std::optional<uint8_t> dest);
  void double_shift(Ref r);
  void settle_product(Xbyak::Reg64 low, unsigned width, uint32_t mask, bool pair);
  void multiply(Ref r);
  void divide(Ref r);
  void scan(Ref r);
  void bit(Ref r);
  void condition(Ref r);
  void flags_byte(Ref r);
  void crc32_(Ref r);
  void bits(Ref r);
  bool shift_without_flags(Ref r);
  void select(Ref r);
  void set_cf(Ref r);
  void set_condition(unsigned code, Xbyak::Reg8 d);
  void extend(Ref r);
  void branch_to(Ref cond, Xbyak::Label& to);
  void apply(Op op, const Xbyak::Operand& d, Ref b, unsigned width, int avoid = -1);
  bool lea_instead(Ref r);
  void place_pair(Ref first, Ref second, unsigned width);
  void move_if(unsigned code, const Xbyak::Reg& d, const Xbyak::Operand& s);
  void jump_if(unsigned code, const Xbyak::Label& to);

  // memory.cpp: addresses, the TLB, loads and stores
  void address(Ref r);
  void bit_unit(Ref r);
  void through_segment(Xbyak::Reg64 d, unsigned segment, unsigned width, bool write);
  void linear(Ref r);
  void check_tlb(Xbyak::Reg64 lin, unsigned width, bool write, bool mends = true);
  void use_addend(Xbyak::Reg64 lin);
  void mend_misses();
  void load(Ref r);
  void load_for_write(Ref r);
  void store(Ref r);
  void store_back(Ref r);
  void put(Xbyak::Reg64 at, Ref value, unsigned width);
  bool updates_in_place(Ref loaded) const;
  Xbyak::Reg64 operand_pointer(unsigned bytes, bool write, bool aligned = false, bool mends = true);
  void check_target(Ref r);
  void jump(Ref r);

  // vector.cpp: SSE and AVX
  bool is_vector(const Insn& i) const;
  static bool compares_strings(const Row& r);
  static MemoryShape vector_shape(const Insn& i);
  static bool stores_vector(const Insn& i);
  void vector();
  void need_xmm(unsigned n);
  void need_ymm(unsigned n);
  void wrote_vector(unsigned n, bool whole);
  void store_vectors(const VectorCache& v);
  void load_vectors(const VectorCache& v);
  void legacy_encoding(unsigned reg, unsigned rm, bool wide);
  void vex_encoding(unsigned reg, unsigned rm, bool wide, bool long_form);
  void clear_uppers();

  // mmx.cpp
  static bool on_mmx(const Insn& i);
  void need_mmx(unsigned n);
  void store_mmx(VectorCache& v);
  void load_mmx(const VectorCache& v);
  void begin_mmx(bool stores);
  void open_mmx();
  void end_mmx();

  // x87.cpp
  X87Form x87_form(const Insn& i) const;
  void x87_handler(const Insn& i);
  void x87_move(unsigned extension, unsigned p);
  int x87_at(unsigned p) const;
  void x87_push(unsigned p);
  void x87_load(unsigned p);
  void x87_to_top(unsigned p);
  void x87_forget(unsigned p);
  void x87_make_room();
  void x87_drop_top();
  void x87_first_two();
  void x87_pop();
  void x87_fill(unsigned p);
  void x87_open();
  void x87_select(Xbyak::Reg32 cw);
  void x87_need(uint8_t full, uint8_t empty);
  void x87_settle_status(X87Cache& s);
  void x87_settle(X87Cache& s);
  void x87_store(X87Cache& s);
  void x87_flush(X87Cache& s);
  bool x87_last() const;
  bool x87_arrange(const X87Cache& wanted);
  void x87();

  // system.cpp
  SystemForm system_form(const Insn& i) const;
  void system();
  void pushf_();

  // written_out.cpp
  WrittenOut written_out_form(const Insn& i) const;
  void written_out();
  Xbyak::Reg64 checked_pointer(unsigned guest, unsigned width, bool write);
  void finish_pointer(bool destination, unsigned width, bool write);
  void advance(unsigned guest, int by);
  void exchange();

  // elements.cpp
  WrittenOut elements_form(const Insn& i) const;
  void masked_move();
  void gather();

  // values.cpp: values and registers
  unsigned width_of(uint8_t w) const;
  unsigned slot_of(const MicroOp& m) const;
  static bool flag_only(const MicroOp& m) { return m.op == Op::SetFlags || m.op == Op::SetFlagsIfCount; }
  Xbyak::Reg64 alloc();
  void pin_conditions();
  Xbyak::Reg64 spare(int avoid = -1) const;
  Xbyak::Reg64 lazy_temp(Ref b, int avoid = -1) const;
  std::optional<uint8_t> in_place_narrow(Ref r, Ref a) const;
  void use(Ref r);
  void set_host(Ref r, Xbyak::Reg64 reg, bool extended);
  Xbyak::Reg64 reg_for(Ref r, Xbyak::Reg64 temp);
  Xbyak::Reg64 into_scratch(Ref r);
  void move(Xbyak::Reg64 d, Ref r, unsigned width);
  std::optional<uint8_t> destination(Ref r) const;
  std::pair<Xbyak::Reg64, bool> target_for(Ref r);
  void finish(Ref r, Xbyak::Reg64 d, bool in_place);
  void write_reg(Ref r);
  void write_reg_unless(Ref r);
  void preserve(unsigned guest, Ref except);
  uint32_t flags_of(Ref r) const;
  std::optional<uint8_t> guest_register(Ref r) const;
  static Xbyak::Reg view(Xbyak::Reg64 r, unsigned width);
  Xbyak::Address guest(unsigned g) const;

  const Layout& layout_;
  const Stubs& stubs_;
  Block* block_ = nullptr;
  unsigned index_ = 0;  // of the running instruction
  const Insn* insn_ = nullptr;
  std::vector<Lifted> lifted_;
  std::deque<Edge>* edges_ = nullptr;
  size_t first_edge_ = 0;
  std::deque<Xbyak::Label> edge_stubs_;  // of this block's
  // How each instruction is left for the interpreter: what has to be in memory then.
  struct WayOut {
    Xbyak::Label label;
    VectorCache vector;
    X87Cache x87;
    std::vector<Step> recipe;  // of the flags
  };
  std::vector<WayOut> out_;  // of a loop: those of its first turn, those of the others
  unsigned out_index_ = 0;
  bool may_loop_ = true, loops_ = false;
  bool may_group_ = true;
  Xbyak::Label interpret_;
  Xbyak::Label* slow_ = nullptr;  // the running instruction's
  uint32_t live_ = 0;             // flags, behind the running instruction
  Flags flags_ = Flags::Memory;
  // Where the processors' makers differ (tests/oracle/UNDEFINED.md) the host's flag is not the guest's: those
  // of zero_ (SF, AF, PF) are 0, and OF's right value is in memory already.
  uint32_t zero_ = 0;
  bool of_in_memory_ = false;
  std::vector<Step> pending_;  // what has set flags since they were last in memory
  bool steps_known_ = true;    // all of it
  VectorCache vector_;
  X87Cache x87_;
  unsigned x87_top_ = 0;
  unsigned handler_calls_ = 0;
  size_t seldom_ = 0;  // where the cache's second part is free, from where its first is

  // An access whose miss may be mended without the interpreter.
  struct Miss {
    unsigned insn;    // index in out_
    unsigned linear;  // host register
    uint32_t how;
    VectorCache vector;
    Xbyak::Label out, retry, done;
  };
  std::deque<Miss> misses_;

  // of the running list
  const std::vector<MicroOp>* list_ = nullptr;
  std::vector<Value> values_;
  std::vector<uint16_t> uses_;
  std::array<bool, 16> busy_{};
  uint8_t pointer_ = 0;          // host register with the address of a read-modify-write
  bool target_spilled_ = false;  // a computed jump's block waits in the context
};

}  // namespace ilse::cpu::jit
