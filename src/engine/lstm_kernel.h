// The part of an LSTM that cannot be computed for all steps at once.
#pragma once

#include <cstddef>

namespace cairn {

/// Units of the hidden state that are computed together. Gates and weights lie in blocks of so many units.
constexpr size_t kLstmUnits = 16;
constexpr size_t kLstmGates = 4;  ///< In OpenVINO's order: forget, input, cell, output.
constexpr size_t kLstmBlock = kLstmGates * kLstmUnits;

/// Sizes of an LSTM's recurrence, and where its arrays lie.
struct LstmSizes {
  size_t batch = 0;
  size_t steps = 0;
  size_t hidden = 0;
  size_t directions = 0;  ///< 1 or 2.

  size_t blocks() const { return (hidden + kLstmUnits - 1) / kLstmUnits; }
  /// Rows of the weights: `hidden`, made even with a row of zeros.
  size_t rows() const { return hidden + hidden % 2; }
};

/// float32, all arrays dense.
struct LstmArrays {
  /// [batch][steps][directions][blocks][kLstmGates][kLstmUnits]: products of the inputs, with the biases.
  const float* gates = nullptr;
  const float* first_hidden = nullptr;  ///< [batch][directions][hidden], as are the next three.
  const float* first_cell = nullptr;
  float* last_hidden = nullptr;
  float* last_cell = nullptr;
  /// [directions][blocks][rows][kLstmGates][kLstmUnits]; zeros where there is no unit or row.
  const float* weights = nullptr;
  float* output = nullptr;  ///< [batch][directions][steps][hidden]
};

/// All steps of one direction, the last one first if `is_reversed`. Two calls may run at the same time.
void run_lstm(const LstmSizes& sizes, const LstmArrays& arrays, size_t direction, bool is_reversed);

}  // namespace cairn
