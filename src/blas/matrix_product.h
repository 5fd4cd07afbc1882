// C = alpha * A * B + beta * C as acl.blas describes it. A matrix-vector product is one whose B and C have
// one column.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "blas/matrix_layout.h"
#include "tensor/float_overflow.h"

namespace cairn {
class Scheduler;
}

namespace cairn::blas {

struct ProductTypes {
  aclDataType a;
  aclDataType b;
  aclDataType c;
  aclComputeType precision;
};

/// The numbers of one call, as the program gave them.
struct MatrixArguments {
  aclTransType trans_a;
  aclTransType trans_b;
  aclTransType trans_c;
  int m;
  int n;
  int k;
  int lda = -1;  ///< -1: the columns as stored.
  int ldb = -1;
  ProductTypes types;
};

struct VectorArguments {
  aclTransType trans_a;
  int m;
  int n;
  int lda = -1;
  int incx = 1;
  int incy = 1;
  ProductTypes types;
};

/// Where the numbers of one product are.
struct ProductMemory {
  const void* alpha;
  const void* a;
  const void* b;
  const void* beta;
  void* c;
};

/// A product whose numbers were checked. Small, so that it fits into a task.
class MatrixProduct {
 public:
  static Result<MatrixProduct> of_matrices(const MatrixArguments& arguments);
  static Result<MatrixProduct> of_vector(const VectorArguments& arguments);

  size_t bytes_of_element() const { return of_halves_ ? 2 : 1; }
  size_t bytes_of_a() const { return static_cast<size_t>(a_.elements()) * bytes_of_element(); }
  size_t bytes_of_b() const { return static_cast<size_t>(b_.elements()) * bytes_of_element(); }
  size_t bytes_of_c() const {
    return static_cast<size_t>((int64_t{m_} * n_ - 1) * stride_of_c_ + 1) * bytes_of_scalar();
  }
  /// Of alpha and beta, and of an element of C.
  size_t bytes_of_scalar() const { return result_ == ACL_FLOAT16 ? 2 : 4; }

  /// Takes less time, shared with a worker, than handing it to one that may have to be woken.
  bool is_brief() const { return nanoseconds() < 100'000; }

  /// Computes with addresses that our code may touch, in the calling thread and on free workers. May throw
  /// std::bad_alloc.
  Status run(const ProductMemory& memory, FloatOverflow& overflow, Scheduler& scheduler) const;

 private:
  /// What one worker computes of C.
  struct Tile {
    int64_t row;
    int64_t rows;
    int64_t column;
    int64_t columns;
  };

  MatrixProduct() = default;
  static Result<MatrixProduct> with_types(const ProductTypes& types);
  Status set_a(aclTransType order, int line, const char* flag);
  Status set_b(aclTransType order, int line);

  bool is_by_vector() const { return of_halves_ && n_ == 1 && !a_.is_fractal(); }
  double nanoseconds() const;  ///< Of a run in one thread, roughly.
  size_t parts_for(const Scheduler& scheduler) const;
  Tile tile(size_t part, size_t parts) const;  ///< Parts of the rows, or of the columns if those are more.
  /// multiply(tile) gives the status of oneDNN.
  template <class Multiply>
  Status multiply_tiles(Scheduler& scheduler, size_t parts, Multiply multiply) const;
  /// use(begin, end) with the elements of C, counted as if it had no gaps.
  template <class Use>
  void for_ranges(const Tile& tile, Use use) const;

  Status run_halves(const ProductMemory& memory, FloatOverflow& overflow, Scheduler& scheduler) const;
  Status run_vector(const ProductMemory& memory, FloatOverflow& overflow) const;
  Status run_bytes(const ProductMemory& memory, Scheduler& scheduler) const;
  float scalar(const void* address) const;  ///< alpha or beta.
  void finish_halves(const ProductMemory& memory, float* sums, int64_t begin, int64_t end,
                     FloatOverflow& overflow) const;
  void finish_bytes(const ProductMemory& memory, const int32_t* sums, int64_t begin, int64_t end) const;

  int32_t m_ = 0;
  int32_t n_ = 0;
  int32_t k_ = 0;
  int32_t stride_of_c_ = 1;  ///< From one element to the next; rows of matrices are without gaps [BLAS-029].
  MatrixLayout a_;
  MatrixLayout b_;
  bool of_halves_ = true;  ///< A and B; else they are of signed bytes.
  aclDataType result_ = ACL_FLOAT16;
};

}  // namespace cairn::blas
