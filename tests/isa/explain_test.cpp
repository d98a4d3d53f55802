// The wording of effects, for a handful of instructions of each kind; and that every lifted row has one.
#include <catch2/catch.hpp>

#include "cpu/isa/decoder.h"
#include "cpu/sem/explain.h"
#include "isa/lifted.h"

namespace ilse::test {
namespace {

using namespace cpu;

constexpr uint32_t k64 = kModeCode64 | 2u << kModeStackShift | kModeFlatData | kModeFlatCode | kModeProtected;
constexpr uint32_t k32 = kModeCode32 | 1u << kModeStackShift | kModeFlatData | kModeFlatCode | kModeProtected;
constexpr uint32_t k16 = kModeCode16;

std::string explained(uint32_t mode, std::vector<uint8_t> bytes) {
  Insn insn;
  bytes.resize(kMaxInsnBytes);
  auto status = decode(bytes.data(), kMaxInsnBytes, mode, *find_model("max"), 0x10, insn);
  REQUIRE(status == DecodeStatus::Ok);
  return explain(insn);
}

}  // namespace

TEST_CASE("Arithmetic names its operands and flags") {
  CHECK(explained(k64, {0x03, 0x43, 0x08}) == "eax <- eax + mem32[rbx+8]; flags OSZAPC");
  CHECK(explained(k64, {0x48, 0x29, 0xD8}) == "rax <- rax - rbx; flags OSZAPC");
  CHECK(explained(k64, {0xFE, 0xC4}) == "ah <- ah + 1; flags OSZAP");
  CHECK(explained(k32, {0x80, 0x4C, 0xB3, 0xF0, 0x80}) ==
        "mem8[ebx+esi*4-0x10] <- mem8[ebx+esi*4-0x10] | 0x80; flags OSZAPC");
  CHECK(explained(k64, {0x3D, 0, 1, 0, 0}) == "flags OSZAPC of eax - 0x100");
  CHECK(explained(k64, {0xD3, 0xE0}) == "eax <- eax << cl; flags OSZAPC unless the count is 0");
  CHECK(explained(k64, {0xF7, 0xE1}) == "eax <- eax * ecx; edx <- high(eax * ecx); flags OSZAPC");
}

TEST_CASE("Moves, the stack and segments") {
  CHECK(explained(k64, {0x8B, 0x05, 0x20, 0, 0, 0}) == "eax <- mem32[rip+0x20]");
  CHECK(explained(k64, {0x48, 0x8D, 0x44, 0x91, 0xFC}) == "rax <- rcx+rdx*4-4");
  CHECK(explained(k64, {0x41, 0x55}) == "mem64[rsp - 8] <- r13; rsp <- rsp - 8");
  CHECK(explained(k32, {0x58}) == "esp <- esp + 4; eax <- mem32[esp]");
  CHECK(explained(k16, {0x26, 0x8A, 0x07}) == "al <- mem8[es:bx]");
  CHECK(explained(k64, {0x0F, 0x44, 0xC1}) == "eax <- zf ? ecx : eax");
}

TEST_CASE("Transfers say where and when") {
  CHECK(explained(k64, {0x74, 0xFE}) == "rip <- rip-2 if zf");
  CHECK(explained(k64, {0xC3}) == "rsp <- rsp + 8; rip <- mem64[rsp]");
  CHECK(explained(k64, {0xC2, 0x10, 0}) == "rsp <- rsp + 8; rsp <- (rsp + 8) + zx(0x10); rip <- mem64[rsp]");
  CHECK(explained(k64, {0xFF, 0xE0}) == "rip <- rax");
}

TEST_CASE("Every lifted row has words, and what is not lifted has none") {
  CHECK(explained(k64, {0x90}) == "nothing");
  CHECK(explained(k64, {0x0F, 0xA2}).empty());
  for_each_row([](const Row& row) {
    for_each_lifted(row, [](const Row& r, unsigned size, bool mem) {
      Insn insn;
      insn.row = &r;
      insn.op_size = static_cast<uint8_t>(2 << size);
      insn.mem = mem;
      INFO(describe(r, size, mem));
      std::string text = explain(insn);
      CHECK_FALSE(text.empty());
      CHECK(text.find("?(") == std::string::npos);
    });
  });
}

}  // namespace ilse::test
