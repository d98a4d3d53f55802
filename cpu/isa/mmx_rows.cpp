// MMX.
#include "cpu/isa/rows.h"

namespace ilse::cpu {
std::span<const Row> mmx_rows() { return {}; }
}  // namespace ilse::cpu
