# libcairn_engine.so: the adapter to OpenVINO, the .om container and the compiler. Opened with dlopen by core (model/engine_loader.h).
if(NOT OpenVINO_DIR AND NOT DEFINED ENV{OpenVINO_DIR})
  execute_process(
    COMMAND ${Python_EXECUTABLE} -c "from openvino.utils import get_cmake_path as p; print(p())"
    OUTPUT_VARIABLE CAIRN_OPENVINO_CMAKE OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(CAIRN_OPENVINO_CMAKE)
    set(OpenVINO_DIR ${CAIRN_OPENVINO_CMAKE} CACHE PATH "The directory of OpenVINOConfig.cmake")
  endif()
endif()
find_package(OpenVINO REQUIRED COMPONENTS Runtime Threading)
find_package(Protobuf REQUIRED)
find_package(dnnl REQUIRED)

# The .om container by itself: `cairn inspect` needs no engine.
file(GLOB CAIRN_OM_SOURCES CONFIGURE_DEPENDS om/*.cc)
# These are in libcairn_core.so.
list(REMOVE_ITEM CAIRN_OM_SOURCES ${CMAKE_CURRENT_SOURCE_DIR}/om/om_aipp.cc ${CMAKE_CURRENT_SOURCE_DIR}/om/om_checksum.cc
                                  ${CMAKE_CURRENT_SOURCE_DIR}/om/om_partitions.cc ${CMAKE_CURRENT_SOURCE_DIR}/om/om_types.cc
                                  ${CMAKE_CURRENT_SOURCE_DIR}/om/om_weight_files.cc ${CMAKE_CURRENT_SOURCE_DIR}/om/unread_weights.cc)
add_library(cairn_om OBJECT ${CAIRN_OM_SOURCES})
add_dependencies(cairn_om cairn_headers)
protobuf_generate(LANGUAGE cpp TARGET cairn_om PROTOS ${CMAKE_CURRENT_SOURCE_DIR}/om/ge_ir.proto)
# Generated code counts as a foreign header for warnings and checks.
target_include_directories(cairn_om SYSTEM PRIVATE ${CMAKE_CURRENT_BINARY_DIR} ${Protobuf_INCLUDE_DIRS})
target_link_libraries(cairn_om PRIVATE cairn_options cairn_aipp fmt::fmt nlohmann_json::nlohmann_json)
set_target_properties(cairn_om PROPERTIES CXX_VISIBILITY_PRESET default)

file(GLOB CAIRN_ENGINE_SOURCES CONFIGURE_DEPENDS engine/*.cc engine/onnx/*.cc ops/*.cc compiler/*.cc compiler/caffe/*.cc)
cairn_library(cairn_engine ${CAIRN_ENGINE_SOURCES} $<TARGET_OBJECTS:cairn_om>)
target_link_libraries(cairn_engine PRIVATE cairn_core cairn_aipp cairn_aipp_config openvino::runtime openvino::threading PkgConfig::HWY
                                           protobuf::libprotobuf nlohmann_json::nlohmann_json fmt::fmt)
target_include_directories(cairn_engine SYSTEM PRIVATE ${CMAKE_CURRENT_BINARY_DIR} ${Protobuf_INCLUDE_DIRS})
protobuf_generate(LANGUAGE cpp TARGET cairn_engine PROTOS ${CMAKE_CURRENT_SOURCE_DIR}/compiler/caffe/caffe.proto
                  IMPORT_DIRS ${CMAKE_CURRENT_SOURCE_DIR})
set_source_files_properties(${CMAKE_CURRENT_BINARY_DIR}/compiler/caffe/caffe.pb.cc PROPERTIES SKIP_PRECOMPILE_HEADERS ON)
add_dependencies(cairn_engine cairn_om)  # The generated header.
target_compile_definitions(cairn_engine PRIVATE CAIRN_VERSION="${PROJECT_VERSION}"
                                                CAIRN_ONEDNN="$<TARGET_SONAME_FILE_NAME:DNNL::dnnl>")
set_target_properties(cairn_engine PROPERTIES CXX_VISIBILITY_PRESET default)

# OpenVINO's headers cost seconds per file: only src/engine and src/ops include them, and only through the precompiled header.
file(GLOB CAIRN_PLAIN_SOURCES CONFIGURE_DEPENDS compiler/*.cc compiler/caffe/*.cc)
target_precompile_headers(cairn_engine PRIVATE <openvino/openvino.hpp> <openvino/op/ops.hpp>)
set_source_files_properties(${CAIRN_PLAIN_SOURCES} engine/lstm_kernel.cc PROPERTIES SKIP_PRECOMPILE_HEADERS ON)

get_target_property(CAIRN_OPENVINO_LIBRARY openvino::runtime IMPORTED_LOCATION_RELEASE)
get_filename_component(CAIRN_OPENVINO_LIBRARIES ${CAIRN_OPENVINO_LIBRARY} DIRECTORY)
set_target_properties(cairn_engine PROPERTIES BUILD_RPATH "$ORIGIN;${CAIRN_OPENVINO_LIBRARIES}")
