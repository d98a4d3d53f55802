// Random programs for two engines: blocks of instructions from rows of the opcode table, tied together by
// branches, calls, returns and computed jumps, and the state that they start from. A program is a list of
// pieces, so that one that shows a difference can be made smaller.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cpu/cpuid.h"
#include "oracle/values.h"

namespace ilse::test {

enum class Width : uint8_t { k16, k32, k64 };

// Linear and physical addresses of the bench's pages, below the system's own. In 64-bit mode all of it is
// mapped a second time from kHigh on.
inline constexpr uint64_t kHigh = 0xFFFFFFFF80000000;
inline constexpr uint64_t kCode = 0x20000, kCodeSize = 0x2000;
inline constexpr uint64_t kData = 0x40000, kDataSize = 0x4000;  // an unmapped page behind it
inline constexpr uint64_t kReadOnly = 0x45000;
inline constexpr uint64_t kLastPage = 0x46000;   // likewise
inline constexpr uint64_t kAlias = 0x60000;      // the data's first page again
inline constexpr uint64_t kCodeAlias = 0x62000;  // the code, writable
inline constexpr uint64_t kPageTable = 0x84000;  // of all of these, for the system alone

// One instruction. A piece that refers to an address has it in `size` bytes at `at`: a block's, relative to
// the end of the piece or absolute, or that of `data`, relative.
struct Piece {
  std::vector<uint8_t> bytes;
  enum class Fix : uint8_t { None, Relative, Absolute, Data } fix = Fix::None;
  unsigned at = 0, size = 4;
  unsigned block = 0;
  uint64_t data = 0;
};

struct Program {
  Width width = Width::k64;
  unsigned privilege = 3;
  uint64_t base = 0;  // 0 or kHigh: where its addresses point
  bool flat = true;   // 32-bit: DS and ES with base 0 and limit 4 GiB
  // 16-bit: of the code segment; the others begin at kData.
  uint64_t code_base = 0;
  uint32_t code_limit = 0xFFFFFFFF;
  std::vector<std::vector<Piece>> blocks;
  std::vector<uint64_t> places;  // of the blocks, offsets in the code
  std::vector<unsigned> slices;  // lengths of the runs
  uint64_t seed = 0;             // of registers, flags, memory

  // The code's bytes; empty where a short branch does not reach.
  std::vector<uint8_t> image() const;
  // Places for the blocks: one after the other from `at` on.
  void place(uint64_t at);
};

Program random_program(uint64_t seed, Width width, unsigned privilege, const cpu::Model& model);

}  // namespace ilse::test
