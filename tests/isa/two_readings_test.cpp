// The two readings of every lifted row agree: the handler that ExecModel makes of a template and the
// operations that LiftModel makes of it have the same effect on registers, flags and memory, and raise the
// same faults, for random encodings and states in every width, with flat and with segmented memory.
#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <random>
#include <set>
#include <sstream>
#include <stdexcept>
#include <tuple>

#include "cpu/isa/decoder.h"
#include "isa/evaluator.h"
#include "memory/event_log.h"
#include "null_board.h"

namespace ilse::test {
namespace {

using namespace cpu;

constexpr uint64_t kRamSize = 0x10000;
constexpr uint8_t kNoFault = 0xFF;

template <class T>
T take(mem::Result<T> r) {
  if (!r) throw std::runtime_error(r.error().message);
  return std::move(*r);
}

// A processor with 64 KiB of RAM and nothing else, without paging.
struct Bench {
  Bench()
      : ram(take(mem::Ram::create(kRamSize))),
        map(ram, log),
        io(log),
        cpu(0, take(find_model("max,+bmi1")), map, io, board, time) {
    map.add({mem::PhysMap::ram_region(0, kRamSize, ram, 0)});
    map.commit();
  }
  mem::EventLog log;
  mem::Ram ram;
  mem::PhysMap map;
  mem::IoBus io;
  NullBoard board;
  StillTime time;
  Cpu cpu;
};

enum class Setting { Real16, Flat32, Segmented32, SmallStack32, Segmented16, Long64 };
constexpr std::array kSettings{Setting::Real16,       Setting::Flat32,      Setting::Segmented32,
                               Setting::SmallStack32, Setting::Segmented16, Setting::Long64};

void set_up(Cpu& c, Setting s) {
  constexpr uint16_t kData = kSegPresent | kSegS | kSegWritable | kSegAccessed;
  constexpr uint16_t kCode = kData | kSegCode;
  c.reset(true);
  if (s == Setting::Real16) {
    for (unsigned k = 0; k < 6; ++k) c.seg[k] = {k * 0x800ull, 0xFFFF, 0, k == kCs ? kCode : kData};
    c.update_mode();
    return;
  }
  c.cr.cr0 |= kCr0Pe;
  bool flat = s == Setting::Flat32 || s == Setting::Long64;
  for (unsigned k = 0; k < 6; ++k) c.seg[k] = {0, 0xFFFFFFFF, 8, kData | kSegBig | kSegGranular};
  c.seg[kCs].attr = kCode | kSegBig | kSegGranular;
  if (s == Setting::Long64) {
    c.cr.efer = kEferLme | kEferLma;
    c.seg[kCs].attr = kCode | kSegLong | kSegGranular;
    c.seg[kFs].base = 0x1234;
    c.seg[kGs].base = 0xFFFFFFFFFFFFF000;
  }
  if (!flat) {
    uint16_t big = s == Setting::Segmented16 ? 0 : +kSegBig;
    c.seg[kCs] = {0x100, 0x7FFF, 8, static_cast<uint16_t>(kCode | big)};
    c.seg[kDs] = {0x1000, 0x5FFF, 8, static_cast<uint16_t>(kData | big)};
    c.seg[kEs] = {0x800, 0x3FF, 8, static_cast<uint16_t>(kData | kSegExpandDown | big)};
    c.seg[kSs] = {0x400, 0x6FFF, 8, static_cast<uint16_t>(kData | big)};
    c.seg[kFs] = {0x2000, 0x6FFF, 8, kSegPresent | kSegS | kSegAccessed};  // read-only
    c.seg[kGs] = {0, 0xFFFF, 0, 0};                                        // unusable
  }
  if (s == Setting::SmallStack32) c.seg[kSs].attr = kData;
  c.update_mode();
}

class Random {
 public:
  uint64_t next() { return engine_(); }
  unsigned below(unsigned n) { return static_cast<unsigned>(engine_() % n); }
  bool one_in(unsigned n) { return below(n) == 0; }
  // Mostly an address in RAM, else an edge, else anything.
  uint64_t word() {
    static constexpr std::array<uint64_t, 14> kEdges{0,          1,          0x7F,       0x80,
                                                     0xFF,       0x7FFF,     0x8000,     0xFFFF,
                                                     0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x7FFFFFFFFFFFFFFF,
                                                     1ull << 63, ~0ull};
    unsigned kind = below(8);
    if (kind < 5) return next() & 0x7FFF;
    return kind == 5 ? kEdges[below(kEdges.size())] : next() >> below(64);
  }

