// acl/ops/acl_cblas.h: matrix products.
#include "acl/ops/acl_cblas.h"

#include "blas/matrix_product.h"
#include "blas/product_launch.h"
#include "capi/entry.h"
#include "capi/stream_entry.h"
#include "op/op_handle.h"

using cairn::api;
using cairn::error;
using cairn::handle_table;
using cairn::null_argument;
using cairn::OperatorBuffer;
using cairn::OpHandle;
using cairn::Ref;
using cairn::Result;
using cairn::Status;
using cairn::Stream;
using cairn::with_stream;
using cairn::blas::launch_product;
using cairn::blas::MatrixProduct;
using cairn::blas::ProductMemory;
using cairn::blas::ProductTypes;

namespace {

/// The inputs are those of the operator GEMM: a, b, c, alpha and beta; its output is c.
class ProductHandle : public OpHandle {
 public:
  explicit ProductHandle(const MatrixProduct& product) : product_(product) {}

  Status launch(std::span<const OperatorBuffer> inputs, std::span<const OperatorBuffer> outputs,
                const Ref<Stream>& stream) const override {
    if (inputs.size() != 5 || outputs.size() != 1)
      return error(ACL_ERROR_INVALID_PARAM, "BLAS-022",
                   "a matrix product has 5 inputs (A, B, C, alpha, beta) and 1 output (C), not {} and {}",
                   inputs.size(), outputs.size());
    const struct {
      const OperatorBuffer& buffer;
      size_t needed;
      const char* name;
    } checks[] = {
        {inputs[0], product_.bytes_of_a(), "A"},         {inputs[1], product_.bytes_of_b(), "B"},
        {inputs[2], product_.bytes_of_c(), "C"},         {inputs[3], product_.bytes_of_scalar(), "alpha"},
        {inputs[4], product_.bytes_of_scalar(), "beta"}, {outputs[0], product_.bytes_of_c(), "the result"}};
    for (const auto& [buffer, needed, name] : checks)
      if (buffer.size < needed)
        return error(ACL_ERROR_INVALID_PARAM, "BLAS-001",
                     "the buffer of {} has {} bytes; the product needs {}", name, buffer.size, needed);
    if (inputs[2].data != outputs[0].data)
      return error(
          ACL_ERROR_INVALID_PARAM, "BLAS-025",
          "input C and the output are different memory; the result replaces C: pass one buffer as both");
    return launch_product("aclopExecWithHandle", product_,
                          {inputs[3].data, inputs[0].data, inputs[1].data, inputs[4].data, outputs[0].data},
                          stream);
  }

 private:
  MatrixProduct product_;
};

aclError create_handle(const char* function, aclopHandle** handle, const Result<MatrixProduct>& product) {
  return api(function, [&]() -> Status {
    if (handle == nullptr) return null_argument("BLAS-022", "handle");
    if (!product.is_ok()) return product.status();
    const Ref<OpHandle> made = handle_table<OpHandle>().insert(std::make_unique<ProductHandle>(*product));
    if (!made) return error(ACL_ERROR_BAD_ALLOC, "BLAS-022", "too many operator handles exist; destroy some");
    *handle = static_cast<aclopHandle*>(made.handle());
    return {};
  });
}

aclError launch(const char* function, const Result<MatrixProduct>& product, const ProductMemory& memory,
                aclrtStream stream) {
  return with_stream(function, stream, [&](const Ref<Stream>& found) -> Status {
    if (!product.is_ok()) return product.status();
    return launch_product(function, *product, memory, found);
  });
}

constexpr ProductTypes halves(aclComputeType precision) {
  return {ACL_FLOAT16, ACL_FLOAT16, ACL_FLOAT16, precision};
}

constexpr ProductTypes bytes(aclComputeType precision) {
  return {ACL_INT8, ACL_INT8, ACL_INT32, precision};
}

}  // namespace

// --- matrix and vector ---

aclError aclblasGemvEx(aclTransType transA, int m, int n, const void* alpha, const void* a, int lda,
                       aclDataType dataTypeA, const void* x, int incx, aclDataType dataTypeX,
                       const void* beta, void* y, int incy, aclDataType dataTypeY, aclComputeType type,
                       aclrtStream stream) {
  return launch(
      "aclblasGemvEx",
      MatrixProduct::of_vector({transA, m, n, lda, incx, incy, {dataTypeA, dataTypeX, dataTypeY, type}}),
      {alpha, a, x, beta, y}, stream);
}

aclError aclblasCreateHandleForGemvEx(aclTransType transA, int m, int n, aclDataType dataTypeA,
                                      aclDataType dataTypeX, aclDataType dataTypeY, aclComputeType type,
                                      aclopHandle** handle) {
  return create_handle(
      "aclblasCreateHandleForGemvEx", handle,
      MatrixProduct::of_vector({transA, m, n, -1, 1, 1, {dataTypeA, dataTypeX, dataTypeY, type}}));
}

