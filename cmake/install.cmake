# What `cmake --install` and the wheel contain. Both are the same toolkit tree:
#
#     bin/ include/acl/ include/cairn/ lib64/ set_env.sh
#
# `cmake --install` puts it at the prefix, with the Python package in python/site-packages/acl. In the wheel the tree is
# the package itself: site-packages/acl, with the engine's libraries in the package openvino beside it.
include(CMakePackageConfigHelpers)

option(CAIRN_BUNDLE_OPENVINO "Copy the OpenVINO runtime into lib64, so that the installed tree stands alone" ON)

if(CAIRN_BUILD_PYTHON)
  include(cmake/stubs.cmake)
endif()

if(DEFINED SKBUILD)
  set(CAIRN_TREE acl)
  set(CAIRN_PYTHON_PACKAGE acl)
  set(CAIRN_PYTHON_RPATH "$ORIGIN/lib64")
else()
  set(CAIRN_TREE .)
  set(CAIRN_PYTHON_PACKAGE python/site-packages/acl)
  set(CAIRN_PYTHON_RPATH "$ORIGIN/../../../lib64")
endif()

# cairn_install(RPATH FOLDER TARGET...)
function(cairn_install rpath folder)
  set_target_properties(${ARGN} PROPERTIES INSTALL_RPATH "${rpath}")
  install(TARGETS ${ARGN} RUNTIME DESTINATION ${folder} LIBRARY DESTINATION ${folder})
endfunction()

# The engine and the libraries that it loads: where OpenVINO is.
set(CAIRN_ENGINE_RPATH "$ORIGIN")
get_filename_component(CAIRN_OPENVINO_LIBRARIES "${OpenVINO_DIR}/../libs" ABSOLUTE)
if(DEFINED SKBUILD)
  set(CAIRN_ENGINE_RPATH "$ORIGIN:$ORIGIN/../../openvino/libs")
elseif(CAIRN_BUNDLE_OPENVINO)
  # The runtime, its CPU plugin, and the readers of the formats that atc takes; no GPU, NPU or framework plugins.
  foreach(pattern openvino.so.* openvino_intel_cpu_plugin.so openvino_ir_frontend.so.* openvino_onnx_frontend.so.*
                  tbb.so.* tbbbind*.so.* tbbmalloc.so.* hwloc.so.*)
    file(GLOB found "${CAIRN_OPENVINO_LIBRARIES}/lib${pattern}")
    install(FILES ${found} DESTINATION lib64)
  endforeach()
else()
  set(CAIRN_ENGINE_RPATH "$ORIGIN:${CAIRN_OPENVINO_LIBRARIES}")
endif()

cairn_install("$ORIGIN" ${CAIRN_TREE}/lib64 cairn_core cairn_check ascendcl acl_dvpp acl_cblas acl_op_compiler)
cairn_install("${CAIRN_ENGINE_RPATH}" ${CAIRN_TREE}/lib64 cairn_engine)
cairn_install("$ORIGIN/../lib64" ${CAIRN_TREE}/bin atc cairn cairn_bench npu_smi)
if(CAIRN_BUILD_PYTHON)
  cairn_install("${CAIRN_PYTHON_RPATH}" ${CAIRN_PYTHON_PACKAGE} _acl _media _blas)
  install(DIRECTORY ${CAIRN_PYTHON_DIRECTORY}/ DESTINATION ${CAIRN_PYTHON_PACKAGE}
          FILES_MATCHING PATTERN "*.py" PATTERN "*.pyi" PATTERN "py.typed" PATTERN "__pycache__" EXCLUDE)
endif()
install(PROGRAMS ${CMAKE_BINARY_DIR}/bin/msaccucmp DESTINATION ${CAIRN_TREE}/bin)
install(DIRECTORY ${CMAKE_BINARY_DIR}/toolkit DESTINATION ${CAIRN_TREE} FILES_MATCHING PATTERN "*.py"
        PATTERN "__pycache__" EXCLUDE)
install(DIRECTORY ${CMAKE_BINARY_DIR}/include/acl ${CMAKE_BINARY_DIR}/include/cairn DESTINATION ${CAIRN_TREE}/include FILES_MATCHING PATTERN "*.h")
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION ${CAIRN_TREE}/share/doc/cairn)

# For programs: find_package(Cairn), pkg-config, and the environment. CMake looks into share/cmake on every system, into
# lib64/cmake only on some.
configure_package_config_file(${CMAKE_SOURCE_DIR}/cmake/CairnConfig.cmake.in ${CMAKE_BINARY_DIR}/CairnConfig.cmake
  INSTALL_DESTINATION ${CAIRN_TREE}/share/cmake/Cairn NO_SET_AND_CHECK_MACRO)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/CairnConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_BINARY_DIR}/CairnConfig.cmake ${CMAKE_BINARY_DIR}/CairnConfigVersion.cmake
        DESTINATION ${CAIRN_TREE}/share/cmake/Cairn)
configure_file(${CMAKE_SOURCE_DIR}/cmake/cairn.pc.in ${CMAKE_BINARY_DIR}/cairn.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/cairn.pc DESTINATION ${CAIRN_TREE}/lib64/pkgconfig)
configure_file(${CMAKE_SOURCE_DIR}/cmake/set_env.sh.in ${CMAKE_BINARY_DIR}/set_env.sh @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/set_env.sh DESTINATION ${CAIRN_TREE})