 private:
  std::mt19937_64 engine_{20};
};

// An encoding of `row`; what does not select the row is random.
std::array<uint8_t, kMaxInsnBytes> encode(const Row& row, bool code64, Random& random) {
  std::array<uint8_t, kMaxInsnBytes> bytes{};
  size_t n = 0;
  auto put = [&](unsigned b) { bytes[n++] = static_cast<uint8_t>(b); };
  unsigned modrm = row.modrm >= 0 ? static_cast<unsigned>(row.modrm) : random.below(256);
  if (row.modrm < 0 && random.one_in(3)) modrm |= 0xC0;
  if (row.ext >= 0) modrm = (modrm & 0xC7) | static_cast<unsigned>(row.ext) << 3;
  if (is_vex(row.map)) {
    const unsigned map = static_cast<unsigned>(row.map) - static_cast<unsigned>(Map::Vex) + 1;
    const unsigned pp = row.prefix == Mandatory::None ? 0 : static_cast<unsigned>(row.prefix) - 1;
    const unsigned w = code64 && random.one_in(2) ? 0x80 : 0, vvvv = random.below(code64 ? 16 : 8);
    put(0xC4);
    put((code64 ? random.below(8) : 7u) << 5 | map);
    put(w | (~vvvv & 15) << 3 | pp);
    put(row.opcode);
    put(modrm);
    while (n < bytes.size()) put(random.below(256));
    return bytes;
  }
  if (row.prefix == Mandatory::P66) put(0x66);
  if (row.prefix == Mandatory::F3) put(0xF3);
  if (row.prefix == Mandatory::F2) put(0xF2);
  bool size = row.prefix == Mandatory::Any || row.prefix == Mandatory::NoRep;
  if (size && random.one_in(3)) put(0x66);
  if (random.one_in(4)) put(0x67);
  constexpr std::array<unsigned, 6> kSegments{0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65};
  if (random.one_in(4)) put(kSegments[random.below(6)]);
  if (code64 && random.one_in(2)) put(0x40 | random.below(16));
  if (row.map != Map::OneByte && row.map != Map::X87) put(0x0F);
  if (row.map == Map::Map38) put(0x38);
  if (row.map == Map::Map3A) put(0x3A);
  bool in_opcode = false;
  for (Operand o : row.operands) in_opcode = in_opcode || o == Operand::OpReg;
  put(row.opcode + (in_opcode ? random.below(8) : 0));
  if (!row.has(kNoModRm) || row.ext >= 0 || row.modrm >= 0) put(modrm);
  while (n < bytes.size()) put(random.below(256));
  return bytes;
}

const Insn* stop(Cpu&, const Insn*) { return nullptr; }

// Runs the handler alone. The target if the template transfers control.
Result execute(Cpu& c, const Insn& insn) {
  Block block;
  std::array<Insn, 2> insns{insn, Insn{}};
  insns[0].left = 1;
  insns[1].fn = &stop;
  block.insns = insns.data();
  block.count = 1;
  c.block = &block;
  c.leave = false;
  c.budget = 1000;
  const Insn* next = insns[0].fn(c, insns.data());
  c.block = nullptr;
  if (c.fault_.vector != kNoFault) return {true, std::nullopt};
  if (next != nullptr || !insn.row->has(kStops)) return {};
  return {false, c.rip()};
}

struct Pair {
  Bench bench[2];
  Random random;

