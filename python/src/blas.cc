// acl.blas.*: chapter 10.10.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>

#include "acl/ops/acl_cblas.h"
#include "arguments.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::Int;
using cairn::python::to_python;
using cairn::python::without_gil;
using Number = Int<int>;

namespace {

aclTransType order(Number value) {
  return static_cast<aclTransType>(value.value);
}

aclDataType type(Number value) {
  return static_cast<aclDataType>(value.value);
}

aclComputeType precision(Number value) {
  return static_cast<aclComputeType>(value.value);
}

/// For C functions that create a handle: returns (handle, ret).
template <class Call>
std::pair<uintptr_t, aclError> create(Call call) {
  aclopHandle* handle = nullptr;
  const aclError ret = without_gil([&] { return call(&handle); });
  return {to_python(handle), ret};
}

/// hgemv and s8gemv: the same but for the type of elements and of results.
template <class Element, class Total, class Product, class Create>
void bind_vector(nb::module_& m, const char* name, const char* create_name, Product product, Create creator) {
  m.def(
      name,
      [product](Number trans, Number rows, Number columns, Address alpha, Address a, Number lda, Address x,
                Number incx, Address beta, Address y, Number incy, Number compute, Address stream) {
        return without_gil([&] {
          return product(order(trans), rows, columns, alpha.as<Total>(), a.as<Element>(), lda,
                         x.as<Element>(), incx, beta.as<Total>(), y.as<Total>(), incy, precision(compute),
                         stream.value);
        });
      },
      nb::arg("trans_a"), nb::arg("m"), nb::arg("n"), nb::arg("alpha").none(), nb::arg("a").none(),
      nb::arg("lda"), nb::arg("x").none(), nb::arg("incx"), nb::arg("beta").none(), nb::arg("y").none(),
      nb::arg("incy"), nb::arg("type"), nb::arg("stream").none());
  m.def(
      create_name,
      [creator](Number trans, Number rows, Number columns, Number compute) {
        return create([&](aclopHandle** handle) {
          return creator(order(trans), rows, columns, precision(compute), handle);
        });
      },
      nb::arg("trans_a"), nb::arg("m"), nb::arg("n"), nb::arg("type"));
}

/// hgemm and s8gemm.
template <class Element, class Total, class Product, class Create>
void bind_matrix(nb::module_& m, const char* name, const char* create_name, Product product, Create creator) {
  m.def(
      name,
      [product](Number trans_a, Number trans_b, Number trans_c, Number rows, Number columns, Number depth,
                Address alpha, Address a, Number lda, Address b, Number ldb, Address beta, Address c,
                Number ldc, Number compute, Address stream) {
        return without_gil([&] {
          return product(order(trans_a), order(trans_b), order(trans_c), rows, columns, depth,
                         alpha.as<Total>(), a.as<Element>(), lda, b.as<Element>(), ldb, beta.as<Total>(),
                         c.as<Total>(), ldc, precision(compute), stream.value);
        });
      },
      nb::arg("trans_a"), nb::arg("trans_b"), nb::arg("trans_c"), nb::arg("m"), nb::arg("n"), nb::arg("k"),
      nb::arg("alpha").none(), nb::arg("matrix_a").none(), nb::arg("lda"), nb::arg("matrix_b").none(),
      nb::arg("ldb"), nb::arg("beta").none(), nb::arg("matrix_c").none(), nb::arg("ldc"), nb::arg("type"),
      nb::arg("stream").none());
  m.def(
      create_name,
      [creator](Number trans_a, Number trans_b, Number trans_c, Number rows, Number columns, Number depth,
                Number compute) {
        return create([&](aclopHandle** handle) {
          return creator(order(trans_a), order(trans_b), order(trans_c), rows, columns, depth,
                         precision(compute), handle);
        });
      },
      nb::arg("trans_a"), nb::arg("trans_b"), nb::arg("trans_c"), nb::arg("m"), nb::arg("n"), nb::arg("k"),
      nb::arg("type"));
}

void bind_vector_of_any_type(nb::module_& m) {
  m.def(
      "gemv_ex",
      [](Number trans, Number rows, Number columns, Address alpha, Address a, Number lda, Number type_a,
         Address x, Number incx, Number type_x, Address beta, Address y, Number incy, Number type_y,
         Number compute, Address stream) {
        return without_gil([&] {
          return aclblasGemvEx(order(trans), rows, columns, alpha.value, a.value, lda, type(type_a), x.value,
                               incx, type(type_x), beta.value, y.value, incy, type(type_y),
                               precision(compute), stream.value);
        });
      },
      nb::arg("trans_a"), nb::arg("m"), nb::arg("n"), nb::arg("alpha").none(), nb::arg("a").none(),
      nb::arg("lda"), nb::arg("data_type_a"), nb::arg("x").none(), nb::arg("incx"), nb::arg("data_type_x"),
      nb::arg("beta").none(), nb::arg("y").none(), nb::arg("incy"), nb::arg("data_type_y"), nb::arg("type"),
      nb::arg("stream").none());
  m.def(
      "create_handle_for_gemv_ex",
      [](Number trans, Number rows, Number columns, Number type_a, Number type_x, Number type_y,
         Number compute) {
        return create([&](aclopHandle** handle) {
          return aclblasCreateHandleForGemvEx(order(trans), rows, columns, type(type_a), type(type_x),
                                              type(type_y), precision(compute), handle);
        });
      },
      nb::arg("trans_a"), nb::arg("m"), nb::arg("n"), nb::arg("data_type_a"), nb::arg("data_type_x"),
      nb::arg("data_type_y"), nb::arg("type"));
}

void bind_matrix_of_any_type(nb::module_& m) {
  m.def(
      "gemm_ex",
      [](Number trans_a, Number trans_b, Number trans_c, Number rows, Number columns, Number depth,
         Address alpha, Address a, Number lda, Number type_a, Address b, Number ldb, Number type_b,
         Address beta, Address c, Number ldc, Number type_c, Number compute, Address stream) {
        return without_gil([&] {
          return aclblasGemmEx(order(trans_a), order(trans_b), order(trans_c), rows, columns, depth,
                               alpha.value, a.value, lda, type(type_a), b.value, ldb, type(type_b),
                               beta.value, c.value, ldc, type(type_c), precision(compute), stream.value);
        });
      },
      nb::arg("trans_a"), nb::arg("trans_b"), nb::arg("trans_c"), nb::arg("m"), nb::arg("n"), nb::arg("k"),
      nb::arg("alpha").none(), nb::arg("matrix_a").none(), nb::arg("lda"), nb::arg("data_type_a"),
      nb::arg("matrix_b").none(), nb::arg("ldb"), nb::arg("data_type_b"), nb::arg("beta").none(),
      nb::arg("matrix_c").none(), nb::arg("ldc"), nb::arg("data_type_c"), nb::arg("type"),
      nb::arg("stream").none());
  m.def(
      "create_handle_for_gemm_ex",
      [](Number trans_a, Number trans_b, Number trans_c, Number rows, Number columns, Number depth,
         Number type_a, Number type_b, Number type_c, Number compute) {
        return create([&](aclopHandle** handle) {
          return aclblasCreateHandleForGemmEx(order(trans_a), order(trans_b), order(trans_c), rows, columns,
                                              depth, type(type_a), type(type_b), type(type_c),
                                              precision(compute), handle);
        });
      },
      nb::arg("trans_a"), nb::arg("trans_b"), nb::arg("trans_c"), nb::arg("m"), nb::arg("n"), nb::arg("k"),
      nb::arg("data_type_a"), nb::arg("data_type_b"), nb::arg("data_type_c"), nb::arg("type"));
}

}  // namespace

NB_MODULE(_blas, m) {
  bind_vector_of_any_type(m);
  bind_vector<aclFloat16, aclFloat16>(m, "hgemv", "create_handle_for_hgemv", aclblasHgemv,
                                      aclblasCreateHandleForHgemv);
  bind_vector<int8_t, int32_t>(m, "s8gemv", "create_handle_for_s8gemv", aclblasS8gemv,
                               aclblasCreateHandleForS8gemv);
  bind_matrix_of_any_type(m);
  bind_matrix<aclFloat16, aclFloat16>(m, "hgemm", "create_handle_for_hgemm", aclblasHgemm,
                                      aclblasCreateHandleForHgemm);
  bind_matrix<int8_t, int32_t>(m, "s8gemm", "create_handle_for_s8gemm", aclblasS8gemm,
                               aclblasCreateHandleForS8gemm);
}
