// SSE.
#include "cpu/isa/rows.h"

namespace ilse::cpu {
std::span<const Row> sse_rows() { return {}; }
}  // namespace ilse::cpu
