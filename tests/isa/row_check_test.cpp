// The check of DESIGN.md §1 over the opcode table: what a row says of its instruction is what the lifted form
// of its template does, and the order of effects leaves every fault precise. The order that is allowed:
//
//   1. register reads, address formation, loads, arithmetic and checks, in any order;
//   2. at most one store, before any register or flag is written: PUSH stores before it moves RSP, XCHG and
//      XADD store before they write their register. The store of a read-modify-write cannot fault, nor can
//      anything between it and its load; any other store is itself the last check;
//   3. writes of registers and flags, with arithmetic on registers between (RET n moves RSP twice);
//   4. at most one branch or jump, as the last operation.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "cpu/flags.h"
#include "cpu/isa/decoder.h"
#include "isa/lifted.h"

namespace ilse::test {
namespace {

using namespace cpu;
using jit::MicroOp;
using jit::Op;
using jit::Place;

bool has_operand(const Row& r, std::initializer_list<Operand> any) {
  return std::any_of(any.begin(), any.end(), [&](Operand o) {
    return std::find(r.operands.begin(), r.operands.end(), o) != r.operands.end();
  });
}

bool sets_from_producer(const MicroOp& m) { return m.op == Op::SetFlags || m.op == Op::SetFlagsIfCount; }
bool makes_flags(Op op) { return op >= Op::Add && op <= Op::TopBit; }
bool gives_value(const MicroOp& m) {
  return !is_store(m) && !is_transfer(m) && m.op != Op::WriteReg && m.op != Op::WriteRegUnless &&
         m.op != Op::CheckTarget && m.op != Op::CheckBranch && m.flags_written == 0;
}

void check_references(const MicroOps& list) {
  for (size_t k = 0; k < list.size(); ++k) {
    const MicroOp& m = list[k];
    for (jit::Ref r : {m.a, m.b, m.c}) {
      if (r == jit::kNoRef) continue;
      REQUIRE(r < k);
      REQUIRE(gives_value(list[r]));
    }
    if (sets_from_producer(m)) REQUIRE(makes_flags(list[m.a].op));
    if (m.op == Op::StoreBack) REQUIRE(list[m.a].op == Op::LoadForWrite);
    if (m.op == Op::Second) {
      Op of = list[m.a].op;
      REQUIRE((of == Op::Mul || of == Op::Imul || of == Op::Div || of == Op::Idiv));
    }
    if (gives_value(m)) REQUIRE(m.width != 0);
  }
}

void check_order(const MicroOps& list) {
  unsigned stores = 0, updates = 0;
  bool committed = false, registers = false;
  uint32_t written = 0;
  for (size_t k = 0; k < list.size(); ++k) {
    const MicroOp& m = list[k];
    if (can_fault(m)) {
      REQUIRE_FALSE(committed);
      REQUIRE(updates == 0);
    }
    if (is_store(m)) {
      REQUIRE(++stores == 1);
      REQUIRE_FALSE(registers);
    }
    if (m.op == Op::LoadForWrite) ++updates;
    if (m.op == Op::StoreBack) --updates;
    if (is_transfer(m)) REQUIRE(k == list.size() - 1);
    REQUIRE((m.flags_read & ~m.flags_written & written) == 0);
    written |= m.flags_written;
    committed = committed || commits(m);
    registers = registers || (commits(m) && !is_store(m));
  }
  REQUIRE(updates == 0);
}

void check_flags(const Row& row, const MicroOps& list) {
  uint32_t read = 0, written = 0;
  for (const MicroOp& m : list) {
    read |= m.flags_read;
    written |= m.flags_written;
  }
  CHECK(written == row.flags.written);
  // A form may read less than its row says: a rotate keeps OF for an immediate count of a register only.
  CHECK((read & ~row.flags.read) == 0);
}

void check_operands(const Row& row, bool mem, const MicroOps& list) {
  auto some = [&](auto f) { return std::any_of(list.begin(), list.end(), f); };
  bool rm = some([](const MicroOp& m) { return m.place == Place::Rm; });
  bool reg = some([](const MicroOp& m) { return m.place == Place::Reg; });
  bool address = some([](const MicroOp& m) { return m.op == Op::Address; });
  bool vvvv = some([](const MicroOp& m) { return m.place == Place::Vvvv; });
  bool imm = some([](const MicroOp& m) { return m.op == Op::Imm; });
  bool moffs = some([](const MicroOp& m) { return m.op == Op::Moffs; });
  bool stack = some([](const MicroOp& m) { return m.place == Place::Stack; });
  bool relative = some([](const MicroOp& m) { return m.op == Op::Branch || m.op == Op::BranchIf; });
  bool transfer = some([](const MicroOp& m) { return is_transfer(m); });
  bool nothing = list.empty();  // NOP and the prefetches name operands and touch none

  bool has_rm = has_operand(row, {Operand::Rm, Operand::OpReg});
  if (!nothing) {
    CHECK(rm == (has_rm && !mem));
    CHECK(address == (mem && has_operand(row, {Operand::Rm, Operand::Mem})));
    CHECK(reg == has_operand(row, {Operand::Reg}));
    CHECK(vvvv == has_operand(row, {Operand::Vvvv}));
    CHECK(imm ==
          has_operand(row, {Operand::Imm8, Operand::Imm8s, Operand::Imm16, Operand::ImmZ, Operand::ImmV}));
    CHECK(moffs == has_operand(row, {Operand::Moffs}));
  }
  CHECK(relative == has_operand(row, {Operand::RelB, Operand::RelZ}));
  CHECK(stack == row.has(kStackAddress));
  CHECK(transfer == row.has(kStops));
  for (const MicroOp& m : list) {
    if (m.op != Op::ReadReg && m.op != Op::WriteReg && m.op != Op::WriteRegUnless) continue;
    if (m.place == Place::Rm) CHECK((row.rm_file == File::Gpr8) == (m.width == 1));
    if (m.place == Place::Reg) CHECK((row.reg_file == File::Gpr8) == (m.width == 1));
  }
}

}  // namespace

TEST_CASE("Each lifted form does what its row says, in an order that keeps faults precise") {
  size_t forms = 0;
  for_each_row([&](const Row& row) {
    for_each_lifted(row, [&](const Row& r, unsigned size, bool mem) {
      INFO(describe(r, size, mem));
      MicroOps list = lift(r, size, mem);
      check_references(list);
      check_order(list);
      check_flags(r, list);
      check_operands(r, mem, list);
      ++forms;
    });
  });
  CHECK(forms > 1000);
}

TEST_CASE("A row reads every flag that one of its forms reads, and no other") {
  for_each_row([&](const Row& row) {
    uint32_t read = 0;
    bool any = false;
    for_each_lifted(row, [&](const Row& r, unsigned size, bool mem) {
      for (const MicroOp& m : lift(r, size, mem)) read |= m.flags_read;
      any = true;
    });
    INFO(describe(row, 1, false));
    if (any) CHECK(read == row.flags.read);
  });
}

TEST_CASE("Lifting depends on nothing but row, size and form, and appends") {
  for_each_row([&](const Row& row) {
    for_each_lifted(row, [&](const Row& r, unsigned size, bool mem) {
      INFO(describe(r, size, mem));
      MicroOps first = lift(r, size, mem), both = first;
      LiftModel m(both, 1);
      r.lift[size][mem ? 1 : 0](m);
      REQUIRE(both.size() == 2 * first.size());
      for (size_t k = 0; k < first.size(); ++k) {
        const MicroOp& second = both[first.size() + k];
        REQUIRE(second.op == first[k].op);
        REQUIRE(second.width == first[k].width);
        REQUIRE(second.insn == 1);
        if (first[k].a != jit::kNoRef) REQUIRE(second.a == first[k].a + first.size());
      }
    });
  });
}

TEST_CASE("Each row has a name, flags within the status flags, and handlers for all that it claims") {
  for_each_row([&](const Row& row) {
    REQUIRE(row.name != nullptr);
    INFO(describe(row, 1, false));
    CHECK(row.name[0] != '\0');
    CHECK(((row.flags.read | row.flags.written | row.flags.undefined) & ~kOSZAPC) == 0);
    CHECK_FALSE((row.has(kNo64) && row.has(kOnly64)));
    CHECK_FALSE((row.has(kMemOnly) && row.has(kRegOnly)));
    CHECK_FALSE((row.has(kLockable) && row.has(kRegOnly)));
    bool memory = has_operand(row, {Operand::Rm, Operand::Mem}) && !row.has(kRegOnly);
    for (unsigned size = 0; size < (row.l == VexL::By ? 2u : 3u); ++size) {
      if (!row.has(kMemOnly)) CHECK(row.exec[size][0] != nullptr);
      if (memory) CHECK(row.exec[size][1] != nullptr);
      for (unsigned form : {0, 1}) {
        bool lifted = row.lift[size][form] != nullptr;
        if (lifted) CHECK(row.exec[size][form] != nullptr);
        if (row.has(kHelper)) CHECK_FALSE(lifted);
        // Vector registers and the x87 are not lifted yet; all else in tier A is.
        bool other = row.has(kSse) || row.has(kMmx) || row.has(kAvx) || row.has(kFpu) || row.map == Map::X87;
        if (!row.has(kHelper) && !other) CHECK(lifted == (row.exec[size][form] != nullptr));
      }
    }
  });
}

// Every combination of what selects a row: the most special one that fits has to be alone.
TEST_CASE("No opcode, prefix and mode fits two rows") {
  std::map<std::pair<Map, unsigned>, std::vector<const Row*>> by_opcode;
  for_each_row([&](const Row& row) {
    unsigned count = has_operand(row, {Operand::OpReg}) ? 8 : 1;
    for (unsigned k = 0; k < count; ++k) by_opcode[{row.map, row.opcode + k}].push_back(&row);
  });
  auto fits_prefix = [](const Row& r, bool p66, unsigned rep) {
    switch (r.prefix) {
      case Mandatory::Any: return true;
      case Mandatory::None: return !p66 && rep == 0;
      case Mandatory::P66: return p66 && rep == 0;
      case Mandatory::F3: return rep == 1;
      case Mandatory::F2: return rep == 2;
      case Mandatory::NoRep: return rep == 0;
    }
    return false;
  };
  for (const auto& [where, rows] : by_opcode) {
    if (rows.size() == 1) continue;
    std::set<std::string> clashes;
    const bool vex = is_vex(where.first);
    for (unsigned k = 0; k < 256 * 2 * 3 * 2 * 2 * 2 * (vex ? 2 : 1); ++k) {
      unsigned modrm = k & 255, rep = k / 512 % 3;
      bool p66 = (k & 256) != 0, mode64 = k / 1536 % 2 != 0, rex_b = k / 3072 % 2 != 0, mem = modrm < 0xC0;
      bool w = k / 6144 % 2 != 0, l = k / 12288 != 0, rex_w = w && !vex;
      if ((rex_b || rex_w) && !mode64) continue;
      const Row* best = nullptr;
      const Row* tie = nullptr;
      for (const Row* r : rows) {
        if ((r->w == VexW::W0 && w) || (r->w == VexW::W1 && !w)) continue;
        if ((r->l == VexL::L0 && l) || (r->l == VexL::L1 && !l)) continue;
        if (!r->has(kNoModRm) || r->ext >= 0 || r->modrm >= 0) {
          if (r->ext >= 0 && (modrm >> 3 & 7) != static_cast<unsigned>(r->ext)) continue;
          if (r->modrm >= 0 && modrm != static_cast<unsigned>(r->modrm)) continue;
          if ((r->has(kMemOnly) && !mem) || (r->has(kRegOnly) && mem)) continue;
        }
        if (!fits_prefix(*r, p66, rep)) continue;
        if ((r->has(kNo64) && mode64) || (r->has(kOnly64) && !mode64) || (r->has(kNoRexB) && rex_b)) continue;
        if (r->has(kRexW) && !rex_w) continue;
        if (best == nullptr || r->rank() > best->rank()) {
          best = r;
          tie = nullptr;
        } else if (r->rank() == best->rank()) {
          tie = r;
        }
      }
      if (tie != nullptr) clashes.insert(std::string(best->name) + " and " + tie->name);
    }
    INFO("map " << static_cast<int>(where.first) << " opcode " << std::hex << where.second);
    CHECK(clashes == std::set<std::string>{});
  }
}

}  // namespace ilse::test
