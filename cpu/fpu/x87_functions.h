// Sine, cosine, arc tangent, logarithm and power in Wide arithmetic, right to about 2^-115 relative:
// what is left to the x87's transcendental instructions is special operands and rounding.
#pragma once

#include "cpu/fpu/wide.h"

namespace ilse::cpu {

// x = n * (pi / 2) + rest with |rest| at most pi / 4; n modulo 4. pi is the chip's, cut to 66 bits
// (Intel SDM vol. 1, 8.3.8). |x| is less than 2^63.
struct Quadrant {
  Wide rest;
  unsigned n;
};
Quadrant reduce_by_pi(const F80& x);

Wide wide_sin(const Wide& rest);  // |rest| at most pi / 4
Wide wide_cos(const Wide& rest);  // the same

// Angle of the point (x, y), neither of them zero, in -pi..pi.
Wide wide_atan2(const Wide& y, const Wide& x);

Wide wide_log2(const Wide& x);     // x greater than zero; zero exactly for one
Wide wide_log2_1p(const Wide& x);  // log2(1 + x), x greater than -1
Wide wide_exp2_m1(const Wide& x);  // 2^x - 1, |x| at most 1

Wide wide_pi();

}  // namespace ilse::cpu
