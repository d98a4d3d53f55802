// Near and far transfers, loops, software interrupts: SDM vol. 2D, tables, group 5.
#include <utility>

#include "cpu/isa/rows.h"
#include "cpu/sem/helpers.h"
#include "cpu/sem/integer.h"

namespace ilse::cpu {
namespace {

using namespace letters;
using namespace sem;

constexpr const char* kJccNames[16] = {"jo", "jno", "jb", "jae", "je", "jne", "jbe", "ja",
                                       "js", "jns", "jp", "jnp", "jl", "jge", "jle", "jg"};
template <size_t... K>
consteval auto conditional(std::index_sequence<K...>) {
  return std::array{
      row<Jcc<K>, Jb>(0x70 + K, kJccNames[K]).with(kForce64).reads(condition_flags(K))...,
      row<Jcc<K>, Jz>(0x80 + K, kJccNames[K]).in(Map::TwoByte).with(kForce64).reads(condition_flags(K))...};
}

// Far transfers and interrupts may switch tasks, and then one stores and loads every flag.
constexpr uint32_t kFar = kEndsBlock | kStops;

constexpr std::array kOther{
    row<Jmp, Jb>(0xEB, "jmp").with(kForce64),
    row<Jmp, Jz>(0xE9, "jmp").with(kForce64),
    row<Call, Jz>(0xE8, "call").with(kForce64 | kStackAddress),
    row<CallIndirect, Ev>(0xFF, "call").group(2).with(kForce64 | kStackAddress),
    row<JmpIndirect, Ev>(0xFF, "jmp").group(4).with(kForce64),
    row<Ret, rAX>(0xC3, "ret").with(kForce64 | kStackAddress),
    row<RetN, rAX, Iw>(0xC2, "ret").with(kForce64 | kStackAddress),
    row<Loop<LoopKind::Loopne>, Jb>(0xE0, "loopne").with(kForce64).reads(kZF),
    row<Loop<LoopKind::Loope>, Jb>(0xE1, "loope").with(kForce64).reads(kZF),
    row<Loop<LoopKind::Loop>, Jb>(0xE2, "loop").with(kForce64),
    row<Loop<LoopKind::Jcxz>, Jb>(0xE3, "jcxz").with(kForce64),
    helper<jmp_far, Ap>(0xEA, "ljmp", kNo64 | kFar).reads(kOSZAPC).writes(kOSZAPC),
    helper<call_far, Ap>(0x9A, "lcall", kNo64 | kFar).reads(kOSZAPC).writes(kOSZAPC),
    helper<jmp_far_mem, letters::Mem>(0xFF, "ljmp", kFar).reads(kOSZAPC).writes(kOSZAPC).group(5),
    helper<call_far_mem, letters::Mem>(0xFF, "lcall", kFar).reads(kOSZAPC).writes(kOSZAPC).group(3),
    helper<ret_far>(0xCB, "retf", kFar),
    helper<ret_far, Iw>(0xCA, "retf", kFar),
    helper<iret>(0xCF, "iret", kFar).reads(kOSZAPC).writes(kOSZAPC),
    helper<int3>(0xCC, "int3", kFar).reads(kOSZAPC).writes(kOSZAPC),
    helper<int_n, Ib>(0xCD, "int", kFar).reads(kOSZAPC).writes(kOSZAPC),
    helper<into>(0xCE, "into", kFar | kNo64).reads(kOSZAPC).writes(kOSZAPC),
    helper<int1>(0xF1, "int1", kFar).reads(kOSZAPC).writes(kOSZAPC),
};

constexpr auto kRows = concat(kOther, conditional(std::make_index_sequence<16>{}));

}  // namespace

std::span<const Row> branch_rows() { return kRows; }

}  // namespace ilse::cpu
