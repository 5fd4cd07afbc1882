// Stages that bring the elements along an axis together: reductions and softmax.
#pragma once

#include <algorithm>

#include "direct/axis_kernels.h"
#include "direct/stage.h"

namespace cairn::direct {

/// A tensor of [outer, n, inner] elements. Its outer * inner rows are shared out.
class AxisStage : public Stage {
 public:
  AxisStage(size_t outer, size_t n, size_t inner, double nanoseconds_of_element)
      : n_(n),
        inner_(inner),
        rows_(outer * inner),
        rows_of_part_(std::max<size_t>(1, kElementsOfPart / std::max<size_t>(n, 1))),
        nanoseconds_(static_cast<double>(rows_) *
                     (kNanosecondsOfRow + static_cast<double>(n) * nanoseconds_of_element)) {}

  double nanoseconds() const override { return nanoseconds_; }
  size_t parts() const override { return (rows_ + rows_of_part_ - 1) / rows_of_part_; }

 protected:
  Rows rows(size_t part) const {
    return {n_, inner_, part * rows_of_part_, std::min((part + 1) * rows_of_part_, rows_)};
  }

 private:
  static constexpr size_t kElementsOfPart = size_t{32} << 10;
  static constexpr double kNanosecondsOfRow = 3;

  const size_t n_;
  const size_t inner_;
  const size_t rows_;
  const size_t rows_of_part_;
  const double nanoseconds_;
};

/// From [outer, n, inner] to [outer, inner].
class ReductionStage final : public AxisStage {
 public:
  /// `reduce` exists.
  ReductionStage(size_t outer, size_t n, size_t inner, Reduce reduce)
      : AxisStage(outer, n, inner, 0.3), reduce_(reduce) {}
  void run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
           FloatOverflow& /*overflow*/) const override {
    reduce_(inputs[0], rows(part), outputs[0]);
  }

 private:
  const Reduce reduce_;
};

/// Of float32.
class SoftmaxStage final : public AxisStage {
 public:
  SoftmaxStage(size_t outer, size_t n, size_t inner, bool logarithm)
      : AxisStage(outer, n, inner, 1), logarithm_(logarithm) {}
  void run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
           FloatOverflow& /*overflow*/) const override {
    softmax(static_cast<const float*>(inputs[0]), rows(part), logarithm_, static_cast<float*>(outputs[0]));
  }

 private:
  const bool logarithm_;
};

}  // namespace cairn::direct
