# Matrix products: libacl_cblas.so, which alone loads oneDNN (and the OpenMP runtime of its threads).
find_package(dnnl REQUIRED)

cairn_library(acl_cblas
  blas/matrix_product.cc
  blas/product_launch.cc
  capi/acl_cblas.cc)
target_link_libraries(acl_cblas PRIVATE cairn_core DNNL::dnnl gomp)
