# Matrix products: libacl_cblas.so, which alone loads oneDNN.
find_package(dnnl REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)

cairn_library(acl_cblas
  blas/half_vectors.cc
  blas/matrix_product.cc
  blas/product_launch.cc
  capi/acl_cblas.cc)
target_link_libraries(acl_cblas PRIVATE cairn_core DNNL::dnnl PkgConfig::HWY)
