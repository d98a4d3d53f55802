// Moves, conversions, stack and flags: SDM vol. 2D, tables.
#include <utility>

#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"
#include "cpu/sem/integer.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;

constexpr const char* kCmovNames[16] = {"cmovo",  "cmovno", "cmovb",  "cmovae", "cmove", "cmovne",
                                        "cmovbe", "cmova",  "cmovs",  "cmovns", "cmovp", "cmovnp",
                                        "cmovl",  "cmovge", "cmovle", "cmovg"};
constexpr const char* kSetNames[16] = {"seto", "setno", "setb", "setae", "sete", "setne", "setbe", "seta",
                                       "sets", "setns", "setp", "setnp", "setl", "setge", "setle", "setg"};

template <size_t... K>
consteval auto by_condition(std::index_sequence<K...>) {
  return std::array{row<Cmov<K>, Gv, Ev>(0x40 + K, kCmovNames[K])
                        .in(Map::TwoByte)
                        .reads(condition_flags(K))
                        .needs(Feature::Cmov)...,
                    row<Setcc<K>, Eb>(0x90 + K, kSetNames[K]).in(Map::TwoByte).reads(condition_flags(K))...};
}

constexpr std::array kMoves{
    row<Mov, Eb, Gb>(0x88, "mov"),
    row<Mov, Ev, Gv>(0x89, "mov"),
    row<Mov, Gb, Eb>(0x8A, "mov"),
    row<Mov, Gv, Ev>(0x8B, "mov"),
    row<Mov, AL, Ob>(0xA0, "mov"),
    row<Mov, rAX, Ov>(0xA1, "mov"),
    row<Mov, Ob, AL>(0xA2, "mov"),
    row<Mov, Ov, rAX>(0xA3, "mov"),
    row<Mov, Zb, Ib>(0xB0, "mov"),
    row<Mov, Zv, Iv>(0xB8, "mov"),
    row<Mov, Eb, Ib>(0xC6, "mov").group(0),
    row<Mov, Ev, Iz>(0xC7, "mov").group(0),
    row<Movzx, Gv, Eb>(0xB6, "movzx").in(Map::TwoByte),
    row<Movzx, Gv, Ew>(0xB7, "movzx").in(Map::TwoByte),
    row<Movsx, Gv, Eb>(0xBE, "movsx").in(Map::TwoByte),
    row<Movsx, Gv, Ew>(0xBF, "movsx").in(Map::TwoByte),
    row<Movsx, Gv, Ez>(0x63, "movsxd").with(kOnly64),
    row<Lea, Gv, Mv>(0x8D, "lea"),
    row<Xchg, Eb, Gb>(0x86, "xchg").with(kLockable),
    row<Xchg, Ev, Gv>(0x87, "xchg").with(kLockable),
    row<Nop>(0x90, "nop").with(kNoRexB).when(Mandatory::Any),
    row<Xchg, Zv, rAX>(0x90, "xchg"),
    row<Bswap, Zv>(0xC8, "bswap").in(Map::TwoByte),
    row<Cbw, rAX>(0x98, "cbw"),
    row<Cwd, rDX, rAX>(0x99, "cwd"),
    row<Lahf>(0x9F, "lahf").with(kNo64).reads(kSZAPC),
    row<Sahf>(0x9E, "sahf").with(kNo64).writes(kSZAPC),
    row<Lahf>(0x9F, "lahf").with(kOnly64).needs(Feature::LahfLm).reads(kSZAPC),
    row<Sahf>(0x9E, "sahf").with(kOnly64).needs(Feature::LahfLm).writes(kSZAPC),
    row<Movbe, Gv, Mv>(0xF0, "movbe").in(Map::Map38).when(Mandatory::NoRep).needs(Feature::Movbe),
    row<Movbe, Mv, Gv>(0xF1, "movbe").in(Map::Map38).when(Mandatory::NoRep).needs(Feature::Movbe),
    row<Clc>(0xF8, "clc").writes(kCF),
    row<Stc>(0xF9, "stc").writes(kCF),
    row<Cmc>(0xF5, "cmc").reads(kCF).writes(kCF),
    row<Nop, Ev>(0x1F, "nop").in(Map::TwoByte).needs(Feature::Nopl),
    row<Nop, Ev>(0x18, "prefetch").in(Map::TwoByte).needs(Feature::Nopl),
    row<Nop, Ev>(0x19, "nop").in(Map::TwoByte).needs(Feature::Nopl),
    row<Nop, Ev>(0x1A, "nop").in(Map::TwoByte).needs(Feature::Nopl),
    row<Nop, Ev>(0x1B, "nop").in(Map::TwoByte).needs(Feature::Nopl),
    row<Nop, Ev>(0x1C, "nop").in(Map::TwoByte).needs(Feature::Nopl),  // CLDEMOTE too
    row<Nop, Ev>(0x1D, "nop").in(Map::TwoByte).needs(Feature::Nopl),
    row<Nop, Ev>(0x1E, "nop").in(Map::TwoByte).needs(Feature::Nopl),
    row<Nop, Mv>(0x0D, "prefetchw").in(Map::TwoByte).needs(Feature::Prefetchw),
    row<Nop, Ev>(0x0D, "nop").in(Map::TwoByte).with(kRegOnly).needs(Feature::Nopl),
    row<Push, Zv>(0x50, "push").with(kDefault64 | kStackAddress),
    row<PopReg, Zv>(0x58, "pop").with(kDefault64 | kStackAddress),
    row<Push, Iz>(0x68, "push").with(kDefault64 | kStackAddress),
    row<Push, sIb>(0x6A, "push").with(kDefault64 | kStackAddress),
    row<Push, Ev>(0xFF, "push").group(6).with(kDefault64 | kStackAddress),
    row<Leave, rAX>(0xC9, "leave").with(kDefault64 | kStackAddress),
    helper<pop_rm, Ev>(0x8F, "pop", kDefault64 | kStackAddress).group(0),
    helper<pusha>(0x60, "pusha", kNo64 | kStackAddress),
    helper<popa>(0x61, "popa", kNo64 | kStackAddress),
    helper<enter, IwIb>(0xC8, "enter", kDefault64 | kStackAddress),
    helper<pushf>(0x9C, "pushf", kDefault64 | kStackAddress).reads(kOSZAPC),
    helper<popf>(0x9D, "popf", kDefault64 | kStackAddress).writes(kOSZAPC),
    helper<xlat>(0xD7, "xlat"),
    helper<salc>(0xD6, "salc", kNo64).reads(kCF),
    helper<cld>(0xFC, "cld"),
    helper<std_>(0xFD, "std"),
    helper<bound, Gv, letters::Mem>(0x62, "bound", kNo64),
};

constexpr auto kRows = concat(kMoves, by_condition(std::make_index_sequence<16>{}));

}  // namespace

std::span<const Row> move_rows() { return kRows; }

}  // namespace ilse::cpu
