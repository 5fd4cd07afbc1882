// C = alpha * A * B + beta * C as acl.blas describes it. A matrix-vector product is one whose B and C have
// one column.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/status.h"
#include "blas/matrix_layout.h"
#include "tensor/float_overflow.h"

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

  /// Takes less time than handing it to a worker, which may have to be woken.
  bool is_brief() const {
    constexpr int64_t kMostProducts = int64_t{1} << 18;
    return int64_t{m_} * n_ <= kMostProducts && int64_t{m_} * n_ * k_ <= kMostProducts;
  }

  /// Computes with addresses that our code may touch. May throw std::bad_alloc.
  Status run(const void* alpha, const void* a, const void* b, const void* beta, void* c,
             FloatOverflow& overflow) const;

 private:
  MatrixProduct() = default;
  static Result<MatrixProduct> with_types(const ProductTypes& types);
  Status set_a(aclTransType order, int line, const char* flag);
  Status set_b(aclTransType order, int line);
  Status run_halves(float alpha, const uint16_t* a, const uint16_t* b, float beta, void* c,
                    FloatOverflow& overflow) const;
  Status run_bytes(const void* alpha, const int8_t* a, const int8_t* b, const void* beta, void* c) const;
  Status multiply_halves(float alpha, const uint16_t* a, const uint16_t* b, float beta, float* c) const;
  void multiply_vector(const uint16_t* a, const uint16_t* x, float* sums) const;

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