aclError aclblasHgemv(aclTransType transA, int m, int n, const aclFloat16* alpha, const aclFloat16* a,
                      int lda, const aclFloat16* x, int incx, const aclFloat16* beta, aclFloat16* y, int incy,
                      aclComputeType type, aclrtStream stream) {
  return launch("aclblasHgemv", MatrixProduct::of_vector({transA, m, n, lda, incx, incy, halves(type)}),
                {alpha, a, x, beta, y}, stream);
}

aclError aclblasCreateHandleForHgemv(aclTransType transA, int m, int n, aclComputeType type,
                                     aclopHandle** handle) {
  return create_handle("aclblasCreateHandleForHgemv", handle,
                       MatrixProduct::of_vector({transA, m, n, -1, 1, 1, halves(type)}));
}

aclError aclblasS8gemv(aclTransType transA, int m, int n, const int32_t* alpha, const int8_t* a, int lda,
                       const int8_t* x, int incx, const int32_t* beta, int32_t* y, int incy,
                       aclComputeType type, aclrtStream stream) {
  return launch("aclblasS8gemv", MatrixProduct::of_vector({transA, m, n, lda, incx, incy, bytes(type)}),
                {alpha, a, x, beta, y}, stream);
}

aclError aclblasCreateHandleForS8gemv(aclTransType transA, int m, int n, aclComputeType type,
                                      aclopHandle** handle) {
  return create_handle("aclblasCreateHandleForS8gemv", handle,
                       MatrixProduct::of_vector({transA, m, n, -1, 1, 1, bytes(type)}));
}

// --- matrix and matrix ---

aclError aclblasGemmEx(aclTransType transA, aclTransType transB, aclTransType transC, int m, int n, int k,
                       const void* alpha, const void* matrixA, int lda, aclDataType dataTypeA,
                       const void* matrixB, int ldb, aclDataType dataTypeB, const void* beta, void* matrixC,
                       int /*ldc: reserved [BLAS-029]*/, aclDataType dataTypeC, aclComputeType type,
                       aclrtStream stream) {
  return launch("aclblasGemmEx",
                MatrixProduct::of_matrices(
                    {transA, transB, transC, m, n, k, lda, ldb, {dataTypeA, dataTypeB, dataTypeC, type}}),
                {alpha, matrixA, matrixB, beta, matrixC}, stream);
}

aclError aclblasCreateHandleForGemmEx(aclTransType transA, aclTransType transB, aclTransType transC, int m,
                                      int n, int k, aclDataType dataTypeA, aclDataType dataTypeB,
                                      aclDataType dataTypeC, aclComputeType type, aclopHandle** handle) {
  return create_handle(
      "aclblasCreateHandleForGemmEx", handle,
      MatrixProduct::of_matrices(
          {transA, transB, transC, m, n, k, -1, -1, {dataTypeA, dataTypeB, dataTypeC, type}}));
}

aclError aclblasHgemm(aclTransType transA, aclTransType transB, aclTransType transC, int m, int n, int k,
                      const aclFloat16* alpha, const aclFloat16* matrixA, int lda, const aclFloat16* matrixB,
                      int ldb, const aclFloat16* beta, aclFloat16* matrixC, int /*ldc: reserved [BLAS-029]*/,
                      aclComputeType type, aclrtStream stream) {
  return launch("aclblasHgemm",
                MatrixProduct::of_matrices({transA, transB, transC, m, n, k, lda, ldb, halves(type)}),
                {alpha, matrixA, matrixB, beta, matrixC}, stream);
}

aclError aclblasCreateHandleForHgemm(aclTransType transA, aclTransType transB, aclTransType transC, int m,
                                     int n, int k, aclComputeType type, aclopHandle** handle) {
  return create_handle("aclblasCreateHandleForHgemm", handle,
                       MatrixProduct::of_matrices({transA, transB, transC, m, n, k, -1, -1, halves(type)}));
}

aclError aclblasS8gemm(aclTransType transA, aclTransType transB, aclTransType transC, int m, int n, int k,
                       const int32_t* alpha, const int8_t* matrixA, int lda, const int8_t* matrixB, int ldb,
                       const int32_t* beta, int32_t* matrixC, int /*ldc: reserved [BLAS-029]*/,
                       aclComputeType type, aclrtStream stream) {
  return launch("aclblasS8gemm",
                MatrixProduct::of_matrices({transA, transB, transC, m, n, k, lda, ldb, bytes(type)}),
                {alpha, matrixA, matrixB, beta, matrixC}, stream);
}

aclError aclblasCreateHandleForS8gemm(aclTransType transA, aclTransType transB, aclTransType transC, int m,
                                      int n, int k, aclComputeType type, aclopHandle** handle) {
  return create_handle("aclblasCreateHandleForS8gemm", handle,
                       MatrixProduct::of_matrices({transA, transB, transC, m, n, k, -1, -1, bytes(type)}));
}
