# Models: in libcairn_core.so; their part of the C API in libascendcl.so.
file(GLOB CAIRN_MODEL_SOURCES CONFIGURE_DEPENDS model/*.cc)
target_sources(cairn_core PRIVATE ${CAIRN_MODEL_SOURCES} om/om_aipp.cc om/om_checksum.cc om/om_partitions.cc om/om_weight_files.cc om/unread_weights.cc)
target_link_libraries(cairn_core PRIVATE cairn_aipp ${CMAKE_DL_LIBS})
target_sources(ascendcl PRIVATE capi/acl_mdl.cc capi/acl_mdl_aipp.cc capi/acl_mdl_config.cc capi/acl_op.cc)

# Single operators: next to the models that they are.
file(GLOB CAIRN_SINGLEOP_SOURCES CONFIGURE_DEPENDS op/*.cc singleop/*.cc)
target_sources(cairn_core PRIVATE ${CAIRN_SINGLEOP_SOURCES})

find_package(PkgConfig REQUIRED)
pkg_check_modules(HWY REQUIRED IMPORTED_TARGET libhwy)

# What runs without the engine. The compiler is to make vectors of its loops, as -O3 does.
file(GLOB CAIRN_ELEMENT_SOURCES CONFIGURE_DEPENDS element/*.cc direct/*.cc)
target_sources(cairn_core PRIVATE ${CAIRN_ELEMENT_SOURCES} tensor/half_vectors.cc)
target_link_libraries(cairn_core PRIVATE PkgConfig::HWY)
set_source_files_properties(element/element_kernels.cc direct/axis_kernels.cc PROPERTIES
  COMPILE_OPTIONS "-fno-math-errno;-fno-trapping-math" SKIP_PRECOMPILE_HEADERS ON)

# Compiling them while the program runs: libacl_op_compiler.so.
cairn_library(acl_op_compiler capi/acl_op_compiler.cc)
target_link_libraries(acl_op_compiler PRIVATE cairn_core)
cairn_stand_ins(acl_op_compiler acl/acl_op_compiler.h)

# Kernels of the program: what cairn/kernel.h is for.
file(GLOB CAIRN_KERNEL_SOURCES CONFIGURE_DEPENDS kernel/*.cc)
target_sources(cairn_core PRIVATE ${CAIRN_KERNEL_SOURCES})
target_sources(ascendcl PRIVATE capi/acl_op_kernel.cc)
