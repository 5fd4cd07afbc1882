# Models: in libcairn_core.so; their part of the C API in libascendcl.so.
file(GLOB CAIRN_MODEL_SOURCES CONFIGURE_DEPENDS model/*.cc)
target_sources(cairn_core PRIVATE ${CAIRN_MODEL_SOURCES} om/om_aipp.cc om/om_partitions.cc om/om_weight_files.cc)
target_link_libraries(cairn_core PRIVATE cairn_aipp ${CMAKE_DL_LIBS})
target_sources(ascendcl PRIVATE capi/acl_mdl.cc capi/acl_mdl_aipp.cc capi/acl_mdl_config.cc capi/acl_op.cc)

# Single operators: next to the models that they are.
target_sources(cairn_core PRIVATE op/op_attributes.cc)

# Kernels of the program: what cairn/kernel.h is for.
file(GLOB CAIRN_KERNEL_SOURCES CONFIGURE_DEPENDS kernel/*.cc)
target_sources(cairn_core PRIVATE ${CAIRN_KERNEL_SOURCES})
target_sources(ascendcl PRIVATE capi/acl_op_kernel.cc)
