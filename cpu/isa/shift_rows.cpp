// Shifts, rotates and single bits: SDM vol. 2D, groups 2 and 8.
#include "cpu/isa/rows.h"
#include "cpu/sem/bits.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;

template <ShiftKind kKind>
consteval auto shift(const char* name, int group) {
  constexpr bool kRotate = kKind == ShiftKind::Rol || kKind == ShiftKind::Ror || kKind == ShiftKind::Rcl ||
                           kKind == ShiftKind::Rcr;
  constexpr uint32_t kRead = kKind == ShiftKind::Rcl || kKind == ShiftKind::Rcr ? +kCF : 0u;
  constexpr uint32_t kWritten = kRotate ? kCF | kOF : kOSZAPC;
  // What the manual leaves undefined: OF for counts above 1, AF, CF for counts beyond the operand.
  constexpr bool kLosesCf = kKind == ShiftKind::Shl || kKind == ShiftKind::Shr;
  constexpr uint32_t kUndefined = kRotate ? +kOF : kOF | kAF | (kLosesCf ? +kCF : 0u);
  // A count of zero keeps every flag, so each is also read.
  auto finish = [&](Row r, bool by_one) {
    return r.group(group)
        .reads(by_one ? kRead : kRead | kWritten)
        .writes(kWritten, by_one ? (kRotate ? 0u : +kAF) : kUndefined);
  };
  using I = Shift<kKind>;
  return std::array{
      finish(row<I, Eb, Ib>(0xC0, name), false), finish(row<I, Ev, Ib>(0xC1, name), false),
      finish(row<I, Eb, One>(0xD0, name), true), finish(row<I, Ev, One>(0xD1, name), true),
      finish(row<I, Eb, CL>(0xD2, name), false), finish(row<I, Ev, CL>(0xD3, name), false),
  };
}

template <BitKind kKind>
consteval auto bit(const char* name, uint8_t opcode, int group) {
  uint32_t lock = kKind == BitKind::Test ? 0u : +kLockable;
  auto finish = [&](Row r) { return r.in(Map::TwoByte).with(lock).writes(kCF, kOSZAPC & ~(kCF | kZF)); };
  return std::array{finish(row<Bit<kKind>, Ev, Gv>(opcode, name)),
                    finish(row<Bit<kKind>, Ev, sIb>(0xBA, name).group(group))};
}

consteval Row count(Row r) {
  return r.in(Map::TwoByte).when(Mandatory::F3).writes(kOSZAPC, kOSZAPC & ~(kZF | kCF));
}

constexpr std::array kOther{
    row<Shld, Ev, Gv, Ib>(0xA4, "shld").in(Map::TwoByte).reads(kOSZAPC).writes(kOSZAPC, kOSZAPC),
    row<Shld, Ev, Gv, CL>(0xA5, "shld").in(Map::TwoByte).reads(kOSZAPC).writes(kOSZAPC, kOSZAPC),
    row<Shrd, Ev, Gv, Ib>(0xAC, "shrd").in(Map::TwoByte).reads(kOSZAPC).writes(kOSZAPC, kOSZAPC),
    row<Shrd, Ev, Gv, CL>(0xAD, "shrd").in(Map::TwoByte).reads(kOSZAPC).writes(kOSZAPC, kOSZAPC),
    row<Bsf, Gv, Ev>(0xBC, "bsf").in(Map::TwoByte).writes(kOSZAPC, kOSZAPC & ~kZF),
    row<Bsr, Gv, Ev>(0xBD, "bsr").in(Map::TwoByte).writes(kOSZAPC, kOSZAPC & ~kZF),
    count(row<Popcnt, Gv, Ev>(0xB8, "popcnt")).needs(Feature::Popcnt).writes(kOSZAPC),
    count(row<Tzcnt, Gv, Ev>(0xBC, "tzcnt")).needs(Feature::Bmi1),
    count(row<Lzcnt, Gv, Ev>(0xBD, "lzcnt")).needs(Feature::Lzcnt),
};

constexpr auto kRows =
    concat(shift<ShiftKind::Rol>("rol", 0), shift<ShiftKind::Ror>("ror", 1), shift<ShiftKind::Rcl>("rcl", 2),
           shift<ShiftKind::Rcr>("rcr", 3), shift<ShiftKind::Shl>("shl", 4), shift<ShiftKind::Shr>("shr", 5),
           shift<ShiftKind::Shl>("shl", 6), shift<ShiftKind::Sar>("sar", 7),
           bit<BitKind::Test>("bt", 0xA3, 4), bit<BitKind::Set>("bts", 0xAB, 5),
           bit<BitKind::Reset>("btr", 0xB3, 6), bit<BitKind::Complement>("btc", 0xBB, 7), kOther);

}  // namespace

std::span<const Row> shift_rows() { return kRows; }

}  // namespace ilse::cpu
