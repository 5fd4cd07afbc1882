// The inner loops of what brings the elements along an axis together. Tensors are [outer, n, inner]; a kernel
// computes some of the outer * inner rows, which are counted in the order of the result.
//
// Sums and products of floats are computed in double precision. Whole numbers of 8 bits saturate, as the
// engine's do; wider ones wrap. NaN wins over all numbers.
#pragma once

#include <cstddef>

#include "acl/acl_base.h"
#include "element/element_kernels.h"

namespace cairn::direct {

enum class Reduction : unsigned char { kSum, kMean, kProduct, kMaximum, kMinimum, kAll, kAny };

struct Rows {
  size_t n = 0;
  size_t inner = 0;
  size_t begin = 0;
  size_t end = 0;
};

/// y[begin ... end] of x. Only of kSum and kProduct, n may be 0.
using Reduce = void (*)(const void* x, const Rows& rows, void* y);

/// Null: there is none. kAll and kAny are of bool.
Reduce find_reduction(Reduction reduction, aclDataType type);

/// exp(x) over its sum, or the logarithm of that, of each row of float32. y may be x.
void softmax(const float* x, const Rows& rows, bool logarithm, float* y);

}  // namespace cairn::direct
