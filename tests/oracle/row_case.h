// Cases from rows of the opcode table: an encoding with random prefixes, ModRM, SIB, displacement and
// immediate, and registers that mostly point its operands into the data window.
#pragma once

#include <optional>

#include "cpu/cpuid.h"
#include "cpu/isa/row.h"
#include "oracle/native_case.h"
#include "oracle/random_case.h"

namespace ilse::oracle {

// The decoder's mode bits for code of this width at privilege 3 in the oracle's set-up.
std::uint32_t decoder_mode(Mode mode);

// No value: the row has no encoding in this mode, or chance did not find one that is safe to run natively.
std::optional<Case> row_case(Random& random, const cpu::Row& row, Mode mode, const cpu::Model& model);

}  // namespace ilse::oracle
