// All of MMX, SSE and SSE2: what instruction rows include. The later extensions are included where they are
// used.
#pragma once

#include "cpu/fpu/mxcsr.h"
#include "cpu/fpu/simd_integer.h"
#include "cpu/fpu/simd_shuffle.h"
#include "cpu/fpu/sse_arith.h"
#include "cpu/fpu/sse_convert.h"
#include "cpu/fpu/sse_inexact.h"
