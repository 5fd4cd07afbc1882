#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4 | HWY_AVX3_DL | HWY_SVE | HWY_SVE2 | HWY_RVV)

#include "engine/lstm_kernel.h"

#include <algorithm>
#include <utility>
#include <vector>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/lstm_kernel.cc"  // NOLINT
#include <hwy/foreach_target.h>                     // NOLINT: must come before highway.h
#include <hwy/highway.h>
// After highway.h.
#include <hwy/contrib/math/math-inl.h>

HWY_BEFORE_NAMESPACE();
namespace cairn {
namespace HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::CappedTag<float, kLstmUnits>;
using Vector = hn::Vec<Floats>;

constexpr size_t kParts = kLstmUnits / hn::MaxLanes(Floats());  // Vectors of a block's units.
constexpr size_t kSums = kLstmGates * kParts;
// Sums are added to once in four cycles; fewer than eight would wait for each other.
constexpr size_t kSets = kSums >= 8 ? 1 : 2;

Vector number(float value) {
  return hn::Set(Floats(), value);
}

Vector tanh(Vector x) {
  return hn::IfThenElse(hn::IsNaN(x), x, hn::Tanh(Floats(), x));
}

Vector sigmoid(Vector x) {
  const Vector least = number(-87);  // Its exponential is the largest float.
  const Vector y = hn::Div(number(1), hn::Add(number(1), hn::Exp(Floats(), hn::Neg(hn::Max(x, least)))));
  return hn::IfThenElse(hn::IsNaN(x), x, y);
}

/// sums[gate, part] = gates + hidden . weights of one block.
HWY_INLINE void multiply(const float* HWY_RESTRICT gates, const float* HWY_RESTRICT hidden,
                         const float* HWY_RESTRICT weights, size_t rows, Vector (&sums)[kSums]) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  Vector found[kSets][kSums];
  for (size_t i = 0; i < kSums; ++i) {
    found[0][i] = hn::LoadU(d, gates + i * lanes);
    if constexpr (kSets > 1) found[1][i] = hn::Zero(d);
  }
  for (size_t row = 0; row < rows; row += kSets) {
#pragma GCC unroll 2
    for (size_t set = 0; set < kSets; ++set) {
      const Vector h = number(hidden[row + set]);
      const float* const of_row = weights + (row + set) * kLstmBlock;
#pragma GCC unroll 16
      for (size_t i = 0; i < kSums; ++i)
        found[set][i] = hn::MulAdd(h, hn::LoadU(d, of_row + i * lanes), found[set][i]);
    }
  }
  for (size_t i = 0; i < kSums; ++i)
    sums[i] = kSets > 1 ? hn::Add(found[0][i], found[kSets - 1][i]) : found[0][i];
}

void run_here(const LstmSizes& sizes, const LstmArrays& arrays, size_t sequence, size_t direction,
              bool is_reversed) {
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  const size_t blocks = sizes.blocks();
  const size_t place = sequence * sizes.directions + direction;
  const float* const weights = arrays.weights + direction * blocks * sizes.rows() * kLstmBlock;
  std::vector<float> hidden(blocks * kLstmUnits);
  std::vector<float> next(hidden.size());
  std::vector<float> cell(hidden.size());
  std::copy_n(arrays.first_hidden + place * sizes.hidden, sizes.hidden, hidden.begin());
  std::copy_n(arrays.first_cell + place * sizes.hidden, sizes.hidden, cell.begin());
  for (size_t i = 0; i < sizes.steps; ++i) {
    const size_t step = is_reversed ? sizes.steps - 1 - i : i;
    const float* const gates =
        arrays.gates + ((sequence * sizes.steps + step) * sizes.directions + direction) * blocks * kLstmBlock;
    for (size_t block = 0; block < blocks; ++block) {
      Vector sums[kSums];
      multiply(gates + block * kLstmBlock, hidden.data(), weights + block * sizes.rows() * kLstmBlock,
               sizes.rows(), sums);
      for (size_t part = 0; part < kParts; ++part) {
        const size_t unit = block * kLstmUnits + part * lanes;
        const Vector kept = hn::Mul(sigmoid(sums[part]), hn::LoadU(d, cell.data() + unit));
        const Vector added = hn::Mul(sigmoid(sums[kParts + part]), tanh(sums[2 * kParts + part]));
        const Vector fresh = hn::Add(kept, added);
        hn::StoreU(fresh, d, cell.data() + unit);
        hn::StoreU(hn::Mul(sigmoid(sums[3 * kParts + part]), tanh(fresh)), d, next.data() + unit);
      }
    }
    std::swap(hidden, next);
    std::copy_n(hidden.begin(), sizes.hidden, arrays.output + (place * sizes.steps + step) * sizes.hidden);
  }
  std::copy_n(hidden.begin(), sizes.hidden, arrays.last_hidden + place * sizes.hidden);
  std::copy_n(cell.begin(), sizes.hidden, arrays.last_cell + place * sizes.hidden);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace cairn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn {

HWY_EXPORT(run_here);

void run_lstm(const LstmSizes& sizes, const LstmArrays& arrays, size_t sequence, size_t direction,
              bool is_reversed) {
  HWY_DYNAMIC_DISPATCH(run_here)(sizes, arrays, sequence, direction, is_reversed);
}

}  // namespace cairn
#endif
