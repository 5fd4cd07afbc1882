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
// Four sequences share a pass over the weights where their sums fit into the registers, else two.
constexpr bool kHasManyRegisters = kParts == 1;

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

/// The state of kRows sequences.
template <size_t kRows>
struct State {
  explicit State(size_t units) : width(units), hidden(kRows * units), next(hidden), cell(hidden) {}
  size_t width;
  std::vector<float> hidden;
  std::vector<float> next;
  std::vector<float> cell;
};

/// sums[row, gate, part] = gates + hidden . weights, of kVectors vectors of units.
template <size_t kRows, size_t kVectors>
HWY_INLINE void multiply(const float* HWY_RESTRICT gates, size_t gates_stride,
                         const float* HWY_RESTRICT hidden, size_t width, const float* HWY_RESTRICT weights,
                         size_t inputs, Vector (&sums)[kRows][kLstmGates][kVectors]) {
  // Sums are added to once in four cycles; fewer than eight would wait for each other.
  constexpr size_t kSets = kRows * kLstmGates * kVectors >= 8 ? 1 : 2;
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  Vector found[kSets][kRows][kLstmGates][kVectors];
  for (size_t row = 0; row < kRows; ++row)
    for (size_t gate = 0; gate < kLstmGates; ++gate)
      for (size_t part = 0; part < kVectors; ++part) {
        found[0][row][gate][part] =
            hn::LoadU(d, gates + row * gates_stride + gate * kLstmUnits + part * lanes);
        if constexpr (kSets > 1) found[1][row][gate][part] = hn::Zero(d);
      }
  for (size_t input = 0; input < inputs; input += kSets) {
#pragma GCC unroll 2
    for (size_t set = 0; set < kSets; ++set) {
      const float* const of_input = weights + (input + set) * kLstmBlock;
      Vector h[kRows];
#pragma GCC unroll 4
      for (size_t row = 0; row < kRows; ++row)
        h[row] = number(hidden[row * width + input + set]);
#pragma GCC unroll 4
      for (size_t gate = 0; gate < kLstmGates; ++gate)
#pragma GCC unroll 4
        for (size_t part = 0; part < kVectors; ++part) {
          const Vector w = hn::LoadU(d, of_input + gate * kLstmUnits + part * lanes);
#pragma GCC unroll 4
          for (size_t row = 0; row < kRows; ++row)
            found[set][row][gate][part] = hn::MulAdd(h[row], w, found[set][row][gate][part]);
        }
    }
  }
  for (size_t row = 0; row < kRows; ++row)
    for (size_t gate = 0; gate < kLstmGates; ++gate)
      for (size_t part = 0; part < kVectors; ++part)
        sums[row][gate][part] = kSets > 1
                                    ? hn::Add(found[0][row][gate][part], found[kSets - 1][row][gate][part])
                                    : found[0][row][gate][part];
}

template <size_t kRows>
void run_step(const float* gates, size_t gates_stride, const float* weights, const LstmSizes& sizes,
              State<kRows>& state) {
  constexpr size_t kVectors = kRows == 1 ? kParts : 1;
  const Floats d;
  const size_t lanes = hn::Lanes(d);
  for (size_t block = 0; block < sizes.blocks(); ++block)
    for (size_t from = 0; from < kLstmUnits; from += kVectors * lanes) {
      Vector sums[kRows][kLstmGates][kVectors];
      multiply<kRows, kVectors>(gates + block * kLstmBlock + from, gates_stride, state.hidden.data(),
                                state.width, weights + block * sizes.rows() * kLstmBlock + from, sizes.rows(),
                                sums);
      for (size_t row = 0; row < kRows; ++row)
        for (size_t part = 0; part < kVectors; ++part) {
          const size_t place = row * state.width + block * kLstmUnits + from + part * lanes;
          const auto& of_row = sums[row];
          const Vector kept = hn::Mul(sigmoid(of_row[0][part]), hn::LoadU(d, state.cell.data() + place));
          const Vector added = hn::Mul(sigmoid(of_row[1][part]), tanh(of_row[2][part]));
          const Vector fresh = hn::Add(kept, added);
          hn::StoreU(fresh, d, state.cell.data() + place);
          hn::StoreU(hn::Mul(sigmoid(of_row[3][part]), tanh(fresh)), d, state.next.data() + place);
        }
    }
  std::swap(state.hidden, state.next);
}

template <size_t kRows>
void run_rows(const LstmSizes& sizes, const LstmArrays& arrays, size_t first, size_t direction,
              bool is_reversed) {
  const size_t blocks = sizes.blocks();
  const float* const weights = arrays.weights + direction * blocks * sizes.rows() * kLstmBlock;
  const size_t gates_stride = sizes.steps * sizes.directions * blocks * kLstmBlock;
  const auto place = [&](size_t row) {
    return ((first + row) * sizes.directions + direction) * sizes.hidden;
  };
  const auto line = [](std::vector<float>& of, size_t at) {
    return of.begin() + static_cast<std::ptrdiff_t>(at);
  };
  State<kRows> state(blocks * kLstmUnits);
  for (size_t row = 0; row < kRows; ++row) {
    std::copy_n(arrays.first_hidden + place(row), sizes.hidden, line(state.hidden, row * state.width));
    std::copy_n(arrays.first_cell + place(row), sizes.hidden, line(state.cell, row * state.width));
  }
  for (size_t i = 0; i < sizes.steps; ++i) {
    const size_t step = is_reversed ? sizes.steps - 1 - i : i;
    const float* const gates =
        arrays.gates + ((first * sizes.steps + step) * sizes.directions + direction) * blocks * kLstmBlock;
    run_step<kRows>(gates, gates_stride, weights, sizes, state);
    for (size_t row = 0; row < kRows; ++row)
      std::copy_n(line(state.hidden, row * state.width), sizes.hidden,
                  arrays.output + place(row) * sizes.steps + step * sizes.hidden);
  }
  for (size_t row = 0; row < kRows; ++row) {
    std::copy_n(line(state.hidden, row * state.width), sizes.hidden, arrays.last_hidden + place(row));
    std::copy_n(line(state.cell, row * state.width), sizes.hidden, arrays.last_cell + place(row));
  }
}

void run_here(const LstmSizes& sizes, const LstmArrays& arrays, size_t direction, bool is_reversed) {
  size_t first = 0;
  if constexpr (kHasManyRegisters)
    for (; first + 4 <= sizes.batch; first += 4)
      run_rows<4>(sizes, arrays, first, direction, is_reversed);
  for (; first + 2 <= sizes.batch; first += 2)
    run_rows<2>(sizes, arrays, first, direction, is_reversed);
  if (first < sizes.batch) run_rows<1>(sizes, arrays, first, direction, is_reversed);
}

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace cairn
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace cairn {

HWY_EXPORT(run_here);

void run_lstm(const LstmSizes& sizes, const LstmArrays& arrays, size_t direction, bool is_reversed) {
  HWY_DYNAMIC_DISPATCH(run_here)(sizes, arrays, direction, is_reversed);
}

}  // namespace cairn
#endif
