# Models: in libcairn_core.so; their part of the C API in libascendcl.so.
file(GLOB CAIRN_MODEL_SOURCES CONFIGURE_DEPENDS model/*.cc)
target_sources(cairn_core PRIVATE ${CAIRN_MODEL_SOURCES})
target_link_libraries(cairn_core PRIVATE ${CMAKE_DL_LIBS})
target_sources(ascendcl PRIVATE capi/acl_mdl.cc capi/acl_op.cc)
