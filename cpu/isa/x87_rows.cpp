// x87: SDM vol. 2D, tables.
#include "cpu/isa/rows.h"

namespace ilse::cpu {
std::span<const Row> x87_rows() { return {}; }
}  // namespace ilse::cpu