  void randomize() {
    Cpu& c = bench[0].cpu;
    for (unsigned k = 0; k < 16; ++k) c.gpr[k] = random.word();
    c.gpr[kSlotZero] = 0;
    c.set_rip(random.next() & 0x3FFF);
    // Any pair is a valid state, not only those that a set of flags gives.
    c.lazy.result = random.one_in(3) ? 0 : random.word();
    c.lazy.aux = static_cast<uint32_t>(random.next());
    c.fault_ = {kNoFault, false, 0};
    Cpu& d = bench[1].cpu;
    d.gpr = c.gpr;
    d.lazy = c.lazy;
    d.fault_ = c.fault_;
  }
};

}  // namespace

TEST_CASE("Handler and lifted form of each row have the same effect") {
  Pair p;
  for (size_t k = 0; k < kRamSize; ++k) p.bench[0].ram.data()[k] = static_cast<uint8_t>(p.random.next());
  std::memcpy(p.bench[1].ram.data(), p.bench[0].ram.data(), kRamSize);
  Cpu& left = p.bench[0].cpu;
  Cpu& right = p.bench[1].cpu;
  std::set<std::tuple<const Row*, unsigned, bool>> completed;
  size_t faults = 0;

  for (Setting setting : kSettings) {
    set_up(left, setting);
    set_up(right, setting);
    bool code64 = setting == Setting::Long64;
    for_each_row([&](const Row& row) {
      bool any = false;
      for_each_lifted(row, [&](const Row&, unsigned, bool) { any = true; });
      for (unsigned k = 0; any && k < 200; ++k) {
        auto bytes = encode(row, code64, p.random);
        Insn insn;
        if (decode(bytes.data(), kMaxInsnBytes, left.mode(), left.model(), 7, insn) != DecodeStatus::Ok ||
            insn.row != &row)
          continue;
        unsigned size = insn.op_size == 2 ? 0 : insn.op_size == 4 ? 1 : 2;
        unsigned form = insn.mem ? 1 : 0;
        if (row.lift[size][form] == nullptr || insn.fn != row.exec[size][form]) continue;
        // Near enough to RAM, most of the time.
        if (!p.random.one_in(8)) insn.disp = static_cast<int8_t>(insn.disp);
        for (Operand o : row.operands) {
          if (o == Operand::Moffs && !p.random.one_in(8)) insn.imm &= 0x7FFF;
        }
        p.randomize();
        auto before = left.gpr;
        uint32_t flags = left.lazy.get();
        Result a = execute(left, insn);
        if (!row.has(kStops)) left.set_rip(right.rip());
        Result b = evaluate(lift(row, size, insn.mem), right, insn);
        if (a.target) right.set_rip(*a.target);
        if (a.faulted) left.set_rip(right.rip());

        bool same = a.faulted == b.faulted && a.target == b.target && left.gpr == right.gpr &&
                    left.lazy.get() == right.lazy.get() && left.fault_.vector == right.fault_.vector &&
                    left.fault_.has_error == right.fault_.has_error &&
                    left.fault_.error == right.fault_.error &&
                    std::memcmp(p.bench[0].ram.data(), p.bench[1].ram.data(), kRamSize) == 0;
        // A fault leaves everything as it was.
        bool kept = !a.faulted || (std::equal(before.begin(), before.begin() + 16, left.gpr.begin()) &&
                                   left.lazy.get() == flags);
        if (!same || !kept) {
          std::ostringstream text;
          text << describe(row, size, insn.mem) << ", setting " << static_cast<int>(setting) << std::hex;
          for (unsigned n = 0; n < 18; ++n) {
            text << "\nr" << std::dec << n << std::hex << ' ' << before[n] << ": " << left.gpr[n] << ' '
                 << right.gpr[n];
          }
          text << "\nflags " << flags << ": " << left.lazy.get() << ' ' << right.lazy.get() << "\nfaults "
               << +left.fault_.vector << ' ' << +right.fault_.vector << "\ntargets " << a.target.value_or(0)
               << ' ' << b.target.value_or(0) << "\nimm " << insn.imm << " disp " << insn.disp << " seg "
               << +insn.seg << " base " << +insn.base << " index " << +insn.index << " scale " << +insn.scale
               << " address size " << +insn.addr_size;
          for (size_t n = 0; n < kRamSize; ++n) {
            if (p.bench[0].ram.data()[n] != p.bench[1].ram.data()[n]) text << "\nmemory differs at " << n;
          }
          INFO(text.str());
          CHECK(kept);
          CHECK(same);
          std::memcpy(p.bench[1].ram.data(), p.bench[0].ram.data(), kRamSize);
          break;
        }
        if (a.faulted) ++faults;
        if (!a.faulted) completed.insert({&row, size, insn.mem});
      }
    });
  }
  CHECK(faults > 100);

  for_each_row([&](const Row& row) {
    for_each_lifted(row, [&](const Row& r, unsigned size, bool mem) {
      if ((size == 0 && is_vex(r.map)) || (size == 2 && r.has(kNo64)) || (mem && r.has(kRegOnly))) return;
      if (size == 0 && r.has(kIgnore66)) return;
      INFO(describe(r, size, mem));
      CHECK(completed.count({&r, size, mem}) == 1);
    });
  });
}

}  // namespace ilse::test
