// Arithmetic, logic, bits, multiplication and division: SDM vol. 2D, tables.
#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"
#include "cpu/sem/integer.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;
constexpr uint32_t kAll = kOSZAPC;

template <class I>
consteval auto arithmetic(uint8_t base, const char* name, int group, uint32_t lock, uint32_t read,
                          uint32_t undefined = 0) {
  auto finish = [&](Row r, bool lockable) {
    return r.with(lockable ? lock : 0).reads(read).writes(kAll, undefined);
  };
  auto imm = [&](Row r) { return r.group(group); };
  return std::array{
      finish(row<I, Eb, Gb>(base, name), true),
      finish(row<I, Ev, Gv>(base + 1, name), true),
      finish(row<I, Gb, Eb>(base + 2, name), false),
      finish(row<I, Gv, Ev>(base + 3, name), false),
      finish(row<I, AL, Ib>(base + 4, name), false),
      finish(row<I, rAX, Iz>(base + 5, name), false),
      finish(imm(row<I, Eb, Ib>(0x80, name)), true),
      finish(imm(row<I, Ev, Iz>(0x81, name)), true),
      finish(imm(row<I, Eb, Ib>(0x82, name)), true).with(kNo64),
      finish(imm(row<I, Ev, sIb>(0x83, name)), true),
  };
}

consteval Row adx(Row r, Mandatory prefix) {
  return r.in(Map::Map38).when(prefix).with(kIgnore66).needs(Feature::Adx);
}

constexpr std::array kUnary{
    row<Test, Eb, Gb>(0x84, "test").writes(kAll, kAF),
    row<Test, Ev, Gv>(0x85, "test").writes(kAll, kAF),
    row<Test, AL, Ib>(0xA8, "test").writes(kAll, kAF),
    row<Test, rAX, Iz>(0xA9, "test").writes(kAll, kAF),
    row<Test, Eb, Ib>(0xF6, "test").group(0).writes(kAll, kAF),
    row<Test, Eb, Ib>(0xF6, "test").group(1).writes(kAll, kAF),
    row<Not, Eb>(0xF6, "not").group(2).with(kLockable),
    row<Neg, Eb>(0xF6, "neg").group(3).with(kLockable).writes(kAll),
    row<Mul, Eb>(0xF6, "mul").group(4).writes(kAll, kSF | kZF | kAF | kPF),
    row<Imul, Eb>(0xF6, "imul").group(5).writes(kAll, kSF | kZF | kAF | kPF),
    row<Div, Eb>(0xF6, "div").group(6).writes(0, kAll),
    row<Idiv, Eb>(0xF6, "idiv").group(7).writes(0, kAll),
    row<Test, Ev, Iz>(0xF7, "test").group(0).writes(kAll, kAF),
    row<Test, Ev, Iz>(0xF7, "test").group(1).writes(kAll, kAF),
    row<Not, Ev>(0xF7, "not").group(2).with(kLockable),
    row<Neg, Ev>(0xF7, "neg").group(3).with(kLockable).writes(kAll),
    row<Mul, Ev>(0xF7, "mul").group(4).writes(kAll, kSF | kZF | kAF | kPF),
    row<Imul, Ev>(0xF7, "imul").group(5).writes(kAll, kSF | kZF | kAF | kPF),
    row<Div, Ev>(0xF7, "div").group(6).writes(0, kAll),
    row<Idiv, Ev>(0xF7, "idiv").group(7).writes(0, kAll),
    row<Inc, Eb>(0xFE, "inc").group(0).with(kLockable).writes(kOSZAP),
    row<Dec, Eb>(0xFE, "dec").group(1).with(kLockable).writes(kOSZAP),
    row<Inc, Ev>(0xFF, "inc").group(0).with(kLockable).writes(kOSZAP),
    row<Dec, Ev>(0xFF, "dec").group(1).with(kLockable).writes(kOSZAP),
    row<Inc, Zv>(0x40, "inc").with(kNo64).writes(kOSZAP),
    row<Dec, Zv>(0x48, "dec").with(kNo64).writes(kOSZAP),
    row<Imul3, Gv, Ev, Iz>(0x69, "imul").writes(kAll, kSF | kZF | kAF | kPF),
    row<Imul3, Gv, Ev, sIb>(0x6B, "imul").writes(kAll, kSF | kZF | kAF | kPF),
    row<Imul2, Gv, Ev>(0xAF, "imul").in(Map::TwoByte).writes(kAll, kSF | kZF | kAF | kPF),
    row<Xadd, Eb, Gb>(0xC0, "xadd").in(Map::TwoByte).with(kLockable).writes(kAll),
    row<Xadd, Ev, Gv>(0xC1, "xadd").in(Map::TwoByte).with(kLockable).writes(kAll),
    row<Cmpxchg, Eb, Gb>(0xB0, "cmpxchg").in(Map::TwoByte).with(kLockable).writes(kAll),
    row<Cmpxchg, Ev, Gv>(0xB1, "cmpxchg").in(Map::TwoByte).with(kLockable).writes(kAll),
    helper<cmpxchg8b, letters::Mem>(0xC7, "cmpxchg8b", kLockable)
        .group(1)
        .in(Map::TwoByte)
        .needs(Feature::Cx8)
        .reads(kAll)
        .writes(kZF),
    helper<cmpxchg8b, letters::Mem>(0xC7, "cmpxchg16b", kLockable | kRexW)
        .group(1)
        .in(Map::TwoByte)
        .needs(Feature::Cx16)
        .reads(kAll)
        .writes(kZF),
    adx(row<Adcx, Gy, Ey>(0xF6, "adcx"), Mandatory::P66).reads(kCF).writes(kCF),
    adx(row<Adox, Gy, Ey>(0xF6, "adox"), Mandatory::F3).reads(kOF).writes(kOF),
    helper<daa>(0x27, "daa", kNo64).reads(kAF | kCF).writes(kAll, kOF),
    helper<das>(0x2F, "das", kNo64).reads(kAF | kCF).writes(kAll, kOF),
    helper<aaa>(0x37, "aaa", kNo64).reads(kAF).writes(kAll, kOF | kSF | kZF | kPF),
    helper<aas>(0x3F, "aas", kNo64).reads(kAF).writes(kAll, kOF | kSF | kZF | kPF),
    helper<aam, Ib>(0xD4, "aam", kNo64).writes(kAll, kOF | kAF | kCF),
    helper<aad, Ib>(0xD5, "aad", kNo64).writes(kAll, kOF | kAF | kCF),
};

constexpr auto kRows =
    concat(arithmetic<Add>(0x00, "add", 0, kLockable, 0), arithmetic<Or>(0x08, "or", 1, kLockable, 0, kAF),
           arithmetic<Adc>(0x10, "adc", 2, kLockable, kCF), arithmetic<Sbb>(0x18, "sbb", 3, kLockable, kCF),
           arithmetic<And>(0x20, "and", 4, kLockable, 0, kAF), arithmetic<Sub>(0x28, "sub", 5, kLockable, 0),
           arithmetic<Xor>(0x30, "xor", 6, kLockable, 0, kAF), arithmetic<Cmp>(0x38, "cmp", 7, 0, 0), kUnary);

}  // namespace

std::span<const Row> alu_rows() { return kRows; }

}  // namespace ilse::cpu
