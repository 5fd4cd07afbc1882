// Matrix products of float32, by oneDNN.
#pragma once

#include <cstdint>
#include <vector>

#include "direct/stage.h"

namespace cairn {

/// Matrices of [m, k] times those of [k, n]; a transposed one lies as [k, m] or [n, k].
struct MatrixShape {
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  bool transpose_a = false;
  bool transpose_b = false;
  /// Where the matrices of each product begin, in elements. Results follow each other.
  std::vector<int64_t> a;
  std::vector<int64_t> b;
};

/// Products are shared out by rows or columns. Each part runs in one thread: oneDNN's own would go on
/// spinning beside the device's workers.
class MatrixStage final : public direct::Stage {
 public:
  /// oneDNN can be loaded.
  static bool is_available();
  /// If it is available.
  explicit MatrixStage(MatrixShape shape);

  double nanoseconds() const override;
  size_t parts() const override {
    return shape_.m == 0 || shape_.n == 0 ? 0 : shape_.a.size() * parts_of_one_;
  }
  void run(size_t part, std::span<const void* const> inputs, std::span<void* const> outputs,
           FloatOverflow& overflow) const override;

 private:
  const MatrixShape shape_;
  bool by_rows_ = true;
  int64_t length_of_part_ = 0;  ///< Rows or columns.
  size_t parts_of_one_ = 1;     ///< Of one product.
};

}  // namespace cairn
