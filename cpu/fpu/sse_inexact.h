// PE beside an unmasked overflow or underflow: the silicon then tells whether the result would be inexact if
// its exponent had no limits, element by element (Intel SDM vol. 1, 4.9.1.4 and 4.9.1.5). The x87's wider
// exponent answers that, with its precision control at the element's width.
#pragma once

#include "cpu/fpu/mxcsr.h"

namespace ilse::cpu {

enum class SseMath : uint8_t { Add, Sub, Mul, Div, Narrow };

// `op` is the instruction, destination and source; with `math` Narrow, CVTSD2SS and CVTPD2PS, b alone counts.
// True: PE is set. `guest` is MXCSR before the instruction.
bool sse_inexact(SseMath math, SseRounds rounds, Xmm (*op)(const Xmm&, const Xmm&), const Xmm& a,
                 const Xmm& b, uint32_t guest);

}  // namespace ilse::cpu
